//! Every status class and every exit code, each from the real binary against a real server, and which of several wins.

use crate::harness::Place;
use crate::shop::answer;
use bytes::Bytes;
use demo::Provider;
use http::Request;
use serde_json::json;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

const CONTRACT: &str = "openapi: 3.1.0
info: {title: Ends, version: '1'}
servers: [{url: SERVER}]
paths:
  /{status}:
    get:
      operationId: get
      parameters: [{name: status, in: path, required: true, schema: {type: integer, maximum: 599}}]
      responses:
        default: {description: any, content: {application/json: {schema: {type: object, required: [name]}}}}
";

/// `/404` is answered with 404; `/200?name` keeps the contract; `/circle` leads to itself.
async fn ending() -> Provider {
    Provider::answering(|request: &Request<Bytes>| match request.uri().path() {
        "/circle" => answer(302, &[("location", "/circle")], &json!({})),
        path => {
            let body = if path == "/200" { json!({"name": "x"}) } else { json!({"n": 1}) };
            answer(path.trim_start_matches('/').parse().unwrap_or(200), &[], &body)
        }
    })
    .start()
    .await
}

#[tokio::test]
async fn every_exit_code_is_had_and_the_stronger_of_two_wins() {
    let provider = ending().await;
    let silent = Provider::silent().start().await;
    let refusing = Provider::refusing().start().await;
    let place = Place::new()
        .with("ends.yaml", CONTRACT.replace("SERVER", &provider.url()))
        .with("silent.yaml", CONTRACT.replace("SERVER", &silent.url()))
        .with("away.yaml", CONTRACT.replace("SERVER", &refusing.url()))
        .with("rows.csv", "status\n200\n404\n")
        .with(
            "board/switchboard.toml",
            format!(
                "[apis.locked]\ncontract = \"ends.yaml\"\n\
                 upstream = {{ urls = [\"{0}\"], credential = {{ oauth2 = {{ grant = \"client-credentials\", token-url = \"{1}/token\", client-id = \"a\", client-secret = \"env:ENDS\" }} }} }}\n",
                provider.url(),
                refusing.url()
            ),
        )
        .with("board/ends.yaml", CONTRACT.replace("SERVER", &provider.url()));
    let url = |path: &str| format!("{}{path}", provider.url());
    let by = |status: &str| {
        vec!["call".to_owned(), "ends.yaml".to_owned(), "get".to_owned(), format!("status={status}")]
    };
    let free = |path: &str| vec!["call".to_owned(), "POST".to_owned(), url(path)];
    let with = |mut words: Vec<String>, more: &[&str]| {
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words
    };
    for (code, words, said) in [
        // 0: it worked; every status below 300, and what was expected.
        (0, by("200"), ""),
        (0, free("/201"), ""),
        (0, free("/204"), ""),
        (0, with(free("/304"), &["If-None-Match:\"x\""]), ""),
        (0, with(free("/404"), &["--expect", "404"]), ""),
        // 1: the network.
        (1, vec!["call".to_owned(), refusing.url()], "refused"),
        (1, with(free("/200"), &["--jq", ".name.x"]), "the jq program failed"),
        // 2: usage, before anything is sent.
        (2, by("many"), "must be a whole number"),
        (2, with(by("200"), &["nonsense=1"]), "has no `nonsense`"),
        (2, with(free("/200"), &["--expect", "9xx"]), "is no status"),
        // 3 4 5: the class.
        (3, free("/301"), "301"),
        (3, free("/304"), "304"),
        (4, free("/400"), "400"),
        (4, free("/404"), "404"),
        (4, free("/499"), "499"),
        (5, free("/500"), "500"),
        (5, free("/599"), "599"),
        // 6 and 7.
        (6, with(vec!["call".to_owned(), url("/circle")], &["-L"]), "more than 50 times"),
        (7, with(vec!["call".to_owned(), silent.url()], &["-m", "0.2"]), "no complete answer within"),
        // 10 and 11: the contract, in each direction.
        (10, by("600"), "600 is more than 599"),
        (11, with(by("201"), &["--check", "block"]), "response breaks its contract"),
        // 12: what was expected.
        (12, with(free("/200"), &["--expect", "201"]), "was not expected"),
        (12, with(by("200"), &["--until", ".gone", "--tries", "1"]), "never held"),
        // 13: rows.
        (
            13,
            vec![
                "call".to_owned(),
                "ends.yaml".to_owned(),
                "get".to_owned(),
                "--each".to_owned(),
                "rows.csv".to_owned(),
            ],
            "1 × 404 Not Found",
        ),
        // Precedence: 2, then 14, 7 and 1, 6, 12, 10, 11, 13, the status last.
        (2, with(by("600"), &["nonsense=1"]), "has no `nonsense`"),
        (2, with(by("600"), &["--expect", "no"]), "is no status"),
        (
            7,
            ["call", "silent.yaml", "get", "status=1", "-m", "0.2", "--expect", "200", "--check", "block"]
                .map(str::to_owned)
                .to_vec(),
            "no complete answer",
        ),
        (
            1,
            ["call", "away.yaml", "get", "status=1", "--expect", "200"].map(str::to_owned).to_vec(),
            "refused",
        ),
        (6, with(vec!["call".to_owned(), url("/circle")], &["-L", "--expect", "200"]), "redirects"),
        (12, with(by("404"), &["--check", "block", "--expect", "200"]), "was not expected"),
        (11, with(by("404"), &["--check", "block"]), "response breaks"),
        (11, with(by("404"), &["--check", "block", "--expect", "404"]), "response breaks"),
        (4, by("404"), "404"),
        (10, with(by("600"), &["--expect", "200"]), "600 is more than 599"),
    ] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        place.run(&words).ended(code, &[said]);
    }
    let before = provider.calls();
    let words = ["call", "locked.get", "status=200", "--board", "board"];
    let ended = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(words)
        .current_dir(place.path())
        .env("HOME", place.path())
        .env("ENDS", "hunter22")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(14), "{err}");
    assert!(!err.contains("hunter22"), "{err}");
    assert_eq!(provider.calls(), before, "nothing is sent without its credential");
}

#[tokio::test]
async fn ctrl_c_is_130_whatever_else_was_asked_for() {
    let silent = Provider::silent().start().await;
    let place = Place::new();
    for more in [&[][..], &["--expect", "200"], &["--until", "true"], &["--all"]] {
        let before = silent.calls();
        let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["call", &silent.url()])
            .args(more)
            .env("HOME", place.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Interrupted once it was heard, not after a while.
        while silent.calls() == before {
            std::thread::yield_now();
        }
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let mut err = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut err).unwrap();
        assert_eq!(
            (child.wait().unwrap().code(), err.trim_end()),
            (Some(130), "error: interrupted"),
            "{more:?}"
        );
    }
}
