//! Each keyword of a schema that must take values: whether what the other one demands is enough for it.
//!
//! Source: JSON Schema 2020-12 Core §10, Validation §6. A keyword that is not understood here is enough only
//! where it stands in both, the same in everything that it refers to.

mod list;
mod number;
mod object;
mod union;

use super::flat::Flat;
use super::judge::{Judge, Obstacle, Obstacles, obstacle, place};
use super::kinds;
use super::node::Node;
use crate::Pointer;
use serde_json::Value;
use std::collections::HashSet;

/// Looks at every keyword: what stands in the way here goes to `own`, what does so deeper in the value to `below`.
pub(super) fn check(
    judge: &mut Judge,
    sub: &Flat,
    sup: &Flat,
    own: &mut Vec<Obstacle>,
    below: &mut Obstacles,
) {
    let left = types(judge, sub, sup, own);
    unchecked(sub, sup, own);
    choices(judge, sub, sup, own);
    if judge.brief && !own.is_empty() {
        return;
    }
    if left & kinds::NUMBER != 0 {
        number::check(judge, sub, sup, own);
    }
    if left & kinds::STRING != 0 {
        number::lengths(judge, sub, sup, &["minLength", "maxLength"], own);
        for word in ["pattern", "format"] {
            same_or(judge, sub, sup, word, own);
        }
    }
    if left & kinds::ARRAY != 0 {
        list::check(judge, sub, sup, own, below);
    }
    if left & kinds::OBJECT != 0 {
        object::check(judge, sub, sup, own, below);
    }
    if judge.brief && !(own.is_empty() && below.is_empty()) {
        return;
    }
    for word in ["not", "if", "unevaluatedItems", "unevaluatedProperties"] {
        same_or(judge, sub, sup, word, own);
    }
    union::check(judge, sub, sup, own, below);
}

/// The kinds that both take; what is missing stands in the way.
fn types(judge: &Judge, sub: &Flat, sup: &Flat, own: &mut Vec<Obstacle>) -> kinds::Set {
    let (has, takes) = (sub.kinds(), sup.kinds());
    let mut missing = has & !takes;
    // On the wire a number is text like any other, and a free text takes it.
    let free =
        ["enum", "const", "pattern", "format", "minLength", "maxLength"].iter().all(|word| !sup.has(word));
    if judge.text && takes & kinds::STRING != 0 && free {
        missing &= !(kinds::NUMBER | kinds::BOOLEAN);
    }
    if missing != 0 {
        let (was, is) = if judge.sub_is_old { (has, takes) } else { (takes, has) };
        let what = format!("type: was {}, is {}", kinds::words(was), kinds::words(is));
        own.push(obstacle("type", &what, at(sub, "type"), at(sup, "type")));
    }
    has & takes
}

/// Demands that are written and never checked must be written on the other side too.
fn unchecked(sub: &Flat, sup: &Flat, own: &mut Vec<Obstacle>) {
    for (word, value, node) in &sup.unchecked {
        let applies = match word.as_str() {
            "format" | "pattern" => sub.kinds() & (kinds::STRING | kinds::NUMBER) != 0,
            _ => true,
        };
        let found = sub.parts.iter().any(|part| part.written.get(word) == Some(value));
        let deep = value.is_object() || value.is_array() || word.starts_with('$');
        if !applies || (found && !deep) {
            continue;
        }
        let what = format!("`{word}` is not checked by anyone here, and cannot be compared");
        let place = if node.written.get(word).is_some() { node.at.at(word) } else { node.at.clone() };
        let there = sub.parts.iter().find(|part| part.written.get(word).is_some());
        let there = there.map_or_else(|| self::place(sub), |part| part.at.at(word));
        own.push(obstacle(slug(word), &what, there, place));
    }
}

/// `enum` and `const` of what must take the values; the other one has more than a few of them.
fn choices(judge: &Judge, sub: &Flat, sup: &Flat, own: &mut Vec<Obstacle>) {
    let Some(takes) = sup.choices().filter(|_| sup.has("enum") || sup.has("const")) else { return };
    let fits = sub.choices().is_some_and(|all| all.iter().all(|one| takes.contains(one)));
    if !fits {
        let word = if sup.has("enum") { "enum" } else { "const" };
        let what = if judge.sub_is_old {
            "any value was taken, now only those that are listed"
        } else {
            "only listed values were sent, now others too"
        };
        own.push(obstacle("enum", what, at(sub, word), at(sup, word)));
    }
}

