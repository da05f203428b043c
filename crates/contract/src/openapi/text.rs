//! The text of parameters: percent-encoding, and lists in one text.
//!
//! Sources: RFC 3986 §2.1, §2.3; RFC 6570 §3.2 (`simple` and `form`); `+` is a space in a query, as
//! browsers write it (WHATWG URL, application/x-www-form-urlencoded).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

/// Everything but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// As [`RESERVED`], with slashes left: a parameter that takes the rest of the path.
const RESERVED_BUT_SLASH: &AsciiSet = &RESERVED.remove(b'/');

/// As [`RESERVED`], with those of RFC 3986 §2.2 left that neither end a pair or a query, nor mean a space,
/// and that a query may have (§3.4): no `&`, `#`, `+`, `[`, `]`.
const RESERVED_IN_QUERY: &AsciiSet = &RESERVED
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

pub(super) fn encoded_rest(text: &str) -> String {
    utf8_percent_encode(text, RESERVED_BUT_SLASH).to_string()
}

/// As [`encoded`], with the reserved characters left that a value in a query may have, and what is
/// percent-encoded already (OpenAPI 3.2 Parameter Object, `allowReserved`; RFC 6570 §3.2.3).
pub(super) fn encoded_reserved(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        written.extend(utf8_percent_encode(before, RESERVED_IN_QUERY));
        let triple = after.get(1..3).is_some_and(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        written.push_str(if triple { "%" } else { "%25" });
        rest = &after[1..];
    }
    written.extend(utf8_percent_encode(rest, RESERVED_IN_QUERY));
    written
}

/// Decodes percent-encoding; `None` if that gives no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// As [`decoded`], with `+` for a space.
pub(crate) fn decoded_form(text: &str) -> Option<String> {
    if text.contains('+') { decoded(&text.replace('+', " ")) } else { decoded(text) }
}

/// The pairs of a query or form, still encoded.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The text of a scalar; `None` for lists and objects, which have none.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(word) => Some(word.to_string()),
        Value::Null => Some("null".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value as the texts it is written as in one parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Texts {
    One(String),
    List(Vec<String>),
    Members(Vec<(String, String)>),
}

/// Takes a value apart; `None` where it is nested deeper than a parameter can say.
pub(super) fn texts(value: &Value) -> Option<Texts> {
    match value {
        Value::Array(items) => items.iter().map(scalar).collect::<Option<_>>().map(Texts::List),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| Some((name.clone(), scalar(value)?));
            members.iter().map(member).collect::<Option<_>>().map(Texts::Members)
        }
        scalar_value => scalar(scalar_value).map(Texts::One),
    }
}

/// An object from its names and texts.
pub(super) fn object(pairs: Vec<(String, Value)>) -> Value {
    Value::Object(pairs.into_iter().collect::<Map<_, _>>())
}
