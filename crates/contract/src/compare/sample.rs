//! Values on which two schemas may differ: at the bounds of both, with and without each member.
//!
//! They are only tried; what they are is settled by checking them. Few and small, so that a try is cheap.

use super::flat::Flat;
use super::kinds;
use super::node::{Book, Node};
use crate::decimal::Decimal;
use serde_json::{Map, Number, Value, json};

/// Values that are tried for one pair.
const MOST: usize = 160;

/// How deep a value is filled.
const DEEPEST: usize = 5;

/// Texts longer than this are not made.
const LONGEST: u64 = 5000;

/// Texts that many formats and patterns part ways on.
const TEXTS: [&str; 16] = [
    "a",
    "",
    "abc",
    "A-1",
    "0",
    "7",
    "a b",
    "é",
    "true",
    "2020-01-01",
    "2020-01-01T00:00:00Z",
    "123e4567-e89b-12d3-a456-426614174000",
    "127.0.0.1",
    "::1",
    "a@acme.example",
    "https://acme.example/",
];

/// Values to try on both.
pub(super) fn values(book: &mut Book, one: &Flat, other: &Flat) -> Vec<Value> {
    let mut found = drawn(book, one, other, 0);
    // What the other one names is of use too: a choice, a bound, a member.
    let kinds = one.kinds();
    found.extend(named(other).into_iter().filter(|value| kinds::of(value) & kinds != 0));
    found.truncate(MOST);
    found
}

/// A value that all these schemas take.
fn taken(book: &mut Book, all: &[Node], depth: usize) -> Option<Value> {
    let key = (all.iter().map(|node| node.at.clone()).collect::<Vec<_>>(), depth);
    if let Some(known) = book.drawn.get(&key) {
        return known.clone();
    }
    let flat = Flat::new(book, all);
    let none = Flat::default();
    let found = drawn(book, &flat, &none, depth).into_iter().find(|value| book.takes(all, value, false));
    book.drawn.insert(key, found.clone());
    found
}

fn named(flat: &Flat) -> Vec<Value> {
    let mut found = Vec::new();
    for part in &flat.parts {
        for word in ["const", "default", "example"] {
            found.extend(part.written.get(word).cloned());
        }
        for word in ["enum", "examples"] {
            found.extend(
                part.written.get(word).and_then(Value::as_array).into_iter().flatten().take(20).cloned(),
            );
        }
    }
    found
}

fn drawn(book: &mut Book, flat: &Flat, other: &Flat, depth: usize) -> Vec<Value> {
    let mut found = named(flat);
    let kinds = flat.kinds();
    if kinds & kinds::OBJECT != 0 {
        found.extend(objects(book, flat, other, depth));
    }
    if kinds & kinds::ARRAY != 0 {
        found.extend(lists(book, flat, other, depth));
    }
    if kinds & kinds::NUMBER != 0 {
        found.extend(numbers(flat, other));
    }
    if kinds & kinds::STRING != 0 {
        found.extend(texts(flat, other));
    }
    if kinds & kinds::BOOLEAN != 0 {
        found.extend([json!(true), json!(false)]);
    }
    if kinds & kinds::NULL != 0 {
        found.push(Value::Null);
    }
    if depth < DEEPEST
        && let Some((index, union)) = flat.union()
    {
        for branch in flat.parts[index].list(union).into_iter().take(12) {
            let parts =
                flat.parts.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, part)| part.clone());
            let more = Flat::new(book, &[branch]);
            let mut both = Flat { parts: parts.collect(), ..Flat::default() };
            both.parts.push(flat.parts[index].without(union));
            both.parts.extend(more.parts);
            found.extend(drawn(book, &both, other, depth + 1).into_iter().take(24));
        }
    }
    found
}

fn bounds<'f>(flats: [&'f Flat; 2], words: &'f [&'f str]) -> impl Iterator<Item = &'f Number> + 'f {
    flats.into_iter().flat_map(move |flat| {
        words.iter().flat_map(move |word| flat.word(word)).filter_map(|(_, value)| match value {
            Value::Number(number) => Some(number),
            _ => None,
        })
    })
}

