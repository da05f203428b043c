//! The rules of a schema as data: as written, and as lowered to JSON Schema 2020-12, for those who compare
//! two contracts. Both stand at the same pointers, so that one is found from the other.

use super::lower::{Look, Lowering};
use super::store::{Side, Store};
use super::view::{only_other_side, theirs};
use super::{Pointer, Shape};
use crate::openapi::read::Version;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

impl Shape {
    /// Where the schema really stands, and as it is written; none: everything is allowed.
    pub(crate) fn written(&self) -> Option<(Pointer, Value)> {
        self.inner.as_ref().map(|inner| (inner.at.clone(), inner.schema()))
    }
}

impl Store {
    /// A schema as it is checked, references kept: what cannot be enforced is not in it.
    pub(crate) fn lowered(&self, side: Side, schema: &Value, at: &Pointer) -> Value {
        let mut untold = Vec::new();
        let look = Apart { store: self, side };
        let mut lowering = Lowering::new(self.version, side, &mut untold);
        lowering.look = Some(&look);
        lowering.schema(schema, at)
    }

    /// Whether members beside a `$ref` do not count (OpenAPI 3.0 Reference Object).
    pub(crate) fn is_reference_alone(&self) -> bool {
        self.version == Version::V3_0
    }

    /// A schema as a shape of its own, be it that it stands at `at` or was put together from what does.
    pub(crate) fn shape(self: &Arc<Self>, side: Side, schema: &Value, at: &Pointer) -> Shape {
        Shape::of(at.clone(), at.clone(), side, schema.to_string().into(), Arc::clone(self))
    }
}

/// Looks at referred schemas, and leaves each reference as it is.
#[derive(Debug)]
struct Apart<'s> {
    store: &'s Store,
    side: Side,
}

impl Look for Apart<'_> {
    fn only_other_side(&self, pointer: &Pointer) -> bool {
        self.store.schema(pointer).is_some_and(|schema| only_other_side(&schema, self.side))
    }

    fn theirs(&self, schema: &Value, at: &Pointer) -> HashSet<String> {
        theirs(self.store, schema, at, self.side)
    }

    fn is_shared(&self, _: &Pointer, _: bool) -> bool {
        false
    }
}
