//! Building a tree from either syntax, noticing members that stand twice.
//!
//! The pointer of such a member is put together while the reader returns from it, so that a document
//! without one pays nothing. Numbers keep their text (`docs/decisions/numbers.md`).

use crate::Pointer;
use crate::decimal::{self, Decimal, Weight};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::fmt;

/// The one name of the object as which `serde_json` hands over the text of a number that 64 bits do not hold.
const NUMBER: &str = "$serde_json::private::Number";

/// At most this many are kept; a document that has more is known to be sloppy.
const MAX_TWICE: usize = 100;

/// What is noted while a tree is built.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Members that stand twice, each with its tokens, innermost first.
    twice: Vec<Vec<String>>,
    /// What the numbers of a message cost.
    weight: Weight,
    /// Whether the value just read is the text of a number.
    written: bool,
    /// The texts of a YAML document's numbers that its reader rounds, by what they are rounded to, in their order;
    /// the last one counts for all that come after it.
    pub(super) rounded: HashMap<u64, VecDeque<String>>,
}

impl Notes {
    pub(super) fn into_pointers(self) -> Vec<Pointer> {
        let pointer =
            |tokens: Vec<String>| tokens.iter().rev().fold(Pointer::root(), |at, token| at.at(token));
        self.twice.into_iter().map(pointer).collect()
    }

    fn inside(&mut self, from: usize, token: &str) {
        for tokens in &mut self.twice[from..] {
            tokens.push(token.to_owned());
        }
    }
}

/// Reads one value of the tree.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    pub(super) notes: &'t mut Notes,
    /// Whether the tree stays: then its lists and objects are kept no larger than they are. A message's lives for
    /// one check, and its objects get room at once instead of growing.
    pub(super) stays: bool,
    /// Whether it is JSON that is read.
    pub(super) json: bool,
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
        let texts = self.notes.rounded.get_mut(&value.to_bits());
        if let Some(text) =
            texts.and_then(|all| if all.len() > 1 { all.pop_front() } else { all.front().cloned() })
        {
            return Ok(Value::Number(usual(Number::from_string_unchecked(text))));
        }
        Ok(Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    /// The texts of JSON are all borrowed or copied: what is handed over is the text of a number, so that no
    /// member that a stranger writes can pass for one.
    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        if !self.json {
            return Ok(Value::String(value));
        }
        if !self.notes.weight.carries(&value) && !self.stays || !decimal::is_carried(&value) {
            return Err(E::custom("number out of range"));
        }
        self.notes.written = true;
        let number = Number::from_string_unchecked(value);
        Ok(Value::Number(if self.stays { usual(number) } else { number }))
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
        let Self { notes, stays, json } = self;
        let mut list = Vec::new();
        loop {
            let from = notes.twice.len();
            let Some(item) = items.next_element_seed(Tree { notes: &mut *notes, stays, json })? else {
                if stays {
                    // A list may have grown to twice its length; a tree of millions of nodes feels that.
                    list.shrink_to_fit();
                }
                return Ok(Value::Array(list));
            };
            if notes.twice.len() > from {
                notes.inside(from, &list.len().to_string());
            }
            list.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let Self { notes, stays, json } = self;
        let Some(mut key) = members.next_key_seed(Key)? else { return Ok(Value::Object(Map::new())) };
        let mut map = if stays { Map::new() } else { Map::with_capacity(MEMBERS) };
        loop {
            let from = notes.twice.len();
            let value = members.next_value_seed(Tree { notes: &mut *notes, stays, json })?;
            if std::mem::take(&mut notes.written) && key == NUMBER {
                return Ok(value);
            }
            if notes.twice.len() > from {
                notes.inside(from, &key);
            }
            match map.entry(key.into_owned()) {
                serde_json::map::Entry::Vacant(free) => {
                    free.insert(value);
                }
                serde_json::map::Entry::Occupied(mut taken) => {
                    if notes.twice.len() < MAX_TWICE {
                        notes.twice.push(vec![taken.key().clone()]);
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

/// A document's number as it is usually written: two that are equal have one text.
fn usual(number: Number) -> Number {
    let short = number.as_f64().and_then(Number::from_f64).filter(|_| decimal::is_pointed(&number));
    match short {
        Some(short) if Decimal::of(&short) == Decimal::of(&number) => short,
        _ => number,
    }
}

/// Reads a key as text: YAML's `200:` is a key like any other.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value))
    }
}
