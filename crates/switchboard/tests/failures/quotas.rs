//! A quota over two processes on one board, one of which is killed again and again: the provider never hears more
//! calls than it says.

use crate::harness::Running;
use crate::served::{Beside, board};
use crate::wire::Caller;
use demo::Provider;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const QUOTA: u64 = 3_000;
/// Kills of the second process, while both serve.
const KILLS: usize = 3;
/// Ten times the quota are tried at most.
const MOST: usize = 30_000;

#[tokio::test]
async fn no_call_above_the_quota_reaches_the_provider_whoever_is_killed() {
    let provider = Provider::status(200).start().await;
    let quota = format!("auth = \"none\"\nquota = \"{QUOTA}/year\"");
    let text = board(&provider.url(), "", "").replace("auth = \"none\"", &quota);
    let (first, url) = Running::serve(&text);
    let mut second = Beside::serve(&first);
    let other = second.url();
    let admitted = AtomicUsize::new(0);
    // Calls until it is refused or cut off; whether it was refused.
    let press = |url: &str, most: usize| {
        let Some(mut caller) = Caller::try_new(url) else { return false };
        for _ in 0..most {
            match caller.get("/", "") {
                Some(200) => admitted.fetch_add(1, Ordering::Relaxed),
                Some(429) => return true,
                _ => return false,
            };
        }
        false
    };
    for _ in 0..KILLS {
        let before = admitted.load(Ordering::Relaxed);
        std::thread::scope(|scope| {
            scope.spawn(|| press(&url, 300));
            scope.spawn(|| press(&other, 300));
            scope.spawn(|| press(&other, 300));
            for _ in 0..2_000 {
                if admitted.load(Ordering::Relaxed) >= before + 150 {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            // SIGKILL, with a part of the quota in hand.
            second.kill();
        });
        second.again(&first);
    }
    // Both to the end, ten times over.
    std::thread::scope(|scope| {
        for url in [&url, &other, &url, &other] {
            scope.spawn(|| {
                for _ in 0..20 {
                    press(url, MOST / 40);
                }
            });
        }
    });
    let reached = provider.calls() as u64;
    assert!(reached <= QUOTA, "{reached} calls reached the provider, {QUOTA} may");
    // What a kill took along was in one hand, a second's use at most.
    assert!(reached >= QUOTA / 2, "{reached} of {QUOTA}, after {KILLS} kills");
    assert_eq!(first.stop(), Some(0));
}
