//! Making a request from values: the reverse of `decode`.
//!
//! Source: OpenAPI 3.1, Parameter Object, `style`; RFC 6570 §3.2. Values of names that the contract
//! does not declare go along as they are, so that a caller can send what a document forgot.

use super::text::{self, Texts};
use super::{check, decode, media};
use crate::schema::{Kind, Shape};
use crate::{
    Body, Codec, Got, In, Operation, Parameter, PathTemplate, Payload, Piece, Pointer, Request, Value,
    Values, Violation,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Map, Value as Json};

/// Makes the request that carries these values.
///
/// # Errors
/// Missing required values, values that cannot be of their type, and those that cannot be written
/// where they are to stand. Whether values keep to the other rules of their schemas is for
/// [`check_head`](super::check_head) to say.
pub fn encode(operation: &Operation, values: &Values) -> Result<Request, Vec<Violation>> {
    let mut found = Vec::new();
    for parameter in operation.parameters.iter().filter(|one| one.required && one.place != In::Path) {
        if given(values, parameter.place, &parameter.name).is_none() {
            found.push(decode::missing(parameter));
        }
    }
    let path = path(operation, values, &mut found);
    let (query, mut fields) = rest(operation, values, &mut found);
    let payload = payload(operation, values, &mut fields, &mut found);
    if found.is_empty() {
        return Ok(Request { method: operation.method().clone(), path, query, fields, payload });
    }
    Err(found)
}

fn given<'v>(values: &'v Values, place: In, name: &str) -> Option<&'v Value> {
    let same = |called: &str| called == name || (place == In::Header && called.eq_ignore_ascii_case(name));
    values.0.iter().find(|(at, called, _)| *at == place && same(called)).map(|(_, _, value)| value)
}

fn broken(place: In, name: &str, code: &'static str, expected: &str, got: Got) -> Box<Violation> {
    Box::new(Violation {
        place,
        name: name.to_owned(),
        at: Pointer::root(),
        rule: Pointer::root(),
        code,
        expected: expected.to_owned(),
        got,
        byte: None,
    })
}

/// The value as texts, typed by the parameter if there is one.
fn texts(
    place: In,
    name: &str,
    parameter: Option<&Parameter>,
    value: &Value,
) -> Result<Texts, Box<Violation>> {
    let json = match (value, parameter) {
        (Value::Json(json), _) => json.clone(),
        (Value::Text(text), Some(parameter)) => parameter.shape.read_text(text),
        (Value::Text(text), None) => Json::String(text.clone()),
        (Value::Bytes(_) | Value::Later(_), _) => {
            return Err(broken(place, name, "type", "text", Got::Kind("bytes")));
        }
    };
    if let Some(parameter) = parameter {
        let wrong = parameter.shape.check(&json).into_iter().find(|one| one.code == "type");
        if let Some(wrong) = wrong {
            return Err(Box::new(Violation { place, name: name.to_owned(), ..wrong }));
        }
    }
    text::texts(&json).ok_or_else(|| {
        broken(place, name, "nested", "a list or object of plain values", Got::Kind("a deeper one"))
    })
}

/// Joins texts by the rules of style `simple` (RFC 6570 §3.2.2).
fn simple(texts: Texts, explode: bool, write: impl Fn(&str) -> String) -> String {
    match texts {
        Texts::One(text) => write(&text),
        Texts::List(items) => items.iter().map(|item| write(item)).collect::<Vec<_>>().join(","),
        Texts::Members(members) => {
            let gap = if explode { '=' } else { ',' };
            let pair = |(name, value): &(String, String)| format!("{}{gap}{}", write(name), write(value));
            members.iter().map(pair).collect::<Vec<_>>().join(",")
        }
    }
}

fn path(operation: &Operation, values: &Values, found: &mut Vec<Violation>) -> String {
    let template: &PathTemplate = operation.template();
    let mut path = String::new();
    for segment in template.segments() {
        let start = path.len();
        path.push('/');
        for piece in &segment.0 {
            let (name, rest) = match piece {
                Piece::Literal(literal) => {
                    path.push_str(literal);
                    continue;
                }
                Piece::Parameter(name) => (name, false),
                Piece::Rest(name) => (name, true),
            };
            let parameter =
                operation.parameters.iter().find(|one| one.place == In::Path && one.name == *name);
            let Some(value) = given(values, In::Path, name) else {
                found.push(match parameter {
                    Some(parameter) => decode::missing(parameter),
                    None => *broken(In::Path, name, "required", "a value", Got::Missing),
                });
                continue;
            };
            match texts(In::Path, name, parameter, value) {
                Ok(texts) => {
                    let write = if rest { text::encoded_rest } else { text::encoded };
                    let text = simple(texts, parameter.is_some_and(|one| one.explode), write);
                    if text.is_empty() {
                        found.push(*broken(
                            In::Path,
                            name,
                            "empty",
                            "at least 1 character",
                            Got::Length(0, "characters"),
                        ));
                    }
                    path.push_str(&text);
                }
                Err(violation) => found.push(*violation),
            }
        }
        // RFC 3986 §5.2.4: such a segment would be taken away, and another path be called.
        let dots = path[start..].split('/').any(|segment| segment == "." || segment == "..");
        if let (true, Some(Piece::Parameter(name) | Piece::Rest(name))) = (dots, segment.0.first()) {
            found.push(*broken(
                In::Path,
                name,
                "dots",
                "something else than `.` or `..`",
                Got::Kind("just that"),
            ));
        }
    }
    path
}

