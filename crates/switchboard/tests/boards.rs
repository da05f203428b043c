//! Making a board from the command line, and which board a command takes.
#![expect(clippy::expect_used, reason = "a command that does not run fails the test")]

mod harness;
#[path = "boards/pace.rs"]
mod pace;

use harness::{Running, stderr, stdout, switchboard};
use std::path::Path;

const CONTRACT: &str = r#"
openapi: 3.1.0
info: { title: Acme Orders API, version: "1" }
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses: { "200": { description: ok } }
"#;

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = switchboard(folder).args(args).output().expect("the binary runs");
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn init_and_add_make_a_board_that_check_likes_and_comments_stay() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path();
    std::fs::write(folder.join("openapi.yaml"), CONTRACT).expect("written");
    assert_eq!(run(folder, &["init"]).0, Some(0));
    assert_eq!(run(folder, &["init"]).0, Some(2), "a board that is there is left alone");
    let (code, patch, said) =
        run(folder, &["add", "openapi.yaml", "--upstream", "http://127.0.0.1:9001", "--offer", "free"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        patch.contains("+[apis.acme-orders]") && patch.contains("+contract = \"openapi.yaml\""),
        "{patch}"
    );
    let text = std::fs::read_to_string(folder.join("switchboard.toml")).expect("read");
    assert!(text.contains("# What an audience gets."), "comments stay: {text}");
    let (code, _, said) = run(folder, &["check"]);
    assert_eq!(code, Some(0), "{said}");
    let schema =
        std::fs::read_to_string(folder.join(".switchboard/board.schema.json")).expect("the editor's schema");
    assert!(schema.contains("getOrder"), "it knows this board's operations");
    let again = run(folder, &["add", "openapi.yaml"]);
    assert_eq!(again.0, Some(2), "{}", again.2);
    assert_eq!(
        std::fs::read_to_string(folder.join("switchboard.toml")).expect("read"),
        text,
        "nothing was changed"
    );
}

#[test]
fn what_would_break_the_board_is_not_written() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path();
    run(folder, &["init"]);
    let before = std::fs::read_to_string(folder.join("switchboard.toml")).expect("read");
    run(folder, &["add", "http://127.0.0.1:3000", "--name", "site", "--offer", "free", "--at", "/site"]);
    let between = std::fs::read_to_string(folder.join("switchboard.toml")).expect("read");
    assert_ne!(before, between);
    let (code, _, said) =
        run(folder, &["add", "http://127.0.0.1:3001", "--name", "other", "--offer", "free", "--at", "/site"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(std::fs::read_to_string(folder.join("switchboard.toml")).expect("read"), between);
}

#[test]
fn a_command_that_changes_something_never_takes_a_board_that_happens_to_run() {
    let running = Running::demo();
    for args in
        [&["check"][..], &["serve"], &["key", "new", "you"], &["consumer", "add", "x", "--plan", "free"]]
    {
        let output = running.command(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stdout(&output));
        assert!(stderr(&output).contains("no board here") && stderr(&output).contains("--board"), "{args:?}");
    }
    let looked = running.command(&["log"]);
    assert_eq!(looked.status.code(), Some(0));
    assert!(stderr(&looked).contains("using the demo that runs at"), "{}", stderr(&looked));
}

#[test]
fn a_key_for_the_boards_own_file_opens_it() {
    let home = tempfile::tempdir().expect("a folder");
    let (_, key, said) = run(home.path(), &["key", "new", "globex", "--in-file"]);
    let digest = said.lines().find(|line| line.starts_with("keys = ")).expect("the line to write");
    let board = format!(
        "[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n[console]\nbind = \"127.0.0.1:0\"\n\
         [apis.site.upstream]\nurls = \"http://127.0.0.1:9\"\n[apis.site.offer.all]\nat = \"/\"\nplans = [\"free\"]\n\
         [plans.free]\nauth = \"key\"\n[consumers.globex]\nplans = [\"free\"]\n{digest}\n"
    );
    let (_running, url) = Running::serve_with(home, &board, &[]);
    assert_eq!(harness::curl(&[&url]).status, 401);
    let opened = harness::curl(&["-H", &format!("X-Api-Key: {}", key.trim()), &url]);
    assert_eq!(
        (opened.status, opened.slug().as_str()),
        (502, "provider-unreachable"),
        "it got as far as the provider"
    );
}

#[test]
fn an_unknown_consumer_is_told_with_a_suggestion() {
    let running = Running::demo();
    let asked = running.command(&["explain", "GET", "/orders/v1/orders", "--as", "globx"]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(stderr(&asked).contains("did you mean `globex`?"), "{}", stderr(&asked));
}
