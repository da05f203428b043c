//! A parameter whose value is a document of its own (`content`): JSON in a query, most of all.
//!
//! Source: OpenAPI 3.1 Parameter Object, `content`. Styles do not count there; codecs other than JSON
//! and text are passed as the text that they are.

use super::{form, text};
use crate::{Body, Codec, Got, Parameter, Payload, Violation, reader};
use serde_json::Value as Json;

/// The text of a value; `None` where its codec has none for it.
pub(super) fn write(codec: Codec, value: &Json) -> Option<String> {
    match codec {
        Codec::Json => Some(value.to_string()),
        _ => text::scalar(value),
    }
}

/// The query as a whole (OpenAPI 3.2 Parameter Object, `in: querystring`): a form as forms are, anything else as
/// its text, percent-encoded.
pub(super) fn write_whole(
    parameter: &Parameter,
    codec: Codec,
    value: &Json,
) -> Result<String, Box<Violation>> {
    if codec == Codec::Form {
        let mut found = Vec::new();
        let payload = form::write(Some(&as_body(parameter)), value, &mut found);
        return match (payload, found.into_iter().next()) {
            (Payload::Bytes(bytes), None) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            (_, wrong) => Err(of_parameter(parameter, wrong)),
        };
    }
    write(codec, value).map(|text| text::encoded(&text)).ok_or_else(|| of_parameter(parameter, None))
}

/// The reverse of [`write_whole`].
pub(super) fn read_whole(parameter: &Parameter, query: &str) -> Result<Json, Box<Violation>> {
    let codec = parameter.content.unwrap_or(Codec::Text);
    if codec == Codec::Form {
        let read = form::read(&as_body(parameter), query);
        return read.map_err(|found| of_parameter(parameter, found.into_iter().next()));
    }
    let text = text::decoded(query).ok_or_else(|| super::decode::not_utf8(parameter))?;
    read(parameter, codec, &text)
}

fn as_body(parameter: &Parameter) -> Body {
    Body {
        media: "application/x-www-form-urlencoded".to_owned(),
        codec: Codec::Form,
        shape: parameter.shape.clone(),
        items: None,
        parts: Vec::new(),
        at: parameter.at.clone(),
    }
}

fn of_parameter(parameter: &Parameter, wrong: Option<Violation>) -> Box<Violation> {
    let told = super::decode::violation(
        parameter,
        "nested",
        "a plain value".to_owned(),
        Got::Kind("a list or object"),
    );
    match wrong {
        Some(wrong) => Box::new(Violation { place: told.place, name: told.name, ..wrong }),
        None => told,
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
