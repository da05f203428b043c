//! What a place of a message can carry: a value that comes out of it as it went in.

use super::Want;
use crate::openapi::text;
use crate::{Body, In, Parameter, Shape, Style};
use serde_json::Value as Json;

/// Tries of a form before there is none.
const TRIES: u64 = 8;

/// A value that a form can say: what it cannot say and need not be there is left out.
pub(super) fn form(body: &Body, seed: u64, want: Want) -> Option<Json> {
    let tries = (0..TRIES).map(|turn| (seed.wrapping_add(turn << 40), want));
    // Where nothing else goes: with everything that may be there, less what cannot be said.
    let plain = (0..TRIES).map(|turn| (seed.wrapping_add(turn << 40), Want::Plain));
    tries.chain(plain).find_map(|(seed, want)| {
        let mut value = body.shape.sample(seed, want)?;
        pruned(body, &mut value);
        (is_form(body, &value) && body.shape.takes(&value)).then_some(value)
    })
}

/// Whether a form can say this object.
pub(super) fn is_form(body: &Body, value: &Json) -> bool {
    value.as_object().is_some_and(|members| members.iter().all(|(name, value)| says(body, name, value)))
}

/// The style that a member of a form has, if one is said.
fn style(body: &Body, name: &str) -> Option<Style> {
    body.parts.iter().find(|part| part.name == name).and_then(|part| part.style).map(|(style, ..)| style)
}

/// Whether a form can say this member: nothing empty, in a style what the style has texts for, and a text that
/// is read as what it was.
fn says(body: &Body, name: &str, value: &Json) -> bool {
    let style = style(body, name);
    match value {
        Json::Null => false,
        _ if style == Some(Style::DeepObject) && !is_plain(value) => is_deep(value),
        Json::Array(items) => !items.is_empty() && (style.is_none() || items.iter().all(is_plain)),
        Json::Object(below) => style.is_none() || !below.is_empty() && below.values().all(is_plain),
        plain => {
            let read = |shape: &Shape| text::scalar(plain).map(|text| shape.read_text(&text));
            body.shape.member(name).is_none_or(|shape| read(shape).is_some_and(|read| shape.takes(&read)))
        }
    }
}

/// What names with brackets say: nothing that is empty, however deep it is.
fn is_deep(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Array(items) => !items.is_empty() && items.iter().all(is_deep),
        Json::Object(below) => {
            let name = |name: &String| !name.is_empty() && !name.contains(['[', ']']);
            !below.is_empty() && below.iter().all(|(own, value)| name(own) && is_deep(value))
        }
        _ => true,
    }
}

/// Leaves out what the form cannot say, in members that are styled objects too.
fn pruned(body: &Body, value: &mut Json) {
    let Some(members) = value.as_object_mut() else { return };
    for (name, value) in members.iter_mut() {
        match (style(body, name), &mut *value) {
            (Some(Style::DeepObject), value) => deeply(value),
            (Some(_), Json::Object(below)) => below.retain(|_, value| is_plain(value)),
            _ => {}
        }
    }
    members.retain(|name, value| says(body, name, value));
}

fn deeply(value: &mut Json) {
    match value {
        Json::Object(below) => {
            below.values_mut().for_each(deeply);
            below.retain(|_, value| is_deep(value));
        }
        Json::Array(items) => {
            items.iter_mut().for_each(deeply);
            items.retain(is_deep);
        }
        _ => {}
    }
}

const fn is_plain(value: &Json) -> bool {
    !matches!(value, Json::Array(_) | Json::Object(_) | Json::Null)
}

/// Whether the place of a parameter can carry this value, so that it comes out as it went in.
pub(super) fn carries(parameter: &Parameter, value: &Json) -> bool {
    if parameter.content.is_some() {
        return true;
    }
    let says = |value: &Json| {
        text::scalar(value).is_some_and(|text| {
            let bare = !text.is_empty() && text.trim() == text;
            let dots = parameter.place == In::Path && (text == "." || text == "..");
            let field = parameter.place != In::Header || text.chars().all(|one| (' '..='~').contains(&one));
            bare && !dots && field
        })
    };
    // Between commas a comma is none.
    let item = |value: &Json| {
        let comma =
            parameter.place == In::Header && text::scalar(value).is_some_and(|text| text.contains(','));
        is_plain(value) && says(value) && !comma
    };
    match value {
        Json::Array(items) => !items.is_empty() && items.iter().all(item),
        Json::Object(members) => !members.is_empty() && members.values().all(item),
        // Text has no kinds: what may be a text is read as one.
        plain => {
            let read = text::scalar(plain).map(|text| parameter.shape.read_text(&text));
            says(plain) && read.is_some_and(|read| parameter.shape.takes(&read))
        }
    }
}
