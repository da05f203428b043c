//! What keys are narrowed to, when they end, terms of plans, suspension: over real sockets.

use crate::harness::{self, Reply, Started, digest};
use crate::orders::CONTRACT;
use demo::Provider;
use exchange::{Acceptance, Accounts, KeyDigest, PlanName, Recorder};
use std::sync::{Arc, Mutex};

const TERMS: &str = "You may call as often as you like.\n";

fn text(url: &str) -> String {
    let digits = |name: &str| digest(name).trim_start_matches("sha256:").to_owned();
    let (narrow, tagged, other) = (digits("narrow"), digits("tagged"), digits("other"));
    let (whole, old, new) = (digits("whole"), digits("old"), digits("new"));
    format!(
        r#"
[listen.edge]
bind = "127.0.0.1:0"
[apis.orders]
contract = "orders.yaml"
undeclared = "pass"
[apis.orders.upstream]
urls = ["{url}"]
[apis.orders.offer.all]
at = "/shop"
plans = ["gold", "free"]
[apis.plain]
[apis.plain.upstream]
urls = ["{url}"]
[apis.plain.offer.all]
at = "/plain"
plans = ["free"]
[plans.free]
auth = "key"
[plans.gold]
auth = "key"
terms = "terms.md"
price = "1.50 EUR/1000"
[consumers.globex]
plans = ["free"]
owner = "orders@globex.example"
keys = [
  "{}",
  {{ sha256 = "{narrow}", only = "GET *" }},
  {{ sha256 = "{tagged}", only = ["/orders/*", "createOrder"], api = "orders" }},
  {{ sha256 = "{other}", api = "plain" }},
  {{ sha256 = "{whole}", api = ["orders", "plain"] }},
  {{ sha256 = "{old}", expires = "2024-01-01" }},
  {{ sha256 = "{new}", expires = "2999-01-01" }},
]
[consumers.initech]
plans = ["gold"]
keys = ["{}"]
[consumers.hooli]
plans = ["gold", "free"]
keys = ["{}"]
[consumers.umbrella]
plans = ["free"]
suspended = true
keys = ["{}"]
"#,
        digest("globex"),
        digest("initech"),
        digest("hooli"),
        digest("umbrella"),
    )
}

fn start(url: &str) -> Started {
    harness::start(&text(url), &[("orders.yaml", CONTRACT.as_bytes()), ("terms.md", TERMS.as_bytes())])
}

fn call(gateway: &Started, method: &str, target: &str, key: &str) -> Reply {
    gateway.send(&format!(
        "{method} {target} HTTP/1.1\r\nHost: gw.example\r\nX-Api-Key: key-of-{key}\r\nContent-Length: 0\r\n\r\n"
    ))
}

#[test]
fn a_key_opens_what_it_is_for_and_nothing_else() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = start(&provider.url());
    for (method, target, open) in [
        // Of the keys: whole consumer, narrow, tagged, other, whole.
        ("GET", "/shop/orders", [true, true, true, false, true]),
        ("GET", "/shop/orders/7", [true, true, true, false, true]),
        ("DELETE", "/shop/orders/7", [true, false, true, false, true]),
        ("GET", "/shop/undeclared", [true, false, false, false, true]),
        ("GET", "/plain/x", [true, false, false, true, true]),
    ] {
        for (key, open) in ["globex", "narrow", "tagged", "other", "whole"].iter().zip(open) {
            let reply = call(&gateway, method, target, key);
            let shown = format!("{method} {target} {key}: {} {}", reply.status, reply.text());
            if open {
                assert_eq!(reply.status, 200, "{shown}");
            } else {
                assert_eq!((reply.status, reply.slug().as_str()), (403, "outside-scope"), "{shown}");
                assert!(reply.text().contains("ask whoever gave it to you"), "{shown}");
            }
        }
    }
    let asked = gateway::Asked {
        method: http::Method::DELETE,
        target: "/shop/orders/7".parse().unwrap(),
        fields: http::HeaderMap::from_iter([(
            http::HeaderName::from_static("x-api-key"),
            http::HeaderValue::from_static("key-of-narrow"),
        )]),
        who: None,
        listener: None,
    };
    let said = harness::now(gateway.running.explain(&asked));
    assert!(said.iter().any(|one| one.refused.as_deref() == Some("outside-scope")), "{said:?}");
    assert!(said.iter().any(|one| one.words.contains("only GET *")), "{said:?}");
}

