//! The examples that a contract gives of whole bodies, by name.
//!
//! Source: OpenAPI 3.1, Media Type Object, `example` and `examples`; Example Object, `value`. Examples
//! elsewhere (`externalValue`) are never fetched.

use crate::{Body, Contract, Document, reference};
use serde_json::Value;
use std::collections::HashMap;

/// Most examples that are kept of one body.
const MOST: usize = 100;

/// Examples by the body they are of.
#[derive(Clone, Debug, Default)]
pub struct Examples(HashMap<String, Vec<(String, Value)>>);

impl Examples {
    /// Reads the document again, for the examples of its requests and answers.
    pub fn read(contract: &Contract) -> Self {
        let Ok(document) = Document::again(contract) else {
            return Self::default();
        };
        let tree = document.tree();
        let mut found = HashMap::new();
        for operation in &contract.operations {
            let answers = operation.outputs.iter().flat_map(|output| &output.bodies);
            for body in operation.input.iter().chain(answers) {
                let at = body.at.as_str();
                if !found.contains_key(at)
                    && let Some(media) = tree.pointer(at)
                {
                    let examples = of(tree, media);
                    if !examples.is_empty() {
                        found.insert(at.to_owned(), examples);
                    }
                }
            }
        }
        Self(found)
    }

    /// The examples of this body with their names, in order; one without a name has the empty one.
    pub fn of(&self, body: &Body) -> &[(String, Value)] {
        self.0.get(body.at.as_str()).map_or(&[], Vec::as_slice)
    }
}

fn of(tree: &Value, media: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    if let Some(example) = media.get("example") {
        found.push((String::new(), example.clone()));
    }
    for (name, example) in media.get("examples").and_then(Value::as_object).into_iter().flatten().take(MOST) {
        let Ok((example, _)) = reference::object(tree, example, crate::Pointer::root()) else { continue };
        if let Some(value) = example.get("value") {
            found.push((name.clone(), value.clone()));
        }
    }
    found
}
