//! `switchboard diff`: a board that runs, revisions of git, files; what is told, and what is not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;
#[path = "diff/processes.rs"]
mod processes;

use harness::{Running, program, stderr, stdout, switchboard};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const CONTRACT: &str = r#"openapi: 3.1.0
info: { title: Acme Orders, version: "1" }
paths:
  /orders:
    get:
      operationId: listOrders
      responses: { "200": { description: ok } }
    post:
      operationId: createOrder
      responses: { "201": { description: ok } }
  /orders/{id}:
    get:
      operationId: getOrder
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: ok } }
"#;

const BOARD: &str = r#"console = false
[listen.edge]
bind = "127.0.0.1:{port}"
[apis.orders]
contract = "contracts/orders.yaml"
[apis.orders.upstream]
urls       = "http://127.0.0.1:9"
credential = { header = "X-Key", value = "env:ACME_ORDERS_KEY" }
[apis.orders.offer.public]
at    = "/orders/v1"
plans = ["free"]
only  = ["GET *"]
[plans.free]
auth  = "key"
limit = "60/min"
"#;

/// What may be told nowhere.
const SECRET: &str = "diffSecret4Kq7Zw2Lm";

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("contracts")).unwrap();
    write(home.path(), "contracts/orders.yaml", CONTRACT);
    home
}

fn write(home: &Path, name: &str, text: &str) {
    std::fs::write(home.join(name), text).unwrap();
}

/// Replaces a text in a file that has it.
fn edit(home: &Path, name: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(home.join(name)).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    write(home, name, &text.replace(from, to));
}

fn diff(home: &Path, args: &[&str]) -> Output {
    let output = switchboard(home).arg("diff").args(args).output().unwrap();
    assert!(!format!("{}{}", stdout(&output), stderr(&output)).contains(SECRET), "{output:?}");
    output
}

