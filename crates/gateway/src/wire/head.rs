//! The head of a request, normalised exactly once: every stage reads this, nobody reads the wire again.
//!
//! Reading never fails: what is wrong with a head is kept in it, so that the refusal has a record, a
//! request id and problem details like any other. Source: RFC 9110 §7.2; RFC 9112 §3.2.

use board::{NormalPath, PathError};
use exchange::Reason;
use http::header::{self, HeaderMap};
use http::{Method, Uri, Version};

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) path: Result<NormalPath, PathError>,
    pub(crate) fields: HeaderMap,
    pub(crate) version: Version,
    /// Host name in lower case, without port; empty where HTTP/1.0 names none.
    pub(crate) host: String,
    /// Host and port as the caller wrote them.
    pub(crate) authority: String,
    pub(crate) fault: Option<HeadFault>,
    target: Uri,
}

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeadFault {
    pub(crate) reason: Reason,
    pub(crate) words: &'static str,
}

const fn malformed(words: &'static str) -> HeadFault {
    HeadFault { reason: Reason::Malformed, words }
}

impl Head {
    /// Takes a head as it was parsed.
    pub(crate) fn read(method: Method, target: Uri, version: Version, mut fields: HeaderMap) -> Self {
        let mut fault = fault_of(&method, version, &fields);
        let named = match host_of(&target, version, &fields) {
            Ok(named) => named,
            Err(found) => {
                fault = fault.or(Some(found));
                String::new()
            }
        };
        // RFC 9112 §3.2.2: the target's authority beats the Host field; what is handed on must agree with it.
        if target.authority().is_some()
            && let Ok(value) = named.parse()
        {
            fields.insert(header::HOST, value);
        }
        let host = bare_host(&named).to_ascii_lowercase();
        let path = NormalPath::parse(if target.path().is_empty() { "/" } else { target.path() });
        Self { method, path, fields, version, host, authority: named, fault, target }
    }

    /// Query without `?`, as the caller wrote it.
    pub(crate) fn query(&self) -> Option<&str> {
        self.target.query()
    }

    /// Path for records: normalised, or as written where it was rejected.
    pub(crate) fn shown_path(&self) -> &str {
        self.path.as_ref().map_or_else(|_| self.target.path(), NormalPath::as_str)
    }

    /// `OPTIONS *`: asks about the server, not about a resource (RFC 9110 §9.3.7).
    pub(crate) fn is_asterisk(&self) -> bool {
        self.target.path() == "*"
    }

    /// A field's value as text, when it is there once and is text.
    pub(crate) fn text(&self, name: &header::HeaderName) -> Option<&str> {
        self.fields.get(name).and_then(|value| value.to_str().ok())
    }

    /// Length of the body as announced.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.text(&header::CONTENT_LENGTH).and_then(|text| text.parse().ok())
    }

    /// The protocol that an upgrade is asked for, in lower case without version.
    ///
    /// RFC 9110 §7.8: only in HTTP/1.1, only when `Connection` lists `upgrade`; else it is ignored.
    pub(crate) fn wants_upgrade(&self) -> Option<String> {
        if self.version != Version::HTTP_11 || !lists(&self.fields, &header::CONNECTION, "upgrade") {
            return None;
        }
        let first = self.text(&header::UPGRADE)?.split(',').next()?;
        Some(first.split('/').next().unwrap_or(first).trim().to_ascii_lowercase())
    }
}

/// Whether the list in field `name` has `word`, in any case.
fn lists(fields: &HeaderMap, name: &header::HeaderName, word: &str) -> bool {
    fields
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// Host and port that the request is for, as the caller wrote them.
fn host_of(target: &Uri, version: Version, fields: &HeaderMap) -> Result<String, HeadFault> {
    let mut hosts = fields.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(malformed("`Host` is there more than once")); // RFC 9112 §3.2
    }
    if first.is_none() && version >= Version::HTTP_11 {
        return Err(malformed("`Host` is missing")); // RFC 9112 §3.2
    }
    let text = match first {
        Some(value) => value.to_str().map_err(|_| malformed("`Host` is no host name"))?,
        None => "",
    };
    if !text.is_empty() {
        check_authority(text)?;
    }
    if let Some(authority) = target.authority() {
        if !matches!(target.scheme_str(), Some("http" | "https")) {
            return Err(malformed("the request target has a scheme that is not `http` or `https`"));
        }
        check_authority(authority.as_str())?;
        return Ok(authority.as_str().to_owned());
    }
    if text.is_empty() && first.is_some() {
        return Err(malformed("`Host` is empty")); // RFC 9110 §4.2.1: an http URI has a host
    }
    Ok(text.to_owned())
}

/// Host and port without user information (RFC 9110 §4.2.4).
fn check_authority(text: &str) -> Result<(), HeadFault> {
    if is_plain(text) {
        return Ok(());
    }
    let wrong = malformed("`Host` is no host name with an optional port");
    let authority: http::uri::Authority = text.parse().map_err(|_| wrong)?;
    let port_is_number = match text.rsplit_once(':') {
        Some((_, port)) if !text.ends_with(']') => port.is_empty() || authority.port_u16().is_some(),
        _ => true,
    };
    let plain = !text.contains('@') && !authority.host().is_empty() && port_is_number;
    if plain { Ok(()) } else { Err(wrong) }
}

