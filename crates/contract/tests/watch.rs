//! A check while a body comes in finds what a check of its value finds, wherever the chunks are cut.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that reads files"
)]

#[path = "published/corpus.rs"]
mod corpus;

use contract::{Body, Codec, Contract, Head, Kind, Need, Shape, Violation, check_head};
use corpus::corpus;
use http::HeaderMap;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

fn operation(schema: &Value) -> Arc<contract::Operation> {
    let document = json!({"openapi": "3.1.0", "components": {"schemas": {
        "Node": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "integer", "minimum": 1}, "next": {"$ref": "#/components/schemas/Node"},
            "list": {"type": "array", "maxItems": 2, "items": {"$ref": "#/components/schemas/Node"}},
        }, "additionalProperties": false},
    }}, "paths": {"/a": {"post": {
        "requestBody": {"content": {"application/json": {"schema": schema}}},
    }}}});
    let contract = Contract::read("a", document.to_string().as_bytes()).expect("a contract");
    Arc::clone(&contract.operations[0])
}

fn said(found: &[Violation]) -> BTreeSet<String> {
    let say = |one: &Violation| {
        // Why a text is no JSON is said in other words, and its byte is where the token begins.
        if one.code == "syntax" {
            return one.code.to_owned();
        }
        let byte = one.byte.filter(|_| one.code == "encoding");
        format!("{} {} {} {} {:?} {byte:?}", one.at, one.rule, one.code, one.expected, one.got)
    };
    found.iter().map(say).collect()
}

fn need(operation: &contract::Operation, media: &str) -> Need {
    let mut fields = HeaderMap::new();
    fields.insert("content-type", media.parse().expect("a value"));
    fields.insert("transfer-encoding", "chunked".parse().expect("a value"));
    let head = Head { method: operation.method(), path: "/", query: None, fields: &fields };
    check_head(operation, &head).1
}

/// What a check finds that sees the text cut at these places; nothing where the schema cannot be watched.
fn watched(
    operation: &contract::Operation,
    media: &str,
    text: &[u8],
    cuts: &[usize],
) -> Option<BTreeSet<String>> {
    let Need::Watch(mut check) = need(operation, media) else { return None };
    let mut start = 0;
    for cut in cuts.iter().copied().chain([text.len()]) {
        check.push(&text[start..cut]).expect("room");
        start = cut;
    }
    let report = check.end(None);
    assert!(!report.cut);
    Some(said(&report.found))
}

/// What the check of the whole finds. Its own way round by a watch is the first thing compared.
fn of_value(shape: &Shape, text: &[u8]) -> Option<BTreeSet<String>> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let found = shape.check(&value);
    (found.len() < 50).then(|| said(&found))
}

/// Compares at every cut of a short text, at a few of a longer one. Whether it could be watched.
fn compare(operation: &contract::Operation, body: &Body, media: &str, value: &Value) -> bool {
    let text = value.to_string().into_bytes();
    let Some(expected) = of_value(&body.shape, &text) else { return false };
    let Some(at_once) = watched(operation, media, &text, &[]) else { return false };
    let (id, at) = (&operation.at, body.shape.at());
    assert_eq!(at_once, expected, "{id:?} {at}: {value}");
    let step = (text.len() / 40).max(1);
    for cut in (0..text.len()).step_by(step) {
        let found = watched(operation, media, &text, &[cut]);
        assert_eq!(found.as_ref(), Some(&expected), "{at} cut at {cut}: {value}");
    }
    let every: Vec<usize> = (1..text.len()).collect();
    assert_eq!(
        watched(operation, media, &text, &every).as_ref(),
        Some(&expected),
        "{at} byte by byte: {value}"
    );
    true
}

#[test]
fn the_suite_is_judged_the_same_while_it_comes_in() {
    let Some(corpus) = corpus() else { return };
    let mut paths = Vec::new();
    files(&corpus.join("json-schema-test-suite/tests"), &mut paths);
    let (mut tests, mut judged) = (0, 0);
    for path in paths {
        let groups: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
        for group in groups.as_array().expect("groups") {
            let operation = operation(&group["schema"]);
            let Some(body) = operation.input.first() else { continue };
            for test in group["tests"].as_array().expect("tests") {
                tests += 1;
                judged += usize::from(compare(&operation, body, "application/json", &test["data"]));
            }
        }
    }
    eprintln!("{judged} of {tests} judged while they come in");
    assert!(judged > 1000, "{judged}");
}

/// A seed as a stream of choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A value near what the shape allows: mostly of its kind, now and then of another.
fn near(shape: &Shape, choices: &mut Choices, deep: u32) -> Value {
    let kind = if choices.below(12) == 0 { Kind::Any } else { shape.kind() };
    if choices.below(4) == 0
        && let Some(example) = shape.example()
    {
        return example;
    }
    if let Some(choice) = shape.choices().first().filter(|_| choices.below(3) != 0) {
        return choice.clone();
    }
    match kind {
        Kind::Object if deep > 0 => {
            let mut map = Map::new();
            for member in shape.members() {
                if choices.below(if member.required { 20 } else { 3 }) != 0 {
                    map.insert(member.name.clone(), near(&member.shape, choices, deep - 1));
                }
            }
            if choices.below(6) == 0 {
                map.insert("a name that nobody gave".to_owned(), json!([choices.below(9), {"b": 1.5}]));
            }
            Value::Object(map)
        }
        Kind::Array if deep > 0 => {
            (0..choices.below(4)).map(|_| near(&shape.items(), choices, deep - 1)).collect()
        }
        Kind::Boolean => json!(choices.below(2) == 0),
        Kind::Integer => json!(i64::try_from(choices.below(1 << 31)).unwrap_or(0) - 1000),
        Kind::Number => json!(f64::from(u32::try_from(choices.below(1000)).unwrap_or(0)) / 8.0),
        Kind::String => json!("x\u{1F600}\"\n".repeat(usize::try_from(choices.below(5)).unwrap_or(0))),
        _ => [json!(null), json!({}), json!([]), json!(1.0), json!("2020-01-01"), json!(1e300)]
            [usize::try_from(choices.below(6)).unwrap_or(0)]
        .clone(),
    }
}

