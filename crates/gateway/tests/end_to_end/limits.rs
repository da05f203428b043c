//! Limits and guesses: what is counted for whom, and what every answer says about it.

use crate::harness;
use crate::orders::{self, KEY};
use demo::Provider;
use exchange::Reason;

#[test]
fn a_limit_says_what_is_left_and_then_when_to_come_back() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", "", "limit = \"3/h\"");
    for left in ["2", "1", "0"] {
        let reply = gateway.with("/shop/orders", KEY);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.field("ratelimit-policy"), Some("\"free\";q=3;w=3600"));
        assert!(reply.field("ratelimit").unwrap().starts_with(&format!("\"free\";r={left};t=")));
        assert_eq!(reply.field("x-ratelimit-limit"), Some("3"));
        assert_eq!(reply.field("x-ratelimit-remaining"), Some(left));
    }
    let reply = gateway.with("/shop/orders", KEY);
    assert_eq!((reply.status, reply.slug().as_str()), (429, "over-limit"));
    let wait: u32 = reply.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=1200).contains(&wait), "{wait}");
    assert_eq!(reply.field("x-ratelimit-remaining"), Some("0"));
    assert_eq!(
        gateway.with("/shop/orders", "X-Api-Key: key-of-hooli\r\n").status,
        200,
        "another consumer has its own"
    );
    assert_eq!(gateway.get("/shop/orders").field("ratelimit"), None, "nobody is known on a 401");
    let standings = harness::standings(&gateway.running, "globex");
    assert_eq!((standings[0].plan.as_str(), standings[0].left), ("free", 0));
}

#[test]
fn what_a_later_rule_refuses_costs_the_earlier_ones_nothing() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", "", "limit = [\"10/h\", \"2/h per operation\"]");
    for _ in 0..2 {
        assert_eq!(gateway.with("/shop/orders", KEY).status, 200);
    }
    for _ in 0..20 {
        assert_eq!(gateway.with("/shop/orders", KEY).status, 429);
    }
    let reply = gateway.with("/shop/orders/7", KEY);
    assert_eq!(reply.status, 200, "another operation");
    let left = reply.field("ratelimit").unwrap().to_owned();
    assert!(left.starts_with("\"free\";r=7;") && left.contains("\"free-2\";r=1;"), "{left}");
}

#[test]
fn what_the_contract_refuses_has_paid_the_rate() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(
        &provider.url(),
        "check = { requests = \"block\", responses = \"off\" }",
        "",
        "limit = \"2/h\"",
    );
    let reply = gateway.with("/shop/orders?limit=999", KEY);
    assert_eq!((reply.status, reply.field("x-ratelimit-remaining")), (400, Some("1")));
}

#[test]
fn a_limit_per_address_believes_only_trusted_proxies() {
    let provider = Provider::echo().try_start().unwrap();
    for (trust, expected) in [("[\"127.0.0.1/32\"]", 200), ("[]", 429)] {
        let text = format!(
            "[listen.edge]\nbind = \"127.0.0.1:0\"\ntrust = {trust}\n[apis.things]\n[apis.things.upstream]\nurls = [\"{}\"]\n\
             [apis.things.offer.all]\nat = \"/\"\nplans = [\"open\"]\n[plans.open]\nauth = \"none\"\nlimit = \"1/h\"\n",
            provider.url()
        );
        let gateway = harness::start(&text, &[]);
        assert_eq!(gateway.with("/", "X-Forwarded-For: 192.0.2.1\r\n").status, 200);
        assert_eq!(gateway.with("/", "X-Forwarded-For: 192.0.2.2\r\n").status, expected);
        assert_eq!(gateway.with("/", "X-Forwarded-For: 192.0.2.1\r\n").status, 429);
    }
}

#[test]
fn guesses_run_out_and_right_keys_do_not_pay() {
    let provider = Provider::echo().try_start().unwrap();
    let text = orders::text(&provider.url(), "", "", "")
        .replace("trust = [\"127.0.0.1/32\"]", "guesses = \"3/h per ip\"");
    let gateway = harness::start(&text, &[("orders.yaml", orders::CONTRACT.as_bytes())]);
    for _ in 0..5 {
        assert_eq!(gateway.with("/shop/orders", KEY).status, 200);
    }
    assert_eq!(gateway.with("/shop/orders", "X-Api-Key: wrong\r\n").status, 401);
    assert_eq!(gateway.get("/nowhere").status, 404);
    assert_eq!(gateway.get("/shop/orders").status, 401);
    let reply = gateway.with("/shop/orders", "X-Api-Key: wrong\r\n");
    assert_eq!((reply.status, reply.slug().as_str()), (429, Reason::TooManyGuesses.slug()));
    assert!(reply.field("retry-after").is_some());
    assert_eq!(gateway.get("/nowhere").status, 429);
}

