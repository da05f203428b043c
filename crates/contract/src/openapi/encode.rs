//! Making a request from values: the reverse of `decode`.
//!
//! Source: OpenAPI 3.1, Parameter Object. How a value becomes text is in `style`. Values of names that the contract
//! does not declare go along as they are, so that a caller can send what a document forgot.

mod body;

use super::style::{Escape, Fault, Writer};
use super::{content, decode, text};
use crate::{
    Codec, Got, In, Operation, Parameter, PathTemplate, Piece, Request, Style, Value, Values, Violation,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value as Json;

/// Makes the request that carries these values.
///
/// # Errors
/// Missing required values, values that cannot be of their type, and those that cannot be written
/// where they are to stand. Whether values keep to the other rules of their schemas is for
/// [`check_head`](super::check_head) to say.
pub fn encode(operation: &Operation, values: &Values) -> Result<Request, Vec<Violation>> {
    let mut found = Vec::new();
    for parameter in operation.parameters.iter().filter(|one| one.required && one.place != In::Path) {
        let fixed = operation.fixed_value(parameter.place, &parameter.name).is_some();
        if !fixed && given(values, parameter.place, &parameter.name).is_none() {
            found.push(decode::missing(parameter));
        }
    }
    let path = path(operation, values, &mut found);
    let (query, mut fields) = rest(operation, values, &mut found);
    let payload = body::payload(operation, values, &mut fields, &mut found);
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
    Box::new(Violation { place, name: name.to_owned(), ..Violation::new(code, expected, got) })
}

/// The value as JSON, typed by the parameter if there is one.
fn json_of(
    place: In,
    name: &str,
    parameter: Option<&Parameter>,
    value: &Value,
) -> Result<Json, Box<Violation>> {
    let json = match (value, parameter) {
        (Value::Json(json), _) => json.clone(),
        (Value::Text(text), Some(parameter)) => parameter.shape.read_text(text),
        (Value::Text(text), None) => Json::String(text.clone()),
        (Value::Bytes(_) | Value::Later(_), _) => {
            return Err(broken(place, name, "type", "text", Got::Kind("bytes")));
        }
    };
    if let Some(parameter) = parameter.filter(|one| !(one.empty && json == "")) {
        let wrong = parameter.shape.check(&json).into_iter().find(|one| one.code == "type");
        if let Some(wrong) = wrong {
            return Err(Box::new(Violation { place, name: name.to_owned(), ..wrong }));
        }
    }
    Ok(json)
}

/// How a value that the contract may not know is written.
fn writer<'n>(place: In, name: &'n str, parameter: Option<&Parameter>) -> Writer<'n> {
    let style = parameter.map(|one| one.style);
    let default = if matches!(place, In::Query | In::Cookie) { Style::Form } else { Style::Simple };
    let reserved = parameter.is_some_and(|one| one.reserved);
    let escape = match (place, style) {
        (In::Header, _) | (_, Some(Style::Cookie)) => Escape::Not,
        (In::Query, _) if reserved => Escape::Reserved,
        _ => Escape::Percent,
    };
    let explode = parameter.map_or(default == Style::Form, |one| one.explode);
    Writer { name, style: style.unwrap_or(default), explode, escape }
}

/// A fault of writing, told as a violation.
fn told(place: In, name: &str, parameter: Option<&Parameter>, fault: Fault) -> Box<Violation> {
    if let Some(parameter) = parameter {
        fault.of(parameter)
    } else {
        let mut told = broken(place, name, fault.code, fault.expected, fault.got);
        told.at = fault.at;
        told
    }
}

