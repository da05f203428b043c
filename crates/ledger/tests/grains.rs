//! The three grains under load: rows are capped, and what their weights say adds up to usage, class by class.

use crate::example::call;
use crate::harness::{DAY, Home, NOW, on_both, usage};
use exchange::{CallIds, CallRecord, Fault, Outcome, Recorder};
use ledger::{CallFilter, Group, Ledger, LedgerOptions, MOST_ROWS, UsageFilter};
use std::collections::BTreeMap;
use std::sync::Arc;

on_both! {
    at_ten_times_the_cap_weights_add_up_to_usage_in_every_class,
    what_does_not_fit_the_queue_is_counted_and_later_rows_stand_for_it,
}

/// Calls by status class and outcome.
type Sums = BTreeMap<(u8, &'static str), u64>;

/// Of every thousand calls some end otherwise.
fn nth_call(id: exchange::CallId, nth: u64) -> CallRecord {
    let mut record = call(0, 0);
    record.id = id;
    (record.status, record.outcome) = match nth % 1000 {
        0 => (304, Outcome::Succeeded),
        1..50 => (404, Outcome::Declined),
        50..150 => (429, Outcome::Refused),
        150..200 => (503, Outcome::Failed(Fault::Provider)),
        _ => (200, Outcome::Succeeded),
    };
    record
}

/// Ten times the cap: 20,000 a second over ten seconds, from four threads.
fn flood(recorder: &Arc<dyn Recorder>, threads: u16, each: u64, a_ms: u64) {
    let threads: Vec<_> = (0..threads)
        .map(|writer| {
            let recorder = Arc::clone(recorder);
            std::thread::spawn(move || {
                let mut ids = CallIds::new(writer);
                for nth in 0..each {
                    let record = nth_call(ids.next(NOW + nth / a_ms), nth);
                    recorder.usage(usage(&record));
                    recorder.row(record);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

async fn counted(ledger: &Ledger) -> Sums {
    let filter = UsageFilter { group_by: vec![Group::Class], ..UsageFilter::default() };
    let mut sums = Sums::new();
    for row in ledger.usage(&filter).await.unwrap() {
        for word in Outcome::WORDS {
            let calls = row.calls_that(word);
            if calls > 0 {
                *sums.entry((row.class.unwrap(), word)).or_default() += calls;
            }
        }
    }
    sums
}

/// What the weights of all rows say, and how many rows there are.
async fn weighed(ledger: &Ledger) -> (Sums, usize) {
    let mut filter = CallFilter { since_ms: Some(NOW - DAY), limit: MOST_ROWS, ..CallFilter::default() };
    let (mut sums, mut rows) = (Sums::new(), 0);
    loop {
        let page = ledger.calls(&filter).await.unwrap();
        for row in &page.rows {
            let class = u8::try_from(row.status / 100).unwrap();
            *sums.entry((class, row.outcome.word())).or_default() += u64::from(row.weight);
        }
        rows += page.rows.len();
        filter.before = match page.next {
            Some(next) => Some(next),
            None => return (sums, rows),
        };
    }
}

async fn at_ten_times_the_cap_weights_add_up_to_usage_in_every_class(home: &mut Home) {
    let ledger = Ledger::open(LedgerOptions::new(home.place())).await.unwrap();
    flood(&ledger.recorder(), 4, 50_000, 5);
    ledger.close().await.unwrap();
    let (sums, rows) = weighed(&ledger).await;
    assert_eq!(sums, counted(&ledger).await);
    assert_eq!(sums.values().sum::<u64>(), 200_000);
    assert_eq!(sums.len(), 5);
    // 50/s and 1,525/s over ten seconds, their bursts, and a row for what is left of each kind.
    assert!((1_000..21_000).contains(&rows), "{rows}");
}

async fn what_does_not_fit_the_queue_is_counted_and_later_rows_stand_for_it(home: &mut Home) {
    let ledger = home.ledger().await;
    flood(&ledger.recorder(), 2, 60_000, 60);
    ledger.close().await.unwrap();
    let (sums, rows) = weighed(&ledger).await;
    assert_eq!(sums, counted(&ledger).await);
    let dropped = ledger.health().rows_dropped;
    assert!(dropped > 0 && rows < 120_000, "{dropped} dropped, {rows} rows: the queue holds 4,096");
}
