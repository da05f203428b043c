//! A schema somewhere in a document, as written and as lowered, and the book in which references are looked up.

use crate::reference::{self, Target};
use crate::schema::{Side, Store};
use crate::{Contract, Pointer, Shape, Violation};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A schema at its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Pointer,
    pub(super) written: Arc<Value>,
    pub(super) lowered: Arc<Value>,
}

impl Node {
    /// What stands below, at these tokens; both forms have the same pointers.
    pub(super) fn below(&self, tokens: &[&str]) -> Option<Self> {
        let at = tokens.iter().fold(self.at.clone(), |at, token| at.at(token));
        let within = tokens.iter().fold(Pointer::root(), |at, token| at.at(token));
        let lowered = self.lowered.pointer(within.as_str())?.clone();
        let written = self.written.pointer(within.as_str()).cloned().unwrap_or_else(|| lowered.clone());
        Some(Self { at, written: Arc::new(written), lowered: Arc::new(lowered) })
    }

    /// The schemas in a list below `word`.
    pub(super) fn list(&self, word: &str) -> Vec<Self> {
        let count = self.lowered.get(word).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).filter_map(|index| self.below(&[word, &index.to_string()])).collect()
    }

    /// The same schema without a word.
    pub(super) fn without(&self, word: &str) -> Self {
        let mut lowered = (*self.lowered).clone();
        if let Value::Object(map) = &mut lowered {
            map.shift_remove(word);
        }
        Self { lowered: lowered.into(), ..self.clone() }
    }

    /// Whether no value is allowed.
    pub(super) fn is_never(&self) -> bool {
        *self.lowered == Value::Bool(false)
    }
}

/// The schemas of one contract, seen from one side.
#[derive(Debug)]
pub(super) struct Book {
    side: Side,
    store: Option<Arc<Store>>,
    nodes: HashMap<Pointer, Option<Node>>,
    shapes: HashMap<Pointer, Shape>,
    /// One value that schemas take, by their places and how deep it was filled.
    pub(super) drawn: HashMap<(Vec<Pointer>, usize), Option<Value>>,
}

impl Book {
    pub(super) fn new(contract: &Contract, side: Side) -> Self {
        let store = contract.shapes().find_map(|shape| shape.store().cloned());
        Self { side, store, nodes: HashMap::new(), shapes: HashMap::new(), drawn: HashMap::new() }
    }

    /// The schema of a shape.
    pub(super) fn node(&mut self, shape: &Shape) -> Node {
        let everything = || {
            let all = Arc::new(Value::Bool(true));
            Node { at: shape.at().clone(), written: Arc::clone(&all), lowered: all }
        };
        let (Some((at, written)), Some(store)) = (shape.written(), &self.store) else { return everything() };
        let side = self.side;
        let make = || {
            let lowered = Arc::new(store.lowered(side, &written, &at));
            Some(Node { at: at.clone(), written: Arc::new(written), lowered })
        };
        self.nodes.entry(at.clone()).or_insert_with(make).clone().unwrap_or_else(everything)
    }

    /// The schema that a lowered reference leads to.
    pub(super) fn refer(&mut self, reference: &str) -> Option<Node> {
        let Target::Here(at) = reference::target(reference) else { return None };
        let (store, side) = (self.store.as_ref()?, self.side);
        let make = || {
            let written = store.schema(&at)?;
            let lowered = Arc::new(store.lowered(side, &written, &at));
            Some(Node { at: at.clone(), written: Arc::new(written), lowered })
        };
        self.nodes.entry(at.clone()).or_insert_with(make).clone()
    }

    /// Whether members beside a reference do not count.
    pub(super) fn is_reference_alone(&self) -> bool {
        self.store.as_ref().is_some_and(|store| store.is_reference_alone())
    }

    /// The schema as a shape that checks.
    pub(super) fn shape(&mut self, node: &Node) -> Shape {
        let Some(store) = &self.store else { return Shape::anything(node.at.clone()) };
        if *node.lowered == Value::Bool(true) {
            return Shape::anything(node.at.clone());
        }
        let (store, side) = (Arc::clone(store), self.side);
        let make = || store.shape(side, &node.written, &node.at);
        self.shapes.entry(node.at.clone()).or_insert_with(make).clone()
    }

    /// What of a value all these schemas do not take; text is read first, as from a query or a field.
    pub(super) fn refused(&mut self, all: &[Node], value: &Value, text: bool) -> Vec<Violation> {
        let mut found = Vec::new();
        for node in all {
            let shape = self.shape(node);
            found.extend(match spelled(value).filter(|_| text) {
                Some(spelled) => shape.check(&shape.read_text(&spelled)),
                None => shape.check(value),
            });
        }
        found
    }

    /// Whether all these schemas take a value; cheaper than what of it they refuse.
    pub(super) fn takes(&mut self, all: &[Node], value: &Value, text: bool) -> bool {
        all.iter().all(|node| {
            let shape = self.shape(node);
            match spelled(value).filter(|_| text) {
                Some(spelled) => shape.takes(&shape.read_text(&spelled)),
                None => shape.takes(value),
            }
        })
    }
}

/// A simple value as it is written where everything is text.
fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
