//! Calls against a small contract: what is encoded is decoded, and what is wrong is said exactly.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use contract::{
    Contract, Document, Head, In, Need, Operation, Payload, Repeat, Value, Values, check_answer, check_head,
    decode, encode,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::{Arc, LazyLock};

static SHOP: LazyLock<Contract> =
    LazyLock::new(|| Contract::read("shop.yaml", include_bytes!("shop.yaml")).expect("it is a contract"));

fn operation(id: &str) -> &'static Arc<Operation> {
    SHOP.operation(id).expect("the operation")
}

fn fields(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

/// What is said of a request: its head, then its body if that is to be looked at.
fn said(id: &str, path: &str, query: &str, pairs: &[(&str, &str)], body: &[u8]) -> Vec<String> {
    let operation = operation(id);
    let mut fields = fields(pairs);
    if !body.is_empty() {
        fields.insert("content-length", HeaderValue::from(body.len()));
    }
    let head = Head { method: operation.method(), path, query: Some(query), fields: &fields };
    let (mut found, need) = check_head(operation, &head);
    if let Need::Watch(check) | Need::Whole(check) = need {
        found.extend(check.whole(body).found);
    }
    found.iter().map(|one| format!("{} {one} [{}]", one.code, one.rule)).collect()
}

fn forecast(query: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    said("forecast", "/forecast", query, pairs, b"")
}

fn order(body: &str) -> Vec<String> {
    said(
        "createOrder",
        "/orders",
        "",
        &[("content-type", "application/json; charset=utf-8")],
        body.as_bytes(),
    )
}

const FORECAST: &str = "/paths/~1forecast/get/parameters";

#[test]
fn a_wrong_parameter_is_said_with_place_expectation_and_rule() {
    let at = |rest: &str| format!("{FORECAST}/{rest}");
    for (query, pairs, expected) in [
        ("latitude=51.5&longitude=-0.1&current=True&fields=rain&fields=wind&ids=1,2", &[][..], vec![]),
        (
            "latitude=97.2",
            &[],
            vec![format!(
                "maximum query parameter latitude: 97.2 is more than 90 [{}]",
                at("0/schema/maximum")
            )],
        ),
        (
            "latitude=-90.5",
            &[],
            vec![format!(
                "minimum query parameter latitude: -90.5 is less than -90 [{}]",
                at("0/schema/minimum")
            )],
        ),
        (
            "",
            &[],
            vec![format!(
                "required query parameter latitude: missing: expected a number [{}]",
                at("0/required")
            )],
        ),
        (
            "latitude=x",
            &[],
            vec![format!(
                "type query parameter latitude: expected a number, got a string [{}]",
                at("0/schema/type")
            )],
        ),
        (
            "latitude=1&latitude=2",
            &[],
            vec![format!(
                "duplicate-name query parameter latitude: expected one value, got 2 values [{}]",
                at("0")
            )],
        ),
        (
            "latitude=1&days=17",
            &[],
            vec![format!(
                "exclusiveMaximum query parameter days: expected less than 17, got `17` [{}]",
                at("1/schema/exclusiveMaximum")
            )],
        ),
        (
            "latitude=1&days=-99999999999",
            &[],
            vec![format!(
                "format query parameter days: expected a whole number of 32 bits, got -99999999999 [{}]",
                at("1/schema/format")
            )],
        ),
        (
            "latitude=1&current=yes",
            &[],
            vec![format!(
                "type query parameter current: expected a boolean, got a string [{}]",
                at("2/schema/type")
            )],
        ),
        (
            "latitude=1&fields=snow",
            &[],
            vec![format!(
                "enum query parameter fields/0: expected one of \"rain\", \"wind\", got a string [{}]",
                at("3/schema/items/enum")
            )],
        ),
        (
            "latitude=1&ids=1,b",
            &[],
            vec![format!(
                "type query parameter ids/1: expected an integer, got a string [{}]",
                at("4/schema/items/type")
            )],
        ),
        (
            "latitude=1&from=a",
            &[],
            vec![format!(
                "type query parameter range/from: expected an integer, got a string [{}]",
                at("5/schema/properties/from/type")
            )],
        ),
        ("latitude=1", &[("x-level", "1, 2"), ("x-level", "3")], vec![]),
        (
            "latitude=1",
            &[("x-level", "1, b")],
            vec![format!(
                "type header X-Level: expected an integer, got a string [{}]",
                at("7/schema/items/type")
            )],
        ),
        (
            "latitude=1",
            &[("cookie", "a=b; session=ab")],
            vec![format!(
                "minLength cookie parameter session: expected at least 3 characters, got 2 characters [{}]",
                at("8/schema/minLength")
            )],
        ),
        (
            "latitude=%ff",
            &[],
            vec![format!(
                "encoding query parameter latitude: expected text in UTF-8, got other bytes [{}]",
                at("0")
            )],
        ),
    ] {
        assert_eq!(forecast(query, pairs), expected, "{query} {pairs:?}");
    }
}

#[test]
fn a_wrong_body_is_said_with_its_pointer_and_the_place_of_the_rule() {
    let at = |rest: &str| format!("/components/schemas/Order/{rest}");
    let deep = "[".repeat(200);
    for (body, expected) in [
        (r#"{"total": 7, "next": {"total": 9007199254740993}}"#, vec![]),
        (r#"{"note": "ab"}"#, vec![format!("required body: missing: expected the field `total` [{}]", at("required"))]),
        (r#"{"total": "7"}"#, vec![format!("type body /total: expected an integer, got a string [{}]", at("properties/total/type"))]),
        (r#"{"total": 1, "next": {"total": 0}}"#, vec![format!("minimum body /next/total: 0 is less than 1 [{}]", at("properties/total/minimum"))]),
        (r#"{"total": 1, "note": "abcdef"}"#, vec![format!("maxLength body /note: expected at most 5 characters, got 6 characters [{}]", at("properties/note/maxLength"))]),
        (r#"{"total": 1, "note": "A"}"#, vec![format!("pattern body /note: expected text that matches `^[a-z]*$`, got 1 characters [{}]", at("properties/note/pattern"))]),
        (r#"{"total": 1, "sum": 1}"#, vec![format!("additionalProperties body /sum: expected no field of this name, got 1 [{}]", at("additionalProperties"))]),
        (r#"{"total": 1, "pay": {"kind": "card", "card": 1}}"#, vec![format!("type body /pay/card: expected a string, got 1 [{}]", at("properties/pay/oneOf/0/properties/card/type"))]),
        (r#"{"total": 1, "total": 2}"#, vec!["duplicate-name body /total: expected a name that stands once, got it twice [/paths/~1orders/post/requestBody/content/application~1json]".to_owned()]),
    ] {
        assert_eq!(order(body), expected, "{body}");
    }
    for (body, code) in [("{\"total\": 1", "syntax"), ("\u{feff}{}", "syntax"), (deep.as_str(), "depth")] {
        assert!(order(body)[0].starts_with(code), "{body}: {:?}", order(body));
    }
    let media = "/paths/~1orders/post/requestBody/content";
    let list = "`application/json` or `application/x-www-form-urlencoded` or `text/*`";
    let send = |media: &[(&str, &str)], body: &[u8]| said("createOrder", "/orders", "", media, body);
    assert_eq!(
        send(&[("content-type", "image/png")], b"x"),
        [format!("media-type header Content-Type: expected {list}, got `image/png` [{media}]")]
    );
    assert_eq!(
        send(&[], b"x"),
        [format!("media-type header Content-Type: missing: expected {list} [{media}]")]
    );
    assert_eq!(send(&[("content-type", "text/plain")], b"\xff"), Vec::<String>::new());
    assert_eq!(
        send(&[], b""),
        [format!(
            "required body: missing: expected a body in {list} [/paths/~1orders/post/requestBody/required]"
        )]
    );
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(send(&[form], b"total=7&tags=a&tags=b+c"), Vec::<String>::new());
    assert_eq!(
        send(&[form], b"total=x"),
        [format!("type body /total: expected an integer, got a string [{}]", at("properties/total/type"))]
    );
}

#[test]
fn a_syntax_error_in_a_body_has_its_byte() {
    let fields = fields(&[("content-type", "application/json"), ("content-length", "9")]);
    let operation = operation("createOrder");
    let (_, need) =
        check_head(operation, &Head { method: &Method::POST, path: "/orders", query: None, fields: &fields });
    let (Need::Watch(mut check) | Need::Whole(mut check)) = need else { panic!("the body is to be checked") };
    check.push(b"{\"a\":\n").unwrap();
    check.push(b" x}").unwrap();
    let report = check.end(None);
    assert_eq!((report.found[0].code, report.found[0].byte), ("syntax", Some(7)));
}

#[test]
fn an_answer_is_checked_by_status_fields_and_media_type() {
    let operation = operation("forecast");
    let check = |status: u16, pairs: &[(&str, &str)], body: &str| -> Vec<String> {
        let (mut found, need) =
            check_answer(operation, StatusCode::from_u16(status).unwrap(), &fields(pairs));
        if let Need::Watch(check) | Need::Whole(check) = need {
            found.extend(check.whole(body.as_bytes()).found);
        }
        found.iter().map(|one| format!("{} {one}", one.code)).collect()
    };
    let ok = [("content-type", "application/json"), ("x-count", "1")];
    assert_eq!(check(200, &ok, r#"{"temperature": 1.5}"#), Vec::<String>::new());
    assert_eq!(
        check(200, &ok, r#"{"temperature": "1"}"#),
        ["type body /temperature: expected a number, got a string"]
    );
    assert_eq!(
        check(200, &ok[..1], r#"{"temperature": 1}"#),
        ["required header X-Count: missing: expected an integer"]
    );
    assert_eq!(
        check(200, &[("content-type", "text/html"), ("x-count", "1")], ""),
        ["media-type header Content-Type: expected `application/json`, got `text/html`"]
    );
    assert_eq!(check(500, &[], ""), ["status status: expected 200, 4XX, 204, got 500"]);
    assert_eq!(check(404, &[("content-type", "application/problem+json")], "{}"), Vec::<String>::new());
    assert_eq!(check(204, &[], ""), Vec::<String>::new());
}

#[test]
fn an_operation_says_its_names_and_whether_it_may_be_repeated() {
    let names: Vec<_> = operation("createOrder")
        .names()
        .iter()
        .map(|one| format!("{} {} {}", one.place, one.name, one.required))
        .collect();
    let expected = [
        "header Idempotency-Key false",
        "body total true",
        "body note false",
        "body tags false",
        "body next false",
        "body pay false",
    ];
    assert_eq!(names, expected);
    assert_eq!(operation("createOrder").repeat, Repeat::WithKey(HeaderName::from_static("idempotency-key")));
    assert_eq!(operation("forecast").repeat, Repeat::Safe);
    assert_eq!(SHOP.servers[0].address(), "https://eu.shop.example/v1");
    let codes: Vec<_> = SHOP.warnings.iter().map(|one| (one.code, SHOP.line(&one.at).unwrap_or(0))).collect();
    assert_eq!(codes, Vec::<(&str, u32)>::new());
    assert_eq!(SHOP.warm(), []);
    for (index, operation) in SHOP.operations.iter().enumerate() {
        let line = SHOP.line(&operation.at).unwrap();
        assert_eq!(SHOP.operation_place(index), Some((SHOP.name.as_str(), line)), "{}", operation.id);
    }
}

fn encoded(id: &str, values: &Values) -> (String, HeaderMap, Vec<u8>) {
    let request = encode(operation(id), values).unwrap_or_else(|found| panic!("{found:?}"));
    let target = request.query.map_or(request.path.clone(), |query| format!("{}?{query}", request.path));
    let Payload::Bytes(bytes) = request.payload else { return (target, request.fields, Vec::new()) };
    (target, request.fields, bytes.to_vec())
}

#[test]
fn values_are_written_where_the_contract_says() {
    let text = |text: &str| Value::Text(text.to_owned());
    let mut values = Values::default();
    values.push(In::Query, "latitude", text("51.5"));
    values.push(In::Query, "fields", Value::Json(json!(["rain", "a b&c"])));
    values.push(In::Query, "ids", Value::Json(json!([1, 2])));
    values.push(In::Query, "range", Value::Json(json!({"from": 1, "to": 2})));
    values.push(In::Query, "extra", text("ü"));
    values.push(In::Header, "x-level", Value::Json(json!([1, 2])));
    values.push(In::Cookie, "session", text("a;b"));
    let (target, fields, _) = encoded("forecast", &values);
    assert_eq!(
        target,
        "/forecast?latitude=51.5&fields=rain&fields=a%20b%26c&ids=1,2&from=1&to=2&extra=%C3%BC"
    );
    assert_eq!(
        (&fields["x-level"], &fields["cookie"]),
        (&HeaderValue::from_static("1,2"), &HeaderValue::from_static("session=a%3Bb"))
    );

    let mut values = Values::default();
    values.push(In::Body, "total", text("7"));
    values.push(In::Body, "tags", text("a,b"));
    let (_, fields, body) = encoded("createOrder", &values);
    assert_eq!(
        (body.as_slice(), &fields["content-type"]),
        (&br#"{"total":7,"tags":["a","b"]}"#[..], &HeaderValue::from_static("application/json"))
    );
    values.push(In::Header, "Content-Type", text("application/x-www-form-urlencoded"));
    assert_eq!(encoded("createOrder", &values).2, b"total=7&tags=a&tags=b");
}

#[test]
fn what_cannot_be_written_is_said() {
    let check = |id: &str, values: &[(In, &str, &str)], expected: &[&str]| {
        let values = values
            .iter()
            .map(|(place, name, text)| (*place, (*name).to_owned(), Value::Text((*text).to_owned())));
        let found = encode(operation(id), &Values(values.collect())).unwrap_err();
        assert_eq!(found.iter().map(|one| format!("{} {one}", one.code)).collect::<Vec<_>>(), expected);
    };
    check("forecast", &[], &["required query parameter latitude: missing: expected a number"]);
    check(
        "forecast",
        &[(In::Query, "latitude", "x")],
        &["type query parameter latitude: expected a number, got a string"],
    );
    check(
        "createOrder",
        &[],
        &[
            "required body: missing: expected a body in `application/json` or `application/x-www-form-urlencoded` or `text/*`",
        ],
    );
    check(
        "lines",
        &[(In::Path, "id", "7"), (In::Path, "from", "")],
        &[
            "empty path parameter from: expected at least 1 character, got 0 characters",
            "required path parameter to: missing: expected a list",
        ],
    );
}

/// Every word of a schema that a value can break, by a small contract of its own.
fn broken(version: &str, schema: &Json, schemas: &Json, value: &Json) -> Vec<String> {
    let document = json!({
        "openapi": version,
        "paths": {"/a": {"post": {
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"default": {"description": ""}},
        }}},
        "components": {"schemas": schemas},
    });
    let contract = Contract::read("small.json", document.to_string().as_bytes()).unwrap();
    assert_eq!(contract.warm(), []);
    let found = contract.operations[0].input[0].shape.check(value);
    found.iter().map(|one| format!("{one} [{}]", one.rule)).collect()
}

#[test]
fn schemas_that_refer_to_themselves_end() {
    let schemas = json!({
        "A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"},
        "C": {"allOf": [{"$ref": "#/components/schemas/D"}]},
        "D": {"anyOf": [{"$ref": "#/components/schemas/C"}, {"$ref": "#/components/schemas/D"}], "type": "object"},
        "List": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/List"}, "n": {"type": "integer"}}},
    });
    let refer = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    assert_eq!(broken("3.0.0", &refer("A"), &schemas, &json!(1)), Vec::<String>::new());
    let _ = broken("3.1.0", &refer("C"), &schemas, &json!(1));
    let deep = (0..120).fold(json!({"n": "x"}), |below, _| json!({"next": below}));
    let found = broken("3.1.0", &refer("List"), &schemas, &deep);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].ends_with("expected an integer, got a string [/components/schemas/List/properties/n/type]"),
        "{found:?}"
    );
}

#[test]
fn references_into_other_places_are_followed_and_their_rules_named() {
    let schemas = json!({
        "A": {"properties": {"x y": {"type": "integer"}}, "$defs": {"odd/{name}": {"maximum": 3}}},
    });
    let check = |reference: &str, value: &Json, expected: &str| {
        let found = broken("3.1.0", &json!({"items": {"$ref": reference}}), &schemas, &json!([value]));
        assert_eq!(found, [expected]);
    };
    check(
        "#/components/schemas/A/properties/x%20y",
        &json!("1"),
        "body /0: expected an integer, got a string [/components/schemas/A/properties/x y/type]",
    );
    check(
        "#/components/schemas/A/$defs/odd~1%7Bname%7D",
        &json!(4),
        "body /0: 4 is more than 3 [/components/schemas/A/$defs/odd~1{name}/maximum]",
    );
    let nullable = json!({"type": "string", "nullable": true, "enum": ["a"]});
    assert_eq!(broken("3.0.3", &nullable, &json!({}), &Json::Null), Vec::<String>::new());
    assert_eq!(broken("3.0.3", &nullable, &json!({}), &json!("b")).len(), 1);
}

fn arb_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9 ]{1,8}", "[^\\x00-\\x1f\\x7f]{1,8}", Just("%41&=+;,?#/..".to_owned())]
}

fn arb_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        Just(Json::Null),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// What comes back from the request that carries these values.
fn back(id: &str, values: &Values) -> Values {
    let operation = operation(id);
    let request = encode(operation, values).unwrap_or_else(|found| panic!("{values:?}: {found:?}"));
    let body = match &request.payload {
        Payload::Bytes(bytes) => Some(bytes.as_ref()),
        _ => None,
    };
    let head = Head {
        method: &request.method,
        path: &request.path,
        query: request.query.as_deref(),
        fields: &request.fields,
    };
    decode(operation, &head, body).unwrap_or_else(|found| panic!("{values:?}: {found:?}"))
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        latitude in -90.0..90.0_f64, current in any::<bool>(), fields in prop::collection::vec(arb_text(), 1..4),
        ids in prop::collection::vec(any::<i64>(), 1..4), from in any::<i64>(), session in arb_text(),
        level in prop::collection::vec(any::<i64>(), 1..4),
    ) {
        let mut values = Values::default();
        values.push(In::Query, "latitude", Value::Json(json!(latitude)));
        values.push(In::Query, "current", Value::Json(json!(current)));
        values.push(In::Query, "fields", Value::Json(json!(fields)));
        values.push(In::Query, "ids", Value::Json(json!(ids)));
        values.push(In::Query, "range", Value::Json(json!({"from": from})));
        values.push(In::Header, "X-Level", Value::Json(json!(level)));
        values.push(In::Cookie, "session", Value::Json(json!(session)));
        let mut wanted = values.clone();
        wanted.0.sort_by_key(|(place, name, _)| (*place, name.clone()));
        let mut found = back("forecast", &values);
        found.0.sort_by_key(|(place, name, _)| (*place, name.clone()));
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn a_path_is_decoded(id in any::<i64>(), from in "[a-z/%?# ü,]{1,6}", to in prop::collection::vec("[a-z/%?#,-]{1,6}", 1..3)) {
        let mut values = Values::default();
        values.push(In::Path, "id", Value::Json(json!(id)));
        values.push(In::Path, "from", Value::Json(json!(from)));
        values.push(In::Path, "to", Value::Json(json!(to)));
        prop_assert_eq!(back("lines", &values), values);
    }

    #[test]
    fn a_body_is_decoded_as_it_was(value in arb_json()) {
        let mut values = Values::default();
        values.push(In::Body, "", Value::Json(value));
        prop_assert_eq!(back("createOrder", &values), values);
    }

    #[test]
    fn a_document_of_any_bytes_is_read_or_refused_at_a_place(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = Document::read("any", &bytes) {
            prop_assert!(error.at().start <= bytes.len());
        }
    }

    #[test]
    fn a_document_with_a_piece_torn_out_is_read_or_refused_at_a_place(from in 0..4000_usize, length in 0..60_usize, put in "[\\[\\]{}:,\"a0&*!|>#\n -]{0,4}") {
        let text = include_str!("shop.yaml");
        let start = text.char_indices().map(|(at, _)| at).nth(from % text.len()).unwrap_or(0);
        let end = (start + length).min(text.len());
        let torn = format!("{}{put}{}", &text[..start], &text[end..]);
        match Document::read("torn", torn.as_bytes()) {
            Ok(document) => {
                let (outline, warnings) = document.outline();
                let pointers: Vec<_> = outline.iter().map(|one| one.at.clone()).chain(warnings.iter().map(|one| one.at.clone())).collect();
                prop_assert_eq!(document.lines(&pointers).len(), pointers.len());
                let contract = document.contract();
                contract.unenforced();
                contract.warm();
            }
            Err(error) => prop_assert!(error.at().start <= torn.len()),
        }
    }

    #[test]
    fn a_request_of_any_bytes_is_decoded_or_refused(query in ".{0,40}", path in "/.{0,20}", cookie in "[ -~]{0,20}", body in prop::collection::vec(any::<u8>(), 0..60), form in any::<bool>()) {
        let media = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        let fields = fields(&[("cookie", &cookie), ("content-type", media), ("x-level", "1,,")]);
        for operation in &SHOP.operations {
            let head = Head { method: operation.method(), path: &path, query: Some(&query), fields: &fields };
            let (_, need) = check_head(operation, &head);
            if let Need::Watch(check) | Need::Whole(check) = need {
                check.whole(&body);
            }
            let _ = decode(operation, &head, Some(&body));
        }
    }
}
