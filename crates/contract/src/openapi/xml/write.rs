//! Writing a value as XML.

use super::tree::{is_char, is_name};
use super::{Node, Said, item_name, root_name};
use crate::openapi::text;
use crate::schema::{Kind, Shape};
use crate::{Got, Pointer, Violation};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// Deepest nesting that is written.
const DEEPEST: usize = 64;

/// The document that carries the value.
///
/// # Errors
/// What XML has no way to write: names that are none there, control characters, lists in lists without elements.
pub(in crate::openapi) fn write(shape: &Shape, value: &Json) -> Result<String, Box<Violation>> {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    element(&mut out, &root_name(shape), shape, value, &Pointer::root(), DEEPEST)?;
    Ok(out)
}

type Written = Result<(), Box<Violation>>;

fn wrong(at: &Pointer, code: &'static str, expected: &str, got: &'static str) -> Box<Violation> {
    Box::new(Violation { at: at.clone(), ..Violation::new(code, expected, Got::Kind(got)) })
}

fn element(out: &mut String, name: &str, shape: &Shape, value: &Json, at: &Pointer, left: usize) -> Written {
    let Some(left) = left.checked_sub(1) else {
        return Err(wrong(at, "depth", "nesting of at most 64", "something deeper"));
    };
    let said = Said::of(shape);
    let name = match &said.prefix {
        Some(prefix) => format!("{prefix}:{name}"),
        None => name.to_owned(),
    };
    if !name.split(':').all(is_name) {
        return Err(wrong(at, "name", "a name that XML allows", "another one"));
    }
    out.push('<');
    out.push_str(&name);
    if let Some(namespace) = &said.namespace {
        let prefix = said.prefix.as_ref().map_or_else(String::new, |prefix| format!(":{prefix}"));
        let _ = write!(out, " xmlns{prefix}=\"{}\"", escaped(namespace, at, true)?);
    }
    if value.is_null() {
        // OpenAPI 3.2 XML Object: null is `xsi:nil`.
        out.push_str(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>");
        return Ok(());
    }
    let shape = &*shape.passing();
    // What its members are called, the alternative says that it is.
    let shape = shape.way_of(value).unwrap_or(shape);
    if let Json::Object(members) = value {
        for (member, value) in members {
            let below = shape.member_or_any(member);
            let said = Said::of(&below);
            if said.node != Node::Attribute || value.is_null() {
                continue;
            }
            let at = at.at(member);
            let own = said.name_or(member);
            if !is_name(&own) {
                return Err(wrong(&at, "name", "a name that XML allows", "another one"));
            }
            let Some(text) = text::scalar(value) else {
                return Err(wrong(&at, "nested", "a plain value in an attribute", "a deeper one"));
            };
            let prefix = said.prefix.map_or_else(String::new, |prefix| format!("{prefix}:"));
            let _ = write!(out, " {prefix}{own}=\"{}\"", escaped(&text, &at, true)?);
        }
    }
    out.push('>');
    content(out, name.rsplit(':').next().unwrap_or_default(), shape, value, at, left)?;
    out.push_str("</");
    out.push_str(&name);
    out.push('>');
    Ok(())
}

/// What stands between the tags.
fn content(out: &mut String, name: &str, shape: &Shape, value: &Json, at: &Pointer, left: usize) -> Written {
    match value {
        Json::Object(members) => {
            for (member, value) in members {
                let below = shape.member_or_any(member);
                let said = Said::of(&below);
                let at = at.at(member);
                match (said.node, value) {
                    (Node::Attribute, _) | (Node::Text | Node::Cdata, Json::Null) => {}
                    (Node::Text | Node::Cdata, value) => {
                        let text = text::scalar(value)
                            .ok_or_else(|| wrong(&at, "nested", "a plain value as text", "a deeper one"))?;
                        let whole = said.node == Node::Cdata
                            && !text.contains("]]>")
                            && text.chars().all(is_char)
                            && !text.contains('\r');
                        if whole {
                            out.extend(["<![CDATA[", &*text, "]]>"]);
                        } else {
                            out.push_str(&escaped(&text, &at, false)?);
                        }
                    }
                    (Node::None, Json::Array(items)) => {
                        let item = below.items();
                        let own = item_name(&item, member);
                        list(out, &own, &item, items, &at, left)?;
                    }
                    // Nothing is said of it: its items stand as elements of its name.
                    (_, Json::Array(items)) if below.kind() != Kind::Array => {
                        list(out, member, &below.items(), items, &at, left)?;
                    }
                    _ => element(out, &said.name_or(member), &below, value, &at, left)?,
                }
            }
            Ok(())
        }
        Json::Array(items) => {
            let item = shape.items();
            list(out, &item_name(&item, name), &item, items, at, left)
        }
        plain => {
            let text = text::scalar(plain).unwrap_or_default();
            out.push_str(&escaped(&text, at, false)?);
            Ok(())
        }
    }
}

fn list(out: &mut String, name: &str, item: &Shape, items: &[Json], at: &Pointer, left: usize) -> Written {
    items
        .iter()
        .enumerate()
        .try_for_each(|(index, value)| element(out, name, item, value, &at.index(index), left))
}

/// XML 1.0 §2.4; what a reader would change (§2.11, §3.3.3) is a character reference.
fn escaped(text: &str, at: &Pointer, attribute: bool) -> Result<String, Box<Violation>> {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' if attribute => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            letter if is_char(letter) => out.push(letter),
            _ => return Err(wrong(at, "value", "characters that XML allows", "another one")),
        }
    }
    Ok(out)
}
