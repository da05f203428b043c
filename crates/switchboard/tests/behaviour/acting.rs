//! `--as CONSUMER`: through the running board, with the consumer's rights, in the record and the audit.

use crate::running::{Running, stderr, stdout};

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
        ledger.audit(20).await.unwrap()
    });
    let acted: Vec<String> = audit
        .iter()
        .filter(|entry| entry.what == "acted-as")
        .map(|entry| format!("{} {} {}", entry.who, entry.subject, entry.detail))
        .collect();
    assert_eq!(
        acted,
        [
            "cli initech GET /internal/orders/orders/4021",
            "cli initech GET /orders/v1/orders/4021",
            "cli initech GET /orders/v1/orders/4021"
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
