//! Words that name nothing, and numbers out of bounds: refused with exit code 2, the reason and what to do; and what changes
//! nothing the second time.

use crate::harness::{Running, curl, program, stderr, stdout};
use crate::keys::{done, new_key};
use crate::served::becomes;
use demo::Provider;
use serde_json::Value;

const CONTRACT: &str = r#"{"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": {
    "/orders": {
        "get": {"operationId": "getOrder", "responses": {"200": {"description": "ok"}}},
        "delete": {"operationId": "users.drop", "responses": {"200": {"description": "ok"}}}}}}"#;

/// A board with an API of a contract; `globex` holds two plans, `initech` one of them.
fn start(provider: &str) -> (Running, String) {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("orders.json"), CONTRACT).unwrap();
    std::fs::write(home.path().join("terms.md"), "Be kind.\n").unwrap();
    let board = format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n\
         [apis.orders]\ncontract = \"orders.json\"\n[apis.orders.upstream]\nurls = [\"{provider}\"]\n\
         [apis.orders.offer.all]\nat = \"/shop\"\nplans = [\"free\", \"gold\"]\n\
         [plans.free]\nauth = \"key\"\nlimit = \"600/min per key\"\n\
         [plans.gold]\nauth = \"key\"\nterms = \"terms.md\"\n\
         [consumers.infile]\nplans = [\"gold\"]\n\
         keys = [{{ sha256 = \"{}\", expires = \"2099-01-01\" }}]\n",
        "ab".repeat(32)
    );
    let (running, url) = Running::serve_with(home, &board, &[]);
    done(&running, &["consumer", "add", "globex", "--plan", "free", "--plan", "gold"]);
    done(&running, &["consumer", "add", "initech", "--plan", "free"]);
    (running, url)
}

fn json(running: &Running, args: &[&str]) -> Value {
    serde_json::from_str(&done(running, &[args, &["--format", "json"]].concat())).unwrap()
}

