//! `--as CONSUMER`: through the running board, with the consumer's rights, in the record and the audit.

use crate::running::{Running, stderr, stdout};
use bytes::Bytes;
use demo::Provider;
use http::Response;

/// What the list of running things says of the demo.
fn entry(demo: &Running) -> serde_json::Value {
    let folder = demo.home.path().join("state/switchboard/running");
    let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    serde_json::from_slice(&std::fs::read(entry).unwrap()).unwrap()
}

fn board(demo: &Running) -> String {
    entry(demo)["board"].as_str().unwrap().to_owned()
}

#[test]
fn a_call_is_made_as_a_consumer_with_its_plans_and_stands_in_the_audit() {
    let demo = Running::demo();
    let call = |words: &[&str]| demo.command(&[&["call"], words].concat());
    let made =
        call(&["orders.getOrder", "orderId=4021", "--as", "initech", "--jq", ".id // .number // \"some\""]);
    assert_eq!(made.status.code(), Some(0), "{}{}", stdout(&made), stderr(&made));
    let log = demo.command(&["log", "--format", "json", "-n", "20"]);
    assert!(
        stdout(&log).contains("initech"),
        "the record names the consumer: {}{}",
        stdout(&log),
        stderr(&log)
    );
    let by_path = call(&["GET", "/orders/v1/orders/4021", "--as", "initech"]);
    assert_eq!(by_path.status.code(), Some(0), "{}", stderr(&by_path));
    // What its plan does not open stays closed.
    let closed = call(&["GET", "/internal/orders/orders/4021", "--as", "initech"]);
    assert_eq!(closed.status.code(), Some(4), "{}", stderr(&closed));
    assert!(
        stdout(&closed).contains("plan-missing") || stderr(&closed).contains("plan-missing"),
        "{}",
        stdout(&closed)
    );
    // Of several offers the one that its plan opens is taken.
    let added = demo.command(
        &["consumer", "add", "clerk", "--plan", "staff", "--board"]
            .iter()
            .copied()
            .chain([board(&demo).as_str()])
            .collect::<Vec<_>>(),
    );
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    let inside = call(&["orders.getOrder", "orderId=4021", "--as", "clerk", "-v", "--dry-run"]);
    assert!(
        stdout(&inside).contains("/internal/orders/orders/4021"),
        "{}{}",
        stdout(&inside),
        stderr(&inside)
    );
    let unknown = call(&["orders.getOrder", "orderId=4021", "--as", "initec"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("did you mean `initech`?"), "{}", stderr(&unknown));
    let away = call(&["http://127.0.0.1:1/x", "--as", "initech"]);
    assert_eq!(away.status.code(), Some(2), "{}", stderr(&away));
    assert!(stderr(&away).contains("a listener of this board alone"), "{}", stderr(&away));
    let socket = std::path::PathBuf::from(entry(&demo)["socket"].as_str().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let audit = runtime.block_on(async {
        let ledger = ledger::Ledger::open_read_only(socket.parent().unwrap()).await.unwrap();
        ledger.audit(None, 20).await.unwrap()
    });
    let acted: Vec<String> = audit
        .iter()
        .filter(|entry| entry.what == "acted-as")
        .map(|entry| {
            // By which way; behind it stands the system's user who runs the board.
            let (way, _) = entry.who.split_once(':').unwrap();
            format!("{way} {} {}", entry.subject, entry.detail)
        })
        .collect();
    assert_eq!(
        acted,
        [
            "cli initech GET orders.getOrder at orders.internal",
            "cli initech GET orders.getOrder at orders.public",
            "cli initech GET orders.getOrder at orders.public"
        ],
        "each call, and no other"
    );
}

#[test]
fn without_a_running_board_nothing_is_made_and_it_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("switchboard.toml"),
        "[listen.edge]\nbind = \"127.0.0.1:1\"\n[apis.open]\nupstream = { urls = [\"http://127.0.0.1:9\"] }\n\
         [apis.open.offer.all]\nat = \"/open\"\nplans = [\"free\"]\n[plans.free]\nauth = \"key\"\n\
         [consumers.acme]\nplans = [\"free\"]\nkeys = []\n",
    )
    .unwrap();
    let ended = crate::running::switchboard(home.path())
        .args(["call", "GET", "/open/x", "--as", "acme"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("switchboard serve"), "{}", stderr(&ended));
}

const SHOP: &str = "openapi: 3.1.0
info: {title: Shop, version: '1'}
components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}
security: [{key: []}]
paths:
  /thing:
    get:
      operationId: getThing
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {name: {type: string, enum: [lamp]}}, required: [name]}}}}}
";

