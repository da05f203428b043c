//! Sets of the kinds of JSON value, small enough to be a number: whole and other numbers stand apart.

use crate::decimal::Decimal;
use serde_json::Value;

pub(super) type Set = u8;

pub(super) const NULL: Set = 1;
pub(super) const BOOLEAN: Set = 2;
pub(super) const WHOLE: Set = 4;
pub(super) const BROKEN: Set = 8;
pub(super) const NUMBER: Set = WHOLE | BROKEN;
pub(super) const STRING: Set = 16;
pub(super) const ARRAY: Set = 32;
pub(super) const OBJECT: Set = 64;
pub(super) const ALL: Set = 127;

/// The kinds that `type` names.
pub(super) fn named(types: &Value) -> Set {
    match types {
        Value::Array(words) => words.iter().map(named).fold(0, |all, one| all | one),
        Value::String(word) => match word.as_str() {
            "null" => NULL,
            "boolean" => BOOLEAN,
            "integer" => WHOLE,
            "number" => NUMBER,
            "string" => STRING,
            "array" => ARRAY,
            "object" => OBJECT,
            _ => ALL,
        },
        _ => ALL,
    }
}

/// The kind of a value; `1.0` is a whole number (JSON Schema 2020-12 Core §4.2.1).
pub(super) fn of(value: &Value) -> Set {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Number(number) if Decimal::of(number).is_some_and(|number| number.is_whole()) => WHOLE,
        Value::Number(_) => BROKEN,
        Value::String(_) => STRING,
        Value::Array(_) => ARRAY,
        Value::Object(_) => OBJECT,
    }
}

/// The kinds in words: `string or null`.
pub(super) fn words(kinds: Set) -> String {
    if kinds == ALL {
        return "anything".to_owned();
    }
    let mut words = Vec::new();
    for (kind, word) in
        [(STRING, "string"), (BOOLEAN, "boolean"), (ARRAY, "array"), (OBJECT, "object"), (NULL, "null")]
    {
        if kinds & kind != 0 {
            words.push(word);
        }
    }
    match kinds & NUMBER {
        0 => {}
        WHOLE => words.insert(0, "integer"),
        _ => words.insert(0, "number"),
    }
    if words.is_empty() { "nothing".to_owned() } else { words.join(" or ") }
}
