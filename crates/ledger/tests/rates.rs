//! Rates that processes share: granted in parts, by one clock, to whoever serves the board.

use crate::harness::{Home, on_both};
use exchange::{Company, Meeting, Rate, RateAsk, RatePart, RateStore, RatesAway};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

on_both! {
    processes_that_press_in_are_granted_one_burst_together,
    what_goes_back_can_be_had_again_and_what_was_used_before_counts,
    who_is_left_alone_takes_over_what_is_used,
    who_slept_takes_nobody_for_gone_who_slept_as_long,
    all_processes_hash_alike,
    a_place_that_is_locked_is_named_and_taken_up_again,
    whoever_is_refused_holds_up_nobody,
    a_process_that_cannot_read_how_subjects_are_numbered_says_that_it_shares_nothing,
}

/// One an hour beyond the burst: what is granted in a test is the burst.
fn hourly(burst: u32) -> Rate {
    Rate::new(NonZeroU32::MIN, Duration::from_secs(3_600)).with_burst(NonZeroU32::new(burst).unwrap())
}

fn wish(subject: u64, burst: u32, want: u32) -> RateAsk {
    RateAsk { subject, rate: hourly(burst), least: 1.min(want), want, back: 0, ahead: 0 }
}

async fn lease(store: &Arc<dyn RateStore>, ask: RateAsk) -> Result<RatePart, RatesAway> {
    let (give, take) = oneshot::channel();
    store.lease(ask, Box::new(move |answer| drop(give.send(answer))));
    take.await.unwrap()
}

async fn units(store: &Arc<dyn RateStore>, ask: RateAsk) -> u32 {
    lease(store, ask).await.unwrap().units
}

async fn meet(store: &Arc<dyn RateStore>, meeting: Meeting) -> Company {
    let (give, take) = oneshot::channel();
    store.meet(meeting, Box::new(move |answer| drop(give.send(answer))));
    take.await.unwrap().unwrap()
}

async fn processes_that_press_in_are_granted_one_burst_together(home: &mut Home) {
    let ledgers = [home.ledger().await, home.ledger().await];
    let mut asking = Vec::new();
    for ledger in &ledgers {
        let store = ledger.rates().await.unwrap();
        for subject in [2_u64, u64::MAX - 1] {
            for _ in 0..100 {
                let store = Arc::clone(&store);
                asking
                    .push((subject, tokio::spawn(async move { units(&store, wish(subject, 500, 7)).await })));
            }
        }
    }
    let mut granted = [0, 0];
    for (subject, asked) in asking {
        granted[usize::from(subject == 2)] += asked.await.unwrap();
    }
    assert_eq!(granted, [500, 500]);
    for ledger in ledgers {
        ledger.close().await.unwrap();
    }
}

async fn what_goes_back_can_be_had_again_and_what_was_used_before_counts(home: &mut Home) {
    let ledger = home.ledger().await;
    let store = ledger.rates().await.unwrap();
    let hour = 3_600_000_000_000;
    assert_eq!(units(&store, wish(2, 10, 4)).await, 4);
    assert_eq!(units(&store, RateAsk { back: 3 * hour, ..wish(2, 10, 0) }).await, 0);
    assert_eq!(units(&store, wish(2, 10, 20)).await, 5, "of the last few not all");
    assert_eq!(units(&store, RateAsk { least: 4, ..wish(2, 10, 20) }).await, 4);
    assert_eq!(units(&store, wish(2, 10, 1)).await, 0);
    let dear = RateAsk { least: 4, ..wish(4, 10, 12) };
    assert_eq!(units(&store, RateAsk { ahead: 7 * hour - 1, ..dear }).await, 0, "three are of no use for it");
    assert_eq!(units(&store, dear).await, 0, "what was used before stays used");
    assert_eq!(units(&store, RateAsk { least: 3, ..dear }).await, 3);
    let (give, take) = oneshot::channel();
    store.carry(vec![(6, 9 * hour), (2, hour)], Box::new(move |done| drop(give.send(done))));
    take.await.unwrap().unwrap();
    assert_eq!((units(&store, wish(6, 10, 5)).await, units(&store, wish(2, 10, 5)).await), (1, 0));
    let larger = units(&store, RateAsk { least: 2, ..wish(2, 12, 5) }).await;
    assert_eq!(larger, 0, "of a larger burst no more is free than was before");
    assert_eq!(units(&store, wish(2, 3, 5)).await, 0, "a smaller one is used up");
    assert!(lease(&store, wish(2, 3, 0)).await.unwrap().ahead <= 3 * hour);
    ledger.close().await.unwrap();
}

