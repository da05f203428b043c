//! Styles end to end: what a contract's parameter is written as is read as the same value.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use contract::{Contract, Head, In, Operation, Payload, Value, Values, check_head, decode, encode};
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// An operation with one parameter `color`, and one more that must not be taken for a member of it.
fn with(place: &str, parameter: &Json, kind: &Json) -> Arc<Operation> {
    let mut own = json!({"name": "color", "in": place, "required": true, "schema": kind});
    own.as_object_mut().unwrap().extend(parameter.as_object().unwrap().clone());
    let path = if place == "path" { "/a/{color}/b" } else { "/a" };
    let other = json!({"name": "other", "in": "query", "schema": {"type": "string"}});
    let document = json!({
        "openapi": "3.1.0",
        "paths": {path: {"get": {"parameters": [own, other], "responses": {"default": {"description": ""}}}}},
    });
    let contract = Contract::read("small.json", document.to_string().as_bytes()).unwrap();
    assert_eq!(
        contract.warnings.iter().map(|one| one.text.clone()).collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    Arc::clone(&contract.operations[0])
}

fn place_of(place: &str) -> In {
    match place {
        "path" => In::Path,
        "query" => In::Query,
        "header" => In::Header,
        _ => In::Cookie,
    }
}

fn kinds() -> [(&'static str, Json); 3] {
    [
        ("plain", json!({"type": "string"})),
        ("list", json!({"type": "array", "items": {"type": "string"}})),
        (
            "object",
            json!({"type": "object", "properties": {"R": {"type": "integer"}, "G": {"type": "string"}}}),
        ),
    ]
}

const STYLES: [(&str, &str); 10] = [
    ("path", "simple"),
    ("path", "label"),
    ("path", "matrix"),
    ("query", "form"),
    ("query", "spaceDelimited"),
    ("query", "pipeDelimited"),
    ("query", "deepObject"),
    ("header", "simple"),
    ("cookie", "form"),
    ("cookie", "cookie"),
];

/// Writes the value, reads it back.
fn back(operation: &Operation, place: In, value: &Json) -> (String, Json) {
    let mut values = Values::default();
    values.push(place, "color", Value::Json(value.clone()));
    let request = encode(operation, &values).unwrap_or_else(|found| panic!("{value}: {found:?}"));
    let head = Head {
        method: &request.method,
        path: &request.path,
        query: request.query.as_deref(),
        fields: &request.fields,
    };
    assert_eq!(request.payload, Payload::Empty);
    let written = format!("{} {:?} {:?}", request.path, request.query, request.fields);
    let read = decode(operation, &head, None).unwrap_or_else(|found| panic!("{written}: {found:?}"));
    let (found, _) = check_head(operation, &head);
    assert_eq!(found, [], "{written}");
    let Some(Value::Json(json)) = read.get(place, "color") else { panic!("nothing in {written}") };
    (written, json.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn in_every_style_what_is_written_is_read(
        word in "[a-z%&=+;?#/.| üß,\"-]{0,4}[a-z]", safe in "[a-z%&=+?#/.ü-]{0,4}[a-z]", number in any::<i64>(),
    ) {
        for (place, style) in STYLES {
            for explode in [false, true] {
                for (name, kind) in kinds() {
                    let operation = with(place, &json!({"style": style, "explode": explode}), &kind);
                    // Where a style has no way to say a delimiter, none is in the value.
                    let raw = style == "cookie" || place == "header";
                    let word = match style {
                        "form" | "label" | "matrix" | "deepObject" => &word,
                        "simple" if place == "path" => &word,
                        _ if raw => &safe.replace('ü', "u").replace('=', "e"),
                        _ => &safe,
                    };
                    let value = match name {
                        "plain" => json!(word),
                        "list" => json!([word, "b", word]),
                        _ => json!({"R": number, "G": word}),
                    };
                    let (written, read) = back(&operation, place_of(place), &value);
                    prop_assert_eq!(read, value, "{} {} {}", style, explode, written);
                }
            }
        }
    }

    #[test]
    fn nested_names_come_back(a in "[a-z&=+ \\[\\]]{0,6}", n in any::<i64>(), list in prop::collection::vec("[a-z,&]{0,3}", 1..4)) {
        let kind = json!({"type": "object", "properties": {
            "size": {"type": "object", "properties": {"gte": {"type": "integer"}, "like": {"type": "string"}}},
            "tags": {"type": "array", "items": {"type": "string"}},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        }});
        let operation = with("query", &json!({"style": "deepObject"}), &kind);
        let value = json!({"size": {"gte": n, "like": a}, "tags": list, "lines": [{"n": n}, {"n": 0}]});
        let (_, read) = back(&operation, In::Query, &value);
        prop_assert_eq!(read, value);
    }

    #[test]
    fn a_query_of_any_text_is_read_or_refused(query in "[\\[\\]a-z0-9=&%.;,color|]{0,60}", path in "/a/[;.,=a-zA-Z%]{0,20}/b") {
        for (place, style) in STYLES {
            for (_, kind) in kinds() {
                let operation = with(place, &json!({"style": style, "explode": query.len() % 2 == 0}), &kind);
                let fields = HeaderMap::new();
                let head = Head { method: operation.method(), path: &path, query: Some(&query), fields: &fields };
                let _ = check_head(&operation, &head);
            }
        }
    }
}

fn codes(operation: &Operation, query: &str) -> Vec<String> {
    let fields = HeaderMap::new();
    let head = Head { method: operation.method(), path: "/a", query: Some(query), fields: &fields };
    check_head(operation, &head).0.iter().map(|one| format!("{} {}", one.code, one.place())).collect()
}

#[test]
fn queries_as_people_write_them_are_read() {
    let none = Vec::<String>::new();
    let ints = json!({"type": "array", "items": {"type": "integer"}});
    let query = |style: &str, explode: bool, kind: &Json| {
        with("query", &json!({"style": style, "explode": explode}), kind)
    };
    let pipe = query("pipeDelimited", false, &ints);
    assert_eq!(codes(&pipe, "color=1|2%7C3"), none);
    assert_eq!(codes(&pipe, "color=1|x"), ["type query parameter color/1"]);
    let space = query("spaceDelimited", false, &ints);
    assert_eq!(codes(&space, "color=1+2%203"), none);
    let deep = query(
        "deepObject",
        true,
        &json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}),
    );
    assert_eq!(codes(&deep, "color[a]=1&color%5Bb%5D=x&unknown=3"), none);
    assert_eq!(codes(&deep, "color[a]=x"), ["type query parameter color/a"]);
    assert_eq!(codes(&deep, "color[b]=1"), ["required query parameter color"]);
    assert_eq!(codes(&deep, "color[a]=1&color[a]=2"), ["duplicate-name query parameter color/a"]);
    assert_eq!(codes(&deep, "color[a]=1&color[a][b]=2"), ["duplicate-name query parameter color"]);
    let list = query("deepObject", true, &ints);
    assert_eq!(codes(&list, "color[]=1&color[]=2"), none);
    assert_eq!(codes(&list, "color[1]=1&color[0]=2"), none);
    assert_eq!(codes(&list, "color[0]=1&color[5]=2"), ["style query parameter color"]);
    let deepest = format!("color{}=1", "[a]".repeat(40));
    assert_eq!(codes(&deep, &deepest), ["depth query parameter color"]);
    // Names that no parameter declares are an exploded object's, if it names none itself.
    let free = query("form", true, &json!({"type": "object", "additionalProperties": {"enum": ["1"]}}));
    assert_eq!(codes(&free, "x=1&other=2"), none);
    assert_eq!(codes(&free, "x=2"), ["enum query parameter color/x"]);
}

#[test]
fn an_empty_value_is_let_through_where_the_contract_says_so() {
    let kind = json!({"type": "integer"});
    let strict = with("query", &json!({}), &kind);
    assert_eq!(codes(&strict, "color="), ["type query parameter color"]);
    let free = with("query", &json!({"allowEmptyValue": true}), &kind);
    assert_eq!(codes(&free, "color="), Vec::<String>::new());
    assert_eq!(codes(&free, "color"), Vec::<String>::new());
    assert_eq!(codes(&free, "color=x"), ["type query parameter color"]);
    let (written, read) = back(&free, In::Query, &json!(""));
    assert_eq!((written.as_str(), read), ("/a Some(\"color=\") {}", json!("")));
}

#[test]
fn json_in_a_parameter_is_read_and_checked() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "array", "items": {"maximum": 3}}}});
    for place in ["query", "path", "header", "cookie"] {
        let mut own = json!({"name": "color", "in": place, "required": true});
        own["content"] = json!({"application/json": {"schema": schema}});
        let path = if place == "path" { "/a/{color}/b" } else { "/a" };
        let document = json!({"openapi": "3.1.0", "paths": {path: {"get": {
            "parameters": [own], "responses": {"default": {"description": ""}}}}}});
        let contract = Contract::read("small.json", document.to_string().as_bytes()).unwrap();
        let operation = &contract.operations[0];
        let value = json!({"a": [1, 2], "b": "ü & = %41 / ,"});
        assert_eq!(back(operation, place_of(place), &value).1, value);
        if place == "query" {
            assert_eq!(codes(operation, "color={\"a\":[4]}"), ["maximum query parameter color/a/0"]);
            assert_eq!(codes(operation, "color={\"a\":"), ["syntax query parameter color"]);
            assert_eq!(
                codes(operation, "color={\"a\":1,\"a\":2}"),
                ["duplicate-name query parameter color/a"]
            );
            assert_eq!(codes(operation, "color={}&color={}"), ["duplicate-name query parameter color"]);
        }
    }
}

