//! Validators and idempotency keys: what a contract knows of saying things once, and the editor that writes a body.

use crate::harness::Place;
use crate::shop::answer;
use bytes::Bytes;
use demo::Provider;
use http::{Request, Response};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

const CONTRACT: &str = "openapi: 3.1.0
info: {title: Notes, version: '1'}
servers: [{url: SERVER}]
paths:
  /notes/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {operationId: get, responses: {'200': {description: ok}}}
    put:
      operationId: put
      parameters: [{name: If-Match, in: header, required: true, schema: {type: string}}]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}
      responses: {'200': {description: ok}, '412': {description: changed}}
  /notes:
    post:
      operationId: make
      parameters: [{name: Idempotency-Key, in: header, required: true, schema: {type: string, format: uuid}}]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}
      responses: {'201': {description: made}}
components:
  schemas:
    Note:
      type: object
      required: [text]
      properties: {text: {type: string, maxLength: 20}, stars: {type: integer}}
";

/// A note with a version; a change with another version than its own is 412. Each second POST is told to come again.
async fn notes() -> (Provider, Place) {
    let (version, posts) = (AtomicU32::new(1), AtomicU32::new(0));
    let provider = Provider::answering(move |request: &Request<Bytes>| {
        let tag = format!("\"v{}\"", version.load(Ordering::Relaxed));
        let field = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        match request.method().as_str() {
            "GET" if field("if-none-match") == Some(&tag) => {
                Response::builder().status(304).header("etag", tag).body(Bytes::new()).unwrap()
            }
            "GET" => answer(200, &[("etag", &tag)], &json!({"text": "hello"})),
            "PUT" if field("if-match") == Some(&tag) => {
                version.fetch_add(1, Ordering::Relaxed);
                answer(200, &[], &json!({}))
            }
            "PUT" => answer(412, &[], &json!({"error": "changed"})),
            _ if posts.fetch_add(1, Ordering::Relaxed) % 2 == 0 => {
                answer(503, &[("retry-after", "0")], &json!({}))
            }
            _ => answer(201, &[], &json!({})),
        }
    })
    .start()
    .await;
    let place = Place::new().with("notes.yaml", CONTRACT.replace("SERVER", &provider.url()));
    (provider, place)
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let (provider, place) = notes().await;
    let words = ["call", "notes.yaml", "get", "id=1", "--if-changed", "-o", "note.json"];
    let file = || std::fs::read_to_string(place.path().join("note.json")).unwrap();
    place.run(&words).ok();
    assert_eq!(file(), "{\"text\":\"hello\"}");
    place.run(&words).ended(0, &["not changed since the last call"]);
    assert_eq!(file(), "{\"text\":\"hello\"}", "what is there stays");
    place.run(&["call", "notes.yaml", "put", "id=1", "text=x"]).ended(0, &["If-Match \"v1\""]);
    let ended = place.run(&words).ended(0, &[]);
    assert!(!ended.err.contains("not changed"), "{ended:?}");
    let asked = |nth: usize| provider.requests()[nth].field("if-none-match").map(str::to_owned);
    assert_eq!([asked(0), asked(1), asked(3)], [None, Some("\"v1\"".to_owned()), Some("\"v1\"".to_owned())]);
    // Another caller has seen nothing yet, and without its file nobody has.
    place.run(&[&words[..], &["Authorization:Bearer other"]].concat()).ok();
    std::fs::remove_file(place.path().join("note.json")).unwrap();
    place.run(&words).ok();
    assert_eq!((asked(4), asked(5)), (None, None));
    place.run(&["call", "notes.yaml", "put", "id=1", "text=x", "--if-changed"]).ended(2, &["is for GET"]);
    let kept = std::fs::read_dir(place.path().join(".local/state/switchboard/validators")).unwrap();
    for file in kept {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("hello") && !text.contains("127.0.0.1"), "neither body nor address: {text}");
    }
}

