//! What schemas say that no value is held against: formats that are annotations here, encodings, words that are not known.
//!
//! Sources: JSON Schema 2020-12 Validation §7 (`format`), §8 (`contentEncoding`); OpenAPI 3.0, Data Types. Unlike what
//! `unenforced` tells, nothing of it is a fault of the document. It is told by kind: one line for a format, with its
//! first place and the number of all.

use super::dialect::Dialect;
use super::encoded;
use super::holding::{BY_NAME, LIST, ONE};
use super::lower::word::FORMATS;
use super::{Inner, Shape};
use crate::{Codec, Contract, Kind, Pointer, Warning};
use serde_json::Value;
use std::collections::HashSet;

/// Kinds that are told at most.
const MOST: usize = 200;
/// Deeper schemas are not looked into; no document that is read goes there.
const DEEPEST: usize = 128;
/// Characters of a word of the author's that are shown.
const SHOWN: usize = 60;

/// Formats that say how a value is held or shown, and refuse none.
const SILENT: [&str; 6] = ["int32", "int64", "float", "double", "binary", "password"];

/// Formats that JSON Schema defines and that are asserted where a document names its dialect.
const NAMED_FORMATS: [&str; 14] = [
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// Words that are looked at, or that say nothing of which values are allowed.
const KNOWN: [&str; 49] = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
    "uniqueItems",
    "required",
    "dependentRequired",
    "pattern",
    "format",
    "nullable",
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "externalDocs",
    "xml",
    "discriminator",
    "$ref",
    "$id",
    "id",
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveRef",
    "$recursiveAnchor",
    "$schema",
    "$vocabulary",
    "$comment",
    // What OpenAPI 2.0 writes beside the schema of a parameter.
    "name",
    "in",
    "collectionFormat",
    "allowEmptyValue",
    "schema",
];

/// What was found so far, each kind once.
#[derive(Debug, Default)]
pub(crate) struct Unchecked {
    found: Vec<(&'static str, String, Pointer, usize)>,
    seen: HashSet<Pointer>,
}

impl Contract {
    /// What the contract's schemas say that no value is held against, by kind, each with its first place.
    pub fn unchecked(&self) -> Vec<Warning> {
        let mut all = Unchecked::default();
        for shape in self.shapes() {
            all.shape(shape);
        }
        if let Some(store) = self.shapes().find_map(Shape::store) {
            for (at, schema) in store.entries() {
                all.schema(&schema, &at, store.dialect, 0);
            }
        }
        // Answers that many operations refer to stand at one place.
        let mut bodies = HashSet::new();
        for operation in &self.operations {
            let answers = operation.outputs.iter().flat_map(|output| &output.bodies);
            for body in operation.input.iter().chain(answers).filter(|body| body.codec == Codec::Opaque) {
                let says = matches!(
                    body.shape.kind(),
                    Kind::Object | Kind::Array | Kind::Integer | Kind::Number | Kind::Boolean
                );
                if says && bodies.insert(&body.at) {
                    all.note("body-not-checked", &body.media, body.at.clone());
                }
            }
        }
        all.into_warnings()
    }
}

impl Unchecked {
    fn shape(&mut self, shape: &Shape) {
        let Some(inner) = &shape.inner else { return };
        let Inner { at, store, .. } = &**inner;
        self.schema(&inner.schema(), at, store.dialect, 0);
    }