#[test]
fn bodies_of_published_contracts_are_judged_the_same_while_they_come_in() {
    let Some(corpus) = corpus() else { return };
    let mut paths = Vec::new();
    files(&corpus.join("openapi"), &mut paths);
    let (mut bodies, mut judged) = (0, 0);
    for path in paths {
        let is_text = path.extension().is_some_and(|end| end == "json" || end == "yaml");
        if !is_text || path.metadata().expect("its size").len() > 1 << 20 {
            continue;
        }
        let Ok(contract) = Contract::read("a", &std::fs::read(&path).expect("a file")) else { continue };
        for (index, operation) in contract.operations.iter().enumerate().take(60) {
            for body in operation.input.iter().filter(|body| body.codec == Codec::Json) {
                bodies += 1;
                let mut choices = Choices(index as u64);
                let mut all = true;
                for _ in 0..6 {
                    let value = near(&body.shape, &mut choices, 6);
                    all &= body.media.contains('*') || compare(operation, body, &body.media, &value);
                }
                judged += usize::from(all);
            }
        }
    }
    eprintln!("{judged} of {bodies} bodies judged while they come in");
    assert!(judged > 100, "{judged} of {bodies}");
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<Option<bool>>().prop_map(|one| one.map_or(Value::Null, Value::Bool)),
        any::<i64>().prop_map(|one| json!(one)),
        (-3..4_i64).prop_map(|one| json!(one)),
        any::<f64>().prop_map(|one| json!(one)),
        ".{0,8}".prop_map(|one| json!(one)),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let name = prop_oneof!["id", "next", "list", "a", ".{0,3}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((name, inner), 0..4)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

#[test]
fn any_value_and_any_text_is_judged_the_same_at_any_cut() {
    let schema = json!({"allOf": [{"$ref": "#/components/schemas/Node"}], "minProperties": 2,
        "properties": {"a": {"type": ["string", "null"], "maxLength": 3, "pattern": "^[a-z]*$"}}});
    let operation = operation(&schema);
    let body = &operation.input[0];
    let mut runner = TestRunner::new(Config::with_cases(400));
    runner
        .run(&json_value(), |value| {
            assert!(compare(&operation, body, "application/json", &value));
            Ok(())
        })
        .expect("the same");
    let whole = |text: &[u8]| {
        // A violation makes the check of a whole body read the value.
        let Need::Watch(check) = need(&operation, "application/json") else { panic!("it can be watched") };
        said(&check.whole(text).found)
    };
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for text in [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "1 2",
        "01",
        "-",
        "1.",
        "1e999",
        "1e399",
        "[0.1000000000000000000001e-3,-0]",
        "{\"$serde_json::private::Number\":\"12\"}",
        "{\"$serde_json::private::Number\":1.5,\"a\":123456789012345678901234}",
        "nul",
        "truee",
        "\"a",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"a\nb\"",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":{\"b\":1,\"b\":2}}",
        "\u{feff}{}",
        "{\"id\":18446744073709551616}",
        "{\"id\":-0}",
        "{\"id\":1.0,\"a\":null}",
        "[[]",
        "]",
        "{\"a\":}",
        "{,}",
        "[,]",
        "\u{e9}",
        "\t{ \"id\" : 2 , \"a\" : \"b\" }\r\n",
    ] {
        texts.push(text.as_bytes().to_vec());
    }
    texts.extend([
        b"{\"a\":\"\xff\"}".to_vec(),
        b"{]\xff".to_vec(),
        b"\"\xe2\x82".to_vec(),
        b"{\"\xc3\":1}".to_vec(),
    ]);
    for deep in [126, 127, 128, 129] {
        texts.push([vec![b'['; deep], vec![b']'; deep]].concat());
    }
    let names: Vec<String> = (0..40).map(|index| format!("\"n{}\":1", index % 39)).collect();
    texts.push(format!("{{{}}}", names.join(",")).into_bytes());
    for text in texts {
        let expected = whole(&text);
        // The member is an object to us, and to its reader a number that is none.
        let readable = match text.as_slice() {
            b"1e999" => false,
            text if text.starts_with(b"{\"$serde_json") => true,
            text => serde_json::from_slice::<Value>(text).is_ok(),
        };
        let broken = |one: &String| one == "syntax" || one.contains(" depth ") || one.contains(" encoding ");
        assert_eq!(!expected.iter().any(broken), readable, "{}", String::from_utf8_lossy(&text));
        for cut in 0..=text.len() {
            let found = watched(&operation, "application/json", &text, &[cut]).expect("watched");
            assert_eq!(found, expected, "{} cut at {cut}", String::from_utf8_lossy(&text));
        }
    }
}
