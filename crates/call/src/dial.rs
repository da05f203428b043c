//! How connections are made, where that is not the provider's setting but the caller's wish.
//!
//! One `Dial` belongs to one [`Providers`](crate::Providers): its connections are never lent to callers with other wishes.

use crate::{Allowances, NoProxy, Proxy};
use exchange::Secret;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Wishes of whoever calls, about connections.
#[derive(Clone, Debug, Default)]
pub struct Dial {
    /// Accept any certificate (`-k`). Only ever asked for by a person at a terminal.
    pub insecure: bool,
    /// Addresses for host and port, before any name is looked up (`--resolve`).
    pub resolve: Vec<(String, u16, SocketAddr)>,
    /// How many idle connections are kept for each server; 0: none.
    pub idle_per_server: usize,
    /// Keep the request as it was sent, credentials replaced, in [`Sent::head`](crate::Sent::head) (`-v`).
    pub keep_head: bool,
    /// The proxy that all connections go through (`-x`), except those to hosts in `no_proxy`.
    pub proxy: Option<Proxy>,
    /// Hosts that are called directly all the same (`--noproxy`, `NO_PROXY`).
    pub no_proxy: NoProxy,
    /// In place of the provider's own time for a connection (`--connect-timeout`).
    pub connect_timeout: Option<Duration>,
    /// Which HTTP is spoken (`--http1.1`, `--http2`, `--http2-prior-knowledge`).
    pub http: HttpVersion,
    /// The oldest TLS that is accepted (`--tlsv1.2`, `--tlsv1.3`); none: 1.2.
    pub oldest_tls: Option<TlsVersion>,
    /// The certificate that shows who calls (`--cert`, `--key`).
    pub identity: Option<Identity>,
    /// Authorities in PEM that are trusted beside the provider's own or the system's.
    pub authority: Option<Arc<[u8]>>,
    /// Only addresses of this kind (`-4`, `-6`).
    pub family: Option<Family>,
    /// Connect to this socket, whatever the host is (`--unix-socket`); no proxy is used then.
    pub unix_socket: Option<PathBuf>,
    /// Budgets that hold calls back before a provider refuses them; none: nobody waits before a 429.
    pub allowances: Option<Arc<dyn Allowances>>,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// HTTP/1.1 only.
    #[default]
    One,
    /// HTTP/2 where the provider agrees inside the TLS handshake (ALPN, RFC 9113 §3.2), else HTTP/1.1; without TLS HTTP/1.1.
    Agreed,
    /// HTTP/2 or nothing, also without TLS: it is known that the provider speaks it (RFC 9113 §3.3).
    Two,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// A kind of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A client's certificate and its key (mutual TLS, RFC 8446 §4.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, then those that issued it, in PEM; other blocks in it are passed over.
    pub certificates: Arc<[u8]>,
    /// The key in PEM, not encrypted: PKCS #8, PKCS #1 or SEC 1. May be the same text as the certificates' where a file
    /// holds both.
    pub key: Secret,
}

impl Dial {
    /// The address that was wished for this host and port.
    pub(crate) fn wished(&self, host: &str, port: u16) -> Option<SocketAddr> {
        self.resolve
            .iter()
            .find(|(name, at, _)| *at == port && name.eq_ignore_ascii_case(host))
            .map(|(_, _, address)| *address)
    }

    /// The proxy on the way to this server.
    pub(crate) fn proxy_to(&self, host: &str) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|_| self.unix_socket.is_none() && !self.no_proxy.names(host))
    }
}

impl Family {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    pub(crate) const fn has(self, address: IpAddr) -> bool {
        matches!((self, address), (Self::V4, IpAddr::V4(_)) | (Self::V6, IpAddr::V6(_)))
    }
}
