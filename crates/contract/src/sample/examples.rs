//! The examples that a contract gives of parameters, header fields and whole bodies, by name.
//!
//! Sources: OpenAPI 3.1, Parameter Object and Media Type Object, `example` and `examples`; Example Object,
//! `value` (3.2: `dataValue`); OpenAPI 2.0, Response Object, `examples` (by media type). Examples elsewhere
//! (`externalValue`) are never fetched; those within schemas are found where values are made.

use crate::openapi::media;
use crate::{Body, Contract, Document, Output, Parameter, Pointer, reference};
use serde_json::Value;
use std::collections::HashMap;

/// Most examples that are kept of one body.
const MOST: usize = 100;

/// Examples by what they are of.
#[derive(Clone, Debug, Default)]
pub struct Examples(HashMap<String, Vec<(String, Value)>>);

impl Examples {
    /// Reads the document again, with its other files and overlays, for the examples of its requests and answers.
    pub fn read(contract: &Contract) -> Self {
        let Ok(document) = Document::again(contract) else {
            return Self::default();
        };
        let mut reading = Reading { tree: document.tree(), found: HashMap::new() };
        for operation in &contract.operations {
            for parameter in &operation.parameters {
                reading.at(&parameter.at, parameter.at.as_str());
            }
            for body in &operation.input {
                reading.at(&body.at, &key(body));
            }
            for output in &operation.outputs {
                for field in &output.fields {
                    reading.at(&field.at, field.at.as_str());
                }
                for body in &output.bodies {
                    reading.at(&body.at, &key(body));
                    reading.by_media(output, body);
                }
            }
        }
        Self(reading.found)
    }

    /// The examples of this body with their names, in order; one without a name has the empty one.
    pub fn of(&self, body: &Body) -> &[(String, Value)] {
        self.0.get(&key(body)).map_or(&[], Vec::as_slice)
    }

    /// The examples of this parameter or header field, as those of a body.
    pub fn of_parameter(&self, parameter: &Parameter) -> &[(String, Value)] {
        self.0.get(parameter.at.as_str()).map_or(&[], Vec::as_slice)
    }
}

/// In OpenAPI 2.0 the bodies of an answer stand at one place, whatever their media types.
fn key(body: &Body) -> String {
    format!("{} {}", body.at, body.media)
}

struct Reading<'t> {
    tree: &'t Value,
    found: HashMap<String, Vec<(String, Value)>>,
}

impl Reading<'_> {
    /// The examples that stand beside what is at `at`.
    fn at(&mut self, at: &Pointer, key: &str) {
        if !self.found.contains_key(key)
            && let Some(holder) = self.tree.pointer(at.as_str())
        {
            self.keep(key, of(self.tree, holder));
        }
    }

    /// OpenAPI 2.0, Example Object: `{media type: example}`, of the answer. It has no other name than that.
    fn by_media(&mut self, output: &Output, body: &Body) {
        let examples = self.tree.pointer(output.at.at("examples").as_str()).and_then(Value::as_object);
        let own = examples.into_iter().flatten().filter(|(written, _)| {
            media::bare(written).is_some_and(|media| media == body.media || media::is_in(&media, &body.media))
        });
        let found = own.take(MOST).map(|(written, value)| (written.clone(), value.clone())).collect();
        let key = key(body);
        if !self.found.contains_key(&key) {
            self.keep(&key, found);
        }
    }

    fn keep(&mut self, key: &str, examples: Vec<(String, Value)>) {
        if !examples.is_empty() {
            self.found.insert(key.to_owned(), examples);
        }
    }
}

fn of(tree: &Value, media: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    if let Some(example) = media.get("example") {
        found.push((String::new(), example.clone()));
    }
    for (name, example) in media.get("examples").and_then(Value::as_object).into_iter().flatten().take(MOST) {
        let Ok((example, _)) = reference::object(tree, example, Pointer::root()) else { continue };
        if let Some(value) = example.get("value").or_else(|| example.get("dataValue")) {
            found.push((name.clone(), value.clone()));
        }
    }
    found
}
