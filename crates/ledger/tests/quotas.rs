//! Parts of quotas: granted before they are spent, to any number of processes, never more than there is.

use crate::harness::{Home, on_both};
use exchange::{Grant, Period, Quota, QuotaAccount, QuotaStore, QuotasAway, Wish};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

on_both! {
    processes_that_press_in_get_no_more_than_there_is,
    what_is_given_back_can_be_had_again_and_what_is_owed_is_taken,
    a_file_that_is_locked_is_named_and_taken_up_again,
}

/// 2026-11-21, 10:00 UTC.
const NOW: u64 = crate::harness::NOW;

pub(crate) fn wish(period: Period, amount: u32, at_ms: u64, want: u32) -> Wish {
    let account = QuotaAccount { policy: "free/month".into(), subject: "globex".into() };
    let quota = Quota { amount: NonZeroU32::new(amount).unwrap(), period };
    Wish { account, quota, slot: period.slot(at_ms), want, back: Vec::new(), owed: 0 }
}

pub(crate) async fn lease(store: &Arc<dyn QuotaStore>, wish: Wish) -> Result<Grant, QuotasAway> {
    let (give, take) = oneshot::channel();
    store.lease(wish, Box::new(move |answer| drop(give.send(answer))));
    take.await.unwrap()
}

async fn processes_that_press_in_get_no_more_than_there_is(home: &mut Home) {
    let one = home.ledger().await;
    let two = home.ledger().await;
    let mut asking = Vec::new();
    for ledger in [&one, &two] {
        for _ in 0..200 {
            let store = ledger.quotas();
            asking.push(tokio::spawn(async move {
                lease(&store, wish(Period::Month, 1_000, NOW, 7)).await.unwrap().amount
            }));
        }
    }
    let mut granted = 0;
    for asked in asking {
        granted += asked.await.unwrap();
    }
    assert_eq!(granted, 1_000);
    one.close().await.unwrap();
    two.close().await.unwrap();
    // What was granted stands after a stop.
    let again = home.ledger().await;
    let grant = lease(&again.quotas(), wish(Period::Month, 1_000, NOW, 1)).await.unwrap();
    assert_eq!((grant.amount, grant.counted), (0, 1_000));
    let december = wish(Period::Month, 1_000, NOW + 30 * 86_400_000, 1);
    assert_eq!(grant.more_at_ms, december.slot.start_ms);
    assert_eq!(lease(&again.quotas(), december).await.unwrap().amount, 1, "another month");
    let larger = wish(Period::Month, 1_002, NOW, 5);
    assert_eq!(lease(&again.quotas(), larger).await.unwrap().amount, 2, "a larger quota goes on from there");
}

async fn what_is_given_back_can_be_had_again_and_what_is_owed_is_taken(home: &mut Home) {
    let ledger = home.ledger().await;
    let store = ledger.quotas();
    let ask = |want, back, owed| {
        let mut wish = wish(Period::Rolling(Duration::from_secs(3_600)), 10, NOW, want);
        (wish.back, wish.owed) = (back, owed);
        wish
    };
    let first = lease(&store, ask(8, Vec::new(), 0)).await.unwrap();
    assert_eq!((first.amount, first.counted), (8, 8));
    let slot = ask(0, Vec::new(), 0).slot;
    assert_eq!(first.more_at_ms, slot.until_ms);
    let back = lease(&store, ask(0, vec![(slot.start_ms, 5)], 0)).await.unwrap();
    assert_eq!((back.amount, back.counted), (0, 3));
    let owed = lease(&store, ask(9, Vec::new(), 9)).await.unwrap();
    assert_eq!(
        (owed.amount, owed.counted),
        (0, 12),
        "what was let in on trust counts, also beyond the quota"
    );
    let mut later = wish(Period::Rolling(Duration::from_secs(3_600)), 10, NOW + 3_600_000 + 60_000, 10);
    assert_eq!(lease(&store, later.clone()).await.unwrap().amount, 10, "an hour on it is out of sight");
    later.account.subject = "initech".into();
    assert_eq!(lease(&store, later).await.unwrap().amount, 10, "another has its own");
}

async fn a_file_that_is_locked_is_named_and_taken_up_again(home: &mut Home) {
    let ledger = home.ledger().await;
    let store = ledger.quotas();
    assert_eq!(lease(&store, wish(Period::Day, 9, NOW, 1)).await.unwrap().amount, 1);
    let lock = home.lock("quotas.db").await;
    let away = lease(&store, wish(Period::Day, 9, NOW, 1)).await.unwrap_err();
    assert!(away.to_string().contains("locked"), "{away}");
    assert!(ledger.health().quotas.is_some_and(|words| words.contains("locked")));
    lock.release().await;
    assert_eq!(lease(&store, wish(Period::Day, 9, NOW, 1)).await.unwrap().counted, 2);
    assert_eq!(ledger.health().quotas, None);
    ledger.close().await.unwrap();
    lease(&store, wish(Period::Day, 9, NOW, 1)).await.unwrap_err();
}
