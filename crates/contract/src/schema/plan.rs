//! A schema as flat nodes that can be judged while a value comes in, where its words allow that.
//!
//! Nodes that hold for the same value (`$ref`, `allOf`) are gathered beforehand. Words whose verdict needs the
//! value as a whole (`oneOf`, `not`, `uniqueItems`, `contains`, choices that are lists or objects) have no
//! plan: the value is then built. Invariant: a plan's verdict is that of the compiled schema.

use super::compile::{self, Look};
use super::dialect::Dialect;
use super::encoded::ENCODED;
use super::lower::{INTEGER_FORMAT, Lowering, SHARED};
use super::store::{Side, Store};
use super::words;
use crate::reference::{self, Target};
use crate::{Pointer, Violation};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Largest plan, in nodes.
const MOST_NODES: usize = 2_000;

/// Names that one object can be asked for: they are counted in one word.
const MOST_REQUIRED: usize = 64;

/// Words that say something of scalars only, or the same of every list and object.
const SCALAR: [&str; 14] = [
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
    "pattern",
    "format",
    INTEGER_FORMAT,
    ENCODED,
];

/// Nodes; the first is the schema itself.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) nodes: Vec<Node>,
}

/// One schema of a plan.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) at: Pointer,
    /// Every value is refused.
    pub(super) never: bool,
    /// All nodes that hold for the same value, itself included.
    pub(super) with: Vec<usize>,
    scalar: Option<Validator>,
    /// What a list and an object break whatever is in them.
    pub(super) on_list: Vec<Violation>,
    pub(super) on_object: Vec<Violation>,
    /// Members that are spoken of, by name.
    keys: HashMap<String, Key>,
    pub(super) required: Vec<String>,
    pub(super) additional: Additional,
    pub(super) items: Option<usize>,
    /// `minItems`, `maxItems`, `minProperties`, `maxProperties`.
    pub(super) bounds: [Option<u64>; 4],
}

/// A member that is spoken of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Key {
    pub(super) child: Option<usize>,
    /// Its place among the required ones.
    pub(super) required: Option<usize>,
}

/// What holds for members that `properties` does not name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Additional {
    #[default]
    Free,
    Never,
    Node(usize),
}

impl Node {
    pub(super) fn key(&self, name: &str) -> Option<Key> {
        self.keys.get(name).copied()
    }

    /// Whether it says nothing of scalars.
    pub(super) fn is_free(&self) -> bool {
        self.scalar.is_none()
    }

    /// What of a scalar does not match, with places counted from it.
    pub(super) fn check(&self, value: &Value) -> Vec<Violation> {
        let Some(validator) = &self.scalar else { return Vec::new() };
        told(validator, value, &self.at)
    }
}

fn told(validator: &Validator, value: &Value, at: &Pointer) -> Vec<Violation> {
    if validator.is_valid(value) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for error in validator.iter_errors(value) {
        words::tell(&error, &mut found);
    }
    for violation in &mut found {
        violation.rule = at.join(&violation.rule);
    }
    found
}

impl Plan {
    /// The plan of a schema that allows everything.
    pub(super) fn free() -> Self {
        Self { nodes: vec![Node { with: vec![0], ..Node::default() }] }
    }

    /// The plan of the schema that stands at `at`, if there is one.
    pub(super) fn new(store: &Store, side: Side, schema: &Value, at: &Pointer) -> Option<Self> {
        if !store.is_apart() || store.dialect.is_some() {
            return None;
        }
        let mut making = Making { store, side, nodes: Vec::new(), known: HashMap::new(), open: Vec::new() };
        making.known.insert(at.clone(), 0);
        making.nodes.push(Node::default());
        making.lay(0, schema, at)?;
        while let Some((id, pointer)) = making.open.pop() {
            let schema = store.schema(&pointer)?;
            making.lay(id, &schema, &pointer)?;
        }
        let mut nodes = making.nodes;
        let direct: Vec<Vec<usize>> = nodes.iter().map(|node| node.with.clone()).collect();
        for (id, node) in nodes.iter_mut().enumerate() {
            let mut all = vec![id];
            let mut next = 0;
            while let Some(one) = all.get(next) {
                for other in &direct[*one] {
                    if !all.contains(other) {
                        all.push(*other);
                    }
                }
                next += 1;
            }
            node.with = all;
        }
        Some(Self { nodes })
    }
}

