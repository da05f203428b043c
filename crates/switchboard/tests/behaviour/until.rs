//! `--until`: asks again until something holds, when the provider says, and not for ever.

use crate::harness::Place;
use crate::shop::answer;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

/// Answers `waiting` until it was asked `times`, then `done`.
async fn done_after(times: u32, first: u16) -> Provider {
    let asked = AtomicU32::new(0);
    Provider::answering(move |_| {
        if asked.fetch_add(1, Ordering::Relaxed) + 1 < times {
            return answer(first, &[("retry-after", "0")], &json!({"state": "waiting"}));
        }
        answer(200, &[], &json!({"state": "done"}))
    })
    .start()
    .await
}

#[tokio::test]
async fn it_asks_until_the_condition_holds_and_gives_that_answer() {
    let place = Place::new();
    for first in [200, 202, 404, 409] {
        let provider = done_after(4, first).await;
        let out = place.run(&["call", &provider.url(), "--until", ".state == \"done\""]).ok();
        assert_eq!((out.as_str(), provider.calls()), ("{\"state\":\"done\"}", 4), "{first}");
    }
    let provider = done_after(1, 200).await;
    assert_eq!(place.run(&["call", &provider.url(), "--until", ".state", "--jq", ".state"]).ok(), "done\n");
}

#[tokio::test]
async fn what_never_holds_is_exit_12_with_the_last_answer() {
    let place = Place::new();
    let provider = done_after(1, 200).await;
    let words = ["call", &provider.url(), "--until", ".state == \"gone\"", "--every", "0.01", "--tries", "3"];
    let ended = place.run(&words).ended(12, &["the condition never held: 3 answers", "-m SECONDS"]);
    assert_eq!((ended.out.as_str(), provider.calls()), ("{\"state\":\"done\"}", 3));
    place
        .run(&["call", &provider.url(), "--until", "false", "-m", "0.3", "--every", "9"])
        .ended(12, &["1 answers in"]);
    let silent = Provider::silent().start().await;
    place.run(&["call", &silent.url(), "--until", "true", "-m", "0.2"]).ended(12, &["0 answers"]);
}

#[tokio::test]
async fn what_no_waiting_mends_ends_it_at_once() {
    let place = Place::new();
    let provider = Provider::answering(|_| answer(403, &[], &json!({"state": "closed"}))).start().await;
    place.run(&["call", &provider.url(), "--until", ".state == \"done\""]).ended(4, &["403"]);
    assert_eq!(provider.calls(), 1);
    place.run(&["call", "POST", &provider.url(), "--until", "true"]).ended(2, &["does something each time"]);
    place.run(&["call", &provider.url(), "--until", ".["]).ended(2, &["cannot be understood"]);
    place.run(&["call", &provider.url(), "--every", "2s"]).ended(2, &["--until"]);
    assert_eq!(provider.calls(), 1);
    let refusing = Provider::refusing().start().await;
    place.run(&["call", &refusing.url(), "--until", "true"]).ended(1, &["refused"]);
}

#[tokio::test]
async fn a_download_that_goes_on_is_not_destroyed() {
    let provider = Provider::answering(|_| {
        Response::builder()
            .status(206)
            .header("content-range", "bytes 2-3/4")
            .body(Bytes::from("34"))
            .unwrap()
    })
    .start()
    .await;
    let place = Place::new().with("f", "12");
    place.run(&["call", &provider.url(), "--until", "true", "-C", "-", "-o", "f"]).ok();
    assert_eq!(std::fs::read_to_string(place.path().join("f")).unwrap(), "1234");
}

#[tokio::test]
async fn the_last_answer_is_shown_as_a_single_one_is() {
    let provider = Provider::answering(|_| answer(200, &[], &json!({"said": "hush-hush-1"}))).start().await;
    let place = Place::new();
    let words = ["call", &provider.url(), "-H", "X-Api-Key: hush-hush-1", "--color", "always"];
    let single = place.run(&words).ok();
    let polled = place.run(&[&words[..], &["--until", "true"]].concat()).ok();
    assert!(single.contains("***") && single.contains("\n  "), "{single}");
    assert_eq!(polled, single);
}

#[tokio::test]
async fn what_was_waited_for_stands_in_the_history_also_where_it_never_came() {
    let provider = done_after(1, 200).await;
    let place = Place::new();
    place.run(&["call", &provider.url(), "--until", "true"]).ok();
    let row: serde_json::Value =
        serde_json::from_str(place.run(&["log", "--format", "ndjson"]).ok().lines().next().unwrap()).unwrap();
    let shown = place.run(&["log", row["call"].as_str().unwrap(), "--format", "json"]).json();
    let said = &shown["detail"]["response"];
    assert_eq!(
        (said["size"].as_u64(), said["body"].as_str()),
        (Some(16), Some("{\"state\":\"done\"}")),
        "{shown}"
    );

    let silent = Provider::silent().start().await;
    let place = Place::new();
    let words =
        ["call", &silent.url(), "--until", "true", "-m", "0.2", "--format", "envelope", "-w", "%{exitcode}"];
    let ended = place.run(&words).ended(12, &["0 answers"]);
    assert!(ended.out.contains("\"outcome\"") && ended.out.ends_with("12"), "{ended:?}");
    let listed = place.run(&["log"]).ok();
    assert_eq!(listed.lines().count(), 1, "{listed}");
}
