//! Null in OpenAPI 3.0, where `nullable` stands beside a reference or alternatives and no `type`.
#![expect(clippy::expect_used, reason = "a contract that does not load fails the test")]

use contract::Contract;
use serde_json::{Value, json};

/// Codes and rules of what is wrong with a body.
fn found(schema: &Value, body: &Value) -> Vec<String> {
    let document = json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"},
        "components": {"schemas": {
            "Pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "else": {"nullable": true, "allOf": [{"$ref": "#/components/schemas/Size"}]}}},
            "Size": {"type": "integer", "maximum": 9},
        }},
        "paths": {"/a": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}}}});
    let contract = Contract::read("a.json", document.to_string().as_bytes()).expect("a contract");
    assert_eq!(contract.warm(), []);
    let found = contract.operations[0].input[0].shape.check(body);
    for one in &found {
        assert!(contract.stand(&one.rule).is_some(), "{} stands in the document", one.rule);
    }
    found.iter().map(|one| format!("{} {}", one.code, one.rule)).collect()
}

#[test]
fn nullable_beside_a_reference_lets_null_in_and_holds_the_rest_to_it() {
    let pet = json!({"$ref": "#/components/schemas/Pet"});
    for schema in [
        json!({"nullable": true, "allOf": [pet]}),
        json!({"x-nullable": true, "oneOf": [pet, {"$ref": "#/components/schemas/Size"}]}),
        json!({"nullable": true, "$ref": "#/components/schemas/Pet"}),
    ] {
        assert_eq!(found(&schema, &Value::Null), Vec::<String>::new(), "{schema}");
        assert_eq!(found(&schema, &json!({"name": "Rex"})), Vec::<String>::new(), "{schema}");
        assert!(!found(&schema, &json!({"name": 7})).is_empty(), "{schema}");
    }
    // Without the word null is refused as before.
    assert!(!found(&json!({"allOf": [pet]}), &Value::Null).is_empty());
    assert!(!found(&pet, &Value::Null).is_empty());
    assert_eq!(
        found(&json!({"nullable": true, "allOf": [pet, {"required": ["age"]}]}), &json!({"name": "Rex"})),
        ["required /paths/~1a/post/requestBody/content/application~1json/schema/allOf/1/required"]
    );
    assert_eq!(
        found(&pet, &json!({"name": "Rex", "else": 12})),
        ["maximum /components/schemas/Size/maximum"]
    );
    assert_eq!(found(&pet, &json!({"name": "Rex", "else": null})), Vec::<String>::new());
}
