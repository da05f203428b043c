//! A board that cannot run starts nothing at all: exit 2 for what is written wrong, 1 for what the machine does not give.

use crate::harness::{free_port, stderr, switchboard};
use crate::served::board;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;

/// Serves this text; the process must end by itself.
fn refused(home: &Path, text: &str) -> Output {
    std::fs::write(home.join("switchboard.toml"), text).unwrap();
    switchboard(home).arg("serve").output().unwrap()
}

fn nothing_was_started(home: &Path, port: u16) {
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody listens");
    let listed = std::fs::read_dir(home.join("state/switchboard/running")).into_iter().flatten().count();
    assert_eq!(listed, 0, "nothing is listed as running");
    assert!(!home.join(".switchboard/run.sock").exists());
}

#[test]
fn a_broken_board_says_everything_at_once_and_exits_2() {
    let port = free_port();
    let good = board("http://127.0.0.1:9", "", "").replace("{port}", &port.to_string());
    for (text, said) in [
        ("this is no TOML".to_owned(), vec!["switchboard.toml:1"]),
        (format!("{good}[surprise]\n"), vec!["surprise"]),
        (good.replace("plans = [\"open\"]", "plans = [\"opem\"]"), vec!["opem", "did you mean"]),
        (
            good.replace("urls", "credential = \"env:NOT_SET_ONE\"\nurls")
                + "[plans.x]\nauth = \"nonsense\"\n",
            vec!["NOT_SET_ONE", "nonsense"],
        ),
        (
            good.replace(
                "[apis.acme.upstream]",
                "[apis.acme]\ncontract = \"gone.yaml\"\n[apis.acme.upstream]",
            ),
            vec!["gone.yaml"],
        ),
        (good.replace("127.0.0.1:9\"", "\""), vec!["urls"]),
    ] {
        let home = tempfile::tempdir().unwrap();
        let output = refused(home.path(), &text);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}\n{errors}");
        for words in said {
            assert!(errors.contains(words), "`{words}` is not in:\n{errors}");
        }
        assert!(output.stdout.is_empty());
        assert!(!home.path().join(".switchboard").exists(), "not even the state folder is made:\n{text}");
        nothing_was_started(home.path(), port);
    }
}

#[test]
fn a_taken_port_is_named_with_who_has_it_and_exits_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = (taken.local_addr().unwrap().port(), taken);
    let free = free_port();
    let owner = format!("process {}", std::process::id());
    let good = board("http://127.0.0.1:9", "", "");
    for (what, text) in [
        ("a listener", good.replace("{port}", &taken.0.to_string())),
        (
            "the second listener",
            good.replace("{port}", &free.to_string())
                + &format!("[listen.inside]\nbind = \"127.0.0.1:{}\"\n", taken.0),
        ),
        (
            "the console",
            good.replace("{port}", &free.to_string())
                .replace("console = false", &format!("console = {{ bind = \"127.0.0.1:{}\" }}", taken.0)),
        ),
    ] {
        let home = tempfile::tempdir().unwrap();
        let output = refused(home.path(), &text);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{what}: {errors}");
        assert!(errors.contains("is taken by") && errors.contains(&owner), "{what}: {errors}");
        nothing_was_started(home.path(), free);
    }
}

#[test]
fn a_ledger_that_cannot_be_used_is_told_with_what_to_do() {
    let port = free_port();
    let good = board("http://127.0.0.1:9", "", "").replace("{port}", &port.to_string());
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".switchboard")).unwrap();
    for name in ["accounts.db", "usage.db"] {
        let file = home.path().join(".switchboard").join(name);
        std::fs::write(&file, "this is no database, and longer than a head of one: ".repeat(20)).unwrap();
        let output = refused(home.path(), &good);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(name) && errors.contains("move `"), "{errors}");
        nothing_was_started(home.path(), port);
        std::fs::remove_file(file).unwrap();
    }
}