#[tokio::test]
async fn a_change_is_only_made_of_what_was_seen() {
    let (provider, place) = notes().await;
    let change = ["call", "notes.yaml", "put", "id=1", "text=x"];
    place.run(&change).ended(10, &["If-Match"]);
    assert_eq!(provider.calls(), 0, "without a GET before, nothing is sent");
    place.run(&["call", "notes.yaml", "get", "id=1"]).ok();
    place.run(&change).ended(0, &["If-Match \"v1\""]);
    place.run(&change).ended(4, &["412"]);
    place.run(&["call", "notes.yaml", "put", "id=1", "text=x", "If-Match:\"v2\""]).ok();
}

#[tokio::test]
async fn an_idempotency_key_is_made_once_and_sent_with_every_repetition() {
    let (provider, place) = notes().await;
    place.run(&["call", "notes.yaml", "make", "text=a"]).ok();
    place.run(&["call", "notes.yaml", "make", "text=b"]).ok();
    let keys: Vec<String> = provider
        .requests()
        .iter()
        .map(|request| request.field("idempotency-key").unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 4, "each was told once to come again");
    assert!(keys[0] == keys[1] && keys[2] == keys[3] && keys[1] != keys[2], "{keys:?}");
    assert_eq!((keys[0].len(), keys[0].as_bytes()[14]), (36, b'4'), "a UUID: {keys:?}");
    place
        .run(&[
            "call",
            "notes.yaml",
            "make",
            "text=c",
            "Idempotency-Key:4b6e8f0e-0f0e-4f0e-8f0e-0f0e0f0e0f0e",
        ])
        .ok();
    assert_eq!(provider.requests()[5].field("idempotency-key"), Some("4b6e8f0e-0f0e-4f0e-8f0e-0f0e0f0e0f0e"));
    let place = place.with("rows.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n");
    place.run(&["call", "notes.yaml", "make", "--each", "rows.jsonl", "--jobs", "1"]).ok();
    let keys: Vec<String> =
        provider.requests()[6..].iter().map(|one| one.field("idempotency-key").unwrap().to_owned()).collect();
    assert!(keys.len() == 4 && keys[0] == keys[1] && keys[2] == keys[3] && keys[1] != keys[2], "{keys:?}");
}

#[tokio::test]
async fn a_body_is_written_in_the_editor_and_checked_before_it_is_sent() {
    let (provider, place) = notes().await;
    let edit = |script: &str, more: &[&str]| {
        std::fs::write(place.path().join("edit.sh"), script).unwrap();
        let call = format!("'{}' call notes.yaml make --edit", env!("CARGO_BIN_EXE_switchboard"));
        place.end("sh", &["-c", &format!("EDITOR='sh edit.sh' {call} {}", more.join(" "))], "")
    };
    let last = || serde_json::from_slice::<Value>(&provider.requests().last().unwrap().body).unwrap();
    let of_skeleton = "grep -q '// *\"stars\"' $1 && sed -i 's/\"text\": *\"[^\"]*/\"text\": \"mine/' $1";
    edit(of_skeleton, &[]).ended(0, &[]);
    assert_eq!(last(), json!({"text": "mine"}), "comments of the skeleton are left out");
    edit("exit 0", &["--sample"]).ended(0, &[]);
    assert!(last()["stars"].is_i64(), "a sample has what may be there: {}", last());
    let before = provider.calls();
    let long = "echo '{\"text\": \"much longer than twenty letters\"}' > $1";
    let kept = edit(long, &[]).ended(10, &["what you wrote is kept", "--edit @"]);
    edit("exit 1", &[]).ended(2, &["ended with 1, nothing was sent"]);
    edit(": > $1", &[]).ended(2, &["the body is empty, nothing was sent"]);
    place.run(&["call", "notes.yaml", "make", "--edit"]).ended(2, &["needs an editor"]);
    assert_eq!(provider.calls(), before);
    let file = kept.err.split("--edit @").nth(1).unwrap().split('`').next().unwrap().to_owned();
    edit("sed -i 's/much longer.*letters/short/' $1", &[&format!("@{file}")]).ended(0, &[]);
    assert_eq!(last(), json!({"text": "short"}), "nobody writes twice");
}
