//! Reading values out of a request: parameters by their styles, the body by its media type.
//!
//! Source: OpenAPI 3.1, Parameter Object. How a text is read is in `style`. Reading is not checking: a text that is no number stays a text.

use super::style::{Pair, Reader, is_deep};
use super::{content, multipart, payload, text};
use crate::schema::{Kind, Shape};
use crate::{Body, Codec, Got, Head, In, Operation, Parameter, Style, Value, Values, Violation};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use serde_json::Value as Json;

/// Reads the values out of a request: parameters by their styles, the body by its media type.
///
/// A query parameter or field that the contract does not declare is left out; names of the body are
/// in the one value with the empty name.
///
/// # Errors
/// What could not be read as the contract declares it, and what is missing.
pub fn decode(operation: &Operation, head: &Head<'_>, body: Option<&[u8]>) -> Result<Values, Vec<Violation>> {
    let (mut values, mut found) = parameters(operation, head);
    match body {
        Some(bytes) if !bytes.is_empty() => {
            decode_body(operation, head.fields, bytes, &mut values, &mut found);
        }
        _ if operation.input_required => found.push(super::check::missing_body(operation)),
        _ => {}
    }
    if found.is_empty() { Ok(values) } else { Err(found) }
}

fn decode_body(
    operation: &Operation,
    fields: &HeaderMap,
    bytes: &[u8],
    values: &mut Values,
    found: &mut Vec<Violation>,
) {
    if operation.input.is_empty() {
        return;
    }
    match super::check::declared(&operation.input, fields, || operation.at.at("requestBody")) {
        Ok(body) if body.codec == Codec::Multipart => match multipart_body(&body, fields, bytes, values) {
            Ok(()) => {}
            Err(mut broken) => found.append(&mut broken),
        },
        Ok(body) => match payload::read(&body, None, bytes) {
            Ok(value) => values.push(In::Body, "", value),
            Err(mut broken) => found.append(&mut broken),
        },
        Err(violation) => found.push(*violation),
    }
}

/// A multipart body: its values are one object, and what is no text stands beside it by name.
fn multipart_body(
    body: &Body,
    fields: &HeaderMap,
    bytes: &[u8],
    values: &mut Values,
) -> Result<(), Vec<Violation>> {
    let boundary = multipart::boundary(fields).map_err(|violation| vec![*violation])?;
    let body = &*multipart::as_way(body, &boundary, bytes);
    let (mut plain, mut rest) = (Vec::new(), Vec::new());
    for (name, content) in multipart::read(body, &boundary, bytes)? {
        match content {
            multipart::Content::Bytes(bytes) if !name.is_empty() => {
                rest.push((In::Body, name, Value::Bytes(Bytes::copy_from_slice(bytes))));
            }
            content => plain.push((name, content)),
        }
    }
    if let Some(value) = multipart::value(body, plain)? {
        values.push(In::Body, "", Value::Json(value));
    } else {
        values.push(In::Body, "", Value::Bytes(Bytes::copy_from_slice(bytes)));
        return Ok(());
    }
    values.0.extend(rest);
    Ok(())
}

/// Reads every declared parameter that is there; says which required ones are not.
pub(super) fn parameters(operation: &Operation, head: &Head<'_>) -> (Values, Vec<Violation>) {
    let mut values = Values::default();
    let mut found = Vec::new();
    let captured = operation.template().capture(head.path).unwrap_or_default();
    let query: Vec<(Option<String>, &str)> = text::pairs(head.query.unwrap_or_default())
        .map(|(name, value)| (text::decoded_form(name), value))
        .collect();
    let cookies = cookies(head.fields);
    for parameter in &operation.parameters {
        let read = match parameter.place {
            In::Path => {
                let raw = captured.iter().find(|(name, _)| *name == parameter.name).map(|(_, raw)| *raw);
                raw.map(|raw| segment(parameter, raw)).transpose()
            }
            In::Query if parameter.style == Style::Whole => {
                head.query.map(|query| content::read_whole(parameter, query)).transpose()
            }
            In::Query => pairs(operation, parameter, &query, text::decoded_form),
            In::Cookie if parameter.style == Style::Cookie => {
                pairs(operation, parameter, &cookies, |text| Some(text.to_owned()))
            }
            In::Cookie => pairs(operation, parameter, &cookies, text::decoded),
            In::Header => field(parameter, head.fields),
            In::Body | In::Status => Ok(None),
        };
        match read {
            Ok(Some(value)) => values.push(parameter.place, parameter.name.clone(), Value::Json(value)),
            Ok(None) if parameter.required => found.push(missing(parameter)),
            Ok(None) => {}
            Err(violation) => found.push(*violation),
        }
    }
    (values, found)
}

