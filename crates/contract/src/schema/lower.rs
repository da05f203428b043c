//! Lowering a schema as written to JSON Schema 2020-12, with every keyword at its own pointer.
//!
//! Sources: OpenAPI 3.0 Schema Object (`nullable`, boolean `exclusiveMaximum`, members beside `$ref`
//! do not count), OpenAPI 3.1 Schema Object (JSON Schema 2020-12). What is wrong drops the smallest
//! thing, a keyword if possible, with a warning; what is not known is an annotation and dropped too.
//! Names (`$id`, anchors) are pointers before this (`identity`).

use super::dialect::Dialect;
use super::identity::OWN;
use super::pattern;
use super::store::Side;
use super::view::only_other_side;
use crate::openapi::outline::{is_true, lost_warning, warn};
use crate::openapi::read::Version;
use crate::reference::{self, Lost, Target};
use crate::{Pointer, Warning};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// What need not be encoded in the pointer of a reference (RFC 3986 §3.5).
const FRAGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'~').remove(b'-').remove(b'.').remove(b'_');

/// The formats that are asserted: those whose grammar nobody argues about. Others are annotations,
/// as JSON Schema 2020-12 Validation §7.2 has it.
const FORMATS: [&str; 5] = ["date", "date-time", "uuid", "ipv4", "ipv6"];

/// The keyword that stands for `format: int32` and `int64`; it is never written by an author.
pub(super) const INTEGER_FORMAT: &str = "switchboard-integer-format";

/// The keyword that stands for a reference to a schema that is compiled once for all.
pub(super) const SHARED: &str = "switchboard-shared";

/// Where the rest of a schema stands that lets null in beside it; its rules are told as if it were not there.
pub(super) const NOT_NULL: &str = "else";

/// Lowers schemas, and gathers warnings and the references that were met.
#[derive(Debug)]
pub(super) struct Lowering<'w> {
    version: Version,
    dialect: Option<Dialect>,
    side: Side,
    warnings: &'w mut Vec<Warning>,
    pub(super) references: Vec<Pointer>,
    /// References to schemas that are compiled on their own.
    pub(super) shared: Vec<Pointer>,
    /// What is asked about referred schemas; without it, nothing is known of them.
    pub(super) look: Option<&'w dyn Look>,
}

/// Answers about referred schemas.
pub(super) trait Look: std::fmt::Debug {
    /// Whether only the other side sends such a property.
    fn only_other_side(&self, pointer: &Pointer) -> bool;
    /// Whether it is compiled on its own.
    fn is_shared(&self, pointer: &Pointer) -> bool;
}

impl<'w> Lowering<'w> {
    pub(super) fn new(version: Version, side: Side, warnings: &'w mut Vec<Warning>) -> Self {
        Self {
            version,
            dialect: None,
            side,
            warnings,
            references: Vec::new(),
            shared: Vec::new(),
            look: None,
        }
    }

    /// The schemas are in the dialect that was named, if one was.
    pub(super) fn speaking(mut self, dialect: Option<Dialect>) -> Self {
        self.dialect = dialect;
        self
    }

    fn drop_word(&mut self, at: &Pointer, word: &str, why: &str) {
        let text = format!("`{word}` {why}: it is not enforced");
        self.warnings.push(Warning { code: "keyword-not-enforced", text, at: at.at(word) });
    }

    /// Lowers the schema that stands at `at`.
    pub(super) fn schema(&mut self, schema: &Value, at: &Pointer) -> Value {
        self.try_schema(schema, at).unwrap_or(Value::Bool(true))
    }

