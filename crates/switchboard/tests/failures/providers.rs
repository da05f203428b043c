//! A provider that does wrong is the provider's failure: 502 or 504 to the caller, and the record says whose it was.

use crate::harness::{Answer, curl, program};
use crate::served::{call, serve};
use crate::wire;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use std::io::Write as _;

fn id(answer: &Answer) -> &str {
    answer.field("x-request-id").unwrap()
}

#[tokio::test]
async fn refusing_hanging_and_talking_garbage_are_502_504_and_502() {
    if program("curl").is_none() {
        return;
    }
    let raw = |bytes: &'static str| Provider::raw(bytes);
    for (provider, status, slug, by) in [
        // A port without a listener may be the network's doing as well: nobody answered.
        (Provider::refusing(), 502, "provider-unreachable", "network"),
        (Provider::silent(), 504, "provider-silent", "provider"),
        (Provider::garbage(), 502, "provider-broken", "provider"),
        (raw(""), 502, "provider-broken", "provider"),
        (raw("HTTP/1.1 200 OK\r\nContent-"), 502, "provider-broken", "provider"),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), 502, "provider-broken", "provider"),
        (raw("HTTP/1.1 101 Switching Protocols\r\n\r\n"), 502, "provider-broken", "provider"),
        (raw("HTTP/1.1 99 Odd\r\n\r\n"), 502, "provider-broken", "provider"),
    ] {
        let provider = provider.start().await;
        let (running, url) = serve(&provider.url(), "timeout = \"300ms\"\nretries = 0");
        let answer = curl(&[&url]);
        assert_eq!((answer.status, answer.slug().as_str()), (status, slug), "{}", answer.body);
        assert!(
            !answer.body.contains(&provider.address().port().to_string()),
            "nothing internal: {}",
            answer.body
        );
        let row = call(&running, id(&answer));
        assert_eq!((&row["outcome"], &row["by"]), (&"failed".into(), &by.into()), "{row}");
        assert_eq!(row["reason"], slug);
        // The board goes on: the next call has its own answer.
        assert_eq!(curl(&[&format!("{url}/again")]).status, status);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_reaches_the_caller_broken_and_the_record_says_by_whom() {
    let provider = Provider::closing_mid_body().start().await;
    let (running, url) = serve(&provider.url(), "retries = 2");
    let mut stream = wire::connect(&url);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: acme.example\r\n\r\n").unwrap();
    let text = String::from_utf8(wire::rest(&mut stream)).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.to_lowercase().contains("content-length: 100"),
        "{head}"
    );
    assert!(body.len() < 100, "the caller can see that it is not whole: {body}");
    let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    let row = call(&running, id);
    assert_eq!((&row["outcome"], &row["by"]), (&"aborted".into(), &"provider".into()), "{row}");
    assert_eq!(provider.calls(), 1, "what has begun to be answered is not sent again");
}

#[tokio::test]
async fn a_reset_on_reuse_is_sent_again_once_where_that_is_safe_and_never_where_it_is_not() {
    if program("curl").is_none() {
        return;
    }
    for (method, status, calls) in [("GET", 200, 3), ("DELETE", 200, 3), ("POST", 502, 2)] {
        let provider = Provider::resetting_on_reuse().start().await;
        // One thread, so that the second call meets the first one's connection.
        let board = crate::served::board(&provider.url(), "retries = 0", "");
        let home = tempfile::tempdir().unwrap();
        let (_running, url) = crate::harness::Running::serve_with(home, &board, &["--threads", "1"]);
        assert_eq!(curl(&["-X", method, &url]).status, 200);
        let second = curl(&["-X", method, &url]);
        assert_eq!(second.status, status, "{method}: {}", second.body);
        // The one that was reset was read by the provider, and counted by it.
        assert_eq!((provider.calls(), provider.connections()), (calls, calls - 1), "{method}");
    }
}

#[tokio::test]
async fn a_connection_that_the_provider_closed_while_idle_costs_no_call() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::closing_after_answer().start().await;
    let (_running, url) = serve(&provider.url(), "retries = 0");
    for nth in 1..=20 {
        // Nothing of a request can have been written on a closed connection: a POST is safe as well.
        let answer = curl(&["-d", "x", &url]);
        assert_eq!(answer.status, 200, "{nth}: {}", answer.body);
        assert_eq!(provider.calls(), nth);
    }
}

#[tokio::test]
async fn a_panic_at_the_provider_is_one_lost_call_and_no_more() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::answering(|request| {
        assert!(!request.uri().path().contains("boom"), "planted");
        Response::new(Bytes::from_static(b"ok"))
    });
    let provider = provider.start().await;
    let (_running, url) = serve(&provider.url(), "retries = 0");
    assert_eq!(curl(&[&format!("{url}/boom")]).status, 502);
    assert_eq!(curl(&[&format!("{url}/fine")]).status, 200);
}
