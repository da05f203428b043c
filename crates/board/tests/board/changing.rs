//! What changes for whom between two boards, in the words that people read.

use crate::harness::World;
use board::{Board, Change, Effect, Side, changes};
use exchange::{ConsumerName, ConsumerRow, PlanName};

const ORDERS: &str = include_str!("orders.yaml");

/// A board with one of everything.
pub(crate) const BASE: &str = r#"
[listen.edge]
bind = "127.0.0.1:8080"

[apis.orders]
contract = "orders.yaml"

[apis.orders.upstream]
urls = "https://orders.acme.example/v1"

[apis.orders.offer.public]
at    = "/orders"
plans = ["free"]
only  = ["tag:public"]

[apis.orders.offer.staff]
at    = "/staff/orders"
plans = ["staff"]

[plans.free]
auth  = "key"
limit = "60/min"

[plans.staff]
auth = "key"

[consumers.globex]
plans = ["free"]
keys  = ["sha256:1111111111111111111111111111111111111111111111111111111111111111"]
"#;

fn world(board: &str) -> World {
    World::with(board).file("orders.yaml", ORDERS).variable("KEY", "sunny").variable("OTHER", "rainy")
}

fn consumer(name: &str, plans: &[&str]) -> ConsumerRow {
    let plans = plans.iter().map(|plan| PlanName::new(plan)).collect();
    ConsumerRow { name: ConsumerName::new(name), plans, suspended: false, accepted: Vec::new() }
}

/// Two consumers of the ledger, one of them of plan `free`.
fn others() -> Vec<ConsumerRow> {
    vec![consumer("pocket", &["free"]), consumer("desk", &["staff"])]
}

pub(crate) fn line(change: &Change) -> String {
    let place = change.at.as_ref().map_or_else(String::new, |(side, origin)| {
        format!(" @ {}{origin}", if *side == Side::Old { "old " } else { "" })
    });
    let whom = change.whom.to_string();
    let whom = if whom.is_empty() { whom } else { format!(" ({whom})") };
    format!("{} {}: {}{whom}{place}", change.effect, change.rule, change.what)
}

fn told(old: &Board, new: &Board) -> String {
    changes(old, new, &others()).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The base board with a text in it replaced.
fn with(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "{from}");
    BASE.replace(from, to)
}

#[test]
fn a_board_is_no_change_of_itself_however_it_is_written() {
    let base = world(BASE).board();
    assert_eq!(changes(&base, &base, &others()), []);
    let other = BASE
        .replace("[apis.orders.upstream]\nurls = ", "# a comment\n[apis.orders.upstream]\nurls=")
        .replace("only  = [\"tag:public\"]", "except = [\"POST *\"]")
        .replace("limit = \"60/min\"", "limit = [\"60/min burst 60\"]");
    assert_eq!(told(&base, &world(&other).board()), "");
}

