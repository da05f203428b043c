//! Writing the body of a request from the value with the empty name and the named members.
//!
//! Source: OpenAPI 3.1, Request Body Object, Media Type Object.

use super::super::multipart::{self, Given};
use super::super::{check, form, media, xml};
use super::broken;
use crate::schema::Kind;
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
    let codec = body.as_ref().map_or(Codec::Json, |body| body.codec);
    let mut files: Vec<Given<'_>> = Vec::new();
    for (_, name, value) in parts {
        if name.is_empty() {
            whole = Some(value);
            continue;
        }
        if codec == Codec::Multipart && matches!(value, Value::Bytes(_) | Value::Later(_)) {
            files.push(Given { name, value });
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
    match codec {
        Codec::Form => {
            announce(fields, "application/x-www-form-urlencoded");
            form::write(body.as_ref(), &value, found)
        }
        Codec::Multipart => parts_of(body.as_ref(), &value, files, fields, found),
        Codec::Xml => {
            announce(fields, concrete.unwrap_or("application/xml"));
            let shape = body.as_ref().map(|body| &body.shape);
            let structured = shape.is_none_or(|shape| shape.kind() != Kind::String);
            match (&value, shape) {
                // A document that is given as it is.
                (Json::String(text), _) if structured && text.trim_start().starts_with('<') => {
                    Payload::Bytes(Bytes::from(text.clone()))
                }
                (_, Some(shape)) => match xml::write(shape, &value) {
                    Ok(text) => Payload::Bytes(Bytes::from(text)),
                    Err(violation) => {
                        found.push(*violation);
                        Payload::Empty
                    }
                },
                (_, None) => Payload::Empty,
            }
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

/// A multipart body; Content-Type has its boundary afterwards. One that is given there is kept.
fn parts_of(
    body: Option<&Body>,
    value: &Json,
    files: Vec<Given<'_>>,
    fields: &mut HeaderMap,
    found: &mut Vec<Violation>,
) -> Payload {
    let Json::Object(members) = value else {
        found.push(*broken(In::Body, "", "type", "an object", crate::schema::kind_of(value)));
        return Payload::Empty;
    };
    let values: Vec<(&String, Value)> =
        members.iter().map(|(name, value)| (name, Value::Json(value.clone()))).collect();
    let mut given: Vec<Given<'_>> = values.iter().map(|(name, value)| Given { name, value }).collect();
    given.extend(files);
    let said = fields.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let own = said.as_deref().is_some_and(|said| media::parameter(said, "boundary").is_some());
    let boundary = match multipart::boundary(fields) {
        Ok(boundary) => Some(boundary),
        Err(violation) if own => {
            found.push(*violation);
            return Payload::Empty;
        }
        Err(_) => None,
    };
    let (payload, boundary) = multipart::write(body, &given, boundary, found);
    if !own {
        let media = body.map(|body| body.media.as_str()).filter(|media| !media.contains('*'));
        let media = said.as_deref().or(media).unwrap_or("multipart/form-data");
        if let Ok(value) = HeaderValue::from_str(&format!("{media}; boundary={boundary}")) {
            fields.insert(header::CONTENT_TYPE, value);
        }
    }
    payload
}

/// The body to write: the one that Content-Type names, else the usual one.
fn chosen(operation: &Operation, said: Option<&str>) -> Option<Body> {
    if let Some(said) = said {
        return media::select(&operation.input, said).map(|body| media::resolved(body, said));
    }
    operation.usual_body().cloned()
}

fn member(body: Option<&Body>, name: &str, value: &Value) -> Result<Json, Box<Violation>> {
    let shape = body.and_then(|body| body.shape.member(name));
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
            let mut wrong =
                broken(In::Body, "", "type", "a value: this body has no files", Got::Kind("bytes"));
            wrong.at = Pointer::root().at(name);
            Err(wrong)
        }
    }
}
