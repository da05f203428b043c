//! Lowering a schema as written to JSON Schema 2020-12, with every keyword at its own pointer.
//!
//! Sources: OpenAPI 3.0 Schema Object (`nullable`, boolean `exclusiveMaximum`, members beside `$ref`
//! do not count), OpenAPI 3.1 Schema Object (JSON Schema 2020-12). What is wrong drops the smallest
//! thing, a keyword if possible, with a warning; what is not known is an annotation and dropped too.
//! Names (`$id`, anchors) are pointers before this (`identity`).

pub(super) mod word;

use super::dialect::Dialect;
use super::store::{LOOKING, Side};
use crate::openapi::outline::{lost_warning, warn};
use crate::openapi::read::Version;
use crate::reference::{self, Lost, Target};
use crate::{Pointer, Warning};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::rc::Rc;

/// What need not be encoded in the pointer of a reference (RFC 3986 §3.5).
const FRAGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'~').remove(b'-').remove(b'.').remove(b'_');

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
    /// Members that only the other side sends, by all that is said of the value at hand.
    theirs: Theirs,
    /// The same, handed to a schema of the same value.
    handed: Theirs,
    /// The next schema is about the value at hand.
    same: bool,
    /// Something in a schema about the value at hand looks through references (`unevaluatedProperties`).
    looked: bool,
    /// What is asked about referred schemas; without it, nothing is known of them.
    pub(super) look: Option<&'w dyn Look>,
}

/// Names of members; none where nobody had to look.
type Theirs = Option<Rc<HashSet<String>>>;

/// Answers about referred schemas.
pub(super) trait Look: std::fmt::Debug {
    /// Whether only the other side sends such a property.
    fn only_other_side(&self, pointer: &Pointer) -> bool;
    /// The members of a schema, by all that it and its `allOf` say, that only the other side sends.
    fn theirs(&self, schema: &Value, at: &Pointer) -> HashSet<String>;
    /// Whether it is compiled on its own, where it is looked through or is not.
    fn is_shared(&self, pointer: &Pointer, looked: bool) -> bool;
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
            theirs: None,
            handed: None,
            // What refers to the first schema is not known.
            same: true,
            looked: true,
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
        let same = std::mem::take(&mut self.same);
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
        let around = self.looked;
        self.looked = same && around || LOOKING.iter().any(|word| map.contains_key(*word));
        let lowered = self.object(schema, map, at);
        self.looked = around;
        Some(lowered)
    }

    fn object(&mut self, schema: &Value, map: &Map<String, Value>, at: &Pointer) -> Value {
        let mut out = Map::new();
        if let Some(Value::String(reference)) = map.get("$ref") {
            if let Some((word, reference)) = self.reference(reference, at) {
                out.insert(word.to_owned(), Value::String(reference));
            }
            if self.version == Version::V3_0 || self.dialect.is_some_and(Dialect::is_alone) {
                return self.or_null(map, out);
            }
        }
        let mut theirs = self.handed.take();
        if theirs.is_none() && apart(map) {
            theirs = self.look.map(|look| Rc::new(look.theirs(schema, at)));
        }
        let before = std::mem::replace(&mut self.theirs, theirs);
        for (word, value) in map {
            self.word(map, word, value, at, &mut out);
        }
        self.theirs = before;
        self.null_too(map, &mut out);
        self.or_null(map, out)
    }

    fn reference(&mut self, reference: &str, at: &Pointer) -> Option<(&'static str, String)> {
        let lost = match reference::target(reference) {
            Target::Here(pointer) if self.look.is_some_and(|look| look.is_shared(&pointer, self.looked)) => {
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

    fn schemas(&mut self, below: &Map<String, Value>, at: &Pointer, same: bool) -> Value {
        let lowered = below.iter().map(|(name, schema)| {
            self.same = same;
            (name.clone(), self.schema(schema, &at.at(name)))
        });
        Value::Object(lowered.collect())
    }

    /// Schemas in a list keep their places: a broken one allows everything.
    fn ways(&mut self, word: &str, ways: &[Value], at: &Pointer) -> Option<Value> {
        let mut lowered = Vec::with_capacity(ways.len());
        for (index, way) in ways.iter().enumerate() {
            self.same = SAME.contains(&word);
            self.handed = self.theirs.clone().filter(|_| self.same);
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

/// Words whose schemas are about the value itself.
const SAME: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Whether a member is demanded in one place and perhaps declared in another: `allOf` and the schemas around it
/// speak of one value.
fn apart(map: &Map<String, Value>) -> bool {
    SAME.iter().any(|word| map.get(*word).is_some_and(Value::is_array)) && demands(map)
}

fn demands(map: &Map<String, Value>) -> bool {
    let mut names = map.get("required").and_then(Value::as_array).into_iter().flatten();
    let known = map.get("properties").and_then(Value::as_object);
    let mut below = SAME.iter().filter_map(|word| map.get(*word)?.as_array()).flatten();
    names.any(|name| known.is_none_or(|known| !known.contains_key(name.as_str().unwrap_or_default())))
        || below.any(|way| way.as_object().is_some_and(demands))
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
