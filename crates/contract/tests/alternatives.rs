//! Alternatives in bodies whose texts have no types: what a text becomes, the alternative that is meant says.
#![expect(clippy::panic, clippy::expect_used, reason = "tests")]

use contract::{Contract, Head, In, Need, Operation, Payload, Value, Values, check_head, decode, encode};
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// An operation that takes a cat or a dog in every codec, at the top and below.
fn operation(media: &str) -> Arc<Operation> {
    let schema = json!({"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "age": {"type": "integer"}},
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]});
    let document = json!({"openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "components": {"schemas": {
            "Cat": {"type": "object", "required": ["lives"], "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer", "maximum": 9}, "indoor": {"type": "boolean"}}},
            "Dog": {"type": "object", "required": ["tricks"], "properties": {"kind": {"const": "dog"}, "tricks": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}},
                "friend": {"anyOf": [{"$ref": "#/components/schemas/Cat"}, {"type": "null"}]}}},
        }},
        "paths": {"/a": {"post": {"operationId": "a", "requestBody": {"required": true, "content": {media: {"schema": schema}}}, "responses": {}}}}});
    let contract = Contract::read("a.json", document.to_string().as_bytes()).expect("a contract");
    assert_eq!(contract.warnings, []);
    Arc::clone(&contract.operations[0])
}

/// Codes of what is wrong with a body, and its values.
fn sent(
    operation: &Operation,
    content_type: &HeaderValue,
    body: &[u8],
) -> (Vec<String>, Result<Json, String>) {
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, content_type.clone());
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let head = Head { method: operation.method(), path: "/a", query: None, fields: &fields };
    let (mut found, need) = check_head(operation, &head);
    match need {
        Need::Whole(check) => found.extend(check.whole(body).found),
        Need::Watch(_) | Need::Nothing => panic!("such a body is looked at as a whole"),
    }
    let values = decode(operation, &head, Some(body)).map_err(|found| format!("{found:?}"));
    let value = values.map(|values| match values.get(In::Body, "") {
        Some(Value::Json(value)) => value.clone(),
        other => json!(format!("{other:?}")),
    });
    (found.iter().map(|one| format!("{} {}", one.code, one.at)).collect(), value)
}

#[test]
fn members_are_typed_by_the_alternative_that_the_body_is() {
    for media in ["application/x-www-form-urlencoded", "multipart/form-data", "application/xml"] {
        let operation = operation(media);
        for value in [
            json!({"kind": "cat", "age": 3, "lives": 7, "indoor": true}),
            json!({"kind": "dog", "tricks": [1, true], "age": 1}),
        ] {
            let values = Values(vec![(In::Body, String::new(), Value::Json(value.clone()))]);
            let request = encode(&operation, &values).expect("it can be written");
            let Payload::Bytes(bytes) = &request.payload else { panic!("held") };
            let (found, read) = sent(&operation, &request.fields[header::CONTENT_TYPE], bytes);
            assert_eq!(found, Vec::<String>::new(), "{media} {}", String::from_utf8_lossy(bytes));
            assert_eq!(read, Ok(value), "{media}");
        }
        // Whatever it is taken for, something is wrong with it.
        for value in [json!({"kind": "cat", "lives": 12}), json!({"kind": "bird", "lives": 1})] {
            let values = Values(vec![(In::Body, String::new(), Value::Json(value))]);
            let request = encode(&operation, &values).expect("it can be written");
            let Payload::Bytes(bytes) = &request.payload else { panic!("held") };
            let (found, _) = sent(&operation, &request.fields[header::CONTENT_TYPE], bytes);
            assert!(!found.is_empty(), "{media} {}", String::from_utf8_lossy(bytes));
        }
    }
}

#[test]
fn alternatives_below_an_element_are_typed_too() {
    let operation = operation("application/xml");
    let xml = HeaderValue::from_static("application/xml");
    let dog = |friend: &str| format!("<a><kind>dog</kind><tricks>4</tricks><friend>{friend}</friend></a>");
    let (found, value) = sent(&operation, &xml, dog("<kind>cat</kind><lives>3</lives>").as_bytes());
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(value.unwrap()["friend"], json!({"kind": "cat", "lives": 3}));
    let (found, _) = sent(&operation, &xml, dog("<kind>cat</kind><lives>30</lives>").as_bytes());
    assert!(!found.is_empty());
}
