//! Compiling a lowered schema and what it refers to, and checking values with it.
//!
//! The only module that knows `jsonschema`, whose interface moves. The schemas are laid out in one
//! document at their own pointers, so that what it says of a rule's place is the place in the contract.

use super::dialect::Dialect;
use super::encoded::{self, ENCODED, Encoded};
use super::identity::{self, OWN};
use super::lower::{self, INTEGER_FORMAT, Lowering, SHARED};
use super::pattern::{BACKTRACKS, SIZE};
use super::shared::{self, Standing};
use super::store::{NAMED, Side, Store};
use super::view::{only_other_side, theirs};
use super::words;
use crate::decimal::{Decimal, Weight};
use crate::openapi::outline::{lost_warning, warn};
use crate::openapi::read::Version;
use crate::reference::Lost;
use crate::{Pointer, Violation, Warning};
use jsonschema::{Draft, Keyword, PatternOptions, Registry, ValidationError, ValidationOptions, Validator};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::sync::{Arc, Weak};

/// Most violations that are told of one value.
pub(super) const MOST: usize = 100;

/// Values with more nodes than this are told of their first violation only: gathering all of them
/// would cost an unbounded multiple of the message.
const MOST_NODES: usize = 20_000;

/// Questions to shared schemas that each node of a value may cost, beyond the first few: alternatives
/// times references in a chain.
const STEPS_PER_NODE: usize = 64;

/// A schema ready to check values.
#[derive(Debug)]
pub(super) struct Compiled {
    validator: Option<Validator>,
    warnings: Vec<Warning>,
    shared: Vec<Pointer>,
    /// Where it stands.
    at: Pointer,
    is_3_0: bool,
}

/// Whether a value is valid, unless it was cut short, and the steps it was allowed.
fn judged(validator: &Validator, value: &Value) -> (bool, usize) {
    shared::allow(shared::FEW_STEPS);
    let valid = validator.is_valid(value);
    if !shared::is_cut() {
        return (valid, shared::FEW_STEPS);
    }
    // Only now is it worth to count what an honest value of this size may cost.
    let most = shared::FEW_STEPS.max(STEPS_PER_NODE * nodes(value, usize::MAX));
    shared::allow(most);
    (validator.is_valid(value), most)
}

/// The engine's settings: offline, formats asserted, patterns bounded.
pub(super) fn options<'i>() -> ValidationOptions<'i> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_keyword(INTEGER_FORMAT, |_, format, _| Ok(Box::new(IntegerFormat { short: format == "int32" })))
        .with_format("byte", encoded::is_base64)
        .with_format("base64", encoded::is_base64)
        .with_format("base64url", encoded::is_base64)
        .with_keyword(ENCODED, |_, _, _| Ok(Box::new(Encoded)))
        .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS).size_limit(SIZE))
}

impl Compiled {
    /// Compiles the schema that stands at `at`, with everything it refers to.
    pub(super) fn new(store: &Arc<Store>, side: Side, schema: Value, at: &Pointer) -> Self {
        let mut warnings = Vec::new();
        let is_3_0 = store.version == Version::V3_0;
        let document = Value::Object(Map::new());
        let mut layout = Layout { store, side, document, laid: HashSet::new(), shared: Vec::new() };
        let mut open = layout.lay(&schema, at, &mut warnings);
        let dialect = Dialect::of_schema(&schema).or(store.dialect);
        drop(schema);
        let dynamic = identity::is_named(&layout.document);
        if dynamic && store.is_one() {
            open.extend(store.entries().map(|(pointer, _)| pointer));
        }
        while let Some(pointer) = open.pop() {
            if layout.laid.insert(pointer.clone()) {
                open.extend(layout.refer(&pointer, &mut warnings));
            }
        }
        let Layout { mut document, shared, .. } = layout;
        if let Some(map) = document.as_object_mut() {
            map.insert("$ref".to_owned(), Value::String(format!("#{}", identity::encoded(at))));
        }
        let mut resources = Vec::new();
        let dynamic = identity::is_named(&document);
        if dynamic {
            identity::absolute(&mut document, &mut resources);
            let start = document.get("$ref").cloned();
            resources.push((OWN.to_owned(), std::mem::replace(&mut document, json!({ "$ref": start }))));
        }
        let weak = Arc::downgrade(store);
        let registry = Registry::new().extend(resources).and_then(jsonschema::RegistryBuilder::prepare);
        let registry = match registry {
            Ok(registry) => registry,
            Err(error) => {
                let text = format!("its names cannot be followed, so that nothing is checked: {error}");
                warnings.push(Warning { code: "schema-not-enforced", text, at: at.clone() });
                return Self { validator: None, warnings, shared, at: at.clone(), is_3_0 };
            }
        };
        let mut options = options();
        if dynamic {
            options = options.with_base_uri(identity::START).with_registry(&registry);
        }
        if let Some(dialect) = dialect {
            options = options.with_draft(dialect.draft());
        }
        let validator = match options
            .with_keyword(SHARED, move |_, pointer, _| {
                let pointer = pointer.as_str().and_then(Pointer::parse).unwrap_or_default();
                Ok(Box::new(SharedSchema { store: Weak::clone(&weak), side, pointer }))
            })
            .build(&document)
        {
            Ok(validator) => Some(validator),
            Err(error) => {
                let text =
                    format!("the schema cannot be compiled, so that nothing is checked: {}", error.masked());
                warnings.push(Warning { code: "schema-not-enforced", text, at: at.clone() });
                None
            }
        };
        Self { validator, warnings, shared, at: at.clone(), is_3_0 }
    }

