//! A rate over two processes on one board, on SQLite and on PostgreSQL: together they let in what one would.

use crate::database;
use crate::harness::postgres::Server;
use crate::harness::{Running, skipped, stdout};
use crate::reloads::rewrite;
use crate::served::{Beside, becomes, board, health};
use crate::wire::Caller;
use demo::Provider;
use std::time::{Duration, Instant};

/// One more comes back in a minute: what is let in is a count and not a matter of time.
const BURST: u64 = 60;
const LIMIT: &str = "60/h burst 60";

fn limited(provider: &str) -> String {
    board(provider, "", "").replace("auth = \"none\"", &format!("auth = \"none\"\nlimit = \"{LIMIT}\""))
}

/// Calls one after the other; how many were let in.
fn press(url: &str, calls: usize) -> u64 {
    let mut caller = Caller::try_new(url).unwrap();
    let statuses = (0..calls).map(|_| caller.get("/", ""));
    statuses.filter(|status| *status == Some(200)).count() as u64
}

/// What came back meanwhile, with one for the leases.
fn refilled(begun: Instant) -> u64 {
    begun.elapsed().as_secs() / 60 + 1
}

fn is_shared(running: &Running) -> bool {
    health(running)["rates"]["shared"] == true
}

/// Both are pressed at the same time, ten times over.
fn press_both(one: &str, two: &str) -> u64 {
    std::thread::scope(|scope| {
        let pressing: Vec<_> =
            [one, two, one, two].map(|url| scope.spawn(|| press(url, 150))).into_iter().collect();
        pressing.into_iter().map(|part| part.join().unwrap()).sum()
    })
}

#[tokio::test]
async fn two_processes_on_one_board_let_in_one_burst_whoever_comes_and_goes() {
    let provider = Provider::status(200).start().await;
    let begun = Instant::now();
    let (first, url) = Running::serve(&limited(&provider.url()));
    assert_eq!(press(&url, 20), 20);
    assert!(!is_shared(&first), "alone it counts for itself");
    let mut second = Beside::serve(&first);
    let admitted = press_both(&url, &second.url());
    assert!((BURST - 20..=BURST - 20 + refilled(begun)).contains(&admitted), "{admitted}, and 20 before");
    assert_eq!(provider.calls() as u64, admitted + 20, "the provider heard of no other");
    assert!(is_shared(&first));
    let explained = stdout(&first.command(&["explain", "GET", "/"]));
    assert!(explained.contains(&format!("{BURST} used, 0 left")), "{explained}");
    second.kill();
    becomes(200, "the other one is not heard of any more", false, || is_shared(&first));
    let late = press(&url, 100);
    assert!(admitted + 20 + late <= BURST + refilled(begun), "{late}: no burst anew for who is left");
    second.again(&first);
    let again = press_both(&url, &second.url());
    assert!(admitted + 20 + late + again <= BURST + refilled(begun), "{again}: nor for who comes back");
    assert_eq!(first.stop(), Some(0));
}

/// A limit for each address, which a trusted proxy names.
fn by_address(provider: &str) -> String {
    board(provider, "", "")
        .replace("head-timeout", "trust = [\"127.0.0.0/8\"]\nhead-timeout")
        .replace("auth = \"none\"", "auth = \"none\"\nlimit = \"1/h burst 1 per ip\"")
}

/// Calls once for each of so many addresses of a network; how many were let in, and how long the slowest call took.
fn press_as(url: &str, network: u8, addresses: u32) -> (u64, Duration) {
    let mut caller = Caller::try_new(url).unwrap();
    let (mut admitted, mut slowest) = (0, Duration::ZERO);
    for nth in 0..addresses {
        let begun = Instant::now();
        let field = format!("X-Forwarded-For: 10.{network}.{}.{}\r\n", nth / 250, nth % 250);
        admitted += u64::from(caller.get("/", &field) == Some(200));
        // The first one waits until it is known who else is there.
        slowest = if nth == 0 { slowest } else { slowest.max(begun.elapsed()) };
    }
    (admitted, slowest)
}

