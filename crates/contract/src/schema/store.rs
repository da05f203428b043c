//! The schemas of a document that others refer to, as compact text; shapes are taken from here.

use super::Shape;
use super::compile::Compiled;
use super::dialect::Dialect;
use crate::openapi::outline::{is_true, lost_warning, warn};
use crate::openapi::read::Version;
use crate::pointer::Token;
use crate::reference::{self, Lost, Target};
use crate::{Pointer, Warning};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

/// Which way a value travels: a request does not carry what is only read, an answer not what is only written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Request,
    Response,
}

/// Referred schemas by pointer.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) version: Version,
    /// The dialect that the document names.
    pub(super) dialect: Option<Dialect>,
    pub(super) entries: BTreeMap<String, Entry>,
    /// Whether every entry can be compiled apart from what refers to it.
    pub(super) apart: bool,
    /// Whether those can that a member or an item refers to.
    pub(super) below: bool,
    /// How many shapes were made of what stands below others.
    pub(super) made: AtomicUsize,
}

/// Words that look through references to schemas of the same value: with them those are compiled together.
pub(super) const LOOKING: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];

/// The word whose meaning hangs on every reference on the way to it: with it everything is compiled together.
const DYNAMIC: &str = "$dynamicRef";

/// A referred schema, compiled once for all that refer to it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) text: Bytes,
    pub(super) compiled: [OnceLock<Box<Compiled>>; 2],
}

impl Store {
    /// The entry that holds what stands at `pointer`: where it begins, and its text.
    pub(super) fn holding(&self, pointer: &Pointer) -> Option<(Pointer, &Bytes)> {
        let found = pointer.prefixes().find_map(|start| Some((start, &self.entries.get(start)?.text)));
        found.and_then(|(start, text)| Some((Pointer::parse(start)?, text)))
    }

    /// The schema that stands at `pointer`.
    pub(crate) fn schema(&self, pointer: &Pointer) -> Option<Value> {
        let (start, text) = self.holding(pointer)?;
        let mut value: Value = serde_json::from_slice(text).ok()?;
        let rest = &pointer.as_str()[start.as_str().len()..];
        value.pointer_mut(rest).map(Value::take)
    }

    /// Whether what stands at `pointer` is compiled once for all that refer to it; `looked`: whether somebody looks
    /// through the reference.
    pub(super) fn is_shared(&self, pointer: &Pointer, looked: bool) -> bool {
        (self.apart || self.below && !looked) && self.entries.contains_key(pointer.as_str())
    }

    /// The one compiled form of what stands at `pointer`, if it is shared.
    pub(super) fn compiled(self: &Arc<Self>, pointer: &Pointer, side: Side) -> Option<&Compiled> {
        let entry = self.entries.get(pointer.as_str()).filter(|_| self.apart || self.below)?;
        let compile = || {
            let schema = serde_json::from_slice(&entry.text).unwrap_or(Value::Bool(true));
            Box::new(Compiled::new(self, side, schema, pointer))
        };
        Some(entry.compiled[usize::from(side == Side::Response)].get_or_init(compile))
    }

    /// Whether every entry is compiled apart from what refers to it.
    pub(super) fn is_apart(&self) -> bool {
        self.apart
    }

    /// Whether nothing is compiled apart from anything.
    pub(super) fn is_one(&self) -> bool {
        !self.apart && !self.below
    }

    /// Every entry.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Pointer, Value)> + '_ {
        self.entries.iter().filter_map(|(pointer, entry)| {
            Some((Pointer::parse(pointer)?, serde_json::from_slice(&entry.text).ok()?))
        })
    }

    /// What of all entries cannot be enforced.
    pub(crate) fn unenforced(&self, warnings: &mut Vec<Warning>) {
        for (at, schema) in self.entries() {
            super::lower::Lowering::new(self.version, Side::Request, warnings)
                .speaking(self.dialect)
                .schema(&schema, &at);
        }
    }
}

