//! Numbers that neither 64 bits nor a float hold: written, read and judged as they stand.
#![expect(clippy::expect_used, clippy::panic, reason = "a contract that does not load fails the test")]

use contract::{
    Contract, Head, In, Need, Operation, Payload, Value, Values, Violation, Want, check_head, decode, encode,
    sample_request,
};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value as Json, json};

const LONG: &str = "123456789012345678901234";

fn number(text: &str) -> Json {
    serde_json::from_str(text).expect("a number")
}

fn contract(schema: &Json) -> Contract {
    let document = json!({"openapi": "3.1.0", "paths": {"/a/{id}": {"put": {
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": schema},
            {"name": "q", "in": "query", "schema": {"type": "array", "items": schema}},
        ],
        "requestBody": {"content": {"application/json": {"schema": {
            "type": "object", "properties": {"id": schema},
        }}}},
    }}}});
    Contract::read("numbers", document.to_string().as_bytes()).expect("a contract")
}

fn said(found: &[Violation]) -> Vec<String> {
    found.iter().map(|one| format!("{} {} {}: {one}", one.place, one.code, one.at)).collect()
}

fn codes(found: &[Violation]) -> Vec<String> {
    found.iter().map(|one| format!("{} {} {}", one.place, one.code, one.at)).collect()
}

/// What the other side finds in a request with this number at every place; the body whole and cut everywhere.
fn checked(operation: &Operation, text: &str) -> Vec<String> {
    let path = format!("/a/{text}");
    let query = format!("q={text}");
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = format!("{{\"id\":{text}}}");
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let (mut found, need) = check_head(
        operation,
        &Head { method: &Method::PUT, path: &path, query: Some(&query), fields: &fields },
    );
    let (Need::Watch(whole) | Need::Whole(whole)) = need else { panic!("a body is checked") };
    let whole = whole.whole(body.as_bytes()).found;
    for cut in 0..body.len() {
        let (_, need) =
            check_head(operation, &Head { method: &Method::PUT, path: &path, query: None, fields: &fields });
        let (Need::Watch(mut check) | Need::Whole(mut check)) = need else { panic!("a body is checked") };
        for part in [&body[..cut], &body[cut..]] {
            check.push(part.as_bytes()).expect("room");
        }
        assert_eq!(codes(&check.end(None).found), codes(&whole), "{body} cut at {cut}");
    }
    found.extend(whole);
    codes(&found)
}

#[test]
fn a_number_is_sent_and_read_digit_by_digit() {
    let contract = contract(&json!({"type": "number"}));
    let operation = &contract.operations[0];
    for text in [LONG, "-18446744073709551617", "0.1000000000000000000001", "1e+399", "1.50", "7"] {
        let mut values = Values::default();
        values.push(In::Path, "id", Value::Text(text.to_owned()));
        values.push(In::Query, "q", Value::Json(json!([number(text), 1])));
        values.push(In::Body, "id", Value::Json(number(text)));
        let request =
            encode(operation, &values).unwrap_or_else(|found| panic!("{text}: {}", said(&found).join("\n")));
        let percent = text.replace('+', "%2B");
        assert_eq!(
            (request.path.as_str(), request.query.as_deref()),
            (&*format!("/a/{percent}"), Some(&*format!("q={percent}&q=1")))
        );
        let Payload::Bytes(body) = request.payload else { panic!("a body") };
        assert_eq!(body, format!("{{\"id\":{text}}}"));
        let head = Head {
            method: &Method::PUT,
            path: &request.path,
            query: request.query.as_deref(),
            fields: &request.fields,
        };
        let read = decode(operation, &head, Some(&body)).expect("it is read");
        assert_eq!(read.get(In::Path, "id"), Some(&Value::Json(number(text))));
        assert_eq!(read.get(In::Query, "q"), Some(&Value::Json(json!([number(text), 1]))));
        assert_eq!(read.get(In::Body, ""), Some(&Value::Json(json!({"id": number(text)}))));
    }
}

