//! A credential in the query: percent-encoded, at the end, in place of any of the same name.

use super::MASK;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// RFC 3986 §2.3: only unreserved characters stand for themselves.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `name=value` as it is sent.
pub(super) fn pair(name: &str, value: &str) -> String {
    let name = utf8_percent_encode(name, ENCODED);
    if value == MASK {
        return format!("{name}={MASK}");
    }
    format!("{name}={}", utf8_percent_encode(value, ENCODED))
}

/// Puts `pair` at the end of `query`; the order and spelling of the others stay.
pub(super) fn place(query: &mut Option<String>, name: &str, pair: &str) {
    let mut placed = String::new();
    for other in query.as_deref().unwrap_or_default().split('&') {
        if !other.is_empty() && !is_named(other, name) {
            placed.push_str(other);
            placed.push('&');
        }
    }
    placed.push_str(pair);
    *query = Some(placed);
}

/// Whether a pair has this name, however it is encoded.
fn is_named(pair: &str, name: &str) -> bool {
    let written = pair.split_once('=').map_or(pair, |(name, _)| name).replace('+', " ");
    percent_decode_str(&written).eq(name.bytes())
}

#[cfg(test)]
mod tests {
    use super::{pair, place};

    #[test]
    fn one_of_the_same_name_goes_however_it_is_encoded() {
        for (before, after) in [
            (None, "appid=a%2Fb"),
            (Some(""), "appid=a%2Fb"),
            (Some("q=1&appid=x&q=2"), "q=1&q=2&appid=a%2Fb"),
            (Some("%61ppid=x&appids=1&APPID=2"), "appids=1&APPID=2&appid=a%2Fb"),
        ] {
            let mut query = before.map(str::to_owned);
            place(&mut query, "appid", &pair("appid", "a/b"));
            assert_eq!(query.as_deref(), Some(after));
        }
    }
}
