//! Looking at schemas while a value is made: through references and `allOf`, and whether a value fits.
//!
//! This is a quick look that steers the making; whether a sample is valid is for [`Shape::check`](crate::Shape::check).

use super::number::in_bounds;
use crate::decimal::{self, Decimal};
use crate::openapi::read::Version;
use crate::reference::{self, Target};
use crate::schema::{Side, Store};
use regex::Regex;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::HashMap;

/// Most schemas that one sample looks at.
const MOST_SCHEMAS: usize = 4000;
/// Most parts that one place of a value is made by.
const MOST_PARTS: usize = 64;
/// Nesting of schemas that is followed while a value is matched.
const DEEPEST: usize = 24;

/// The schemas that a sample is made by: every one that is referred to, read once.
#[derive(Debug)]
pub(super) struct Schemas(HashMap<String, Value>);

impl Schemas {
    /// Gathers what a schema refers to, directly or not.
    pub(super) fn of(root: &Value, store: &Store) -> Self {
        let mut found = HashMap::new();
        let mut open = Vec::new();
        reference::gather(root, &mut open);
        while let Some(text) = open.pop() {
            if found.contains_key(&text) || found.len() >= MOST_SCHEMAS {
                continue;
            }
            if let Target::Here(pointer) = reference::target(&text)
                && let Some(schema) = store.schema(&pointer)
            {
                reference::gather(&schema, &mut open);
                found.insert(text, schema);
            }
        }
        Self(found)
    }
}

/// A way to look at the schemas of one sample.
#[derive(Debug)]
pub(super) struct Look<'a> {
    schemas: &'a Schemas,
    /// Members beside `$ref` do not count (OpenAPI 3.0 Reference Object).
    alone: bool,
    side: Side,
    patterns: RefCell<HashMap<String, Option<Regex>>>,
}

/// What one place of a value is made by: all parts must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) all: Vec<&'a Map<String, Value>>,
    /// The references that led to them.
    pub(super) names: Vec<&'a str>,
    /// Nothing can be there.
    pub(super) nothing: bool,
}

impl<'a> Look<'a> {
    pub(super) fn new(schemas: &'a Schemas, version: Version, side: Side) -> Self {
        let alone = version == Version::V3_0;
        Self { schemas, alone, side, patterns: RefCell::default() }
    }

