//! Values that must be refused: a good one, changed at one place so that it breaks exactly one rule.
//!
//! Where no change that is tried breaks one alone (a value of another kind is none of the choices either), the one
//! that breaks the fewest is given.

use crate::decimal::Decimal;
use crate::{Pointer, Shape};
use serde_json::{Map, Value, json};

/// Most changes that are tried.
const TRIES: usize = 400;
/// Members that are left out one by one.
const MEMBERS: usize = 12;
/// What a number is moved by.
const STEPS: [f64; 6] = [1.0, -1.0, 0.5, 1e12, -1e12, 1e30];

/// A value that the shape refuses, and for how many reasons; `None` where it refuses nothing that was tried.
pub(super) fn broken(shape: &Shape, good: &Value, turn: u64) -> Option<(Value, usize)> {
    let mut fewest: Option<(Value, usize)> = None;
    for value in changed(good, turn) {
        if shape.takes(&value) {
            continue;
        }
        let reasons = shape.check(&value).len();
        if fewest.as_ref().is_none_or(|(_, known)| reasons < *known) {
            fewest = Some((value, reasons));
        }
        if reasons == 1 {
            break;
        }
    }
    fewest
}

/// The value, changed at one place after the other; the turn says where to begin.
pub(super) fn changed(good: &Value, turn: u64) -> impl Iterator<Item = Value> + '_ {
    let mut places = Vec::new();
    gather(good, &Pointer::root(), &mut places);
    let count = u64::try_from(places.len()).unwrap_or(u64::MAX).max(1);
    let first = usize::try_from(turn % count).unwrap_or(0);
    let first = first.min(places.len());
    places.rotate_left(first);
    places.into_iter().filter_map(|(place, way)| {
        let mut value = good.clone();
        let here = value.pointer_mut(place.as_str())?;
        let other = change(here, way).filter(|other| *other != *here)?;
        *here = other;
        Some(value)
    })
}

/// Places and ways to change them, those of one place far apart: neighbours are of different places.
fn gather(value: &Value, at: &Pointer, places: &mut Vec<(Pointer, usize)>) {
    let mut all = Vec::new();
    find(value, at, &mut all);
    let most = all.iter().map(|(_, ways)| *ways).max().unwrap_or(0);
    for way in 0..most {
        places.extend(all.iter().filter(|(_, ways)| way < *ways).map(|(at, _)| (at.clone(), way)));
    }
    places.truncate(TRIES);
}

fn find(value: &Value, at: &Pointer, all: &mut Vec<(Pointer, usize)>) {
    if all.len() >= TRIES {
        return;
    }
    all.push((at.clone(), ways(value)));
    match value {
        Value::Object(members) => members.iter().for_each(|(name, one)| find(one, &at.at(name), all)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, one)| find(one, &at.index(index), all));
        }
        _ => {}
    }
}

/// How many ways there are to change a value.
fn ways(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => KINDS,
        Value::Number(_) => KINDS + STEPS.len(),
        Value::String(_) => KINDS + 7,
        Value::Array(_) => KINDS + 4,
        Value::Object(members) => KINDS + 2 + members.len().min(MEMBERS),
    }
}

/// Values of other kinds.
const KINDS: usize = 6;

fn change(value: &Value, way: usize) -> Option<Value> {
    let own = match value {
        Value::Number(_) => STEPS.len(),
        other => ways(other) - KINDS,
    };
    if way >= own {
        let kinds = [json!(17), json!("amber"), json!(true), Value::Null, json!({}), json!([])];
        let other = kinds.into_iter().nth(way - own)?;
        return (std::mem::discriminant(&other) != std::mem::discriminant(value)).then_some(other);
    }
    Some(match value {
        Value::Null | Value::Bool(_) => return None,
        Value::Number(number) => {
            let moved = Decimal::of(number)?.plus(&Decimal::of_float(STEPS[way])?);
            Value::Number(moved.number()?)
        }
        Value::String(text) => Value::String(text_changed(text, way)),
        Value::Array(items) => Value::Array(match way {
            0 => items.iter().skip(1).cloned().collect(),
            1 => items.iter().chain(items.last()).cloned().collect(),
            2 => Vec::new(),
            // One more than a list of a usual bound may have, all different where they are numbers or texts.
            _ => items.iter().cycle().take(if items.is_empty() { 0 } else { 1_001 }).cloned().collect(),
        }),
        Value::Object(members) => match way {
            0 => {
                let mut members = members.clone();
                members.insert("not-declared".to_owned(), json!(1));
                Value::Object(members)
            }
            1 => Value::Object(Map::new()),
            _ => {
                let mut members = members.clone();
                let name = members.keys().nth(way - 2)?.clone();
                members.shift_remove(&name);
                Value::Object(members)
            }
        },
    })
}

/// Shorter, longer, or with another letter: its last one repeated keeps most patterns.
fn text_changed(text: &str, way: usize) -> String {
    let letters = || text.chars();
    let last = letters().next_back().unwrap_or('a');
    let without = |count: usize| letters().take(letters().count().saturating_sub(count)).collect::<String>();
    match way {
        0 => format!("{}{}", without(1), if last == '!' { '?' } else { '!' }),
        1 => without(1),
        2 => format!("{text}{last}"),
        3 => letters().take(1).collect(),
        4 => String::new(),
        5 => format!("{text}{}", last.to_string().repeat(300)),
        _ => format!("{text}{}", last.to_string().repeat(70_000)),
    }
}
