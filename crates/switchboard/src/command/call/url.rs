//! A URL as people write it: scheme optional, `:3000/x` is localhost, a login in it becomes basic authentication.
//!
//! Source: RFC 3986 §3, §5.2.4. The fragment is dropped: it is never sent (§3.5).

use crate::exit::Failure;
use board::ServerUrl;
use exchange::Secret;
use std::fmt;

/// An address to call.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    /// Scheme, host and port; its base is empty.
    pub(crate) server: ServerUrl,
    /// Path, percent-encoded, without dot segments, beginning with `/`.
    pub(crate) path: String,
    /// Query without `?`.
    pub(crate) query: Option<String>,
    /// `name:password` from before the host.
    pub(crate) user: Option<Secret>,
}

impl Url {
    /// Reads a URL; `scheme` is taken where none is written.
    pub(crate) fn read(text: &str, scheme: &str) -> Result<Self, Failure> {
        let (scheme, rest) = match text.split_once("://") {
            Some((own, rest))
                if own.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) =>
            {
                (own, rest)
            }
            _ => (scheme, text),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(login(user)), host),
            None => (None, authority),
        };
        let host = if host.starts_with(':') { format!("localhost{host}") } else { host.to_owned() };
        let host = host.strip_suffix(':').unwrap_or(&host);
        let server =
            ServerUrl::parse(&format!("{}://{host}", scheme.to_ascii_lowercase())).map_err(Failure::usage)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(Self::encoded(query.as_bytes()))),
            None => (rest, None),
        };
        Ok(Self { server, path: without_dots(&Self::encoded(path.as_bytes())), query, user })
    }

    /// Percent-encodes what no URL may hold (RFC 3986 §2): a `%` and every delimiter stay as they were written.
    pub(crate) fn encoded(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        let mut out = String::with_capacity(bytes.len());
        for &byte in bytes {
            if byte <= b' ' || byte >= 0x7f || b"\"<>\\^`{|}".contains(&byte) {
                let _ = write!(out, "%{byte:02X}");
            } else {
                out.push(char::from(byte));
            }
        }
        out
    }

    /// The last part of the path, for `-O`.
    pub(crate) fn last_segment(path: &str) -> Option<String> {
        let last = path.rsplit('/').next().filter(|last| !last.is_empty())?;
        Some(last.to_owned())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.server, self.path)?;
        self.query.as_ref().map_or(Ok(()), |query| write!(out, "?{query}"))
    }
}

fn login(text: &str) -> Secret {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    Secret::new(if decoded.contains(':') { decoded.into_owned() } else { format!("{decoded}:") })
}

/// Removes `.` and `..` (RFC 3986 §5.2.4), also percent-encoded ones: what is sent is what is meant.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn urls_are_read_as_people_write_them() {
        for (text, scheme, expected) in [
            (":3000/x", "http", "http://localhost:3000/x"),
            (":/x", "http", "http://localhost/x"),
            ("localhost", "http", "http://localhost/"),
            ("127.0.0.1:9/a?b=c d#e", "http", "http://127.0.0.1:9/a?b=c%20d"),
            ("api.example/a/./b/../c", "https", "https://api.example/a/c"),
            ("api.example/a/..", "https", "https://api.example/"),
            ("HTTP://api.example:80?x", "https", "http://api.example/?x"),
            ("[::1]:8080/ä", "http", "http://[::1]:8080/%C3%A4"),
            ("http://a.example/{x}|y%20z", "http", "http://a.example/%7Bx%7D%7Cy%20z"),
            ("http://a.example/b//c", "http", "http://a.example/b//c"),
        ] {
            assert_eq!(Url::read(text, scheme).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_login_leaves_the_url() {
        let url = Url::read("http://me:p%40ss@a.example/", "http").unwrap();
        assert_eq!(url.to_string(), "http://a.example/");
        assert_eq!(url.user.unwrap().reveal(), "me:p@ss");
    }

    #[test]
    fn what_is_no_url_is_said() {
        for text in ["ftp://a.example/", "http://", "http:///x", "http://a b/"] {
            assert!(Url::read(text, "http").is_err(), "{text}");
        }
    }
}
