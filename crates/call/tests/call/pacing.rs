//! The pace towards a provider, on the wire: calls wait for their turn, and not too long.

use crate::caller::{get, on_one_thread, providers, upstream};
use board::Upstream;
use call::{Dial, ErrorKind, Paces, Providers};
use demo::Provider;
use exchange::Rate;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// `count` a second, `burst` at once.
fn rate(count: u32, burst: u32) -> Rate {
    let count = NonZeroU32::new(count).unwrap();
    Rate::new(count, Duration::from_secs(1)).with_burst(NonZeroU32::new(burst).unwrap())
}

#[test]
fn a_call_that_would_wait_too_long_is_busy_at_once_and_books_nothing() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let (paces, pace) = (Arc::new(Paces::default()), Some(rate(1, 1)));
        // Two threads' worth of providers share the turns.
        let thread = || Providers::with_paces(Dial::default(), Arc::clone(&paces));
        let (first, second) = (thread(), thread());
        let upstream = Upstream { pace, timeout: Duration::from_millis(1500), ..upstream(&[provider.url()]) };
        first.send(&upstream, get("/")).await.unwrap();
        let waiting = second.send(&upstream, get("/"));
        let busy = async {
            for _ in 0..3 {
                let error = first.send(&upstream, get("/")).await.unwrap_err();
                let ErrorKind::Busy(wait) = error.kind else { panic!("{error}") };
                assert!(wait > Duration::from_millis(1500) && wait <= Duration::from_secs(2), "{wait:?}");
                assert!(error.nothing_was_sent());
            }
        };
        let (answer, ()) = futures_util::future::join(waiting, busy).await;
        assert!(!answer.unwrap().sent.waited.is_zero());
        assert_eq!(provider.calls(), 2);
    });
}

#[test]
fn a_turn_that_was_not_waited_for_is_given_back() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let (providers, upstream) =
            (providers(), Upstream { pace: Some(rate(1, 1)), ..upstream(&[provider.url()]) });
        providers.send(&upstream, get("/")).await.unwrap();
        for _ in 0..30 {
            let gone =
                tokio::time::timeout(Duration::from_millis(1), providers.send(&upstream, get("/"))).await;
            assert!(gone.is_err());
        }
        let answer = providers.send(&upstream, get("/")).await.unwrap();
        assert!(answer.sent.waited <= Duration::from_secs(1), "{:?}", answer.sent.waited);
    });
}
