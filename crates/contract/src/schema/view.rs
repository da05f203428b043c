//! Looking into a schema without a value: through its references and `allOf`.

use super::kinds::Kinds;
use super::store::{Side, Store};
use super::{Inner, Member, Shape};
use crate::Pointer;
use crate::openapi::outline::is_true;
use crate::openapi::read::Version;
use crate::reference::{self, Target};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// At most this many schemas are looked at; recursive ones end here.
const MAX_PARTS: usize = 64;

/// A schema as the parts that all must hold: itself, what it refers to, its `allOf`.
#[derive(Debug)]
pub(super) struct View {
    store: Arc<Store>,
    parts: Parts,
}

/// Schemas that must all hold for one value, each with its place.
type Parts = Vec<(Pointer, Map<String, Value>)>;

impl View {
    pub(super) fn new(store: &Arc<Store>, schema: Value, at: &Pointer) -> Self {
        Self { store: Arc::clone(store), parts: parts(store, schema, at) }
    }

    /// The parts themselves.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.parts.iter().map(|(_, part)| part)
    }

    /// The value of the first part that has this word.
    pub(super) fn word(&self, word: &str) -> Option<&Value> {
        self.parts.iter().find_map(|(_, part)| part.get(word))
    }

    pub(super) fn kinds(&self) -> Kinds {
        self.kinds_upto(8)
    }

    fn kinds_upto(&self, depth: usize) -> Kinds {
        self.parts.iter().fold(Kinds::ALL, |kinds, (at, part)| kinds.and(self.part_kinds(at, part, depth)))
    }

    fn part_kinds(&self, at: &Pointer, part: &Map<String, Value>, depth: usize) -> Kinds {
        let words: Vec<&str> = match part.get("type") {
            Some(Value::String(word)) => vec![word],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let named = words.iter().filter_map(|word| Kinds::named(word)).fold(Kinds::NONE, Kinds::or);
        let mut kinds = if named == Kinds::NONE { Kinds::ALL } else { named };
        if is_true(part.get("nullable")) || is_true(part.get("x-nullable")) {
            kinds = kinds.or(Kinds::NULL);
        }
        if let Some(Value::Array(choices)) = part.get("enum")
            && !choices.is_empty()
        {
            kinds = kinds.and(choices.iter().map(Kinds::of).fold(Kinds::NONE, Kinds::or));
        }
        if let Some(only) = part.get("const") {
            kinds = kinds.and(Kinds::of(only));
        }
        for word in ["anyOf", "oneOf"] {
            let Some(Value::Array(ways)) = part.get(word) else { continue };
            if depth == 0 || ways.is_empty() {
                continue;
            }
            let below = |(index, way): (usize, &Value)| {
                let view = Self::new(&self.store, way.clone(), &at.at(word).index(index));
                view.kinds_upto(depth - 1)
            };
            kinds =
                kinds.and(ways.iter().take(MAX_PARTS).enumerate().map(below).fold(Kinds::NONE, Kinds::or));
        }
        kinds
    }

    /// The shape of the items, taken from the first part that names it.
    pub(super) fn items(&self, inner: &Inner) -> Shape {
        let found = self.parts.iter().find_map(|(at, part)| Some((at.at("items"), part.get("items")?)));
        match found {
            Some((at, items)) => inner.shape(items, &at),
            None => Shape::anything(inner.at.clone()),
        }
    }

    /// The shape of members that no part declares, taken from the first part that describes them.
    pub(super) fn rest(&self, inner: &Inner) -> Shape {
        let word = "additionalProperties";
        let found = self.parts.iter().find_map(|(at, part)| Some((at.at(word), part.get(word)?)));
        match found.filter(|(_, rest)| rest.is_object()) {
            Some((at, rest)) => inner.shape(rest, &at),
            None => Shape::anything(inner.at.clone()),
        }
    }

    /// The alternatives that the parts name, those of `anyOf` before those of `oneOf`.
    pub(super) fn alternatives(&self, inner: &Inner) -> Vec<Shape> {
        let mut found = Vec::new();
        for word in ["anyOf", "oneOf"] {
            for (at, part) in &self.parts {
                let ways = part.get(word).and_then(Value::as_array).into_iter().flatten().take(MAX_PARTS);
                found
                    .extend(ways.enumerate().map(|(index, way)| inner.shape(way, &at.at(word).index(index))));
            }
        }
        found
    }

    /// The members that the parts name, each once.
    pub(super) fn members(&self, inner: &Inner) -> Vec<Member> {
        let required: HashSet<&str> = self
            .parts
            .iter()
            .filter_map(|(_, part)| part.get("required")?.as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let theirs = of_the_other(&self.store, &self.parts, inner.side);
        let mut members: Vec<Member> = Vec::new();
        for (at, part) in &self.parts {
            let at = at.at("properties");
            for (name, schema) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if members.iter().any(|member| member.name == *name) || theirs.contains(name) {
                    continue;
                }
                let shape = inner.shape(schema, &at.at(name));
                let description = schema.get("description").and_then(Value::as_str).map(str::to_owned);
                members.push(Member {
                    name: name.clone(),
                    required: required.contains(name.as_str()),
                    description: description.unwrap_or_else(|| shape.description()),
                    shape,
                });
            }
        }
        members
    }
}

fn parts(store: &Store, schema: Value, at: &Pointer) -> Parts {
    let mut parts = Parts::new();
    add(store, &mut parts, schema, at, &mut HashSet::new());
    parts
}

fn add(store: &Store, parts: &mut Parts, schema: Value, at: &Pointer, seen: &mut HashSet<Pointer>) {
    if parts.len() >= MAX_PARTS || !seen.insert(at.clone()) {
        return;
    }
    let Value::Object(map) = schema else { return };
    let referred = map.get("$ref").and_then(Value::as_str).map(reference::target);
    let all: Vec<Value> = map.get("allOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let alone = referred.is_some() && store.version == Version::V3_0;
    if !alone {
        parts.push((at.clone(), map));
    }
    if let Some(Target::Here(pointer)) = referred
        && let Some(found) = store.schema(&pointer)
    {
        add(store, parts, found, &pointer, seen);
    }
    if !alone {
        let at = at.at("allOf");
        for (index, part) in all.into_iter().enumerate() {
            add(store, parts, part, &at.index(index), seen);
        }
    }
}

/// The members of a schema that only the other side sends: one of its parts that says so is enough.
pub(super) fn theirs(store: &Store, schema: &Value, at: &Pointer, side: Side) -> HashSet<String> {
    of_the_other(store, &parts(store, schema.clone(), at), side)
}

fn of_the_other(store: &Store, parts: &Parts, side: Side) -> HashSet<String> {
    let named = parts.iter().filter_map(|(_, part)| part.get("properties")?.as_object()).flatten();
    named.filter(|(_, schema)| travels_not(store, schema, side)).map(|(name, _)| name.clone()).collect()
}

fn travels_not(store: &Store, schema: &Value, side: Side) -> bool {
    let referred = schema.get("$ref").and_then(Value::as_str).map(reference::target);
    only_other_side(schema, side)
        || matches!(referred, Some(Target::Here(pointer))
            if store.schema(&pointer).is_some_and(|schema| only_other_side(&schema, side)))
}

/// Whether a property is one that only the other side sends (OpenAPI 3.0 Schema Object, `readOnly`, `writeOnly`).
pub(super) fn only_other_side(schema: &Value, side: Side) -> bool {
    is_true(schema.get(match side {
        Side::Request => "readOnly",
        Side::Response => "writeOnly",
    }))
}