#[test]
fn limits_are_not_reset_by_a_new_board() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", "", "limit = \"1/h\"");
    assert_eq!(gateway.with("/shop/orders", KEY).status, 200);
    let board = std::sync::Arc::new(harness::board(
        &orders::text(&provider.url(), "", "", "limit = \"1/h\""),
        &[("orders.yaml", orders::CONTRACT.as_bytes())],
    ));
    let accounts = std::sync::Arc::new(harness::accounts(&board, Some(&gateway.accounts)));
    gateway.running.swap(board, accounts).unwrap();
    assert_eq!(gateway.with("/shop/orders", KEY).status, 429);
}

#[test]
fn a_limit_keeps_its_count_wherever_a_new_board_writes_it() {
    let provider = Provider::echo().try_start().unwrap();
    let (hour, second, operation) = ("3/h", "1000/s", "9/h per operation");
    for (plan, left) in [
        (format!("[\"{second}\", \"{hour}\"]"), 1),
        (format!("[\"{operation}\", \"{second}\", \"{hour}\"]"), 1),
        (format!("[\"{second}\", \"5/h\"]"), 1),
        (format!("[\"{second}\", \"3/h soft\", \"{hour}\"]"), 1),
        (format!("[\"1/h per operation\", \"{second}\", \"9/h\"]"), 3),
    ] {
        let gateway = orders::start_as(&provider.url(), "", "", &format!("limit = \"{hour}\""));
        for _ in 0..2 {
            assert_eq!(gateway.with("/shop/orders", KEY).status, 200);
        }
        let text = orders::text(&provider.url(), "", "", &format!("limit = {plan}"));
        let board =
            std::sync::Arc::new(harness::board(&text, &[("orders.yaml", orders::CONTRACT.as_bytes())]));
        let accounts = std::sync::Arc::new(harness::accounts(&board, Some(&gateway.accounts)));
        gateway.running.swap(board, accounts).unwrap();
        let standings = harness::standings(&gateway.running, "globex");
        let found = standings.iter().rfind(|one| one.text.ends_with("/h")).unwrap();
        // Two thirds of the depth are used, whatever its number is now.
        assert_eq!(found.left, left, "{plan}");
        let full = standings.iter().find(|one| one.text == second).unwrap();
        assert_eq!(full.left, 1000, "{plan}");
    }
}

#[test]
fn as_many_calls_as_may_run_at_once_do_and_the_next_waits_for_an_end() {
    let provider = Provider::silent().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", "", "limit = \"2 at once\"");
    let request = format!("GET /shop/orders HTTP/1.1\r\nHost: edge\r\n{KEY}\r\n");
    let mut held = Vec::new();
    for running in 1..=2 {
        let mut line = gateway.connect();
        line.write(request.as_bytes());
        while harness::standings(&gateway.running, "globex")[0].left != 2 - running {
            std::thread::yield_now();
        }
        held.push(line);
    }
    let reply = gateway.with("/shop/orders", KEY);
    assert_eq!((reply.status, reply.slug().as_str()), (429, "over-limit"));
    assert_eq!(reply.field("ratelimit-policy"), Some("\"free\";q=2;qu=\"concurrent-requests\""));
    assert_eq!(reply.field("ratelimit"), Some("\"free\";r=0"));
    assert_eq!(reply.field("retry-after"), Some("1"));
    assert!(reply.text().contains("2 calls at once may run"), "{}", reply.text());
    let others = gateway.connect();
    drop(others);
    // A caller who goes away is over: its place is free.
    drop(held.pop());
    while harness::standings(&gateway.running, "globex")[0].left != 1 {
        std::thread::yield_now();
    }
    drop(held);
    while harness::standings(&gateway.running, "globex")[0].left != 2 {
        std::thread::yield_now();
    }
}

#[test]
fn a_place_is_held_until_the_last_byte_and_over_a_new_board() {
    let provider = Provider::endless().try_start().unwrap();
    let plan = "limit = \"1 at once\"";
    let gateway = orders::start_as(&provider.url(), "", "", plan);
    let mut line = gateway.connect();
    line.write(format!("GET /shop/orders HTTP/1.1\r\nHost: edge\r\n{KEY}\r\n").as_bytes());
    assert_eq!(line.head().status, 200);
    let board = std::sync::Arc::new(harness::board(
        &orders::text(&provider.url(), "", "", plan),
        &[("orders.yaml", orders::CONTRACT.as_bytes())],
    ));
    let accounts = std::sync::Arc::new(harness::accounts(&board, Some(&gateway.accounts)));
    gateway.running.swap(board, accounts).unwrap();
    assert_eq!(gateway.with("/shop/orders", KEY).status, 429, "the body is still on its way");
    drop(line);
    while harness::standings(&gateway.running, "globex")[0].left != 1 {
        std::thread::yield_now();
    }
}

