//! Scopes and ends of keys, terms, requests for plans: with the command line, on a board that runs; and what is refused.

use crate::harness::{Answer, Running, curl, program, stderr, stdout};
use crate::keys::done;
use crate::served::becomes;
use demo::Provider;

const QUESTIONS: u32 = 25;

const CONTRACT: &str = r#"{"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": {
    "/orders": {
        "get": {"operationId": "listOrders", "tags": ["public"], "responses": {"200": {"description": "ok"}}},
        "delete": {"operationId": "dropOrders", "responses": {"200": {"description": "ok"}}}}}}"#;

fn board(provider: &str) -> String {
    format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n\
         [apis.orders]\ncontract = \"orders.json\"\n\
         [apis.orders.upstream]\nurls = [\"{provider}\"]\n\
         [apis.orders.offer.all]\nat = \"/shop\"\nplans = [\"free\", \"gold\"]\n\
         [plans.free]\nauth = \"key\"\n\
         [plans.gold]\nauth = \"key\"\nprice = \"1.50 EUR/1000\"\nterms = \"terms.md\"\n\
         [consumers.infile]\nplans = [\"gold\"]\nowner = \"ops@infile.example\"\n"
    )
}

async fn start() -> Option<(Running, String)> {
    program("curl")?;
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("orders.json"), CONTRACT).unwrap();
    std::fs::write(home.path().join("terms.md"), "Be kind.\n").unwrap();
    // Kept until the test ends: nobody stops it before.
    let provider = Box::leak(Box::new(Provider::status(200).start().await));
    Some(Running::serve_with(home, &board(&provider.url()), &[]))
}

fn key(running: &Running, args: &[&str]) -> String {
    done(running, &[&["key", "new"], args].concat()).split_whitespace().next().unwrap().to_owned()
}

fn call(url: &str, method: &str, key: &str) -> Answer {
    curl(&["-X", method, "-H", &format!("X-Api-Key: {key}"), &format!("{url}/shop/orders")])
}

