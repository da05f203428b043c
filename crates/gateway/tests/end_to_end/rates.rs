//! Two gateways that share their rates: every kind of limit, what answers and questions say of it, and who keeps company.

use crate::endings::open_on;
use crate::harness::{self, PATIENCE, Started};
use crate::orders::{self, KEY};
use demo::Provider;
use exchange::{Company, Meeting, RateAnswer, RateAsk, RateKept, RatePart, RateStore};
use gateway::Settings;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

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

/// A store in which somebody else is there when the test says so.
#[derive(Debug, Default)]
struct Lobby {
    others: AtomicU64,
    met: AtomicU64,
    carried: Mutex<Vec<(u64, u64)>>,
}

impl RateStore for Lobby {
    fn key(&self) -> [u64; 2] {
        [1, 2]
    }

    fn lease(&self, ask: RateAsk, answer: RateAnswer<RatePart>) {
        answer(Ok(ask.grant(&mut RateKept::default(), 1)));
    }

    fn carry(&self, aheads: Vec<(u64, u64)>, answer: RateAnswer<()>) {
        self.carried.lock().unwrap().extend(aheads);
        answer(Ok(()));
    }

    fn meet(&self, meeting: Meeting, answer: RateAnswer<Company>) {
        self.met.fetch_add(1, Ordering::Relaxed);
        let others = self.others.load(Ordering::Relaxed);
        let alone = others == 0 && meeting == Meeting::SharingUnlessAlone;
        answer(Ok(Company { others, not_sharing: 0, aheads: alone.then(Vec::new) }));
    }
}

impl Lobby {
    /// Waits until others were met so many times more.
    fn met_again(&self, times: u64) {
        let (before, until) = (self.met.load(Ordering::Relaxed), Instant::now() + PATIENCE);
        while self.met.load(Ordering::Relaxed) < before + times {
            assert!(Instant::now() < until, "nobody keeps company any more");
            std::thread::yield_now();
        }
    }
}

#[test]
fn company_is_kept_until_the_last_thread_has_ended() {
    let provider = Provider::endless().try_start().unwrap();
    let lobby = Arc::new(Lobby::default());
    let settings = Settings { rates: Some(Arc::clone(&lobby) as Arc<dyn RateStore>), ..Settings::default() };
    let gateway = open_on(8, &provider.url(), "", settings);
    let mut line = gateway.connect();
    line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(line.head().status, 200);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::scope(|scope| {
        let draining = scope.spawn(|| runtime().block_on(gateway.running.drain(4 * PATIENCE)));
        while std::net::TcpStream::connect(gateway.address()).is_ok() {
            std::thread::yield_now();
        }
        // Seven of eight have nothing to wait for.
        lobby.met_again(4);
        runtime().block_on(gateway.running.drain(Duration::ZERO));
        assert_eq!(draining.join().unwrap(), 1, "one call was under way all the time");
    });
    let met = lobby.met.load(Ordering::Relaxed);
    drop(gateway);
    assert_eq!(lobby.met.load(Ordering::Relaxed), met, "and then no more");
}

#[test]
fn what_a_consumer_used_who_came_with_a_reload_is_handed_over() {
    let provider = Provider::echo().try_start().unwrap();
    let lobby = Arc::new(Lobby::default());
    let settings = Settings { rates: Some(Arc::clone(&lobby) as Arc<dyn RateStore>), ..Settings::default() };
    let text = orders::text(&provider.url(), "", "", "limit = \"4/h\"");
    let files: [(&str, &[u8]); 1] = [("orders.yaml", orders::CONTRACT.as_bytes())];
    let gateway = harness::start_with(&text, &files, settings);
    let more = format!("{text}\n{}", harness::consumer("acme", "[\"free\"]"));
    let board = Arc::new(harness::board(&more, &files));
    let accounts = Arc::new(harness::accounts(&board, Some(&gateway.accounts)));
    gateway.running.swap(board, accounts).unwrap();
    let own = "X-Api-Key: key-of-acme\r\n";
    assert_eq!(gateway.with("/shop/orders", own).status, 200);
    assert!(lobby.carried.lock().unwrap().is_empty(), "alone");
    lobby.others.store(1, Ordering::Relaxed);
    lobby.met_again(3);
    assert_eq!(lobby.carried.lock().unwrap().len(), 1);
    assert!(gateway.running.rates().shared);
}
