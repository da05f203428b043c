//! The shape of a value: a schema of a contract, ready to check values and to read text.
//!
//! The schema is kept as compact JSON text and compiled when it is first used, so that a contract of
//! a thousand operations costs what its used ones cost. A schema that is referred to from many
//! operations is one shape.

mod below;
mod compile;
mod dialect;
mod encoded;
mod holding;
mod identity;
mod kept;
mod kinds;
mod lower;
mod pattern;
mod plan;
mod rules;
mod shared;
mod store;
mod tokens;
mod unchecked;
mod view;
mod watch;
mod ways;
mod words;

use crate::openapi::read::Version;
use crate::{Pointer, Violation, Warning};
use below::Below;
use bytes::Bytes;
use compile::Compiled;
pub(crate) use identity::identify;
pub(crate) use kept::{put_all, take_all};
use kinds::Kinds;
pub(crate) use pattern::usable as usable_pattern;
use plan::Plan;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
pub(crate) use store::{DATA, NAMED, Shelf, Side, Store, beside_name, named};
use view::View;
pub(crate) use watch::{Verdict, Watch};
pub(crate) use words::kind_of;

/// What a value may be. Cheap to clone; the schema behind it is compiled when it is first used.
#[derive(Clone)]
pub struct Shape {
    at: Pointer,
    inner: Option<Arc<Inner>>,
}

/// The schema behind shapes: where it stands, its text, and what was made of it.
pub(crate) struct Inner {
    at: Pointer,
    side: Side,
    text: Bytes,
    store: Arc<Store>,
    /// How many shapes were made below the one that this is below: a request's, an answer's.
    made: Arc<AtomicUsize>,
    kinds: OnceLock<Kinds>,
    below: OnceLock<Box<Below>>,
    compiled: OnceLock<Box<Compiled>>,
    plan: OnceLock<Option<Arc<Plan>>>,
}

/// The kinds of value a shape allows, as far as they can be told without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Boolean.
    Boolean,
    /// Whole number.
    Integer,
    /// Number.
    Number,
    /// Text.
    String,
    /// List.
    Array,
    /// Members by name.
    Object,
    /// Several, or not said.
    Any,
}

/// A member that an object may have.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// What the document says about it; may be empty.
    pub description: String,
    /// What it may be.
    pub shape: Shape,
}

impl fmt::Debug for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shape").field("at", &self.at.as_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Inner").field("at", &self.at.as_str()).finish_non_exhaustive()
    }
}

impl Shape {
    /// A shape that allows everything: no schema was given, or it could not be understood (with a warning).
    pub fn anything(at: Pointer) -> Self {
        Self { at, inner: None }
    }

    pub(crate) fn of(at: Pointer, schema: Pointer, side: Side, text: Bytes, store: Arc<Store>) -> Self {
        let inner = Inner {
            at: schema,
            side,
            text,
            store,
            made: Arc::default(),
            kinds: OnceLock::new(),
            below: OnceLock::new(),
            compiled: OnceLock::new(),
            plan: OnceLock::new(),
        };
        Self { at, inner: Some(Arc::new(inner)) }
    }

    /// One that was just made, counted with others.
    fn counted(mut self, made: &Arc<AtomicUsize>) -> Self {
        if let Some(inner) = self.inner.as_mut().and_then(Arc::get_mut) {
            inner.made = Arc::clone(made);
        }
        self
    }

    /// The same schema, referred to from another place.
    pub(crate) fn referred_at(&self, at: Pointer) -> Self {
        Self { at, inner: self.inner.clone() }
    }

    /// Where its schema stands in the document.
    pub fn at(&self) -> &Pointer {
        &self.at
    }

    /// Whether every value is allowed because nothing is demanded, or nothing could be understood.
    pub fn is_anything(&self) -> bool {
        self.inner.is_none()
    }

    /// What kind of value it is; null beside another kind does not count.
    pub fn kind(&self) -> Kind {
        self.kinds().kind()
    }

