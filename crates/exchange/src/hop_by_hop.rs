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
    // Names are compared, which costs less than to look each of them up: most heads have one of these or none.
    let mut there = [false; 6];
    for name in fields.keys() {
        if let Some(index) = index(name) {
            there[index] = true;
        }
    }
    if there == [false; 6] {
        return;
    }
    let listed: Vec<HeaderName> = fields
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        // What is nearly always said there; it is among those below.
        .filter(|name| !name.eq_ignore_ascii_case("keep-alive"))
        .filter_map(|name| name.parse().ok())
        .filter(|name| !KEPT.contains(name))
        .collect();
    for name in &listed {
        fields.remove(name);
    }
    for (name, _) in NAMED.iter().zip(there).filter(|(_, there)| *there) {
        fields.remove(name);
    }
}

/// Where a name stands among [`NAMED`].
fn index(name: &HeaderName) -> Option<usize> {
    Some(match name.as_str() {
        "connection" => 0,
        "keep-alive" => 1,
        "proxy-connection" => 2,
        "te" => 3,
        "transfer-encoding" => 4,
        "upgrade" => 5,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{NAMED, index, strip};
    use http::HeaderMap;

    #[test]
    fn each_name_is_known_at_its_place() {
        for (at, name) in NAMED.iter().enumerate() {
            assert_eq!(index(name), Some(at), "{name}");
        }
    }

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
