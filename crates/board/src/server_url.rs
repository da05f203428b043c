//! The address of a server, and whether a secret may go there.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// The address of a server: scheme, host, port and base path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerUrl {
    /// Whether TLS is spoken.
    pub https: bool,
    /// Host name or address, without brackets.
    pub host: Arc<str>,
    /// Port.
    pub port: u16,
    /// Path that comes before every operation's, without a slash at the end; may be empty.
    pub base: Arc<str>,
}

impl ServerUrl {
    /// Reads `http://host:port/base` or `https://…`.
    ///
    /// # Errors
    /// In words: what is wrong with it, for a diagnostic or the command line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: http::Uri = text.parse().map_err(|_| format!("`{text}` is no URL"))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(other) => return Err(format!("`{other}` is not spoken here: use http or https")),
            None => return Err(format!("`{text}` has no scheme: write `http://{text}`")),
        };
        let authority = uri.authority().ok_or_else(|| format!("`{text}` names no host"))?;
        if authority.as_str().contains('@') {
            return Err("a URL must not hold a password: use `credential`".to_owned());
        }
        if uri.query().is_some() {
            return Err("a server's URL has no query: use `credential` for a key in the query".to_owned());
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(format!("`{text}` names no host"));
        }
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Ok(Self { https, host: host.into(), port, base: uri.path().trim_end_matches('/').into() })
    }

    /// Whether a secret may go there: over TLS, or not out of this machine (RFC 6761 §6.3, RFC 8252 §8.3).
    pub fn is_safe(&self) -> bool {
        let loopback = |address: IpAddr| address.to_canonical().is_loopback();
        self.https || &*self.host == "localhost" || self.host.parse().is_ok_and(loopback)
    }

    /// Scheme, host and port (RFC 6454 §4): `https://api.acme.example`.
    pub fn origin(&self) -> String {
        format!("http{}://{}", if self.https { "s" } else { "" }, self.authority().to_ascii_lowercase())
    }

    /// `host` or `host:port` as the `Host` field has it (RFC 9110 §7.2): no default port.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_string() };
        match (self.https, self.port) {
            (false, 80) | (true, 443) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http{}://{}{}", if self.https { "s" } else { "" }, self.authority(), self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::ServerUrl;

    #[test]
    fn a_url_comes_back_without_what_is_default() {
        for (text, shown) in [
            ("http://127.0.0.1:9001/", "http://127.0.0.1:9001"),
            ("https://weather.example:443/v1/", "https://weather.example/v1"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(ServerUrl::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_server_is_said_in_words() {
        for text in
            ["weather.example", "ftp://weather.example", "http://me:secret@weather.example", "http://a/?k=1"]
        {
            let said = ServerUrl::parse(text).unwrap_err();
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn a_secret_goes_over_tls_or_not_out_of_this_machine() {
        for (url, safe) in [
            ("https://acme.example", true),
            ("http://127.0.0.1:8080", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost", true),
            ("http://10.0.0.1", false),
            ("http://localhost.acme.example", false),
            ("http://0.0.0.0", false),
        ] {
            assert_eq!(ServerUrl::parse(url).unwrap().is_safe(), safe, "{url}");
        }
    }
}