    fn kinds(&self) -> Kinds {
        let Some(inner) = &self.inner else { return Kinds::ALL };
        *inner.kinds.get_or_init(|| inner.look(View::kinds))
    }

    /// Whether it allows values of this kind, as far as can be told without a value.
    pub fn allows(&self, kind: Kind) -> bool {
        self.kinds().allows(kind)
    }

    /// Turns text from a command line, query or header into a value: `7` is a number if the schema says so.
    ///
    /// Booleans in any case (Python sends `True`). Text that cannot be of the kind stays a string, and
    /// [`Shape::check`] then says so. Lists and objects are read as JSON.
    ///
    /// Where a text may be a string or something else (`now` or a number), it is a string if the schema takes that,
    /// else what the schema does take.
    pub fn read_text(&self, text: &str) -> Value {
        let kinds = self.kinds();
        let value = kinds.read_text(text);
        let other = kinds.without(Kinds::STRING).filter(|_| value.is_string());
        let Some(other) = other.map(|kinds| kinds.read_text(text)).filter(|other| !other.is_string()) else {
            return value;
        };
        if !self.takes(&value) && self.takes(&other) { other } else { value }
    }

    /// Whether its text stands for bytes in base64 (OpenAPI 3.0 Data Types, `byte`; JSON Schema 2020-12 Validation
    /// §8.3, `contentEncoding`); whether in the alphabet for URLs (RFC 4648 §5).
    pub fn base64(&self) -> Option<bool> {
        let word = |word: &str| Some(self.word(word)?.as_str()?.to_ascii_lowercase());
        let said = word("contentEncoding").or_else(|| word("format"))?;
        match said.as_str() {
            "byte" | "base64" => Some(false),
            "base64url" => Some(true),
            _ => None,
        }
    }

    /// What of `value` does not match; at most 100. The place and the name are the caller's to fill in.
    pub fn check(&self, value: &Value) -> Vec<Violation> {
        let Some(inner) = &self.inner else { return Vec::new() };
        inner.compiled().check(value)
    }

    /// Whether `value` matches; the same answer as [`Shape::check`] without what of it does not.
    pub(crate) fn takes(&self, value: &Value) -> bool {
        self.inner.as_ref().is_none_or(|inner| inner.compiled().takes(value))
    }

    /// A check of JSON text that comes in pieces, if the schema can be judged so.
    pub(crate) fn watch(&self) -> Option<Watch> {
        let plan = match &self.inner {
            Some(inner) => inner.plan.get_or_init(|| {
                Plan::new(&inner.store, inner.side, &inner.schema(), &inner.at).map(Arc::new)
            }),
            None => &Some(Arc::new(Plan::free())),
        };
        plan.as_ref().map(|plan| Watch::new(Arc::clone(plan)))
    }

    /// Compiles the schema and those it refers to, if that is not done yet; gives what of them cannot be enforced.
    pub fn warm(&self) -> Vec<Warning> {
        let mut told = Vec::new();
        self.warm_once(&mut HashSet::new(), &mut told);
        told
    }

    /// As [`Shape::warm`], for many shapes: what was looked at is not looked at again.
    pub(crate) fn warm_once(&self, seen: &mut HashSet<(Pointer, Side)>, told: &mut Vec<Warning>) {
        let Some(inner) = &self.inner else { return };
        if !seen.insert((inner.at.clone(), inner.side)) {
            return;
        }
        let mut open = vec![inner.compiled()];
        while let Some(compiled) = open.pop() {
            told.extend_from_slice(compiled.warnings());
            for pointer in compiled.shared() {
                if seen.insert((pointer.clone(), inner.side)) {
                    open.extend(inner.store.compiled(pointer, inner.side));
                }
            }
        }
    }

    /// What of the schema itself cannot be enforced, those it refers to aside; nothing is compiled.
    pub(crate) fn unenforced(&self, warnings: &mut Vec<Warning>) {
        if let Some(inner) = &self.inner {
            let schema = inner.schema();
            lower::Lowering::new(inner.store.version, inner.side, warnings)
                .speaking(inner.store.dialect)
                .schema(&schema, &inner.at);
        }
    }