fn key_of(running: &Running, consumer: &str) -> String {
    new_key(running, consumer);
    let keys = json(running, &["key", "list", consumer]);
    keys.as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_names_nothing_is_exit_2_for_every_verb() {
    let provider = Provider::status(200).start().await;
    let (running, _) = start(&provider.url());
    let (own, other) = (key_of(&running, "globex"), key_of(&running, "initech"));
    let gone = key_of(&running, "globex");
    done(&running, &["key", "revoke", &gone]);
    done(&running, &["access", "request", "initech", "gold"]);
    done(&running, &["access", "deny", "1", "--reason", "not yet"]);
    let near = format!("{own}x");
    let refusals: &[(&[&str], &str)] = &[
        (&["consumer", "add", "Bad Name", "--plan", "free"], "cannot be a consumer's name"),
        (&["consumer", "add", "globex", "--plan", "free"], "there is a consumer `globex` already"),
        (&["consumer", "add", "acme", "--plan", "fre"], "did you mean `free`?"),
        (&["consumer", "set", "globx", "--plan", "free"], "did you mean `globex`?"),
        (&["consumer", "accept", "globx", "gold"], "did you mean `globex`?"),
        (&["consumer", "accept", "globex", "golld"], "did you mean `gold`?"),
        (&["consumer", "show", "globx"], "did you mean `globex`?"),
        (&["consumer", "suspend", "globx"], "did you mean `globex`?"),
        (&["consumer", "suspend", "globx", "--resume"], "did you mean `globex`?"),
        (&["consumer", "audit", "-n", "0"], "1..=10000"),
        (&["consumer", "audit", "-n", "10001"], "1..=10000"),
        (&["key", "new", "globx"], "did you mean `globex`?"),
        (&["key", "list", "globx"], "did you mean `globex`?"),
        (&["key", "rotate", &near], &own),
        (&["key", "rotate", &gone], "is revoked"),
        (&["key", "rotate", &own, "--overlap", "soon"], "is no period"),
        (&["key", "rotate", &own, "--expires", "2020-01-01"], "would open nothing"),
        (&["key", "revoke", &near], &own),
        (&["usage", "--api", "ordres"], "did you mean `orders`?"),
        (&["usage", "--operation", "getOrdr"], "did you mean `getOrder`?"),
        (&["usage", "--operation", "orders.getOrdr"], "did you mean `getOrder`?"),
        (&["usage", "--consumer", "globx"], "did you mean `globex`?"),
        (&["usage", "--since", "soon"], "is no period"),
        (&["usage", "--by", "nothing"], "nothing"),
        (&["usage", "export", "--period", "soon"], "soon"),
        (&["log", "c_none"], "is no id of a call"),
        (&["log", "c_0000000000000"], "there is no call `c_0000000000000`"),
        (&["log", "repeat", "c_0000000000000"], "there is no call"),
        (&["log", "diff", "c_0000000000000", "c_0000000000000"], "there is no call"),
        (&["log", "-n", "1001"], "0..=1000"),
        (&["log", "-n", "-1"], "-1"),
        (&["log", "-f", "--format", "json"], "ndjson"),
        (&["log", "-f", "--format", "table"], "ndjson"),
        (&["log", "--api", "ordres"], "did you mean `orders`?"),
        (&["log", "--operation", "orders.getOrdr"], "did you mean `getOrder`?"),
        (&["log", "--who", "globx"], "did you mean `globex`?"),
        (&["log", "--reason", "over-limt"], "did you mean `over-limit`?"),
        (&["log", "--status", "999"], "is no status"),
        (&["log", "--before", "c_none"], "is no id of a call"),
        (&["limits", "globx"], "did you mean `globex`?"),
        (&["limits", "globex", "--plan", "golld"], "did you mean `gold`?"),
        (&["limits", "globex", "--plan", "nosuch"], "there is no plan `nosuch`"),
        (&["limits", "globex", "--key", "k_nosuch"], "there is no key `k_nosuch`"),
        (&["limits", "globex", "--key", &near], &own),
        (&["limits", "globex", "--key", &other], "is of `initech`"),
        (&["limits", "globex", "--api", "ordres"], "did you mean `orders`?"),
        (&["limits", "globex", "--operation", "orders.getOrdr"], "did you mean `getOrder`?"),
        (&["access", "request", "globx", "gold"], "did you mean `globex`?"),
        (&["access", "request", "initech", "golld"], "did you mean `gold`?"),
        (&["access", "request", "globex", "free"], "holds the plan `free` already"),
        (&["access", "approve", "7"], "there is no request 7"),
        (&["access", "approve", "1"], "was denied already"),
        (&["access", "deny", "7", "--reason", "none"], "there is no request 7"),
        (&["access", "deny", "1", "--reason", "none"], "was denied already"),
        (&["reload", "now"], "now"),
        (&["--env", "nosuch", "reload"], "switchboard.nosuch.toml"),
        (&["diff", "--against", "nosuch"], "nosuch"),
        (&["diff", "--fail-on", "nothing"], "nothing"),
    ];
    let audit = done(&running, &["consumer", "audit"]);
    for (args, words) in refusals {
        let output = running.command(args);
        let said = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
    assert_eq!(done(&running, &["consumer", "audit"]), audit, "nothing was done");
    // What may work later or elsewhere is 1: here nothing runs any more.
    let home = running.kill();
    for args in [&["limits", "globex"][..], &["reload"], &["diff", "--against", "running"]] {
        let output = crate::harness::switchboard(home.path()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", stderr(&output));
    }
}

#[tokio::test]
async fn an_operation_is_found_by_the_word_that_explain_prints() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let (running, url) = start(&provider.url());
    let field = format!("X-Api-Key: {}", new_key(&running, "initech"));
    let call = |method: &str| curl(&["-X", method, "-H", &field, &format!("{url}/shop/orders")]).status;
    becomes(25, "the key opens", 200, || call("GET"));
    assert_eq!(call("DELETE"), 200);
    let paths = |args: &[&str]| {
        let rows = json(&running, &[&["log", "--status", "200"], args].concat());
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["method"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let both = || paths(&[]);
    becomes(50, "both are written", vec!["GET".to_owned(), "DELETE".to_owned()], both);
    for (args, found) in [
        (&["--operation", "getOrder"][..], "GET"),
        (&["--operation", "orders.getOrder"], "GET"),
        (&["--api", "orders", "--operation", "orders.getOrder"], "GET"),
        (&["--operation", "users.drop"], "DELETE"),
        (&["--operation", "orders.users.drop"], "DELETE"),
    ] {
        assert_eq!(paths(args), [found], "{args:?}");
        let usage = json(&running, &[&["usage", "--by", "operation"], args].concat());
        assert_eq!(usage.as_array().unwrap().len(), 1, "{args:?}: {usage}");
    }
    done(&running, &["limits", "initech", "--operation", "orders.getOrder"]);
    assert_eq!(json(&running, &["log", "-n", "0"]), serde_json::json!([]));
    assert_eq!(stderr(&running.command(&["log", "-n", "0"])), "");
    assert_eq!(json(&running, &["log", "-n", "1"]).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_so_already_is_said_and_stands_in_the_audit_once() {
    let provider = Provider::status(200).start().await;
    let (running, _) = start(&provider.url());
    let id = key_of(&running, "globex");
    for (args, first, again) in [
        (&["consumer", "suspend", "globex"][..], "suspended globex", "globex is suspended already"),
        (&["consumer", "suspend", "globex", "--resume"], "resumed globex", "globex is not suspended"),
        (&["key", "revoke", &id], "revoked k_", "of globex is revoked already, since 20"),
    ] {
        assert!(done(&running, args).contains(first), "{args:?}");
        let before = json(&running, &["consumer", "audit"]);
        let said = done(&running, args);
        assert!(said.contains(again), "{args:?}: {said}");
        assert_eq!(json(&running, &["consumer", "audit"]), before, "{args:?}");
    }
}

#[tokio::test]
async fn a_consumer_is_shown_with_the_ends_of_its_keys_and_its_terms() {
    let provider = Provider::status(200).start().await;
    let (running, _) = start(&provider.url());
    done(&running, &["key", "new", "globex", "--expires", "2099-02-01", "--only", "GET *"]);
    let shown = json(&running, &["consumer", "show", "globex"]);
    assert_eq!((&shown["name"], &shown["keys"]), (&"globex".into(), &1.into()));
    let key = &shown["key_list"][0];
    assert_eq!(key["expires_ms"], exchange::day_ms("2099-02-01").unwrap());
    assert_eq!(key["only"][0], "GET *");
    assert_eq!(
        (&shown["terms"][0]["plan"], &shown["terms"][0]["state"]),
        (&"gold".into(), &"missing".into())
    );
    let text = done(&running, &["consumer", "show", "globex"]);
    assert!(text.contains("ends 2099-0") && text.contains("not accepted: the plan opens nothing"), "{text}");

    done(&running, &["consumer", "accept", "globex", "gold"]);
    let term = &json(&running, &["consumer", "show", "globex"])["terms"][0];
    assert_eq!(term["state"], "accepted", "{term}");
    assert!(term["version"].as_str().unwrap().starts_with("sha256:") && term["at_ms"].is_u64(), "{term}");
    assert!(done(&running, &["consumer", "show", "globex"]).contains("accepted 20"));
    std::fs::write(running.home.path().join("terms.md"), "Be very kind.\n").unwrap();
    assert_eq!(json(&running, &["consumer", "show", "globex"])["terms"][0]["state"], "changed");
    assert!(done(&running, &["consumer", "show", "globex"]).contains("have changed since"));

    let text = done(&running, &["consumer", "show", "infile"]);
    assert!(text.contains("in the file  ends 2099-01-01"), "{text}");
    let key = &json(&running, &["consumer", "show", "infile"])["key_list"][0];
    assert_eq!((&key["in_file"], key["expires_ms"].is_u64()), (&true.into(), true));
}
