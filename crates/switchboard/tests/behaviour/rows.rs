//! Rows of a batch and of a pack beside a single call: unpacked, without secrets, with cookies, and no flag passed over.

use crate::harness::Place;
use crate::packs;
use crate::running::{stderr, stdout, switchboard};
use crate::shop::answer;
use bytes::Bytes;
use demo::Provider;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Response;
use serde_json::{Value, json};
use std::io::Write as _;

/// Answers packed, and sets a cookie whose value its body says.
async fn packing() -> Provider {
    Provider::answering(|_| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(b"{\"said\":\"a-session-that-is-long\",\"n\":7}").unwrap();
        Response::builder()
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .header("set-cookie", "sid=a-session-that-is-long; Path=/")
            .body(Bytes::from(packed.finish().unwrap()))
            .unwrap()
    })
    .start()
    .await
}

#[tokio::test]
async fn the_answer_of_a_row_is_unpacked_and_its_session_hidden() {
    let provider = packing().await;
    let url = provider.url();
    let place = Place::new().with("rows.csv", "x\n1\n");
    for more in [&["--compressed"][..], &[]] {
        let words = [&["call", &url, "--each", "rows.csv", "--restart"], more].concat();
        let line = place.run(&words).json();
        assert_eq!(line["body"], json!({"said": "***", "n": 7}), "{more:?}: {line}");
    }
}

#[tokio::test]
async fn what_the_connection_knows_is_hidden_in_rows_too() {
    // It speaks for any host: a proxy.
    let proxy =
        Provider::answering(|_| answer(200, &[], &json!({"said": "a-word-for-proxies"}))).start().await;
    let place = Place::new().with("rows.csv", "x\n1\n");
    let through = proxy.url().replacen("http://", "http://me:a-word-for-proxies@", 1);
    let line = place.run(&["call", "http://shop.example/x", "-x", &through, "--each", "rows.csv"]).json();
    assert_eq!(line["body"]["said"], "***", "{line}");
}

#[tokio::test]
async fn a_pack_has_its_cookies_and_no_secret_comes_through_a_program() {
    let provider = Provider::answering(|request| {
        let said = request.headers().get("x-api-key").map(|key| key.to_str().unwrap().to_owned());
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let results: Vec<Value> =
            body["orders"].as_array().unwrap().iter().map(|_| json!({"status": 201, "echo": said})).collect();
        answer(200, &[], &json!({ "results": results }))
    })
    .start()
    .await;
    let home = packs::folder(&provider, "shop,number\na,1\na,2\n");
    for (more, secret) in
        [(&["--jq", ".echo"][..], "\"***\""), (&["--jq", ".echo | ascii_upcase"], "HUSH"), (&[], "***")]
    {
        let ended = switchboard(home.path())
            .args(["call", "orders.make", "--each", "rows.csv", "--restart"])
            .args(["-H", "X-Api-Key: hush-hush-1", "-b", "taste=vanilla"])
            .args(more)
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
        let out = stdout(&ended);
        assert!(
            out.lines().count() == 2 && out.contains(secret) && !out.contains("hush-hush"),
            "{more:?}: {out}"
        );
    }
    let requests = provider.requests();
    assert!(requests.iter().all(|one| one.field("cookie") == Some("taste=vanilla")), "{requests:?}");
    assert_eq!(requests.len(), 3, "both rows in one");
    let listed = switchboard(home.path()).args(["log", "--format", "ndjson"]).output().unwrap();
    let rows = stdout(&listed);
    let all = rows.lines().filter(|row| row.contains("\"operation\":\"makeMany\"")).count();
    assert_eq!((all, rows.lines().count()), (3, 3), "a pack is one call of the history: {rows}");
}

#[test]
fn a_flag_that_means_nothing_for_rows_is_refused_in_words() {
    let place = Place::new().with("rows.csv", "x\n1\n");
    for (more, said) in [
        (&["--format", "json"][..], "--format"),
        (&["--show-secrets"], "--show-secrets"),
        (&["--if-changed"], "--if-changed"),
        (&["--until", "true"], "--until"),
        (&["--all"], "--all"),
        (&["--limit", "1"], "--limit"),
        (&["--pages", "1"], "--pages"),
    ] {
        let words = [&["call", "http://127.0.0.1:9/x", "--each", "rows.csv"], more].concat();
        place.run(&words).ended(2, &[said]);
    }
    for more in [&["--all"][..], &["--limit", "1"], &["--pages", "1"]] {
        let words = [&["call", "http://127.0.0.1:9/x", "--until", "true"], more].concat();
        place.run(&words).ended(2, &["--until", more[0]]);
    }
    place.run(&["call", "http://127.0.0.1:9/x", "--until", "true", "--every", "0"]).ended(2, &["--every"]);
}

#[tokio::test]
async fn the_url_of_a_flag_is_the_first_word_everywhere() {
    let provider = Provider::answering(|_| answer(200, &[], &json!({}))).start().await;
    let place = Place::new().with("rows.csv", "x\n1\n");
    let url = provider.url();
    place.run(&["call", "--url", &url, "--each", "rows.csv"]).ended(0, &["1 ok"]);
    place.run(&["call", "--url", &url, "--example"]).ended(2, &["a URL has no contract"]);
    let words = ["call", "--url", &url, "--edit", "a:b"];
    let ended = place.end_with(env!("CARGO_BIN_EXE_switchboard"), &words, "", &[("EDITOR", "true")]);
    ended.ended(0, &[]);
    assert_eq!(provider.calls(), 2);
}