/// Query, header fields and cookies: the declared ones in the order of the contract, then the others.
fn rest(operation: &Operation, values: &Values, found: &mut Vec<Violation>) -> (Option<String>, HeaderMap) {
    let mut pairs: Vec<String> = Vec::new();
    let mut cookies: Vec<String> = Vec::new();
    let mut fields = HeaderMap::new();
    let declared = operation.parameters.iter().filter_map(|one| {
        Some((one.place, one.name.as_str(), Some(one), given(values, one.place, &one.name)?))
    });
    let known = |place: In, name: &str| {
        let mut all = operation.parameters.iter().filter(|one| one.place == place);
        all.any(|one| one.name == name || (place == In::Header && one.name.eq_ignore_ascii_case(name)))
    };
    let other = values.0.iter().filter(|(place, name, _)| !known(*place, name));
    let other = other.map(|(place, name, value)| (*place, name.as_str(), None, value));
    for (place, name, parameter, value) in declared.chain(other) {
        if !matches!(place, In::Query | In::Header | In::Cookie) {
            continue;
        }
        let texts = match texts(place, name, parameter, value) {
            Ok(texts) => texts,
            Err(violation) => {
                found.push(*violation);
                continue;
            }
        };
        let explode = parameter.is_none_or(|one| one.explode);
        match place {
            In::Query => form(name, texts, explode, &mut pairs),
            In::Cookie => form(name, texts, explode, &mut cookies),
            _ => {
                if let Err(violation) = field(name, texts, parameter, &mut fields) {
                    found.push(*violation);
                }
            }
        }
    }
    if !cookies.is_empty()
        && let Ok(value) = HeaderValue::from_str(&cookies.join("; "))
    {
        fields.append(header::COOKIE, value);
    }
    ((!pairs.is_empty()).then(|| pairs.join("&")), fields)
}

/// Style `form` (RFC 6570 §3.2.8).
fn form(name: &str, texts: Texts, explode: bool, pairs: &mut Vec<String>) {
    let mut add =
        |name: &str, value: &str| pairs.push(format!("{}={}", text::encoded(name), text::encoded(value)));
    match texts {
        Texts::One(text) => add(name, &text),
        Texts::List(items) if explode => items.iter().for_each(|item| add(name, item)),
        Texts::Members(members) if explode => members.iter().for_each(|(name, value)| add(name, value)),
        joined => pairs.push(format!("{}={}", text::encoded(name), simple(joined, false, text::encoded))),
    }
}

fn field(
    name: &str,
    texts: Texts,
    parameter: Option<&Parameter>,
    fields: &mut HeaderMap,
) -> Result<(), Box<Violation>> {
    let comma = match &texts {
        Texts::One(_) => false,
        Texts::List(items) => items.iter().any(|item| item.contains(',')),
        Texts::Members(members) => {
            members.iter().any(|(name, value)| name.contains(',') || value.contains(','))
        }
    };
    if comma {
        return Err(broken(
            In::Header,
            name,
            "comma",
            "items without a comma",
            Got::Kind("one with a comma"),
        ));
    }
    let text = simple(texts, parameter.is_some_and(|one| one.explode), str::to_owned);
    let Ok(key) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(broken(
            In::Header,
            name,
            "name",
            "the name of a header field",
            Got::Kind("something else"),
        ));
    };
    // RFC 9110 §5.5: no control characters; outside ASCII the bytes are opaque.
    let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else {
        return Err(broken(
            In::Header,
            name,
            "value",
            "text without control characters",
            Got::Kind("some of them"),
        ));
    };
    fields.append(key, value);
    Ok(())
}

/// The body: the value with the empty name, and the named members put into it.
fn payload(
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
            written_form(&value, found)
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

fn written_form(value: &Json, found: &mut Vec<Violation>) -> Payload {
    let Json::Object(members) = value else {
        found.push(*broken(In::Body, "", "type", "an object", crate::schema::kind_of(value)));
        return Payload::Empty;
    };
    let mut pairs = Vec::new();
    for (name, value) in members {
        if let Some(texts @ (Texts::One(_) | Texts::List(_))) = text::texts(value) {
            form(name, texts, true, &mut pairs);
        } else {
            let wrong = broken(
                In::Body,
                "",
                "nested",
                "a plain value or a list of them",
                crate::schema::kind_of(value),
            );
            found.push(Violation { at: Pointer::root().at(name), ..*wrong });
        }
    }
    Payload::Bytes(Bytes::from(pairs.join("&")))
}
