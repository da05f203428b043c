//! Forms that were seen, urlencoded or in parts, and the object that takes them all (OpenAPI 3.1.1 §4.8.14, §4.8.15).
//!
//! A value of a form is text on the wire, as a parameter's is. A part may be a document or a file; what kinds of file came
//! is said while they are few.

use super::document::{ENOUGH, is_json};
use super::text::{Form, Texts, form};
use super::value::Values;
use crate::openapi::ShownPart;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// More kinds of file than this are any file.
const MOST_KINDS: usize = 4;

/// Names in all forms of one operation; a form with more is a map of somebody's.
const MOST_NAMES: usize = 300;

/// What stands under one name of a form.
#[derive(Debug)]
pub(super) enum Part<'b> {
    Text(String),
    Document(&'b [u8]),
    File(Option<String>),
}

impl<'b> Part<'b> {
    /// A part of a multipart body, by what it says of itself (RFC 7578 §4.4).
    pub(super) fn shown(part: ShownPart<'b>) -> (String, Self) {
        let ShownPart { name, media, file, content } = part;
        let part = match (media, std::str::from_utf8(content)) {
            (Some(media), _) if !file && is_json(&media) => Self::Document(content),
            (None, Ok(text)) if !file => Self::Text(text.to_owned()),
            (Some(media), Ok(text)) if !file && media == "text/plain" => Self::Text(text.to_owned()),
            (media, _) => Self::File(media),
        };
        (name, part)
    }
}

/// Forms at one place.
#[derive(Debug, Default)]
pub(super) struct Forms {
    seen: usize,
    names: BTreeMap<String, Known>,
}

#[derive(Debug, Default)]
struct Known {
    texts: Texts,
    text: usize,
    documents: Values,
    document: usize,
    file: usize,
    kinds: BTreeSet<String>,
    forms: usize,
    repeated: bool,
}

impl Forms {
    pub(super) fn is_empty(&self) -> bool {
        self.seen == 0
    }

    /// One more form.
    pub(super) fn add<'b>(&mut self, parts: impl IntoIterator<Item = (String, Part<'b>)>) {
        self.seen += 1;
        let mut own: BTreeMap<String, usize> = BTreeMap::new();
        for (name, part) in parts {
            // A name that is a value is a caller's: it is not written down.
            let full = self.names.len() >= MOST_NAMES && !self.names.contains_key(&name);
            if full || form(&name) != Form::Word {
                continue;
            }
            let known = self.names.entry(name.clone()).or_default();
            *own.entry(name).or_default() += 1;
            match part {
                Part::Text(text) => {
                    known.text += 1;
                    known.texts.add(&text);
                }
                Part::Document(bytes) => {
                    known.document += 1;
                    if let Ok(value) = serde_json::from_slice(bytes) {
                        known.documents.add(&value);
                    }
                }
                Part::File(media) => {
                    known.file += 1;
                    known.kinds.insert(media.unwrap_or_else(|| "application/octet-stream".to_owned()));
                }
            }
        }
        for (name, count) in own {
            let known = self.names.entry(name).or_default();
            known.forms += 1;
            known.repeated |= count > 1;
        }
    }

    /// `schema`, and `encoding` where parts say what they are.
    pub(super) fn media(&self) -> Value {
        let members: Map<String, Value> =
            self.names.iter().map(|(name, known)| (name.clone(), known.schema(name))).collect();
        let mut schema = json!({ "type": "object" });
        if !members.is_empty() {
            schema["properties"] = Value::Object(members);
        }
        let always = self.names.iter().filter(|(_, known)| known.forms == self.seen);
        let always: Vec<&String> = always.map(|(name, _)| name).collect();
        if self.seen >= ENOUGH && !always.is_empty() {
            schema["required"] = json!(always);
        }
        let kinds = |(name, known): (&String, &Known)| Some((name.clone(), known.encoding()?));
        let encoding: Map<String, Value> = self.names.iter().filter_map(kinds).collect();
        if encoding.is_empty() {
            json!({ "schema": schema })
        } else {
            json!({ "schema": schema, "encoding": encoding })
        }
    }
}

impl Known {
    fn schema(&self, name: &str) -> Value {
        let one = match (self.text > 0, self.document > 0, self.file > 0) {
            (true, false, false) => self.texts.parameter(name),
            (false, true, false) => self.documents.schema(name),
            (false, false, true) => json!({ "type": "string", "format": "binary" }),
            _ => json!({}),
        };
        if self.repeated { json!({ "type": "array", "items": one }) } else { one }
    }

    fn encoding(&self) -> Option<Value> {
        let kinds = match (self.text, self.document, self.file) {
            (0, 1.., 0) => "application/json".to_owned(),
            (0, 0, 1..) if self.kinds.len() <= MOST_KINDS => {
                self.kinds.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            }
            _ => return None,
        };
        Some(json!({ "contentType": kinds }))
    }
}
