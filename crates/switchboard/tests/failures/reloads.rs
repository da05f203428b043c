//! A board that is changed while it serves: taken over by command, by signal, by itself; refused when it is wrong; and
//! nobody who calls meanwhile notices.

use crate::harness::{Running, curl, program, stderr, stdout};
use crate::keys::done;
use crate::served::{Beside, becomes, board, counted, health};
use crate::wire::{Caller, connect};
use demo::Provider;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const RELOADS: usize = 40;

pub(crate) fn rewrite(running: &Running, from: &str, to: &str) {
    let file = running.home.path().join("switchboard.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[tokio::test]
async fn nobody_who_calls_notices_a_reload() {
    let provider = Provider::status(200).start().await;
    let endless = Provider::endless().start().await;
    let second = "[apis.flow.upstream]\nurls = [\"{endless}\"]\n[apis.flow.offer.open]\nat = \"/flow\"\nplans = [\"open\"]\n"
        .replace("{endless}", &endless.url());
    let text = board(&provider.url(), "", &second)
        .replace("auth = \"none\"", "auth = \"none\"\nlimit = \"900000/month\"");
    let (running, url) = Running::serve(&text);
    // A stream that began before the first reload.
    let mut stream = connect(&url);
    stream.write_all(b"GET /flow HTTP/1.1\r\nHost: acme.example\r\n\r\n").unwrap();
    let mut part = [0; 4096];
    assert!(stream.read(&mut part).unwrap() > 0);

    let (stop, good, bad) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let mut revisions = std::collections::HashSet::new();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut caller = Caller::new(&url);
                while !stop.load(Ordering::Relaxed) {
                    let counter = if caller.get("/", "") == Some(200) { &good } else { &bad };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 0..RELOADS {
            let (from, to) = (900_000 + number, 900_001 + number);
            rewrite(&running, &format!("limit = \"{from}/month\""), &format!("limit = \"{to}/month\""));
            let said = stderr(&running.command(&["reload"]));
            assert!(said.contains("reloaded, revision"), "{said}");
            revisions.insert(health(&running)["revision"].as_str().unwrap().to_owned());
        }
        stop.store(true, Ordering::Relaxed);
    });
    let (good, bad) = (good.into_inner(), bad.into_inner());
    assert_eq!(bad, 0, "of {good} calls");
    assert_eq!(revisions.len(), RELOADS, "health says each revision");
    for _ in 0..100 {
        assert!(stream.read(&mut part).unwrap() > 0, "the stream goes on");
    }
    drop(stream);
    assert_eq!(counted(&running), good as u64 + 1, "every call is counted once");
    let left = curl(&[&url]).field("x-ratelimit-remaining").unwrap().parse::<usize>().unwrap();
    assert!(left < 900_100 - good, "{left} left after {good} calls: limits go on");
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn a_reload_that_fails_changes_nothing_and_says_why() {
    let provider = Provider::status(200).start().await;
    let (mut running, url) = Running::serve(&board(&provider.url(), "", ""));
    let before = health(&running)["revision"].clone();

    rewrite(&running, "auth = \"none\"", "auth = \"none\"\nquota = \"-5/month\"");
    let output = running.command(&["reload"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("error[bad-quota]") && said.contains("switchboard.toml:"), "{said}");
    // Somebody who does not look first: the process itself refuses.
    running.signal("HUP");
    running.wait_for("not reloaded: the board that runs is unchanged");
    let now = health(&running);
    assert_eq!(now["revision"], before);
    assert!(now["reload_failed"].as_str().unwrap().contains("bad-quota"), "{now}");
    assert_eq!(curl(&[&url]).status, 200);

    rewrite(&running, "quota = \"-5/month\"", "quota = \"1/year\"");
    running.signal("HUP");
    running.wait_for("reloaded: revision");
    assert_eq!(health(&running)["reload_failed"], serde_json::Value::Null);
    assert_eq!(curl(&[&url]).status, 200, "the quota holds from the first call on");
    assert_eq!(curl(&[&url]).status, 429);
}

#[tokio::test]
async fn accounts_that_cannot_be_taken_over_are_said_for_as_long() {
    let provider = Provider::status(200).start().await;
    let tables = "[consumers.initech]\nplans = [\"open\"]\n";
    let text = board(&provider.url(), "", tables).replace("auth = \"none\"", "auth = \"key\"");
    let (mut running, url) = Running::serve(&text);
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    let key = format!("X-Api-Key: {}", crate::keys::new_key(&running, "globex"));
    becomes(50, "the key is known", 200, || curl(&["-H", &key, &url]).status);
    assert_eq!(health(&running)["accounts_stale"], serde_json::Value::Null);

    // One name in the file of the board that runs, and in the ledger.
    rewrite(&running, tables, "");
    done(&running, &["consumer", "add", "initech", "--plan", "open"]);
    becomes(50, "health says it", true, || {
        let stale = health(&running)["accounts_stale"].clone();
        stale["why"].as_str().is_some_and(|why| why.contains("`initech`")) && stale["since_ms"].is_u64()
    });
    running.wait_for("changes of accounts cannot be taken over since");

    done(&running, &["reload"]);
    assert_eq!(health(&running)["accounts_stale"], serde_json::Value::Null);
    running.wait_for("changes of accounts are taken over again");
    assert_eq!(curl(&["-H", &key, &url]).status, 200);
}

#[tokio::test]
async fn a_key_that_is_revoked_while_a_board_is_loaded_does_not_wait_for_it() {
    let provider = Provider::status(200).start().await;
    let text = board(&provider.url(), "", "").replace("auth = \"none\"", "auth = \"key\"");
    let (mut running, url) = Running::serve(&text);
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    let key = format!("X-Api-Key: {}", crate::keys::new_key(&running, "globex"));
    let status = || curl(&["-H", &key, &url]).status;
    becomes(50, "the key is known", 200, status);
    let listed = stdout(&running.command(&["key", "list", "--format", "json"]));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();

    // A contract that takes as long to read as this test wants: nobody has written it yet. Commands look at another one.
    let home = running.home.path().to_owned();
    assert!(std::process::Command::new("mkfifo").arg(home.join("slow.yaml")).status().unwrap().success());
    let contract = "openapi: 3.1.0\ninfo: { title: Acme, version: '1' }\npaths: { /: { get: { responses: { '200': { description: ok } } } } }\n";
    std::fs::write(home.join("quick.yaml"), contract).unwrap();
    std::fs::write(home.join("switchboard.quick.toml"), "[apis.acme]\ncontract = \"quick.yaml\"\n").unwrap();
    rewrite(&running, "[apis.acme.upstream]", "[apis.acme]\ncontract = \"slow.yaml\"\n[apis.acme.upstream]");
    running.signal("HUP");
    // Opened to be written, it is being read.
    let mut slow = std::fs::File::options().write(true).open(home.join("slow.yaml")).unwrap();

    done(&running, &["--env", "quick", "key", "revoke", listed[0]["id"].as_str().unwrap()]);
    becomes(50, "it is refused", 401, status);
    slow.write_all(contract.as_bytes()).unwrap();
    drop(slow);
    running.wait_for("reloaded: revision");
    assert_eq!(status(), 401, "the next board does not know it either");
}

#[tokio::test]
async fn a_key_of_two_consumers_is_refused_whichever_had_it_first() {
    let provider = Provider::status(200).start().await;
    let text = board(&provider.url(), "", "").replace("auth = \"none\"", "auth = \"key\"");
    let (running, url) = Running::serve(&text);
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    let key = crate::keys::new_key(&running, "globex");
    let field = format!("X-Api-Key: {key}");
    becomes(50, "the key is known", 200, || curl(&["-H", &field, &url]).status);
    let digest = exchange::KeyDigest::of(&key);
    let tables = format!("[consumers.initech]\nplans = [\"open\"]\nkeys = [\"{digest}\"]\n[record]");
    rewrite(&running, "[record]", &tables);
    let output = running.command(&["reload"]);
    let said = stderr(&output);
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("one key is that of `globex` in the ledger and that of `initech`"), "{said}");
    assert_eq!(curl(&["-H", &field, &url]).status, 200);
}

#[tokio::test]
async fn a_board_that_is_watched_takes_its_files_over_by_itself() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let text = board(&provider.url(), "", "");
    let (running, url) = Running::serve_with(tempfile::tempdir().unwrap(), &text, &["--watch"]);
    assert_eq!(curl(&[&url]).field("ratelimit"), None);
    rewrite(&running, "auth = \"none\"", "auth = \"none\"\nlimit = \"9/h\"");
    becomes(100, "the limit is there", true, || curl(&[&url]).field("ratelimit").is_some());
}

#[tokio::test]
async fn every_process_of_a_board_is_reloaded_and_hears_of_revoked_keys() {
    let provider = Provider::status(200).start().await;
    let text = board(&provider.url(), "", "").replace("auth = \"none\"", "auth = \"key\"");
    let (first, url) = Running::serve(&text);
    let second = Beside::serve(&first);
    let urls = [url, second.url()];

    done(&first, &["consumer", "add", "globex", "--plan", "open"]);
    let key = crate::keys::new_key(&first, "globex");
    let field = format!("X-Api-Key: {key}\r\n");
    let statuses = || urls.each_ref().map(|url| Caller::new(url).get("/", &field));
    becomes(50, "the key opens both", [Some(200); 2], statuses);
    let before = provider.calls();

    rewrite(&first, "auth = \"key\"", "auth = \"key\"\nlimit = \"900/h\"");
    let said = stderr(&first.command(&["reload"]));
    assert_eq!(said.matches("reloaded, revision").count(), 2, "{said}");
    assert_eq!(statuses(), [Some(200); 2]);
    let listed = stdout(&first.command(&["key", "list", "globex", "--format", "json"]));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    done(&first, &["key", "revoke", listed[0]["id"].as_str().unwrap()]);
    becomes(10, "both refuse it within a second", [Some(401); 2], statuses);
    // What both counted is one usage, written down by both when somebody asks.
    let calls = provider.calls() as u64;
    assert!(calls >= before as u64 + 2);
    let output = first.command(&["usage", "--by", "class", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&stdout(&output)).unwrap();
    let good = rows.iter().find(|row| row["class"] == "2xx").unwrap();
    assert_eq!(good["calls"].as_u64(), Some(calls), "{rows:?}");
    assert_eq!(first.stop(), Some(0));
}
