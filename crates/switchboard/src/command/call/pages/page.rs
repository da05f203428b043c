//! One page of a list: its items as they came, and whether it was there before.

use super::super::draft::Draft;
use super::super::trip::Came;
use contract::paging::{self, Paging, Trail};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// What came on a page.
pub(super) struct Page {
    pub(super) body: Value,
    pub(super) text: String,
    /// Where its items stand.
    items: Trail,
}

impl Page {
    /// A page, or the bytes again where the answer is no list.
    pub(super) fn read(paging: Option<&Paging>, came: &Came, body: Vec<u8>) -> Result<Self, Vec<u8>> {
        if !came.head.status.is_success() {
            return Err(body);
        }
        let text = String::from_utf8(body).map_err(std::string::FromUtf8Error::into_bytes)?;
        let Ok(body) = serde_json::from_str::<Value>(&text) else { return Err(text.into_bytes()) };
        let told = paging.and_then(|paging| paging.items.clone());
        let told =
            told.filter(|trail| trail.names().is_some() && trail.find(&body).is_some_and(Value::is_array));
        match told.or_else(|| paging::list(&body)) {
            Some(items) => Ok(Self { body, text, items }),
            None => Err(text.into_bytes()),
        }
    }

    /// The items as they came: numbers and spaces too.
    pub(super) fn items(&self) -> Vec<&RawValue> {
        let mut text = self.text.as_str();
        for name in self.items.names().unwrap_or_default() {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap_or_default();
            text = members.get(name).map_or("[]", |value| value.get());
        }
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// Requests that were made, to see a loop.
#[derive(Default)]
pub(super) struct Visited {
    hasher: RandomState,
    requests: HashSet<u64>,
    first: Option<u64>,
}

impl Visited {
    /// Whether this request was made before.
    pub(super) fn again(&mut self, draft: &Draft) -> bool {
        !self.requests.insert(self.hasher.hash_one((draft.url(), draft.payload.held())))
    }

    /// Whether this is the first page once more.
    pub(super) fn is_first(&mut self, page: &Page) -> bool {
        let hash = self.hasher.hash_one(&page.text);
        *self.first.get_or_insert(hash) == hash && self.requests.len() > 1
    }
}
