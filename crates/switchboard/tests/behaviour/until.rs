//! `--until`: asks again until something holds, when the provider says, and not for ever.

use crate::harness::Place;
use crate::shop::answer;
use demo::Provider;
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
