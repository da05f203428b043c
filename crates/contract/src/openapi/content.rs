//! A parameter whose value is a document of its own (`content`): JSON in a query, most of all.
//!
//! Source: OpenAPI 3.1 Parameter Object, `content`. Styles do not count there; codecs other than JSON
//! and text are passed as the text that they are.

use super::text;
use crate::{Codec, Got, Parameter, Violation, reader};
use serde_json::Value as Json;

/// The text of a value; `None` where its codec has none for it.
pub(super) fn write(codec: Codec, value: &Json) -> Option<String> {
    match codec {
        Codec::Json => Some(value.to_string()),
        _ => text::scalar(value),
    }
}

/// The value of a text that is no longer encoded.
pub(super) fn read(parameter: &Parameter, codec: Codec, text: &str) -> Result<Json, Box<Violation>> {
    if codec != Codec::Json {
        return Ok(parameter.shape.read_text(text));
    }
    let wrong =
        |code, expected: &str, got| super::decode::violation(parameter, code, expected.to_owned(), got);
    match reader::message(text) {
        Ok((value, twice)) => match twice.into_iter().next() {
            None => Ok(value),
            Some(at) => {
                let mut twice = wrong("duplicate-name", "a name that stands once", Got::Kind("it twice"));
                twice.at = at;
                Err(twice)
            }
        },
        Err(fault) if fault.too_deep => {
            Err(wrong("depth", "nesting of at most 127", Got::Kind("something deeper")))
        }
        Err(_) => Err(wrong("syntax", "valid JSON", Got::Kind("something else"))),
    }
}