#[test]
fn an_operation_takes_what_it_costs() {
    let provider = Provider::echo().try_start().unwrap();
    let offer = "cost = { createOrder = 4, \"GET *\" = 2, getOrder = 3 }";
    let gateway = orders::start_as(&provider.url(), "", offer, "limit = [\"10/h\", \"100/h\"]");
    let reply = gateway.with("/shop/orders", KEY);
    assert_eq!((reply.status, reply.field("x-ratelimit-remaining")), (200, Some("8")));
    assert!(reply.field("ratelimit").unwrap().contains("\"free-2\";r=98;"), "by every rule");
    let body = "{\"item\":\"tea\",\"quantity\":1}";
    let fields = format!("{KEY}Content-Type: application/json\r\n");
    let reply = gateway.post("/shop/orders", &fields, body);
    assert_eq!((reply.status, reply.field("x-ratelimit-remaining")), (200, Some("4")));
    let reply = gateway.with("/shop/orders/7", KEY);
    assert_eq!(reply.field("x-ratelimit-remaining"), Some("1"), "the dearest word that names it counts");
    let reply = gateway.post("/shop/orders", &fields, body);
    assert_eq!(
        (reply.status, reply.field("x-ratelimit-remaining")),
        (429, Some("1")),
        "refused costs nothing"
    );
    assert!(reply.field("ratelimit").unwrap().contains("\"free-2\";r=91;"), "by no rule");
    let wait: u32 = reply.field("retry-after").unwrap().parse().unwrap();
    assert!((700..=1080).contains(&wait), "three more at one each six minutes: {wait}");
}

#[test]
fn the_fields_of_a_refusal_say_what_is_left_after_it_got_back_what_it_cost() {
    let silent = Provider::silent().try_start().unwrap();
    let echo = Provider::echo().try_start().unwrap();
    let offer = "cost = { createOrder = 5 }";
    let body = "{\"item\":\"tea\",\"quantity\":1}";
    let fields = format!("{KEY}Content-Type: application/json\r\n");
    // One call that costs one is admitted first; of `at once` it is still running.
    for (provider, plan, left) in [
        (&echo, "limit = \"100/h\"\nquota = \"5/year\"", ["\"free\";r=99;", "\"free-2\";r=4;"]),
        (&echo, "limit = [\"100/h\", \"5/h per ip\"]", ["\"free\";r=99;", "\"free-2\";r=4;"]),
        (&echo, "quota = [\"9/year\", \"5 in 24h\"]", ["\"free\";r=8;", "\"free-2\";r=4;"]),
        (&echo, "limit = \"4 at once\"\nquota = \"5/year\"", ["\"free\";r=4", "\"free-2\";r=4;"]),
        (&silent, "limit = [\"100/h\", \"1 at once\"]", ["\"free\";r=99;", "\"free-2\";r=0"]),
    ] {
        let gateway = orders::start_as(&provider.url(), "", offer, plan);
        let mut first = gateway.connect();
        first.write(format!("GET /shop/orders HTTP/1.1\r\nHost: edge\r\n{KEY}\r\n").as_bytes());
        if std::ptr::eq(provider, &raw const echo) {
            assert_eq!(first.reply(false).status, 200, "{plan}");
            while plan.contains("at once") && harness::standings(&gateway.running, "globex")[0].left != 4 {
                std::thread::yield_now();
            }
        } else {
            while harness::standings(&gateway.running, "globex")[1].left != 0 {
                std::thread::yield_now();
            }
        }
        for _ in 0..2 {
            let reply = gateway.post("/shop/orders", &fields, body);
            assert_eq!((reply.status, reply.slug().as_str()), (429, "over-limit"), "{plan}");
            let said = reply.field("ratelimit").unwrap();
            assert!(left.iter().all(|part| said.contains(part)), "{plan}: {said}, not {left:?}");
        }
    }
}

#[test]
fn the_fields_of_a_call_that_no_provider_got_say_that_its_quota_is_given_back() {
    let provider = Provider::echo().try_start().unwrap();
    let check = "check = { requests = \"block\", responses = \"off\" }";
    let gateway = orders::start_as(&provider.url(), check, "", "quota = \"9/year\"");
    for (url, status, left) in [("/shop/orders?limit=999", 400, "9"), ("/shop/orders", 200, "8")] {
        let reply = gateway.with(url, KEY);
        assert_eq!((reply.status, reply.field("x-ratelimit-remaining")), (status, Some(left)), "{url}");
    }
    let nobody = orders::start_as("http://127.0.0.1:1", "", "", "quota = \"9/year\"");
    let reply = nobody.with("/shop/orders", KEY);
    assert_eq!((reply.status, reply.field("x-ratelimit-remaining")), (502, Some("9")));
}
