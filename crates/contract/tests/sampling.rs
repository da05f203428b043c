//! Samples of schemas: each kind of rule is kept by what is made, and broken by what shall break it.
#![expect(clippy::expect_used, reason = "tests")]

use contract::{Contract, Shape, Want};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn shape(schema: &Value) -> Shape {
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"post": {"operationId": "x", "responses": {}, "requestBody": {"content": {"application/json": {"schema": schema}}}}}},
        "components": {"schemas": {
            "Tree": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}},
            "Cat": {"type": "object", "required": ["kind", "lives"], "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer", "minimum": 9, "maximum": 9}}},
            "Dog": {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "Dog"}, "name": {"type": "string"}}},
        }},
    });
    let contract = Contract::read("t.json", document.to_string().as_bytes()).expect("a contract");
    contract.operations[0].input[0].shape.clone()
}

fn schemas() -> Vec<Value> {
    vec![
        json!({"type": "boolean"}),
        json!({"type": "integer", "minimum": 3, "exclusiveMaximum": 5}),
        json!({"type": "integer", "multipleOf": 7, "minimum": 50}),
        json!({"type": "number", "multipleOf": 0.01, "minimum": 1, "maximum": 1.05}),
        json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001}),
        json!({"type": "integer", "format": "int32", "maximum": -5}),
        json!({"enum": ["a", 2, null]}),
        json!({"const": {"a": [1]}}),
        json!({"type": "string", "minLength": 30, "maxLength": 31}),
        json!({"type": "string", "format": "date-time"}),
        json!({"type": "string", "format": "uuid"}),
        json!({"type": "string", "format": "ipv6"}),
        json!({"type": "string", "pattern": "^[A-Z]{2}\\d{2,4}(-x|-y)?$", "maxLength": 5}),
        json!({"type": "string", "pattern": "^(?!ab)[a-c]{2,}$", "minLength": 6}),
        json!({"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": true}),
        json!({"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "maxItems": 3, "uniqueItems": true}),
        json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false, "minItems": 2}),
        json!({"type": "array", "items": {"type": "integer", "maximum": 9}, "contains": {"minimum": 7}}),
        json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "additionalProperties": false}),
        json!({"type": "object", "propertyNames": {"pattern": "^k[0-9]$"}, "minProperties": 2, "additionalProperties": {"type": "integer"}}),
        json!({"type": "object", "patternProperties": {"^x-": {"type": "boolean"}}, "additionalProperties": false, "minProperties": 1}),
        json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "dependentRequired": {"a": ["b"]}}),
        json!({"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "integer", "minimum": 5}}}, {"properties": {"a": {"maximum": 6}}}]}),
        json!({"oneOf": [{"type": "number"}, {"type": "integer"}]}),
        json!({"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}], "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}}}),
        json!({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}),
        json!({"type": "integer", "minimum": 0, "maximum": 9, "not": {"enum": [0, 1, 2, 3, 4, 5, 6, 7]}}),
        json!({"$ref": "#/components/schemas/Tree"}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "if": {"required": ["a"]}, "then": {"required": ["c"], "properties": {"c": {"type": "integer"}}}}),
        json!({"type": "string", "example": "far too long", "maxLength": 4}),
    ]
}

#[test]
fn what_is_made_keeps_every_kind_of_rule() {
    for schema in schemas() {
        let shape = shape(&schema);
        for seed in 0..25 {
            for want in [Want::Plain, Want::Minimal, Want::Boundary(seed)] {
                let made = shape.sample(seed, want);
                let Some(value) = made else {
                    unreachable!("no {want:?} sample with seed {seed} of {schema}")
                };
                let found = shape.check(&value);
                assert!(found.is_empty(), "{schema}: {value}: {found:?}");
                assert_eq!(shape.sample(seed, want), Some(value), "the same seed gives the same");
            }
        }
    }
}

#[test]
fn what_shall_break_a_rule_breaks_it_and_most_turns_break_it_differently() {
    for schema in schemas() {
        let shape = shape(&schema);
        let mut seen = BTreeSet::new();
        for turn in 0..10 {
            let value = shape.sample(1, Want::Negative(turn)).expect("something is refused");
            assert!(!shape.check(&value).is_empty(), "{schema}: {value}");
            seen.insert(value.to_string());
        }
        assert!(seen.len() > 1, "{schema}: {seen:?}");
    }
}