#[test]
fn limits_are_right_to_the_last_digit() {
    let rows = [
        (json!({"type": "integer"}), LONG, None),
        (json!({"type": "integer"}), "1.0", None),
        (json!({"type": "integer"}), "12345678901234567890123.5", Some("type")),
        (json!({"maximum": number(LONG)}), LONG, None),
        (json!({"maximum": number(LONG)}), "123456789012345678901235", Some("maximum")),
        (
            json!({"exclusiveMinimum": 18_446_744_073_709_551_615_u64}),
            "18446744073709551615",
            Some("exclusiveMinimum"),
        ),
        (json!({"exclusiveMinimum": 18_446_744_073_709_551_615_u64}), "18446744073709551616", None),
        (json!({"minimum": number("-9223372036854775809")}), "-9223372036854775809", None),
        (json!({"minimum": number("-9223372036854775809")}), "-9223372036854775810", Some("minimum")),
        (json!({"maximum": 0.1}), "0.1000000000000000000001", Some("maximum")),
        (json!({"maximum": 9_007_199_254_740_992_i64}), "9007199254740993", Some("maximum")),
        (json!({"multipleOf": 5}), "123456789012345678901230", None),
        (json!({"multipleOf": 5}), LONG, Some("multipleOf")),
        (json!({"multipleOf": number("100000000000000000000")}), "300000000000000000000", None),
        (json!({"multipleOf": number("100000000000000000000")}), "300000000000000000001", Some("multipleOf")),
        (json!({"multipleOf": 0.01}), "12345678901234567890.01", None),
        (json!({"multipleOf": 0.01}), "12345678901234567890.011", Some("multipleOf")),
        (json!({"type": "integer", "format": "int64"}), "18446744073709551615", None),
        (json!({"type": "integer", "format": "int64"}), "18446744073709551616", Some("format")),
        (json!({"type": "integer", "format": "int64"}), "-9223372036854775809", Some("format")),
        (json!({"type": "integer", "format": "int32"}), "2147483648", Some("format")),
        (json!({"type": "number", "enum": [number(LONG)]}), LONG, None),
        (json!({"type": "number", "enum": [number(LONG)]}), "123456789012345678901235", Some("enum")),
        (json!({"type": "number", "const": number("0.1000000000000000000001")}), "0.1", Some("const")),
    ];
    for (mut schema, text, code) in rows {
        if schema.get("type").is_none() {
            schema["type"] = json!("number");
        }
        let contract = contract(&schema);
        let found = checked(&contract.operations[0], text);
        match code {
            None => assert_eq!(found, Vec::<String>::new(), "{schema} {text}"),
            Some(code) => {
                let expected =
                    [format!("path {code} "), format!("query {code} /0"), format!("body {code} /id")];
                assert_eq!(found, expected, "{schema} {text}");
            }
        }
    }
}

#[test]
fn a_number_without_end_is_refused_and_not_told_whole() {
    let contract = contract(&json!({"type": "number", "maximum": 5}));
    let long = "7".repeat(1_001);
    for text in ["1e401", "1e-401", "1e99999999999", &long] {
        let found = checked(&contract.operations[0], text);
        assert_eq!(found, ["path type ", "query type /0", "body syntax "], "{text}");
    }
    let shape = &contract.operations[0].parameters[0].shape;
    let found = shape.check(&number(&"7".repeat(999)));
    assert!(found[0].to_string().len() < 100, "{}", found[0]);
}

