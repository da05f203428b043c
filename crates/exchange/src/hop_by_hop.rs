//! Fields that belong to one connection and are never handed on.
//!
//! Source: RFC 9110 §7.6.1; RFC 9112 §9.6 and appendix C.2.2 (`Proxy-Connection`, `Keep-Alive`).

use http::HeaderMap;
use http::header::{self, HeaderName};

const NAMED: [HeaderName; 6] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Fields that a `Connection` option may not remove: it would strip identity, caching or framing.
const KEPT: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::HOST,
    header::SET_COOKIE,
    header::VARY,
    header::VIA,
];

/// Removes the fields of this connection, and those that `Connection` lists.
///
/// To be called before our own fields are added, so that a caller cannot name one of ours
/// (`Connection: X-Forwarded-For`) and have it removed.
pub fn strip(fields: &mut HeaderMap) {
    let listed: Vec<HeaderName> = fields
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| !KEPT.contains(name))
        .collect();
    for name in listed.iter().chain(&NAMED) {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::strip;
    use http::HeaderMap;

    #[test]
    fn what_connection_lists_goes_and_what_protects_stays() {
        let mut fields = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Private, authorization"),
            ("connection", "Keep-Alive"),
            ("keep-alive", "timeout=5"),
            ("x-private", "1"),
            ("authorization", "Bearer x"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("x-public", "2"),
        ] {
            fields.append(name, value.parse().unwrap());
        }
        strip(&mut fields);
        let mut left: Vec<_> = fields.keys().map(http::HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["authorization", "x-public"]);
    }
}