struct Making<'s> {
    store: &'s Store,
    side: Side,
    nodes: Vec<Node>,
    known: HashMap<Pointer, usize>,
    /// Referred schemas that have a number and no node yet.
    open: Vec<(usize, Pointer)>,
}

impl Making<'_> {
    fn lay(&mut self, id: usize, schema: &Value, at: &Pointer) -> Option<()> {
        if Dialect::of_schema(schema).is_some() {
            return None;
        }
        // What cannot be enforced was told when the schema was compiled.
        let mut warnings = Vec::new();
        let look = Look { store: self.store, side: self.side };
        let mut lowering = Lowering::new(self.store.version, self.side, &mut warnings);
        lowering.look = Some(&look);
        let lowered = lowering.schema(schema, at);
        self.fill(id, &lowered, at)
    }

    fn node(&mut self, lowered: &Value, at: &Pointer) -> Option<usize> {
        let id = self.nodes.len();
        if id >= MOST_NODES {
            return None;
        }
        self.nodes.push(Node::default());
        self.fill(id, lowered, at)?;
        Some(id)
    }

    fn refer(&mut self, pointer: Pointer) -> Option<usize> {
        if let Some(id) = self.known.get(&pointer) {
            return Some(*id);
        }
        let id = self.nodes.len();
        if id >= MOST_NODES {
            return None;
        }
        self.nodes.push(Node::default());
        self.known.insert(pointer.clone(), id);
        self.open.push((id, pointer));
        Some(id)
    }

    fn fill(&mut self, id: usize, lowered: &Value, at: &Pointer) -> Option<()> {
        let mut node = Node { at: at.clone(), ..Node::default() };
        let map = match lowered {
            Value::Object(map) => map,
            other => {
                node.never = *other == Value::Bool(false);
                self.nodes[id] = node;
                return Some(());
            }
        };
        let mut scalar = Map::new();
        for (word, value) in map {
            let at = at.at(word);
            match word.as_str() {
                "enum" if value.as_array()?.iter().any(is_composite) => return None,
                "const" if is_composite(value) => return None,
                word if SCALAR.contains(&word) => drop(scalar.insert(word.to_owned(), value.clone())),
                "$ref" => match reference::target(value.as_str()?) {
                    Target::Here(pointer) => node.with.push(self.refer(pointer)?),
                    _ => return None,
                },
                SHARED => node.with.push(self.refer(Pointer::parse(value.as_str()?)?)?),
                "allOf" => {
                    for (index, part) in value.as_array()?.iter().enumerate() {
                        node.with.push(self.node(part, &at.index(index))?);
                    }
                }
                "properties" => {
                    for (name, schema) in value.as_object()? {
                        let child = Some(self.node(schema, &at.at(name))?);
                        node.keys.entry(name.clone()).or_default().child = child;
                    }
                }
                "required" => {
                    for name in value.as_array()? {
                        let name = name.as_str()?;
                        node.keys.entry(name.to_owned()).or_default().required = Some(node.required.len());
                        node.required.push(name.to_owned());
                    }
                    if node.required.len() > MOST_REQUIRED {
                        return None;
                    }
                }
                "additionalProperties" => {
                    node.additional = match value {
                        Value::Bool(true) => Additional::Free,
                        Value::Bool(false) => Additional::Never,
                        schema => Additional::Node(self.node(schema, &at)?),
                    }
                }
                "items" if value.is_object() => node.items = Some(self.node(value, &at)?),
                "items" if *value == Value::Bool(true) => {}
                "minItems" => node.bounds[0] = Some(value.as_u64()?),
                "maxItems" => node.bounds[1] = Some(value.as_u64()?),
                "minProperties" => node.bounds[2] = Some(value.as_u64()?),
                "maxProperties" => node.bounds[3] = Some(value.as_u64()?),
                "uniqueItems" if *value == Value::Bool(false) => {}
                // Only looked at where a reference leads.
                "$defs" | "definitions" => {}
                _ => return None,
            }
        }
        if !scalar.is_empty() {
            let validator = compile::options().build(&Value::Object(scalar)).ok()?;
            node.on_list = told(&validator, &json!([]), at);
            node.on_object = told(&validator, &json!({}), at);
            node.scalar = Some(validator);
        }
        self.nodes[id] = node;
        Some(())
    }
}

fn is_composite(value: &Value) -> bool {
    value.is_array() || value.is_object()
}
