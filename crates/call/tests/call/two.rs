//! HTTP/2 towards a provider that speaks both: agreed inside TLS, known beforehand, or not at all.

use crate::authorities::{authority, issued};
use crate::caller::{get, on_one_thread, post, read, upstream};
use board::Upstream;
use bytes::Bytes;
use call::{Dial, HttpVersion, OutBody, Outgoing, Providers};
use futures_util::future::join_all;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedIssuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// hyper's own server: HTTP/2 where the client asks for it, else HTTP/1.1. Answers say what was asked, with trailers.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    pub(crate) connections: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// With TLS by `issuer`; with `clients`, only those with a certificate of it are let in.
    pub(crate) async fn start(
        issuer: &CertifiedIssuer<'static, KeyPair>,
        clients: Option<&CertifiedIssuer<'static, KeyPair>>,
    ) -> Self {
        let (certificate, key) = issued(issuer, "localhost", (2020, 2090));
        let builder =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap();
        let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(clients.pem().as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = builder
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self::run(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    /// Without TLS: HTTP/2 only.
    pub(crate) async fn plain() -> Self {
        Self::run(None).await
    }

    async fn run(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (connections, asked) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let server =
            Self { address, scheme, connections: Arc::clone(&connections), asked: Arc::clone(&asked) };
        tokio::task::spawn_local(async move {
            while let Ok((socket, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                let (tls, asked) = (tls.clone(), Arc::clone(&asked));
                tokio::task::spawn_local(async move {
                    match tls {
                        None => serve(socket, true, asked).await,
                        Some(tls) => {
                            let Ok(stream) = tls.accept(socket).await else { return };
                            let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                            serve(stream, two, asked).await;
                        }
                    }
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.address.port())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

type Asked = Arc<Mutex<Vec<String>>>;

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, two: bool, asked: Asked) {
    let service = service_fn(move |request| answer(request, Arc::clone(&asked)));
    let stream = TokioIo::new(stream);
    let _ = if two {
        hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await
    } else {
        hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await
    };
}

type Pieces = StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn answer(request: Request<Incoming>, asked: Asked) -> Result<Response<Pieces>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?;
    let trailer = body.trailers().and_then(|fields| fields.get("x-sum")).cloned();
    let said = format!(
        "{:?} {} {} host={:?} body={} trailer={:?}",
        head.version,
        head.method,
        head.uri,
        head.headers.get("host"),
        body.to_bytes().len(),
        trailer
    );
    asked.lock().unwrap().push(said.clone());
    let mut trailers = HeaderMap::new();
    trailers.insert("x-end", "reached".parse().unwrap());
    let pieces = vec![Ok(Frame::data(Bytes::from(said))), Ok(Frame::trailers(trailers))];
    Ok(Response::new(StreamBody::new(futures_util::stream::iter(pieces))))
}

fn by(http: HttpVersion, idle_per_server: usize) -> Providers {
    Providers::new(Dial { http, idle_per_server, keep_head: true, ..Dial::default() })
}

#[test]
fn both_sides_agree_on_a_version_inside_tls() {
    on_one_thread(async {
        let ours = authority("Acme");
        let server = Server::start(&ours, None).await;
        let upstream =
            Upstream { authority: Some(Arc::from(ours.pem().as_bytes())), ..upstream(&[server.url()]) };
        let port = server.address.port();
        for (http, version, line) in [
            (HttpVersion::One, Version::HTTP_11, "GET /a?b HTTP/1.1"),
            (HttpVersion::Agreed, Version::HTTP_2, "GET /a?b HTTP/2"),
            (HttpVersion::Two, Version::HTTP_2, "GET /a?b HTTP/2"),
        ] {
            let answer = by(http, 0).send(&upstream, get("/a?b")).await.unwrap();
            assert_eq!(answer.sent.version, version);
            assert_eq!(answer.sent.head.as_ref().unwrap().0, line);
            let said = read(answer).await.unwrap();
            let target = match version {
                Version::HTTP_2 => format!("HTTP/2.0 GET https://localhost:{port}/a?b host=None"),
                _ => format!("HTTP/1.1 GET /a?b host=Some(\"localhost:{port}\")"),
            };
            assert!(said.starts_with(target.as_bytes()), "{said:?}");
        }
    });
}

#[test]
fn calls_share_a_connection_and_one_that_is_given_up_leaves_it_to_the_others() {
    on_one_thread(async {
        let ours = authority("Acme");
        let server = Server::start(&ours, None).await;
        let upstream =
            Upstream { authority: Some(Arc::from(ours.pem().as_bytes())), ..upstream(&[server.url()]) };
        let providers = by(HttpVersion::Agreed, 2);
        let first = providers.send(&upstream, get("/first")).await.unwrap();
        assert!(!first.sent.reused);
        let calls = (0..150).map(|nth| {
            let (providers, upstream) = (&providers, &upstream);
            async move {
                let answer = providers.send(upstream, post(&format!("/{nth}"), "four")).await.unwrap();
                if nth % 3 == 0 {
                    return drop(answer); // in the middle of its body
                }
                let said = read(answer).await.unwrap();
                let said = String::from_utf8_lossy(&said).into_owned();
                assert!(said.contains(&format!("/{nth} ")) && said.contains("body=4"), "{said}");
            }
        });
        join_all(calls).await;
        drop(first);
        // 100 streams on one connection at most; the rest needed others.
        let made = server.connections.load(Ordering::Relaxed);
        assert!((2..=60).contains(&made), "{made}");
        let next = providers.send(&upstream, get("/next")).await.unwrap();
        assert!(next.sent.reused);
        assert_eq!(server.connections.load(Ordering::Relaxed), made);
        assert_eq!(server.asked().len(), 152);
    });
}

#[test]
fn it_is_spoken_without_tls_where_it_is_known_and_carries_bodies_and_trailers() {
    on_one_thread(async {
        let server = Server::plain().await;
        let upstream = upstream(&[server.url().replace("localhost", "127.0.0.1")]);
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "7".parse().unwrap());
        let pieces = vec![
            Ok(Frame::data(Bytes::from_static(b"abc"))),
            Ok(Frame::data(Bytes::from_static(b"defg"))),
            Ok(Frame::trailers(trailers)),
        ];
        let body = OutBody::Stream(Box::pin(StreamBody::new(futures_util::stream::iter(pieces))));
        let request = Outgoing { body, ..crate::caller::request(Method::PUT, "/up") };
        let answer = by(HttpVersion::Two, 1).send(&upstream, request).await.unwrap();
        let whole = answer.body.collect().await.unwrap();
        assert_eq!(whole.trailers().unwrap()["x-end"], "reached");
        let said = whole.to_bytes();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("body=7 trailer=Some(\"7\")"), "{said}");
        // Without being told, plain HTTP is HTTP/1.1, which this provider does not speak.
        assert!(by(HttpVersion::Agreed, 1).send(&upstream, get("/")).await.is_err());
    });
}

#[test]
fn a_connection_that_the_provider_closed_is_replaced() {
    on_one_thread(async {
        // A provider that answers once on each connection and then is gone without a word.
        let providers = by(HttpVersion::Two, 1);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = upstream(&[format!("http://{}", listener.local_addr().unwrap())]);
        tokio::task::spawn_local(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let done = Arc::new(tokio::sync::Notify::new());
                let known = Arc::clone(&done);
                let service = service_fn(move |request| {
                    known.notify_one();
                    answer(request, Arc::default())
                });
                let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(socket), service));
                tokio::select! {
                    _ = connection.as_mut() => {}
                    () = done.notified() => connection.as_mut().graceful_shutdown(),
                }
                let _ = connection.await;
            }
        });
        for path in ["/1", "/2", "/3"] {
            let answer = providers.send(&upstream, get(path)).await.unwrap();
            assert!(String::from_utf8_lossy(&read(answer).await.unwrap()).contains(path));
        }
    });
}
