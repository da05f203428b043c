//! Names of schemas (`$id`, `$anchor`, `$dynamicAnchor`, in old dialects `id`): references by name become references by pointer.
//!
//! Source: JSON Schema 2020-12 Core §8.2 (base URIs, anchors) and §9.1. Everything after this knows pointers
//! only. Where a `$dynamicRef` depends on the way a check came (§8.2.3.2), the schemas keep names of our
//! own, which the engine follows. Deliberately absent: fetching; what has no name in the document stays as it is.

use super::dialect::Dialect;
use super::holding::{BY_NAME, LIST, ONE};
use crate::Pointer;
use crate::reference;
use fluent_uri::{Uri, UriRef};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The base of the document itself, and the beginning of every name that is given here.
pub(super) const OWN: &str = "contract-schema:///r";

/// What the engine begins with, where it follows our own names.
pub(super) const START: &str = "contract-schema:///start";

/// Names and references that are followed; a document with more of them is not one written by hand.
const MOST: usize = 100_000;

/// Words that can name a schema: a text without them needs no walk.
const WORDS: [&str; 6] = ["$id", "$anchor", "$dynamic", "$recursive", "jsonSchemaDialect", "$schema"];

/// Turns references by name into references by pointer.
pub(crate) fn identify<'t>(tree: &mut Value, texts: impl Iterator<Item = &'t str>) {
    let has = |text: &str, word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    if !{ texts }.any(|text| WORDS.iter().any(|word| has(text, word))) {
        return;
    }
    let mut names = Names::default();
    let dialect = Dialect::of_document(tree).unwrap_or(Dialect::Draft2020);
    names.resources.insert(OWN.to_owned(), Pointer::root());
    names.open(tree, &Pointer::root(), dialect, false);
    names.rewrite(tree);
}

/// A reference that was met.
struct Met {
    /// The schema that holds it.
    at: Pointer,
    word: &'static str,
    base: String,
    text: String,
}

#[derive(Default)]
struct Names {
    /// Where the schema of a URI stands.
    resources: HashMap<String, Pointer>,
    /// Where what a URI with a name in its fragment means stands.
    anchors: HashMap<String, Pointer>,
    /// Those of them that are dynamic, with the name alone.
    dynamic: HashMap<String, String>,
    met: Vec<Met>,
    identified: Vec<Pointer>,
}

