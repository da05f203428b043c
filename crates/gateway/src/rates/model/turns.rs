//! One story each: somebody comes, the store is away, silent, or too late.

use super::{Process, SUBJECT, rate, simulated};
use crate::rates::{ALONE, JOINING, RatesStanding, SHARING};
use exchange::Rate;
use std::time::Duration;

/// How many of 150 calls at once a process lets in.
async fn let_in(process: &Process, rate: &Rate) -> u32 {
    let mut count = 0;
    for _ in 0..150 {
        count += u32::from(process.call(rate, 1).await);
    }
    count
}

#[test]
fn who_comes_and_who_stays_get_no_burst_anew() {
    simulated(Duration::from_millis(1), async |keeper| {
        let rate = rate(600, 3_600, 100);
        let one = Process::start(&keeper, 1);
        assert_eq!(let_in(&one, &rate).await, 100);
        assert!(one.is(ALONE));
        assert_eq!(keeper.kept.lock().unwrap().asked, 0, "alone, the store is not asked");
        let two = Process::start(&keeper, 2);
        assert!(two.is(JOINING));
        assert_eq!(let_in(&two, &rate).await, 0, "the first one has used it up");
        assert!(one.is(SHARING) && two.is(SHARING));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(let_in(&two, &rate).await, 10, "ten came back in a minute");
        drop(two);
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert!(one.is(ALONE), "the other one has not been heard of");
        assert_eq!(let_in(&one, &rate).await, 1, "one came back since");
    });
}

#[test]
fn while_the_store_is_away_each_goes_on_from_where_it_was() {
    simulated(Duration::ZERO, async |keeper| {
        let rate = rate(600, 3_600, 100);
        let (one, two) = (Process::start(&keeper, 1), Process::start(&keeper, 2));
        tokio::time::sleep(Duration::from_secs(2)).await;
        for _ in 0..60 {
            assert!(one.call(&rate, 1).await);
        }
        // What it has in hand goes back.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(two.rates.look(SUBJECT, &two.meter, &rate).remaining, 40);
        keeper.kept.lock().unwrap().away = true;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(one.rates.standing().away.as_deref(), Some("away"));
        let (mut first, mut second) = (0, 0);
        for _ in 0..100 {
            first += u32::from(one.call(&rate, 1).await);
            second += u32::from(two.call(&rate, 1).await);
        }
        assert_eq!((first, second), (40, 40), "each for itself, from what it had heard");
        keeper.kept.lock().unwrap().away = false;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(one.rates.standing(), RatesStanding { shared: true, ..RatesStanding::default() });
        assert!(!one.call(&rate, 1).await && !two.call(&rate, 1).await, "what was used meanwhile is known");
    });
}

#[test]
fn a_first_question_that_is_never_answered_gives_no_burst_anew() {
    for looks_first in [false, true] {
        simulated(Duration::ZERO, async |keeper| {
            let rate = rate(600, 3_600, 100);
            let one = Process::start(&keeper, 1);
            tokio::time::sleep(Duration::from_secs(1)).await;
            for _ in 0..60 {
                assert!(one.call(&rate, 1).await);
            }
            let two = Process::start(&keeper, 2);
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert!(one.is(SHARING) && two.is(SHARING));
            keeper.kept.lock().unwrap().hangs = true;
            if looks_first {
                one.rates.look(SUBJECT, &one.meter, &rate);
            }
            let mut count = 0;
            for _ in 0..100 {
                count += u32::from(one.call(&rate, 1).await);
            }
            assert_eq!(count, 40, "the other sixty were let in before");
            assert_eq!(one.rates.standing().away.as_deref(), Some("no answer in time"));
        });
    }
}

#[test]
fn a_store_that_answers_too_late_is_away_and_refuses_nobody() {
    for slow in [100, 200, 600] {
        simulated(Duration::ZERO, async |keeper| {
            let rate = rate(600, 3_600, 100);
            let (one, two) = (Process::start(&keeper, 1), Process::start(&keeper, 2));
            tokio::time::sleep(Duration::from_secs(2)).await;
            for _ in 0..60 {
                assert!(one.call(&rate, 1).await);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(two.rates.look(SUBJECT, &two.meter, &rate).remaining, 40);
            keeper.kept.lock().unwrap().slow = Duration::from_millis(slow);
            let begun = keeper.now();
            for call in 0..40 {
                assert!(one.call(&rate, 1).await, "{slow} ms: {call}");
            }
            let longest = (2 * slow).min(1_000) * 1_000_000;
            assert!(keeper.now() - begun <= longest, "{slow} ms: it waits for one answer only");
            assert!(!one.call(&rate, 1).await, "it goes on from where it was");
            let away = one.rates.standing().away;
            let why = if slow == 600 { "no answer in time" } else { "slow: " };
            assert!(away.as_ref().is_some_and(|said| said.starts_with(why)), "{slow} ms: {away:?}");
            tokio::time::sleep(Duration::from_secs(5)).await;
            assert!(one.rates.standing().away.is_some(), "{slow} ms: it stays so while it is slow");
            keeper.kept.lock().unwrap().slow = Duration::from_millis(3);
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert_eq!(one.rates.standing(), RatesStanding { shared: true, ..RatesStanding::default() });
            // What it counted for itself is known to the other one.
            assert!(!one.call(&rate, 1).await || !one.call(&rate, 1).await, "{slow} ms");
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert!(!two.call(&rate, 1).await || !two.call(&rate, 1).await, "{slow} ms");
        });
    }
}

#[test]
fn a_process_that_stood_still_meets_the_others_before_it_takes_anything() {
    simulated(Duration::from_millis(1), async |keeper| {
        let rate = rate(600, 3_600, 100);
        let (mut one, two) = (Process::start(&keeper, 1), Process::start(&keeper, 2));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(one.is(SHARING) && two.is(SHARING));
        assert!(one.call(&rate, 1).await);
        // As on another machine, or stopped by a signal: the other one sees it gone, and it does not.
        one.keeping.abort();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(two.is(ALONE) && one.is(SHARING));
        assert_eq!(let_in(&two, &rate).await, 100);
        one.keep();
        assert_eq!(let_in(&one, &rate).await, 0, "the other one has used it up");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(one.is(SHARING) && two.is(SHARING));
        assert_eq!((let_in(&one, &rate).await, let_in(&two, &rate).await), (0, 0));
        assert_eq!(one.rates.standing().away, None);
    });
}
