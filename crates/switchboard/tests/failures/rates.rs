//! A rate over two processes on one board, on SQLite and on PostgreSQL: together they let in what one would.

use crate::database;
use crate::harness::{Running, stdout};
use crate::postgres::Server;
use crate::reloads::rewrite;
use crate::served::{Beside, becomes, board, health};
use crate::wire::Caller;
use demo::Provider;
use std::time::Instant;

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
        .replace("auth = \"none\"", "auth = \"none\"\nlimit = \"2/h burst 2 per ip\"")
}

/// Calls once for each of so many addresses; how many were let in.
fn press_as(url: &str, addresses: u32) -> u64 {
    let mut caller = Caller::try_new(url).unwrap();
    let field = |nth: u32| format!("X-Forwarded-For: 10.1.{}.{}\r\n", nth / 250, nth % 250);
    let statuses = (0..addresses).map(|nth| caller.get("/", &field(nth)));
    statuses.filter(|status| *status == Some(200)).count() as u64
}

/// Each address has used its burst at the first process. What it is told of them is little enough to be over before the other
/// one goes on without it.
fn nobody_of_many_gets_a_burst_anew(first: &Running, one: &str, two: &str) {
    const ADDRESSES: u32 = 5_000;
    const TENTH: u32 = ADDRESSES / 10;
    let used = std::thread::scope(|scope| {
        let (here, there) = (scope.spawn(|| press_as(one, ADDRESSES)), scope.spawn(|| press_as(two, ADDRESSES)));
        here.join().unwrap() + there.join().unwrap()
    });
    assert!(used <= u64::from(ADDRESSES / 100), "{used} more");
    assert!(press_as(two, TENTH) + press_as(one, TENTH) <= u64::from(TENTH / 100));
    assert!(is_shared(first));
}

#[tokio::test]
async fn when_another_process_comes_none_of_many_addresses_gets_a_burst_anew() {
    let provider = Provider::status(200).start().await;
    let (first, url) = Running::serve(&by_address(&provider.url()));
    for _ in 0..2 {
        assert_eq!(press_as(&url, 5_000), 5_000);
    }
    // Who keeps company is the same after a reload.
    rewrite(&first, "details = \"all\"", "details = \"none\"");
    assert_eq!(first.command(&["reload"]).status.code(), Some(0));
    assert!(!is_shared(&first));
    let second = Beside::serve(&first);
    nobody_of_many_gets_a_burst_anew(&first, &url, &second.url());
}

#[tokio::test]
async fn nor_when_they_share_a_database() {
    let Some(server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    let (one, first) = database::serve(&by_address(&provider.url()), &server.url());
    for _ in 0..2 {
        assert_eq!(press_as(&first, 5_000), 5_000);
    }
    let (_two, second) = database::serve(&by_address(&provider.url()), &server.url());
    nobody_of_many_gets_a_burst_anew(&one, &first, &second);
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
