//! `run.sock` as whoever owns the board asks it, with real curl: its contract holds, and bad questions get a reason.

use crate::harness::{Running, curl, stderr, stdout, switchboard};
use crate::keys::{done, new_key};
use crate::served::{Beside, becomes};
use crate::wire::connect;
use demo::Provider;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

const CONTRACT: &str = r#"openapi: 3.1.0
info: { title: Acme Orders, version: "1" }
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: ok } }
"#;

/// An API with a contract for holders of keys, with limits of every kind; an open one besides.
fn board(provider: &str) -> String {
    format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n\
         [apis.orders]\ncontract = \"orders.yaml\"\n[apis.orders.upstream]\nurls = [\"{provider}\"]\n\
         [apis.orders.offer.public]\nat = \"/orders\"\nplans = [\"free\"]\n\
         [apis.web.upstream]\nurls = [\"{provider}\"]\n[apis.web.offer.open]\nat = \"/\"\nplans = [\"open\"]\n\
         upgrade = [\"websocket\"]\n\
         [plans.free]\nauth = \"key\"\nlimit = [\"60/day\", \"4 at once\", \"30/day per operation\", \"20/day per key\"]\n\
         quota = \"1000/month\"\n\
         [plans.open]\nauth = \"none\"\nlimit = \"500/day per ip\"\n"
    )
}

pub(crate) fn serve(provider: &str) -> (Running, String, String) {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("orders.yaml"), CONTRACT).unwrap();
    let (running, url) = Running::serve_with(home, &board(provider), &[]);
    done(&running, &["consumer", "add", "globex", "--plan", "free"]);
    let key = new_key(&running, "globex");
    let question = json!({ "method": "GET", "target": "/orders/orders/7", "fields": [["X-Api-Key", key]] });
    becomes(50, "the key is known", false, || {
        let (_, said) = ask(&running, &["-d", &question.to_string(), "http://run.sock/explain"]);
        said.contains("key-unknown")
    });
    (running, url, key)
}

fn socket(running: &Running) -> PathBuf {
    running.home.path().join(".switchboard/run.sock")
}

/// A question by real curl: status and text.
pub(crate) fn ask(running: &Running, args: &[&str]) -> (u16, String) {
    let output = Command::new("curl")
        .args(["-s", "-m", "20", "-w", "\n%{http_code}", "--unix-socket"])
        .arg(socket(running))
        .args(args)
        .output()
        .unwrap();
    let text = stdout(&output);
    let (text, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), text.to_owned())
}

