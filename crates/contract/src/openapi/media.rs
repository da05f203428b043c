//! Media types: comparing what a message says with what a contract declares.
//!
//! Source: RFC 9110 §8.3.1 (type and subtype are case-insensitive), §12.5.1 (ranges).

use crate::{Body, Codec};
use http::{HeaderMap, header};

/// A media type as written in a contract: lower case, without parameters; `None` if it is none.
pub(crate) fn bare(text: &str) -> Option<String> {
    let bare = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, below) = bare.split_once('/')?;
    let token = |word: &str| {
        !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || letter == '/')
    };
    (token(kind) && token(below)).then_some(bare)
}

/// The parameters behind the first `;`, names in lower case; `None` if they cannot be read, or a name stands twice
/// (RFC 9110 §5.6.6). Quotes are taken away.
pub(super) fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text.split_once(';').map_or("", |(_, rest)| rest).trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        let (value, after) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let end = after.find(';').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        if found.iter().any(|(known, _)| *known == name) {
            return None;
        }
        found.push((name, value));
        let after = after.trim();
        rest = if after.is_empty() { after } else { after.strip_prefix(';')?.trim_start() };
    }
    Some(found)
}

/// The text up to the closing quote, and what is behind it (RFC 9110 §5.6.4).
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

/// One parameter of a media type.
pub(super) fn parameter(text: &str, name: &str) -> Option<String> {
    parameters(text)?.into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
}

/// Whether text in a message is UTF-8, as far as Content-Type says.
pub(super) fn is_utf8(fields: &HeaderMap) -> bool {
    let value = fields.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let charset = value.and_then(|value| parameter(value, "charset"));
    charset.is_none_or(|charset| {
        ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
    })
}

/// Whether a media type is in a range: itself, `type/*`, `*/*`.
pub(crate) fn is_in(media: &str, range: &str) -> bool {
    range == "*/*"
        || media.eq_ignore_ascii_case(range)
        || range
            .strip_suffix("/*")
            .is_some_and(|kind| media.split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(kind)))
}

/// How a body of this media type is read and written.
pub(crate) fn codec(media: &str) -> Codec {
    let (kind, below) = media.split_once('/').unwrap_or((media, ""));
    match (kind, below) {
        (_, "json") => Codec::Json, // also `text/json`, which providers send
        (_, below) if below.ends_with("+json") => Codec::Json, // RFC 6839 §3.1
        ("application", "x-www-form-urlencoded") => Codec::Form,
        ("multipart", _) => Codec::Multipart,
        (_, "xml") => Codec::Xml,
        (_, below) if below.ends_with("+xml") => Codec::Xml, // RFC 7303 §4.2
        ("text", _) => Codec::Text,
        _ => Codec::Opaque,
    }
}

/// What a message says of its media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    Unreadable,
    Media(String),
}

/// Reads Content-Type. Two of them are none that can be read: a provider may take the one that was not
/// looked at (RFC 9110 §8.3: it is no list, and readers differ).
pub(super) fn said(fields: &HeaderMap) -> Said {
    let mut values = fields.get_all(header::CONTENT_TYPE).iter();
    let Some(value) = values.next() else { return Said::Nothing };
    if values.next().is_some() {
        return Said::Unreadable;
    }
    value.to_str().ok().and_then(bare).map_or(Said::Unreadable, Said::Media)
}

/// The body declared for this media type: exact, else `type/*`, else `*/*`
/// (OpenAPI 3.1, Request Body Object: the most specific key applies).
pub(crate) fn select<'b>(bodies: &'b [Body], media: &str) -> Option<&'b Body> {
    let kind = media.split('/').next().unwrap_or_default();
    let exact = bodies.iter().find(|body| body.media == media);
    let range = || bodies.iter().find(|body| body.media.strip_suffix("/*") == Some(kind));
    exact.or_else(range).or_else(|| bodies.iter().find(|body| body.media == "*/*"))
}

/// The body as a message of this media type has it: under a range, its codec is that of the message.
pub(crate) fn resolved(body: &Body, media: &str) -> Body {
    let mut body = body.clone();
    if body.media.contains('*') {
        body.codec = codec(media);
    }
    body
}

/// The declared media types in words.
pub(super) fn list(bodies: &[Body]) -> String {
    let words: Vec<String> = bodies.iter().map(|body| format!("`{}`", body.media)).collect();
    words.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::{Said, bare, codec, said, select};
    use crate::{Body, Codec, Pointer, Shape};

    #[test]
    fn two_media_types_are_none() {
        let mut fields = http::HeaderMap::new();
        assert_eq!(said(&fields), Said::Nothing);
        fields.append("content-type", "text/plain".parse().unwrap());
        assert_eq!(said(&fields), Said::Media("text/plain".to_owned()));
        fields.append("content-type", "application/json".parse().unwrap());
        assert_eq!(said(&fields), Said::Unreadable);
    }

    #[test]
    fn a_media_type_is_compared_without_case_and_parameters() {
        assert_eq!(bare("Application/JSON; charset=utf-8").as_deref(), Some("application/json"));
        assert_eq!(bare("json"), None);
        assert_eq!(codec("application/problem+json"), Codec::Json);
        assert_eq!(codec("application/x-ndjson"), Codec::Opaque);
        assert_eq!(codec("image/svg+xml"), Codec::Xml);
    }

    #[test]
    fn the_most_specific_declaration_is_taken() {
        let body = |media: &str| Body {
            media: media.to_owned(),
            codec: codec(media),
            parts: Vec::new(),
            items: None,
            shape: Shape::anything(Pointer::root()),
            at: Pointer::root(),
        };
        let bodies = [body("*/*"), body("text/*"), body("text/csv")];
        let found = |media: &str| select(&bodies, media).map(|body| body.media.as_str());
        assert_eq!(found("text/csv"), Some("text/csv"));
        assert_eq!(found("text/plain"), Some("text/*"));
        assert_eq!(found("image/png"), Some("*/*"));
        assert_eq!(select(&bodies[2..], "image/png").map(|body| &body.media), None);
    }
}