#[test]
fn a_required_list_without_items_cannot_be_written() {
    let operation = with("query", &json!({}), &json!({"type": "array"}));
    let mut values = Values::default();
    values.push(In::Query, "color", Value::Json(json!([])));
    assert_eq!(encode(&operation, &values).unwrap_err()[0].code, "empty");
}

/// What a form of this schema and encoding is written as, and what is read and said of it.
fn form(encoding: &Json, value: &Json) -> (String, Json, Vec<String>) {
    let document = json!({"openapi": "3.1.0", "paths": {"/a": {"post": {
        "requestBody": {"required": true, "content": {"application/x-www-form-urlencoded": {
            "encoding": encoding,
            "schema": {"type": "object", "properties": {
                "n": {"type": "integer", "maximum": 3}, "tags": {"type": "array", "items": {"type": "string"}},
                "size": {"type": "object", "properties": {"gte": {"type": "integer", "maximum": 3}}},
                "lines": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            }},
        }}},
        "responses": {"default": {"description": ""}},
    }}}});
    let contract = Contract::read("small.json", document.to_string().as_bytes()).unwrap();
    let operation = &contract.operations[0];
    let mut values = Values::default();
    values.push(In::Body, "", Value::Json(value.clone()));
    let request = encode(operation, &values).unwrap_or_else(|found| panic!("{value}: {found:?}"));
    let Payload::Bytes(bytes) = request.payload else { panic!("no bytes") };
    let head = Head { method: operation.method(), path: "/a", query: None, fields: &request.fields };
    let read = decode(operation, &head, Some(&bytes)).unwrap_or_else(|found| panic!("{bytes:?}: {found:?}"));
    let Some(Value::Json(json)) = read.get(In::Body, "") else { panic!("nothing") };
    let found = operation.input[0].shape.check(json);
    (
        String::from_utf8(bytes.to_vec()).unwrap(),
        json.clone(),
        found.iter().map(|one| format!("{} {}", one.code, one.place())).collect(),
    )
}

