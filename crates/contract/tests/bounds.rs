//! What a small hostile value or contract may cost: bounded work, bounded stack, and always a verdict.
#![expect(clippy::expect_used, reason = "a contract that does not load fails the test")]

use contract::{Contract, Shape};
use serde_json::{Map, Value, json};

fn shape(schemas: &Value, root: &str) -> Shape {
    let document = json!({"openapi": "3.1.0", "components": {"schemas": schemas}, "paths": {"/a": {"post": {
        "requestBody": {"content": {"application/json": {
            "schema": {"$ref": format!("#/components/schemas/{root}")},
        }}},
    }}}});
    let contract = Contract::read("hostile", document.to_string().as_bytes()).expect("a contract");
    contract.operations[0].input[0].shape.clone()
}

/// Three alternatives that lead back to all three: three to the power of the depth, if nobody remembers.
fn alternatives() -> Shape {
    let again = json!({"$ref": "#/components/schemas/Node"});
    let node = json!({"oneOf": [
        {"type": "object", "required": ["x"], "properties": {"x": again}},
        {"type": "object", "properties": {"x": again, "z": {"type": "integer"}}},
        {"anyOf": [{"type": "object", "properties": {"x": again}}, {"type": "null"}]},
    ]});
    shape(&json!({ "Node": node }), "Node")
}

fn nested(depth: usize, inmost: Value) -> Value {
    (0..depth).fold(inmost, |value, _| json!({ "x": value }))
}

#[test]
fn alternatives_in_alternatives_cost_no_power_of_the_depth() {
    let shape = alternatives();
    for depth in [3, 12, 30, 100] {
        for inmost in [json!(1), Value::Null, json!({"z": "no"})] {
            assert!(!shape.check(&nested(depth, inmost.clone())).is_empty(), "{depth} {inmost}");
        }
    }
}

#[test]
fn a_wide_honest_value_has_its_verdict() {
    let schemas = json!({
        "List": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
        "Item": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]},
        "A": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/N"}}},
        "B": {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/components/schemas/N"}}},
        "N": {"type": "integer"},
    });
    let shape = shape(&schemas, "List");
    let mut items: Vec<Value> =
        (0..20_000).map(|n| if n % 2 == 0 { json!({"a": n}) } else { json!({"b": n}) }).collect();
    assert_eq!(shape.check(&Value::Array(items.clone())), []);
    items.push(json!({"b": "text"}));
    let found = shape.check(&Value::Array(items));
    assert!(!found.is_empty() && found.iter().all(|one| one.code != "too-complex"), "{found:?}");
}

#[test]
fn a_long_chain_of_references_needs_no_long_stack() {
    // The last one that is followed to its end, where also the way of the errors back is the longest.
    for (length, code) in [(590, "type"), (20_000, "too-complex")] {
        let mut schemas = Map::new();
        for n in 0..length {
            let next = json!({"$ref": format!("#/components/schemas/S{}", n + 1)});
            schemas.insert(format!("S{n}"), json!({ "allOf": [next] }));
        }
        schemas.insert(format!("S{length}"), json!({"type": "object"}));
        let shape = shape(&Value::Object(schemas), "S0");
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let found =
            thread.spawn(move || shape.check(&json!([]))).expect("a thread").join().expect("no panic");
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [code], "{length}");
    }
}

#[test]
fn references_that_double_at_each_step_are_decided() {
    let mut schemas = Map::new();
    for n in 0..40 {
        let next = json!({"$ref": format!("#/components/schemas/S{}", n + 1)});
        schemas.insert(format!("S{n}"), json!({"anyOf": [next, next]}));
    }
    schemas.insert("S40".to_owned(), json!({"type": "object"}));
    let shape = shape(&Value::Object(schemas), "S0");
    assert_eq!(shape.check(&json!({})), []);
    assert!(!shape.check(&json!(7)).is_empty());
    assert!(!shape.check(&json!([])).is_empty());
}
