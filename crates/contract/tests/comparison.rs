//! Comparing contracts: pairs with known answers; nothing that breaks may be called additive.
#![expect(clippy::expect_used, clippy::disallowed_methods, reason = "a test that reads its tables")]

use contract::{Change, Contract, Verdict, compare};
use serde_json::{Value, json};
use std::path::Path;

fn table(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/comparison").join(name);
    let text = std::fs::read_to_string(path).expect("the table");
    serde_saphyr::from_str::<Vec<Value>>(&text).expect("a list")
}

fn read(document: &Value) -> Contract {
    Contract::read("a", document.to_string().as_bytes()).expect("a contract")
}

fn components() -> Value {
    json!({"schemas": {
        "Same": {"type": "string", "maxLength": 9},
        "Tree": {"type": "object", "properties": {
            "name": {"type": "string"},
            "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        }},
        "Bush": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"},
            "below": {"type": "array", "items": {"$ref": "#/components/schemas/Bush"}},
        }},
    }})
}

/// A contract in which the schema is a body of a request or of an answer.
fn with_schema(schema: &Value, request: bool) -> Contract {
    let content = json!({"application/json": {"schema": schema}});
    let mut operation = json!({"operationId": "x", "responses": {"200": {"description": "ok"}}});
    if request {
        operation["requestBody"] = json!({"content": content});
    } else {
        operation["responses"]["200"]["content"] = content;
    }
    read(&json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"post": operation}}, "components": components(),
    }))
}

fn letter(changes: &[Change]) -> &'static str {
    match changes.iter().map(|one| one.verdict).min() {
        None => "=",
        Some(Verdict::Breaking) => "b",
        Some(Verdict::Unknown) => "u",
        Some(Verdict::Additive) => "a",
        Some(Verdict::Neutral) => "n",
    }
}

#[test]
fn each_pair_of_schemas_has_its_verdict_on_both_sides() {
    let mut wrong = Vec::new();
    let rows = table("schemas.yaml");
    for row in &rows {
        for (column, request) in [(2, true), (3, false)] {
            let changes = compare(&with_schema(&row[0], request), &with_schema(&row[1], request));
            let (got, wanted) = (letter(&changes), row[column].as_str().expect("a letter"));
            if got != wanted {
                let told: Vec<_> = changes.iter().map(|one| (&one.what, &one.proof)).collect();
                let side = if request { "request" } else { "answer" };
                wrong.push(format!("{} -> {} ({side}): {got}, not {wanted}: {told:?}", row[0], row[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} pairs:\n{}", wrong.len(), rows.len() * 2, wrong.join("\n"));
    assert!(rows.len() >= 120, "{} pairs", rows.len());
}

#[test]
fn what_breaks_comes_with_a_value_that_shows_it() {
    for row in table("schemas.yaml") {
        for request in [true, false] {
            for change in compare(&with_schema(&row[0], request), &with_schema(&row[1], request)) {
                let shown = change.proof.is_some();
                assert_eq!(change.verdict == Verdict::Breaking, shown, "{row}: {change:?}");
            }
        }
    }
}

/// A contract made of what a row says of it.
fn with_parts(parts: &Value) -> Contract {
    let mut document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "components": {"securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "same": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "other": {"type": "apiKey", "in": "query", "name": "key"},
            "oauth": {"type": "oauth2", "flows": {"clientCredentials":
                {"tokenUrl": "https://acme.example/token", "scopes": {"read": "", "write": ""}}}},
        }},
    });
    let mut operation = json!({"operationId": "x", "responses": {"200": {"description": "ok"}}});
    for (name, value) in parts.as_object().expect("an object") {
        match name.as_str() {
            "paths" | "servers" => document[name] = value.clone(),
            "schemes" => document["components"]["securitySchemes"] = value.clone(),
            "path" | "method" => {}
            _ => operation[name] = value.clone(),
        }
    }
    if document.get("paths").is_none() {
        let path = parts.get("path").and_then(Value::as_str).unwrap_or("/x");
        let method = parts.get("method").and_then(Value::as_str).unwrap_or("get");
        document["paths"] = json!({path: {method: operation}});
    }
    read(&document)
}

#[test]
fn each_pair_of_operations_has_its_verdict() {
    let mut wrong = Vec::new();
    let rows = table("operations.yaml");
    for row in &rows {
        let changes = compare(&with_parts(&row[0]), &with_parts(&row[1]));
        let (got, wanted) = (letter(&changes), row[2].as_str().expect("a letter"));
        let rule = row.get(3).and_then(Value::as_str);
        if got != wanted || rule.is_some_and(|rule| changes.iter().all(|one| one.rule != rule)) {
            let told: Vec<_> = changes.iter().map(|one| (one.rule, &one.what)).collect();
            wrong.push(format!("{} -> {}: {got}, not {wanted} {rule:?}: {told:?}", row[0], row[1]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn a_change_is_told_once_with_all_its_operations_and_its_lines() {
    let document = |most: u32| {
        format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  /a:\n    post: {{operationId: a, requestBody: {{$ref: '#/components/requestBodies/B'}}, responses: {{}}}}\n  /b:\n    post: {{operationId: b, requestBody: {{$ref: '#/components/requestBodies/B'}}, responses: {{}}}}\ncomponents:\n  requestBodies:\n    B: {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/S'}}}}}}}}\n  schemas:\n    S:\n      type: object\n      properties:\n        n:\n          type: integer\n          maximum: {most}\n"
        )
    };
    let old = Contract::read("old", document(9).as_bytes()).expect("old");
    let new = Contract::read("new", format!("# one line more\n{}", document(8)).as_bytes()).expect("new");
    let changes = compare(&old, &new);
    assert_eq!(changes.len(), 1, "{changes:?}");
    let change = &changes[0];
    assert_eq!(change.operations, ["a", "b"]);
    assert_eq!(change.what, "in requests, S.n: maximum: was `9`, is `8`");
    assert_eq!(change.proof.as_deref(), Some("9"));
    let at = "/components/schemas/S/properties/n/maximum";
    let spots: Vec<_> =
        [&change.old, &change.new].into_iter().flatten().map(|spot| (spot.at.as_str(), spot.line)).collect();
    assert_eq!(spots, [(at, 17), (at, 18)]);
}
