//! Making a connection: socket, proxy, TLS, HTTP. Every way to fail has a kind and words of its own.

use crate::body::Sending;
use crate::provider::Server;
use crate::sender::{HereOnly, Sender};
use crate::stream::Stream;
use crate::tunnel::{self, Whereto};
use crate::{Dial, ErrorKind, HttpVersion, Proxy, ProxyKind, reach, tls};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// What one read takes from a socket at most, and the longest head of an answer. Buffers begin at 8 KiB
/// and grow only under load, so that an ordinary pair of connections stays below 50 KiB.
const BUFFER: usize = 64 * 1024;

/// The longest head of an answer in HTTP/2 (RFC 9113 §6.5.2).
const LONGEST_HEAD: u32 = 64 * 1024;

/// A made connection: its handle, the task that drives it, and how it was made.
pub(crate) struct Made {
    pub(crate) sender: Sender,
    pub(crate) driver: JoinHandle<()>,
    pub(crate) facts: Facts,
}

/// How a connection was made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) lookup: Duration,
    pub(crate) tls: Duration,
    pub(crate) peer: Option<SocketAddr>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) kind: ErrorKind,
    pub(crate) words: String,
}

impl Failed {
    pub(crate) fn late() -> Self {
        Self { kind: ErrorKind::ConnectTimeout, words: "no connection in time".to_owned() }
    }
}

/// Connects to `server` before `deadline`. A connection `of_its_own` speaks HTTP/1.1: it may be upgraded.
pub(crate) async fn connect(
    server: &Server,
    dial: &Dial,
    of_its_own: bool,
    deadline: Instant,
) -> Result<Made, Failed> {
    match timeout_at(deadline, make(server, dial, of_its_own, deadline)).await {
        Ok(made) => made,
        Err(_) => Err(Failed::late()),
    }
}

async fn make(server: &Server, dial: &Dial, of_its_own: bool, deadline: Instant) -> Result<Made, Failed> {
    let mut facts = Facts::default();
    let url = &server.url;
    let stream = match (&dial.unix_socket, dial.proxy_to(url)) {
        (Some(path), _) => unix(path).await?,
        (None, Some(proxy)) => through(server, proxy, dial, deadline, &mut facts).await?,
        (None, None) => {
            let (host, port) = dial.goes_to(&url.host, url.port);
            Stream::Plain(reach::reach(host, port, dial, deadline, &mut facts).await?)
        }
    };
    let (stream, two) = match &server.tls {
        None => (stream, dial.http == HttpVersion::Two && !of_its_own),
        Some(settings) => {
            let begun = Instant::now();
            let stream = secure(&url.host, settings, stream, of_its_own).await?;
            facts.tls = begun.elapsed();
            let agreed = stream.get_ref().1.alpn_protocol() == Some(b"h2"); // RFC 7301 §3.1
            if dial.http == HttpVersion::Two && !agreed && !of_its_own {
                return Err(Failed {
                    kind: ErrorKind::Refused,
                    words: "it does not speak HTTP/2, and nothing else was asked for".to_owned(),
                });
            }
            (Stream::Tls(Box::new(stream)), agreed)
        }
    };
    let (sender, driver) = speak(stream, two).await.map_err(|error| Failed {
        kind: ErrorKind::BrokenOff,
        words: format!("the connection broke at its beginning: {error}"),
    })?;
    Ok(Made { sender, driver, facts })
}

/// Begins HTTP. What ends the connection is told to whoever waits for an answer on it; the driver has nothing to add.
async fn speak(stream: Stream, two: bool) -> Result<(Sender, JoinHandle<()>), hyper::Error> {
    let stream = TokioIo::new(stream);
    if two {
        let (sender, connection) = http2::Builder::new(HereOnly)
            .max_header_list_size(LONGEST_HEAD)
            .handshake::<_, Sending>(stream)
            .await?;
        let driver = tokio::task::spawn_local(async move {
            let _ = connection.await;
        });
        return Ok((Sender::Two(sender), driver));
    }
    let (sender, connection) = http1::Builder::new().max_buf_size(BUFFER).handshake(stream).await?;
    let driver = tokio::task::spawn_local(async move {
        let _ = connection.with_upgrades().await;
    });
    Ok((Sender::One(sender), driver))
}

async fn unix(path: &Path) -> Result<Stream, Failed> {
    UnixStream::connect(path).await.map(Stream::Unix).map_err(|error| Failed {
        kind: ErrorKind::Refused,
        words: format!("the socket `{}` cannot be reached: {error}", path.display()),
    })
}

/// A stream to the provider, or, for plain HTTP, to the HTTP proxy that is asked for whole URLs.
async fn through(
    server: &Server,
    proxy: &Proxy,
    dial: &Dial,
    deadline: Instant,
    facts: &mut Facts,
) -> Result<Stream, Failed> {
    let by_proxy = |failed: Failed| Failed {
        kind: if failed.kind == ErrorKind::NameUnknown { ErrorKind::ProxyUnknown } else { failed.kind },
        words: format!("the proxy {proxy}: {}", failed.words),
    };
    let socket = reach::reach(&proxy.host, proxy.port, dial, deadline, facts).await.map_err(by_proxy)?;
    let mut stream = Stream::Plain(socket);
    if let Some(settings) = &server.proxy_tls {
        let secured = secure(&proxy.host, settings, stream, false).await.map_err(by_proxy)?;
        stream = Stream::Tls(Box::new(secured));
    }
    let (host, port) = dial.goes_to(&server.url.host, server.url.port);
    match proxy.kind {
        ProxyKind::Http | ProxyKind::Https if server.absolute => Ok(stream),
        ProxyKind::Http | ProxyKind::Https => {
            // RFC 9110 §9.3.6: the port is always there.
            let authority =
                if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
            tunnel::connect(stream, proxy, &authority).await
        }
        // An address is no name (RFC 1928 §5), whoever looks names up.
        ProxyKind::Socks5Names if host.parse::<IpAddr>().is_err() => {
            tunnel::socks(stream, proxy, Whereto::Name(host, port)).await
        }
        ProxyKind::Socks5 | ProxyKind::Socks5Names => {
            let begun = Instant::now();
            let found = reach::addresses(host, port, dial).await?;
            facts.lookup += begun.elapsed();
            let Some(first) = found.first() else { return Err(Failed::late()) };
            tunnel::socks(stream, proxy, Whereto::Address(*first)).await
        }
    }
}

async fn secure(
    host: &str,
    settings: &Arc<ClientConfig>,
    stream: Stream,
    of_its_own: bool,
) -> Result<tokio_rustls::client::TlsStream<Stream>, Failed> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Failed {
        kind: ErrorKind::Untrusted,
        words: format!("`{host}` is no name that a certificate could be for"),
    })?;
    let mut settings = Arc::clone(settings);
    if of_its_own && settings.alpn_protocols.iter().any(|name| name == b"h2") {
        let mut other = ClientConfig::clone(&settings);
        other.alpn_protocols = vec![b"http/1.1".to_vec()];
        settings = Arc::new(other);
    }
    TlsConnector::from(settings).connect(name, stream).await.map_err(|error| {
        let (kind, words) = tls::failure(&error, host);
        Failed { kind, words }
    })
}