/// A violation of a parameter as a whole.
pub(super) fn violation(
    parameter: &Parameter,
    code: &'static str,
    expected: String,
    got: Got,
) -> Box<Violation> {
    let Parameter { place, name, at, .. } = parameter;
    let (name, rule) = (name.clone(), at.clone());
    Box::new(Violation { place: *place, name, rule, ..Violation::new(code, expected, got) })
}

/// What says that a required parameter is not there.
pub(super) fn missing(parameter: &Parameter) -> Violation {
    let mut violation =
        *violation(parameter, "required", kind_word(&parameter.shape).to_owned(), Got::Missing);
    violation.rule = parameter.at.at("required");
    violation
}

fn kind_word(shape: &Shape) -> &'static str {
    match shape.kind() {
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::Array => "a list",
        Kind::Object => "an object",
        Kind::Any => "a value",
    }
}

type Read<T> = Result<T, Box<Violation>>;
type Decode = fn(&str) -> Option<String>;

pub(super) fn not_utf8(parameter: &Parameter) -> Box<Violation> {
    violation(parameter, "encoding", "text in UTF-8".to_owned(), Got::Kind("other bytes"))
}

fn reader(parameter: &Parameter, decode: Decode) -> Reader<'_> {
    let Parameter { name, shape, style, explode, .. } = parameter;
    Reader { name, shape, style: *style, explode: *explode, decode }
}

fn segment(parameter: &Parameter, raw: &str) -> Read<Json> {
    if let Some(codec) = parameter.content {
        let text = text::decoded(raw).ok_or_else(|| not_utf8(parameter))?;
        return content::read(parameter, codec, &text);
    }
    reader(parameter, text::decoded).segment(raw).map_err(|fault| fault.of(parameter))
}

fn pairs(
    operation: &Operation,
    parameter: &Parameter,
    pairs: &[Pair<'_>],
    decode: Decode,
) -> Read<Option<Json>> {
    let mut own = pairs.iter().filter(|(name, _)| name.as_deref() == Some(&parameter.name));
    if let Some(codec) = parameter.content {
        let Some((_, raw)) = own.next() else { return Ok(None) };
        let more = own.count();
        if more > 0 {
            let got = Got::Length(more + 1, "values");
            return Err(violation(parameter, "duplicate-name", "one value".to_owned(), got));
        }
        let text = decode(raw).ok_or_else(|| not_utf8(parameter))?;
        return content::read(parameter, codec, &text).map(Some);
    }
    // OpenAPI 3.1 Parameter Object, `allowEmptyValue`: then the schema is not asked.
    if parameter.empty && own.next().is_some_and(|(_, raw)| raw.is_empty()) && own.next().is_none() {
        return Ok(Some(Json::String(String::new())));
    }
    let others = |name: &str| operation.parameters.iter().any(|other| claims(other, parameter, name));
    reader(parameter, decode).pairs(pairs, &others).map_err(|fault| fault.of(parameter))
}

/// Whether `other` is what a name means that could be one of `parameter`'s members.
fn claims(other: &Parameter, parameter: &Parameter, name: &str) -> bool {
    if other.place != parameter.place || other.name == parameter.name {
        return false;
    }
    match other.style {
        Style::DeepObject => is_deep(&other.name, name),
        _ if other.explode && other.shape.kind() == Kind::Object => other.shape.member(name).is_some(),
        _ => other.name == name,
    }
}

/// A header field; several of one name are one list (RFC 9110 §5.2). Nothing is percent-encoded.
pub(super) fn field(parameter: &Parameter, fields: &HeaderMap) -> Result<Option<Json>, Box<Violation>> {
    let Ok(name) = HeaderName::from_bytes(parameter.name.as_bytes()) else { return Ok(None) };
    let mut texts = Vec::new();
    for value in fields.get_all(name) {
        texts.push(std::str::from_utf8(value.as_bytes()).map_err(|_| not_utf8(parameter))?.trim());
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let text = texts.join(",");
    if let Some(codec) = parameter.content {
        return content::read(parameter, codec, &text).map(Some);
    }
    let read = reader(parameter, |text| Some(text.trim().to_owned())).line(&text);
    read.map(Some).map_err(|fault| fault.of(parameter))
}

/// The pairs of all Cookie fields (RFC 6265 §5.4), still encoded.
fn cookies(fields: &HeaderMap) -> Vec<(Option<String>, &str)> {
    let texts = fields.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (Some(name.to_owned()), value)).collect()
}