/// The schemas that a document names: those of its components (OpenAPI 2.0: `definitions`).
pub(crate) fn named(root: &Value) -> impl Iterator<Item = (&str, Pointer, &Value)> {
    let places =
        [Pointer::root().at("components").at("schemas"), Pointer::root().at("definitions")].into_iter();
    places.flat_map(|at| {
        let schemas = root.pointer(at.as_str()).and_then(Value::as_object).into_iter().flatten();
        schemas.map(move |(name, schema)| (name.as_str(), at.at(name), schema))
    })
}

/// Makes shapes while a document is lowered.
#[derive(Debug)]
pub(crate) struct Shelf<'v> {
    root: &'v Value,
    store: Arc<Store>,
    made: HashMap<(Pointer, Side), Shape>,
}

impl<'v> Shelf<'v> {
    /// Takes the schemas that references lead to out of the tree, and warns of references that lead nowhere.
    pub(crate) fn new(root: &'v Value, version: Version, warnings: &mut Vec<Warning>) -> Self {
        let mut entries = BTreeMap::new();
        for (_, at, schema) in named(root) {
            entries.insert(at.as_str().to_owned(), schema.to_string().into());
        }
        let mut path = Vec::new();
        let (mut apart, mut below) = (true, true);
        References { root, entries: &mut entries, warnings, apart: &mut apart, below: &mut below }
            .visit(root, &mut path, false);
        let dialect = Dialect::of_document(root);
        let entry = |(pointer, text)| (pointer, Entry { text, compiled: Default::default() });
        let entries = entries.into_iter().map(entry).collect();
        Self {
            root,
            store: Arc::new(Store { version, dialect, entries, apart, below, made: AtomicUsize::new(0) }),
            made: HashMap::new(),
        }
    }

    /// The shape of a schema that was put together from what stands at `at`.
    pub(crate) fn inline(&self, schema: &Value, at: &Pointer, side: Side) -> Shape {
        self.store.shape(side, schema, at)
    }

    /// The shape of the schema that stands at `at`.
    pub(crate) fn shape(
        &mut self,
        schema: &'v Value,
        at: &Pointer,
        side: Side,
        warnings: &mut Vec<Warning>,
    ) -> Shape {
        let (mut schema, mut stands) = (schema, at.clone());
        // A bare reference is the schema it leads to: many operations then share one shape. In 3.0
        // members beside a reference do not count; in 3.1 they do, and the schema is one of its own; so it is where null is let in.
        for _ in 0..64 {
            let Some(map) = schema.as_object() else { break };
            let Some(Value::String(reference)) = map.get("$ref") else { break };
            if map.len() > 1 && (self.store.version == Version::V3_1 || says_null(map)) {
                break;
            }
            let lost = match reference::target(reference) {
                Target::Here(pointer) => match reference::resolve(self.root, &pointer) {
                    Some(found) => {
                        (schema, stands) = (found, pointer);
                        continue;
                    }
                    None => Lost::Nowhere(reference.clone()),
                },
                Target::Named(_) => Lost::Nowhere(reference.clone()),
                Target::Outside => Lost::Outside(reference.clone()),
            };
            warnings.push(lost_warning(&lost, "what it describes is not checked", stands));
            return Shape::anything(at.clone());
        }
        match schema {
            Value::Bool(true) => Shape::anything(at.clone()),
            Value::Object(map) if map.is_empty() => Shape::anything(at.clone()),
            Value::Object(_) | Value::Bool(false) => {
                let store = &self.store;
                let made = self.made.entry((stands.clone(), side)).or_insert_with(|| {
                    let known = store.entries.get(stands.as_str()).map(|entry| entry.text.clone());
                    let text = known.unwrap_or_else(|| schema.to_string().into());
                    Shape::of(at.clone(), stands, side, text, Arc::clone(store))
                });
                made.referred_at(at.clone())
            }
            _ => {
                warnings.push(warn(
                    "schema-not-an-object",
                    "a schema is expected here: nothing is checked",
                    stands,
                ));
                Shape::anything(at.clone())
            }
        }
    }
}

/// Looks for references in the whole document.
struct References<'v, 'o> {
    root: &'v Value,
    entries: &'o mut BTreeMap<String, Bytes>,
    warnings: &'o mut Vec<Warning>,
    apart: &'o mut bool,
    below: &'o mut bool,
}

