//! The personal board: its APIs are called from every folder, and what lies nearer counts first.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "harness.rs"]
mod harness;

use harness::{stderr, stdout, switchboard};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CONTRACT: &str = "openapi: 3.1.0
info: {title: Notes of Acme, version: '1'}
servers: [{url: 'http://127.0.0.1:9'}]
paths:
  /notes:
    get:
      operationId: listNotes
      parameters: [{name: state, in: query, schema: {type: string, enum: [open, done]}}]
      responses: {'200': {description: ok}}
";

/// A home with a personal board that has the API `notes`, and a folder to stand in.
fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let own = home.path().join("config/switchboard");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("notes.yaml"), CONTRACT).unwrap();
    std::fs::write(own.join("switchboard.toml"), "[apis.notes]\ncontract = \"notes.yaml\"\n").unwrap();
    let here = home.path().join("somewhere/else");
    std::fs::create_dir_all(&here).unwrap();
    (home, here)
}

/// A board in the folder, with the APIs of these names at these ports.
fn board(folder: &Path, apis: &[(&str, u16)]) {
    let all: Vec<String> = apis
        .iter()
        .map(|(name, port)| format!("[apis.{name}]\ncontract = \"own.yaml\"\n[apis.{name}.upstream]\nurls = [\"http://127.0.0.1:{port}\"]\n"))
        .collect();
    std::fs::write(folder.join("own.yaml"), CONTRACT).unwrap();
    std::fs::write(folder.join("switchboard.toml"), all.join("\n")).unwrap();
}

fn run(home: &Path, here: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = switchboard(home).current_dir(here).args(words).output().unwrap();
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn every_folder_can_call_what_the_personal_board_has() {
    let (home, here) = home();
    let table: [(&[&str], &str); 6] = [
        (&["call", "notes.listNotes", "state=open", "--dry-run"], "GET /notes?state=open HTTP/1.1"),
        (&["call", "notes", "--help"], "Notes of Acme"),
        (&["call", "notes.listNotes", "--help"], "state"),
        (&["complete", "fish", "--", "call", ""], "notes."),
        (&["complete", "fish", "--", "call", "notes.listNotes", "state="], "state=done"),
        (&["auth", "status"], "notes  no login"),
    ];
    for (words, expected) in table {
        let (code, out, said) = run(home.path(), &here, words);
        assert!(code == Some(0) && out.contains(expected), "{words:?}: {code:?}\n{out}{said}");
    }
    // Nothing ran there yet: what is missing is missing on the personal board.
    let (code, _, said) = run(home.path(), &here, &["log"]);
    assert!(code == Some(0) || said.contains("config/switchboard/.switchboard"), "{code:?} {said}");
}

#[test]
fn in_a_folder_with_a_board_both_are_there_and_the_nearer_one_counts_first() {
    let (home, here) = home();
    board(&here, &[("orders", 1)]);
    let (_, out, _) = run(home.path(), &here, &["complete", "fish", "--", "call", ""]);
    assert_eq!(
        out.lines().map(|line| line.split('\t').next().unwrap()).collect::<Vec<_>>(),
        ["orders.", "notes."]
    );
    let host = |words: &[&str]| {
        let (code, out, said) = run(home.path(), &here, words);
        assert_eq!(code, Some(0), "{words:?}: {said}");
        out.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned)).unwrap()
    };
    assert_eq!(host(&["call", "orders.listNotes", "--dry-run"]), "127.0.0.1:1");
    assert_eq!(host(&["call", "notes.listNotes", "--dry-run"]), "127.0.0.1:9");
    board(&here, &[("orders", 1), ("notes", 2)]);
    assert_eq!(host(&["call", "notes.listNotes", "--dry-run"]), "127.0.0.1:2");
    // A board that is named stands alone.
    board(&here, &[("orders", 1)]);
    let (code, _, said) = run(home.path(), &here, &["--board", ".", "call", "notes", "--dry-run"]);
    assert_eq!(code, Some(2), "{said}");
}

#[tokio::test]
async fn a_call_of_the_personal_board_is_of_its_board_in_every_way() {
    let (home, here) = home();
    let own = home.path().join("config/switchboard");
    let provider = demo::Provider::status(401).start().await;
    let contract = CONTRACT.replace(
        "paths:",
        "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}\nsecurity: [{key: []}]\npaths:",
    );
    std::fs::write(own.join("notes.yaml"), contract).unwrap();
    let text = format!(
        "[listen.edge]\nbind = \"127.0.0.1:2222\"\n[apis.notes]\ncontract = \"notes.yaml\"\nupstream = {{ urls = [\"{}\"] }}\n\
         [apis.notes.offer.all]\nat = \"/notes\"\nplans = [\"free\"]\n[plans.free]\nauth = \"key\"\n\
         [consumers.acme]\nplans = [\"free\"]\nkeys = []\n",
        provider.url()
    );
    std::fs::write(own.join("switchboard.toml"), text).unwrap();
    // Without a board here, and beside one.
    for beside in [false, true] {
        if beside {
            board(&here, &[("orders", 1)]);
        }
        let (code, _, said) = run(home.path(), &here, &["call", "notes.listNotes"]);
        assert!(
            code == Some(4) && said.contains("switchboard auth login notes"),
            "{beside}: {code:?} {said}"
        );
        let (_, out, said) = run(home.path(), &here, &["log", "--format", "ndjson"]);
        assert!(out.contains("\"api\":\"notes\""), "{beside}: {out}{said}");
        let (code, _, said) = run(home.path(), &here, &["call", "notess.listNote"]);
        assert!(code == Some(2) && said.contains("did you mean `notes.listNotes`?"), "{beside}: {said}");
        let (code, out, said) =
            run(home.path(), &here, &["call", "notes.listNotes", "--as", "acme", "--dry-run"]);
        assert!(code == Some(0) && out.contains("host: localhost:2222\n"), "{beside}: {code:?} {out}{said}");
    }
}
