//! One action of an overlay: what it selects and what it does there.
//!
//! Source: Overlay Specification 1.1, Action Object; RFC 9535.

use super::Unlaid;
use crate::Pointer;
use serde_json::Value;
use serde_json_path::JsonPath;

/// The longest path that is read.
const LONGEST: usize = 2_000;
/// So many `..` one path may have: each visits everything below what the others found.
const MOST_DESCENTS: usize = 3;
/// So deep may brackets and parentheses be nested in a path.
const DEEPEST: usize = 12;

/// An action.
#[derive(Debug)]
pub(super) struct Action<'v> {
    /// Where it stands in its overlay.
    pub(super) at: Pointer,
    /// What it selects, as written.
    pub(super) written: &'v str,
    pub(super) target: JsonPath,
    pub(super) does: Does<'v>,
    /// A member that has no effect beside another.
    pub(super) idle: Option<&'static str>,
}

/// What an action does with each place that it selects.
#[derive(Debug)]
pub(super) enum Does<'v> {
    /// Takes it away.
    Remove,
    /// Puts this into it.
    Update(&'v Value),
    /// Puts what stands elsewhere in the contract into it.
    Copy(&'v str, JsonPath),
    /// Nothing.
    Nothing,
}

impl<'v> Action<'v> {
    pub(super) fn read(value: &'v Value, at: Pointer) -> Result<Self, Unlaid> {
        let no = |why: &str, at: Pointer| Err(Unlaid { why: why.to_owned(), at });
        let Value::Object(members) = value else { return no("an action is an object", at) };
        for word in members.keys() {
            if !["target", "description", "update", "copy", "remove"].contains(&word.as_str())
                && !word.starts_with("x-")
            {
                let why = format!(
                    "an action has no member `{word}`: it has `target` and one of `update`, `copy`, `remove`"
                );
                return Err(Unlaid { why, at: at.at(word) });
            }
        }
        let (written, target) = match members.get("target") {
            Some(Value::String(text)) => (text.as_str(), path(text, at.at("target"))?),
            Some(_) => return no("`target` is expected to be a text", at.at("target")),
            None => return no("an action needs a `target`", at),
        };
        let remove = match members.get("remove") {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return no("`remove` is `true` or `false`", at.at("remove")),
        };
        let copy = match members.get("copy") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some((text.as_str(), path(text, at.at("copy"))?)),
            Some(_) => return no("`copy` is expected to be a text", at.at("copy")),
        };
        // Overlay 1.1, Action Object: `update` and `copy` have no impact beside `remove`, nor beside each other.
        let update = members.get("update");
        let (does, idle) = match (remove, update, copy) {
            (true, update, copy) => (Does::Remove, update.map(|_| "update").or_else(|| copy.map(|_| "copy"))),
            (false, Some(_), Some(_)) => {
                return no("`update` and `copy` stand in one action: write two", at.at("copy"));
            }
            (false, Some(update), None) => (Does::Update(update), None),
            (false, None, Some((written, path))) => (Does::Copy(written, path), None),
            (false, None, None) => (Does::Nothing, None),
        };
        Ok(Self { at, written, target, does, idle })
    }
}

/// Reads a path, within bounds: neither reading nor following it may cost more than it is worth.
fn path(text: &str, at: Pointer) -> Result<JsonPath, Unlaid> {
    let nested = text.bytes().fold((0_usize, 0_usize), |(deep, most), byte| match byte {
        b'[' | b'(' => (deep + 1, most.max(deep + 1)),
        b']' | b')' => (deep.saturating_sub(1), most),
        _ => (deep, most),
    });
    if text.len() > LONGEST || text.matches("..").count() > MOST_DESCENTS || nested.1 > DEEPEST {
        let why = format!(
            "a path has at most {LONGEST} bytes, {MOST_DESCENTS} times `..`, and brackets {DEEPEST} deep"
        );
        return Err(Unlaid { why, at });
    }
    JsonPath::parse(text).map_err(|error| {
        let why = format!(
            "`{text}` is no JSONPath, from character {} on (RFC 9535): a name with other characters than letters, \
             digits and `_` stands in brackets: `$.paths['/orders']`",
            error.position()
        );
        Unlaid { why, at }
    })
}
