//! Texts that stand for bytes: they stay texts, and what no decoder takes is refused on both sides.
#![expect(clippy::expect_used, clippy::panic, reason = "a contract that does not load fails the test")]

use contract::{Contract, Need, Operation, Shape, Want, check_answer};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

fn contract(version: &str, member: &Value) -> Contract {
    let content =
        json!({"application/json": {"schema": {"type": "object", "properties": {"photo": member}}}});
    let document = json!({"openapi": version, "paths": {"/a": {"post": {
        "requestBody": {"content": content}, "responses": {"200": {"description": "ok", "content": content}},
    }}}});
    Contract::read("encoded", document.to_string().as_bytes()).expect("a contract")
}

/// What is found in an answer, whole and cut at each byte.
fn answered(operation: &Operation, body: &str) -> Vec<String> {
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let check = || match check_answer(operation, StatusCode::OK, &fields) {
        (head, Need::Watch(check) | Need::Whole(check)) if head.is_empty() => check,
        other => panic!("{other:?}"),
    };
    let said = |found: &[contract::Violation]| -> Vec<String> {
        found.iter().map(|one| format!("{} {} {}: {one}", one.at, one.code, one.rule)).collect()
    };
    let whole = said(&check().whole(body.as_bytes()).found);
    for cut in 0..body.len() {
        let mut check = check();
        check.push(&body.as_bytes()[..cut]).expect("room");
        check.push(&body.as_bytes()[cut..]).expect("room");
        assert_eq!(said(&check.end(None).found), whole, "{body} cut at {cut}");
    }
    whole
}

#[test]
fn a_text_that_no_decoder_takes_is_refused_in_an_answer() {
    let schema = "/paths/~1a/post/responses/200/content/application~1json/schema/properties/photo";
    for (version, member, code) in [
        ("3.0.3", json!({"type": "string", "format": "byte"}), "format"),
        ("3.1.0", json!({"type": "string", "format": "base64url"}), "format"),
        ("3.1.0", json!({"type": "string", "contentEncoding": "base64"}), "contentEncoding"),
        (
            "3.2.0",
            json!({"type": "string", "contentEncoding": "BASE64", "contentMediaType": "image/png"}),
            "contentEncoding",
        ),
    ] {
        let contract = contract(version, &member);
        let operation = &contract.operations[0];
        for text in ["iVBORw0KGgo=", "-_8", ""] {
            assert_eq!(
                answered(operation, &json!({"photo": text}).to_string()),
                Vec::<String>::new(),
                "{member} {text}"
            );
        }
        let expected =
            format!("/photo {code} {schema}/{code}: body /photo: expected text in base64, got a string");
        assert_eq!(answered(operation, r#"{"photo":"a photo!"}"#), [expected], "{member}");
        assert_eq!(contract.unchecked().iter().filter(|one| one.text.contains("Encoding")).count(), 0);
    }
}

#[test]
fn what_nobody_reads_stays_an_annotation() {
    for member in [
        json!({"type": "string", "contentEncoding": "base32"}),
        json!({"type": "string", "format": "binary"}),
        json!({"contentEncoding": "base64"}),
    ] {
        let contract = contract("3.1.0", &member);
        let body = if member.get("type").is_some() { r#"{"photo":"a photo!"}"# } else { r#"{"photo":17}"# };
        assert_eq!(answered(&contract.operations[0], body), Vec::<String>::new(), "{member}");
    }
}

#[test]
fn a_dialect_that_is_named_has_it_be_an_annotation() {
    let document = json!({"openapi": "3.1.0", "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
    "components": {"schemas": {"A": {"type": "string", "contentEncoding": "base64"}}},
    "paths": {"/a": {"get": {"parameters": [
        {"name": "a", "in": "query", "schema": {"$ref": "#/components/schemas/A"}},
    ]}}}});
    let contract = Contract::read("encoded", document.to_string().as_bytes()).expect("a contract");
    assert_eq!(contract.operations[0].parameters[0].shape.check(&json!("a photo!")), []);
    assert_eq!(contract.unchecked().iter().filter(|one| one.code == "encoding-not-checked").count(), 1);
}

#[test]
fn samples_of_any_length_are_base64() {
    for (least, most) in [(0, 100), (0, 0), (1, 3), (2, 2), (5, 6), (9, 12), (31, 31), (64, 64), (4, 7)] {
        for member in [
            json!({"type": "string", "format": "byte", "minLength": least, "maxLength": most}),
            json!({"type": "string", "contentEncoding": "base64", "minLength": least, "maxLength": most}),
        ] {
            let contract = contract("3.1.0", &member);
            let shape: &Shape = &contract.operations[0].input[0].shape.members()[0].shape;
            for want in [Want::Plain, Want::Boundary(0), Want::Boundary(1)] {
                let value = shape.sample(3, want).unwrap_or_else(|| panic!("{member} {want:?}"));
                assert_eq!(shape.check(&value), [], "{member} {value}");
            }
            assert!(!shape.check(&json!("no!")).is_empty());
        }
    }
}
