//! Nested names: `a[b][]=x` puts a value into a tree of JSON, as HTTPie has it.
//!
//! Bounds: 64 levels, list places up to 9,999; a place beyond the list's end is filled with `null`.

use serde_json::Value;

/// One step into the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A member.
    Member(String),
    /// An element.
    Place(usize),
    /// One more element.
    Append,
}

const DEEPEST: usize = 64;
const LONGEST: usize = 10_000;

/// Reads a name into its steps; `\[` and `\]` are letters of a name.
///
/// # Errors
/// In words: an open bracket, text after one, or too deep.
pub(crate) fn steps(name: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut letters = name.chars();
    let mut text = String::new();
    let mut inside = false;
    let mut closed = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('[' | ']' | '\\')) => text.push(escaped),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            '[' if !inside => {
                if steps.is_empty() && !closed && !text.is_empty() {
                    steps.push(Step::Member(std::mem::take(&mut text)));
                } else if !text.is_empty() {
                    return Err(format!("`{name}` has text between its brackets"));
                }
                inside = true;
            }
            ']' if inside => {
                steps.push(step(std::mem::take(&mut text), name)?);
                inside = false;
                closed = true;
            }
            other => text.push(other),
        }
    }
    if inside {
        return Err(format!("`{name}` has a bracket that is not closed"));
    }
    if !closed {
        steps.push(Step::Member(text));
    } else if !text.is_empty() {
        return Err(format!("`{name}` has text after its brackets"));
    }
    if steps.len() > DEEPEST {
        return Err(format!("`{name}` is deeper than {DEEPEST} levels"));
    }
    Ok(steps)
}

fn step(text: String, name: &str) -> Result<Step, String> {
    if text.is_empty() {
        return Ok(Step::Append);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Step::Member(text));
    }
    match text.parse::<usize>() {
        Ok(place) if place < LONGEST => Ok(Step::Place(place)),
        _ => Err(format!("`{name}` has a list place beyond {}", LONGEST - 1)),
    }
}

/// Puts `value` where the steps lead, making what is not there yet.
///
/// # Errors
/// In words, where something of another kind is already there.
pub(crate) fn put(tree: &mut Value, steps: &[Step], value: Value) -> Result<(), String> {
    let Some((first, rest)) = steps.split_first() else {
        *tree = value;
        return Ok(());
    };
    let below = match first {
        Step::Member(name) => {
            if tree.is_null() {
                *tree = Value::Object(serde_json::Map::new());
            }
            let Value::Object(members) = tree else {
                return Err(format!("`{name}` would be a member of {}", kind(tree)));
            };
            members.entry(name.as_str()).or_insert(Value::Null)
        }
        Step::Append | Step::Place(_) => {
            if tree.is_null() {
                *tree = Value::Array(Vec::new());
            }
            let Value::Array(elements) = tree else {
                return Err(format!("a list element would go into {}", kind(tree)));
            };
            let place = if let Step::Place(place) = first { *place } else { elements.len() };
            if place >= elements.len() {
                elements.resize(place + 1, Value::Null);
            }
            &mut elements[place]
        }
    };
    put(below, rest, value)
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::{put, steps};
    use serde_json::{Value, json};

    fn tree(names: &[(&str, Value)]) -> Result<Value, String> {
        let mut tree = Value::Null;
        for (name, value) in names {
            put(&mut tree, &steps(name)?, value.clone())?;
        }
        Ok(tree)
    }

    #[test]
    fn brackets_make_objects_and_lists() {
        for (names, expected) in [
            (vec![("a", json!(1)), ("b", json!("x"))], json!({"a": 1, "b": "x"})),
            (vec![("a[b][]", json!(1)), ("a[b][]", json!(2))], json!({"a": {"b": [1, 2]}})),
            (vec![("a[2]", json!(1))], json!({"a": [null, null, 1]})),
            (vec![("a[][x]", json!(1)), ("a[][x]", json!(2))], json!({"a": [{"x": 1}, {"x": 2}]})),
            (vec![("[]", json!(1)), ("[]", json!(2))], json!([1, 2])),
            (vec![(r"a\[b\]", json!(1))], json!({"a[b]": 1})),
            (vec![("a", json!(1)), ("a", json!(2))], json!({"a": 2})),
        ] {
            assert_eq!(tree(&names), Ok(expected));
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        for names in [
            vec![("a[", json!(1))],
            vec![("a[b]c", json!(1))],
            vec![("a[99999999]", json!(1))],
            vec![("a", json!(1)), ("a[b]", json!(1))],
            vec![("a[b]", json!(1)), ("a[]", json!(1))],
        ] {
            assert!(tree(&names).is_err(), "{names:?}");
        }
        assert!(steps(&format!("a{}", "[b]".repeat(100))).is_err());
    }
}