#[test]
fn bounds_are_met_and_what_nothing_fits_is_no_sample() {
    let check = |schema: Value, which: u64, expected: Value| {
        assert_eq!(shape(&schema).sample(5, Want::Boundary(which)), Some(expected), "{schema}");
    };
    check(json!({"type": "integer", "minimum": 3, "exclusiveMaximum": 9}), 0, json!(3));
    check(json!({"type": "integer", "minimum": 3, "exclusiveMaximum": 9}), 1, json!(8));
    let long = shape(&json!({"type": "string", "maxLength": 300})).sample(5, Want::Boundary(1)).expect("one");
    assert_eq!(long.as_str().map(str::len), Some(300));
    for schema in [
        json!({"type": "integer", "minimum": 5, "maximum": 4}),
        json!({"type": "string", "minLength": 9, "maxLength": 8}),
        json!({"allOf": [{"type": "string"}, {"type": "integer"}]}),
        json!({"type": "array", "items": {"enum": [1]}, "uniqueItems": true, "minItems": 2}),
    ] {
        for want in [Want::Plain, Want::Minimal, Want::Boundary(0), Want::Negative(0)] {
            assert_eq!(shape(&schema).sample(1, want), None, "{schema}");
        }
    }
}

#[test]
fn examples_of_the_contract_are_taken_first_where_they_keep_to_it() {
    use contract::{Asked, Examples, In, Value as Given, sample_answer, sample_request_by};
    let named = |value: &Value| json!({"$ref": "#/components/examples/e", "summary": value});
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "components": {"examples": {"e": {"value": {"a": 5}}}},
        "paths": {"/x/{id}": {"post": {
            "operationId": "x",
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}, "example": 77},
                {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}},
                 "examples": {"bad": {"value": 3}, "good": {"value": ["red", "blue"]}}},
                {"name": "X-Deep", "in": "header", "schema": {"type": "integer"}, "example": "12"},
            ],
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "examples": {"one": named(&json!(1))}}}},
            "responses": {"200": {"description": "", "headers": {"X-Left": {"schema": {"type": "integer"}, "example": 41}}}},
        }}},
    });
    let contract = Contract::read("t.json", document.to_string().as_bytes()).expect("a contract");
    let (operation, examples) = (&contract.operations[0], Examples::read(&contract));
    let values = sample_request_by(operation, 9, Want::Plain, &examples).expect("values");
    for (place, name, expected) in [
        (In::Path, "id", json!(77)),
        (In::Query, "tags", json!(["red", "blue"])),
        (In::Header, "X-Deep", json!(12)),
        (In::Body, "", json!({"a": 5})),
    ] {
        assert_eq!(values.get(place, name), Some(&Given::Json(expected)), "{name}");
    }
    let asked = Asked { examples: Some(&examples), ..Asked::default() };
    assert_eq!(sample_answer(operation, &asked).expect("an answer").fields["x-left"], "41");
}

#[test]
fn examples_of_2_0_are_by_media_type() {
    use contract::{Asked, Examples, sample_answer};
    let document = json!({
        "swagger": "2.0", "info": {"title": "t", "version": "1"}, "produces": ["application/json", "text/csv"],
        "paths": {"/x": {"get": {"operationId": "x", "responses": {"200": {
            "description": "", "schema": {"type": "object"},
            "examples": {"application/json; charset=utf-8": {"a": 1}, "text/csv": "a,b", "text/html": "<p>"},
        }}}}},
    });
    let contract = Contract::read("t.json", document.to_string().as_bytes()).expect("a contract");
    let examples = Examples::read(&contract);
    let bodies = &contract.operations[0].outputs[0].bodies;
    let of =
        |index: usize| examples.of(&bodies[index]).iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
    assert_eq!((of(0), of(1)), (vec![json!({"a": 1})], vec![json!("a,b")]));
    let asked = Asked { examples: Some(&examples), example: Some("text/csv"), ..Asked::default() };
    let sampled = sample_answer(&contract.operations[0], &asked).expect("an answer");
    assert_eq!((&*sampled.body, sampled.media.as_deref()), (&b"a,b"[..], Some("text/csv")));
}