#[tokio::test]
async fn a_plan_is_asked_for_approved_and_opens_when_its_terms_are_accepted() {
    let Some((running, url)) = start().await else { return };
    done(&running, &["consumer", "add", "globex", "--plan", "free", "--owner", "ops@globex.example"]);
    done(&running, &["consumer", "add", "initech", "--plan", "free"]);
    let narrow = key(&running, &["globex", "--only", "tag:public", "--api", "orders", "--expires", "90d"]);
    becomes(QUESTIONS, "a new key opens what it is for", 200, || call(&url, "GET", &narrow).status);
    let outside = call(&url, "DELETE", &narrow);
    assert_eq!((outside.status, outside.slug().as_str()), (403, "outside-scope"), "{}", outside.body);

    // When it was used is kept, and the minute is shown.
    let listed = || {
        let text = done(&running, &["key", "list", "globex", "--format", "json"]);
        serde_json::from_str::<serde_json::Value>(&text).unwrap()[0].clone()
    };
    becomes(100, "its use is in the list", true, || listed()["used_ms"].as_u64().is_some());
    let entry = listed();
    assert_eq!(entry["used_ms"].as_u64().unwrap() % 60_000, 0);
    assert_eq!((&entry["only"][0], &entry["apis"][0]), (&"tag:public".into(), &"orders".into()));
    assert!(done(&running, &["key", "list"]).contains("only tag:public of orders"));

    // The plan with terms, for who holds no other.
    let set = done(&running, &["consumer", "set", "initech", "--plan", "gold", "--note", "pilot"]);
    assert_eq!(set, "changed initech\n");
    let gold = key(&running, &["initech"]);
    becomes(QUESTIONS, "its terms are not accepted", 403, || call(&url, "GET", &gold).status);
    let closed = call(&url, "GET", &gold);
    assert_eq!(closed.slug(), "terms-not-accepted", "{}", closed.body);
    let terms = closed.body.split_whitespace().find(|word| word.contains("/terms/gold")).unwrap();
    assert_eq!(curl(&[terms.trim_end_matches(',')]).body, "Be kind.\n");
    done(&running, &["consumer", "accept", "initech", "gold"]);
    becomes(QUESTIONS, "accepted they are", 200, || call(&url, "GET", &gold).status);
    std::fs::write(running.home.path().join("terms.md"), "Be very kind.\n").unwrap();
    done(&running, &["reload"]);
    becomes(QUESTIONS, "and not in another version", 403, || call(&url, "GET", &gold).status);

    // Asked for, pending, approved.
    let asked = done(&running, &["access", "request", "globex", "gold", "--note", "for the shop"]);
    assert_eq!(asked, "request 1: gold for globex\n");
    let list = done(&running, &["access", "list", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list[0]["state"], &list[0]["note"]), (&"pending".into(), &"for the shop".into()));
    assert!(!done(&running, &["consumer", "show", "globex"]).contains("gold"), "pending gives nothing");
    let approved = done(&running, &["access", "approve", "1"]);
    assert!(approved.contains("globex holds gold") && approved.contains("orders.all"), "{approved}");
    assert!(approved.contains(&format!("{url}/shop")) && approved.contains("2 operations"), "{approved}");
    let shown = done(&running, &["consumer", "show", "globex"]);
    assert!(shown.contains("free, gold") && shown.contains("ops@globex.example"), "{shown}");
    let all = done(&running, &["consumer", "list"]);
    assert!(all.contains("ops@infile.example") && all.contains("in the file"), "{all}");

    let audit = done(&running, &["consumer", "audit", "globex", "--format", "json"]);
    let audit: Vec<serde_json::Value> = serde_json::from_str(&audit).unwrap();
    let what: Vec<&str> = audit.iter().rev().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["consumer-added", "key-made", "access-requested", "access-approved"]);
    // As the system calls who ran it.
    let user = stdout(&std::process::Command::new("id").arg("-un").output().unwrap());
    let who = format!("cli:{}", user.trim());
    assert!(audit.iter().all(|entry| entry["who"] == who.as_str()), "{who}: {audit:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_reason_and_what_to_do() {
    let Some((running, _)) = start().await else { return };
    done(&running, &["consumer", "add", "globex", "--plan", "free"]);
    let refusals: &[(&[&str], &str, &str)] = &[
        (&["consumer", "add", "x", "--plan", "fre"], "there is no plan `fre`", "did you mean `free`?"),
        (&["consumer", "set", "globex", "--plan", "golld"], "there is no plan `golld`", "`gold`"),
        (&["consumer", "set", "globex"], "nothing is to be changed", "--owner"),
        (
            &["consumer", "add", "infile", "--plan", "free"],
            "the board's file has a consumer `infile`",
            "another name",
        ),
        (&["consumer", "suspend", "infile"], "is in the board's file", "suspended = true"),
        (&["consumer", "accept", "globex", "free"], "the plan `free` has no terms", "on the board"),
        (&["key", "new", "infile"], "is in the board's file", "--in-file"),
        (
            &["key", "new", "globex", "--only", "tag:publik"],
            "`tag:publik` names no operation",
            "`tag:public`",
        ),
        (&["key", "new", "globex", "--only", "PUT *"], "`PUT *` names no operation", "GET"),
        (&["key", "new", "globex", "--api", "order"], "there is no API `order`", "`orders`"),
        (&["key", "new", "globex", "--expires", "2026-01-01"], "ended at 2026-01-01 00:00 UTC", "2027"),
        (&["key", "new", "globex", "--expires", "-5d"], "cannot end -5d from now", "90d"),
        (&["key", "new", "globex", "--expires", "0s"], "would open nothing", "90d"),
        (&["key", "new", "globex", "--expires", "2027-02-30"], "is no day of the calendar", "2027-01-01"),
        (&["key", "new", "globex", "--expires", "soon"], "is no period", "90s"),
        (&["access", "request", "globex", "free"], "holds the plan `free` already", "nothing"),
        (&["access", "request", "infile", "free"], "is in the board's file", "plans"),
        (&["access", "request", "globx", "gold"], "there is no consumer `globx`", "`globex`"),
        (&["access", "approve", "7"], "there is no request 7", "access list"),
    ];
    for (args, what, help) in refusals {
        let output = running.command(args);
        let said = stderr(&output);
        assert!(!output.status.success() && stdout(&output).is_empty(), "{args:?}: {}", stdout(&output));
        assert!(said.contains(what) && said.contains(help), "{args:?}: {said}");
    }
    assert_eq!(done(&running, &["key", "list", "--format", "json"]), "[]\n", "nothing was made");
    let audit = done(&running, &["consumer", "audit", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&audit).unwrap().len(), 1, "{audit}");
}