    pub(super) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The shared schemas it refers to.
    pub(super) fn shared(&self) -> &[Pointer] {
        &self.shared
    }

    /// What of `value` does not match; at most [`MOST`]. A value that costs too much to decide does not match.
    pub(super) fn check(&self, value: &Value) -> Vec<Violation> {
        // Also what a panic that was caught left behind.
        shared::forget();
        let found = self.decided(value);
        shared::forget();
        found
    }

    /// Whether `value` matches: what [`Compiled::check`] finds nothing in.
    pub(super) fn takes(&self, value: &Value) -> bool {
        let Some(validator) = &self.validator else { return true };
        shared::forget();
        if !Weight::default().carries_all(value) {
            return false;
        }
        let (valid, _) = judged(validator, value);
        let cut = shared::is_cut();
        shared::forget();
        valid && !cut
    }

    fn decided(&self, value: &Value) -> Vec<Violation> {
        let Some(validator) = &self.validator else { return Vec::new() };
        let heavy = !Weight::default().carries_all(value);
        let (valid, most) = if heavy { (false, 0) } else { judged(validator, value) };
        if heavy || shared::is_cut() {
            return vec![self.whole("too-complex", "a value that can be checked in bounded time", value)];
        }
        if valid {
            return Vec::new();
        }
        shared::allow(most);
        let found = self.violations(value);
        if shared::is_cut() || found.is_empty() {
            return vec![self.whole("schema", "a value that the schema allows", value)];
        }
        found
    }

    /// A violation of the schema as a whole.
    fn whole(&self, code: &'static str, expected: &str, value: &Value) -> Violation {
        Violation { rule: self.at.clone(), ..Violation::new(code, expected, super::kind_of(value)) }
    }

    fn violations(&self, value: &Value) -> Vec<Violation> {
        let Some(validator) = &self.validator else { return Vec::new() };
        if validator.is_valid(value) {
            return Vec::new();
        }
        let mut found = Vec::new();
        if nodes(value, MOST_NODES) >= MOST_NODES {
            if let Err(error) = validator.validate(value) {
                words::tell(&error, &mut found);
            }
        } else {
            for error in validator.iter_errors(value) {
                words::tell(&error, &mut found);
                if found.len() >= MOST {
                    break;
                }
            }
        }
        found.truncate(MOST);
        for violation in found.iter_mut().filter(|_| self.is_3_0) {
            violation.rule = without_null(&violation.rule);
        }
        found
    }
}

/// The rule as the author wrote it: OpenAPI 3.0 has no conditions, so that this step is ours (`lower::NOT_NULL`).
fn without_null(rule: &Pointer) -> Pointer {
    let mut names = false;
    rule.tokens().fold(Pointer::root(), |at, token| {
        let name = names;
        names = !name && NAMED.contains(&token.as_str());
        if token == lower::NOT_NULL && !name { at } else { at.at(&token) }
    })
}

/// Counts nodes, up to a limit.
fn nodes(value: &Value, limit: usize) -> usize {
    let below: &mut dyn Iterator<Item = &Value> = match value {
        Value::Array(items) => &mut items.iter(),
        Value::Object(members) => &mut members.values(),
        _ => return 1,
    };
    let mut count = 1;
    for value in below {
        if count >= limit {
            return limit;
        }
        count += nodes(value, limit - count);
    }
    count
}

/// The document that the engine sees: lowered schemas at their pointers.
struct Layout<'s> {
    store: &'s Store,
    side: Side,
    document: Value,
    laid: HashSet<Pointer>,
    shared: Vec<Pointer>,
}

/// Answers from the store.
#[derive(Debug)]
pub(super) struct Look<'s> {
    pub(super) store: &'s Store,
    pub(super) side: Side,
}

impl lower::Look for Look<'_> {
    fn only_other_side(&self, pointer: &Pointer) -> bool {
        self.store.schema(pointer).is_some_and(|schema| only_other_side(&schema, self.side))
    }

    fn theirs(&self, schema: &Value, at: &Pointer) -> HashSet<String> {
        theirs(self.store, schema, at, self.side)
    }

    fn is_shared(&self, pointer: &Pointer, looked: bool) -> bool {
        self.store.is_shared(pointer, looked)
    }
}