/// The value of a parameter with `content`, as a text.
fn document(place: In, name: &str, codec: Codec, value: &Json) -> Result<String, Box<Violation>> {
    content::write(codec, value)
        .ok_or_else(|| broken(place, name, "nested", "a plain value", Got::Kind("a list or object")))
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
            match in_path(name, rest, parameter, value) {
                Ok(text) => {
                    if text.is_empty() {
                        let got = Got::Length(0, "characters");
                        found.push(*broken(In::Path, name, "empty", "at least 1 character", got));
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

fn in_path(
    name: &str,
    rest: bool,
    parameter: Option<&Parameter>,
    value: &Value,
) -> Result<String, Box<Violation>> {
    let json = json_of(In::Path, name, parameter, value)?;
    if let Some(codec) = parameter.and_then(|one| one.content) {
        return document(In::Path, name, codec, &json).map(|text| text::encoded(&text));
    }
    let mut writer = writer(In::Path, name, parameter);
    if rest {
        writer.escape = Escape::Rest;
    }
    writer.segment(&json).map_err(|fault| told(In::Path, name, parameter, *fault))
}

/// Query, header fields and cookies: the declared ones in the order of the contract, then the others.
fn rest(operation: &Operation, values: &Values, found: &mut Vec<Violation>) -> (Option<String>, HeaderMap) {
    let mut pairs: Vec<String> = Vec::new();
    let mut cookies: Vec<String> = Vec::new();
    let mut fields = HeaderMap::new();
    for fixed in &operation.fixed {
        let Some(value) = &fixed.value else { continue };
        if fixed.place == In::Query {
            let equals = if value.is_empty() { "" } else { "=" };
            pairs.push(format!("{}{equals}{}", text::encoded(&fixed.name), text::encoded(value)));
        } else if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(fixed.name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            fields.append(name, value);
        }
    }
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
        if let Some(fixed) = operation.fixed_value(place, name) {
            let same = json_of(place, name, parameter, value)
                .is_ok_and(|json| text::scalar(&json).is_some_and(|text| text == fixed));
            if !same {
                let expected = format!("`{fixed}`, which the path fixes");
                found.push(*broken(place, name, "fixed", &expected, Got::Kind("another value")));
            }
            continue;
        }
        let written = match place {
            In::Query => pairs_of(place, name, parameter, value).map(|more| pairs.extend(more)),
            In::Cookie => pairs_of(place, name, parameter, value).map(|more| cookies.extend(more)),
            _ => field(name, parameter, value, &mut fields),
        };
        if let Err(violation) = written {
            found.push(*violation);
        }
    }
    match HeaderValue::from_str(&cookies.join("; ")) {
        Ok(value) if !cookies.is_empty() => {
            fields.append(header::COOKIE, value);
        }
        Ok(_) => {}
        // RFC 6265 §4.1.1; only style `cookie` could bring such a character here.
        Err(_) => found.push(*broken(In::Cookie, "", "value", "plain ASCII", Got::Kind("other characters"))),
    }
    ((!pairs.is_empty()).then(|| pairs.join("&")), fields)
}

/// The pairs of one parameter, as they stand in a query or a Cookie field.
fn pairs_of(
    place: In,
    name: &str,
    parameter: Option<&Parameter>,
    value: &Value,
) -> Result<Vec<String>, Box<Violation>> {
    let json = json_of(place, name, parameter, value)?;
    if let Some(codec) = parameter.and_then(|one| one.content) {
        // OpenAPI 3.2, Parameter Object, `in: querystring`: the query is the value, and has no name.
        if let Some(parameter) = parameter.filter(|one| one.style == Style::Whole) {
            return content::write_whole(parameter, codec, &json).map(|text| vec![text]);
        }
        let text = document(place, name, codec, &json)?;
        return Ok(vec![format!("{}={}", text::encoded(name), text::encoded(&text))]);
    }
    let writer = writer(place, name, parameter);
    let pairs = writer.pairs(&json).map_err(|fault| told(place, name, parameter, *fault))?;
    if pairs.is_empty() && parameter.is_some_and(|one| one.required) {
        return Err(broken(place, name, "empty", "at least 1 item", Got::Length(0, "items")));
    }
    // RFC 6265 §4.1.1: what would end the pair, and what a reader trims.
    if writer.escape == Escape::Not && pairs.iter().any(|pair| pair.contains(';') || pair.trim() != pair) {
        return Err(broken(place, name, "value", "text that a cookie can have", Got::Kind("another text")));
    }
    Ok(pairs)
}

fn field(
    name: &str,
    parameter: Option<&Parameter>,
    value: &Value,
    fields: &mut HeaderMap,
) -> Result<(), Box<Violation>> {
    let json = json_of(In::Header, name, parameter, value)?;
    let text = match parameter.and_then(|one| one.content) {
        Some(codec) => document(In::Header, name, codec, &json)?,
        None => writer(In::Header, name, parameter)
            .line(&json)
            .map_err(|fault| told(In::Header, name, parameter, *fault))?,
    };
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
