//! Bodies: reading and checking JSON and forms.
//!
//! Sources: RFC 8259 §4 and RFC 7493 §2.3 (a name that stands twice is refused), §2.1 (UTF-8);
//! WHATWG URL for forms. Numbers of 64 bits stay exact. Other codecs are passed on as bytes.

use super::text;
use crate::schema::{Kind, Shape};
use crate::{Body, Codec, Got, In, Pointer, Report, Value, Violation, reader};
use bytes::Bytes;
use serde_json::Value as Json;

/// Most violations that are told of one body.
const MOST: usize = 100;

/// Most fields of a form that are read.
const MOST_FIELDS: usize = 10_000;

pub(crate) fn check_body(body: &Body, bytes: &[u8]) -> Report {
    match read(body, bytes) {
        Ok(Value::Json(value)) => {
            let found = body.shape.check(&value);
            Report { found, value: Some(value), cut: false }
        }
        Ok(_) => Report::default(),
        Err(found) => Report { found, value: None, cut: false },
    }
}

/// Reads a body by its codec.
pub(super) fn read(body: &Body, bytes: &[u8]) -> Result<Value, Vec<Violation>> {
    match body.codec {
        Codec::Json => json(body, bytes).map(Value::Json),
        Codec::Form => form(body, bytes).map(Value::Json),
        Codec::Text | Codec::Multipart | Codec::Xml | Codec::Opaque => {
            Ok(Value::Bytes(Bytes::copy_from_slice(bytes)))
        }
    }
}

fn broken(body: &Body, code: &'static str, expected: &str, got: Got, byte: Option<usize>) -> Violation {
    Violation {
        place: In::Body,
        name: String::new(),
        at: Pointer::root(),
        rule: body.at.clone(),
        code,
        expected: expected.to_owned(),
        got,
        byte,
    }
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

/// A form, typed by the members its schema names.
fn form(body: &Body, bytes: &[u8]) -> Result<Json, Vec<Violation>> {
    let text = utf8(body, bytes)?;
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (index, (name, value)) in text::pairs(text).enumerate() {
        if index >= MOST_FIELDS {
            return Err(vec![broken(body, "size", "at most 10000 fields", Got::Kind("more"), None)]);
        }
        let (Some(name), Some(value)) = (text::decoded_form(name), text::decoded_form(value)) else {
            return Err(vec![broken(body, "encoding", "text in UTF-8", Got::Kind("other bytes"), None)]);
        };
        if let Some(place) = places.get(&name) {
            let (_, values): &mut (String, Vec<String>) = &mut fields[*place];
            values.push(value);
        } else {
            places.insert(name.clone(), fields.len());
            fields.push((name, vec![value]));
        }
    }
    let members = body.shape.members();
    let mut read = Vec::with_capacity(fields.len());
    let mut found = Vec::new();
    for (name, values) in fields {
        let shape = members.iter().find(|member| member.name == name).map(|member| &member.shape);
        match typed(shape, &values) {
            Some(value) => read.push((name, value)),
            None if found.len() < MOST => {
                let twice =
                    broken(body, "duplicate-name", "one value", Got::Length(values.len(), "values"), None);
                found.push(Violation { at: Pointer::root().at(&name), ..twice });
            }
            None => {}
        }
    }
    if found.is_empty() { Ok(text::object(read)) } else { Err(found) }
}

fn typed(shape: Option<&Shape>, values: &[String]) -> Option<Json> {
    let list = |shape: &Shape| {
        let items = shape.items();
        Json::Array(values.iter().map(|text| items.read_text(text)).collect())
    };
    match (shape, values) {
        (Some(shape), _) if shape.kind() == Kind::Array => Some(list(shape)),
        (Some(shape), [only]) => Some(shape.read_text(only)),
        (Some(shape), _) if shape.allows(Kind::Array) => Some(list(shape)),
        (Some(_), _) => None,
        (None, [only]) => Some(Json::String(only.clone())),
        (None, _) => Some(Json::Array(values.iter().cloned().map(Json::String).collect())),
    }
}