/// The first process has let in one call of each address; then another one comes. Gives how many were let in after that, unless
/// something stood still for longer than the store may take: then each process counts for itself, and this shows nothing.
fn let_in_anew<T>(
    (network, addresses): (u8, u32),
    start: impl Fn() -> (Running, String),
    beside: impl Fn(&Running) -> (T, String),
) -> Option<u64> {
    let (first, one) = start();
    becomes(200, "whoever was there before is forgotten", false, || is_shared(&first));
    assert_eq!(press_as(&one, network, addresses).0, u64::from(addresses));
    // Who keeps company is the same after a reload.
    rewrite(&first, "details = \"all\"", "details = \"none\"");
    assert_eq!(first.command(&["reload"]).status.code(), Some(0));
    assert!(!is_shared(&first));
    let (_second, two) = beside(&first);
    let pressed = [
        press_as(&two, network, addresses),
        press_as(&one, network, addresses),
        press_as(&two, network, addresses / 5),
    ];
    assert!(is_shared(&first));
    let prompt = pressed.iter().all(|(_, slowest)| *slowest < Duration::from_millis(100));
    prompt.then(|| pressed.iter().map(|(admitted, _)| admitted).sum())
}

/// One in a hundred may be, as calls of before and after pass each other.
fn nobody_is_let_in_anew(addresses: u32, mut once: impl FnMut(u8, u32) -> Option<u64>) {
    // A network each time: what a database was told it keeps.
    match (1..=4).find_map(|network| once(network, addresses)) {
        Some(anew) => assert!(anew <= u64::from(addresses / 100), "{anew} of {addresses}"),
        None => skipped("skipped: this machine stood still for a tenth of a second, four times"),
    }
}

#[tokio::test]
async fn when_another_process_comes_none_of_many_addresses_gets_a_burst_anew() {
    let provider = Provider::status(200).start().await;
    nobody_is_let_in_anew(5_000, |network, addresses| {
        let start = || Running::serve(&by_address(&provider.url()));
        let beside = |first: &Running| {
            let second = Beside::serve(first);
            let url = second.url();
            (second, url)
        };
        let_in_anew((network, addresses), start, beside)
    });
}

#[tokio::test]
async fn when_another_board_comes_to_a_database_none_of_many_addresses_gets_a_burst_anew() {
    let Some(server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    nobody_is_let_in_anew(2_000, |network, addresses| {
        let serve = || database::serve(&by_address(&provider.url()), &server.url());
        let_in_anew((network, addresses), serve, |_| serve())
    });
}

#[tokio::test]
async fn a_process_that_was_stopped_and_goes_on_gives_no_burst_anew() {
    let provider = Provider::status(200).start().await;
    let begun = Instant::now();
    let (first, url) = Running::serve(&limited(&provider.url()));
    let second = Beside::serve(&first);
    assert_eq!(press(&second.url(), 10), 10);
    becomes(200, "they share", true, || is_shared(&first));
    becomes(100, "what it had in hand has gone back", true, || {
        stdout(&first.command(&["explain", "GET", "/"])).contains("10 used, 50 left")
    });
    second.signal("STOP");
    becomes(200, "the other one is not heard of any more", false, || is_shared(&first));
    let alone = press(&url, 100);
    assert!((BURST - 10..=BURST - 10 + refilled(begun)).contains(&alone), "{alone}, and 10 before");
    second.signal("CONT");
    let late = press(&second.url(), 100);
    assert!(10 + alone + late <= BURST + refilled(begun), "{late}: it does not know that it was silent");
    assert_eq!(first.stop(), Some(0));
}

#[tokio::test]
async fn two_boards_on_one_database_let_in_one_burst() {
    let Some(server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    let begun = Instant::now();
    let (one, first) = database::serve(&limited(&provider.url()), &server.url());
    assert_eq!(press(&first, 20), 20);
    let (two, second) = database::serve(&limited(&provider.url()), &server.url());
    let admitted = press_both(&first, &second);
    assert!((BURST - 20..=BURST - 20 + refilled(begun)).contains(&admitted), "{admitted}, and 20 before");
    assert!(is_shared(&one) && is_shared(&two));
    assert_eq!(one.stop(), Some(0));
    becomes(200, "who is left counts for itself", false, || is_shared(&two));
    assert!(press(&second, 100) <= refilled(begun), "no burst anew for who is left");
    assert_eq!(two.stop(), Some(0));
    assert_eq!(server.sql("SELECT count(*) FROM switchboard.sharers"), "0", "nobody is left");
}