#[test]
fn a_form_is_written_and_read_as_its_encoding_says() {
    let value = json!({"n": 4, "tags": ["a b", "c,d"], "size": {"gte": 7}, "lines": [{"n": 1}, {"n": 2}]});
    let by_kind =
        "tags=a%20b&tags=c%2Cd&size=%7B%22gte%22%3A7%7D&lines=%7B%22n%22%3A1%7D&lines=%7B%22n%22%3A2%7D";
    for (encoding, expected) in [
        (json!({}), by_kind),
        (
            json!({
                "tags": {"style": "pipeDelimited", "explode": false}, "size": {"style": "deepObject"},
                "lines": {"style": "deepObject"},
            }),
            "tags=a%20b%7Cc%2Cd&size%5Bgte%5D=7&lines%5B0%5D%5Bn%5D=1&lines%5B1%5D%5Bn%5D=2",
        ),
        (
            json!({"tags": {"contentType": "application/json"}, "size": {"style": "form", "explode": true},
                "lines": {"contentType": "application/json"}}),
            "tags=%5B%22a%20b%22%2C%22c%2Cd%22%5D&gte=7&lines=%5B%7B%22n%22%3A1%7D%2C%7B%22n%22%3A2%7D%5D",
        ),
    ] {
        let (written, read, found) = form(&encoding, &value);
        assert_eq!(written, format!("n=4&{expected}"));
        // Members with a style come first: order is no part of a value.
        assert_eq!(read, value, "{encoding}");
        let mut found = found;
        found.sort();
        assert_eq!(found, ["maximum body /n", "maximum body /size/gte"]);
    }
}
