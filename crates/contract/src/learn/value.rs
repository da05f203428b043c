//! JSON values that were seen at one place, and the schema that takes them all.

use super::text::{Form, Texts, form};
use crate::decimal::is_pointed;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Objects with more names than this are maps.
const MOST_MEMBERS: usize = 300;

/// Deeper than this nothing is said.
const DEEPEST: usize = 24;

/// So often an object must have been seen before a member that was always there must be.
const ENOUGH: u64 = 2;

/// Values at one place.
#[derive(Debug, Default)]
pub(super) struct Values {
    nulls: u64,
    booleans: u64,
    whole: u64,
    broken: u64,
    strings: u64,
    texts: Texts,
    arrays: u64,
    items: Option<Box<Values>>,
    objects: u64,
    members: BTreeMap<String, Values>,
    /// Where members are named by values: what they hold.
    map: Option<Box<Values>>,
    /// Everything below goes unsaid.
    cut: bool,
    seen: u64,
}

impl Values {
    /// One more.
    pub(super) fn add(&mut self, value: &Value) {
        self.add_at(value, 0);
    }

    fn add_at(&mut self, value: &Value, depth: usize) {
        self.seen += 1;
        match value {
            Value::Null => self.nulls += 1,
            Value::Bool(_) => self.booleans += 1,
            Value::Number(number) if !is_pointed(number) => self.whole += 1,
            Value::Number(_) => self.broken += 1,
            Value::String(text) => {
                self.strings += 1;
                self.texts.add(text);
            }
            Value::Array(all) => {
                self.arrays += 1;
                self.cut |= depth >= DEEPEST;
                if depth < DEEPEST {
                    let items = self.items.get_or_insert_default();
                    for one in all {
                        items.add_at(one, depth + 1);
                    }
                }
            }
            Value::Object(all) => {
                self.objects += 1;
                self.cut |= depth >= DEEPEST;
                if depth < DEEPEST {
                    for (name, one) in all {
                        // A name that is a value is a caller's: it is not written down.
                        if self.members.len() >= MOST_MEMBERS && !self.members.contains_key(name)
                            || form(name) != Form::Word
                        {
                            self.map.get_or_insert_default().add_at(one, depth + 1);
                        } else {
                            self.members.entry(name.clone()).or_default().add_at(one, depth + 1);
                        }
                    }
                }
            }
        }
    }

    /// The schema of all of them; `name` is what the place is called.
    pub(super) fn schema(&self, name: &str) -> Value {
        let kinds = [
            (self.strings, "string"),
            (self.broken, "number"),
            (if self.broken == 0 { self.whole } else { 0 }, "integer"),
            (self.booleans, "boolean"),
            (self.arrays, "array"),
            (self.objects, "object"),
            (self.nulls, "null"),
        ];
        let kinds: Vec<&str> =
            kinds.into_iter().filter(|(count, _)| *count > 0).map(|(_, kind)| kind).collect();
        let mut out = Map::new();
        match kinds.as_slice() {
            // That it was always null says that nobody knows.
            [] | ["null"] => return json!({}),
            [one] => out.insert("type".to_owned(), json!(one)),
            many => out.insert("type".to_owned(), json!(many)),
        };
        if kinds.iter().all(|kind| ["string", "null"].contains(kind)) {
            self.texts.write(name, &mut out);
            if let (true, Some(Value::Array(choices))) = (self.nulls > 0, out.get_mut("enum")) {
                choices.push(Value::Null);
            }
        }
        if self.cut {
            return Value::Object(out);
        }
        if let Some(items) = &self.items {
            out.insert("items".to_owned(), items.schema(name));
        }
        if self.objects > 0 {
            self.object(&mut out);
        }
        Value::Object(out)
    }

    fn object(&self, out: &mut Map<String, Value>) {
        if !self.members.is_empty() {
            let members = self.members.iter().map(|(name, one)| (name.clone(), one.schema(name)));
            out.insert("properties".to_owned(), Value::Object(members.collect()));
        }
        if let Some(map) = &self.map {
            out.insert("additionalProperties".to_owned(), map.schema(""));
        }
        let always: Vec<&String> =
            self.members.iter().filter(|(_, one)| one.seen == self.objects).map(|(name, _)| name).collect();
        if self.objects >= ENOUGH && !always.is_empty() {
            out.insert("required".to_owned(), json!(always));
        }
    }
}
