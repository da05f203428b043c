//! Writing the body of a request from the value with the empty name and the named members.
//!
//! Source: OpenAPI 3.1, Request Body Object, Media Type Object.

use super::super::{check, form, media};
use super::broken;
use crate::schema::{Kind, Shape};
use crate::{Body, Codec, Got, In, Operation, Payload, Pointer, Value, Values, Violation};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value as Json};

/// The body: the value with the empty name, and the named members put into it.
pub(super) fn payload(
    operation: &Operation,
    values: &Values,
    fields: &mut HeaderMap,
    found: &mut Vec<Violation>,
) -> Payload {
    let mut parts = values.0.iter().filter(|(place, _, _)| *place == In::Body).peekable();
    if parts.peek().is_none() {
        if operation.input_required {
            found.push(check::missing_body(operation));
        }
        return Payload::Empty;
    }
    let said = fields.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(media::bare);
    let body = chosen(operation, said.as_deref());
    let mut whole: Option<&Value> = None;
    let mut members = Map::new();
    for (_, name, value) in parts {
        if name.is_empty() {
            whole = Some(value);
            continue;
        }
        match member(body.as_ref(), name, value) {
            Ok(value) => {
                members.insert(name.clone(), value);
            }
            Err(violation) => found.push(*violation),
        }
    }
    let announce = |fields: &mut HeaderMap, media: &str| {
        if let (None, Ok(value)) = (&said, HeaderValue::from_str(media)) {
            fields.insert(header::CONTENT_TYPE, value);
        }
    };
    let concrete = body.as_ref().map(|body| body.media.as_str()).filter(|media| !media.contains('*'));
    let value = match whole {
        Some(Value::Bytes(bytes)) => {
            announce(fields, concrete.unwrap_or("application/octet-stream"));
            return Payload::Bytes(bytes.clone());
        }
        Some(Value::Later(source)) => {
            announce(fields, source.media.as_deref().or(concrete).unwrap_or("application/octet-stream"));
            return Payload::Later(source.clone());
        }
        Some(Value::Json(Json::Object(object))) => {
            let mut object = object.clone();
            object.extend(members);
            Json::Object(object)
        }
        Some(Value::Json(json)) => json.clone(),
        Some(Value::Text(text)) => {
            body.as_ref().map_or_else(|| Json::String(text.clone()), |body| body.shape.read_text(text))
        }
        None => Json::Object(members),
    };
    let codec = body.as_ref().map_or(Codec::Json, |body| body.codec);
    match codec {
        Codec::Form => {
            announce(fields, "application/x-www-form-urlencoded");
            form::write(body.as_ref(), &value, found)
        }
        Codec::Multipart | Codec::Xml => {
            let expected =
                if codec == Codec::Xml { "a body in XML, as text" } else { "a multipart body, as bytes" };
            if let (Codec::Xml, Json::String(text)) = (codec, &value) {
                announce(fields, concrete.unwrap_or("application/xml"));
                return Payload::Bytes(Bytes::from(text.clone()));
            }
            let words = format!("{expected}: making one from values is not built yet");
            found.push(*broken(In::Body, "", "not-built-yet", &words, Got::Kind("values")));
            Payload::Empty
        }
        Codec::Text | Codec::Opaque => match value {
            Json::String(text) => {
                announce(fields, concrete.unwrap_or("text/plain"));
                Payload::Bytes(Bytes::from(text))
            }
            value => {
                announce(fields, concrete.unwrap_or("application/json"));
                Payload::Bytes(Bytes::from(value.to_string()))
            }
        },
        Codec::Json => {
            announce(fields, concrete.unwrap_or("application/json"));
            Payload::Bytes(Bytes::from(value.to_string()))
        }
    }
}

/// The body to write: the one that Content-Type names, else the first in JSON, else the first form, else the first.
fn chosen(operation: &Operation, said: Option<&str>) -> Option<Body> {
    if let Some(said) = said {
        return media::select(&operation.input, said).map(|body| media::resolved(body, said));
    }
    let first = |codec: Codec| operation.input.iter().find(|body| body.codec == codec);
    first(Codec::Json).or_else(|| first(Codec::Form)).or_else(|| operation.input.first()).cloned()
}

fn member(body: Option<&Body>, name: &str, value: &Value) -> Result<Json, Box<Violation>> {
    let shape = body.and_then(|body| body.shape.members().iter().find(|member| member.name == name));
    let shape: Option<&Shape> = shape.map(|member| &member.shape);
    match value {
        Value::Json(json) => Ok(json.clone()),
        Value::Text(text) => Ok(match shape {
            // In a form one text may be one item of a list.
            Some(shape) if shape.kind() == Kind::Array && !text.starts_with('[') => {
                Json::Array(text.split(',').map(|item| shape.items().read_text(item)).collect())
            }
            Some(shape) => shape.read_text(text),
            None => Json::String(text.clone()),
        }),
        Value::Bytes(_) | Value::Later(_) => {
            let mut wrong = broken(
                In::Body,
                "",
                "not-built-yet",
                "a value: files in members are not built yet",
                Got::Kind("bytes"),
            );
            wrong.at = Pointer::root().at(name);
            Err(wrong)
        }
    }
}
