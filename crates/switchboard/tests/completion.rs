//! Completion and manual pages as a person gets them: the scripts in real shells, over a real board.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "harness.rs"]
mod harness;

use harness::{BINARY, program, stderr, stdout, switchboard};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const CONTRACT: &str = "openapi: 3.1.0
info: {title: Orders of Acme, version: '1'}
servers: [{url: 'http://127.0.0.1:1'}]
paths:
  /orders:
    get:
      operationId: listOrders
      summary: List what was ordered
      tags: [orders]
      parameters:
        - {name: state, in: query, description: Only these, schema: {type: string, enum: [open, paid, sent], default: open}}
        - {name: page, in: query, required: true, schema: {type: integer, example: 3}}
        - {name: late, in: query, schema: {type: boolean}}
      responses: {'200': {description: ok}}
  /orders/{id}:
    get:
      operationId: getOrder
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: ok, content: {application/json: {}}}, default: {description: no}}
";

const BOARD: &str = "[listen.edge]\nbind = \"127.0.0.1:0\"\n\n[apis.orders]\ncontract = \"orders.yaml\"\n\n[apis.orders.upstream]\n\
    credential = { header = \"X-Key\", value = \"env:NOT_SET_ANYWHERE\" }\n\n[apis.orders.offer.public]\nat = \"/orders\"\nplans = [\"free\"]\n\n\
    [plans.free]\nauth = \"key\"\nlimit = \"60/min\"\n";

fn board() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("orders.yaml"), CONTRACT).unwrap();
    std::fs::write(home.path().join("switchboard.toml"), BOARD).unwrap();
    let added =
        switchboard(home.path()).args(["consumer", "add", "pocket", "--plan", "free"]).output().unwrap();
    assert!(added.status.success(), "{}", stderr(&added));
    home
}

/// What fits after these words; the last is as far as it was typed.
fn fits(home: &Path, words: &[&str]) -> Vec<String> {
    let output = switchboard(home).args(["complete", "fish", "--"]).args(words).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {}", stderr(&output));
    stdout(&output).lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn what_fits_comes_from_the_board_its_contract_and_its_consumers() {
    let home = board();
    let table: [(&[&str], &[&str]); 13] = [
        (&["us"], &["usage"]),
        (&["call", ""], &["orders."]),
        (&["call", "orders.l"], &["orders.listOrders"]),
        (&["call", "orders", ""], &["listOrders", "getOrder"]),
        (&["call", "orders.yaml", "get"], &["getOrder"]),
        (&["call", "orders.listOrders", ""], &["page=", "state=", "late="]),
        (&["call", "orders.listOrders", "page=1", ""], &["state=", "late="]),
        (&["call", "-m", "3", "orders.listOrders", "state=p"], &["state=paid"]),
        (&["call", "orders.listOrders", "late="], &["late=true", "late=false"]),
        (&["call", "orders.listOrders", "--check", ""], &["block", "report", "off"]),
        (&["log", "--who", ""], &["pocket"]),
        (&["key", "new", "po"], &["pocket"]),
        (&["call", "nothing.here", "x"], &[]),
    ];
    for (words, expected) in table {
        assert_eq!(fits(home.path(), words), expected, "{words:?}");
    }
    assert!(fits(home.path(), &["call", "--dry"]).contains(&"--dry-run".to_owned()));
}

/// A PATH on which the binary is found by its name.
fn path() -> String {
    let folder = Path::new(BINARY).parent().unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

#[test]
fn bash_completes_words_with_an_equals_sign_inside() {
    let Some(bash) = program("bash") else { return };
    let home = board();
    let script = r#"
        source <(switchboard completion bash)
        for line in "switchboard call orders.listOrders state=p" "switchboard call orders.get" "switchboard call orders.listOrders "; do
            COMP_LINE="$line"; COMP_POINT=${#line}; compopt() { :; }
            _switchboard; printf '%s;' "${COMPREPLY[@]}"; echo
        done"#;
    let mut command = Command::new(bash);
    command.current_dir(home.path()).env("PATH", path()).env("XDG_STATE_HOME", home.path().join("state"));
    let output = command.args(["--norc", "-c", script]).output().unwrap();
    assert_eq!(stdout(&output), "paid;\norders.getOrder;\npage=;state=;late=;\n", "{}", stderr(&output));
}

#[test]
fn fish_completes_with_descriptions() {
    let Some(fish) = program("fish") else { return };
    let home = board();
    let mut command = Command::new(fish);
    command.current_dir(home.path()).env("PATH", path()).env("XDG_STATE_HOME", home.path().join("state"));
    command.env("HOME", home.path());
    let script = "switchboard completion fish | source; complete -C 'switchboard call orders.'";
    let output = command.args(["-c", script]).output().unwrap();
    assert_eq!(
        stdout(&output),
        "orders.getOrder\norders.listOrders\tList what was ordered\norders.yaml\n",
        "{}",
        stderr(&output)
    );
}

#[test]
fn zsh_takes_the_script() {
    let Some(zsh) = program("zsh") else { return };
    let home = board();
    let mut command = Command::new(zsh);
    command.current_dir(home.path()).env("PATH", path()).env("XDG_STATE_HOME", home.path().join("state"));
    // Completion itself needs a terminal: what it is given is shown instead.
    let script = "compdef() { :; }; eval \"$(switchboard completion zsh)\"; _describe() { print -r -- $3 ${(P)3}; }; _files() { :; }; \
        words=(switchboard call orders.listOrders state=s); CURRENT=4; _switchboard; words=(switchboard call 'orders.'); CURRENT=3; _switchboard";
    let output = command.args(["-f", "-c", script]).output().unwrap();
    assert_eq!(
        stdout(&output),
        "closed state=sent:\nclosed orders.listOrders:List what was ordered orders.getOrder:\n",
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_api_and_an_operation_have_manual_pages() {
    let home = board();
    let page = |words: &[&str]| {
        let output = switchboard(home.path()).arg("call").args(words).arg("--help").output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let api = page(&["orders"]);
    for line in
        ["orders - Orders of Acme 1", "OPERATIONS: orders", "listOrders  GET /orders  List what was ordered"]
    {
        assert!(api.contains(line), "{line}\n{api}");
    }
    let operation = page(&["orders.listOrders"]);
    for line in [
        "GET /orders\n",
        "orders.yaml:6",
        "state  text (open, paid, sent) = open, in query (line ",
        "\n      Only these",
        "page  integer, in query, required",
        "switchboard call orders.listOrders page=3 --dry-run",
        "switchboard call orders.listOrders page=3",
    ] {
        assert!(operation.contains(line), "{line}\n{operation}");
    }
    assert!(page(&[]).contains("--each"), "the command's own page");
}
