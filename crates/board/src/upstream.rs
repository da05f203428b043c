//! `[apis.NAME.upstream]`: where an API's provider is, and how it is called.

use exchange::{Origin, Rate, Secret};
use http::HeaderName;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Where a provider is, and how it is called.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its servers, at least one; taken in turn.
    pub servers: Vec<ServerUrl>,
    /// What it gave us to identify ourselves, all sent together.
    pub credentials: Vec<Credential>,
    /// A private certificate authority in PEM; none: the system's roots.
    pub authority: Option<Arc<[u8]>>,
    /// To the established connection, TLS included.
    pub connect_timeout: Duration,
    /// To the first byte of the answer.
    pub timeout: Duration,
    /// To the end of the answer's body.
    pub total_timeout: Option<Duration>,
    /// How fast we may call; a call waits for its turn.
    pub pace: Option<Rate>,
    /// How often a call that is safe to repeat may be repeated.
    pub retries: u32,
    /// What pools and meters are kept by: equal for equal settings, also after a reload.
    pub fingerprint: u64,
    /// Where it is written.
    pub origin: Origin,
}

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

/// What a provider gave us, and where it goes.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Where it goes.
    pub place: CredentialPlace,
    /// The text; for basic `user:password`.
    pub secret: Secret,
    /// The reference it came from, `env:WEATHER_KEY`: for messages and printed code.
    pub reference: String,
    /// Name of the contract's scheme it serves, where there is one.
    pub scheme: Option<String>,
}

/// Where a credential goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialPlace {
    /// A header field of its own.
    Header(HeaderName),
    /// A query parameter.
    Query(String),
    /// A cookie.
    Cookie(String),
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
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
}