fn numbers(flat: &Flat, other: &Flat) -> Vec<Value> {
    let mut found = vec![json!(0.5), json!(-2.5), json!(0.3)];
    found.extend((-2..=15).map(Value::from));
    let words = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
    for number in bounds([flat, other], &words) {
        found.push(Value::Number(number.clone()));
        if let Some(whole) = number.as_i64() {
            found.extend([whole.checked_sub(1), whole.checked_add(1)].into_iter().flatten().map(Value::from));
        } else if let Some(number) = Decimal::of(number) {
            let beside = [number.plus(&Decimal::from(-1_i64)), number.plus(&Decimal::from(1_i64))];
            found.extend(beside.iter().filter_map(Decimal::number).map(Value::Number));
        }
        if let Some(value) = number.as_f64() {
            found.extend([json!(value - 0.5), json!(value + 0.5), json!(value * 3.0)]);
        }
    }
    found.extend([json!(3_000_000_000_i64), json!(-3_000_000_000_i64)]);
    found
}

fn lengths(flat: &Flat, other: &Flat, words: &[&str], most: u64) -> Vec<usize> {
    let mut found = Vec::new();
    for number in bounds([flat, other], words) {
        let Some(count) = number.as_u64().filter(|count| *count <= most) else { continue };
        for count in [count.checked_sub(1), Some(count), Some(count + 1)].into_iter().flatten() {
            found.extend(usize::try_from(count));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn texts(flat: &Flat, other: &Flat) -> Vec<Value> {
    let mut found: Vec<Value> = TEXTS.iter().map(|text| json!(text)).collect();
    for count in lengths(flat, other, &["minLength", "maxLength"], LONGEST) {
        found.extend(["a", "1"].map(|letter| json!(letter.repeat(count))));
        let url = "https://acme.example/";
        found.extend(count.checked_sub(url.len()).map(|more| json!(format!("{url}{}", "a".repeat(more)))));
    }
    found
}

fn lists(book: &mut Book, flat: &Flat, other: &Flat, depth: usize) -> Vec<Value> {
    let mut found = vec![json!([])];
    if depth >= DEEPEST {
        return found;
    }
    let items = flat.items();
    let Some(item) = (if items.is_empty() { Some(json!("a")) } else { taken(book, &items, depth + 1) })
    else {
        return found;
    };
    let mut counts = lengths(flat, other, &["minItems", "maxItems"], 1000);
    counts.extend([1, 2]);
    for count in counts {
        found.push(Value::Array(vec![item.clone(); count]));
        // Items that differ, where they may.
        let different: Vec<Value> = match &item {
            Value::String(_) => (0..count).map(|index| json!(format!("a{index}"))).collect(),
            Value::Number(_) => (0..count).map(|index| json!(index)).collect(),
            _ => continue,
        };
        found.push(Value::Array(different));
    }
    if items.is_empty() {
        found.extend([json!([1]), json!([null]), json!([{}])]);
    }
    found
}

fn objects(book: &mut Book, flat: &Flat, other: &Flat, depth: usize) -> Vec<Value> {
    if depth >= DEEPEST {
        return vec![json!({})];
    }
    let required = flat.required();
    let mut least = Map::new();
    let mut most = Map::new();
    let mut each = Vec::new();
    let declared = flat.declared();
    let wanted: Vec<&str> = required.iter().copied().filter(|name| !declared.contains(name)).collect();
    for name in declared.into_iter().chain(wanted).take(80) {
        let nodes = flat.member(name);
        let value = if nodes.is_empty() { Some(json!("a")) } else { taken(book, &nodes, depth + 1) };
        let Some(value) = value else { continue };
        most.insert(name.to_owned(), value.clone());
        if required.contains(name) {
            least.insert(name.to_owned(), value);
        } else {
            each.push((name.to_owned(), value));
        }
    }
    let with = |name: &str, value: Value| {
        let mut map = least.clone();
        map.insert(name.to_owned(), value);
        Value::Object(map)
    };
    let mut found = vec![Value::Object(least.clone()), Value::Object(most)];
    // First those that the other one does not know or speaks of.
    let known = other.declared();
    each.sort_by_key(|(name, _)| known.contains(&name.as_str()));
    found.extend(each.into_iter().take(60).map(|(name, value)| with(&name, value)));
    let strange = flat.others();
    let value = if strange.is_empty() { Some(json!("a")) } else { taken(book, &strange, depth + 1) };
    if let Some(value) = value {
        found.push(with("not-declared", value.clone()));
        found.extend([json!(7), json!({}), json!(null)].map(|value| with("not-declared", value)));
        for name in other.declared().into_iter().take(20) {
            found.extend([value.clone(), json!(7), json!({})].map(|value| with(name, value)));
        }
        let mut many = least.clone();
        for count in lengths(flat, other, &["minProperties", "maxProperties"], 100) {
            for index in many.len()..count {
                many.insert(format!("name-{index}"), value.clone());
            }
            found.push(Value::Object(many.clone()));
        }
    }
    found
}
