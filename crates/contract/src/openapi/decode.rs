//! Reading values out of a request: parameters by their default styles, the body by its media type.
//!
//! Source: OpenAPI 3.1, Parameter Object, `style` (`simple` for paths and fields, `form` for queries
//! and cookies). Reading is not checking: a text that is no number stays a text.

use super::{payload, text};
use crate::schema::{Kind, Shape};
use crate::{Got, Head, In, Operation, Parameter, Pointer, Value, Values, Violation};
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
    match super::check::declared(&operation.input, fields, &operation.at.at("requestBody")) {
        Ok(body) => match payload::read(&body, bytes) {
            Ok(value) => values.push(In::Body, "", value),
            Err(mut broken) => found.append(&mut broken),
        },
        Err(violation) => found.push(*violation),
    }
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
                raw.map(|raw| simple(parameter, raw, text::decoded)).transpose()
            }
            In::Query => form(parameter, &query, text::decoded_form),
            In::Cookie => form(parameter, &cookies, text::decoded),
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
    Box::new(Violation {
        place: parameter.place,
        name: parameter.name.clone(),
        at: Pointer::root(),
        rule: parameter.at.clone(),
        code,
        expected,
        got,
        byte: None,
    })
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

type Read = Result<Json, Box<Violation>>;
type Decode = fn(&str) -> Option<String>;

fn not_utf8(parameter: &Parameter) -> Box<Violation> {
    violation(parameter, "encoding", "text in UTF-8".to_owned(), Got::Kind("other bytes"))
}

fn shape_of_member(shape: &Shape, name: &str) -> Shape {
    let member = shape.members().iter().find(|member| member.name == name);
    member.map_or_else(|| Shape::anything(shape.at().clone()), |member| member.shape.clone())
}

/// Style `simple`: items and members separated by commas (RFC 6570 §3.2.2).
fn simple(parameter: &Parameter, raw: &str, decode: Decode) -> Read {
    let shape = &parameter.shape;
    let decode = |text: &str| decode(text).ok_or_else(|| not_utf8(parameter));
    match shape.kind() {
        Kind::Array => {
            let items = shape.items();
            let list: Result<Vec<_>, _> =
                raw.split(',').map(|item| Ok(items.read_text(&decode(item)?))).collect();
            list.map(Json::Array)
        }
        Kind::Object => {
            let mut pairs = Vec::new();
            let mut parts = raw.split(',');
            while let Some(part) = parts.next() {
                let (name, value) = match (parameter.explode, part.split_once('=')) {
                    (true, Some(pair)) => pair,
                    (true, None) => (part, ""),
                    (false, _) => (part, parts.next().unwrap_or_default()),
                };
                let name = decode(name)?;
                let value = shape_of_member(shape, &name).read_text(&decode(value)?);
                pairs.push((name, value));
            }
            Ok(text::object(pairs))
        }
        _ => decode(raw).map(|text| shape.read_text(&text)),
    }
}

/// Style `form`: pairs of name and value (RFC 6570 §3.2.8), or commas where it is not exploded.
fn form(
    parameter: &Parameter,
    pairs: &[(Option<String>, &str)],
    decode: Decode,
) -> Result<Option<Json>, Box<Violation>> {
    let shape = &parameter.shape;
    if parameter.explode && shape.kind() == Kind::Object {
        return members(parameter, pairs, decode);
    }
    let mut own =
        pairs.iter().filter(|(name, _)| name.as_deref() == Some(&parameter.name)).map(|(_, raw)| *raw);
    let Some(first) = own.next() else { return Ok(None) };
    let more = own.clone().count();
    let one = |shape: &Shape, raw: &str| match decode(raw) {
        Some(text) => Ok(shape.read_text(&text)),
        None => Err(not_utf8(parameter)),
    };
    // A list, or something that may be one and is given more than once. Nothing at all is said of
    // what is not described: then several are a list too.
    let may = shape.allows(Kind::Array);
    if parameter.explode && (shape.kind() == Kind::Array || (may && more > 0)) {
        let items = shape.items();
        let list: Result<Vec<_>, _> = std::iter::once(first).chain(own).map(|raw| one(&items, raw)).collect();
        return list.map(|list| Some(Json::Array(list)));
    }
    if more > 0 && !shape.is_anything() {
        let got = Got::Length(more + 1, "values");
        return Err(violation(parameter, "duplicate-name", "one value".to_owned(), got));
    }
    if matches!(shape.kind(), Kind::Array | Kind::Object) {
        return simple(parameter, first, decode).map(Some);
    }
    one(shape, first).map(Some)
}

/// An exploded object: its declared members are parameters of their own.
fn members(
    parameter: &Parameter,
    pairs: &[(Option<String>, &str)],
    decode: Decode,
) -> Result<Option<Json>, Box<Violation>> {
    let mut read = Vec::new();
    for member in parameter.shape.members() {
        let mut own = pairs.iter().filter(|(name, _)| name.as_deref() == Some(&member.name));
        let Some((_, raw)) = own.next() else { continue };
        let more = own.count();
        if more > 0 {
            let got = Got::Length(more + 1, "values");
            let mut twice = violation(parameter, "duplicate-name", "one value".to_owned(), got);
            twice.at = twice.at.at(&member.name);
            return Err(twice);
        }
        let text = decode(raw).ok_or_else(|| not_utf8(parameter))?;
        read.push((member.name.clone(), member.shape.read_text(&text)));
    }
    Ok((!read.is_empty()).then(|| text::object(read)))
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
    simple(parameter, &texts.join(","), |text| Some(text.trim().to_owned())).map(Some)
}

/// The pairs of all Cookie fields (RFC 6265 §5.4), still encoded.
fn cookies(fields: &HeaderMap) -> Vec<(Option<String>, &str)> {
    let texts = fields.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (Some(name.to_owned()), value)).collect()
}
