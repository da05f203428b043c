//! `multipart/*` bodies: cutting them, typing their parts, writing them.
//!
//! Sources: RFC 2046 §5.1, RFC 7578; OpenAPI 3.1 Media Type Object, Encoding Object. Bounds: a boundary
//! of at most 70 characters, 1000 parts, 16 KiB of head a part.

mod cut;
mod disposition;
mod read;
mod write;

pub(super) use read::{Content, read, value};
pub(super) use write::{Given, write};

use super::{media, payload};
use crate::{Body, Got, In, Violation};
use http::{HeaderMap, header};
use std::borrow::Cow;

/// Longest boundary (RFC 2046 §5.1.1).
const LONGEST: usize = 70;

/// Most parts that are read.
const MOST_PARTS: usize = 1000;

/// Longest head of a part, in bytes.
const LONGEST_HEAD: usize = 16 << 10;

/// The body as the alternative that its parts are.
pub(super) fn as_way<'b>(body: &'b Body, boundary: &str, bytes: &[u8]) -> Cow<'b, Body> {
    payload::as_way(body, &|body| value(body, read(body, boundary, bytes).ok()?).ok()?)
}

/// The boundary that Content-Type says.
pub(super) fn boundary(fields: &HeaderMap) -> Result<String, Box<Violation>> {
    let value = fields.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let said = value.and_then(|value| media::parameter(value, "boundary"));
    match said {
        Some(boundary) if is_boundary(&boundary) => Ok(boundary),
        said => {
            let got = said.map_or(Got::Missing, |_| Got::Kind("something else"));
            let violation = Violation::new("boundary", "a `boundary` of 1 to 70 characters", got);
            Err(Box::new(Violation { place: In::Header, name: "Content-Type".to_owned(), ..violation }))
        }
    }
}

/// A part as it says of itself what it is.
#[derive(Debug)]
pub(crate) struct ShownPart<'b> {
    pub(crate) name: String,
    /// Its media type without parameters.
    pub(crate) media: Option<String>,
    pub(crate) file: bool,
    pub(crate) content: &'b [u8],
}

/// The boundary of a body that begins with it, and the parts that have names; `None` if it cannot be cut.
pub(crate) fn shown_parts(bytes: &[u8]) -> Option<(String, Vec<ShownPart<'_>>)> {
    let line = bytes.strip_prefix(b"--")?;
    let end = memchr::memmem::find(&line[..line.len().min(LONGEST + 2)], b"\r\n")?;
    let boundary = std::str::from_utf8(&line[..end]).ok().filter(|text| is_boundary(text))?;
    let part = |piece: cut::Piece<'_>| {
        let kind = piece.fields.get(header::CONTENT_TYPE);
        let media = kind.and_then(|kind| kind.to_str().ok()).and_then(media::bare);
        Some((piece.said.name?, media, piece.said.file, piece.content.len(), piece.byte))
    };
    let parts = cut::cut(bytes, boundary).ok()?.into_iter().filter_map(part);
    let shown = parts.map(|(name, media, file, length, byte)| ShownPart {
        name,
        media,
        file,
        content: &bytes[byte..byte + length],
    });
    Some((boundary.to_owned(), shown.collect()))
}

/// RFC 2046 §5.1.1, `boundary`: at most 70 of these, no space at the end.
fn is_boundary(text: &str) -> bool {
    let of = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(of) && !text.ends_with(' ')
}