    fn try_schema(&mut self, schema: &Value, at: &Pointer) -> Option<Value> {
        let map = match schema {
            Value::Bool(_) => return Some(schema.clone()),
            Value::Object(map) => map,
            _ => {
                self.warnings.push(warn(
                    "schema-not-an-object",
                    "a schema is expected here: nothing is checked",
                    at.clone(),
                ));
                return None;
            }
        };
        let mut out = Map::new();
        if let Some(Value::String(reference)) = map.get("$ref") {
            if let Some((word, reference)) = self.reference(reference, at) {
                out.insert(word.to_owned(), Value::String(reference));
            }
            if self.version == Version::V3_0 || self.dialect.is_some_and(Dialect::is_alone) {
                return Some(self.or_null(map, out));
            }
        }
        for (word, value) in map {
            self.word(map, word, value, at, &mut out);
        }
        self.null_too(map, &mut out);
        Some(self.or_null(map, out))
    }

    fn reference(&mut self, reference: &str, at: &Pointer) -> Option<(&'static str, String)> {
        let lost = match reference::target(reference) {
            Target::Here(pointer) if self.look.is_some_and(|look| look.is_shared(&pointer)) => {
                self.shared.push(pointer.clone());
                return Some((SHARED, pointer.as_str().to_owned()));
            }
            Target::Here(pointer) => {
                let text = format!("#{}", utf8_percent_encode(pointer.as_str(), FRAGMENT));
                self.references.push(pointer);
                return Some(("$ref", text));
            }
            Target::Named(_) => Lost::Nowhere(reference.to_owned()),
            Target::Outside => Lost::Outside(reference.to_owned()),
        };
        self.warnings.push(lost_warning(&lost, "what it describes is not checked", at.clone()));
        None
    }