/// A name or an address of version 4, and a port: what nearly every caller writes.
fn is_plain(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && (port.is_empty() || port.parse::<u16>().is_ok())
}

fn bare_host(authority: &str) -> &str {
    if let Some(inside) = authority.strip_prefix('[') {
        return inside.split(']').next().unwrap_or(inside);
    }
    let name = authority.split(':').next().unwrap_or(authority);
    // The root's dot names the same host (RFC 3986 §3.2.2).
    name.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(name)
}

/// What is wrong with a head besides its host.
fn fault_of(method: &Method, version: Version, fields: &HeaderMap) -> Option<HeadFault> {
    if method == Method::CONNECT {
        // RFC 9110 §9.3.6: tunnels to other hosts are not what is offered here.
        return Some(HeadFault { reason: Reason::MethodNotAllowed, words: "`CONNECT` is not offered here" });
    }
    if method == Method::TRACE {
        // RFC 9110 §9.3.8: it would show the caller fields that were added on the way.
        return Some(HeadFault { reason: Reason::MethodNotAllowed, words: "`TRACE` is switched off" });
    }
    if fields.contains_key(header::TRANSFER_ENCODING) {
        let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
        let only = codings.next().filter(|_| codings.next().is_none());
        if !only.is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")) {
            // RFC 9112 §6.1: a coding that is not understood is 501.
            return Some(HeadFault {
                reason: Reason::CodingUnknown,
                words: "only the transfer coding `chunked` is understood",
            });
        }
    }
    if version >= Version::HTTP_11
        && let Some(expectation) = fields.get(header::EXPECT)
        && !expectation.as_bytes().trim_ascii().eq_ignore_ascii_case(b"100-continue")
    {
        // RFC 9110 §10.1.1: an expectation that is not known is 417; HTTP/1.0 has none.
        return Some(HeadFault {
            reason: Reason::ExpectationUnknown,
            words: "only the expectation `100-continue` is known",
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Head;
    use exchange::Reason;
    use http::{HeaderMap, Method, Version};

    fn head(target: &str, version: Version, fields: &[(&'static str, &str)]) -> Head {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, value.parse().unwrap());
        }
        Head::read(Method::GET, target.parse().unwrap(), version, map)
    }

    #[test]
    fn a_host_is_there_once_and_is_a_host() {
        for (fields, host) in [
            (&[("host", "API.Example:8080")][..], Ok("api.example")),
            (&[("host", "[::1]:80")][..], Ok("::1")),
            (&[("host", "api.example.:80")][..], Ok("api.example")),
            (&[][..], Err(Reason::Malformed)),
            (&[("host", "")][..], Err(Reason::Malformed)),
            (&[("host", "a.example"), ("host", "a.example")][..], Err(Reason::Malformed)),
            (&[("host", "user@a.example")][..], Err(Reason::Malformed)),
            (&[("host", "a.example:port")][..], Err(Reason::Malformed)),
            (&[("host", "a/b")][..], Err(Reason::Malformed)),
        ] {
            let head = head("/", Version::HTTP_11, fields);
            match host {
                Ok(host) => assert_eq!((head.host.as_str(), head.fault), (host, None), "{fields:?}"),
                Err(reason) => assert_eq!(head.fault.map(|fault| fault.reason), Some(reason), "{fields:?}"),
            }
        }
        assert_eq!(head("/", Version::HTTP_10, &[]).fault, None, "HTTP/1.0 needs none");
    }

    #[test]
    fn a_plain_host_is_one_that_the_parser_takes_too() {
        for (text, plain) in [
            ("a.example", true),
            ("127.0.0.1:18080", true),
            ("a:", true),
            ("a:65535", true),
            ("a:65536", false),
            (":80", false),
            ("[::1]:80", false),
            ("a:1:2", false),
            ("u@a", false),
            ("a_b", false),
        ] {
            assert_eq!(super::is_plain(text), plain, "{text}");
            assert!(!plain || text.parse::<http::uri::Authority>().is_ok(), "{text}");
        }
    }

    #[test]
    fn the_target_beats_the_host_field() {
        let head = head("http://a.example/x?y", Version::HTTP_11, &[("host", "b.example")]);
        assert_eq!(head.host, "a.example");
        assert_eq!(head.text(&http::header::HOST), Some("a.example"));
        assert_eq!((head.shown_path(), head.query()), ("/x", Some("y")));
    }

    #[test]
    fn an_upgrade_needs_http_1_1_and_connection() {
        let fields = [("host", "a"), ("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket/13")];
        assert_eq!(head("/", Version::HTTP_11, &fields).wants_upgrade().as_deref(), Some("websocket"));
        assert_eq!(head("/", Version::HTTP_10, &fields).wants_upgrade(), None);
        assert_eq!(head("/", Version::HTTP_11, &fields[..1]).wants_upgrade(), None);
    }

    #[test]
    fn expectations_and_codings_that_are_not_known_are_refused() {
        let check = |name, value, reason| {
            let head = head("/", Version::HTTP_11, &[("host", "a"), (name, value)]);
            assert_eq!(head.fault.map(|fault| fault.reason), reason, "{name}: {value}");
        };
        check("expect", "100-Continue", None);
        check("expect", "200-ok", Some(Reason::ExpectationUnknown));
        check("transfer-encoding", "Chunked", None);
        check("transfer-encoding", "gzip, chunked", Some(Reason::CodingUnknown));
    }
}
