//! `call --each` as a person runs it: rows from a file, a provider with a log of its own, kills in between.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "harness.rs"]
mod harness;
#[path = "batch/provider.rs"]
mod provider;

use harness::{stderr, stdout, switchboard};
use provider::Provider;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A contract with one operation; `key`: it knows an idempotency key.
fn contract(provider: &Provider, key: bool) -> String {
    let parameters = if key {
        "[{name: Idempotency-Key, in: header, required: true, schema: {type: string}}]"
    } else {
        "[]"
    };
    format!(
        "openapi: 3.1.0\ninfo: {{title: Orders, version: '1'}}\nservers: [{{url: '{}'}}]\npaths:\n  /orders:\n    post:\n      operationId: makeOrder\n      \
         parameters: {parameters}\n      requestBody:\n        required: true\n        content:\n          application/json:\n            schema:\n              \
         type: object\n              required: [number]\n              properties: {{number: {{type: integer}}, note: {{type: string, maxLength: 9}}}}\n      \
         responses: {{'201': {{description: made, content: {{application/json: {{schema: {{type: object}}}}}}}}}}\n",
        provider.url
    )
}

/// A folder with the contract and so many rows.
fn folder(provider: &Provider, key: bool, rows: u64) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("orders.yaml"), contract(provider, key)).unwrap();
    let mut text = "number,note\n".to_owned();
    (1..=rows).for_each(|row| writeln!(text, "{row},").unwrap());
    std::fs::write(home.path().join("rows.csv"), text).unwrap();
    home
}

fn call(home: &Path, more: &[&str]) -> Output {
    let words = ["call", "orders.yaml", "makeOrder", "--each", "rows.csv"];
    switchboard(home).args(words).args(more).output().unwrap()
}

/// The rows of results, in the order they were printed.
fn rows(text: &str) -> Vec<u64> {
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["row"].as_u64().unwrap()).collect()
}

fn numbers(provider: &Provider) -> Vec<i64> {
    provider.log().iter().map(|one| one.body["number"].as_i64().unwrap()).collect()
}

