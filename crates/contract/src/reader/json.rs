//! Parsing a document's JSON (RFC 8259).

use super::{Fault, MAX_JSON_DEPTH, tree};
use crate::Span;
use serde::de::DeserializeSeed;
use serde_json::Value;

/// Parses `text`; a byte order mark before it is passed over (RFC 8259 §8.1 lets a parser do so).
/// `stays`: as [`tree::Tree`] has it.
pub(super) fn parse(text: &str, notes: &mut tree::Notes, stays: bool) -> Result<Value, Fault> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_str(body);
    let fault = |error: serde_json::Error| {
        let start = text.len() - body.len() + byte_at(body, error.line(), error.column());
        let at = Span { start, end: start };
        let words = error.to_string();
        let why = words.split(" at line ").next().unwrap_or_default().to_owned();
        if why.starts_with("recursion limit") {
            return Fault::TooLarge { why: format!("nested deeper than {MAX_JSON_DEPTH}"), at };
        }
        Fault::Syntax { why, at }
    };
    let value = tree::Tree { notes, stays, json: true }.deserialize(&mut reader).map_err(fault)?;
    reader.end().map_err(fault)?;
    Ok(value)
}

/// The byte that a reader means by a line (from 1) and a column of bytes (from 1).
pub(crate) fn byte_at(text: &str, line: usize, column: usize) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match memchr::memchr(b'\n', &text.as_bytes()[start..]) {
            Some(end) => start += end + 1,
            None => break,
        }
    }
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