impl Names {
    /// Walks what is no schema: the members of the document down to its schemas.
    fn open(&mut self, value: &Value, at: &Pointer, dialect: Dialect, named: bool) {
        match value {
            Value::Object(map) => {
                for (key, below) in map {
                    let at = at.at(key);
                    match key.as_str() {
                        "schema" | "itemSchema" if !named => self.schema(below, &at, OWN, dialect),
                        "schemas" | "definitions" if !named && below.is_object() => {
                            for (name, schema) in below.as_object().into_iter().flatten() {
                                self.schema(schema, &at.at(name), OWN, dialect);
                            }
                        }
                        "example" | "examples" | "default" | "value" if !named => {}
                        _ if !named && key.starts_with("x-") => {}
                        _ => self.open(below, &at, dialect, matches!(key.as_str(), "paths" | "callbacks")),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.open(item, &at.index(index), dialect, false);
                }
            }
            _ => {}
        }
    }

    fn schema(&mut self, schema: &Value, at: &Pointer, base: &str, dialect: Dialect) {
        let Value::Object(map) = schema else { return };
        if self.met.len() + self.resources.len() > MOST {
            return;
        }
        let dialect = map.get("$schema").and_then(Value::as_str).and_then(Dialect::named).unwrap_or(dialect);
        let text = |word: &str| map.get(word).and_then(Value::as_str);
        // Before 2019-09 nothing beside a reference counts.
        let alone = dialect.is_alone() && text("$ref").is_some();
        let mut base = base.to_owned();
        if let Some(id) = text(dialect.id()).filter(|_| !alone) {
            if let Some(name) = id.strip_prefix('#') {
                self.anchors.insert(format!("{base}#{name}"), at.clone());
            } else if let Some(whole) = join(&base, id) {
                without_fragment(&whole).clone_into(&mut base);
                self.resources.entry(base.clone()).or_insert_with(|| at.clone());
                self.identified.push(at.clone());
            }
        }
        if !dialect.is_alone() {
            if let Some(name) = text("$anchor") {
                self.anchors.insert(format!("{base}#{name}"), at.clone());
            }
            if let Some(name) = text("$dynamicAnchor") {
                self.anchors.insert(format!("{base}#{name}"), at.clone());
                self.dynamic.insert(format!("{base}#{name}"), name.to_owned());
            }
        }
        for word in ["$ref", "$dynamicRef"] {
            if let Some(text) = text(word) {
                let text = text.to_owned();
                self.met.push(Met { at: at.clone(), word, base: base.clone(), text });
            }
        }
        for (key, below) in map {
            let (word, at) = (key.as_str(), at.at(key));
            match below {
                Value::Object(named) if BY_NAME.contains(&word) => {
                    for (name, schema) in named {
                        self.schema(schema, &at.at(name), &base, dialect);
                    }
                }
                Value::Object(_) if ONE.contains(&word) || matches!(word, "contentSchema" | "extends") => {
                    self.schema(below, &at, &base, dialect);
                }
                Value::Array(items) if LIST.contains(&word) => {
                    for (index, schema) in items.iter().enumerate() {
                        self.schema(schema, &at.index(index), &base, dialect);
                    }
                }
                _ => {}
            }
        }
    }

    /// What a reference means: where it stands, and the URI with fragment.
    fn resolve(&self, tree: &Value, met: &Met) -> Option<(Pointer, String)> {
        let whole = join(&met.base, &met.text)?;
        let base = without_fragment(&whole);
        let fragment = whole.get(base.len() + 1..).unwrap_or_default();
        let resource = self.resources.get(base)?;
        match reference::target(&format!("#{fragment}")) {
            reference::Target::Here(pointer) => {
                let whole_pointer = resource.join(&pointer);
                if reference::resolve(tree, &whole_pointer).is_some() {
                    return Some((whole_pointer, whole));
                }
                // Authors who name a component still mean the document by `#/components/…`.
                let here = met.text.starts_with('#') && reference::resolve(tree, &pointer).is_some();
                here.then_some((pointer, whole))
            }
            _ => Some((self.anchors.get(&whole)?.clone(), whole)),
        }
    }

    fn rewrite(self, tree: &mut Value) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for name in self.dynamic.values() {
            *counts.entry(name.as_str()).or_default() += 1;
        }
        let met: Vec<(&Met, Pointer, String)> = self
            .met
            .iter()
            .filter_map(|met| self.resolve(tree, met).map(|(pointer, whole)| (met, pointer, whole)))
            .collect();
        // A name that stands once means the same whichever way a check came.
        let depends = |met: &Met, whole: &str| {
            met.word == "$dynamicRef" && self.dynamic.get(whole).is_some_and(|name| counts[name.as_str()] > 1)
        };
        let dynamic = met.iter().any(|(met, _, whole)| depends(met, whole));
        let known: HashSet<&Pointer> = self.identified.iter().collect();
        let own = |pointer: &Pointer| format!("{OWN}{}", encoded(pointer));
        for (met, pointer, whole) in &met {
            let Some(Value::Object(map)) = tree.pointer_mut(met.at.as_str()) else { continue };
            if depends(met, whole) {
                let resource = self.resources.get(without_fragment(whole)).cloned().unwrap_or_default();
                let name = &self.dynamic[whole];
                map.insert("$dynamicRef".to_owned(), Value::String(format!("{}#{name}", own(&resource))));
                continue;
            }
            let text = Value::String(format!("#{}", encoded(pointer)));
            if met.word == "$dynamicRef" {
                map.remove("$dynamicRef");
                if map.contains_key("$ref") {
                    let mut also = Map::new();
                    also.insert("$ref".to_owned(), text);
                    let all = map.entry("allOf").or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(all) = all {
                        all.push(Value::Object(also));
                    }
                    continue;
                }
            }
            map.insert("$ref".to_owned(), text);
        }
        for pointer in known {
            if let Some(Value::Object(map)) = tree.pointer_mut(pointer.as_str()) {
                if dynamic {
                    map.insert("$id".to_owned(), Value::String(own(pointer)));
                } else {
                    map.shift_remove("$id");
                }
            }
        }
    }
}

