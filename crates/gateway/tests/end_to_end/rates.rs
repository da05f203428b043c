//! Two gateways that share their rates: every kind of limit, and what answers and questions say of it.

use crate::harness::{self, PATIENCE, Started};
use crate::orders::{self, KEY};
use demo::Provider;
use exchange::{Company, Meeting, RateAnswer, RateAsk, RateKept, RatePart, RateStore};
use gateway::Settings;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A store with somebody else in it all the time.
#[derive(Debug)]
struct Store(Instant, Mutex<HashMap<u64, RateKept>>);

impl RateStore for Store {
    fn key(&self) -> [u64; 2] {
        [1, 2]
    }

    fn lease(&self, ask: RateAsk, answer: RateAnswer<RatePart>) {
        let now = u64::try_from(self.0.elapsed().as_nanos()).unwrap();
        let part = ask.grant(self.1.lock().unwrap().entry(ask.subject).or_default(), now);
        answer(Ok(part));
    }

    fn carry(&self, _: Vec<(u64, u64)>, answer: RateAnswer<()>) {
        answer(Ok(()));
    }

    fn meet(&self, _: Meeting, answer: RateAnswer<Company>) {
        answer(Ok(Company { others: 1, ..Company::default() }));
    }
}

/// Two gateways on one board.
fn two(provider: &str, offer: &str, plan: &str) -> [Started; 2] {
    let store: Arc<dyn RateStore> = Arc::new(Store(Instant::now(), Mutex::default()));
    let text = orders::text(provider, "", offer, plan);
    [(); 2].map(|()| {
        let settings = Settings { rates: Some(Arc::clone(&store)), ..Settings::default() };
        harness::start_with(&text, &[("orders.yaml", orders::CONTRACT.as_bytes())], settings)
    })
}

/// What the consumer has left of the first limit, once that is so: what the other one has in hand goes back soon.
fn left(gateway: &Started, wanted: u32) {
    let until = Instant::now() + PATIENCE;
    loop {
        let remaining = harness::standings(&gateway.running, "globex")[0].left;
        if remaining == wanted {
            return;
        }
        assert!(Instant::now() < until, "{remaining} left, and not {wanted}");
        std::thread::yield_now();
    }
}

#[test]
fn what_one_lets_in_the_other_counts_for_each_kind_of_limit() {
    let provider = Provider::echo().try_start().unwrap();
    for plan in ["4/h", "4/h per key", "4/h per operation", "4/h per api", "4/h per ip"] {
        let gateways = two(&provider.url(), "", &format!("limit = \"{plan}\""));
        let admitted = |nth: usize| gateways[nth % 2].with("/shop/orders", KEY).status == 200;
        let count = (0..30).filter(|nth| admitted(*nth)).count();
        assert_eq!(count, 4, "{plan}");
    }
}

#[test]
fn a_refusal_by_a_later_limit_costs_nothing_at_either() {
    let provider = Provider::echo().try_start().unwrap();
    let gateways = two(&provider.url(), "", "limit = [\"10/h\", \"2/h per operation\"]");
    for gateway in &gateways {
        assert_eq!(gateway.with("/shop/orders", KEY).status, 200);
    }
    for gateway in &gateways {
        for _ in 0..10 {
            let reply = gateway.with("/shop/orders", KEY);
            assert_eq!((reply.status, reply.slug().as_str()), (429, "over-limit"));
            let wait: u32 = reply.field("retry-after").unwrap().parse().unwrap();
            assert!((1..=1_800).contains(&wait), "{wait}");
        }
    }
    for gateway in &gateways {
        left(gateway, 8);
    }
    let reply = gateways[0].with("/shop/orders/7", KEY);
    assert_eq!(reply.status, 200, "another operation");
    let field = reply.field("ratelimit").unwrap().to_owned();
    assert!(field.starts_with("\"free\";r=7;") && field.contains("\"free-2\";r=1;"), "{field}");
    for gateway in &gateways {
        left(gateway, 7);
    }
}

#[test]
fn a_dear_operation_takes_all_it_costs_or_nothing_and_a_soft_limit_refuses_nobody() {
    let provider = Provider::echo().try_start().unwrap();
    let gateways = two(&provider.url(), "cost = { listOrders = 4 }", "limit = [\"10/h\", \"1/h soft\"]");
    for (nth, status) in [(0, 200), (1, 200), (0, 429), (1, 429)] {
        assert_eq!(gateways[nth].with("/shop/orders", KEY).status, status);
    }
    for gateway in &gateways {
        left(gateway, 2);
    }
    for (nth, status) in [(0, 200), (1, 200), (0, 429), (1, 429)] {
        assert_eq!(gateways[nth].with("/shop/orders/7", KEY).status, status, "at one each");
    }
}
