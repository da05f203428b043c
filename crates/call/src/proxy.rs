//! A proxy on the way to a provider, read from its URL, and the list of hosts that are called directly.
//!
//! The list is read by hyper-util, which keeps to curl's rules: names with or without a leading dot stand for all names
//! below them, addresses may be ranges, `*` is every host. Proxies of SOCKS 4 are not spoken to.

use base64::Engine as _;
use exchange::Secret;
use http::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::sync::Arc;

/// Ports of proxies whose URL has none, as curl has them.
const PORT: u16 = 1080;
const TLS_PORT: u16 = 443;

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// What is spoken to it.
    pub kind: ProxyKind,
    /// Host name or address, without brackets.
    pub host: Arc<str>,
    /// Port.
    pub port: u16,
    /// Who we are to it.
    pub user: Option<(String, Secret)>,
}

/// The proxies of a caller, by what is spoken to the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http`.
    pub http: Option<Proxy>,
    /// For `https`.
    pub https: Option<Proxy>,
}

impl From<Proxy> for Proxies {
    /// One for everything.
    fn from(proxy: Proxy) -> Self {
        Self { http: Some(proxy.clone()), https: Some(proxy) }
    }
}

/// What is spoken to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyKind {
    /// HTTP: a tunnel for `https` (RFC 9110 §9.3.6), the whole URL as target for `http` (RFC 9112 §3.2.2).
    Http,
    /// The same over TLS.
    Https,
    /// SOCKS 5 (RFC 1928); names are looked up here.
    Socks5,
    /// SOCKS 5; names are looked up by the proxy (`socks5h`).
    Socks5Names,
}

impl Proxy {
    /// Reads `http://user:password@host:port`, with `http`, `https`, `socks5` or `socks5h`; without a scheme it is `http`.
    ///
    /// # Errors
    /// In words, without the password: what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyKind::Http,
            "https" => ProxyKind::Https,
            "socks5" => ProxyKind::Socks5,
            "socks5h" | "socks" => ProxyKind::Socks5Names,
            other => {
                return Err(format!(
                    "no proxy of kind `{other}` is spoken to: use http, https, socks5 or socks5h"
                ));
            }
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let authority: http::uri::Authority =
            host.parse().map_err(|_| format!("`{host}` is no host of a proxy: write `http://HOST:PORT`"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err("the proxy has no host: write `http://HOST:PORT`".to_owned());
        }
        let default = if kind == ProxyKind::Https { TLS_PORT } else { PORT };
        let user = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            (plain(name), Secret::new(plain(password)))
        });
        Ok(Self { kind, host: host.into(), port: authority.port_u16().unwrap_or(default), user })
    }

    /// The same, known to it as this user (`-U user:password`).
    #[must_use]
    pub fn with_user(mut self, name: impl Into<String>, password: Secret) -> Self {
        self.user = Some((name.into(), password));
        self
    }

    /// Whether it speaks HTTP.
    pub(crate) const fn is_http(&self) -> bool {
        matches!(self.kind, ProxyKind::Http | ProxyKind::Https)
    }

    /// `Proxy-Authorization` for it (RFC 9110 §11.7.2, RFC 7617).
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        let (name, password) = self.user.as_ref()?;
        let both = Secret::new(format!("{name}:{}", password.reveal()));
        let coded = Secret::new(base64::prelude::BASE64_STANDARD.encode(both.reveal()));
        // base64 is always a value.
        let mut value = HeaderValue::from_str(&format!("Basic {}", coded.reveal())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Socks5Names => "socks5h",
        };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_string() };
        write!(out, "{scheme}://{host}:{}", self.port)
    }
}

/// Hosts that are called without the proxy.
#[derive(Clone, Default)]
pub struct NoProxy(Direct);

#[derive(Clone, Default)]
enum Direct {
    #[default]
    Nobody,
    Everybody,
    Some(Arc<Matcher>),
}

impl NoProxy {
    /// Reads a list such as `localhost,.acme.example,10.0.0.0/8`; `*` is every host.
    pub fn parse(list: &str) -> Self {
        let entries = || list.split(',').map(str::trim);
        if entries().any(|entry| entry == "*") {
            return Self(Direct::Everybody); // the library means names by it, and not addresses
        }
        if entries().all(str::is_empty) {
            return Self(Direct::Nobody);
        }
        Self(Direct::Some(Arc::new(Matcher::builder().all("http://proxy.invalid").no(list).build())))
    }

    /// Whether this host is in the list.
    pub fn names(&self, host: &str) -> bool {
        let matcher = match &self.0 {
            Direct::Nobody => return false,
            Direct::Everybody => return true,
            Direct::Some(matcher) => matcher,
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        http::Uri::builder()
            .scheme("http")
            .authority(host)
            .path_and_query("/")
            .build()
            .is_ok_and(|uri| matcher.intercept(&uri).is_none())
    }
}

impl fmt::Debug for NoProxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.0 {
            Direct::Nobody => "NoProxy(nobody)",
            Direct::Everybody => "NoProxy(everybody)",
            Direct::Some(_) => "NoProxy(some)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{NoProxy, Proxy, ProxyKind};

    #[test]
    fn a_proxy_is_read_from_its_url() {
        for (text, kind, shown, user) in [
            ("proxy.example:3128", ProxyKind::Http, "http://proxy.example:3128", None),
            ("http://proxy.example/", ProxyKind::Http, "http://proxy.example:1080", None),
            ("https://proxy.example", ProxyKind::Https, "https://proxy.example:443", None),
            ("SOCKS5://u:p%40ss@[::1]:9", ProxyKind::Socks5, "socks5://[::1]:9", Some(("u", "p@ss"))),
            ("socks5h://u@h.example", ProxyKind::Socks5Names, "socks5h://h.example:1080", Some(("u", ""))),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!((proxy.kind, proxy.to_string().as_str()), (kind, shown));
            let known = proxy.user.as_ref().map(|(name, password)| (name.as_str(), password.reveal()));
            assert_eq!(known, user, "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_said_without_its_password() {
        for text in ["socks4://u:hunter22@h.example", "http://u:hunter22@", "http://u:hunter22@a b"] {
            let said = Proxy::parse(text).unwrap_err();
            assert!(!said.contains("hunter22"), "{said}");
        }
        assert!(!format!("{:?}", Proxy::parse("http://u:hunter22@h.example")).contains("hunter22"));
    }

    #[test]
    fn hosts_are_called_directly_that_are_in_the_list() {
        for (list, host, direct) in [
            ("", "a.example", false),
            ("*", "a.example", true),
            ("a.example,*", "10.1.2.3", true),
            ("a.example, b.example", "b.example", true),
            ("acme.example", "api.acme.example", true),
            (".acme.example", "api.acme.example", true),
            ("acme.example", "notacme.example", false),
            ("10.0.0.0/8,::1", "10.2.3.4", true),
            ("10.0.0.0/8,::1", "::1", true),
            ("10.0.0.0/8", "11.2.3.4", false),
        ] {
            assert_eq!(NoProxy::parse(list).names(host), direct, "{list} {host}");
        }
    }
}
