//! Quotas: spent when the provider gets the call, given back otherwise, and what answers say of them.

use crate::harness;
use crate::orders::{self, KEY};
use demo::Provider;

#[test]
fn a_quota_is_spent_to_the_last_call_and_then_says_when_there_is_more() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", "", "quota = \"3/year\"");
    for left in ["2", "1", "0"] {
        let reply = gateway.with("/shop/orders", KEY);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.field("ratelimit-policy"), Some("\"free\";q=3;w=31622400"));
        assert!(reply.field("ratelimit").unwrap().starts_with(&format!("\"free\";r={left};t=")));
        assert_eq!(reply.field("x-ratelimit-remaining"), Some(left));
    }
    let reply = gateway.with("/shop/orders", KEY);
    assert_eq!((reply.status, reply.slug().as_str()), (429, "over-limit"));
    assert!(reply.text().contains("the quota of 3/year is used up"), "{}", reply.text());
    let wait: u64 = reply.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=366 * 86_400).contains(&wait), "{wait}");
    assert_eq!(
        gateway.with("/shop/orders", "X-Api-Key: key-of-hooli\r\n").status,
        200,
        "another has its own"
    );
    let standings = harness::standings(&gateway.running, "globex");
    assert_eq!((standings[0].plan.as_str(), standings[0].left), ("free", 0));
}

#[test]
fn what_no_provider_got_is_given_back() {
    let provider = Provider::echo().try_start().unwrap();
    let checks = "check = { requests = \"block\", responses = \"off\" }";
    let gateway = orders::start_as(&provider.url(), checks, "", "limit = \"100/h\"\nquota = \"2/year\"");
    for _ in 0..5 {
        assert_eq!(gateway.with("/shop/orders?limit=999", KEY).status, 400, "the contract refuses it");
    }
    let reply = gateway.with("/shop/orders", KEY);
    assert_eq!(reply.status, 200);
    let left = reply.field("ratelimit").unwrap();
    assert!(left.starts_with("\"free\";r=94;") && left.contains("\"free-2\";r=1;"), "{left}");

    let nobody = orders::start_as("http://127.0.0.1:1", "", "", "quota = \"2/year\"");
    for _ in 0..5 {
        assert_eq!(nobody.with("/shop/orders", KEY).status, 502, "no provider is there");
    }
}

#[test]
fn a_quota_counts_what_calls_cost_and_per_operation_where_it_says_so() {
    let provider = Provider::echo().try_start().unwrap();
    let offer = "cost = { createOrder = 2 }";
    let gateway =
        orders::start_as(&provider.url(), "", offer, "quota = [\"9/year\", \"3 in 24h per operation\"]");
    let (body, fields) =
        ("{\"item\":\"tea\",\"quantity\":1}", format!("{KEY}Content-Type: application/json\r\n"));
    let reply = gateway.post("/shop/orders", &fields, body);
    assert_eq!((reply.status, reply.field("x-ratelimit-remaining")), (200, Some("1")));
    assert_eq!(gateway.post("/shop/orders", &fields, body).status, 429, "it costs two, one is left");
    for _ in 0..3 {
        assert_eq!(gateway.with("/shop/orders", KEY).status, 200);
    }
    assert_eq!(gateway.with("/shop/orders", KEY).status, 429);
    let reply = gateway.with("/shop/orders/7", KEY);
    let left = reply.field("ratelimit").unwrap();
    assert!(left.starts_with("\"free\";r=3;") && left.contains("\"free-2\";r=2;"), "{left}");
}

#[test]
fn a_quota_goes_on_over_a_new_board_and_its_new_amount_holds_at_once() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", "", "quota = \"2/year\"");
    for _ in 0..2 {
        assert_eq!(gateway.with("/shop/orders", KEY).status, 200);
    }
    for (plan, status) in [
        ("limit = \"90/min\"\nquota = \"2/year\"", 429),
        ("quota = \"3/year\"", 200),
        ("quota = \"3/year\"", 429),
    ] {
        let board = std::sync::Arc::new(harness::board(
            &orders::text(&provider.url(), "", "", plan),
            &[("orders.yaml", orders::CONTRACT.as_bytes())],
        ));
        let accounts = std::sync::Arc::new(harness::accounts(&board, Some(&gateway.accounts)));
        gateway.running.swap(board, accounts).unwrap();
        assert_eq!(gateway.with("/shop/orders", KEY).status, status, "{plan}");
    }
}

#[test]
fn a_soft_limit_refuses_nobody_and_is_named_in_the_record() {
    let provider = Provider::echo().try_start().unwrap();
    let more = "limit = \"1/h soft\"\nquota = \"2/year soft\"";
    let gateway = orders::start_as(&provider.url(), "", "", more);
    for _ in 0..3 {
        assert_eq!(gateway.with("/shop/orders", KEY).status, 200);
    }
    let reply = gateway.with("/shop/orders", KEY);
    assert_eq!((reply.status, reply.field("x-ratelimit-remaining")), (200, Some("0")));
    assert_eq!(gateway.with("/shop/orders?limit=999", KEY).status, 400, "its detail is kept");
    let last = gateway.kept.closed(5).into_iter().find(|call| call.status == 400).unwrap();
    let said: Vec<_> =
        gateway.kept.detail(last.id).findings.into_iter().map(|finding| finding.detail).collect();
    for soft in ["over the soft limit of 1/h soft", "over the soft limit of 2/year soft"] {
        assert!(said.iter().any(|words| words == soft), "{said:?}");
    }
}
