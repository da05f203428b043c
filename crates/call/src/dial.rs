//! How connections are made, where that is not the provider's setting but the caller's wish.
//!
//! One `Dial` belongs to one [`Providers`](crate::Providers): its connections are never lent to callers with other wishes.

use crate::{Allowances, Leases, NoProxy, Proxies, Proxy};
use board::ServerUrl;
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
    /// Addresses for host and port, before any name is looked up (`--resolve`); the host `*` is every host.
    pub resolve: Vec<(String, u16, SocketAddr)>,
    /// How many idle connections are kept for each server; 0: none.
    pub idle_per_server: usize,
    /// Keep the request as it was sent, credentials replaced, in [`Sent::head`](crate::Sent::head) (`-v`).
    pub keep_head: bool,
    /// Other servers to connect to in place of those of the URL (`--connect-to`); the first that fits counts.
    pub connect_to: Vec<ConnectTo>,
    /// The proxies that connections go through (`-x`), except those to hosts in `no_proxy`.
    pub proxies: Proxies,
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
    /// The servers that see it, by host and port; empty: all of them. A redirect to another origin shows nothing.
    pub identity_for: Vec<(String, u16)>,
    /// Authorities in PEM that are trusted beside the provider's own or the system's.
    pub authority: Option<Arc<[u8]>>,
    /// Only addresses of this kind (`-4`, `-6`).
    pub family: Option<Family>,
    /// Connect to this socket, whatever the host is (`--unix-socket`); no proxy is used then.
    pub unix_socket: Option<PathBuf>,
    /// Budgets that hold calls back before a provider refuses them; none: nobody waits before a 429.
    pub allowances: Option<Arc<dyn Allowances>>,
    /// Turns at a provider's pace that are shared with other processes; none: each process keeps to it for itself. For
    /// processes that many call through: whoever calls for itself has [`Dial::allowances`].
    pub leases: Option<Arc<Leases>>,
}

/// A server in place of another one: only the connection goes there, what is said in it stays the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectTo {
    /// The URL's host; none: every host.
    pub host: Option<String>,
    /// The URL's port; none: every port.
    pub port: Option<u16>,
    /// The host in its place; none: the URL's.
    pub to_host: Option<String>,
    /// The port in its place; none: the URL's.
    pub to_port: Option<u16>,
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
    /// The addresses that were wished for this host and port; those for its name win over those for every name.
    pub(crate) fn wished(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let of = |wanted: &dyn Fn(&str) -> bool| {
            let fits = self.resolve.iter().filter(|(name, at, _)| *at == port && wanted(name));
            fits.map(|(_, _, address)| *address).collect::<Vec<_>>()
        };
        let own = of(&|name| name.eq_ignore_ascii_case(host));
        if own.is_empty() { of(&|name| name == "*") } else { own }
    }

    /// The proxy on the way to this server.
    pub(crate) fn proxy_to(&self, url: &ServerUrl) -> Option<&Proxy> {
        if self.unix_socket.is_some() {
            return None;
        }
        let proxy = if url.https { &self.proxies.https } else { &self.proxies.http };
        proxy.as_ref().filter(|_| !self.no_proxy.names(&url.host))
    }

    /// The host and port that a connection for this server goes to.
    pub(crate) fn goes_to<'a>(&'a self, host: &'a str, port: u16) -> (&'a str, u16) {
        let fits = |one: &&ConnectTo| {
            one.host.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(host))
                && one.port.is_none_or(|own| own == port)
        };
        match self.connect_to.iter().find(fits) {
            Some(other) => (other.to_host.as_deref().unwrap_or(host), other.to_port.unwrap_or(port)),
            None => (host, port),
        }
    }

    /// The certificate that this server sees.
    pub(crate) fn identity_to(&self, url: &ServerUrl) -> Option<&Identity> {
        let named = |(host, port): &(String, u16)| *port == url.port && host.eq_ignore_ascii_case(&url.host);
        self.identity.as_ref().filter(|_| self.identity_for.is_empty() || self.identity_for.iter().any(named))
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

#[cfg(test)]
mod tests {
    use super::{ConnectTo, Dial, Identity};
    use crate::{Proxies, Proxy};
    use board::ServerUrl;
    use exchange::Secret;

    #[test]
    fn a_wished_address_wins_over_one_for_every_host() {
        let dial = Dial {
            resolve: vec![
                ("*".to_owned(), 443, "127.0.0.9:443".parse().unwrap()),
                ("api.example".to_owned(), 443, "127.0.0.1:443".parse().unwrap()),
                ("api.example".to_owned(), 443, "[::1]:443".parse().unwrap()),
            ],
            ..Dial::default()
        };
        for (host, port, expected) in [
            ("API.example", 443, vec!["127.0.0.1:443", "[::1]:443"]),
            ("other.example", 443, vec!["127.0.0.9:443"]),
            ("api.example", 80, vec![]),
        ] {
            let found: Vec<String> = dial.wished(host, port).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{host} {port}");
        }
    }

    #[test]
    fn a_connection_goes_to_the_first_server_that_stands_for_it() {
        let to = |host: Option<&str>, port, to_host: Option<&str>, to_port| ConnectTo {
            host: host.map(str::to_owned),
            port,
            to_host: to_host.map(str::to_owned),
            to_port,
        };
        let dial = Dial {
            connect_to: vec![
                to(Some("a.example"), Some(443), Some("b.example"), None),
                to(None, Some(80), None, Some(8080)),
            ],
            ..Dial::default()
        };
        assert_eq!(dial.goes_to("A.example", 443), ("b.example", 443));
        assert_eq!(dial.goes_to("a.example", 80), ("a.example", 8080));
        assert_eq!(dial.goes_to("c.example", 443), ("c.example", 443));
    }

    #[test]
    fn a_proxy_and_a_certificate_are_for_some_servers_only() {
        let proxies = Proxies { http: Proxy::parse("http://p.example").ok(), https: None };
        let identity = Identity { certificates: (*b"c").into(), key: Secret::new("k") };
        let dial = Dial {
            proxies,
            identity: Some(identity),
            identity_for: vec![("a.example".to_owned(), 443)],
            ..Dial::default()
        };
        for (url, proxy, shown) in [
            ("http://a.example", true, false),
            ("https://a.example", false, true),
            ("https://b.example", false, false),
        ] {
            let url = ServerUrl::parse(url).unwrap();
            assert_eq!((dial.proxy_to(&url).is_some(), dial.identity_to(&url).is_some()), (proxy, shown));
        }
    }
}
