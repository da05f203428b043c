//! Through a proxy to a provider: what the proxy is told, and what its refusal means.
//!
//! HTTP proxies get `CONNECT` (RFC 9110 §9.3.6), spoken by hyper; SOCKS 5 (RFC 1928, RFC 1929) is spoken by
//! tokio-socks. A proxy's answer beside its status is not shown: it is no answer of the provider.

use crate::connect::Failed;
use crate::stream::Stream;
use crate::{ErrorKind, Proxy};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Empty;
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio_socks::tcp::Socks5Stream;
use tokio_socks::{Error, TargetAddr};

/// The longest head of a proxy's answer.
const BUFFER: usize = 16 * 1024;

/// Asks an HTTP proxy for a tunnel to `authority` (`host:port`).
pub(crate) async fn connect(stream: Stream, proxy: &Proxy, authority: &str) -> Result<Stream, Failed> {
    let broke = |why: &hyper::Error| Failed {
        kind: ErrorKind::BrokenOff,
        words: format!("the proxy {proxy} does not answer as one: {why}"),
    };
    let (mut sender, connection) = Builder::new()
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broke(&error))?;
    let driver = tokio::task::spawn_local(async move {
        // Its end is seen by whoever waits for the answer.
        let _ = connection.with_upgrades().await;
    });
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = authority
        .parse()
        .map_err(|_| Failed { kind: ErrorKind::Unusable, words: format!("`{authority}` is no host") })?;
    if let Ok(host) = authority.parse() {
        request.headers_mut().insert(header::HOST, host);
    }
    if let Some(value) = proxy.authorization() {
        request.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
    }
    let response = sender.send_request(request).await;
    let response = response.map_err(|error| broke(&error))?;
    if !response.status().is_success() {
        driver.abort();
        return Err(refused(proxy, response.status()));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(|error| broke(&error))?;
    let lost =
        |words: &str| Failed { kind: ErrorKind::BrokenOff, words: format!("the proxy {proxy} {words}") };
    let parts =
        upgraded.downcast::<TokioIo<Stream>>().map_err(|_| lost("opened no tunnel that can be used"))?;
    if !parts.read_buf.is_empty() {
        // Nobody speaks before the client does, in TLS or HTTP.
        return Err(lost("sent bytes into the tunnel that nobody asked for"));
    }
    Ok(parts.io.into_inner())
}

fn refused(proxy: &Proxy, status: StatusCode) -> Failed {
    let words = match status {
        // Some proxies say 401 of a password that is wrong.
        StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED if proxy.user.is_some() => {
            format!("the proxy {proxy} does not accept its user or password ({})", status.as_u16())
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            format!("the proxy {proxy} wants a user and password (407): `http://USER:PASSWORD@HOST:PORT`")
        }
        StatusCode::FORBIDDEN => format!("the proxy {proxy} does not allow this host or port (403)"),
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            format!("the proxy {proxy} cannot reach it ({})", status.as_u16())
        }
        _ => format!("the proxy {proxy} opens no tunnel: it answers {status}"),
    };
    Failed { kind: ErrorKind::TunnelRefused, words }
}

/// Whereto a SOCKS proxy is asked to connect.
#[derive(Debug)]
pub(crate) enum Whereto<'a> {
    /// An address that was looked up here.
    Address(SocketAddr),
    /// A name that the proxy looks up.
    Name(&'a str, u16),
}

/// Asks a SOCKS proxy for a connection.
pub(crate) async fn socks(stream: Stream, proxy: &Proxy, to: Whereto<'_>) -> Result<Stream, Failed> {
    let target = match to {
        Whereto::Address(address) => TargetAddr::Ip(address),
        Whereto::Name(host, port) => TargetAddr::Domain(host.into(), port),
    };
    let made = match &proxy.user {
        Some((name, password)) => {
            let password = password.reveal();
            Socks5Stream::connect_with_password_and_socket(stream, target, name, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, target).await,
    };
    made.map(Socks5Stream::into_inner).map_err(|error| {
        let kind = match error {
            Error::InvalidAuthValues(_) | Error::InvalidTargetAddress(_) => ErrorKind::Unusable,
            Error::Io(_) | Error::InvalidResponseVersion => ErrorKind::BrokenOff,
            _ => ErrorKind::SocksRefused,
        };
        let words = match error {
            Error::NoAcceptableAuthMethods | Error::UnknownAuthMethod => {
                "wants to know who calls, in a way that was not offered: \
                 `socks5h://USER:PASSWORD@HOST:PORT`"
                    .to_owned()
            }
            Error::PasswordAuthFailure(_) => "does not accept its user or password".to_owned(),
            Error::Io(error) => format!("broke the connection: {error}"),
            Error::InvalidResponseVersion => "does not speak SOCKS 5".to_owned(),
            other => format!("does not connect: {}", other.to_string().to_lowercase()),
        };
        Failed { kind, words: format!("the proxy {proxy} {words}") }
    })
}
