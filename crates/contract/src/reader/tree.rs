//! Building a tree from either syntax, noticing members that stand twice.
//!
//! The pointer of such a member is put together while the reader returns from it, so that a document
//! without one pays nothing.

use crate::Pointer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// At most this many are kept; a document that has more is known to be sloppy.
const MAX_TWICE: usize = 100;

/// Members that stand twice, each with its tokens, innermost first.
#[derive(Debug, Default)]
pub(super) struct Twice(Vec<Vec<String>>);

impl Twice {
    pub(super) fn into_pointers(self) -> Vec<Pointer> {
        let pointer =
            |tokens: Vec<String>| tokens.iter().rev().fold(Pointer::root(), |at, token| at.at(token));
        self.0.into_iter().map(pointer).collect()
    }

    fn inside(&mut self, from: usize, token: &str) {
        for tokens in &mut self.0[from..] {
            tokens.push(token.to_owned());
        }
    }
}

/// Reads one value of the tree.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    pub(super) twice: &'t mut Twice,
    /// Whether the tree stays: then its lists and objects are kept no larger than they are. A message's lives for
    /// one check, and its objects get room at once instead of growing.
    pub(super) stays: bool,
}

/// Room for the members of an object in a message.
const MEMBERS: usize = 7;

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Number::from_i128(value).map_or_else(|| Value::String(value.to_string()), Value::Number))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Number::from_u128(value).map_or_else(|| Value::String(value.to_string()), Value::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Self { twice, stays } = self;
        let mut list = Vec::new();
        loop {
            let from = twice.0.len();
            let Some(item) = items.next_element_seed(Tree { twice: &mut *twice, stays })? else {
                if stays {
                    // A list may have grown to twice its length; a tree of millions of nodes feels that.
                    list.shrink_to_fit();
                }
                return Ok(Value::Array(list));
            };
            if twice.0.len() > from {
                twice.inside(from, &list.len().to_string());
            }
            list.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let Self { twice, stays } = self;
        let Some(mut key) = members.next_key_seed(Key)? else { return Ok(Value::Object(Map::new())) };
        let mut map = if stays { Map::new() } else { Map::with_capacity(MEMBERS) };
        loop {
            let from = twice.0.len();
            let value = members.next_value_seed(Tree { twice: &mut *twice, stays })?;
            if twice.0.len() > from {
                twice.inside(from, &key);
            }
            match map.entry(key) {
                serde_json::map::Entry::Vacant(free) => {
                    free.insert(value);
                }
                serde_json::map::Entry::Occupied(mut taken) => {
                    if twice.0.len() < MAX_TWICE {
                        twice.0.push(vec![taken.key().clone()]);
                    }
                    taken.insert(value);
                }
            }
            let Some(next) = members.next_key_seed(Key)? else { break };
            key = next;
        }
        Ok(Value::Object(map))
    }
}

/// Reads a key as text: YAML's `200:` is a key like any other.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = String;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a key")
    }

    fn visit_str<E>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }

    fn visit_string<E>(self, value: String) -> Result<String, E> {
        Ok(value)
    }
}
