//! Lowering one keyword of a schema: what of it is kept, and in which form JSON Schema 2020-12 has it.
//!
//! Sources: OpenAPI 3.0 Schema Object (`nullable`, boolean `exclusiveMaximum`, `readOnly` beside `required`),
//! JSON Schema 2020-12 Validation. A keyword that is wrong is dropped with a warning; one that is not
//! known is an annotation.

use super::{INTEGER_FORMAT, Lowering, NOT_NULL, SHARED};
use crate::Pointer;
use crate::decimal::Decimal;
use crate::openapi::outline::{is_true, warn};
use crate::openapi::read::Version;
use crate::reference::{self, Target};
use crate::schema::dialect::Dialect;
use crate::schema::encoded::{self, ENCODED};
use crate::schema::identity::OWN;
use crate::schema::kinds::Kinds;
use crate::schema::pattern;
use crate::schema::view::only_other_side;
use serde_json::{Map, Value, json};

/// The formats that are asserted: those whose grammar nobody argues about. Others are annotations,
/// as JSON Schema 2020-12 Validation §7.2 has it.
pub(in crate::schema) const FORMATS: [&str; 5] = ["date", "date-time", "uuid", "ipv4", "ipv6"];

impl Lowering<'_> {
    pub(super) fn word(
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
            "multipleOf" => match value {
                Value::Number(step) if Decimal::of(step).is_some_and(|step| step.is_positive()) => {
                    keep(value.clone());
                }
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
                    self.required(map, names, out);
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
                Some(format)
                    if FORMATS.contains(&format)
                        || encoded::FORMATS.contains(&format)
                        || self.dialect.is_some() =>
                {
                    keep(value.clone());
                }
                Some(format @ ("int32" | "int64")) => {
                    out.insert(INTEGER_FORMAT.to_owned(), json!(format));
                }
                _ => {}
            },
            "contentEncoding" if encoded::names(value) && self.dialect.is_none() => {
                out.insert(ENCODED.to_owned(), Value::Bool(true));
            }
            "properties" | "$defs" | "definitions" | "dependentSchemas" => match value.as_object() {
                Some(below) => keep(self.schemas(below, &at.at(word), word == "dependentSchemas")),
                None => self.drop_word(at, word, "is not an object"),
            },
            "patternProperties" => match value.as_object() {
                Some(below)
                    if below.keys().all(|key| pattern::usable(key).as_deref() == Some(key.as_str())) =>
                {
                    keep(self.schemas(below, &at.at(word), false));
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
                self.same = matches!(word, "not" | "if" | "then" | "else");
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
                        _ => {
                            self.same = true;
                            (name.clone(), self.schema(way, &at.at(name)))
                        }
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
        let known = |word: &&str| Kinds::named(word).is_some();
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
    pub(super) fn null_too(&self, map: &Map<String, Value>, out: &mut Map<String, Value>) {
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
    pub(super) fn or_null(&self, map: &Map<String, Value>, out: Map<String, Value>) -> Value {
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
    fn required(&mut self, map: &Map<String, Value>, names: &[Value], out: &mut Map<String, Value>) {
        let properties = map.get("properties").and_then(Value::as_object);
        let ours = |name: &&Value| {
            let schema = properties.and_then(|all| all.get(name.as_str().unwrap_or_default()));
            schema.is_none_or(|schema| !self.other_side(schema))
                && !self.theirs.as_ref().is_some_and(|all| all.contains(name.as_str().unwrap_or_default()))
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