    fn schema(&mut self, schema: &Value, at: &Pointer, dialect: Option<Dialect>, depth: usize) {
        let Value::Object(map) = schema else { return };
        if depth > DEEPEST || !self.seen.insert(at.clone()) {
            return;
        }
        let dialect = Dialect::of_schema(schema).or(dialect);
        for (word, value) in map {
            let below = at.at(word);
            match (word.as_str(), value) {
                ("format", Value::String(format)) => {
                    let named = dialect.is_some() && NAMED_FORMATS.contains(&format.as_str());
                    if !named
                        && !FORMATS.contains(&format.as_str())
                        && !encoded::FORMATS.contains(&format.as_str())
                        && !SILENT.contains(&format.as_str())
                    {
                        self.note("format-not-checked", format, below);
                    }
                }
                ("contentEncoding", value) if encoded::names(value) && dialect.is_none() => {}
                ("contentEncoding" | "contentMediaType" | "contentSchema", _) => {
                    self.note("encoding-not-checked", word, below);
                }
                (word, Value::Object(named)) if BY_NAME.contains(&word) => {
                    for (name, schema) in named {
                        self.schema(schema, &below.at(name), dialect, depth + 1);
                    }
                }
                (word, Value::Array(list)) if LIST.contains(&word) => {
                    for (index, schema) in list.iter().enumerate() {
                        self.schema(schema, &below.index(index), dialect, depth + 1);
                    }
                }
                (word, value) if ONE.contains(&word) || word == "itemSchema" => {
                    self.schema(value, &below, dialect, depth + 1);
                }
                (word, _) if LIST.contains(&word) || BY_NAME.contains(&word) || KNOWN.contains(&word) => {}
                (word, _) if word.starts_with("x-") => {}
                _ => self.note("keyword-not-checked", word, below),
            }
        }
    }

    fn note(&mut self, code: &'static str, what: &str, at: Pointer) {
        let what: String = what.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
        let room = self.found.len() < MOST;
        match self.found.iter_mut().find(|(known, word, ..)| *known == code && *word == what) {
            Some((.., count)) => *count += 1,
            None if room => self.found.push((code, what, at, 1)),
            None => {}
        }
    }

    fn into_warnings(self) -> Vec<Warning> {
        let text = |code: &str, what: &str, count: usize| {
            let said = match code {
                "format-not-checked" => {
                    format!("`format: {what}` is an annotation here, no value is held against it")
                }
                "encoding-not-checked" => {
                    format!("`{what}` is an annotation: what the text encodes is not looked at")
                }
                "body-not-checked" => {
                    format!("a body of `{what}` is taken as bytes: its schema is not checked")
                }
                _ => format!("`{what}` is no word of a schema that is known: it is not looked at"),
            };
            match count {
                1 => said,
                2 => format!("{said}; at one more place too"),
                count => format!("{said}; at {} more places too", count - 1),
            }
        };
        let told = |(code, what, at, count): (&'static str, String, Pointer, usize)| Warning {
            code,
            text: text(code, &what, count),
            at,
        };
        self.found.into_iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::Contract;

    #[test]
    fn what_nobody_checks_is_told_once_a_kind_with_its_first_place() {
        let text = "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths:\n  /a:\n    post:\n      requestBody:\n        content:\n\
            \x20         application/json:\n            schema:\n              properties:\n                mail: {type: string, format: email}\n\
            \x20               copy: {items: {format: email}}\n                born: {format: date}\n                count: {format: int32}\n\
            \x20               file: {type: string, contentEncoding: base32}\n                odd: {minimun: 3, x-own: 1, description: d}\n\
            \x20         application/x-own: {schema: {type: object, required: [a]}}\n          image/png: {schema: {type: string}}\n\
            \x20     responses: {'200': {description: ok}}\n";
        let contract = Contract::read("a.yaml", text.as_bytes()).unwrap();
        let told = contract.unchecked();
        let told: Vec<_> =
            told.iter().map(|one| (one.code, one.text.as_str(), contract.line(&one.at).unwrap())).collect();
        assert_eq!(
            told,
            [
                (
                    "format-not-checked",
                    "`format: email` is an annotation here, no value is held against it; at one more place too",
                    11
                ),
                (
                    "encoding-not-checked",
                    "`contentEncoding` is an annotation: what the text encodes is not looked at",
                    15
                ),
                (
                    "keyword-not-checked",
                    "`minimun` is no word of a schema that is known: it is not looked at",
                    16
                ),
                (
                    "body-not-checked",
                    "a body of `application/x-own` is taken as bytes: its schema is not checked",
                    17
                ),
            ]
        );
    }
}
