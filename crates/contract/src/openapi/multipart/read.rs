//! Typing parts: which member each is for, and what its value is.
//!
//! Source: OpenAPI 3.1 Encoding Object; RFC 7578 §4.3 (several parts of one name are a list), §4.4 (text
//! where no media type is said), §4.7 (no transfer encodings).

use super::super::payload::{MOST, broken};
use super::super::{decode, media};
use super::cut::{self, Piece};
use crate::schema::Kind;
use crate::{Body, Codec, Got, Part, Pointer, Violation, reader};
use http::header;
use serde_json::{Map, Value as Json};

/// The value of a part.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::openapi) enum Content<'b> {
    /// A JSON value.
    Json(Json),
    /// Bytes that are no text.
    Bytes(&'b [u8]),
}

impl Content<'_> {
    /// As what is checked: bytes are a string of as many characters.
    fn json(self) -> Json {
        match self {
            Self::Json(value) => value,
            Self::Bytes(bytes) => Json::String(bytes.iter().copied().map(char::from).collect()),
        }
    }
}

/// The values of all parts by name, in order. Parts without a name have the empty one.
pub(in crate::openapi) fn read<'b>(
    body: &Body,
    boundary: &str,
    bytes: &'b [u8],
) -> Result<Vec<(String, Content<'b>)>, Vec<Violation>> {
    let pieces = cut::cut(bytes, boundary)
        .map_err(|uncut| vec![broken(body, uncut.code, uncut.expected, uncut.got, Some(uncut.byte))])?;
    let form = body.media == "multipart/form-data";
    let mut read = Vec::with_capacity(pieces.len());
    let mut found = Vec::new();
    for piece in &pieces {
        let name = piece.said.name.as_deref().unwrap_or_default();
        // RFC 7578 §4.2: each part must have one.
        if form && piece.said.name.is_none() {
            found.push(broken(body, "syntax", "a name for each part", Got::Missing, Some(piece.byte)));
            continue;
        }
        match typed(body, name, piece) {
            Ok(value) => read.push((name.to_owned(), value)),
            Err(mut wrong) => found.append(&mut wrong),
        }
        if found.len() >= MOST {
            break;
        }
    }
    found.truncate(MOST);
    if found.is_empty() { Ok(read) } else { Err(found) }
}

fn typed<'b>(body: &Body, name: &str, piece: &Piece<'b>) -> Result<Content<'b>, Vec<Violation>> {
    let at = Pointer::root().at(name);
    let wrong = |code, expected: &str, got| Violation {
        at: at.clone(),
        ..broken(body, code, expected, got, Some(piece.byte))
    };
    let transfer =
        piece.fields.get("content-transfer-encoding").map(|value| value.as_bytes().to_ascii_lowercase());
    if transfer.is_some_and(|how| !matches!(how.as_slice(), b"binary" | b"8bit" | b"7bit")) {
        return Err(vec![wrong("encoding", "content as it is, in no transfer encoding", Got::Kind("one"))]);
    }
    let part = body.parts.iter().find(|part| part.name == name);
    let said = piece.fields.get(header::CONTENT_TYPE).map(|value| value.to_str().ok().and_then(media::bare));
    let said = match said {
        Some(None) => {
            return Err(vec![wrong("part-media-type", "a media type", Got::Kind("something else"))]);
        }
        Some(Some(media)) => Some(media),
        None => None,
    };
    if let (Some(said), Some(part)) = (&said, part)
        && !part.media.is_empty()
        && !part.media.iter().any(|range| media::is_in(said, range))
    {
        let words: Vec<String> = part.media.iter().map(|media| format!("`{media}`")).collect();
        return Err(vec![wrong("part-media-type", &words.join(" or "), Got::Word(said.clone()))]);
    }
    let found = part.map(|part| fields(part, piece, &at)).unwrap_or_default();
    if !found.is_empty() {
        return Err(found);
    }
    let shape = body.shape.member_or_any(name);
    let shape = if shape.kind() == Kind::Array { shape.items() } else { shape };
    let media = said.as_deref().or_else(|| part?.media.first().map(String::as_str));
    let codec = media.map_or(Codec::Text, media::codec);
    let text = std::str::from_utf8(piece.content);
    match (codec, text) {
        // A document in a file is a file, where the contract wants a text.
        (Codec::Json, Ok(text)) if shape.kind() != Kind::String => document(text, &wrong).map(Content::Json),
        (Codec::Json, Err(_)) if shape.kind() != Kind::String => {
            Err(vec![wrong("encoding", "text in UTF-8", Got::Kind("other bytes"))])
        }
        (Codec::Text, Err(_)) if !piece.said.file && said.is_none() && shape.kind() != Kind::String => {
            Err(vec![wrong("encoding", "text in UTF-8", Got::Kind("other bytes"))])
        }
        // A file in a part is its bytes: nothing of it is in base64.
        (Codec::Text | Codec::Json, Ok(_)) if piece.said.file && shape.base64().is_some() => {
            Ok(Content::Bytes(piece.content))
        }
        (Codec::Text | Codec::Json, Ok(text)) => Ok(Content::Json(shape.read_text(text))),
        _ => Ok(Content::Bytes(piece.content)),
    }
}

