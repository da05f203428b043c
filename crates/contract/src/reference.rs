//! References inside a document: what a `$ref` points at (RFC 3986 §4.4, RFC 6901 §6).
//!
//! Only references into the same document are followed. Another file or host is never fetched.

use crate::Pointer;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// References that lead to references are followed this far; a cycle ends here.
const MAX_HOPS: usize = 64;

/// Where a reference points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Into this document.
    Here(Pointer),
    /// To a named place in this document (`#name`).
    Named(String),
    /// To another file or host.
    Outside,
}

/// Reads the text of a `$ref`.
pub(crate) fn target(reference: &str) -> Target {
    let Some(fragment) = reference.strip_prefix('#') else {
        return Target::Outside;
    };
    let fragment = percent_decode_str(fragment).decode_utf8_lossy();
    match Pointer::parse(&fragment) {
        Some(pointer) => Target::Here(pointer),
        None => Target::Named(fragment.into_owned()),
    }
}

/// Adds the text of every `$ref` in a value, examples and all.
pub(crate) fn gather(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.push(reference.clone());
            }
            map.values().for_each(|below| gather(below, found));
        }
        Value::Array(items) => items.iter().for_each(|below| gather(below, found)),
        _ => {}
    }
}

/// The value that `pointer` leads to.
pub(crate) fn resolve<'v>(root: &'v Value, pointer: &Pointer) -> Option<&'v Value> {
    root.pointer(pointer.as_str())
}

/// Why an object could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The reference leads nowhere, or in a circle.
    Nowhere(String),
    /// The reference leads out of the document.
    Outside(String),
    /// It is no object.
    NotAnObject,
}

/// The object that stands at `at`, through its references: where it really stands, and itself.
pub(crate) fn object<'v>(
    root: &'v Value,
    value: &'v Value,
    at: Pointer,
) -> Result<(&'v Map<String, Value>, Pointer), Lost> {
    let (mut value, mut at) = (value, at);
    for _ in 0..MAX_HOPS {
        let map = value.as_object().ok_or(Lost::NotAnObject)?;
        let Some(Value::String(reference)) = map.get("$ref") else {
            return Ok((map, at));
        };
        match target(reference) {
            Target::Here(pointer) => {
                value = resolve(root, &pointer).ok_or_else(|| Lost::Nowhere(reference.clone()))?;
                at = pointer;
            }
            Target::Named(_) => return Err(Lost::Nowhere(reference.clone())),
            Target::Outside => return Err(Lost::Outside(reference.clone())),
        }
    }
    Err(Lost::Nowhere("a circle of references".to_owned()))
}