#[test]
fn who_holds_a_key_that_has_ended_is_told_and_strangers_learn_nothing() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = start(&provider.url());
    assert_eq!(call(&gateway, "GET", "/plain/x", "new").status, 200);
    let ended = call(&gateway, "GET", "/plain/x", "old");
    assert_eq!((ended.status, ended.slug().as_str()), (401, "key-expired"), "{}", ended.text());
    assert!(ended.text().contains("2024-01-01 00:00 UTC"), "{}", ended.text());
    assert!(ended.field("www-authenticate").is_some_and(|field| field.contains("invalid_token")));
    let stranger = call(&gateway, "GET", "/plain/x", "nobody");
    assert_eq!((stranger.status, stranger.slug().as_str()), (401, "key-unknown"), "{}", stranger.text());
    assert!(!stranger.text().contains("2024"), "{}", stranger.text());
    let suspended = call(&gateway, "GET", "/plain/x", "umbrella");
    assert_eq!((suspended.status, suspended.slug().as_str()), (403, "suspended"));
}

#[test]
fn terms_are_shown_to_who_has_not_accepted_them_as_they_are() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = start(&provider.url());
    let closed = call(&gateway, "GET", "/shop/orders", "initech");
    assert_eq!((closed.status, closed.slug().as_str()), (403, "terms-not-accepted"), "{}", closed.text());
    let at = "/.well-known/switchboard/terms/gold";
    assert!(closed.text().contains(at), "{}", closed.text());
    let terms = gateway.get(at);
    assert_eq!((terms.status, terms.text().as_str()), (200, TERMS));
    assert_ne!(gateway.get("/.well-known/switchboard/terms/free").status, 200);
    // Another plan that it holds opens it; the one with the terms is not charged.
    assert_eq!(call(&gateway, "GET", "/shop/orders", "hooli").status, 200);
    let charged = |nth: usize| gateway.kept.closed(nth + 1)[nth].plan.clone();
    let before = gateway.kept.closed(4).len();
    assert_eq!(charged(before - 1), Some(PlanName::new("free")));
    let accepted = |version: &str| {
        let mut rows = gateway.board.consumers.consumers.clone();
        for row in &mut rows {
            row.accepted = vec![Acceptance { plan: PlanName::new("gold"), version: version.to_owned() }];
        }
        let keys = gateway.board.consumers.keys.clone();
        Arc::new(Accounts::new(rows, keys, |_| Vec::new(), Some(&gateway.accounts)))
    };
    let version = KeyDigest::of(TERMS).to_string();
    for (version, status) in [("sha256:00", 403), (version.as_str(), 200), ("sha256:01", 403)] {
        gateway.running.swap(Arc::clone(&gateway.board), accepted(version)).unwrap();
        assert_eq!(call(&gateway, "GET", "/shop/orders", "initech").status, status, "{version}");
    }
}

/// Keeps which keys were used.
#[derive(Debug, Default)]
struct Used(Mutex<Vec<(KeyDigest, u64)>>);

impl Recorder for Used {
    fn usage(&self, _: exchange::Usage) {}
    fn row(&self, _: exchange::CallRecord) {}
    fn detail(&self, _: exchange::CallId, _: exchange::Detail) {}
    fn key_used(&self, key: KeyDigest, minute: u64) {
        self.0.lock().unwrap().push((key, minute));
    }
}

#[test]
fn a_use_of_a_key_is_told_once_a_minute() {
    let provider = Provider::echo().try_start().unwrap();
    let board = Arc::new(harness::board(
        &text(&provider.url()),
        &[("orders.yaml", CONTRACT.as_bytes()), ("terms.md", TERMS.as_bytes())],
    ));
    let accounts = Arc::new(harness::accounts(&board, None));
    let used = Arc::new(Used::default());
    let running = gateway::Gateway::start(gateway::GatewayOptions {
        board: Arc::clone(&board),
        accounts,
        recorder: Arc::clone(&used) as Arc<dyn Recorder>,
        quotas: Arc::new(exchange::QuotasInMemory::default()),
        threads: 1,
        writer_ids: vec![1],
        settings: gateway::Settings::default(),
    })
    .unwrap();
    for key in ["globex", "globex", "globex", "old", "nobody", "umbrella"] {
        let mut line = harness::Line::to(running.addresses()[0].1);
        line.write(
            format!("GET /plain/x HTTP/1.1\r\nHost: gw.example\r\nX-Api-Key: key-of-{key}\r\n\r\n")
                .as_bytes(),
        );
        assert_ne!(line.reply(false).status, 0);
    }
    let mut told = used.0.lock().unwrap().clone();
    // Once, or twice where a minute ended between the calls.
    let minutes: Vec<u64> = told.iter().map(|(_, minute)| *minute).collect();
    assert!(minutes.is_sorted(), "{minutes:?}");
    let all = told.len();
    told.dedup();
    assert_eq!(told.len(), all, "no minute twice");
    let of =
        |name: &str| told.iter().filter(|(key, _)| *key == KeyDigest::of(&format!("key-of-{name}"))).count();
    assert!((1..=2).contains(&of("globex")), "{told:?}");
    assert_eq!((of("old"), of("nobody"), of("umbrella")), (0, 0, 1), "a suspended holder has used it");
}
