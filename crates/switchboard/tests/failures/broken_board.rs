//! A board's file that is broken while `serve` runs on with its last good board: a leaked key is revoked exactly then, and
//! nothing is ever done to a ledger that is not meant.

use crate::harness::postgres::Server;
use crate::harness::{Running, curl, database, program, stderr, stdout};
use crate::keys::{done, keyed, new_key};
use crate::reloads::rewrite;
use crate::served::{Beside, becomes, health};
use demo::Provider;
use std::process::Output;

const QUESTIONS: u32 = 25;

/// Breaks the file so that it is no TOML.
fn break_it(running: &Running) {
    rewrite(running, "[plans.open]", "[plans.open");
}

fn ids(running: &Running) -> Vec<String> {
    let list: serde_json::Value =
        serde_json::from_str(&done(running, &["key", "list", "--format", "json"])).unwrap();
    list.as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
}

/// It is refused with exit code 2, says this, and does nothing.
fn refused(output: &Output, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(stdout(output).is_empty(), "{}", stdout(output));
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// A board that runs, and the id of the one key that it issued.
fn with_a_key(provider: &Provider) -> (Running, String) {
    let (running, _) = Running::serve(&keyed(&provider.url()));
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    new_key(&running, "globex");
    let id = ids(&running).pop().unwrap();
    (running, id)
}

#[tokio::test]
async fn a_key_is_revoked_while_the_file_is_no_toml_and_the_board_runs_on() {
    if database::leaves_out_files() {
        return;
    }
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let ledger = "[ledger]\nfolder = \"books\"\n";
    let (running, url) = Running::serve(&format!("{}{ledger}", keyed(&provider.url())));
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    let key = new_key(&running, "globex");
    let field = format!("X-Api-Key: {key}");
    let status = || curl(&["-H", &field, &url]).status;
    becomes(QUESTIONS, "a new key opens", 200, status);
    break_it(&running);

    let id = ids(&running).pop().unwrap();
    let list = running.command(&["key", "list"]);
    let said = stderr(&list);
    assert!(said.contains("does not load") && said.contains("switchboard check"), "{said}");
    assert!(said.contains("books`, as what runs says"), "{said}");
    // Everything that needs the ledger or the socket alone.
    let works: &[&[&str]] = &[
        &["consumer", "list"],
        &["consumer", "show", "globex"],
        &["consumer", "audit"],
        &["consumer", "suspend", "globex"],
        &["consumer", "suspend", "globex", "--resume"],
        &["access", "list"],
        &["log", "--who", "globex"],
        &["usage"],
        &["limits", "globex"],
        &["key", "rotate", &id],
    ];
    for args in works {
        let output = running.command(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        assert_eq!(stderr(&output).matches("does not load").count(), 1, "{args:?}: {}", stderr(&output));
    }
    assert!(stdout(&running.command(&["log"])).contains("globex"));
    assert!(stdout(&running.command(&["usage"])).contains("globex"));
    becomes(QUESTIONS, "the consumer may call again", 200, status);
    assert!(done(&running, &["key", "revoke", &id]).contains(&format!("revoked {id} of globex")));
    becomes(QUESTIONS, "a revoked key does not open", 401, status);

    // What needs plans and APIs says so.
    let needs: &[&[&str]] = &[
        &["key", "new", "globex"],
        &["consumer", "add", "initech", "--plan", "open"],
        &["consumer", "set", "globex", "--plan", "open"],
        &["access", "request", "globex", "open"],
    ];
    for args in needs {
        refused(
            &running.command(args),
            &["needs the plans and APIs of the board", "`switchboard check` tells why"],
        );
    }
    refused(
        &running.command(&["consumer", "suspend", "infile"]),
        &["those of the board's file are not known"],
    );
}

#[tokio::test]
async fn without_a_process_the_ledger_is_where_the_file_says_as_far_as_it_can_be_read() {
    if database::leaves_out_files() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let (running, id) = with_a_key(&provider);
    // Stopped without its home being lost.
    let home = running.kill();
    let run = |args: &[&str]| crate::harness::switchboard(home.path()).args(args).output().unwrap();
    let file = home.path().join("switchboard.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    let write = |text: String| std::fs::write(&file, text).unwrap();

    // No TOML, and nobody to ask.
    write(good.replace("[plans.open]", "[plans.open"));
    refused(&run(&["key", "revoke", &id]), &["switchboard.toml:", "nothing runs that says it"]);
    // A table that may be a misspelt `[ledger]`.
    write(format!("{good}[leger]\nfolder = \"books\"\n"));
    refused(&run(&["key", "revoke", &id]), &["no key `leger`", "where its ledger is"]);
    // A `[ledger]` that cannot be read.
    write(format!("{good}[ledger]\nfolder = 7\n"));
    refused(&run(&["key", "revoke", &id]), &["switchboard.toml:", "where its ledger is"]);
    assert!(!home.path().join("books").exists());
    // Wrong elsewhere.
    write(good.replace("plans = [\"open\"]", "plans = [\"opne\"]"));
    let output = run(&["key", "revoke", &id]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains(".switchboard`, as its file says"), "{}", stderr(&output));
    assert!(stdout(&run(&["consumer", "audit"])).contains("key-revoked"));
}

#[tokio::test]
async fn of_two_ledgers_none_is_touched() {
    if database::leaves_out_files() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let (running, id) = with_a_key(&provider);

    // The file names another one than what runs has, and is broken besides.
    let file = running.home.path().join("switchboard.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{good}[ledger]\nfolder = \"moved\"\n[alerts.x]\n")).unwrap();
    let words = ["by the board's file it is in", "moved`", "by process ", ".switchboard`"];
    refused(&running.command(&["key", "revoke", &id]), &words);
    // Also when it was taken over: the ledger is the one that was opened.
    std::fs::write(&file, format!("{good}[ledger]\nfolder = \"moved\"\n")).unwrap();
    let revision = || health(&running)["revision"].as_str().unwrap().to_owned();
    let before = revision();
    running.signal("HUP");
    becomes(QUESTIONS, "the file is taken over", true, || revision() != before);
    break_it(&running);
    let output = running.command(&["key", "list"]);
    assert!(stdout(&output).contains(&id), "{}", stderr(&output));

    // Two processes with a ledger each.
    std::fs::write(&file, &good).unwrap();
    let overlay = running.home.path().join("switchboard.second.toml");
    let _second = Beside::serve_with(&running, "[ledger]\nfolder = \"second\"\n");
    assert!(std::fs::read_to_string(&overlay).unwrap().contains("second"));
    break_it(&running);
    let words = ["which ledger is meant cannot be told", "second`", ".switchboard`"];
    refused(&running.command(&["key", "revoke", &id]), &words);
    std::fs::write(&file, &good).unwrap();
    assert!(!done(&running, &["consumer", "audit"]).contains("key-revoked"), "nothing was done");
}

#[tokio::test]
async fn a_ledger_in_a_database_is_found_by_the_reference_that_the_process_has() {
    let Some(server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    let (running, _) = crate::database::serve(&keyed(&provider.url()), &server.url());
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    new_key(&running, "globex");
    break_it(&running);
    let id = ids(&running).pop().unwrap();
    let output = running.command(&["key", "revoke", &id]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("the database of `file:database-url`"), "{}", stderr(&output));
    std::fs::remove_file(running.home.path().join("database-url")).unwrap();
    refused(&running.command(&["key", "list"]), &["its secret `file:database-url` is missing"]);
}