    fn word(
        &mut self,
        map: &Map<String, Value>,
        word: &str,
        value: &Value,
        at: &Pointer,
        out: &mut Map<String, Value>,
    ) {
        // Where patterns beside it are not enforced, nothing can be said of the other members.
        if word == "additionalProperties" && out.contains_key(word) {
            return;
        }
        let mut keep = |value: Value| {
            out.insert(word.to_owned(), value);
        };
        match word {
            "type" => self.types(value, at, out),
            "enum" => match value {
                Value::Array(choices) if !choices.is_empty() || self.dialect.is_some() => keep(value.clone()),
                _ => self.drop_word(at, word, "is not a list of values"),
            },
            "const" => keep(value.clone()),
            "minimum" | "maximum" => {
                let exclusive = if word == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
                match value {
                    Value::Number(_) if self.dialect == Some(Dialect::Draft4) => keep(value.clone()),
                    // OpenAPI 3.0: the boolean beside it makes the bound exclusive; the rule is then that word.
                    Value::Number(_) if map.get(exclusive) == Some(&Value::Bool(true)) => {}
                    Value::Number(_) => keep(value.clone()),
                    _ => self.drop_word(at, word, "is not a number"),
                }
            }
            "exclusiveMinimum" | "exclusiveMaximum" => match value {
                Value::Number(_) => keep(value.clone()),
                Value::Bool(_) if self.dialect == Some(Dialect::Draft4) => keep(value.clone()),
                Value::Bool(true) => {
                    let bound = if word == "exclusiveMinimum" { "minimum" } else { "maximum" };
                    if let Some(bound @ Value::Number(_)) = map.get(bound) {
                        keep(bound.clone());
                    }
                }
                Value::Bool(false) => {}
                _ => self.drop_word(at, word, "is neither a number nor a boolean"),
            },
            "multipleOf" => match value.as_f64() {
                Some(step) if step > 0.0 => keep(value.clone()),
                _ => self.drop_word(at, word, "is not a number above 0"),
            },
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties"
            | "minContains" | "maxContains" => match whole(value) {
                Some(count) => keep(count.into()),
                None => self.drop_word(at, word, "is not a whole number"),
            },
            "uniqueItems" => match value {
                Value::Bool(_) => keep(value.clone()),
                _ => self.drop_word(at, word, "is not a boolean"),
            },
            "required" => match value {
                Value::Array(names) if names.iter().all(Value::is_string) => {
                    self.required(map, names, at, out);
                }
                _ => self.drop_word(at, word, "is not a list of names"),
            },
            "dependentRequired" => match value.as_object() {
                Some(names) if names.values().all(is_names) => keep(value.clone()),
                _ => self.drop_word(at, word, "is not lists of names"),
            },
            "pattern" => match value.as_str().map(pattern::usable) {
                Some(Some(usable)) => keep(Value::String(usable)),
                Some(None) => {
                    let text = "no engine takes this pattern in bounded time and space: it is not enforced";
                    self.warnings.push(warn("pattern-not-enforced", text, at.at(word)));
                }
                None => self.drop_word(at, word, "is not a text"),
            },
            "format" => match value.as_str() {
                Some(format) if FORMATS.contains(&format) || self.dialect.is_some() => keep(value.clone()),
                Some(format @ ("int32" | "int64")) => {
                    out.insert(INTEGER_FORMAT.to_owned(), json!(format));
                }
                _ => {}
            },
            "properties" | "$defs" | "definitions" | "dependentSchemas" => match value.as_object() {
                Some(below) => keep(self.schemas(below, &at.at(word))),
                None => self.drop_word(at, word, "is not an object"),
            },
            "patternProperties" => match value.as_object() {
                Some(below)
                    if below.keys().all(|key| pattern::usable(key).as_deref() == Some(key.as_str())) =>
                {
                    keep(self.schemas(below, &at.at(word)));
                }
                Some(_) => {
                    let text = "no engine takes one of these patterns: none is enforced";
                    self.warnings.push(warn("pattern-not-enforced", text, at.at(word)));
                    // What they describe must not be refused as unknown.
                    out.insert("additionalProperties".to_owned(), Value::Bool(true));
                }
                None => self.drop_word(at, word, "is not an object"),
            },
            "items" if value.is_array() && self.dialect.is_some_and(|one| one != Dialect::Draft2020) => {
                let ways = value.as_array().map(Vec::as_slice).unwrap_or_default();
                if let Some(ways) = self.ways(word, ways, &at.at(word)) {
                    keep(ways);
                }
            }
            "items" if value.is_array() => {
                self.drop_word(at, word, "is a list, which this dialect does not have");
            }
            "items"
            | "additionalProperties"
            | "additionalItems"
            | "not"
            | "contains"
            | "propertyNames"
            | "if"
            | "then"
            | "else"
            | "unevaluatedItems"
            | "unevaluatedProperties" => {
                if let Some(below) = self.try_schema(value, &at.at(word)) {
                    keep(below);
                }
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => match value {
                Value::Array(ways) if !ways.is_empty() => {
                    if let Some(ways) = self.ways(word, ways, &at.at(word)) {
                        keep(ways);
                    }
                }
                _ => self.drop_word(at, word, "is not a list of schemas"),
            },
            "dependencies" => match value.as_object() {
                Some(below) => {
                    let at = at.at(word);
                    let lower = |(name, way): (&String, &Value)| match way {
                        Value::Array(_) if is_names(way) => (name.clone(), way.clone()),
                        _ => (name.clone(), self.schema(way, &at.at(name))),
                    };
                    keep(Value::Object(below.iter().map(lower).collect()));
                }
                None => self.drop_word(at, word, "is not an object"),
            },
            // Names of our own making; what an author wrote is a reference by pointer by now.
            "$id" | "$dynamicRef" if value.as_str().is_some_and(|text| text.starts_with(OWN)) => {
                keep(value.clone());
            }
            "$dynamicAnchor" if value.is_string() => keep(value.clone()),
            "$dynamicRef" | "$recursiveRef" => self.drop_word(at, word, "is not followed"),
            _ => {}
        }
    }

    fn types(&mut self, value: &Value, at: &Pointer, out: &mut Map<String, Value>) {
        let words: Vec<&str> = match value {
            Value::String(word) => vec![word],
            Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        // What OpenAPI 2.0 called a file is text in a message.
        let words: Vec<&str> =
            words.into_iter().map(|word| if word == "file" { "string" } else { word }).collect();
        let known = |word: &&str| super::kinds::Kinds::named(word).is_some();
        if words.is_empty() || !words.iter().all(known) {
            return self.drop_word(at, "type", "is not a type of JSON");
        }
        let mut unique: Vec<&str> = Vec::new();
        for word in words {
            if !unique.contains(&word) {
                unique.push(word);
            }
        }
        let lowered = if value.is_string() { json!(unique[0]) } else { json!(unique) };
        out.insert("type".to_owned(), lowered);
    }

    /// Whether `nullable` or its older name `x-nullable` counts: 3.1 has type lists instead.
    fn says_null(&self, map: &Map<String, Value>) -> bool {
        self.version == Version::V3_0 && (is_true(map.get("nullable")) || is_true(map.get("x-nullable")))
    }

    /// OpenAPI 3.0, Schema Object, `nullable`: null is one more type, and one more choice.
    fn null_too(&self, map: &Map<String, Value>, out: &mut Map<String, Value>) {
        if !self.says_null(map) {
            return;
        }
        if let Some(Value::String(word)) = out.get("type") {
            let both = json!([word, "null"]);
            out.insert("type".to_owned(), both);
        }
        if let Some(Value::Array(choices)) = out.get_mut("enum")
            && !choices.contains(&Value::Null)
        {
            choices.push(Value::Null);
        }
    }

    /// Published, though 3.0.3 gives `nullable` a meaning beside `type` only: `nullable` beside a reference or
    /// alternatives lets null in as well. Whatever is not null is held to the rest ([`NOT_NULL`]).
    fn or_null(&self, map: &Map<String, Value>, out: Map<String, Value>) -> Value {
        let below = ["$ref", SHARED, "allOf", "oneOf", "anyOf", "not"];
        let apart = self.says_null(map)
            && !out.contains_key("type")
            && below.iter().any(|word| out.contains_key(*word));
        if !apart {
            return Value::Object(out);
        }
        json!({ "if": { "type": "null" }, NOT_NULL: out })
    }

    /// Members that only the other side sends need not be there (OpenAPI 3.0 Schema Object, `readOnly`).
    fn required(
        &mut self,
        map: &Map<String, Value>,
        names: &[Value],
        at: &Pointer,
        out: &mut Map<String, Value>,
    ) {
        let _ = at;
        let properties = map.get("properties").and_then(Value::as_object);
        let ours = |name: &&Value| {
            let schema = properties.and_then(|all| all.get(name.as_str().unwrap_or_default()));
            schema.is_none_or(|schema| !self.other_side(schema))
        };
        let mut kept: Vec<Value> = Vec::new();
        for name in names.iter().filter(ours) {
            if !kept.contains(name) {
                kept.push(name.clone());
            }
        }
        out.insert("required".to_owned(), Value::Array(kept));
    }

    fn other_side(&self, schema: &Value) -> bool {
        if only_other_side(schema, self.side) {
            return true;
        }
        let referred = schema.get("$ref").and_then(Value::as_str).map(reference::target);
        match (referred, self.look) {
            (Some(Target::Here(pointer)), Some(look)) => look.only_other_side(&pointer),
            _ => false,
        }
    }

    fn schemas(&mut self, below: &Map<String, Value>, at: &Pointer) -> Value {
        let lowered = below.iter().map(|(name, schema)| (name.clone(), self.schema(schema, &at.at(name))));
        Value::Object(lowered.collect())
    }

    /// Schemas in a list keep their places: a broken one allows everything.
    fn ways(&mut self, word: &str, ways: &[Value], at: &Pointer) -> Option<Value> {
        let mut lowered = Vec::with_capacity(ways.len());
        for (index, way) in ways.iter().enumerate() {
            match self.try_schema(way, &at.index(index)) {
                Some(way) => lowered.push(way),
                // Of one that allows everything "exactly one" cannot be said.
                None if word == "oneOf" => return None,
                None => lowered.push(Value::Bool(true)),
            }
        }
        Some(Value::Array(lowered))
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value.as_u64() {
        Some(count) => Some(count),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be whole and small"
        )]
        None => value
            .as_f64()
            .filter(|count| (0.0..1e15).contains(count) && count.fract() == 0.0)
            .map(|count| count as u64),
    }
}

fn is_names(value: &Value) -> bool {
    value.as_array().is_some_and(|names| names.iter().all(Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::Lowering;
    use crate::Pointer;
    use crate::openapi::read::Version;
    use crate::schema::Side;
    use serde_json::{Value, json};

    fn check(version: Version, schema: &Value, expected: &Value, codes: &[&str]) {
        let mut warnings = Vec::new();
        let lowered = Lowering::new(version, Side::Request, &mut warnings).schema(schema, &Pointer::root());
        assert_eq!(&lowered, expected, "{schema}");
        assert_eq!(warnings.iter().map(|one| one.code).collect::<Vec<_>>(), codes, "{schema}");
    }

    #[test]
    fn the_dialect_of_3_0_becomes_json_schema() {
        let check = |schema: Value, expected: Value| check(Version::V3_0, &schema, &expected, &[]);
        check(
            json!({"type": "string", "nullable": true, "enum": ["a"]}),
            json!({"type": ["string", "null"], "enum": ["a", null]}),
        );
        check(json!({"minimum": 5, "exclusiveMinimum": true}), json!({"exclusiveMinimum": 5}));
        check(json!({"minimum": 5, "exclusiveMinimum": false}), json!({"minimum": 5}));
        let a = json!({"$ref": "#/components/schemas/A"});
        let or_null = |rest: &Value| json!({"if": {"type": "null"}, "else": rest});
        check(json!({"nullable": true, "allOf": [a]}), or_null(&json!({"allOf": [a]})));
        check(json!({"nullable": true, "$ref": "#/components/schemas/A"}), or_null(&a));
        check(
            json!({"nullable": true, "type": "object", "allOf": [a]}),
            json!({"type": ["object", "null"], "allOf": [a]}),
        );
        check(
            json!({"type": "file", "format": "binary", "example": {"$ref": "x"}}),
            json!({"type": "string"}),
        );
        check(
            json!({"$ref": "#/components/schemas/A b", "type": "string"}),
            json!({"$ref": "#/components/schemas/A%20b"}),
        );
        check(
            json!({"required": ["a", "b"], "properties": {"a": {"readOnly": true}, "b": {"writeOnly": true}}}),
            json!({"required": ["b"], "properties": {"a": {}, "b": {}}}),
        );
    }

    #[test]
    fn what_is_wrong_drops_the_smallest_thing_with_a_warning() {
        let check =
            |schema: Value, expected: Value, code: &str| check(Version::V3_1, &schema, &expected, &[code]);
        check(json!({"type": "int", "minimum": 1}), json!({"minimum": 1}), "keyword-not-enforced");
        check(json!({"type": "string", "required": true}), json!({"type": "string"}), "keyword-not-enforced");
        check(json!({"maximum": "2030", "minimum": 1}), json!({"minimum": 1}), "keyword-not-enforced");
        check(
            json!({"properties": {"a": null, "b": {"type": "null"}}}),
            json!({"properties": {"a": true, "b": {"type": "null"}}}),
            "schema-not-an-object",
        );
        check(
            json!({"allOf": [7, {"minLength": 1.0}]}),
            json!({"allOf": [true, {"minLength": 1}]}),
            "schema-not-an-object",
        );
        check(json!({"oneOf": [7, {"minLength": 1}]}), json!({}), "schema-not-an-object");
        check(json!({"pattern": "(?<=a)(?<!(b"}), json!({}), "pattern-not-enforced");
        check(json!({"$ref": "other.yaml#/A", "minLength": 1}), json!({"minLength": 1}), "reference-outside");
        check(json!({"items": [{}]}), json!({}), "keyword-not-enforced");
    }
}
