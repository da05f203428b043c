//! The alternatives of a schema (`oneOf`, `anyOf`) as shapes of their own, each with all that holds beside it.
//!
//! For bodies whose texts have no types (forms, parts, XML): what a text becomes depends on which alternative is
//! meant. Only their members, kinds and verdicts are used, never the places that their violations name.

use super::Shape;
use crate::Pointer;
use serde_json::{Map, Value, json};

/// At most so many alternatives are looked at.
const MOST_WAYS: usize = 32;

impl Shape {
    /// Each alternative, in order; empty where there are none.
    pub(crate) fn ways(&self) -> Vec<Self> {
        let Some(inner) = &self.inner else { return Vec::new() };
        let parts = inner.view().into_parts();
        let found = parts.iter().enumerate().find_map(|(index, part)| {
            let word = ["oneOf", "anyOf"].into_iter().find(|word| {
                part.get(*word).and_then(Value::as_array).is_some_and(|ways| !ways.is_empty())
            })?;
            Some((index, word))
        });
        let Some((chosen, word)) = found else { return Vec::new() };
        let ways = parts[chosen].get(word).and_then(Value::as_array).cloned().unwrap_or_default();
        // What the parts refer to stands among them already.
        let beside = |(index, part): (usize, &Map<String, Value>)| {
            let mut part = part.clone();
            part.retain(|own, _| own != "$ref" && own != "allOf" && !(index == chosen && own == word));
            Value::Object(part)
        };
        let beside: Vec<Value> = parts.iter().enumerate().map(beside).collect();
        // A place that no document has: what refers to the schema itself still finds all of it.
        let apart = Pointer::root().at("$way");
        let way = |(index, way): (usize, Value)| {
            let all: Vec<Value> = beside.iter().cloned().chain(std::iter::once(way)).collect();
            inner.below(&json!({ "allOf": all }), &apart.index(index))
        };
        ways.into_iter().take(MOST_WAYS).enumerate().map(way).collect()
    }

    /// The first alternative that `value` keeps to.
    pub(crate) fn way_of(&self, value: &Value) -> Option<Self> {
        self.ways().into_iter().find(|way| way.check(value).is_empty())
    }
}