/// A pointer as the fragment or the path of a URI.
pub(super) fn encoded(pointer: &Pointer) -> String {
    utf8_percent_encode(pointer.as_str(), NON_ALPHANUMERIC).to_string().replace("%2F", "/")
}

fn without_fragment(uri: &str) -> &str {
    uri.split_once('#').map_or(uri, |(base, _)| base)
}

/// RFC 3986 §5.2.
fn join(base: &str, reference: &str) -> Option<String> {
    if reference.starts_with('#') {
        return Some(format!("{base}{reference}"));
    }
    let base = Uri::parse(base).ok()?;
    let whole = UriRef::parse(reference).ok()?.resolve_against(&base).ok()?;
    Some(whole.as_str().trim_end_matches('#').to_owned())
}

/// Whether something in a laid out document has one of our own names, or is asked for by one.
pub(super) fn is_named(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            let own = |word| map.get(word).and_then(Value::as_str).is_some_and(|text| text.starts_with(OWN));
            own("$id") || own("$dynamicRef") || map.values().any(is_named)
        }
        Value::Array(items) => items.iter().any(is_named),
        _ => false,
    }
}

/// Makes references in a laid out document count from our own names in it; gives what has such a name.
pub(super) fn absolute(document: &mut Value, resources: &mut Vec<(String, Value)>) {
    let mut named = HashSet::new();
    gather(document, &mut named, false);
    rebase(document, &named, false);
    // Inner ones first: each is to stand in one place only, as the engine looks for an anchor by its address.
    let mut named: Vec<Pointer> = named.into_iter().collect();
    named.sort_by_key(|pointer| std::cmp::Reverse(pointer.as_str().len()));
    for pointer in named {
        if let Some(value) = document.pointer_mut(pointer.as_str()) {
            let name = format!("{OWN}{}", encoded(&pointer));
            let value = std::mem::replace(value, serde_json::json!({ "$ref": name }));
            resources.push((name, value));
        }
    }
}

/// The place that a location of the engine means, where it counts from one of our own names.
pub(super) fn place(location: &str) -> Option<Pointer> {
    let rest = location.strip_prefix(OWN)?;
    let (resource, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let decoded = |text| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Pointer::parse(&format!("{}{}", decoded(resource), decoded(fragment)))
}

/// Whether a member of a schema holds values, in which a `$ref` is no reference.
fn is_data(key: &str) -> bool {
    matches!(key, "enum" | "const")
}

fn gather(value: &Value, named: &mut HashSet<Pointer>, inside: bool) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(id)) = map.get("$id") {
                named.extend(place(id));
            }
            for (key, below) in map.iter().filter(|(key, _)| inside || !is_data(key)) {
                gather(below, named, !inside && BY_NAME.contains(&key.as_str()));
            }
        }
        Value::Array(items) => items.iter().for_each(|below| gather(below, named, false)),
        _ => {}
    }
}

fn rebase(value: &mut Value, named: &HashSet<Pointer>, inside: bool) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("$ref")
                && let reference::Target::Here(pointer) = reference::target(text)
            {
                let starts = pointer.prefixes().filter_map(Pointer::parse);
                let start = starts.filter(|start| named.contains(start)).last().unwrap_or_default();
                let rest = Pointer::parse(&pointer.as_str()[start.as_str().len()..]).unwrap_or_default();
                *text = format!("{OWN}{}#{}", encoded(&start), encoded(&rest));
            }
            for (key, below) in map.iter_mut().filter(|(key, _)| inside || !is_data(key)) {
                rebase(below, named, !inside && BY_NAME.contains(&key.as_str()));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|below| rebase(below, named, false)),
        _ => {}
    }
}
