//! Bodies: reading and checking them by their codecs; JSON here, the others each in a file of its own.
//!
//! Sources: RFC 8259 §4 and RFC 7493 §2.3 (a name that stands twice is refused), §2.1 (UTF-8).
//! Numbers stay as they are written. Other codecs are passed on as bytes.

use super::{form, multipart, xml};
use crate::{Body, Codec, Got, Report, Value, Violation, reader};
use bytes::Bytes;
use serde_json::Value as Json;
use std::borrow::Cow;

/// Most violations that are told of one body.
pub(super) const MOST: usize = 100;

pub(crate) fn check_body(body: &Body, boundary: Option<&str>, bytes: &[u8]) -> Report {
    if body.codec == Codec::Xml {
        return match utf8(body, bytes).and_then(|text| xml::read(body, text)) {
            Ok(value) => {
                let found = if value.guessed { Vec::new() } else { body.shape.check(&value.json) };
                Report { found, value: Some(value.json), cut: false }
            }
            Err(found) => Report { found, value: None, cut: false },
        };
    }
    match read(body, boundary, bytes) {
        Ok(Value::Json(value)) => {
            let found = body.shape.check(&value);
            Report { found, value: Some(value), cut: false }
        }
        Ok(_) => Report::default(),
        Err(found) => Report { found, value: None, cut: false },
    }
}

/// So many readings may be tried to find out which alternative a body is.
const MOST_READINGS: usize = 64;

/// The body as the alternative (`oneOf`, `anyOf`) that its content is, read as that: texts have the types that
/// it names. Where none fits, the one that comes nearest, so that what is told is about it.
pub(super) fn as_way<'b>(body: &'b Body, read: &dyn Fn(&Body) -> Option<Json>) -> Cow<'b, Body> {
    let mut left = MOST_READINGS;
    way(body, read, &mut left).map_or(Cow::Borrowed(body), |(body, _)| Cow::Owned(body))
}

/// The nearest alternative, and how many violations are left in it.
fn way(body: &Body, read: &dyn Fn(&Body) -> Option<Json>, left: &mut usize) -> Option<(Body, usize)> {
    let mut nearest: Option<(Body, usize)> = None;
    for shape in body.shape.ways() {
        *left = left.checked_sub(1)?;
        let own = Body { shape: shape.clone(), ..body.clone() };
        let found = match way(&own, read, left) {
            Some(found) => found,
            None => match read(&own) {
                Some(value) => {
                    let found = own.shape.check(&value).len();
                    (own, found)
                }
                None => continue,
            },
        };
        if found.1 == 0 {
            return Some(found);
        }
        if nearest.as_ref().is_none_or(|(_, least)| found.1 < *least) {
            nearest = Some(found);
        }
    }
    nearest
}

/// Reads a body by its codec.
pub(super) fn read(body: &Body, boundary: Option<&str>, bytes: &[u8]) -> Result<Value, Vec<Violation>> {
    match body.codec {
        Codec::Json => json(body, bytes).map(Value::Json),
        Codec::Form => {
            let text = utf8(body, bytes)?;
            form::read(&as_way(body, &|body| form::read(body, text).ok()), text).map(Value::Json)
        }
        Codec::Multipart if let Some(boundary) = boundary => {
            let body = &*multipart::as_way(body, boundary, bytes);
            let parts = multipart::read(body, boundary, bytes)?;
            match multipart::value(body, parts)? {
                Some(value) => Ok(Value::Json(value)),
                None => Ok(Value::Bytes(Bytes::copy_from_slice(bytes))),
            }
        }
        // Of what nothing is said nothing is read: not even that it is well-formed.
        Codec::Xml if !body.shape.is_anything() => {
            xml::read(body, utf8(body, bytes)?).map(|value| Value::Json(value.json))
        }
        Codec::Text if !body.shape.is_anything() => Ok(Value::Json(body.shape.read_text(utf8(body, bytes)?))),
        Codec::Text | Codec::Multipart | Codec::Xml | Codec::Opaque => {
            Ok(Value::Bytes(Bytes::copy_from_slice(bytes)))
        }
    }
}