/// A keyword that is enough only if it stands on both sides, with all that it refers to.
pub(super) fn same_or(judge: &mut Judge, sub: &Flat, sup: &Flat, word: &str, own: &mut Vec<Obstacle>) {
    for part in &sup.parts {
        let Some(value) = part.lowered.get(word) else { continue };
        let beside: &[&str] = match word {
            "if" => &["then", "else"],
            "contains" => &["minContains", "maxContains"],
            // What these see depends on everything beside them.
            "unevaluatedItems" | "unevaluatedProperties" => &[
                "properties",
                "patternProperties",
                "additionalProperties",
                "items",
                "prefixItems",
                "allOf",
                "anyOf",
                "oneOf",
                "if",
                "then",
                "else",
                "not",
                "$ref",
                "contains",
                "dependentSchemas",
            ],
            _ => &[],
        };
        let same = sub.parts.iter().any(|other| {
            let all = std::iter::once(&word).chain(beside);
            all.into_iter().all(|word| same(judge, other, part, word))
        });
        if !same {
            let there = sub.word(word).next().map(|(_, value)| value);
            let what = told(judge, word, there, Some(value));
            own.push(obstacle(slug(word), &what, at(sub, word), part.at.at(word)));
        }
    }
}

/// Whether a word says the same in two parts, references followed.
pub(super) fn same(judge: &mut Judge, sub: &Node, sup: &Node, word: &str) -> bool {
    match (sub.lowered.get(word), sup.lowered.get(word)) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            let written = (sub.written.get(word), sup.written.get(word));
            let words_differ = matches!(written, (Some(one), Some(other)) if one != other);
            deep(judge, one, other, &mut HashSet::new()) && !(words_differ && mentions_unchecked(written))
        }
        _ => false,
    }
}

/// Whether a schema as written may hold demands that the lowered one lacks.
fn mentions_unchecked(written: (Option<&Value>, Option<&Value>)) -> bool {
    let [one, other] = [written.0, written.1].map(|value| value.map(Value::to_string).unwrap_or_default());
    ["\"format\"", "\"pattern\"", "\"xml\"", "\"$dynamicRef\""]
        .iter()
        .any(|word| one.contains(word) || other.contains(word))
}

fn deep(judge: &mut Judge, one: &Value, other: &Value, seen: &mut HashSet<(String, String)>) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(word, value)| {
                    let Some(there) = other.get(word) else { return false };
                    match (word.as_str(), value, there) {
                        ("$ref", Value::String(one), Value::String(other)) => {
                            if !seen.insert((one.clone(), other.clone())) {
                                return true;
                            }
                            match (judge.sub.refer(one), judge.sup.refer(other)) {
                                (Some(one), Some(other)) => {
                                    let differ = one.written != other.written;
                                    let written = (Some(&*one.written), Some(&*other.written));
                                    !(differ && mentions_unchecked(written))
                                        && deep(judge, &one.lowered, &other.lowered, seen)
                                }
                                _ => false,
                            }
                        }
                        _ => deep(judge, value, there, seen),
                    }
                })
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| deep(judge, one, other, seen))
        }
        _ => one == other,
    }
}

/// Where a word stands, else the schema.
pub(super) fn at(flat: &Flat, word: &str) -> Pointer {
    flat.word(word).next().map_or_else(|| place(flat), |(part, _)| part.at.at(word))
}

/// What a word was and is.
pub(super) fn told(judge: &Judge, word: &str, sub: Option<&Value>, sup: Option<&Value>) -> String {
    let (old, new) = if judge.sub_is_old { (sub, sup) } else { (sup, sub) };
    let short = |value: &Value| match value {
        Value::Object(_) | Value::Array(_) => None,
        value => Some(format!("`{value}`")).filter(|text| text.len() < 120),
    };
    match (old, new) {
        (None, _) => match new.and_then(short) {
            Some(new) => format!("{word}: not said before, is {new}"),
            None => format!("{word}: not said before"),
        },
        (Some(old), None) => match short(old) {
            Some(old) => format!("{word}: was {old}, is no longer said"),
            None => format!("{word}: is no longer said"),
        },
        (Some(old), Some(new)) => match (short(old), short(new)) {
            (Some(old), Some(new)) => format!("{word}: was {old}, is {new}"),
            _ => format!("{word}: is another"),
        },
    }
}

/// The slug of a word.
pub(super) fn slug(word: &str) -> &'static str {
    const SLUGS: [&str; 36] = [
        "anyOf",
        "oneOf",
        "$ref",
        "type",
        "enum",
        "const",
        "multipleOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "items",
        "prefixItems",
        "minProperties",
        "maxProperties",
        "required",
        "properties",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "not",
        "if",
        "xml",
        "readOnly",
        "writeOnly",
        "unevaluatedProperties",
    ];
    SLUGS.into_iter().find(|slug| *slug == word).unwrap_or("schema")
}