fn document(
    text: &str,
    wrong: &dyn Fn(&'static str, &str, Got) -> Violation,
) -> Result<Json, Vec<Violation>> {
    match reader::message(text) {
        Ok((value, twice)) if twice.is_empty() => Ok(value),
        Ok(_) => Err(vec![wrong("duplicate-name", "names that stand once", Got::Kind("one twice"))]),
        Err(fault) if fault.too_deep => {
            Err(vec![wrong("depth", "nesting of at most 127", Got::Kind("something deeper"))])
        }
        Err(_) => Err(vec![wrong("syntax", "valid JSON", Got::Kind("something else"))]),
    }
}

/// What is wrong with the header fields of a part.
fn fields(part: &Part, piece: &Piece<'_>, at: &Pointer) -> Vec<Violation> {
    let mut found = Vec::new();
    for field in &part.fields {
        match decode::field(field, &piece.fields) {
            Ok(Some(value)) => found.extend(field.shape.check(&value)),
            Ok(None) if field.required => found.push(decode::missing(field)),
            Ok(None) => {}
            Err(violation) => found.push(*violation),
        }
    }
    for violation in &mut found {
        violation.place = crate::In::Body;
        violation.name = String::new();
        violation.at = at.clone();
    }
    found
}

/// The body as one value: an object of its named parts, or a list where the contract has one. `None` where
/// parts without names cannot be told apart.
pub(in crate::openapi) fn value(
    body: &Body,
    parts: Vec<(String, Content<'_>)>,
) -> Result<Option<Json>, Vec<Violation>> {
    if body.shape.kind() == Kind::Array {
        return Ok(Some(Json::Array(parts.into_iter().map(|(_, content)| content.json()).collect())));
    }
    // In alternatives nothing says which members there are, so that texts could not be typed.
    let alternatives = ["oneOf", "anyOf"].iter().any(|word| body.shape.word(word).is_some());
    if alternatives && body.shape.members().is_empty() {
        return Ok(None);
    }
    if parts.iter().any(|(name, _)| name.is_empty()) && body.media != "multipart/form-data" {
        return Ok(None);
    }
    let mut object = Map::new();
    let mut counts: Map<String, Json> = Map::new();
    for (name, content) in parts {
        let shape = body.shape.member_or_any(&name);
        let items = counts.entry(name).or_insert_with(|| Json::Array(Vec::new()));
        let Json::Array(items) = items else { continue };
        match content.json() {
            // A whole list in one part.
            Json::Array(all) if shape.kind() == Kind::Array && shape.items().kind() != Kind::Array => {
                items.extend(all);
            }
            one => items.push(one),
        }
    }
    let mut found = Vec::new();
    for (name, items) in counts {
        let shape = body.shape.member_or_any(&name);
        let Json::Array(mut items) = items else { continue };
        let value = match (shape.kind(), items.len()) {
            (Kind::Array, _) => Json::Array(items),
            (_, 1) => items.remove(0),
            _ if shape.allows(Kind::Array) => Json::Array(items),
            (_, count) => {
                let twice = broken(body, "duplicate-name", "one part", Got::Length(count, "parts"), None);
                found.push(Violation { at: Pointer::root().at(&name), ..twice });
                continue;
            }
        };
        object.insert(name, value);
    }
    found.truncate(MOST);
    if found.is_empty() { Ok(Some(Json::Object(object))) } else { Err(found) }
}
