//! `application/x-www-form-urlencoded`: reading and writing, each member as its Encoding Object says.
//!
//! Sources: WHATWG URL; OpenAPI 3.1 Encoding Object: a style where one is said, else by the kind of the
//! member. Bounds: 10000 fields.

use super::payload::{MOST, broken};
use super::style::{Escape, Fault, Pair, Reader, Writer, is_deep};
use super::{media, text};
use crate::schema::{Kind, Shape};
use crate::{Body, Codec, Got, Part, Payload, Pointer, Style, Violation};
use bytes::Bytes;
use serde_json::Value as Json;

/// Most fields of a form that are read.
const MOST_FIELDS: usize = 10_000;

/// Reads a form, typed by the members its schema names.
pub(super) fn read(body: &Body, text: &str) -> Result<Json, Vec<Violation>> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for (name, value) in text::pairs(text) {
        if pairs.len() >= MOST_FIELDS {
            return Err(vec![broken(body, "size", "at most 10000 fields", Got::Kind("more"), None)]);
        }
        let Some(name) = text::decoded_form(name) else {
            return Err(vec![broken(body, "encoding", "text in UTF-8", Got::Kind("other bytes"), None)]);
        };
        pairs.push((Some(name), value));
    }
    let mut found = Vec::new();
    let mut read = styled(body, &mut pairs, &mut found);
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (name, value) in pairs {
        let (Some(name), Some(value)) = (name, text::decoded_form(value)) else {
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
    let members: std::collections::HashMap<&str, &Shape> =
        body.shape.members().iter().map(|member| (member.name.as_str(), &member.shape)).collect();
    for (name, values) in fields {
        let json = part(body, &name).is_some_and(is_json);
        match typed(members.get(name.as_str()).copied(), json, &values) {
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

fn part<'b>(body: &'b Body, name: &str) -> Option<&'b Part> {
    body.parts.iter().find(|part| part.name == name)
}

/// Whether the member is said to be JSON; a style that is said beats that (OpenAPI 3.1 Encoding Object).
fn is_json(part: &Part) -> bool {
    part.style.is_none() && part.media.first().is_some_and(|media| media::codec(media) == Codec::Json)
}

/// The members that have a style of their own; their pairs are taken away.
fn styled(body: &Body, pairs: &mut Vec<Pair<'_>>, found: &mut Vec<Violation>) -> Vec<(String, Json)> {
    let mut read = Vec::new();
    for part in &body.parts {
        let Some((style, explode, _)) = part.style else { continue };
        let name = part.name.as_str();
        let Some(shape) = body.shape.member(name) else { continue };
        let reader = Reader { name, shape, style, explode, decode: text::decoded_form };
        // What an exploded object without named members would take cannot be told from other members.
        match reader.pairs(pairs, &|_| true) {
            Ok(Some(value)) => read.push((part.name.clone(), value)),
            Ok(None) => continue,
            Err(fault) => found.push(of_body(Some(body), name, *fault)),
        }
        let exploded = explode && style != Style::DeepObject && shape.kind() == Kind::Object;
        pairs.retain(|(own, _)| {
            let own = own.as_deref().unwrap_or_default();
            let member = exploded && shape.member(own).is_some();
            !(member || own == name || (style == Style::DeepObject && is_deep(name, own)))
        });
    }
    read
}

fn of_body(body: Option<&Body>, name: &str, fault: Fault) -> Violation {
    let at = Pointer::root().at(name);
    Violation {
        at: at.join(&fault.at),
        rule: body.map_or_else(Pointer::root, |body| body.at.clone()),
        ..Violation::new(fault.code, fault.expected, fault.got)
    }
}

fn typed(shape: Option<&Shape>, json: bool, values: &[String]) -> Option<Json> {
    // A text that is no JSON stays a text, and the check says so.
    let document = |text: &String| {
        crate::reader::message(text)
            .ok()
            .filter(|(_, twice)| twice.is_empty())
            .map_or_else(|| Json::String(text.clone()), |(value, _)| value)
    };
    match values {
        [only] if json => return Some(document(only)),
        several if json && shape.is_none_or(|shape| shape.allows(Kind::Array)) => {
            return Some(Json::Array(several.iter().map(document).collect()));
        }
        _ => {}
    }
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

/// A form, each member as the Encoding Object says, else by its kind: a plain value, a list of them as
/// several fields, an object as JSON (OpenAPI 3.1 Encoding Object, `contentType`).
pub(super) fn write(body: Option<&Body>, value: &Json, found: &mut Vec<Violation>) -> Payload {
    let Json::Object(members) = value else {
        found.push(Violation::new("type", "an object", crate::schema::kind_of(value)));
        return Payload::Empty;
    };
    let mut pairs = Vec::new();
    for (name, value) in members {
        let part = body.and_then(|body| part(body, name));
        let style = part.and_then(|part| part.style);
        let by_kind = style.is_none();
        let (style, explode, reserved) = style.unwrap_or((Style::Form, true, false));
        let escape = if reserved { Escape::Reserved } else { Escape::Percent };
        let writer = Writer { name, style, explode, escape };
        let text = |value: &Json| Json::String(value.to_string());
        let value = match value {
            value if part.is_some_and(is_json) => text(value),
            Json::Object(_) if by_kind => text(value),
            Json::Array(items) if by_kind => {
                let item = |item: &Json| {
                    if item.is_array() || item.is_object() { text(item) } else { item.clone() }
                };
                Json::Array(items.iter().map(item).collect())
            }
            value => value.clone(),
        };
        match writer.pairs(&value) {
            Ok(more) => pairs.extend(more),
            Err(fault) => found.push(of_body(body, name, *fault)),
        }
    }
    Payload::Bytes(Bytes::from(pairs.join("&")))
}