#[test]
fn numbers_that_cost_the_validator_much_are_bounded_in_every_codec() {
    let contract = contract(&json!({"type": "integer"}));
    let operation = &contract.operations[0];
    let body = |count: usize| format!("{{\"id\":1,\"more\":[{}]}}", vec!["1e-400"; count].join(","));
    for (count, expected) in [(6_000, None), (7_000, Some("body syntax "))] {
        let mut fields = HeaderMap::new();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from_static("9"));
        let head = Head { method: &Method::PUT, path: "/a/1", query: None, fields: &fields };
        let both = [false, true].map(|watched| {
            let (_, need) = check_head(operation, &head);
            let (Need::Watch(mut check) | Need::Whole(mut check)) = need else { panic!("a body is checked") };
            if !watched {
                return codes(&check.whole(body(count).as_bytes()).found);
            }
            check.push(body(count).as_bytes()).expect("room");
            codes(&check.end(None).found)
        });
        assert_eq!(both[0], expected.into_iter().collect::<Vec<_>>(), "{count}");
        assert_eq!(both[0], both[1]);
    }
    let list = contract.operations[0].parameters[1]
        .shape
        .read_text(&format!("[{}]", vec!["1e-400"; 7_000].join(",")));
    assert!(list.is_array());
    assert_eq!(codes(&operation.parameters[1].shape.check(&list)), ["body too-complex "]);
}

#[test]
fn no_member_passes_for_a_number() {
    let contract = contract(&json!({"type": "integer"}));
    for text in [r#"{"$serde_json::private::Number":"12"}"#, r#"{"$serde_json::private::Number":1.5}"#] {
        let body = format!("{{\"id\":{text}}}");
        let mut fields = HeaderMap::new();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        let head = Head { method: &Method::PUT, path: "/a/1", query: None, fields: &fields };
        let (_, need) = check_head(&contract.operations[0], &head);
        let (Need::Watch(check) | Need::Whole(check)) = need else { panic!("a body is checked") };
        let found = said(&check.whole(body.as_bytes()).found);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("body type /id"), "{found:?}");
    }
}

#[test]
fn a_contract_keeps_its_numbers_in_json_and_in_yaml() {
    let json = r#"{"openapi": "3.1.0", "paths": {"/a": {"get": {"parameters": [{"name": "q", "in": "query",
        "schema": {"type": "integer", "minimum": 123456789012345678901234, "maximum": 123456789012345678901235}}]}}}}"#;
    let yaml = "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      parameters:\n      - name: q\n        in: query\n        \
        schema:\n          type: integer\n          minimum: 123456789012345678901234\n          \
        maximum: 123456789012345678901235\n";
    for text in [json, yaml] {
        let contract = Contract::read("numbers", text.as_bytes()).expect("a contract");
        let shape = &contract.operations[0].parameters[0].shape;
        for (value, taken) in [
            ("123456789012345678901233", false),
            (LONG, true),
            ("123456789012345678901235", true),
            ("123456789012345678901236", false),
        ] {
            assert_eq!(shape.check(&number(value)).is_empty(), taken, "{value}");
        }
    }
}

#[test]
fn samples_reach_the_bounds_exactly() {
    for (schema, low, high) in [
        (
            json!({"type": "integer", "minimum": number(LONG), "maximum": number("123456789012345678901240")}),
            LONG,
            "123456789012345678901240",
        ),
        (
            json!({"type": "integer", "exclusiveMinimum": 18_446_744_073_709_551_615_u64, "maximum": 1e30}),
            "18446744073709551616",
            "1000000000000000000000000000000",
        ),
        (
            json!({"type": "number", "exclusiveMinimum": 0.1, "maximum": number("0.10000000000000000000000002")}),
            "0.10000000000000000000000001",
            "0.10000000000000000000000002",
        ),
        (json!({"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.1}), "0", "1"),
        (
            json!({"type": "integer", "multipleOf": number("100000000000000000000"), "minimum": 1, "maximum": number("300000000000000000001")}),
            "100000000000000000000",
            "300000000000000000000",
        ),
    ] {
        let contract = contract(&schema);
        let operation = &contract.operations[0];
        for (which, end) in [(0, low), (1, high)] {
            let values = sample_request(operation, 7, Want::Boundary(which)).expect("a sample");
            let Some(Value::Json(value)) = values.get(In::Path, "id") else { panic!("an id") };
            assert_eq!(operation.parameters[0].shape.check(value), [], "{schema} {value}");
            assert_eq!(value.to_string(), end, "{schema}");
        }
    }
}