impl Layout<'_> {
    /// Lowers a schema to its place; gives the references in it.
    fn lay(&mut self, schema: &Value, at: &Pointer, warnings: &mut Vec<Warning>) -> Vec<Pointer> {
        let look = Look { store: self.store, side: self.side };
        let dialect = Dialect::of_schema(schema).or(self.store.dialect);
        let mut lowering = Lowering::new(self.store.version, self.side, warnings).speaking(dialect);
        lowering.look = Some(&look);
        let lowered = lowering.schema(schema, at);
        self.shared.append(&mut lowering.shared);
        let references = lowering.references;
        put(&mut self.document, at, lowered);
        references
    }

    /// Lays out what a reference leads to, with the whole schema that holds it.
    fn refer(&mut self, pointer: &Pointer, warnings: &mut Vec<Warning>) -> Vec<Pointer> {
        let mut references = Vec::new();
        if let Some((start, text)) = self.store.holding(pointer)
            && start != *pointer
            && self.laid.insert(start.clone())
            && let Ok(schema) = serde_json::from_slice(text)
        {
            references = self.lay(&schema, &start, warnings);
        }
        if start_is_schema(pointer) && self.document.pointer(pointer.as_str()).is_some() {
            return references;
        }
        match self.store.schema(pointer) {
            Some(schema) => references.extend(self.lay(&schema, pointer, warnings)),
            None if self.document.pointer(pointer.as_str()).is_some() => {}
            None => {
                let lost = Lost::Nowhere(format!("#{pointer}"));
                warnings.push(lost_warning(&lost, "what it describes is not checked", pointer.clone()));
                if !put(&mut self.document, pointer, Value::Bool(true)) {
                    warnings.push(warn("schema-not-enforced", "it cannot be laid out", pointer.clone()));
                }
            }
        }
        references
    }
}

/// A pointer that only an ancestor's layout made exist is no schema yet: `/components/schemas/A` is one.
fn start_is_schema(pointer: &Pointer) -> bool {
    pointer.tokens().count() > 3
}

/// Puts a value at a pointer, making the objects on the way.
fn put(document: &mut Value, at: &Pointer, value: Value) -> bool {
    let mut place = document;
    for token in at.tokens() {
        let next = match place {
            Value::Object(map) => Some(map.entry(token).or_insert_with(|| json!({}))),
            Value::Array(items) => token.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        };
        match next {
            Some(next) => place = next,
            None => return false,
        }
    }
    *place = value;
    true
}

/// A reference to a schema that is compiled once for all that refer to it.
///
/// The store owns the compiled schemas and outlives them; a strong reference would be a circle.
struct SharedSchema {
    store: Weak<Store>,
    side: Side,
    pointer: Pointer,
}

impl SharedSchema {
    /// Asks the shared schema, unless that is being asked about this very value already (a schema that
    /// refers to itself without going deeper says nothing new), or the check has cost enough.
    fn ask<T>(&self, instance: &Value, nothing: T, ask: impl FnOnce(&Compiled, Question) -> T) -> T {
        let Some(store) = self.store.upgrade() else { return nothing };
        let Some(compiled) = store.compiled(&self.pointer, self.side) else { return nothing };
        let question = (std::ptr::from_ref(compiled).addr(), std::ptr::from_ref(instance).addr());
        match shared::begin(question) {
            Standing::Open | Standing::TooMuch => nothing,
            Standing::New(circles) => {
                let answer = ask(compiled, Question { question, circles });
                shared::end();
                answer
            }
        }
    }
}

/// A question under way.
#[derive(Clone, Copy)]
struct Question {
    question: (usize, usize),
    circles: usize,
}

impl<'i> Keyword<'i> for SharedSchema {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        let found = self.ask(instance, Vec::new(), |compiled, _| compiled.violations(instance));
        if found.is_empty() { Ok(()) } else { Err(ValidationError::custom(shared::keep(found))) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        // A text may be a name that the engine made up for the moment: its address says nothing later.
        let lasts = instance.is_object() || instance.is_array();
        self.ask(instance, true, |compiled, Question { question, circles }| {
            if lasts && let Some(known) = shared::answered(question) {
                return known;
            }
            let valid = compiled.validator.as_ref().is_none_or(|one| one.is_valid(instance));
            if lasts {
                shared::remember(question, circles, valid);
            }
            valid
        })
    }
}

/// `format: int32` and `int64` (OpenAPI 3.0, Data Types).
struct IntegerFormat {
    short: bool,
}

impl<'i> Keyword<'i> for IntegerFormat {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) {
            return Ok(());
        }
        Err(ValidationError::custom(if self.short {
            "a whole number of 32 bits"
        } else {
            "a whole number of 64 bits"
        }))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let Value::Number(number) = instance else { return true };
        if let Some(whole) = number.as_i64() {
            return !self.short || i32::try_from(whole).is_ok();
        }
        // Published contracts say int64 and mean what a 64 bit number holds, signed or not.
        let (least, most) = if self.short {
            (Decimal::from(i64::from(i32::MIN)), Decimal::from(i64::from(i32::MAX)))
        } else {
            (Decimal::from(i64::MIN), Decimal::from(u64::MAX))
        };
        Decimal::of(number).is_some_and(|number| (least..=most).contains(&number))
    }
}
