//! Making a connection: name, socket, TLS, HTTP/1.1. Every way to fail has a kind and words of its own.
//!
//! The addresses of a name are tried one after another, each with its share of the time that is left
//! (what RFC 8305 wants from a hasty caller, without racing two of them).

use crate::body::Sending;
use crate::stream::Stream;
use crate::{Dial, ErrorKind, tls};
use board::ServerUrl;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// What one read takes from a socket at most, and the longest head of an answer. Buffers begin at 8 KiB
/// and grow only under load, so that an ordinary pair of connections stays below 50 KiB.
const BUFFER: usize = 64 * 1024;

/// More addresses of one name are not tried.
const MOST_ADDRESSES: usize = 8;

/// A made connection: its handle, and the task that drives it.
pub(crate) type Made = (SendRequest<Sending>, JoinHandle<()>);

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) kind: ErrorKind,
    pub(crate) words: String,
}

/// Connects to `server`, with TLS if `settings` are given, before `deadline`.
pub(crate) async fn connect(
    server: &ServerUrl,
    settings: Option<&Arc<ClientConfig>>,
    dial: &Dial,
    deadline: Instant,
) -> Result<Made, Failed> {
    match timeout_at(deadline, make(server, settings, dial, deadline)).await {
        Ok(made) => made,
        Err(_) => Err(too_late()),
    }
}

fn too_late() -> Failed {
    Failed { kind: ErrorKind::ConnectTimeout, words: "no connection in time".to_owned() }
}

async fn make(
    server: &ServerUrl,
    settings: Option<&Arc<ClientConfig>>,
    dial: &Dial,
    deadline: Instant,
) -> Result<Made, Failed> {
    let addresses = addresses(server, dial).await?;
    let socket = reach(&addresses, deadline).await?;
    prepare(&socket);
    let stream = match settings {
        None => Stream::Plain(socket),
        Some(settings) => Stream::Tls(Box::new(secure(server, settings, socket).await?)),
    };
    let (sender, connection) =
        Builder::new().max_buf_size(BUFFER).handshake(TokioIo::new(stream)).await.map_err(|error| {
            Failed {
                kind: ErrorKind::BrokenOff,
                words: format!("the connection broke at its beginning: {error}"),
            }
        })?;
    // What ends the connection is told to whoever waits for an answer on it; the driver has nothing to add.
    let driver = tokio::task::spawn_local(async move {
        let _ = connection.with_upgrades().await;
    });
    Ok((sender, driver))
}

/// The addresses of the server: wished, written or looked up.
async fn addresses(server: &ServerUrl, dial: &Dial) -> Result<Vec<SocketAddr>, Failed> {
    if let Some(wished) = dial.wished(&server.host, server.port) {
        return Ok(vec![wished]);
    }
    if let Ok(address) = server.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, server.port)]);
    }
    let unknown = |words: String| Failed { kind: ErrorKind::NameUnknown, words };
    let found: Vec<_> = tokio::net::lookup_host((&*server.host, server.port))
        .await
        .map_err(|error| unknown(format!("the name `{}` cannot be looked up: {error}", server.host)))?
        .take(MOST_ADDRESSES)
        .collect();
    if found.is_empty() {
        return Err(unknown(format!("the name `{}` has no address", server.host)));
    }
    Ok(found)
}

/// The first address that answers.
async fn reach(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failed> {
    let mut last = too_late();
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
        last = match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => unreachable_at(*address, &error),
            Err(_) => too_late(),
        };
    }
    Err(last)
}

fn unreachable_at(address: SocketAddr, error: &io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failed {
            kind: ErrorKind::Refused,
            words: format!("connection refused: nobody listens at {address}"),
        },
        io::ErrorKind::TimedOut => too_late(),
        _ => Failed { kind: ErrorKind::Refused, words: format!("{address} cannot be reached: {error}") },
    }
}

/// Small answers at once, and a dead provider is noticed also while nobody speaks (server-sent events).
fn prepare(socket: &TcpStream) {
    let alive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    // Both only better the connection; a system that refuses them still connects.
    let _ = socket.set_nodelay(true);
    let _ = SockRef::from(socket).set_tcp_keepalive(&alive);
}

async fn secure(
    server: &ServerUrl,
    settings: &Arc<ClientConfig>,
    socket: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failed> {
    let name = ServerName::try_from(server.host.to_string()).map_err(|_| Failed {
        kind: ErrorKind::Untrusted,
        words: format!("`{}` is no name that a certificate could be for", server.host),
    })?;
    TlsConnector::from(Arc::clone(settings)).connect(name, socket).await.map_err(|error| {
        let (kind, words) = tls::failure(&error, &server.host);
        Failed { kind, words }
    })
}