    /// Adds a schema with what it refers to and its `allOf`.
    pub(super) fn add(&self, schema: &'a Value, parts: &mut Parts<'a>) {
        let map = match schema {
            Value::Bool(false) => {
                parts.nothing = true;
                return;
            }
            Value::Object(map) if parts.all.len() < MOST_PARTS => map,
            _ => return,
        };
        let referred = map.get("$ref").and_then(Value::as_str);
        let alone = self.alone && referred.is_some();
        if !alone {
            if parts.all.iter().any(|part| std::ptr::eq(*part, map)) {
                return;
            }
            parts.all.push(map);
        }
        if let Some(name) = referred
            && !parts.names.contains(&name)
        {
            parts.names.push(name);
            if let Some(found) = self.schemas.0.get(name) {
                self.add(found, parts);
            }
        }
        if !alone {
            for below in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                self.add(below, parts);
            }
        }
    }

    pub(super) fn parts(&self, schemas: &[&'a Value]) -> Parts<'a> {
        let mut parts = Parts::default();
        for schema in schemas {
            self.add(schema, &mut parts);
        }
        parts
    }

    /// Whether only the other side sends this (OpenAPI 3.0 Schema Object, `readOnly`, `writeOnly`).
    pub(super) fn other_side(&self, schema: &'a Value) -> bool {
        let word = match self.side {
            Side::Request => "readOnly",
            Side::Response => "writeOnly",
        };
        self.parts(&[schema]).all.iter().any(|part| part.get(word) == Some(&Value::Bool(true)))
    }

    /// The kinds that a part allows; none: all.
    pub(super) fn types(part: &'a Map<String, Value>) -> Option<Vec<&'a str>> {
        let mut words: Vec<&str> = match part.get("type")? {
            Value::String(word) => vec![word],
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        for word in &mut words {
            if *word == "file" {
                *word = "string";
            }
        }
        let known = ["null", "boolean", "integer", "number", "string", "array", "object"];
        if words.is_empty() || !words.iter().all(|word| known.contains(word)) {
            return None;
        }
        if nullable(part) && !words.contains(&"null") {
            words.push("null");
        }
        Some(words)
    }

    /// Whether a text matches a pattern; yes, if that cannot be said.
    pub(super) fn matches(&self, pattern: &str, text: &str) -> bool {
        let mut known = self.patterns.borrow_mut();
        let found = known.entry(pattern.to_owned()).or_insert_with(|| {
            let usable = crate::schema::usable_pattern(pattern)?;
            regex::RegexBuilder::new(&usable).size_limit(1 << 20).build().ok()
        });
        found.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    /// Whether a value fits a schema, as far as a quick look tells.
    pub(super) fn fits(&self, schema: &'a Value, value: &Value) -> bool {
        self.fits_at(schema, value, 0)
    }

    fn fits_at(&self, schema: &'a Value, value: &Value, depth: usize) -> bool {
        let parts = self.parts(&[schema]);
        !parts.nothing && self.fit_parts(&parts, value, depth)
    }

    /// Whether a value fits all parts.
    pub(super) fn fit_parts(&self, parts: &Parts<'a>, value: &Value, depth: usize) -> bool {
        depth > DEEPEST || parts.all.iter().all(|part| self.part(part, value, depth))
    }

    fn part(&self, part: &'a Map<String, Value>, value: &Value, depth: usize) -> bool {
        if value.is_null() && nullable(part) {
            return true;
        }
        if let Some(types) = Self::types(part)
            && !types.iter().any(|word| is_kind(value, word))
        {
            return false;
        }
        if let Some(Value::Array(choices)) = part.get("enum")
            && !choices.is_empty()
            && !choices.iter().any(|choice| same(choice, value))
        {
            return false;
        }
        if part.get("const").is_some_and(|only| !same(only, value)) {
            return false;
        }
        let ways = |word: &str| part.get(word).and_then(Value::as_array).filter(|ways| !ways.is_empty());
        let fitting = |ways: &'a Vec<Value>| {
            ways.iter().filter(|way| self.fits_at(way, value, depth + 1)).take(2).count()
        };
        if ways("oneOf").is_some_and(|ways| fitting(ways) != 1)
            || ways("anyOf").is_some_and(|ways| fitting(ways) == 0)
            || part.get("not").is_some_and(|not| self.fits_at(not, value, depth + 1))
        {
            return false;
        }
        match value {
            Value::Number(number) => Decimal::of(number).is_none_or(|number| in_bounds(part, &number)),
            Value::String(text) => {
                let length = text.chars().count();
                least(part, "minLength") <= length
                    && length <= most(part, "maxLength")
                    && part.get("pattern").and_then(Value::as_str).is_none_or(|one| self.matches(one, text))
            }
            Value::Array(items) => {
                let below = part.get("items").filter(|below| !below.is_array());
                least(part, "minItems") <= items.len()
                    && items.len() <= most(part, "maxItems")
                    && below.is_none_or(|below| items.iter().all(|item| self.fits_at(below, item, depth + 1)))
            }
            Value::Object(members) => self.members(part, members, depth),
            _ => true,
        }
    }

    fn members(&self, part: &'a Map<String, Value>, members: &Map<String, Value>, depth: usize) -> bool {
        if members.len() < least(part, "minProperties") || members.len() > most(part, "maxProperties") {
            return false;
        }
        if self.required(part).any(|name| !members.contains_key(name)) {
            return false;
        }
        let known = part.get("properties").and_then(Value::as_object);
        members.iter().all(|(name, value)| {
            if let Some(schema) = known.and_then(|known| known.get(name)) {
                return self.fits_at(schema, value, depth + 1);
            }
            match part.get("additionalProperties") {
                Some(Value::Bool(false)) => self.by_pattern(part, name).is_some(),
                Some(schema @ Value::Object(_)) if self.by_pattern(part, name).is_none() => {
                    self.fits_at(schema, value, depth + 1)
                }
                _ => true,
            }
        })
    }

    /// The schema of `patternProperties` for this name.
    pub(super) fn by_pattern(&self, part: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
        let patterns = part.get("patternProperties").and_then(Value::as_object)?;
        patterns.iter().find(|(pattern, _)| self.matches(pattern, name)).map(|(_, schema)| schema)
    }

    /// The names that a part demands on this side.
    pub(super) fn required(&self, part: &'a Map<String, Value>) -> impl Iterator<Item = &'a str> {
        let properties = part.get("properties").and_then(Value::as_object);
        let names = part.get("required").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).filter(move |name| {
            properties.and_then(|all| all.get(*name)).is_none_or(|schema| !self.other_side(schema))
        })
    }
}

fn nullable(part: &Map<String, Value>) -> bool {
    part.get("nullable") == Some(&Value::Bool(true))
}

/// Equal as JSON Schema has it: `1` is `1.0` (JSON Schema 2020-12 §4.2.2).
fn same(one: &Value, other: &Value) -> bool {
    one == other || decimal::same(one, other)
}

fn is_kind(value: &Value, word: &str) -> bool {
    match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => {
            matches!(value, Value::Number(number) if Decimal::of(number).is_some_and(|one| one.is_whole()))
        }
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

pub(super) fn count(part: &Map<String, Value>, word: &str) -> Option<usize> {
    let value = part.get(word)?;
    let whole = value.as_u64().or_else(|| {
        let text = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0)?.to_string();
        text.parse().ok()
    })?;
    usize::try_from(whole).ok()
}

pub(super) fn least(part: &Map<String, Value>, word: &str) -> usize {
    count(part, word).unwrap_or(0)
}

pub(super) fn most(part: &Map<String, Value>, word: &str) -> usize {
    count(part, word).unwrap_or(usize::MAX)
}
