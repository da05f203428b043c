//! Media types: comparing what a message says with what a contract declares.
//!
//! Source: RFC 9110 §8.3.1 (type and subtype are case-insensitive), §12.5.1 (ranges).

use crate::{Body, Codec};
use http::{HeaderMap, header};

/// A media type as written in a contract: lower case, without parameters; `None` if it is none.
pub(super) fn bare(text: &str) -> Option<String> {
    let bare = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, below) = bare.split_once('/')?;
    let token = |word: &str| {
        !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || letter == '/')
    };
    (token(kind) && token(below)).then_some(bare)
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
pub(super) fn select<'b>(bodies: &'b [Body], media: &str) -> Option<&'b Body> {
    let kind = media.split('/').next().unwrap_or_default();
    let ranges = [media.to_owned(), format!("{kind}/*"), "*/*".to_owned()];
    ranges.iter().find_map(|range| bodies.iter().find(|body| body.media == *range))
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