    /// The schema as written, what is to be known to read it, and the store of those it refers to.
    pub(crate) fn raw(&self) -> Option<(Value, Version, Side, &Arc<Store>)> {
        self.inner.as_ref().map(|inner| (inner.schema(), inner.store.version, inner.side, &inner.store))
    }

    /// The store of referred schemas behind it.
    pub(crate) fn store(&self) -> Option<&Arc<Store>> {
        self.inner.as_ref().map(|inner| &inner.store)
    }

    /// A value that the document gives: an example, else the default, else the first of its choices.
    pub fn example(&self) -> Option<Value> {
        self.inner.as_ref()?.look(|view| {
            let first = |word: &str| view.word(word)?.as_array()?.first();
            let given = view.word("example").or_else(|| first("examples")).or_else(|| view.word("default"));
            given.or_else(|| view.word("const")).or_else(|| first("enum")).cloned()
        })
    }

    /// The value that stands for none given.
    pub fn default(&self) -> Option<Value> {
        self.inner.as_ref()?.look(|view| view.word("default").cloned())
    }

    /// What a word of its schema says, looked for through references and `allOf`.
    pub(crate) fn word(&self, word: &str) -> Option<&Value> {
        self.inner.as_ref()?.view().word(word)
    }

    /// What else bounds the value, as its schema has it: `format`, `pattern`, least and most; for people to read.
    pub fn limits(&self) -> Vec<(&'static str, Value)> {
        const WORDS: [&str; 11] = [
            "format",
            "pattern",
            "minimum",
            "exclusiveMinimum",
            "maximum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
        ];
        WORDS.iter().filter_map(|word| Some((*word, self.word(word)?.clone()))).collect()
    }

    /// Whether its schema says more of a text than that it is one.
    pub(crate) fn limits_text(&self) -> bool {
        let words = ["minLength", "maxLength", "pattern", "enum", "const", "format", "not", "anyOf", "oneOf"];
        words.iter().any(|word| self.word(word).is_some())
    }

    /// The name that its schema has in the document (`Pet` of `#/components/schemas/Pet`), if it has one.
    pub(crate) fn named(&self) -> Option<String> {
        let inner = self.inner.as_ref()?;
        let tokens: Vec<String> = inner.at.tokens().collect();
        match tokens.as_slice() {
            [components, schemas, name] if components == "components" && schemas == "schemas" => {
                Some(name.clone())
            }
            [definitions, name] if definitions == "definitions" => Some(name.clone()),
            _ => None,
        }
    }

    /// The values it is one of (`enum`); empty if it is free.
    pub fn choices(&self) -> Vec<Value> {
        let choices = |view: &View| view.word("enum")?.as_array().cloned();
        self.inner.as_ref().and_then(|inner| inner.look(choices)).unwrap_or_default()
    }

    /// What the document says about the value; may be empty.
    pub fn description(&self) -> String {
        let words = |view: &View| view.word("description")?.as_str().map(str::to_owned);
        self.inner.as_ref().and_then(|inner| inner.look(words)).unwrap_or_default()
    }
}

impl Inner {
    fn schema(&self) -> Value {
        serde_json::from_slice(&self.text).unwrap_or(Value::Bool(true))
    }

    fn compiled(&self) -> &Compiled {
        if let Some(shared) = self.store.compiled(&self.at, self.side) {
            return shared;
        }
        self.compiled.get_or_init(|| Box::new(Compiled::new(&self.store, self.side, self.schema(), &self.at)))
    }

    /// A schema below this one, as a shape of its own.
    fn shape(&self, schema: &Value, at: &Pointer) -> Shape {
        if !schema.is_object() {
            return Shape::anything(at.clone());
        }
        // What is made beyond the places of one takes none of the others'.
        if self.made.fetch_add(1, Ordering::Relaxed) < below::MOST_OF_ONE {
            self.store.made.fetch_add(1, Ordering::Relaxed);
        }
        self.store.shape(self.side, schema, at).counted(&self.made)
    }
}
