//! Schemas that must all hold, laid flat: references followed and `allOf` taken apart.

use super::kinds::{self, Set};
use super::node::{Book, Node};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

/// Past this many parts nothing is proven.
const MOST_PARTS: usize = 256;

/// Schemas that must all hold.
#[derive(Debug, Default)]
pub(super) struct Flat {
    pub(super) parts: Vec<Node>,
    /// Demands that are written and not checked: word, value as written, where.
    pub(super) unchecked: Vec<(String, Value, Node)>,
    /// There was more than is looked at.
    pub(super) cut: bool,
}

/// Words that demand something and that lowering may leave out, because they are faulty or beyond it.
const DEMANDS: [&str; 46] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "type",
    "enum",
    "const",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "items",
    "prefixItems",
    "minProperties",
    "maxProperties",
    "required",
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "not",
    "if",
    "xml",
    "contentEncoding",
    "contentMediaType",
    // Words that list schemas, and those that say who sends a member.
    "allOf",
    "anyOf",
    "oneOf",
    "then",
    "else",
    "unevaluatedItems",
    "unevaluatedProperties",
    "readOnly",
    "writeOnly",
];

impl Flat {
    pub(super) fn new(book: &mut Book, all: &[Node]) -> Self {
        let mut flat = Self::default();
        let mut seen = HashSet::new();
        let mut open: Vec<Node> = all.iter().rev().cloned().collect();
        while let Some(node) = open.pop() {
            if !seen.insert(node.at.clone()) {
                continue;
            }
            if flat.parts.len() >= MOST_PARTS {
                flat.cut = true;
                break;
            }
            flat.leave(book, &node);
            open.extend(node.list("allOf").into_iter().rev());
            if let Some(Value::String(reference)) = node.lowered.get("$ref") {
                match book.refer(reference) {
                    Some(found) => open.push(found),
                    None => flat.unchecked.push(("$ref".to_owned(), reference.as_str().into(), node.clone())),
                }
            }
            flat.parts.push(node);
        }
        flat
    }

    /// Notes what is written and not lowered.
    fn leave(&mut self, book: &Book, node: &Node) {
        let Some(map) = node.written.as_object() else { return };
        let alone = book.is_reference_alone() && map.contains_key("$ref");
        for (word, value) in map {
            let known = DEMANDS.contains(&word.as_str());
            if !known || (alone && word != "$ref") || node.lowered.get(word).is_some() {
                continue;
            }
            let harmless = match (word.as_str(), value) {
                (
                    "exclusiveMinimum" | "exclusiveMaximum" | "readOnly" | "writeOnly" | "uniqueItems",
                    Value::Bool(false),
                ) => true,
                // OpenAPI 3.0: the bound went into the word beside it, or the other way round.
                ("minimum" | "exclusiveMinimum", _) => {
                    node.lowered.get("minimum").or_else(|| node.lowered.get("exclusiveMinimum")).is_some()
                }
                ("maximum" | "exclusiveMaximum", _) => {
                    node.lowered.get("maximum").or_else(|| node.lowered.get("exclusiveMaximum")).is_some()
                }
                ("format", Value::String(format)) => {
                    matches!(format.as_str(), "int32" | "int64" | "password")
                }
                _ => false,
            };
            if !harmless {
                self.unchecked.push((word.clone(), value.clone(), node.clone()));
            }
        }
    }

    /// Every value of a word, with the part it stands in.
    pub(super) fn word<'f>(&'f self, word: &'f str) -> impl Iterator<Item = (&'f Node, &'f Value)> + 'f {
        self.parts.iter().filter_map(move |part| Some((part, part.lowered.get(word)?)))
    }

    /// Whether a word is there.
    pub(super) fn has(&self, word: &str) -> bool {
        self.word(word).next().is_some()
    }

    /// The kinds of value that `type`, `enum` and `const` leave.
    pub(super) fn kinds(&self) -> Set {
        let mut left = kinds::ALL;
        for part in &self.parts {
            if part.is_never() {
                return 0;
            }
            if let Some(types) = part.lowered.get("type") {
                left &= kinds::named(types);
            }
            if let Some(Value::Array(choices)) = part.lowered.get("enum") {
                left &= choices.iter().map(kinds::of).fold(0, |all, one| all | one);
            }
            if let Some(only) = part.lowered.get("const") {
                left &= kinds::of(only);
            }
        }
        left
    }

    /// The values it can have at most, where there are few of them.
    pub(super) fn choices(&self) -> Option<Vec<Value>> {
        let mut found: Option<Vec<Value>> = None;
        let mut narrow = |choices: Vec<Value>| {
            found = Some(match found.take() {
                None => choices,
                Some(known) => known.into_iter().filter(|one| choices.contains(one)).collect(),
            });
        };
        for (_, choices) in self.word("enum") {
            narrow(choices.as_array().cloned().unwrap_or_default());
        }
        for (_, only) in self.word("const") {
            narrow(vec![only.clone()]);
        }
        let kinds = self.kinds();
        let of_type = |one: &Value| kinds::of(one) & kinds != 0;
        if let Some(found) = found {
            return Some(found.into_iter().filter(of_type).collect());
        }
        let simple = [Value::Null, Value::Bool(true), Value::Bool(false)];
        (kinds & !(kinds::NULL | kinds::BOOLEAN) == 0).then(|| simple.into_iter().filter(of_type).collect())
    }

    /// Names that must be there.
    pub(super) fn required(&self) -> BTreeSet<&str> {
        self.word("required")
            .filter_map(|(_, names)| names.as_array())
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Names that are declared, in order.
    pub(super) fn declared(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let mut seen = HashSet::new();
        for (_, members) in self.word("properties") {
            for name in members.as_object().into_iter().flat_map(|members| members.keys()) {
                if seen.insert(name.as_str()) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// What holds for a member of this name: its declarations, and `additionalProperties` of parts that lack it.
    pub(super) fn member(&self, name: &str) -> Vec<Node> {
        let own = |part: &Node| {
            part.below(&["properties", name]).or_else(|| {
                // What a pattern says of the name is not looked at: the part says less then, which proves less.
                let spoken = part.lowered.get("patternProperties").is_some();
                part.below(&["additionalProperties"]).filter(|_| !spoken)
            })
        };
        self.parts.iter().filter_map(own).collect()
    }

    /// What holds for members that no part declares.
    pub(super) fn others(&self) -> Vec<Node> {
        self.parts.iter().filter_map(|part| part.below(&["additionalProperties"])).collect()
    }

    /// What holds for the items of a list.
    pub(super) fn items(&self) -> Vec<Node> {
        self.parts.iter().filter_map(|part| part.below(&["items"])).collect()
    }

    /// The first list of alternatives: the index of its part and its word.
    pub(super) fn union(&self) -> Option<(usize, &'static str)> {
        let found = |(index, part): (usize, &Node)| {
            let word = ["oneOf", "anyOf"].into_iter().find(|word| part.lowered.get(word).is_some())?;
            Some((index, word))
        };
        self.parts.iter().enumerate().find_map(found)
    }
}
