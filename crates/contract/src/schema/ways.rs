//! The alternatives of a schema (`oneOf`, `anyOf`) as shapes of their own, each with all that holds beside it.
//!
//! For bodies whose texts have no types (forms, parts, XML): what a text becomes depends on which alternative is
//! meant. Only their members, kinds and verdicts are used, never the places that their violations name.

use super::view::View;
use super::{Inner, Shape};
use crate::Pointer;
use serde_json::{Map, Value, json};

/// At most so many alternatives are looked at.
const MOST_WAYS: usize = 32;

impl Shape {
    /// Each alternative, in order; empty where there are none.
    pub(crate) fn ways(&self) -> &[Self] {
        let Some(inner) = &self.inner else { return &[] };
        inner.below().ways.get_or_init(|| inner.look(|view| ways(inner, view)))
    }

    /// The first alternative that `value` keeps to.
    pub(crate) fn way_of(&self, value: &Value) -> Option<&Self> {
        self.ways().iter().find(|way| way.takes(value))
    }
}

fn ways(inner: &Inner, view: &View) -> Vec<Shape> {
    let found = view.parts().enumerate().find_map(|(index, part)| {
        let all = |word| Some((word, part.get(word)?.as_array().filter(|ways| !ways.is_empty())?));
        ["oneOf", "anyOf"].into_iter().find_map(all).map(|(word, ways)| (index, word, ways))
    });
    let Some((chosen, word, ways)) = found else { return Vec::new() };
    // What the parts refer to stands among them already.
    let beside = |(index, part): (usize, &Map<String, Value>)| {
        let mut part = part.clone();
        part.retain(|own, _| own != "$ref" && own != "allOf" && !(index == chosen && own == word));
        Value::Object(part)
    };
    let beside: Vec<Value> = view.parts().enumerate().map(beside).collect();
    // A place that no document has: what refers to the schema itself still finds all of it.
    let apart = Pointer::root().at("$way");
    let way = |(index, way): (usize, &Value)| {
        let all: Vec<&Value> = beside.iter().chain(std::iter::once(way)).collect();
        inner.shape(&json!({ "allOf": all }), &apart.index(index))
    };
    ways.iter().take(MOST_WAYS).enumerate().map(way).collect()
}
