//! Looking at calls: a listing that goes on, and whoever reads it; what runs still; an archive of what was kept.
#![expect(clippy::expect_used, clippy::panic, reason = "tests: a missing answer has nothing to go on with")]

mod harness;

use demo::Provider;
use harness::{Running, curl, program, root, skipped, stderr, stdout, switchboard};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

/// An open API before this provider.
fn board(provider: &str, details: &str) -> String {
    format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n\
         [apis.acme.upstream]\nurls = [\"{provider}\"]\nretries = 0\n\
         [apis.acme.offer.open]\nat = \"/\"\nplans = [\"open\"]\nupgrade = [\"websocket\"]\n\
         [plans.open]\nauth = \"none\"\n[record]\ndetails = \"{details}\"\n"
    )
}

/// What a command prints; it must go well.
fn said(running: &Running, words: &[&str]) -> String {
    let output = running.command(words);
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    stdout(&output)
}

/// Asks until there are so many rows, at most ten seconds.
fn rows(running: &Running, words: &[&str], wanted: usize) -> Vec<Value> {
    for _ in 0..100 {
        let text = said(running, &[&["log", "--format", "ndjson"], words].concat());
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        if rows.len() == wanted {
            return rows;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("never {wanted} rows of {words:?}");
}

/// Checks an archive against the schema of HAR 1.2, where its validator is installed.
fn is_har(text: &str) {
    let validator = root().join("target/e2e/har/node_modules/har-validator");
    let Some(node) = program("node").filter(|_| validator.is_dir()) else {
        skipped("skipped: `har-validator` is not installed; `make test` installs it");
        return;
    };
    let check = "const har = require(process.argv[1]), text = require('fs').readFileSync(0, 'utf8');\
        har.har(JSON.parse(text)).then(() => 0, error => { console.error(JSON.stringify(error.errors)); process.exit(1) })";
    let mut child = std::process::Command::new(node)
        .args(["-e", check])
        .arg(validator)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node starts");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}\n{text}", stderr(&output));
}

#[tokio::test]
async fn calls_are_an_archive_of_what_was_kept_and_of_rows_without_details_what_is_known() {
    let answer = |status: u16| {
        let answer = http::Response::builder().status(status).header("content-type", "application/json");
        answer.header("location", "/else where").body(r#"{"a":"\u0001<é>"}"#.into()).expect("an answer")
    };
    let provider = Provider::script(vec![answer(200), answer(500)]).start().await;
    let (running, url) = Running::serve(&board(&provider.url(), "failed"));
    curl(&[&format!("{url}/quiet")]);
    let target = format!("{url}/a%20b/x?token=hush-hush&q=%C3%A9&q=|");
    curl(&["-H", "Content-Type: application/json", "-d", r#"{"password":"hush-hush","n":1}"#, &target]);
    let calls = rows(&running, &[], 2);
    let archive = said(&running, &["log", "--format", "har"]);
    assert!(!archive.contains("hush"), "{archive}");
    is_har(&archive);
    let archive: Value = serde_json::from_str(&archive).expect("JSON");
    let [quiet, loud] = archive["log"]["entries"].as_array().expect("entries").as_slice() else {
        panic!("two: {archive}");
    };
    assert_eq!(quiet["comment"], "heads and bodies of this call were not kept");
    assert_eq!(
        (&quiet["request"]["url"], &quiet["response"]["status"]),
        (&"http://localhost/quiet".into(), &200.into())
    );
    let request = &loud["request"];
    assert!(request["url"].as_str().expect("a URL").starts_with(&url), "{request}");
    assert_eq!(request["postData"]["text"], r#"{"password": "***","n":1}"#);
    assert_eq!(request["queryString"][1]["value"], "é");
    assert_eq!(
        (&loud["response"]["statusText"], &loud["response"]["redirectURL"]),
        (&"Internal Server Error".into(), &"/else where".into())
    );
    assert!(loud["response"]["content"]["text"].as_str().expect("a text").contains("<é>"), "{loud}");
    assert_eq!(loud["_switchboard"]["call"], calls[1]["call"]);

    // One call, and a page that is not the last one.
    let one = said(&running, &["log", calls[1]["call"].as_str().expect("an id"), "--format", "har"]);
    is_har(&one);
    assert_eq!(serde_json::from_str::<Value>(&one).expect("JSON")["log"]["entries"][0], *loud);
    let first = said(&running, &["log", "--format", "har", "-n", "1"]);
    is_har(&first);
    assert!(first.contains("there is more: --before c_"), "{first}");
    let endless = running.command(&["log", "--format", "har", "-f"]);
    assert_eq!(endless.status.code(), Some(2), "{}", stderr(&endless));
}

/// A WebSocket through the board.
fn tunnel(url: &str) -> TcpStream {
    let host = url.strip_prefix("http://").expect("a URL");
    let mut tunnel = TcpStream::connect(host).expect("it listens");
    let asks = format!(
        "GET /chat HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    tunnel.write_all(asks.as_bytes()).expect("it reads");
    let mut answer = [0; 12];
    tunnel.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer, b"HTTP/1.1 101");
    tunnel
}

#[tokio::test]
async fn a_call_of_a_process_that_was_killed_is_lost_and_not_running() {
    let provider = Provider::websocket_echo().start().await;
    let (running, url) = Running::serve(&board(&provider.url(), "none"));
    let _tunnel = tunnel(&url);
    let id = rows(&running, &["--open"], 1)[0]["call"].as_str().expect("an id").to_owned();
    let home = running.kill();
    is_lost(home.path(), &id);
    // Another process does not have it either.
    let mut next = Running::start_in(home, &["serve"]);
    next.wait_for(&url);
    is_lost(next.home.path(), &id);
}

/// What `log` says of a call whose process was killed.
fn is_lost(home: &std::path::Path, id: &str) {
    let said = |words: &[&str]| {
        let output = switchboard(home).args(words).output().expect("it runs");
        assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        stdout(&output)
    };
    assert_eq!(said(&["log", "--open", "--format", "ndjson"]), "");
    let all: Value = serde_json::from_str(&said(&["log", "--format", "json"])).expect("JSON");
    assert_eq!((&all[0]["state"], &all[0]["outcome"]), (&"lost".into(), &Value::Null), "{all}");
    let one: Value = serde_json::from_str(&said(&["log", id, "--format", "json"])).expect("JSON");
    assert_eq!(one["state"], "lost", "{one}");
    for words in [&["log"][..], &["log", id]] {
        let text = said(words);
        assert!(text.contains(" lost ") && !text.contains("running"), "{text}");
    }
}

#[tokio::test]
async fn a_tunnel_is_shown_as_running_until_it_ends() {
    let provider = Provider::websocket_echo().start().await;
    let (running, url) = Running::serve(&board(&provider.url(), "none"));
    let tunnel = tunnel(&url);
    let open = rows(&running, &["--open"], 1);
    assert_eq!(
        (&open[0]["state"], &open[0]["outcome"], &open[0]["status"]),
        (&"running".into(), &Value::Null, &101.into())
    );
    assert!(said(&running, &["log"]).contains("running"));
    rows(&running, &["--outcome", "succeeded"], 0);
    rows(&running, &["--open", "--address", "127.0.0.2"], 0);

    drop(tunnel);
    rows(&running, &["--open"], 0);
    let over = rows(&running, &["--address", "127.0.0.1"], 1);
    assert_eq!((&over[0]["state"], &over[0]["call"]), (&"over".into(), &open[0]["call"]));
}

#[test]
fn following_the_log_ends_when_nobody_reads_on() {
    let mut running = Running::demo();
    let url = format!("{}/weather/v1/forecast?latitude=1&longitude=2", running.word_after("Gateway"));
    curl(&[&url]);
    let mut follow = switchboard(running.home.path())
        .args(["log", "-f"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut first = String::new();
    BufReader::new(follow.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    assert!(first.contains("/weather/v1/forecast"), "{first}");
    // The reader is gone; the next calls show it.
    for _ in 0..100 {
        curl(&[&url]);
        if let Some(ended) = follow.try_wait().expect("its state") {
            assert_eq!(ended.code(), Some(0));
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    follow.kill().expect("it is ended");
    panic!("it went on for nobody");
}

#[test]
fn consumers_and_keys_of_what_runs_can_be_looked_at() {
    let running = Running::demo();
    for args in [&["consumer", "list"][..], &["consumer", "show", "you"], &["key", "list"]] {
        let looked = running.command(args);
        assert_eq!(looked.status.code(), Some(0), "{args:?}: {}", stderr(&looked));
    }
}