/// The bytes of a value in the codec of its body, and their Content-Type; `None` where it cannot be written so.
pub(crate) fn written(body: &Body, value: &Json) -> Option<(Bytes, String)> {
    let bytes = match (body.codec, value) {
        // Text that is XML already, as examples often are.
        (Codec::Xml, Json::String(text)) if text.trim_start().starts_with('<') => Bytes::from(text.clone()),
        (Codec::Xml, value) => xml::write(&body.shape, value).ok().map(Bytes::from)?,
        (Codec::Text | Codec::Opaque, Json::String(text)) => Bytes::from(text.clone()),
        (Codec::Json | Codec::Text | Codec::Opaque, value) => Bytes::from(value.to_string()),
        (Codec::Form, value) => {
            let mut found = Vec::new();
            match form::write(Some(body), value, &mut found) {
                crate::Payload::Bytes(bytes) if found.is_empty() => bytes,
                _ => return None,
            }
        }
        (Codec::Multipart, value) => return parts(body, value.as_object()?),
    };
    Some((bytes, body.media.clone()))
}

/// A multipart body without files: what is held is all there is, so that its boundary can be chosen by it.
fn parts(body: &Body, members: &serde_json::Map<String, Json>) -> Option<(Bytes, String)> {
    let values: Vec<(&String, Value)> =
        members.iter().map(|(name, value)| (name, Value::Json(value.clone()))).collect();
    let given: Vec<multipart::Given<'_>> =
        values.iter().map(|(name, value)| multipart::Given { name, value }).collect();
    let mut found = Vec::new();
    let (payload, boundary) = multipart::write(Some(body), &given, None, &mut found);
    let bytes = match payload {
        crate::Payload::Bytes(bytes) => bytes,
        crate::Payload::Chunks(chunks) => {
            let mut all = bytes::BytesMut::new();
            for chunk in chunks {
                match chunk {
                    crate::Chunk::Held(bytes) => all.extend_from_slice(&bytes),
                    crate::Chunk::Later(_) => return None,
                }
            }
            all.freeze()
        }
        _ => return None,
    };
    found.is_empty().then(|| (bytes, format!("{}; boundary={boundary}", body.media)))
}

/// What is wrong of a body.
pub(crate) fn broken(
    body: &Body,
    code: &'static str,
    expected: &str,
    got: Got,
    byte: Option<usize>,
) -> Violation {
    Violation { rule: body.at.clone(), byte, ..Violation::new(code, expected, got) }
}

fn utf8<'b>(body: &Body, bytes: &'b [u8]) -> Result<&'b str, Vec<Violation>> {
    std::str::from_utf8(bytes).map_err(|error| {
        let byte = Some(error.valid_up_to());
        vec![broken(body, "encoding", "text in UTF-8", Got::Kind("other bytes"), byte)]
    })
}

fn json(body: &Body, bytes: &[u8]) -> Result<Json, Vec<Violation>> {
    let text = utf8(body, bytes)?;
    match reader::message(text) {
        Ok((value, twice)) if twice.is_empty() => Ok(value),
        Ok((_, twice)) => Err(twice
            .into_iter()
            .take(MOST)
            .map(|at| Violation {
                at,
                ..broken(body, "duplicate-name", "a name that stands once", Got::Kind("it twice"), None)
            })
            .collect()),
        Err(fault) if fault.too_deep => {
            let got = Got::Kind("something deeper");
            Err(vec![broken(body, "depth", "nesting of at most 127", got, Some(fault.byte))])
        }
        Err(fault) => {
            let got = if text.trim().is_empty() { Got::Kind("nothing") } else { Got::Kind("something else") };
            Err(vec![broken(body, "syntax", &format!("valid JSON ({})", fault.why), got, Some(fault.byte))])
        }
    }
}
