//! What holds for any schema: samples keep it or are none, it does not differ from itself, and a verdict is kept
//! by the samples that it speaks of.
#![expect(clippy::expect_used, reason = "tests")]

use contract::{Change, Contract, Shape, Verdict, Want, compare};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A contract in which the schema is a body of a request and of an answer.
fn contract(schema: &Value, request: bool) -> Contract {
    let content = json!({"application/json": {"schema": schema}});
    let mut operation = json!({"operationId": "x", "responses": {"200": {"description": "ok"}}});
    if request {
        operation["requestBody"] = json!({"content": content});
    } else {
        operation["responses"]["200"]["content"] = content;
    }
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/x": {"post": operation}},
        "components": {"schemas": {"Tree": {"type": "object", "properties": {
            "name": {"type": "string"}, "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        }}}},
    });
    Contract::read("t", document.to_string().as_bytes()).expect("a contract")
}

fn shape(contract: &Contract) -> Shape {
    let operation = &contract.operations[0];
    let input = operation.input.first().map(|body| body.shape.clone());
    input.unwrap_or_else(|| operation.outputs[0].bodies[0].shape.clone())
}

fn worst(changes: &[Change]) -> Option<Verdict> {
    changes.iter().map(|change| change.verdict).min()
}

fn leaf() -> impl Strategy<Value = Value> {
    let bounds = (-3_i64..4, 0_i64..6);
    prop_oneof![
        Just(json!({"type": "boolean"})),
        Just(json!({})),
        Just(json!({"type": "null"})),
        Just(json!({"$ref": "#/components/schemas/Tree"})),
        Just(json!({"type": "integer"})),
        Just(json!({"type": "string"})),
        bounds
            .clone()
            .prop_map(|(low, more)| json!({"type": "integer", "minimum": low, "maximum": low + more})),
        (1_i64..5).prop_map(|step| json!({"type": "integer", "multipleOf": step})),
        bounds.prop_map(
            |(low, more)| json!({"type": "number", "exclusiveMinimum": low, "maximum": low + more + 1})
        ),
        (0_u64..4, 0_u64..5).prop_map(
            |(least, more)| json!({"type": "string", "minLength": least, "maxLength": least + more})
        ),
        prop::sample::select(vec!["date", "date-time", "uuid", "email", "ipv4"])
            .prop_map(|format| json!({"type": "string", "format": format})),
        prop::sample::select(vec!["^a", "^[0-9]{2,3}$", "b+$"])
            .prop_map(|pattern| json!({"type": "string", "pattern": pattern})),
        prop::sample::subsequence(vec!["a", "b", "c", "d"], 1..4).prop_map(|all| json!({"enum": all})),
        prop::sample::select(vec![json!("a"), json!(1), json!(null)]).prop_map(|only| json!({"const": only})),
        Just(json!({"type": ["string", "null"]})),
        Just(json!({"type": ["integer", "string"]})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 16, 4, |inner| {
        let members = prop::collection::vec((prop::sample::select(vec!["a", "b", "c", "d"]), inner.clone()), 0..4);
        let object = (members, prop::sample::subsequence(vec!["a", "b", "c"], 0..3), prop::option::of(inner.clone()), any::<u8>());
        prop_oneof![
            object.prop_map(|(members, required, rest, closed)| {
                let members: serde_json::Map<String, Value> =
                    members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
                let required: Vec<&str> = required.into_iter().filter(|name| members.contains_key(*name)).collect();
                let mut schema = json!({"type": "object", "properties": members});
                if !required.is_empty() {
                    schema["required"] = json!(required);
                }
                match (closed % 4, rest) {
                    (0, _) => schema["additionalProperties"] = json!(false),
                    (1, Some(rest)) => schema["additionalProperties"] = rest,
                    _ => {}
                }
                schema
            }),
            (inner.clone(), 0_u64..3, 0_u64..3, any::<bool>()).prop_map(|(items, least, more, unique)| {
                json!({"type": "array", "items": items, "minItems": least, "maxItems": least + more, "uniqueItems": unique})
            }),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|ways| json!({"anyOf": ways})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|ways| json!({"oneOf": ways})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
            inner.prop_map(|not| json!({"type": ["string", "integer"], "not": not})),
        ]
    })
}

/// A schema and a neighbour: one place of it is another, or a word of it is gone, or a value more or less.
fn pair() -> impl Strategy<Value = (Value, Value)> {
    (schema(), leaf(), any::<prop::sample::Index>(), 0_u8..8).prop_map(|(old, other, index, how)| {
        let mut places = Vec::new();
        gather(&old, String::new(), &mut places);
        let place = index.get(&places).clone();
        let mut new = old.clone();
        if let Some(here) = new.pointer_mut(&place) {
            change(here, other, how);
        }
        (old, new)
    })
}

fn gather(schema: &Value, at: String, places: &mut Vec<String>) {
    if let Value::Object(words) = schema {
        for (word, value) in words {
            match (word.as_str(), value) {
                ("properties", Value::Object(all)) => {
                    all.iter().for_each(|(name, one)| gather(one, format!("{at}/properties/{name}"), places));
                }
                ("items" | "not" | "additionalProperties", below) => {
                    gather(below, format!("{at}/{word}"), places);
                }
                ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => {
                    all.iter()
                        .enumerate()
                        .for_each(|(index, one)| gather(one, format!("{at}/{word}/{index}"), places));
                }
                _ => {}
            }
        }
    }
    places.push(at);
}

fn change(here: &mut Value, other: Value, how: u8) {
    let first = here.as_object().and_then(|words| words.keys().next_back().cloned());
    match (how, here.as_object_mut(), first) {
        (0, Some(words), Some(last)) => drop(words.shift_remove(&last)),
        (1, Some(words), _) if words.contains_key("required") => drop(words.shift_remove("required")),
        (2, Some(words), _) if words.contains_key("properties") => {
            words["properties"]["e"] = other;
        }
        (3, _, _) => *here = json!({"anyOf": [here.clone(), other]}),
        (4, _, _) => *here = json!({"allOf": [here.clone(), other]}),
        (5, Some(words), _) => {
            for word in ["maximum", "maxLength", "maxItems"] {
                if let Some(most) = words.get(word).and_then(Value::as_i64) {
                    words[word] = json!(most + 1);
                }
            }
            if let Some(Value::Array(all)) = words.get_mut("enum") {
                all.push(json!("more"));
            }
        }
        (6, Some(words), _) => {
            for word in ["minimum", "minLength", "minItems"] {
                if let Some(least) = words.get(word).and_then(Value::as_i64) {
                    words[word] = json!(least + 1);
                }
            }
        }
        _ => *here = other,
    }
}

const WANTS: [Want; 5] =
    [Want::Plain, Want::Minimal, Want::Boundary(0), Want::Boundary(1), Want::Boundary(2)];

/// Values that the schema takes.
fn samples(shape: &Shape) -> Vec<Value> {
    let all = WANTS.into_iter().flat_map(|want| (0..4).filter_map(move |seed| shape.sample(seed, want)));
    all.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_sample_keeps_the_schema_and_a_negative_one_breaks_it(schema in schema(), seed in any::<u64>()) {
        for request in [true, false] {
            let shape = shape(&contract(&schema, request));
            for want in WANTS {
                if let Some(value) = shape.sample(seed, want) {
                    prop_assert!(shape.check(&value).is_empty(), "{schema}: {want:?}: {value}");
                }
            }
            for turn in 0..4 {
                if let Some(value) = shape.sample(seed, Want::Negative(turn)) {
                    prop_assert!(!shape.check(&value).is_empty(), "{schema}: {value}");
                }
            }
        }
    }

    #[test]
    fn a_schema_does_not_differ_from_itself(schema in schema()) {
        for request in [true, false] {
            prop_assert_eq!(compare(&contract(&schema, request), &contract(&schema, request)), Vec::new());
        }
    }

    #[test]
    fn what_does_not_break_is_kept_by_every_sample((old, new) in pair()) {
        for (old, new) in [(&old, &new), (&new, &old)] {
            for request in [true, false] {
                let (before, after) = (contract(old, request), contract(new, request));
                let changes = compare(&before, &after);
                let (sent, taken) = if request { (&before, &after) } else { (&after, &before) };
                let (sent, taken) = (shape(sent), shape(taken));
                if worst(&changes).is_none_or(|worst| worst > Verdict::Unknown) {
                    for value in samples(&sent) {
                        let found = taken.check(&value);
                        prop_assert!(found.is_empty(), "{old} -> {new} (request: {request}): {value}: {found:?} {changes:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_may_be_added_may_not_be_taken_away(object in schema(), member in leaf()) {
        let Some(properties) = object.get("properties").and_then(Value::as_object) else { return Ok(()) };
        if properties.is_empty() || object.get("additionalProperties").is_some_and(Value::is_object) {
            return Ok(());
        }
        let mut more = object.clone();
        more["properties"]["added"] = member;
        for request in [true, false] {
            let (less, more) = (contract(&object, request), contract(&more, request));
            let closed = object.get("additionalProperties").is_some();
            let there = worst(&compare(&less, &more)).expect("a member is new");
            let back = worst(&compare(&more, &less)).expect("a member is gone");
            if request || !closed {
                prop_assert_eq!(there, Verdict::Additive, "{}", object);
            }
            prop_assert!(back < Verdict::Additive, "{}: {:?}", object, back);
        }
    }
}
