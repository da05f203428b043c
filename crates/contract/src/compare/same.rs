//! Whether two schemas are written the same, with everything that they refer to: most of two versions is.

use super::node::{Book, Node};
use crate::reference;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What is known of references, by their text: what they lead to in turn, if both sides write the same there.
#[derive(Debug, Default)]
pub(super) struct Same {
    known: HashMap<String, Option<Vec<String>>>,
}

impl Same {
    /// Whether both are the same.
    pub(super) fn are(&mut self, subs: &mut Book, sub: &Node, sups: &mut Book, sup: &Node) -> bool {
        let Some(mut open) = same(sub, sup) else { return false };
        let mut seen = HashSet::new();
        while let Some(reference) = open.pop() {
            if !seen.insert(reference.clone()) {
                continue;
            }
            let found = self.known.entry(reference.clone()).or_insert_with(|| {
                let (one, other) = (subs.refer(&reference)?, sups.refer(&reference)?);
                same(&one, &other)
            });
            match found {
                Some(further) => open.extend(further.iter().filter(|one| !seen.contains(*one)).cloned()),
                None => return false,
            }
        }
        true
    }
}

/// The references in them, if both are written the same and mean the same.
fn same(one: &Node, other: &Node) -> Option<Vec<String>> {
    if one.written != other.written || one.lowered != other.lowered {
        return None;
    }
    let (written, mut found) = (count(&one.written), Vec::new());
    reference::gather(&one.lowered, &mut found);
    // One that is not in the lowered form leads out of the document, where nobody looks.
    (written <= found.len()).then_some(found)
}

/// How often a reference is written; one in an example counts too, and then nothing is taken to be the same.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(map) => {
            usize::from(map.get("$ref").is_some_and(Value::is_string))
                + map.values().map(count).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}
