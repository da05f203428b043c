//! Boards whose ledger is in PostgreSQL: two share one, it is killed under one, and one does not start without it.

use crate::harness::postgres::Server;
use crate::harness::{Running, curl, program, stderr, stdout, switchboard};
use crate::keys::{done, keyed, new_key};
use crate::served::{becomes, board, call, calls, counted, health};
use crate::wire::load;
use demo::Provider;
use std::path::Path;
use std::time::{Duration, Instant};

/// Twice the second that is promised, and a little.
const QUESTIONS: u32 = 25;
/// The database's URL lies in a file beside the board.
const LEDGER: &str = "\n[ledger]\npostgres = \"file:database-url\"\n";

/// Runs a board whose ledger is in this database.
pub(crate) fn serve(text: &str, database: &str) -> (Running, String) {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("database-url"), database).unwrap();
    Running::serve_with(home, &format!("{text}{LEDGER}"), &[])
}

#[tokio::test]
async fn two_boards_share_a_database_and_a_key_revoked_at_one_is_refused_by_the_other() {
    if program("curl").is_none() {
        return;
    }
    let Some(server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    let (one, first) = serve(&keyed(&provider.url()), &server.url());
    let (two, second) = serve(&keyed(&provider.url()), &server.url());
    done(&one, &["consumer", "add", "globex", "--plan", "open"]);
    let key = new_key(&one, "globex");
    let field = format!("X-Api-Key: {key}");
    let status = |url: &str| curl(&["-H", &field, url]).status;
    for url in [&first, &second] {
        becomes(QUESTIONS, "a new key opens at both", 200, || status(url));
    }

    let before = provider.calls() as u64;
    assert_eq!([&first, &first, &second].map(|url| status(url)), [200; 3]);
    let answer = curl(&["-H", &field, &second]);
    let id = answer.field("x-request-id").unwrap().to_owned();
    let succeeded = |running: &Running| {
        let rows = calls(running);
        rows.iter().filter(|row| row["status"] == 200).count() as u64
    };
    becomes(QUESTIONS, "both count into one usage", before + 4, || {
        let output = one.command(&["usage", "--consumer", "globex", "--format", "json"]);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&stdout(&output)).unwrap();
        rows.iter().map(|row| row["calls"].as_u64().unwrap()).sum()
    });
    becomes(QUESTIONS, "and write into one log", before + 4, || succeeded(&one));
    assert_eq!(succeeded(&two), before + 4);
    // Asked beside the other board: what it wrote is there.
    assert_eq!(call(&one, &id)["status"], 200);
    let explained = done(&one, &["explain", &id]);
    assert!(explained.contains("globex"), "{explained}");
    done(&two, &["check"]);

    let list = done(&two, &["key", "list", "globex", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    done(&two, &["key", "revoke", list[0]["id"].as_str().unwrap()]);
    // As a caller sees it: from the moment in which the command has ended.
    let revoked = Instant::now();
    // Either may hear of it first.
    while [&first, &second].map(|url| status(url)).contains(&200) {
        assert!(revoked.elapsed() < Duration::from_secs(20), "still served");
    }
    let heard = provider.calls();
    assert_eq!((status(&first), status(&second), provider.calls()), (401, 401, heard));

    // What is called from here is kept there too.
    let url = provider.url();
    done(&one, &["call", &url]);
    becomes(QUESTIONS, "a call of a command is a row", true, || {
        done(&two, &["log", "--format", "ndjson"]).contains(&url)
    });
    for (running, what) in [(one, "one"), (two, "two")] {
        let folder = running.home.path().join(".switchboard");
        for file in ["accounts.db", "usage.db"] {
            assert!(!folder.join(file).exists(), "{what} keeps {file}");
        }
        assert_eq!(running.stop(), Some(0));
    }
    assert_eq!(server.sql("SELECT count(*) FROM switchboard.writers"), "0", "given back");
}

#[tokio::test]
async fn while_the_database_is_away_calls_go_on_and_afterwards_every_one_is_counted() {
    let Some(mut server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    let (mut running, url) = serve(&board(&provider.url(), "", ""), &server.url());
    assert_eq!(load(&url, 1, 20), 20);
    assert_eq!((counted(&running), calls(&running).len()), (20, 20));
    server.kill();
    assert_eq!(load(&url, 2, 100), 200, "all of them answered with 200");
    let said = running.wait_for("the ledger is behind");
    assert!(said.contains("calls go on") && said.contains("cannot be reached"), "{said}");
    becomes(50, "the backlog is counted", (200.into(), true.into()), || {
        let health = health(&running);
        (health["usage_pending"].clone(), health["behind"].clone())
    });
    let output = running.command(&["usage"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot be reached"), "{}", stderr(&output));

    server.go_on();
    becomes(200, "usage is exact when it is back", false, || health(&running)["behind"] == true);
    assert_eq!((counted(&running), calls(&running).len()), (220, 220));
    assert_eq!((provider.calls(), running.stop()), (220, Some(0)));
}

#[test]
fn a_board_does_not_start_with_nobody_where_its_database_is_away_or_its_url_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let folder = |text: &str| std::fs::write(home.path().join("switchboard.toml"), text).unwrap();
    let run = |args: &[&str], url: Option<&str>| {
        let mut command = switchboard(home.path());
        command.args(args).env_remove("LEDGER_URL").envs(url.map(|url| ("LEDGER_URL", url)));
        let output = command.output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let text = keyed("http://127.0.0.1:9").replace("{port}", "0");
    folder(&format!("{text}\n[ledger]\npostgres = \"env:LEDGER_URL\"\n"));
    let away = "postgres://acme:hunter22@127.0.0.1:1/ledger";
    for args in [&["serve"][..], &["log"], &["usage"], &["key", "list"], &["consumer", "list"]] {
        let (code, said) = run(args, Some(away));
        assert_eq!(code, Some(1), "{args:?}: {said}");
        let line = "the database `127.0.0.1/ledger` cannot be reached: connection refused";
        assert!(said.contains(line) && !said.contains("hunter22"), "{args:?}: {said}");
        let (code, said) = run(args, None);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(said.contains("LEDGER_URL") && said.contains("export LEDGER_URL=…"), "{args:?}: {said}");
    }
    assert!(
        !Path::new(home.path()).join(".switchboard/accounts.db").exists(),
        "no other ledger in its place"
    );
}
