//! Writing a multipart body: values first, then files, which the shell streams.
//!
//! Sources: RFC 7578 §4; OpenAPI 3.1 Encoding Object, `contentType`, `headers`.

use super::super::{content, media, text};
use super::disposition::quoted;
use crate::{Body, Chunk, Codec, Got, In, Part, Payload, Pointer, Source, Value, Violation};
use bytes::{Bytes, BytesMut};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// A part to write.
#[derive(Clone, Debug)]
pub(in crate::openapi) struct Given<'v> {
    pub(in crate::openapi) name: &'v str,
    pub(in crate::openapi) value: &'v Value,
}

/// One part as it will stand: its head without the boundary, and its content.
struct Ready {
    head: String,
    content: Chunk,
}

/// Writes the parts; gives the boundary that was taken, too.
///
/// Without a boundary one is made of what is held, such that nothing held has it in it. Whoever streams
/// files gives one that nobody could foresee.
pub(in crate::openapi) fn write(
    body: Option<&Body>,
    given: &[Given<'_>],
    boundary: Option<String>,
    found: &mut Vec<Violation>,
) -> (Payload, String) {
    let mut ready = Vec::new();
    for one in given {
        let part = body.and_then(|body| body.parts.iter().find(|part| part.name == one.name));
        let fields = fields(part, found);
        // CR and LF have an escape there (HTML standard), other control characters do not.
        if one.name.chars().any(|letter| letter.is_ascii_control() && !matches!(letter, '\r' | '\n')) {
            let got = Got::Kind("some of them");
            found.push(Violation {
                at: Pointer::root().at(one.name),
                rule: body.map_or_else(Pointer::root, |body| body.at.clone()),
                ..Violation::new("name", "a name without control characters", got)
            });
            continue;
        }
        match one.value {
            Value::Json(Json::Array(items)) => {
                ready.extend(items.iter().map(|item| plain(one.name, part, item, &fields)));
            }
            Value::Json(value) => ready.push(plain(one.name, part, value, &fields)),
            Value::Text(text) => ready.push(plain(one.name, part, &Json::String(text.clone()), &fields)),
            Value::Bytes(bytes) => {
                let media = concrete(part, None).unwrap_or("application/octet-stream");
                let head = head(one.name, Some(one.name), Some(media), &fields);
                ready.push(Ready { head, content: Chunk::Held(bytes.clone()) });
            }
            Value::Later(source) => {
                let shown = source.shown.as_deref().unwrap_or(&source.name);
                let shown = shown.rsplit(['/', '\\']).next().unwrap_or_default();
                let shown = shown.replace(|letter: char| letter.is_ascii_control(), "_");
                let media = concrete(part, source.media.as_deref()).unwrap_or("application/octet-stream");
                let head = head(one.name, Some(&shown), Some(media), &fields);
                ready.push(Ready { head, content: Chunk::Later(Source::clone(source)) });
            }
        }
    }
    let boundary = boundary.unwrap_or_else(|| free(&ready));
    (joined(ready, &boundary), boundary)
}

fn plain(name: &str, part: Option<&Part>, value: &Json, fields: &str) -> Ready {
    let said = part.and_then(|part| part.media.iter().find(|media| !media.contains('*')));
    let nested = value.is_array() || value.is_object();
    let media = said.map(String::as_str).or(nested.then_some("application/json"));
    let text = match media.map(media::codec) {
        Some(Codec::Json) => content::write(Codec::Json, value),
        _ => text::scalar(value),
    };
    let text = text.unwrap_or_else(|| value.to_string());
    // RFC 7578 §4.4: a part is text if nothing else is said.
    Ready { head: head(name, None, media, fields), content: Chunk::Held(Bytes::from(text)) }
}

/// The media type of a file: its own where the contract takes it, else the first one that the contract names.
fn concrete<'p>(part: Option<&'p Part>, own: Option<&'p str>) -> Option<&'p str> {
    let said = part.map(|part| part.media.as_slice()).unwrap_or_default();
    if let Some(own) = own
        && (said.is_empty() || said.iter().any(|range| media::is_in(own, range)))
    {
        return Some(own);
    }
    said.iter().map(String::as_str).find(|media| !media.contains('*')).or(own)
}

/// Header fields that the contract wants with a part and gives the value of.
fn fields(part: Option<&Part>, found: &mut Vec<Violation>) -> String {
    let mut written = String::new();
    for field in part.map(|part| part.fields.as_slice()).unwrap_or_default() {
        let choices = field.shape.choices();
        let only = if choices.len() == 1 { choices.into_iter().next() } else { None };
        match field.shape.default().or(only).as_ref().and_then(text::scalar) {
            Some(text) if field.required && !text.contains(['\r', '\n']) => {
                let _ = write!(written, "{}: {text}\r\n", field.name);
            }
            None if field.required => {
                let mut missing = super::super::decode::missing(field);
                missing.place = In::Body;
                found.push(missing);
            }
            _ => {}
        }
    }
    written
}

fn head(name: &str, file: Option<&str>, media: Option<&str>, fields: &str) -> String {
    let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
    if let Some(file) = file {
        let _ = write!(head, "; filename=\"{}\"", quoted(file));
    }
    head.push_str("\r\n");
    if let Some(media) = media.filter(|media| !media.contains(['\r', '\n'])) {
        let _ = write!(head, "Content-Type: {media}\r\n");
    }
    head.push_str(fields);
    head.push_str("\r\n");
    head
}

fn joined(ready: Vec<Ready>, boundary: &str) -> Payload {
    let mut chunks = Vec::new();
    let mut held = BytesMut::new();
    for Ready { head, content } in ready {
        held.extend_from_slice(format!("--{boundary}\r\n{head}").as_bytes());
        match content {
            Chunk::Held(bytes) => held.extend_from_slice(&bytes),
            later @ Chunk::Later(_) => {
                chunks.push(Chunk::Held(held.split().freeze()));
                chunks.push(later);
            }
        }
        held.extend_from_slice(b"\r\n");
    }
    held.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    if chunks.is_empty() {
        return Payload::Bytes(held.freeze());
    }
    chunks.push(Chunk::Held(held.freeze()));
    Payload::Chunks(chunks)
}

/// A boundary that is in nothing held. The same values have the same one: a request can be made again.
fn free(ready: &[Ready]) -> String {
    let held = || {
        ready.iter().flat_map(|one| {
            let content: &[u8] = if let Chunk::Held(bytes) = &one.content { bytes } else { b"" };
            [one.head.as_bytes(), content]
        })
    };
    // FNV-1a.
    let hash = held().flatten().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut turn = 0_u64;
    loop {
        let boundary = format!("----switchboard{:016x}", hash.wrapping_add(turn));
        if !held().any(|bytes| memchr::memmem::find(bytes, boundary.as_bytes()).is_some()) {
            return boundary;
        }
        turn += 1;
    }
}