#[test]
fn each_change_is_told_in_words_with_whom_it_concerns() {
    let only = "only  = [\"tag:public\"]";
    let upstream = "urls = \"https://orders.acme.example/v1\"";
    let more = |text: &str| format!("{BASE}\n{text}");
    let cases = [
        ("an operation opens", with(only, "only = [\"tag:public\", \"createOrder\"]")),
        ("an operation closes", with(only, "only = [\"getOrder\"]")),
        ("a plan enters", with("plans = [\"free\"]\nonly", "plans = [\"free\", \"staff\"]\nonly")),
        ("a plan is swapped", with("plans = [\"free\"]\nonly", "plans = [\"staff\"]\nonly")),
        ("auth is dropped", with("auth  = \"key\"\nlimit", "auth  = \"none\"\nlimit")),
        ("more calls", with("60/min", "120/min")),
        ("fewer calls", with("60/min", "30/min")),
        ("no limit", with("limit = \"60/min\"", "")),
        ("a soft limit", with("60/min", "60/min soft")),
        ("a quota more", with("limit = \"60/min\"", "limit = \"60/min\"\nquota = \"1000/month\"")),
        ("a key per key", with("60/min", "60/min per key")),
        ("costs", with(only, "only = [\"tag:public\"]\ncost = { getOrder = 5 }")),
        (
            "an offer is new",
            more("[apis.orders.offer.web]\nat = \"/web\"\nplans = [\"web\"]\n[plans.web]\nauth = \"none\""),
        ),
        (
            "an offer is gone",
            BASE.replace("[apis.orders.offer.staff]\nat    = \"/staff/orders\"\nplans = [\"staff\"]\n", ""),
        ),
        ("an offer moves", with("at    = \"/orders\"", "at    = \"/v2/orders\"")),
        ("a host narrows", with("at    = \"/orders\"", "at    = \"/orders\"\nhost = \"api.acme.example\"")),
        ("a port", with("127.0.0.1:8080", "0.0.0.0:8080")),
        ("a name", with("[listen.edge]", "[listen.front]")),
        (
            "trust and guesses",
            with(
                "[listen.edge]",
                "[listen.edge]\ntrust = [\"10.0.0.0/8\"]\nguesses = \"100/s\"\nurl = \"https://api.acme.example\"\nidle-timeout = \"30s\"",
            ),
        ),
        ("another listener", more("[listen.side]\nbind = \"127.0.0.1:8081\"")),
        (
            "pages",
            with(
                only,
                "only = [\"tag:public\"]\ncors = [\"https://shop.acme.example\"]\nupgrade = [\"websocket\"]\nmax-body = \"2MiB\"",
            ),
        ),
        (
            "checks",
            with(
                "contract = \"orders.yaml\"",
                "contract = \"orders.yaml\"\ncheck = { requests = \"report\", responses = \"block\" }",
            ),
        ),
        (
            "undeclared",
            with("contract = \"orders.yaml\"", "contract = \"orders.yaml\"\nundeclared = \"pass\""),
        ),
        ("no contract", BASE.replace("contract = \"orders.yaml\"\n", "").replace(only, "")),
        ("a mock", with("contract = \"orders.yaml\"", "contract = \"orders.yaml\"\nmock = true")),
        (
            "a credential",
            with(upstream, "urls = \"https://orders.acme.example/v1\"\ncredential = \"env:KEY\""),
        ),
        (
            "another provider",
            with(upstream, "urls = \"http://127.0.0.1:9001\"\npace = \"5/s\"\nretries = 0\ntimeout = \"3s\""),
        ),
        (
            "a connection",
            more("[apis.orders.connection.acme]\ncredential = \"env:KEY\"\nconsumers = [\"globex\"]"),
        ),
        (
            "consumers",
            BASE.replace(
                "[consumers.globex]\nplans = [\"free\"]",
                "[consumers.initech]\nplans = [\"free\"]\n[consumers.globex]\nplans = [\"staff\"]",
            )
            .replace("1111\"]", "1112\"]"),
        ),
        ("a consumer is gone", BASE.split("[consumers").next().unwrap().to_owned()),
        (
            "records",
            more(
                "[record]\nrows = \"10/s\"\ndetails = \"all\"\nredact = [\"email\"]\n[ledger]\nkeep = \"7d\"",
            ),
        ),
        ("the console", more("[console]\nbind = \"127.0.0.1:9999\"")),
        ("no console", format!("console = false\n{BASE}")),
    ];
    let base = world(BASE).board();
    let mut text = String::new();
    for (name, board) in cases {
        let new = world(&board).board();
        for (way, words) in [("", told(&base, &new)), (", back", told(&new, &base))] {
            let words = if words.is_empty() { "nothing" } else { &words };
            text += &["## ", name, way, "\n", words, "\n\n"].concat();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn another_version_of_a_contract_is_told_by_whom_it_breaks() {
    let old = world(BASE).board();
    let contract = ORDERS
        .replace("  /orders/{id}:\n", "  /orders/{id}/lines:\n    get:\n      operationId: listLines\n      tags: [public]\n      parameters:\n        - { name: id, in: path, required: true, schema: { type: string } }\n      responses: { \"200\": { description: ok } }\n  /orders/{id}:\n")
        .replace("schema: { type: string } }\n      responses: { \"200\": { description: ok } }\ncomponents", "schema: { type: integer } }\n      responses: { \"200\": { description: ok } }\ncomponents")
        .replace("      operationId: listOrders\n", "      operationId: listOrders\n      parameters:\n        - { name: page, in: query, schema: { type: integer } }\n");
    let new = World::with(BASE).file("orders.yaml", &contract).board();
    insta::assert_snapshot!(told(&old, &new));
}

#[test]
fn paths_fall_to_what_stands_behind_and_that_opens() {
    let listen =
        "[listen.edge]\nbind = '127.0.0.1:8080'\n[plans.web]\nauth = 'none'\n[plans.staff]\nauth = 'key'\n";
    let api = "[apis.open.upstream]\nurls = 'http://127.0.0.1:9001'\n[apis.open.offer.all]\nat = '/'\nplans = ['web']\n";
    let admin = "[apis.admin.upstream]\nurls = 'http://127.0.0.1:9002'\n[apis.admin.offer.staff]\nat = '/admin'\nplans = ['staff']\n";
    let old = World::with(&[listen, api, admin].concat()).board();
    for (board, expected) in [
        ([listen, api].concat(), "paths below `/admin` reach `open.all` now, `admin.staff` took them before"),
        (
            [listen, api, &admin.replace("'/admin'", "'/admin'\nhost = 'a.example'")].concat(),
            "paths below `/admin` reach `open.all` now, `admin.staff` took them before",
        ),
    ] {
        let found = changes(&old, &World::with(&board).board(), &[]);
        let opens: Vec<_> = found.iter().filter(|change| change.effect == Effect::Opens).collect();
        let fallen: Vec<_> = opens.iter().filter(|change| change.rule == "path-falls").collect();
        assert_eq!(fallen.len(), 1, "{found:#?}");
        assert_eq!(fallen[0].what, expected);
        assert!(fallen[0].whom.anybody);
        assert_eq!(found[0].effect, Effect::Opens, "what opens stands first");
    }
}

#[test]
fn an_offer_that_is_narrowed_to_a_host_opens_what_another_took_there() {
    let board = |host: &str, other: &str| {
        let text = format!(
            "[listen.edge]\nbind = '127.0.0.1:8080'\n[plans.web]\nauth = 'none'\n[plans.staff]\nauth = 'key'\n\
             [apis.open.upstream]\nurls = 'http://127.0.0.1:9001'\n[apis.open.offer.all]\nat = '/v'\n{host}\
             plans = ['web']\n[apis.admin.upstream]\nurls = 'http://127.0.0.1:9002'\n{other}"
        );
        World::with(&text).board()
    };
    let host = "host = 'a.example'\n";
    let other = format!("[apis.admin.offer.staff]\nat = '/v'\n{host}plans = ['staff']\n");
    let found = changes(&board("", &other), &board(host, ""), &[]);
    assert_eq!((found[0].effect, found[0].rule), (Effect::Opens, "address-opened"), "{found:#?}");
    let found = changes(&board("", ""), &board(host, ""), &[]);
    assert!(found.iter().all(|change| change.effect == Effect::Closes), "{found:#?}");
}

#[test]
fn an_operation_that_was_kept_back_and_is_gone_leaves_its_paths_to_an_open_one() {
    let contract = |more: &str| {
        format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\nservers: [{{url: 'http://127.0.0.1:9001'}}]\npaths:\n  \
             /orders/{{id}}:\n    get: {{operationId: getOrder, parameters: [{{name: id, in: path, required: true, \
             schema: {{type: string}}}}], responses: {{}}}}\n{more}"
        )
    };
    let export = "  /orders/export:\n    get: {operationId: exportOrders, responses: {}}\n";
    let board = "[listen.edge]\nbind = '127.0.0.1:8080'\n[plans.web]\nauth = 'none'\n[apis.orders]\ncontract = 'c.yaml'\n\
                 [apis.orders.offer.all]\nat = '/'\nplans = ['web']\nonly = ['getOrder']\n";
    let old = World::with(board).file("c.yaml", &contract(export)).board();
    let new = World::with(board).file("c.yaml", &contract("")).board();
    let found = changes(&old, &new, &[]);
    assert_eq!(
        line(&found[0]),
        "opens path-falls: paths of `exportOrders`, gone from the contract and closed before, may mean `getOrder` of \
         `orders.all` now, which is open (anybody) @ c.yaml:6"
    );
    assert_eq!(changes(&new, &old, &[]).iter().filter(|change| change.effect == Effect::Opens).count(), 0);
}

#[test]
fn no_value_of_a_secret_is_told() {
    let upstream = "urls = \"https://orders.acme.example/v1\"";
    let with_key = |key: &str| with(upstream, &format!("{upstream}\ncredential = \"{key}\""));
    let mut old = world(&with_key("env:KEY"));
    let mut new = world(&with_key("hunter2hunter2"));
    old = old.stored("hunter2hunter2", "hunter2-value");
    new = new.stored("hunter2hunter2", "hunter2-value");
    let text = told(&old.board(), &new.board());
    assert!(!text.contains("hunter2") && !text.contains("sunny"), "{text}");
    assert!(
        text.contains("from a stored secret, was bearer from `env:KEY`") || text.contains("stored secret"),
        "{text}"
    );
    let texts = new.board();
    let all = texts
        .texts()
        .iter()
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect::<String>();
    assert!(!all.contains("hunter2-value") && all.contains("operationId: getOrder"));
}