/// A running board that offers `shop`, which is a mock, and `files`, which has a provider; `acme` may call both, `globex` none.
fn shop(provider: &str) -> Running {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("shop.yaml"), SHOP).unwrap();
    let board = format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n[apis.shop]\ncontract = \"shop.yaml\"\nmock = true\n\
         [apis.shop.offer.all]\nat = \"/shop\"\nplans = [\"free\"]\n\
         [apis.files]\nupstream = {{ urls = [\"{provider}\"] }}\n[apis.files.offer.all]\nat = \"/files\"\nplans = [\"free\"]\n\
         [plans.free]\nauth = \"key\"\n[plans.other]\nauth = \"key\"\n\
         [consumers.acme]\nplans = [\"free\"]\nkeys = []\n[consumers.globex]\nplans = [\"other\"]\nkeys = []\n"
    );
    Running::serve_with(home, &board, &[]).0
}

#[tokio::test]
async fn what_belongs_to_the_provider_alone_is_not_asked_for() {
    let provider = Provider::sink().start().await;
    let board = shop(&provider.url());
    let made = board.command(&["call", "shop.getThing", "--as", "acme"]);
    assert_eq!((made.status.code(), stdout(&made).contains("lamp")), (Some(0), true), "{}", stderr(&made));
    let refused = board.command(&["call", "shop.getThing", "--as", "globex"]);
    assert_eq!(refused.status.code(), Some(4), "{}", stderr(&refused));
    assert!(!stderr(&refused).contains("auth login"), "the gateway refused it: {}", stderr(&refused));
}

#[tokio::test]
async fn an_answer_for_a_consumer_is_received_as_any_other() {
    let provider = Provider::answering(|request| {
        let made = Response::builder().header("set-cookie", "sid=of-the-provider; Path=/");
        if request.headers().contains_key("range") {
            return made.status(206).header("content-range", "bytes 2-3/4").body(Bytes::from("cd")).unwrap();
        }
        // One byte of each: what is not unpacked stays as it came.
        made.header("content-encoding", "gzip")
            .header("content-type", "application/json")
            .body(Bytes::from("\u{1f}no-gzip"))
            .unwrap()
    })
    .start()
    .await;
    let board = shop(&provider.url());
    let call = |more: &[&str]| board.command(&[&["call", "GET", "/files/x", "--as", "acme"], more].concat());
    let raw = call(&["--format", "raw", "-c", "jar"]);
    assert_eq!(stdout(&raw), "\u{1f}no-gzip", "{}", stderr(&raw));
    let jar = std::fs::read_to_string(board.home.path().join("jar")).unwrap();
    assert!(jar.contains("of-the-provider"), "{jar}");
    std::fs::write(board.home.path().join("f"), "ab").unwrap();
    let went_on = call(&["-C", "-", "-o", "f"]);
    assert_eq!(std::fs::read_to_string(board.home.path().join("f")).unwrap(), "abcd", "{}", stderr(&went_on));
    let id = stdout(&board.command(&["log", "--format", "ndjson", "-n", "50"]));
    let mut rows = id.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let own = rows.rfind(|row| row["via"] == "call").unwrap();
    let shown = stdout(&board.command(&["log", own["call"].as_str().unwrap(), "--format", "json"]));
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["detail"]["response"]["body"], "cd", "{shown}");
}

#[test]
fn a_call_for_a_consumer_that_fails_leaves_its_trace() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("switchboard.toml"),
        "[listen.edge]\nbind = \"127.0.0.1:1\"\n[apis.open]\nupstream = { urls = [\"http://127.0.0.1:9\"] }\n\
         [apis.open.offer.all]\nat = \"/open\"\nplans = [\"free\"]\n[plans.free]\nauth = \"key\"\n\
         [consumers.acme]\nplans = [\"free\"]\nkeys = []\n",
    )
    .unwrap();
    let run = |words: &[&str]| crate::running::switchboard(home.path()).args(words).output().unwrap();
    let words = ["call", "GET", "/open/x", "--as", "acme", "--format", "envelope", "-w", "%{exitcode}"];
    let ended = run(&words);
    assert_eq!(ended.status.code(), Some(1), "{}", stderr(&ended));
    assert!(stdout(&ended).contains("\"outcome\"") && stdout(&ended).ends_with('1'), "{}", stdout(&ended));
    let listed = run(&["log", "--format", "ndjson"]);
    assert_eq!(stdout(&listed).lines().count(), 1, "{}{}", stdout(&listed), stderr(&listed));
}
