//! The serving side of a provider: accept, perhaps TLS, then hyper for the right ones and raw bytes for the broken ones.
//!
//! HTTP/1.1, RFC 9112. One runtime per provider; when it ends, every connection ends with it.

use super::answer::{Body, Reply, json, text, whole};
use super::broken::{self, Break};
use super::seen::{Recorded, Seen};
use super::websocket;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json as value;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio_rustls::TlsAcceptor;

/// Connections at a time; more wait in the system's queue.
const CONNECTIONS: usize = 1024;
/// Bytes of a body that is held.
const HELD: usize = 16 * 1024 * 1024;
/// For a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Answers a whole request.
pub(crate) type Answering = Arc<dyn Fn(&Request<Bytes>) -> Reply + Send + Sync>;

/// What a provider does with a request.
pub(crate) enum Behaviour {
    Answer(Answering),
    Sink,
    WebSocket,
    Broken(Break),
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(_) => out.write_str("Answer"),
            Self::Sink => out.write_str("Sink"),
            Self::WebSocket => out.write_str("WebSocket"),
            Self::Broken(how) => write!(out, "Broken({how:?})"),
        }
    }
}

/// One provider's behaviour and its counters.
pub(crate) struct House {
    pub(crate) behaviour: Behaviour,
    pub(crate) seen: Arc<Seen>,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// Why a certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The text is no PEM with what is needed.
    #[error("it is not PEM, or has no certificate or no private key")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The two do not go together.
    #[error("certificate and key do not go together")]
    Pair(#[from] rustls::Error),
}

/// Reads a certificate chain and a key, both PEM.
pub(crate) fn acceptor(chain: &[u8], key: &[u8]) -> Result<TlsAcceptor, TlsError> {
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves until the other end of `stop` is dropped.
pub(crate) async fn until(stop: oneshot::Receiver<()>, listener: std::net::TcpListener, house: Arc<House>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    tokio::select! {
        _ = stop => {}
        () = accept(listener, house) => {}
    }
}

async fn accept(listener: TcpListener, house: Arc<House>) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(permit) = Arc::clone(&free).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: a moment later there may be one.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        house.seen.connected();
        let house = Arc::clone(&house);
        tokio::spawn(async move {
            let _permit = permit;
            // What goes wrong on a connection is the caller's to notice.
            drop(converse(stream, house).await);
        });
    }
}

async fn converse(stream: TcpStream, house: Arc<House>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if matches!(house.behaviour, Behaviour::Broken(Break::ResetOnReuse)) {
        // Closing a socket that lingers for no time sends RST instead of FIN.
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    }
    let Some(tls) = &house.tls else { return speak(stream, house).await };
    let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await??;
    speak(stream, house).await
}

async fn speak<S>(stream: S, house: Arc<House>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if let Behaviour::Broken(how) = &house.behaviour {
        return broken::speak(stream, how, &house.seen).await;
    }
    let service = hyper::service::service_fn(|request| answer(request, Arc::clone(&house)));
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await
        .map_err(io::Error::other)
}

async fn answer(request: Request<Incoming>, house: Arc<House>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let number = house.seen.called(Recorded::of(&head));
    match &house.behaviour {
        Behaviour::Answer(answer) => {
            let body = match Limited::new(body, HELD).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) if error.is::<LengthLimitError>() => return Ok(too_long()),
                Err(error) => return Err(io::Error::other(error)),
            };
            house.seen.read(body.len());
            house.seen.body(number, &body);
            match answer(&Request::from_parts(head, body)) {
                Reply::Now(response) => Ok(response),
                Reply::After(delay, response) => {
                    tokio::time::sleep(delay).await;
                    Ok(response)
                }
                // hyper closes a connection whose service fails, without a byte.
                Reply::Hangup => Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        Behaviour::Sink => sink(body, &house.seen).await,
        Behaviour::WebSocket => Ok(websocket::switch(Request::from_parts(head, body))),
        Behaviour::Broken(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

async fn sink(mut body: Incoming, seen: &Seen) -> io::Result<Response<Body>> {
    let mut received = 0_u64;
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame.map_err(io::Error::other)?.data_ref() {
            seen.read(data.len());
            received += u64::try_from(data.len()).unwrap_or(0);
        }
    }
    Ok(json(StatusCode::OK, &value!({ "received": received })).map(whole))
}

fn too_long() -> Response<Body> {
    text(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "a body here has at most 16 MiB\n").map(whole)
}
