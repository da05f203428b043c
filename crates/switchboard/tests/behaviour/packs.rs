//! Rows that go by the API's own batch operation: fewer calls, one result for each row, each row once.

use crate::running::{stderr, stdout, switchboard};
use crate::shop::answer;
use bytes::Bytes;
use demo::Provider;
use http::{Request, Response};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const CONTRACT: &str = "openapi: 3.1.0
info: {title: Orders, version: '1'}
paths:
  /shops/{shop}/orders:
    parameters: [{name: shop, in: path, required: true, schema: {type: string}}]
    post:
      operationId: make
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
      responses: {'201': {description: made}}
  /shops/{shop}/orders/many:
    parameters:
      - {name: shop, in: path, required: true, schema: {type: string}}
      - {name: Idempotency-Key, in: header, schema: {type: string, format: uuid}}
    post:
      operationId: makeMany
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, properties: {orders: {type: array, maxItems: 4, items: {$ref: '#/components/schemas/Order'}}}}}}
      responses: {'200': {description: made}}
components:
  schemas:
    Order: {type: object, required: [number], properties: {number: {type: integer, maximum: 100}}}
";

type Log = Arc<Mutex<Vec<(String, String, Vec<i64>)>>>;

/// Keeps a log of key, path and numbers; waits with the pack that has number 5 until it is let go; 1 and 7 are declined.
async fn provider(held: Option<Arc<AtomicBool>>) -> (Provider, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let one = move |request: &Request<Bytes>| -> Response<Bytes> {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let orders = body["orders"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
        let numbers: Vec<i64> = orders.iter().map(|order| order["number"].as_i64().unwrap()).collect();
        let key = request.headers().get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
        log.lock().unwrap().push((key.unwrap_or_default(), request.uri().path().to_owned(), numbers.clone()));
        if let Some(held) = held.as_ref().filter(|_| numbers.contains(&5)) {
            while held.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
        let result = |number: &i64| match number {
            1 | 7 => json!({"status": 409, "error": "there already"}),
            number => json!({"status": 201, "number": number}),
        };
        answer(200, &[], &json!({"results": numbers.iter().map(result).collect::<Vec<_>>()}))
    };
    (Provider::answering(one).start().await, kept)
}

/// A folder with a board whose `orders` go together by four, and these rows.
pub(crate) fn folder(provider: &Provider, rows: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let board = format!(
        "[apis.orders]\ncontract = \"orders.yaml\"\n[apis.orders.upstream]\nurls = \"{}\"\n\
         [apis.orders.batch.make]\nby = \"makeMany\"\nmost = 4\n",
        provider.url()
    );
    for (name, text) in [("switchboard.toml", board.as_str()), ("orders.yaml", CONTRACT), ("rows.csv", rows)]
    {
        std::fs::write(home.path().join(name), text).unwrap();
    }
    home
}

fn rows(count: u32) -> String {
    (1..=count).fold("shop,number\n".to_owned(), |mut text, row| {
        writeln!(text, "a,{row}").unwrap();
        text
    })
}

fn call(home: &Path, more: &[&str]) -> Output {
    switchboard(home).args(["call", "orders.make", "--each", "rows.csv"]).args(more).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn rows_go_together_and_each_has_its_own_result() {
    let (provider, log) = provider(None).await;
    // Row 3 does not fit, row 6 is of another shop, orders 1 and 7 are declined in an answer that is 200.
    let text = rows(10).replace("a,3\n", "a,300\n").replace("a,6\n", "b,6\n");
    let home = folder(&provider, &text);
    let ended = call(home.path(), &["--jobs", "1"]);
    assert_eq!(ended.status.code(), Some(13), "{}", stderr(&ended));
    let sent: Vec<(String, Vec<i64>)> =
        log.lock().unwrap().iter().map(|(_, path, all)| (path.clone(), all.clone())).collect();
    let to = |shop: &str| format!("/shops/{shop}/orders/many");
    assert_eq!(
        sent,
        [(to("a"), vec![1, 2, 4]), (to("a"), vec![5, 7, 8]), (to("b"), vec![6]), (to("a"), vec![9, 10])]
    );
    let told: Vec<(u64, String)> = lines(&ended)
        .iter()
        .map(|line| (line["row"].as_u64().unwrap(), line["outcome"].as_str().unwrap().to_owned()))
        .collect();
    let word = |row| match row {
        3 => "request-breaks-contract",
        1 | 7 => "declined",
        _ => "ok",
    };
    assert_eq!(
        told,
        (1..=10).map(|row| (row, word(row).to_owned())).collect::<Vec<_>>(),
        "in the order of the rows"
    );
    assert_eq!(lines(&ended)[9]["body"]["number"], 10);
    assert!(stderr(&ended).contains("2 × 409, in the answer of the batch"), "{}", stderr(&ended));
    // The failed ones again, and nothing else, and not of two packs in one.
    log.lock().unwrap().clear();
    call(home.path(), &["--jobs", "1", "--retry-failed"]);
    assert_eq!(
        log.lock().unwrap().iter().map(|(.., all)| all.clone()).collect::<Vec<_>>(),
        [vec![1], vec![7]]
    );
    log.lock().unwrap().clear();
    let single = call(home.path(), &["--one-by-one", "--restart"]);
    assert_eq!((log.lock().unwrap().len(), lines(&single).len()), (9, 10), "one call for each row that fits");
}

#[tokio::test]
async fn a_pack_that_was_under_way_when_the_run_was_killed_is_sent_again_as_it_was() {
    let held = Arc::new(AtomicBool::new(true));
    let (provider, log) = provider(Some(Arc::clone(&held))).await;
    let home = folder(&provider, &rows(12).replace("a,8\n", "a,800\n"));
    let words = ["call", "orders.make", "--each", "rows.csv", "--jobs", "1", "-o", "out.jsonl"];
    let mut child = switchboard(home.path()).args(words).stderr(Stdio::null()).spawn().unwrap();
    while log.lock().unwrap().len() < 2 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    held.store(false, Ordering::Relaxed);
    let resumed = call(home.path(), &["--jobs", "1", "-o", "out.jsonl", "--resume"]);
    assert_eq!(resumed.status.code(), Some(13), "{}", stderr(&resumed));
    let mut by_key: HashMap<String, Vec<Vec<i64>>> = HashMap::new();
    for (key, _, numbers) in log.lock().unwrap().iter() {
        by_key.entry(key.clone()).or_default().push(numbers.clone());
    }
    let mut once: Vec<i64> = Vec::new();
    for (key, packs) in &by_key {
        assert!(packs.iter().all(|pack| *pack == packs[0]), "the same key is the same rows: {key} {packs:?}");
        once.extend(&packs[0]);
    }
    once.sort_unstable();
    assert_eq!(once, [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12], "each row under one key");
    assert_eq!(
        by_key.values().filter(|packs| packs.len() == 2).count(),
        1,
        "only what was under way came twice"
    );
    let out = std::fs::read_to_string(home.path().join("out.jsonl")).unwrap();
    let told: Vec<u64> = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["row"].as_u64().unwrap())
        .collect();
    assert_eq!(told, (1..=12).collect::<Vec<u64>>(), "one result for each row, in order");
}

#[test]
fn a_batch_that_the_contract_does_not_bear_out_is_told() {
    for (word, said) in [
        ("by = \"makeMayn\"", "did you mean `makeMany`?"),
        ("by = \"make\"", "has no list to put rows into"),
        ("by = \"makeMany\"\nitems = \"others\"", "has no list `others`"),
        ("most = 5", "by"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let board = format!(
            "[apis.orders]\ncontract = \"orders.yaml\"\nupstream = {{ urls = \"http://127.0.0.1:9\" }}\n[apis.orders.batch.make]\n{word}\n"
        );
        std::fs::write(home.path().join("switchboard.toml"), board).unwrap();
        std::fs::write(home.path().join("orders.yaml"), CONTRACT).unwrap();
        let checked = switchboard(home.path()).args(["check"]).output().unwrap();
        let all = format!("{}{}", stdout(&checked), stderr(&checked));
        assert!(checked.status.code() != Some(0) && all.contains(said), "{word}: {all}");
    }
}