#[test]
fn each_row_is_one_call_typed_by_the_contract_and_results_keep_the_order() {
    let provider = Provider::start(Duration::from_millis(1));
    let home = folder(&provider, false, 200);
    let output = call(home.path(), &["note=same", "--jobs", "16"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(rows(&stdout(&output)), (1..=200).collect::<Vec<_>>());
    assert!(stderr(&output).contains("200 rows: 200 ok, 0 failed"), "{}", stderr(&output));
    let mut seen = numbers(&provider);
    seen.sort_unstable();
    assert_eq!(seen, (1..=200).collect::<Vec<_>>());
    assert!(provider.log().iter().all(|one| one.body["note"] == "same" && one.key.is_none()));
}

#[test]
fn rows_that_fail_are_summed_by_cause_and_sent_again_alone() {
    let provider = Provider::start(Duration::ZERO);
    let home = folder(&provider, false, 20);
    let path = home.path().join("rows.csv");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("many,\n22,a note that is too long\n");
    std::fs::write(&path, text).unwrap();
    provider.breaks(&[3, 7]);
    let output = call(home.path(), &[]);
    assert_eq!(output.status.code(), Some(13), "{}", stderr(&output));
    let said = stderr(&output);
    for line in ["22 rows: 18 ok, 4 failed", "2 × 503", "1 × the row does not fit", "1 × the request breaks"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(provider.log().len(), 20, "a row that breaks the contract is not sent");
    provider.breaks(&[]);
    let output = call(home.path(), &["--retry-failed"]);
    assert_eq!(rows(&stdout(&output)), [3, 7, 21, 22], "{}", stderr(&output));
    let again: Vec<_> = numbers(&provider).split_off(20);
    assert_eq!(HashSet::from_iter(again), HashSet::from([3, 7]));
}

#[test]
fn a_run_that_was_killed_goes_on_and_sends_each_row_once() {
    for key in [true, false] {
        let provider = Provider::start(Duration::from_millis(2));
        let home = folder(&provider, key, 600);
        let mut printed = Vec::new();
        for kill in 0..4_usize {
            let mut command = switchboard(home.path());
            command.args([
                "call",
                "orders.yaml",
                "makeOrder",
                "--each",
                "rows.csv",
                "--jobs",
                "8",
                "-o",
                "out.jsonl",
            ]);
            command.args((kill > 0).then_some("--resume")).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let enough = 100 * (kill + 1);
            let patience = Instant::now();
            while provider.log().len() < enough && patience.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(1));
            }
            child.kill().unwrap();
            child.wait().unwrap();
            printed.push(provider.log().len());
        }
        let refused = call(home.path(), &["-o", "out.jsonl", "--jobs", "8"]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("--resume"), "{}", stderr(&refused));
        let last = call(home.path(), &["-o", "out.jsonl", "--jobs", "8", "--resume"]);
        let mut by_row: HashMap<i64, Vec<Option<String>>> = HashMap::new();
        for one in provider.log() {
            by_row.entry(one.body["number"].as_i64().unwrap()).or_default().push(one.key);
        }
        let results = std::fs::read_to_string(home.path().join("out.jsonl")).unwrap();
        let written: HashSet<u64> = rows(&results).into_iter().collect();
        assert_eq!(written, (1..=600).collect(), "every row has its result; {printed:?}");
        if key {
            assert_eq!(by_row.len(), 600, "every row arrived");
            assert_eq!(last.status.code(), Some(0), "{}", stderr(&last));
            // What was under way may arrive again, with the key it had: for the provider it is the same call.
            for (row, keys) in &by_row {
                assert!(keys[0].is_some() && keys.iter().all(|key| *key == keys[0]), "{row}: {keys:?}");
            }
            let distinct: HashSet<_> = by_row.values().map(|keys| keys[0].clone()).collect();
            assert_eq!(distinct.len(), 600);
        } else {
            assert!(by_row.values().all(|arrived| arrived.len() == 1), "nothing was sent twice");
            let unclear: HashSet<i64> = results
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .filter(|line| line["outcome"] == "unclear")
                .filter_map(|line| line["row"].as_i64())
                .collect();
            assert!(unclear.len() <= 4 * 8, "only what was under way: {unclear:?}");
            let lost = (1..=600).find(|row| !by_row.contains_key(row) && !unclear.contains(row));
            assert_eq!(lost, None, "what did not arrive is said to be unclear");
            assert_eq!(
                last.status.code(),
                Some(if unclear.is_empty() { 0 } else { 13 }),
                "{}",
                stderr(&last)
            );
        }
    }
}

#[test]
fn a_journal_of_other_rows_is_not_gone_on_with() {
    let provider = Provider::start(Duration::ZERO);
    let home = folder(&provider, false, 3);
    assert_eq!(call(home.path(), &["--resume"]).status.code(), Some(2), "there is none yet");
    assert_eq!(call(home.path(), &[]).status.code(), Some(0));
    std::fs::write(home.path().join("rows.csv"), "number\n1\n").unwrap();
    let output = call(home.path(), &["--resume"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("changed"), "{}", stderr(&output));
    std::fs::write(home.path().join("mine.txt"), "not a journal\n").unwrap();
    let output = call(home.path(), &["--journal", "mine.txt"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(home.path().join("mine.txt")).unwrap(), "not a journal\n");
}

#[test]
fn a_post_without_a_contract_that_may_have_arrived_is_not_sent_again() {
    let provider = Provider::start(Duration::from_secs(2));
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("rows.csv"), "number\n1\n").unwrap();
    let words = ["call", &provider.url, "--each", "rows.csv"];
    let mut child =
        switchboard(home.path()).args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now();
    while provider.log().is_empty() && patience.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = switchboard(home.path()).args(words).arg("--resume").output().unwrap();
    assert!(stdout(&resumed).contains("\"outcome\":\"unclear\""), "{}{}", stdout(&resumed), stderr(&resumed));
    assert_eq!(
        (resumed.status.code(), provider.log().len()),
        (Some(13), 1),
        "it did something the first time"
    );
}

#[test]
fn each_row_is_a_call_of_the_history_and_the_rate_of_rows_counts_for_it() {
    let provider = Provider::start(Duration::ZERO);
    let home = folder(&provider, false, 3);
    let log = |more: &[&str]| {
        let words = [&["log", "--format", "ndjson", "-n", "1000"], more].concat();
        let listed = switchboard(home.path()).args(words).output().unwrap();
        let rows = stdout(&listed).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (rows, stderr(&listed))
    };
    provider.breaks(&[2]);
    assert_eq!(call(home.path(), &["-H", "X-Api-Key: hush-hush-1", "--jobs", "1"]).status.code(), Some(13));
    let (rows, said): (Vec<Value>, String) = log(&[]);
    let told: Vec<(&str, &str, u64)> = rows
        .iter()
        .map(|row| {
            (
                row["via"].as_str().unwrap(),
                row["operation"].as_str().unwrap(),
                row["status"].as_u64().unwrap(),
            )
        })
        .collect();
    let one = |status| ("call", "makeOrder", status);
    assert_eq!(told, [one(201), one(503), one(201)], "{said}");
    let shown = switchboard(home.path())
        .args(["log", rows[0]["call"].as_str().unwrap(), "--format", "json"])
        .output()
        .unwrap();
    let whole: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!(whole["detail"]["request"]["body"], "{\"number\":1}", "{whole}");
    assert_eq!(whole["detail"]["response"]["body"], "{\"number\":1}", "{whole}");
    assert!(!stdout(&shown).contains("hush-hush") && stdout(&shown).contains("x-api-key"), "{whole}");
    // A call that is left out is left out.
    let before = rows.len();
    call(home.path(), &["--no-history", "--restart"]);
    assert_eq!(log(&[]).0.len(), before);

    // Far above the rate: fewer rows, which stand for all calls.
    let provider = Provider::start(Duration::ZERO);
    let home = folder(&provider, false, 1_000);
    let began = Instant::now();
    assert_eq!(call(home.path(), &["--jobs", "64", "-o", "out"]).status.code(), Some(0));
    let seconds = began.elapsed().as_secs() + 1;
    let listed = switchboard(home.path()).args(["log", "--format", "ndjson", "-n", "1000"]).output().unwrap();
    let rows: Vec<Value> = stdout(&listed).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let weight: u64 = rows.iter().map(|row| row["weight"].as_u64().unwrap()).sum();
    assert_eq!(weight, 1_000, "each call is counted");
    assert!(rows.len() as u64 <= 50 + 50 * seconds + 2, "{} rows in {seconds} s", rows.len());
}