/// Runs git for somebody whose settings are nobody's.
fn git(home: &Path, args: &[&str]) -> bool {
    let Some(git) = program("git") else { return false };
    let output = Command::new(git)
        .args(["-c", "user.name=Acme", "-c", "user.email=acme@acme.example", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(home)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?} {output:?}");
    true
}

#[test]
fn what_runs_and_what_is_written_are_compared_in_words() {
    let home = home();
    let (running, url) = serve(home, &[]);
    let home = running.home.path();
    let port = url.rsplit(':').next().unwrap().to_owned();
    assert!(running.command(&["consumer", "add", "globex", "--plan", "free"]).status.success());
    assert!(running.command(&["consumer", "add", "initech", "--plan", "free"]).status.success());
    // Whoever compares needs no secret.
    std::fs::remove_file(home.join("key.txt")).unwrap();
    let same = diff(home, &[]);
    assert_eq!(
        (same.status.code(), stdout(&same).as_str()),
        (Some(0), "nothing changes\n"),
        "{}",
        stderr(&same)
    );
    assert!(stderr(&same).contains(&format!("what runs: process {}", running.pid())), "{}", stderr(&same));
    // The board and its contract change; what runs stays as it was loaded.
    edit(home, "switchboard.toml", "only  = [\"GET *\"]\n", "cors = [\"https://shop.acme.example\"]\n");
    edit(home, "switchboard.toml", "limit = \"60/min\"", "limit = \"30/min\"\n[plans.web]\nauth = \"none\"");
    edit(home, "switchboard.toml", "plans = [\"free\"]", "plans = [\"free\", \"web\"]");
    edit(home, "switchboard.toml", "file:key.txt", "env:ACME_OTHER_KEY");
    edit(home, "contracts/orders.yaml", "schema: { type: string }", "schema: { type: integer }");
    let told = diff(home, &["--against", "running"]);
    assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
    insta::assert_snapshot!(stdout(&told).replace(&port, "PORT"), @r#"
    opens
      plan `web` lets anybody call `orders.public`, without a key
          anybody · switchboard.toml:11
      `orders.public` opens `createOrder`
          anybody; plan free, 2 consumers · was at switchboard.toml:12
      pages of `https://shop.acme.example` may call `orders.public`
          anybody; plan free, 2 consumers · switchboard.toml:12

    closes or breaks
      plan `free` may call less: `30/min`, was `60/min`
          plan free, 2 consumers · switchboard.toml:15
      contract, breaking: `getOrder` of `orders`: path parameter `id` in requests: type: was string, is integer
          shown by "a"
          plan free, 2 consumers · contracts/orders.yaml:14

    nobody can tell
      calls of `orders` carry another credential: field `x-key` from `env:ACME_OTHER_KEY`, was field `x-key` from `file:key.txt`
          anybody; plan free, 2 consumers · switchboard.toml:8

    changes besides
      plan `web` is new
          switchboard.toml:16

    3 opens, 2 closes, 1 unclear, 1 other
    "#);
    let json = diff(home, &["--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(rows[0]["effect"], "opens");
    let limit = rows.iter().find(|row| row["rule"] == "limit-tightened").unwrap();
    assert_eq!(limit["whom"]["consumers"], 2);
    assert_eq!((&limit["at"]["board"], &limit["at"]["file"]), (&"new".into(), &"switchboard.toml".into()));
    for (word, code) in [("opens", 12), ("other", 12)] {
        assert_eq!(diff(home, &["--fail-on", word]).status.code(), Some(code), "{word}");
    }
}

/// A board that runs with its secret.
fn serve(home: TempDir, args: &[&str]) -> (Running, String) {
    write(home.path(), "key.txt", SECRET);
    let board = BOARD.replace("env:ACME_ORDERS_KEY", "file:key.txt");
    Running::serve_with(home, &board, args)
}

#[test]
fn what_a_running_board_gives_over_its_socket_holds_no_secret_and_no_file_that_is_none_of_it() {
    let (running, _) = serve(home(), &[]);
    let socket = running.home.path().join(".switchboard/run.sock");
    let ask = |question: &[&str]| {
        let output = Command::new("curl")
            .args(["-s", "-m", "10", "-G", "http://run.sock/board", "--unix-socket"])
            .arg(&socket)
            .args(question.iter().flat_map(|member| ["--data-urlencode", member]))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let listed: serde_json::Value = serde_json::from_str(&ask(&[])).unwrap();
    let names: Vec<&str> =
        listed["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["switchboard.toml", "contracts/orders.yaml"]);
    assert!(!listed.to_string().contains(SECRET));
    let revision = listed["revision"].as_str().unwrap();
    for (name, revision, part) in [
        ("switchboard.toml", revision, "\"text\":"),
        ("contracts/orders.yaml", revision, "\"text\":"),
        ("key.txt", revision, "was not made from this file"),
        ("/etc/passwd", revision, "was not made from this file"),
        ("switchboard.toml", "0000000000000000", "loaded anew meanwhile"),
    ] {
        let said = ask(&[&format!("name={name}"), &format!("revision={revision}")]);
        assert!(said.contains(part), "{name} {said}");
        assert!(!said.contains(SECRET) && !said.contains("root:"), "{said}");
    }
}

#[test]
fn terms_that_stand_in_a_file_are_compared_with_those_of_the_running_board() {
    let home = home();
    write(home.path(), "key.txt", SECRET);
    write(home.path(), "terms.txt", "Be kind.\n");
    let board = BOARD.replace("env:ACME_ORDERS_KEY", "file:key.txt");
    let board = format!("{board}terms = \"terms.txt\"\n");
    let (running, _) = Running::serve_with(home, &board, &[]);
    let output = diff(running.home.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).is_empty() || stdout(&output).contains("nothing changes"), "{}", stdout(&output));
    write(running.home.path(), "terms.txt", "Be very kind.\n");
    let output = diff(running.home.path(), &[]);
    assert!(stdout(&output).contains("terms"), "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn a_revision_of_git_is_compared_with_what_lies_here_and_a_hook_is_not_run() {
    let home = home();
    let home = home.path();
    write(home, "switchboard.toml", &BOARD.replace("{port}", "8080"));
    write(home, ".gitignore", ".switchboard/\nstate/\n");
    if !git(home, &["init", "-q"]) {
        return;
    }
    git(home, &["add", "."]);
    git(home, &["commit", "-q", "-m", "a board"]);
    git(home, &["tag", "v1"]);
    assert_eq!(stdout(&diff(home, &[])), "nothing changes\n");
    // A program that a repository names for showing files is none of ours.
    write(home, ".gitattributes", "* diff=spy\n");
    git(home, &["config", "diff.spy.textconv", "touch spied; cat"]);
    edit(
        home,
        "contracts/orders.yaml",
        "  /orders/{id}:",
        "  /orders/{id}/lines:\n    get: { operationId: listLines, parameters: [{ name: id, in: path, required: true, schema: { type: string } }], responses: {} }\n  /orders/{id}:",
    );
    let told = diff(home, &[]);
    assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
    assert!(stdout(&told).contains("`orders.public` opens `listLines`, new in the contract\n      plan free, no consumer · contracts/orders.yaml:"), "{}", stdout(&told));
    assert!(stderr(&told).contains("compared with `HEAD`, commit "), "{}", stderr(&told));
    git(home, &["add", "."]);
    git(home, &["commit", "-q", "-m", "lines"]);
    assert_eq!(stdout(&diff(home, &[])), "nothing changes\n");
    for revision in ["v1", "HEAD~1"] {
        assert!(stdout(&diff(home, &["--against", revision])).contains("listLines"), "{revision}");
    }
    assert_eq!(diff(home, &["--against", "v1", "--fail-on", "opens"]).status.code(), Some(12));
    assert_eq!(
        diff(home, &["--against", "v1", "--fail-on", "opens", "--env", "prod"]).status.code(),
        Some(2)
    );
    assert!(!home.join("spied").exists());
}

#[test]
fn a_folder_and_a_file_are_compared_and_what_is_none_is_refused_with_what_to_do() {
    let (home, other) = (home(), home());
    let (home, other) = (home.path(), other.path());
    write(home, "switchboard.toml", &BOARD.replace("{port}", "8080"));
    write(other, "switchboard.toml", &BOARD.replace("{port}", "8080").replace("60/min", "90/min"));
    write(home, "switchboard.old.toml", &BOARD.replace("{port}", "8080").replace("60/min", "120/min"));
    let folder = other.to_string_lossy().into_owned();
    assert!(stdout(&diff(home, &["--against", &folder])).contains("`60/min`, was `90/min`"));
    assert!(stdout(&diff(home, &["--against", "switchboard.old.toml"])).contains("`60/min`, was `120/min`"));
    std::fs::create_dir(home.join("empty")).unwrap();
    write(home, "broken.toml", "[plans.free]\nauth = 'key'\nlimit = '0/min'\n");
    for (args, code, words) in [
        (&["--against", "empty"][..], 2, "there is no `switchboard.toml` in `empty`"),
        (
            &["--against", "no-such-thing"],
            2,
            "`no-such-thing` is no file, and this board lies in no git repository",
        ),
        (&["--against", "running"], 1, "this board does not run"),
        (&[], 2, "this board does not run, and lies in no git repository"),
        (&["--against", "broken.toml"], 2, "error[limit-of-zero]"),
        (&["--against", "contracts/orders.yaml"], 2, "cannot be compared"),
        (&["--fail-on", "everything"], 2, "invalid value"),
    ] {
        let told = diff(home, args);
        assert_eq!(told.status.code(), Some(code), "{args:?} {}", stderr(&told));
        assert!(stderr(&told).contains(words), "{args:?} {}", stderr(&told));
    }
    if !git(home, &["init", "-q"]) {
        return;
    }
    git(home, &["add", "switchboard.old.toml"]);
    git(home, &["commit", "-q", "-m", "no board yet"]);
    for (against, words) in [
        ("--against=v9", "`v9` is no file, and no revision of the repository"),
        ("--against=--output=spied", "no revision of the repository"),
        ("--against=HEAD", "there is no `switchboard.toml` in"),
    ] {
        let told = diff(home, &[against]);
        assert_eq!(told.status.code(), Some(2), "{against}");
        assert!(stderr(&told).contains(words), "{against} {}", stderr(&told));
    }
    assert!(!home.join("spied").exists());
}

#[test]
fn a_board_with_a_secret_in_clear_or_a_fault_is_not_compared() {
    let home = home();
    let home = home.path();
    write(home, "switchboard.toml", &BOARD.replace("{port}", "8080"));
    write(home, "old.toml", &BOARD.replace("{port}", "8080"));
    edit(home, "switchboard.toml", "env:ACME_ORDERS_KEY", &format!("{SECRET} {SECRET}"));
    let told = diff(home, &["--against", "old.toml"]);
    assert_eq!(told.status.code(), Some(2));
    assert!(stderr(&told).contains("literal-secret"), "{}", stderr(&told));
}

#[test]
fn scopes_and_ends_of_keys_terms_and_prices_are_told_with_whom_they_concern() {
    let (home, other) = (home(), home());
    let (home, other) = (home.path(), other.path());
    // Keys in git are digests; `k_…` names one in words.
    let digest = |digit: &str| digit.repeat(64);
    let key = |digit: &str, more: &str| format!("{{ sha256 = \"{}\"{more} }}", digest(digit));
    let account =
        |keys: &[String]| format!("[consumers.globex]\nplans = [\"free\"]\nkeys = [{}]\n", keys.join(", "));
    let plan = |more: &str| format!("limit = \"60/min\"\n{more}\n");
    let board = BOARD.replace("{port}", "8080");
    let with = |plan_more: &str, keys: &[String]| {
        format!("{}{}", board.replace("limit = \"60/min\"\n", &plan(plan_more)), account(keys))
    };
    let get = ", only = [\"getOrder\"], api = \"orders\"";
    let until = |year: &str| format!(", expires = \"{year}-01-01\"");
    write(home, "terms.txt", "Be kind.\n");
    write(other, "terms.txt", "Be kind.\n");
    for (was, is, effect, rule, words) in [
        (
            with("", &[key("1", "")]),
            with("", &[key("1", get)]),
            "closes",
            "key-scope",
            "is for something else",
        ),
        (with("", &[key("1", get)]), with("", &[key("1", "")]), "opens", "key-scope", "everything, before"),
        (
            with("", &[key("1", "")]),
            with("", &[key("1", &until("2090"))]),
            "closes",
            "key-scope",
            "until 2090-01-01",
        ),
        (
            with("", &[key("1", &until("2090"))]),
            with("", &[key("1", &until("2091"))]),
            "opens",
            "key-scope",
            "until 2091",
        ),
        (
            with("", &[key("1", "")]),
            with("", &[key("1", ""), key("2", get)]),
            "opens",
            "key-added",
            "getOrder of orders",
        ),
        (
            with("", &[]),
            with("terms = \"terms.txt\"", &[]),
            "closes",
            "terms-demanded",
            "`terms.txt` are accepted",
        ),
        (with("terms = \"terms.txt\"", &[]), with("", &[]), "opens", "terms-dropped", "asks nobody any more"),
        (
            with("terms = \"https://acme.example/t#1\"", &[]),
            with("terms = \"https://acme.example/t#2\"", &[]),
            "closes",
            "terms-changed",
            "accepted anew",
        ),
        (
            with("", &[]),
            with("price = \"0.005 EUR\"", &[]),
            "other",
            "price",
            "costs `0.005 EUR`, had no price",
        ),
        (
            with("price = \"0.005 EUR\"", &[]),
            with("price = \"1.50 EUR/1000\"", &[]),
            "other",
            "price",
            "costs `1.50 EUR/1000`, was `0.005 EUR`",
        ),
        (with("price = \"0.005 EUR\"", &[]), with("", &[]), "other", "price", "has no price any more"),
    ] {
        write(other, "switchboard.toml", &was);
        write(home, "switchboard.toml", &is);
        let told = diff(home, &["--against", &other.to_string_lossy(), "--format", "json"]);
        assert_eq!(told.status.code(), Some(0), "{words}: {}", stderr(&told));
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&told.stdout).unwrap();
        let [row] = rows.as_slice() else { panic!("{words}: one change, not {rows:#?}") };
        assert_eq!((&row["effect"], &row["rule"]), (&effect.into(), &rule.into()), "{row}");
        let what = row["what"].as_str().unwrap();
        assert!(what.contains(words), "{what}");
        // For whom: the consumer whose key it is, or who holds the plan.
        let whom = if rule.starts_with("key") { &row["consumer"] } else { &row["whom"]["plans"][0] };
        let wanted = if rule.starts_with("key") { "globex" } else { "free" };
        assert_eq!(whom, wanted, "{row}");
        assert!(row["at"]["line"].as_u64().is_some(), "{row}");
        assert!(!what.contains(&"1".repeat(64)), "a digest is no name: {what}");
    }
    // Terms in a file are changed by their words, while the board's file stays the same.
    let same = with("terms = \"terms.txt\"", &[]);
    write(other, "switchboard.toml", &same);
    write(home, "switchboard.toml", &same);
    write(home, "terms.txt", "Be very kind.\n");
    let told = stdout(&diff(home, &["--against", &other.to_string_lossy()]));
    assert!(
        told.starts_with("closes or breaks\n  plan `free` opens nothing until its terms are accepted anew"),
        "{told}"
    );
}