/// Members that hold values, not parts of the contract: a `$ref` in them is data.
pub(crate) const DATA: [&str; 6] = ["example", "examples", "default", "enum", "const", "value"];

/// Members whose own members are named by the author, so that `default` may be a name in them.
pub(crate) const NAMED: [&str; 13] = [
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "schemas",
    "responses",
    "parameters",
    "headers",
    "requestBodies",
    "paths",
    "callbacks",
    "dependentSchemas",
    "pathItems",
];

impl References<'_, '_> {
    fn visit<'t>(&mut self, value: &'t Value, path: &mut Vec<Token<'t>>, named: bool) {
        match value {
            Value::Object(map) => {
                if let (false, Some(Value::String(reference))) = (named, map.get("$ref")) {
                    self.reference(reference, path);
                }
                if !named && map.get("in").and_then(Value::as_str) == Some("formData") {
                    // OpenAPI 2.0: a member of a form, whose schema refers to where the member stands.
                    let schema = beside_name(map).to_string().into();
                    self.entries.insert(Pointer::of(path).as_str().to_owned(), schema);
                }
                for (key, below) in map {
                    if !named && (DATA.contains(&key.as_str()) || key.starts_with("x-")) {
                        continue;
                    }
                    let dynamic = !named && key == DYNAMIC;
                    *self.below &= !dynamic;
                    *self.apart &= !dynamic && (named || !LOOKING.contains(&key.as_str()));
                    let inside = !named && NAMED.contains(&key.as_str());
                    path.push(Token::Name(key));
                    self.visit(below, path, inside);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (index, below) in items.iter().enumerate() {
                    path.push(Token::Index(index));
                    self.visit(below, path, false);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, reference: &str, path: &[Token<'_>]) {
        let lost = match reference::target(reference) {
            Target::Here(pointer) => match reference::resolve(self.root, &pointer) {
                Some(found) => return self.keep(&pointer, found),
                None => Lost::Nowhere(reference.to_owned()),
            },
            Target::Named(_) => Lost::Nowhere(reference.to_owned()),
            Target::Outside => Lost::Outside(reference.to_owned()),
        };
        self.warnings.push(lost_warning(&lost, "what it describes is not checked", Pointer::of(path)));
    }

    /// Keeps a schema that stands elsewhere than under `components/schemas`.
    fn keep(&mut self, pointer: &Pointer, found: &Value) {
        let mut tokens = pointer.tokens();
        let first = tokens.next();
        let second = tokens.next();
        let rest = tokens.count();
        let component = first.as_deref() == Some("components");
        // `/components/schemas/X` is kept already, `/components/responses/X` is no schema.
        if component && (second.as_deref() == Some("schemas") || rest == 1) {
            return;
        }
        // OpenAPI 2.0: neither are `/parameters/X` and `/responses/X`.
        if found.get("in").is_some_and(Value::is_string)
            || (first.as_deref() == Some("responses") && second.is_some() && rest == 0)
        {
            return;
        }
        self.entries.entry(pointer.as_str().to_owned()).or_insert_with(|| found.to_string().into());
    }
}

/// The schema whose words stand beside the name of a parameter (OpenAPI 2.0 Parameter Object).
pub(crate) fn beside_name(map: &Map<String, Value>) -> Value {
    let own = ["name", "in", "required", "collectionFormat", "allowEmptyValue", "schema"];
    let mut words: Map<String, Value> = map
        .iter()
        .filter(|(word, _)| !own.contains(&word.as_str()))
        .map(|(w, v)| (w.clone(), v.clone()))
        .collect();
    if words.get("type").and_then(Value::as_str) == Some("file") {
        words.insert("type".to_owned(), "string".into());
        words.insert("format".to_owned(), "binary".into());
    }
    Value::Object(words)
}

/// `nullable` in 3.0, and what it was called before; elsewhere the word says nothing.
fn says_null(map: &Map<String, Value>) -> bool {
    ["nullable", "x-nullable"].iter().any(|word| is_true(map.get(*word)))
}
