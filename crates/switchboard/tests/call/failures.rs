//! Exit codes: network, time, status classes, expectations, repetition.

use crate::harness::Place;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use std::time::Duration;

#[tokio::test]
async fn each_failure_has_its_code_and_says_what_to_do() {
    let place = Place::new();
    let refusing = Provider::refusing().start().await;
    place.run(&["call", &refusing.url()]).ended(1, &["refused", "help: is it running"]);
    place.run(&["call", "http://nowhere.invalid/"]).ended(1, &["nowhere.invalid", "--resolve"]);
    let silent = Provider::silent().start().await;
    place.run(&["call", &silent.url(), "-m", "0.3"]).ended(7, &["no complete answer within 300ms"]);
    let garbage = Provider::garbage().start().await;
    place.run(&["call", &garbage.url(), "-X", "POST"]).ended(1, &["help: does it speak HTTP"]);
    let cut = Provider::closing_mid_body().start().await;
    place.run(&["call", &cut.url(), "-X", "POST"]).ended(1, &[]);
    let endless = Provider::endless().start().await;
    place.run(&["call", &endless.url(), "-m", "0.3", "-o", "/dev/null"]).ended(7, &[]);
    let ended = place.run(&["call", &refusing.url(), "-s"]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""));
    place.run(&["call", &refusing.url(), "-sS"]).ended(1, &["refused"]);
}

#[tokio::test]
async fn a_status_is_its_class_unless_it_was_expected() {
    let place = Place::new();
    for (status, flags, code) in [
        (200, vec![], 0),
        (204, vec![], 0),
        (302, vec![], 3),
        (304, vec![], 3),
        (304, vec!["If-None-Match:\"x\""], 0),
        (404, vec![], 4),
        (404, vec!["-f"], 4),
        (404, vec!["--expect", "404"], 0),
        (404, vec!["--expect", "2xx"], 12),
        (200, vec!["--expect", "201"], 12),
        (500, vec![], 5),
    ] {
        let provider = Provider::status(status).start().await;
        let url = provider.url();
        // A method that is not repeated: one call each.
        let words: Vec<&str> = ["call", "POST", &url].into_iter().chain(flags.iter().copied()).collect();
        let ended = place.run(&words).ended(code, &[]);
        assert_eq!(
            ended.out.is_empty(),
            flags == ["-f"] || status == 204 || status == 304,
            "{words:?} {ended:?}"
        );
        assert_eq!(provider.calls(), 1);
    }
}

#[tokio::test]
async fn what_is_safe_to_repeat_is_repeated_twice() {
    let place = Place::new();
    let later = || Response::builder().status(503).header("retry-after", "0").body(Bytes::new()).unwrap();
    let fine = || Response::new(Bytes::from_static(b"fine"));
    let provider = Provider::script(vec![later(), later(), fine()]).start().await;
    assert_eq!(place.run(&["call", &provider.url()]).ok(), "fine");
    assert_eq!(provider.calls(), 3);
    let provider = Provider::script(vec![later(), fine()]).start().await;
    place.run(&["call", &provider.url(), "a=1"]).ended(5, &["503"]);
    assert_eq!(provider.calls(), 1);
    let provider = Provider::script(vec![later(), fine()]).start().await;
    place.run(&["curl", &provider.url()]).ok();
    assert_eq!(provider.calls(), 1, "curl does not repeat");
}

#[tokio::test]
async fn a_stream_is_given_as_it_comes_and_may_be_left() {
    let provider = Provider::server_sent_events(1000, Duration::from_millis(20)).start().await;
    let place = Place::new();
    let line = format!("'{}' call {} | head -c 5", env!("CARGO_BIN_EXE_switchboard"), provider.url());
    let started = std::time::Instant::now();
    let ended = place.end("sh", &["-c", &line], "");
    assert_eq!(ended.out.len(), 5, "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(15), "it read on to the end");
}
