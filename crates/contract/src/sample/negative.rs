//! Samples that must be refused: a good one, changed at one place until the check says no.

use crate::Shape;
use serde_json::{Map, Value, json};

/// Most changes that are tried.
const TRIES: usize = 400;

/// A value that the shape refuses; `None` where it refuses nothing that was tried.
pub(super) fn broken(shape: &Shape, good: &Value, turn: u64) -> Option<Value> {
    let mut places = Vec::new();
    gather(good, &mut String::new(), &mut places);
    let ways = changes(good).len();
    let all = places.len().saturating_mul(ways).max(1);
    let first = usize::try_from(turn % u64::try_from(all).unwrap_or(1)).unwrap_or(0);
    (0..all.min(TRIES)).find_map(|step| {
        let number = (first + step) % all;
        let (place, way) = (places.get(number % places.len().max(1))?, number / places.len().max(1));
        let mut value = good.clone();
        let here = value.pointer_mut(place)?;
        let changed = changes(here).into_iter().nth(way)?;
        if changed == *here {
            return None;
        }
        *here = changed;
        (!shape.check(&value).is_empty()).then_some(value)
    })
}

fn gather(value: &Value, at: &mut String, places: &mut Vec<String>) {
    if places.len() >= TRIES {
        return;
    }
    places.push(at.clone());
    let length = at.len();
    let mut below = |token: String, value: &Value| {
        at.push('/');
        at.push_str(&token.replace('~', "~0").replace('/', "~1"));
        gather(value, at, places);
        at.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| below(name.clone(), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| below(index.to_string(), value));
        }
        _ => {}
    }
}

/// The ways to change a value, always as many.
fn changes(value: &Value) -> [Value; 8] {
    let without = match value {
        Value::Object(members) => {
            Value::Object(members.iter().skip(1).map(|(name, one)| (name.clone(), one.clone())).collect())
        }
        Value::Array(items) => Value::Array(items.iter().skip(1).cloned().collect()),
        Value::String(text) => Value::String(text.chars().skip(1).collect()),
        other => other.clone(),
    };
    let more = match value {
        Value::Object(members) => {
            let mut members = members.clone();
            members.insert("not-declared".to_owned(), json!(1));
            Value::Object(members)
        }
        Value::Array(items) => Value::Array(items.iter().chain(items.first()).cloned().collect()),
        Value::String(text) => Value::String(format!("{text}{}", "!".repeat(300))),
        Value::Number(number) => json!(number.as_f64().unwrap_or(0.0) + 1e12),
        other => other.clone(),
    };
    let lower = match value {
        Value::Number(number) => json!(number.as_f64().unwrap_or(0.0) - 1e12 - 0.5),
        Value::String(_) => json!(""),
        Value::Object(_) => Value::Object(Map::new()),
        Value::Array(_) => json!([]),
        other => other.clone(),
    };
    let kind = if value.is_string() { json!(17) } else { json!("amber") };
    [kind, without, lower, more, Value::Null, json!({ "amber": true }), json!([[]]), json!(false)]
}
