//! The history: calls of `call` are in the ledger, without their secrets; one is shown, made again, compared with another.

use crate::harness::Place;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use std::sync::atomic::{AtomicU32, Ordering};

/// A provider whose answers differ: it counts, and says what it was sent.
async fn counting() -> Provider {
    let nth = AtomicU32::new(0);
    Provider::answering(move |request| {
        let nth = nth.fetch_add(1, Ordering::Relaxed);
        let said = String::from_utf8_lossy(request.body()).into_owned();
        let body = serde_json::json!({ "nth": nth, "said": said, "items": [{"id": 1}] });
        Response::builder()
            .status(if request.uri().path().contains("missing") { 404 } else { 200 })
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))
            .unwrap()
    })
    .start()
    .await
}

/// The ids of the history, oldest first.
fn ids(place: &Place) -> Vec<String> {
    let listed = place.run(&["log"]).ok();
    listed.lines().filter_map(|line| line.split_whitespace().next_back()).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_call_is_listed_shown_and_made_again() {
    let provider = counting().await;
    let place = Place::new();
    let url = format!("{}/orders?page=2", provider.url());
    place.run(&["call", &url, "x=1", "-H", "X-A: b"]).ok();
    let listed = place.run(&["log"]).ok();
    assert!(listed.contains("/orders  ") && listed.contains("by `call`"), "{listed}");
    let id = &ids(&place)[0];
    let shown = place.run(&["log", id]).ok();
    for part in
        ["POST", "/orders?page=2 HTTP/1.1", "x-a: b", "{\"x\":\"1\"}", "\"nth\":0", "connect", "log repeat"]
    {
        assert!(shown.contains(part), "`{part}` is missing in {shown}");
    }
    place.run(&["log", "repeat", id]).ok();
    place.run(&["log", "repeat", id, "y:=2"]).ok();
    let requests = provider.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!((&requests[0].target, &requests[0].body), (&requests[1].target, &requests[1].body));
    assert_eq!(requests[1].field("x-a"), Some("b"));
    assert_eq!(requests[2].body, "{\"x\":\"1\",\"y\":2}".as_bytes());
    // A call that was made again can be made again.
    let id = ids(&place).pop().unwrap();
    place.run(&["log", "repeat", &id]).ok();
    assert_eq!(provider.requests()[3].body, requests[2].body);
}

#[tokio::test]
async fn two_calls_are_compared_by_status_fields_and_json() {
    let provider = counting().await;
    let place = Place::new();
    place.run(&["call", &format!("{}/a", provider.url()), "x=1", "X-A:1"]).ok();
    place.run(&["call", &format!("{}/missing", provider.url()), "x=2"]).ended(4, &[]);
    let ids = ids(&place);
    let shown = place.run(&["log", "diff", &ids[0], &ids[1]]).ok();
    for part in [
        " 200 ",
        " 404 ",
        "field x-a\n    - 1\n",
        "  /x\n    - \"1\"\n    + \"2\"\n",
        "  /nth\n    - 0\n    + 1\n",
    ] {
        assert!(shown.contains(part), "`{part}` is missing in {shown}");
    }
    assert!(!shown.contains("/items"), "what is alike is not shown: {shown}");
    let same = place.run(&["log", "diff", &ids[0], &ids[0], "--format", "json"]).json();
    assert_eq!(same["differences"], serde_json::json!([]));
    place.run(&["log", "diff", &ids[0], "c_0000000000000"]).ended(2, &["there is no call"]);
}

#[tokio::test]
async fn no_secret_is_in_the_history_and_a_call_with_one_is_given_back_to_be_completed() {
    let provider = counting().await;
    let place = Place::new();
    let url = format!("{}/?api_key=quiet-one", provider.url());
    let login = ["-u", "me:hush-hush", "X-Api-Key:mumble-mumble", "password=sesame-open", "-b", "c=crumbly"];
    place.run(&[&["call", &url], &login[..]].concat()).ok();
    let id = &ids(&place)[0];
    let mut shown = place.run(&["log", id]).ok() + &place.run(&["log", id, "--format", "json"]).ok();
    let ended =
        place.run(&["log", "repeat", id]).ended(2, &["are not kept", "switchboard call", "password=***"]);
    shown += &ended.err;
    for secret in ["quiet-one", "hush-hush", "mumble-mumble", "sesame-open", "crumbly", "bWU6aHVzaC1odXNo"] {
        assert!(!shown.contains(secret), "{secret} is in the history: {shown}");
    }
    assert_eq!(provider.calls(), 1);
}

#[tokio::test]
async fn credentials_of_a_board_are_filled_in_anew() {
    let provider = counting().await;
    let board = format!(
        "[apis.shop]\ncontract = \"shop.yaml\"\n[apis.shop.upstream]\nurls = \"{}\"\n\
         credential = {{ header = \"X-Key\", value = \"file:key\" }}\n",
        provider.url()
    );
    let contract = "openapi: 3.0.0\ninfo: {title: Shop, version: 1.0.0}\npaths:\n  /orders:\n    get:\n      \
                    operationId: list\n      responses: {'200': {description: all}}\n";
    let place =
        Place::new().with("switchboard.toml", board).with("shop.yaml", contract).with("key", "first-key\n");
    place.run(&["call", "shop.list"]).ok();
    let place = place.with("key", "second-key\n");
    let id = &ids(&place)[0];
    assert!(place.path().join(".switchboard").is_dir(), "the history is the board's");
    place.run(&["log", "repeat", id]).ok();
    let sent: Vec<_> =
        provider.requests().iter().map(|one| one.field("x-key").unwrap_or("-").to_owned()).collect();
    assert_eq!(sent, ["first-key", "second-key"]);
    let row = place.run(&["log", "--api", "shop", "--operation", "list", "--format", "json", "-n", "1"]).ok();
    assert!(row.contains("\"via\":\"call\"") && !row.contains("-key"), "{row}");
}

#[tokio::test]
async fn a_call_without_an_answer_is_kept_too_and_what_was_not_sent_is_not() {
    let provider = Provider::refusing().start().await;
    let place = Place::new();
    place.run(&["call", &provider.url(), "-m", "5"]).ended(1, &[]);
    place.run(&["call", &provider.url(), "--dry-run"]).ok();
    let listed = place.run(&["log", "--outcome", "failed"]).ok();
    assert!(listed.contains("provider-unreachable") && listed.lines().count() == 1, "{listed}");
}

#[tokio::test]
async fn processes_that_call_at_once_are_all_kept() {
    let provider = counting().await;
    let place = Place::new();
    let url = provider.url();
    let children: Vec<_> = (0..16)
        .map(|nth| {
            std::process::Command::new(env!("CARGO_BIN_EXE_switchboard"))
                .args(["call", &format!("{url}/n/{nth}"), "-s"])
                .current_dir(place.path())
                .env_remove("XDG_STATE_HOME")
                .env_remove("XDG_CONFIG_HOME")
                .env("HOME", place.path())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let listed = place.run(&["log"]).ok();
    for nth in 0..16 {
        assert!(listed.contains(&format!("/n/{nth}  ")), "{nth} is missing in {listed}");
    }
    let mut ids = ids(&place);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 16);
}

#[tokio::test]
async fn a_call_is_left_out_when_that_is_wished_and_a_history_that_cannot_be_written_costs_nothing() {
    let provider = counting().await;
    let place = Place::new();
    place.run(&["call", &provider.url(), "--no-history"]).ok();
    assert!(!place.path().join(".local").join("state/switchboard/history").exists());
    // A file where the folder would be.
    let place = place.with(".local/state/switchboard/history", "");
    place.run(&["call", &provider.url()]).ended(0, &["not in the history"]);
}