async fn who_is_left_alone_takes_over_what_is_used(home: &mut Home) {
    let ledgers = [home.ledger().await, home.ledger().await];
    let [one, two] = &ledgers;
    let (first, second) = (one.rates().await.unwrap(), two.rates().await.unwrap());
    let alone = meet(&first, Meeting::SharingUnlessAlone).await;
    assert_eq!(alone, Company { others: 0, not_sharing: 0, aheads: Some(Vec::new()) });
    let found = meet(&second, Meeting::SharingUnlessAlone).await;
    assert_eq!(found, Company { others: 1, not_sharing: 1, aheads: None });
    assert_eq!(meet(&first, Meeting::Sharing).await, Company { others: 1, ..Company::default() });
    assert_eq!(meet(&second, Meeting::Sharing).await, Company { others: 1, ..Company::default() });
    assert_eq!(units(&second, wish(8, 10, 4)).await, 4);
    two.close().await.unwrap();
    let left = meet(&first, Meeting::SharingUnlessAlone).await;
    let aheads = left.aheads.unwrap();
    assert_eq!((left.others, aheads.len(), aheads[0].0), (0, 1, 8));
    let hours = aheads[0].1 / 3_600_000_000_000;
    assert_eq!(hours, 3, "nearly four: {aheads:?}");
    one.close().await.unwrap();
}

async fn who_slept_takes_nobody_for_gone_who_slept_as_long(home: &mut Home) {
    let ledgers = [home.ledger().await, home.ledger().await];
    let [one, two] = &ledgers;
    let (first, second) = (one.rates().await.unwrap(), two.rates().await.unwrap());
    assert_eq!(meet(&first, Meeting::Sharing).await.others, 0);
    assert_eq!(meet(&second, Meeting::Sharing).await.others, 1);
    for _ in 0..2 {
        home.change("rates.db", "UPDATE sharers SET seen = seen - 3600000000000").await;
        assert_eq!(meet(&first, Meeting::SharingUnlessAlone).await.others, 1, "it slept as well");
        assert_eq!(meet(&second, Meeting::Sharing).await.others, 1);
    }
    // Everybody had time to say that it is there: now one of them is awake, and sees the other one silent.
    home.change("rates.db", "UPDATE sharers SET seen = seen - 6000000000").await;
    assert_eq!(meet(&first, Meeting::Sharing).await.others, 1);
    let silent = "UPDATE sharers SET seen = seen - 6000000000 WHERE seen < (SELECT max(seen) FROM sharers)";
    assert_eq!(meet(&first, Meeting::Sharing).await.others, 1);
    home.change("rates.db", silent).await;
    assert_eq!(meet(&first, Meeting::Sharing).await.others, 0);
    for ledger in ledgers {
        ledger.close().await.unwrap();
    }
}

async fn all_processes_hash_alike(home: &mut Home) {
    let ledgers = [home.ledger().await, home.ledger().await];
    let keys = [ledgers[0].rates().await.unwrap().key(), ledgers[1].rates().await.unwrap().key()];
    assert_eq!(keys[0], keys[1]);
    for ledger in ledgers {
        ledger.close().await.unwrap();
    }
    let again = home.ledger().await;
    assert_eq!(again.rates().await.unwrap().key(), keys[0]);
    again.close().await.unwrap();
}

async fn a_place_that_is_locked_is_named_and_taken_up_again(home: &mut Home) {
    let ledger = home.ledger().await;
    let store = ledger.rates().await.unwrap();
    assert_eq!(units(&store, wish(2, 10, 4)).await, 4);
    let lock = home.lock("rates.db").await;
    let away = lease(&store, wish(2, 10, 4)).await.unwrap_err();
    assert!(away.to_string().contains("locked"), "{away}");
    lock.release().await;
    assert_eq!(units(&store, wish(2, 10, 4)).await, 3, "half of the last six");
    ledger.close().await.unwrap();
}

async fn whoever_is_refused_holds_up_nobody(home: &mut Home) {
    let ledgers = [home.ledger().await, home.ledger().await];
    let (first, second) = (ledgers[0].rates().await.unwrap(), ledgers[1].rates().await.unwrap());
    assert_eq!(units(&first, RateAsk { least: 10, ..wish(2, 10, 10) }).await, 10);
    assert_eq!(units(&first, wish(2, 10, 1)).await, 0);
    // What was refused changed nothing; the first one asks nothing more, and the second one is not kept waiting for that.
    assert_eq!(units(&second, wish(4, 10, 4)).await, 4);
    assert_eq!(lease(&second, wish(2, 10, 0)).await.unwrap().units, 0, "nor after a question");
    assert_eq!(units(&first, wish(6, 10, 4)).await, 4);
    for ledger in ledgers {
        ledger.close().await.unwrap();
    }
}

async fn a_process_that_cannot_read_how_subjects_are_numbered_says_that_it_shares_nothing(home: &mut Home) {
    let first = home.ledger().await;
    let key = first.rates().await.unwrap().key();
    let lock = home.lock("rates.db").await;
    let second = home.ledger().await;
    let strange = second.rates().await.unwrap();
    lock.release().await;
    let away = lease(&strange, wish(2, 10, 4)).await.unwrap_err().to_string();
    assert!(away.contains("key of subjects") && away.contains("start it anew"), "{away}");
    let third = home.ledger().await;
    assert_eq!(third.rates().await.unwrap().key(), key);
    assert_eq!(units(&third.rates().await.unwrap(), wish(2, 10, 4)).await, 4);
    for ledger in [first, second, third] {
        ledger.close().await.unwrap();
    }
}