pub(crate) fn asked(running: &Running, path: &str) -> Value {
    let (status, text) = ask(running, &[&format!("http://run.sock{path}")]);
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// What curl reads of an answer without end, line by line.
fn stream(running: &Running, path: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new("curl")
        .args(["-s", "-v", "-N", "-m", "60", "--unix-socket"])
        .arg(socket(running))
        .arg(format!("http://run.sock{path}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The head says that it is listened to from now on; curl holds it back on stdout.
    let head = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let head: Vec<String> = head.take_while(|line| line.trim_end() != "<").collect();
    assert!(head.iter().any(|line| line.starts_with("< HTTP/1.1 200 ")), "{head:?}");
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

#[track_caller]
fn line(from: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    match serde_json::from_str(&line) {
        Ok(said) => said,
        Err(error) => panic!("{error}: `{line}`"),
    }
}

/// The status line, fields and body of a message in an answer.
fn message(text: &str) -> (&str, &str) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap(), body)
}

#[tokio::test]
async fn every_question_of_the_contract_is_answered_as_the_contract_says() {
    let provider = Provider::status(200).start().await;
    let (running, url, key) = serve(&provider.url());
    assert_eq!(curl(&["-H", &format!("X-Api-Key: {key}"), &format!("{url}/orders/orders/7")]).status, 200);
    let contract = asked(&running, "/openapi.json");
    std::fs::write(running.home.path().join("run.json"), contract.to_string()).unwrap();
    let checked = running.command(&["check", "run.json"]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", stdout(&checked), stderr(&checked));

    let revision = asked(&running, "/health")["revision"].as_str().unwrap().to_owned();
    let revision = format!("revision={revision}");
    let mut left: Vec<String> = contract["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    let explain = json!({ "method": "GET", "target": "/orders/orders/7", "caller": "globex", "fields": [] });
    let dispatch = json!({ "method": "GET", "url": "/orders/orders/7", "as": "globex" });
    std::fs::write(running.home.path().join("explain.json"), explain.to_string()).unwrap();
    std::fs::write(running.home.path().join("dispatch.json"), dispatch.to_string()).unwrap();
    let own = socket(&running);
    for (operation, items, code) in [
        ("health", &[][..], 0),
        ("contract", &[], 0),
        ("limits", &["consumer=globex"], 0),
        ("limits", &["consumer=globex", "operation=getOrder", "api=orders"], 0),
        ("limits", &["address=127.0.0.1"], 0),
        ("limits", &[], 4),
        ("runningCalls", &[], 0),
        ("board", &[], 0),
        ("board", &["name=switchboard.toml", &revision], 0),
        ("board", &["name=key.txt", &revision], 4),
        ("board", &["name=switchboard.toml", "revision=0"], 4),
        ("explain", &["@explain.json"], 0),
        ("dispatch", &["@dispatch.json"], 0),
        ("flush", &[], 0),
        ("reload", &[], 0),
        ("consoleLink", &[], 4),
    ] {
        let words = [&["call", "run.json", operation][..], items].concat();
        let output = switchboard(running.home.path())
            .args(words)
            .args(["--check", "block", "--no-history", "--unix-socket"])
            .arg(&own)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{operation} {items:?}: {}", stderr(&output));
        // Of an error the answer is checked too; that it is one is no breach.
        assert!(!stderr(&output).contains("breaks"), "{operation} {items:?}: {}", stderr(&output));
        left.retain(|known| known != operation);
    }
    // What has no end is read with one.
    assert_eq!(left, ["calls"]);
    let (mut child, mut lines) = stream(&running, "/calls?limit=1");
    curl(&[&url]);
    assert!(child.wait().unwrap().success());
    let call = line(&mut lines);
    let schema = &contract["components"]["schemas"]["Call"];
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&call), names(&schema["properties"]), "a line is a `Call`");
    // A schema lets in what it does not name.
    let (said, schema) = (asked(&running, "/health"), &contract["components"]["schemas"]["Health"]);
    for part in ["", "/rates", "/alerts"] {
        let whole = if part.is_empty() { schema } else { &schema["properties"][&part[1..]] };
        let mut required: Vec<&str> =
            whole["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        required.sort_unstable();
        let mut told = names(said.pointer(part).unwrap());
        let mut known = names(&whole["properties"]);
        told.sort_unstable();
        known.sort_unstable();
        assert_eq!((&told, required), (&known, known.iter().map(String::as_str).collect()), "health{part}");
    }
}

#[tokio::test]
async fn a_dispatched_call_goes_through_every_stage_and_is_recorded_as_any_other() {
    let provider = Provider::echo().start().await;
    let (running, _, key) = serve(&provider.url());
    let dispatch = |question: Value| {
        let (status, text) = ask(&running, &["-d", &question.to_string(), "http://run.sock/dispatch"]);
        assert_eq!(status, 200, "{text}");
        text
    };
    let path = "/orders/orders/7";
    let as_globex =
        dispatch(json!({ "method": "GET", "url": path, "as": "globex", "fields": [["X-Own", "one"]] }));
    let (status, body) = message(&as_globex);
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(as_globex.contains("x-request-id: c_") && body.contains("/orders/7"), "{as_globex}");
    // Nobody by name, and by a key.
    let nobody = dispatch(json!({ "method": "GET", "url": path }));
    assert!(message(&nobody).0.contains("401") && nobody.contains("key-missing"), "{nobody}");
    let by_key = dispatch(json!({ "method": "GET", "url": path, "fields": [["X-Api-Key", key]] }));
    assert_eq!(message(&by_key).0, "HTTP/1.1 200 OK");
    assert!(!by_key.contains(&key), "the provider never saw it");
    let head = dispatch(json!({ "method": "HEAD", "url": "/x" }));
    assert!(message(&head).1.is_empty(), "{head}");
    let sent = dispatch(json!({ "method": "POST", "url": "/x", "text": "grüße" }));
    assert!(sent.contains("grüße"), "{sent}");

    becomes(50, "both calls of the consumer are recorded", 2, || {
        let rows = stdout(&running.command(&["log", "--format", "ndjson", "--who", "globex"]));
        rows.lines().filter(|row| row.contains(path)).count()
    });
    let audit = stdout(&running.command(&["consumer", "audit", "globex"]));
    assert_eq!(audit.matches("acted-as").count(), 1, "as a consumer, not by its key: {audit}");
    // What stands in a path may be kept nowhere.
    assert!(audit.contains("GET orders.getOrder at orders.public") && !audit.contains(path), "{audit}");
    for url in ["/free/hush", "/orders/hush/hush"] {
        dispatch(json!({ "method": "PURGE", "url": url, "as": "globex" }));
    }
    let audit = stdout(&running.command(&["consumer", "audit", "globex"]));
    assert!(audit.contains("PURGE at web.open") && audit.contains("PURGE at orders.public"), "{audit}");
    assert!(!audit.contains("hush"), "{audit}");
}

#[tokio::test]
async fn what_a_provider_sends_piece_by_piece_is_dispatched_piece_by_piece() {
    let provider = Provider::endless().start().await;
    let (running, ..) = serve(&provider.url());
    let mut child = Command::new("curl")
        .args(["-s", "-N", "-m", "60", "-d", r#"{"method":"GET","url":"/flow"}"#, "--unix-socket"])
        .arg(socket(&running))
        .arg("http://run.sock/dispatch")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answer = child.stdout.take().unwrap();
    let mut read = vec![0; 1 << 20];
    answer.read_exact(&mut read).unwrap();
    assert!(read.starts_with(b"HTTP/1.1 200 OK\r\n"));
    // Whoever goes away ends the call.
    child.kill().unwrap();
    child.wait().unwrap();
    becomes(100, "the call is over", 1, || {
        let rows = stdout(&running.command(&["log", "--format", "ndjson", "--outcome", "aborted"]));
        rows.lines().count()
    });
}

#[tokio::test]
async fn limits_stand_where_calls_have_left_them_and_those_of_processes_add_up() {
    let provider = Provider::status(200).start().await;
    let (running, url, key) = serve(&provider.url());
    let key = format!("X-Api-Key: {key}");
    let call = |url: &str| assert_eq!(curl(&["-H", &key, &format!("{url}/orders/orders/7")]).status, 200);
    (0..3).for_each(|_| call(&url));
    assert_eq!(curl(&[&url]).status, 200);
    let used = |said: &Value| -> Vec<(String, u64)> {
        let limits = said["limits"].as_array().unwrap_or_else(|| said.as_array().unwrap());
        let one =
            |limit: &Value| (limit["limit"].as_str().unwrap().to_owned(), limit["used"].as_u64().unwrap());
        limits.iter().map(one).collect()
    };
    let expect = |wanted: &[(&str, u64)]| {
        wanted.iter().map(|(name, used)| ((*name).to_owned(), *used)).collect::<Vec<_>>()
    };
    let said = asked(&running, "/limits?consumer=globex");
    let wanted = [
        ("60/day", 3),
        ("4 at once", 0),
        ("1000/month", 3),
        ("30/day per operation", 3),
        ("20/day per key", 3),
    ];
    assert_eq!(used(&said), expect(&wanted), "{said}");
    let of = |name: &str| {
        said["limits"].as_array().unwrap().iter().find(|limit| limit["per"] == name).unwrap().clone()
    };
    assert_eq!(
        (&of("operation")["api"], &of("operation")["operation"]),
        (&"orders".into(), &"getOrder".into())
    );
    assert!(of("key")["key"].as_str().unwrap().starts_with("k_"), "{said}");
    assert_eq!(used(&asked(&running, "/limits?address=127.0.0.1")), expect(&[("500/day per ip", 1)]));
    assert_eq!(used(&asked(&running, "/limits?consumer=globex&plan=open")), []);

    let beside = Beside::serve(&running);
    (0..2).for_each(|_| call(&beside.url()));
    let of_all = || -> Value {
        let output = running.command(&["limits", "globex", "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let wanted = [("60/day", 5), ("4 at once", 0), ("30/day per operation", 5), ("20/day per key", 5)];
    // What a process has in hand of a rate counts as used for the other one, until it goes back.
    becomes(50, "both count into one rate", expect(&wanted), || {
        let mut found = used(&of_all());
        // The same of a quota, for longer.
        assert!((5..500).contains(&found[2].1), "{found:?}");
        found.remove(2);
        found
    });
    let said = of_all();
    assert_eq!((&said[1]["most"], said[1]["processes"].as_array().unwrap().len()), (&8.into(), 2));
    assert_eq!((&said[0]["most"], &said[2]["most"]), (&60.into(), &1000.into()), "one for all");
    let text = running.command(&["limits", "globex"]);
    assert!(stdout(&text).contains("5 used") && stderr(&text).contains("2 processes"), "{}", stdout(&text));
    let unknown = running.command(&["limits", "globe"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("did you mean `globex`?"), "{}", stderr(&unknown));
    let none = running.command(&["limits", "127.0.0.9"]);
    assert!(stdout(&none).contains("0 used"), "{}", stdout(&none));
}

#[tokio::test]
async fn calls_are_told_as_they_end_and_whoever_reads_too_slowly_is_told_what_was_missed() {
    let provider = Provider::status(200).start().await;
    let (running, url, _) = serve(&provider.url());
    let (mut bad, mut refused) = stream(&running, "/calls?status=4xx&limit=1");
    let (mut slow, mut lines) = stream(&running, "/calls");
    curl(&[&format!("{url}/well")]);
    assert_eq!(line(&mut lines)["path"], "/well");
    assert_eq!(curl(&[&format!("{url}/orders/orders/7")]).status, 401);
    assert!(bad.wait().unwrap().success(), "it ends after one");
    let call = line(&mut refused);
    assert_eq!((&call["reason"], &call["state"]), (&"key-missing".into(), &"over".into()));
    assert_eq!(line(&mut lines)["api"], "orders");
    // Nobody reads the other stream while its pipe, its socket and its queue fill up; calls go on.
    let mut caller = crate::wire::Caller::new(&url);
    let long = "x".repeat(900);
    let made = 4_000;
    for _ in 0..made {
        assert!(matches!(caller.get(&format!("/{long}"), ""), Some(200 | 429)));
    }
    let (mut told, mut missed) = (0, 0);
    while told + missed < made {
        let said = line(&mut lines);
        match said["missed"].as_u64() {
            Some(count) => missed += count,
            None if said["path"].as_str().unwrap().contains(&long) => told += 1,
            None => {}
        }
    }
    assert!(missed > 0 && told > 0, "{told} told, {missed} missed");
    slow.kill().unwrap();
    slow.wait().unwrap();
}

#[tokio::test]
async fn who_follows_is_told_of_a_process_that_does_not_say_its_calls() {
    let provider = Provider::status(200).start().await;
    let (running, url, _) = serve(&provider.url());
    // With the one that prints them in the terminal of `serve`.
    let mut others: Vec<_> = (0..31).map(|_| stream(&running, "/calls")).collect();
    let mut follow = switchboard(running.home.path())
        .args(["log", "-f", "--api", "web", "--format", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(follow.stderr.take().unwrap());
    let mut words = String::new();
    said.read_line(&mut words).unwrap();
    assert!(words.contains("run.sock` does not say its calls: 32"), "{words}");
    // Its rows are shown; and it is asked again, until it says them.
    let mut lines = BufReader::new(follow.stdout.take().unwrap());
    curl(&[&format!("{url}/kept")]);
    assert_eq!(line(&mut lines)["path"], "/kept");
    for (child, _) in &mut others {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    follow.kill().unwrap();
    follow.wait().unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "once");
}

#[tokio::test]
async fn what_is_followed_comes_from_every_process_once_and_what_runs_is_seen() {
    let provider = Provider::websocket_echo().start().await;
    let (running, url, _) = serve(&provider.url());
    let beside = Beside::serve(&running);
    let mut follow = switchboard(running.home.path())
        .args(["log", "-f", "--api", "web", "--format", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap());
    for (nth, at) in [url.clone(), beside.url()].iter().enumerate() {
        curl(&[&format!("{at}/call-{nth}")]);
    }
    let mut paths = [line(&mut lines)["path"].clone(), line(&mut lines)["path"].clone()];
    paths.sort_by_key(Value::to_string);
    assert_eq!(paths, ["/call-0", "/call-1"]);

    let host = url.strip_prefix("http://").unwrap();
    let mut tunnel = connect(&url);
    let asks = format!(
        "GET /chat HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    tunnel.write_all(asks.as_bytes()).unwrap();
    let open = line(&mut lines);
    assert_eq!((&open["path"], &open["state"]), (&"/chat".into(), &"running".into()));
    let runs = asked(&running, "/calls/running");
    assert_eq!((&runs["calls"][0]["call"], &runs["calls"][0]["status"]), (&open["call"], &101.into()));
    drop(tunnel);
    let over = line(&mut lines);
    assert_eq!((&over["call"], &over["state"]), (&open["call"], &"over".into()));
    becomes(100, "nothing runs", 0, || asked(&running, "/calls/running")["calls"].as_array().unwrap().len());
    // Each was shown once: the next line is the next call.
    curl(&[&format!("{url}/last")]);
    assert_eq!(line(&mut lines)["path"], "/last");
    follow.kill().unwrap();
    follow.wait().unwrap();
}
