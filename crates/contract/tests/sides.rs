//! Members of one side: `readOnly` in a request, `writeOnly` in an answer (OpenAPI 3.0 Schema Object, 3.1 by JSON
//! Schema 2020-12 Validation §9.4).
#![expect(clippy::expect_used, clippy::panic, reason = "a contract that does not load fails the test")]

use contract::{
    Contract, Head, In, Need, Operation, Payload, Value, Values, Want, check_answer, check_head, encode,
    sample_request,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value as Json, json};

fn contract(version: &str, schema: &Json) -> Contract {
    let content = json!({"application/json": {"schema": schema}});
    let document = json!({"openapi": version,
        "components": {"schemas": {
            "Base": {"type": "object", "properties": {
                "id": {"type": "integer", "readOnly": true}, "key": {"type": "string", "writeOnly": true},
                "name": {"type": "string"},
            }},
            "Own": {"type": "string", "readOnly": true},
        }},
        "paths": {"/a": {"put": {"requestBody": {"required": true, "content": content}, "responses": {"200": {"description": "ok", "content": content}}}}}});
    Contract::read("sides", document.to_string().as_bytes()).expect("a contract")
}

fn json() -> HeaderMap {
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from_static("9"));
    fields
}

/// What the provider's side finds in a request, and the caller's in an answer.
fn found(operation: &Operation, body: &Json) -> [Vec<String>; 2] {
    let fields = json();
    let head = Head { method: &Method::PUT, path: "/a", query: None, fields: &fields };
    let needs = [check_head(operation, &head), check_answer(operation, StatusCode::OK, &fields)];
    needs.map(|(found, need)| {
        assert_eq!(found, []);
        let (Need::Watch(check) | Need::Whole(check)) = need else { panic!("a body is checked") };
        check
            .whole(body.to_string().as_bytes())
            .found
            .iter()
            .map(|one| format!("{} {}", one.code, one.expected))
            .collect()
    })
}

/// All of them demand `id`, `key` and `name`.
fn spellings() -> Vec<Json> {
    let base = json!({"$ref": "#/components/schemas/Base"});
    let all = json!(["id", "key", "name"]);
    let mut beside = json!({"allOf": [base]});
    beside["required"] = all.clone();
    vec![
        json!({"type": "object", "required": all, "properties": {
            "id": {"type": "integer", "readOnly": true}, "key": {"type": "string", "writeOnly": true}, "name": {"type": "string"},
        }}),
        beside,
        json!({"allOf": [base, {"required": all}]}),
        json!({"allOf": [base, {"type": "object", "required": all, "properties": {"id": {"type": "integer"}}}]}),
        json!({"allOf": [base, {"allOf": [{"required": all}]}]}),
        json!({"allOf": [base], "oneOf": [{"required": all}, {"required": ["never"]}]}),
    ]
}

#[test]
fn what_only_the_other_side_sends_need_not_be_there() {
    for version in ["3.0.3", "3.1.0"] {
        for schema in spellings() {
            let contract = contract(version, &schema);
            let operation = &contract.operations[0];
            let [request, answer] = found(operation, &json!({"key": "k", "name": "Rex"}));
            assert_eq!(request, Vec::<String>::new(), "{schema}");
            assert!(
                answer.iter().any(|one| one.contains("required") || one.contains("oneOf")),
                "{schema} {answer:?}"
            );
            let [request, answer] = found(operation, &json!({"id": 1, "name": "Rex"}));
            assert_eq!(answer, Vec::<String>::new(), "{schema}");
            assert!(
                request.iter().any(|one| one.contains("required") || one.contains("oneOf")),
                "{schema} {request:?}"
            );
            // Both sides still want what is theirs and everybody's.
            let [request, answer] = found(operation, &json!({"id": 1, "key": "k"}));
            assert!(!request.is_empty() && !answer.is_empty(), "{schema}");
        }
    }
}

#[test]
fn what_is_asked_for_beside_a_referred_member_of_the_other_side_need_not_be_there() {
    let contract = contract(
        "3.1.0",
        &json!({"allOf": [
            {"type": "object", "properties": {"own": {"$ref": "#/components/schemas/Own"}}},
            {"required": ["own"]},
        ]}),
    );
    assert_eq!(found(&contract.operations[0], &json!({}))[0], Vec::<String>::new());
    assert_eq!(found(&contract.operations[0], &json!({}))[1], ["required the field `own`"]);
}

#[test]
fn a_whole_body_that_holds_one_passes_and_is_held_to_its_schema() {
    for schema in spellings() {
        let contract = contract("3.0.3", &schema);
        let operation = &contract.operations[0];
        let mut values = Values::default();
        let body = json!({"id": 1, "key": "k", "name": "Rex"});
        values.push(In::Body, "", Value::Json(body.clone()));
        let request = encode(operation, &values).expect("it is sent as it is");
        let Payload::Bytes(bytes) = request.payload else { panic!("a body") };
        assert_eq!(bytes, body.to_string(), "nothing is taken out of what somebody wrote");
        assert_eq!(found(operation, &body), [Vec::<String>::new(), Vec::new()], "{schema}");
        for wrong in
            [json!({"id": "x", "key": "k", "name": "Rex"}), json!({"id": 1, "key": 7, "name": "Rex"})]
        {
            assert!(found(operation, &wrong).iter().all(|found| !found.is_empty()), "{schema} {wrong}");
        }
    }
}

#[test]
fn samples_and_the_members_that_are_offered_are_those_of_the_side() {
    // Of the last one the other alternative may be sampled.
    for schema in spellings().into_iter().take(5) {
        let contract = contract("3.0.3", &schema);
        let operation = &contract.operations[0];
        let names: Vec<&str> =
            operation.input[0].shape.members().iter().map(|one| one.name.as_str()).collect();
        assert!(names.contains(&"key") && !names.contains(&"id"), "{schema} {names:?}");
        for seed in 0..6 {
            let values = sample_request(operation, seed, Want::Plain).unwrap_or_else(|| panic!("{schema}"));
            let Some(Value::Json(body)) = values.get(In::Body, "") else { panic!("a body") };
            assert!(body.get("id").is_none() && body.get("key").is_some(), "{schema} {body}");
            assert_eq!(found(operation, body)[0], Vec::<String>::new(), "{schema} {body}");
            let answer = operation.outputs[0].bodies[0]
                .shape
                .sample(seed, Want::Plain)
                .unwrap_or_else(|| panic!("{schema}"));
            assert!(answer.get("id").is_some() && answer.get("key").is_none(), "{schema} {answer}");
        }
    }
}
