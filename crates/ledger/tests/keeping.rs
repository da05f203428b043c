//! What is kept of calls, how exactly, and for how long.

use crate::example::call;
use crate::harness::{DAY, Home, NOW, TODAY, all_rows, ids, on_both, total, usage, with_outcome};
use exchange::{By, CallIds, Detail, Fault, Message, Outcome, Reason, Recorder};
use ledger::{CallFilter, DetailsWanted, Group, Ledger, LedgerOptions, UsageFilter};
use std::sync::Arc;
use std::time::Duration;

on_both! {
    usage_is_exact_over_threads_when_rows_are_sampled_and_their_weights_add_up,
    a_row_comes_back_as_it_was_with_its_detail,
    details_are_kept_of_the_calls_they_are_wanted_of_in_whichever_order_they_come,
    an_open_call_is_shown_and_then_closed,
    a_tail_shows_what_is_written_also_late_and_over_midnight_and_nothing_twice,
    old_days_go_when_a_new_one_begins,
    usage_is_added_up_as_asked,
    every_writer_has_its_own_number,
    the_writing_ends_with_the_last_recorder_and_nothing_is_lost,
}

fn detail(body: &str) -> Detail {
    let request = Message { line: "GET / HTTP/1.1".into(), body: body.into(), ..Message::default() };
    Detail { request: Some(request), ..Detail::default() }
}

async fn usage_is_exact_over_threads_when_rows_are_sampled_and_their_weights_add_up(home: &mut Home) {
    let ledger = Ledger::open(LedgerOptions::new(home.place())).await.unwrap();
    let threads: Vec<_> = (0..4_u16)
        .map(|writer| {
            let recorder = ledger.recorder();
            std::thread::spawn(move || {
                let mut ids = CallIds::new(writer);
                for nth in 0..25_000_u64 {
                    let mut record = call(0, 0);
                    // Ten seconds of calls.
                    record.id = ids.next(NOW + nth * 2 / 5);
                    if nth % 1000 == 0 {
                        record = with_outcome(record, Outcome::Failed(Fault::Provider), 500);
                    }
                    recorder.usage(usage(&record));
                    recorder.row(record);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    ledger.close().await.unwrap();

    assert_eq!(ledger.health().rows_dropped, 0);
    let total = total(&ledger).await;
    assert_eq!((total.calls, total.bytes, total.time_us), (100_000, 10_000_000, 123_400_000));
    assert_eq!((total.calls_that("succeeded"), total.calls_that("failed")), (99_900, 100));
    assert_eq!(home.number(TODAY, "SELECT sum(weight) FROM calls").await, 100_000);
    assert_eq!(home.number(TODAY, "SELECT count(*) FROM calls WHERE outcome = 3").await, 100);
    let rows = home.number(TODAY, "SELECT count(*) FROM calls").await;
    assert!((200..2_000).contains(&rows), "sampled: {rows}");
}

async fn a_row_comes_back_as_it_was_with_its_detail(home: &mut Home) {
    let ledger = home.ledger().await;
    let recorder = ledger.recorder();
    let mut full = with_outcome(call(NOW, 1), Outcome::Aborted(By::Caller), 429);
    full.parent = Some(call(NOW - 5, 9).id);
    full.reason = Some(Reason::OverLimit);
    (full.breaks, full.bytes_in, full.provider_us) = (3, u64::from(u32::MAX) + 1, 17);
    full.address = Some("2001:db8::1".parse().unwrap());
    let mut bare = call(NOW, 2);
    (bare.api, bare.offer, bare.operation, bare.consumer, bare.plan, bare.address) =
        (None, None, None, None, None, None);
    for record in [&full, &bare] {
        recorder.row(record.clone());
    }
    recorder.detail(full.id, detail("hello"));
    ledger.flush().await.unwrap();

    let (found, kept) = ledger.call(full.id).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{full:?}"));
    assert_eq!(kept.unwrap().request.unwrap().body, "hello");
    let (found, kept) = ledger.call(bare.id).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{bare:?}"));
    assert!(kept.is_none());
    assert!(ledger.call(call(NOW, 3).id).await.unwrap().is_none());
}

async fn details_are_kept_of_the_calls_they_are_wanted_of_in_whichever_order_they_come(home: &mut Home) {
    for (at, wanted, of_good, of_declined) in [
        ("none", DetailsWanted::None, false, false),
        ("failed", DetailsWanted::Failed, false, true),
        ("all", DetailsWanted::All, true, true),
    ] {
        let options = LedgerOptions { details: wanted, ..all_rows(home.place_of(at)) };
        let ledger = Ledger::open(options).await.unwrap();
        let recorder = ledger.recorder();
        let declined = |nth| with_outcome(call(NOW, nth), Outcome::Declined, 404);
        for (nth, record) in [call(NOW, 1), declined(2)].into_iter().enumerate() {
            recorder.row(record.clone());
            recorder.detail(record.id, detail(&nth.to_string()));
        }
        for record in [call(NOW, 3), declined(4)] {
            recorder.detail(record.id, detail("early"));
            recorder.row(record);
        }
        ledger.flush().await.unwrap();
        for (nth, expected) in [(1, of_good), (2, of_declined), (3, of_good), (4, of_declined)] {
            let (_, kept) = ledger.call(call(NOW, nth).id).await.unwrap().unwrap();
            assert_eq!(kept.is_some(), expected, "{wanted:?} {nth}");
        }
    }
}

async fn an_open_call_is_shown_and_then_closed(home: &mut Home) {
    let ledger = home.ledger().await;
    let mut tail = ledger.tail().await.unwrap();
    let mut open = call(NOW, 1);
    (open.open, open.status) = (true, 101);
    ledger.recorder().row(open.clone());
    ledger.flush().await.unwrap();
    assert!(tail.read(&ledger, 10).await.unwrap()[0].open);

    open.open = false;
    ledger.recorder().row(open.clone());
    ledger.flush().await.unwrap();
    let again = tail.read(&ledger, 10).await.unwrap();
    assert_eq!((again.len(), again[0].open), (1, false));
    let page = ledger.calls(&CallFilter::default()).await.unwrap();
    assert_eq!((page.rows.len(), page.rows[0].open, page.rows[0].weight), (1, false, 1));

    // Begun and ended between two writes: both are in one.
    let mut short = call(NOW, 2);
    for is_open in [true, false] {
        short.open = is_open;
        ledger.recorder().row(short.clone());
        ledger.recorder().detail(short.id, detail(if is_open { "begun" } else { "ended" }));
    }
    ledger.flush().await.unwrap();
    let (row, kept) = ledger.call(short.id).await.unwrap().unwrap();
    assert_eq!((row.open, kept.unwrap().request.unwrap().body.as_str()), (false, "ended"));
}

async fn a_tail_shows_what_is_written_also_late_and_over_midnight_and_nothing_twice(home: &mut Home) {
    let ledger = home.ledger().await;
    let recorder = ledger.recorder();
    recorder.row(call(NOW, 1));
    ledger.flush().await.unwrap();
    let reader = home.reader().await;
    let mut tail = reader.tail().await.unwrap();
    assert_eq!(tail.read(&reader, 10).await.unwrap().len(), 0, "from now on");

    // The second one began earlier and is written later; the third one begins tomorrow.
    for record in [call(NOW + 50, 2), call(NOW + 10, 3), call(NOW + DAY, 4), call(NOW + 60, 5)] {
        recorder.row(record);
        ledger.flush().await.unwrap();
    }
    let first = tail.read(&reader, 2).await.unwrap();
    assert_eq!(ids(&first), [call(NOW + 50, 2).id, call(NOW + 10, 3).id]);
    let rest = tail.read(&reader, 10).await.unwrap();
    assert_eq!(ids(&rest), [call(NOW + 60, 5).id, call(NOW + DAY, 4).id]);
    assert_eq!(tail.read(&reader, 10).await.unwrap().len(), 0);
}

async fn old_days_go_when_a_new_one_begins(home: &mut Home) {
    let ledger = home.ledger().await;
    let recorder = ledger.recorder();
    // 30 days are kept: of the first day the last millisecond is as old as that, of the second one not.
    let begin = NOW - NOW % DAY;
    let (old, young) = (call(begin - 31 * DAY, 1), call(begin - 30 * DAY, 2));
    for record in [old.clone(), young.clone()] {
        recorder.row(record.clone());
        recorder.detail(record.id, detail("x"));
        ledger.flush().await.unwrap();
    }
    assert!(ledger.call(old.id).await.unwrap().is_some());
    recorder.row(call(NOW, 3));
    ledger.flush().await.unwrap();
    assert!(ledger.call(old.id).await.unwrap().is_none());
    assert!(ledger.call(young.id).await.unwrap().is_some());
    let left = match home {
        Home::Folder(folder) => std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|file| {
                file.as_ref().unwrap().file_name().to_str().unwrap().starts_with("calls-2026-10-21")
            })
            .count()
            .to_string(),
        Home::Postgres(server) => {
            server.sql("SELECT count(*) FROM pg_class WHERE relname LIKE '%2026\\_10\\_21%'")
        }
    };
    assert_eq!(left, "0", "nothing of it is left");

    assert_eq!(ledger.prune(NOW + DAY).await.unwrap(), 1);
    assert!(ledger.call(young.id).await.unwrap().is_none());
    assert!(ledger.call(call(NOW, 3).id).await.unwrap().is_some());
}

async fn usage_is_added_up_as_asked(home: &mut Home) {
    let ledger = home.ledger().await;
    let recorder = ledger.recorder();
    let at = NOW - NOW % 3_600_000;
    for nth in 0..600 {
        // Ten calls a minute for an hour; every tenth is refused.
        let mut record = call(at + nth / 10 * 60_000, nth);
        if nth % 10 == 0 {
            record = with_outcome(record, Outcome::Refused, 429);
            record.consumer = None;
        }
        recorder.usage(usage(&record));
    }
    ledger.flush().await.unwrap();
    // Added to what is there, not in its place.
    recorder.usage(usage(&call(at, 1)));
    ledger.flush().await.unwrap();

    let filter = UsageFilter { group_by: vec![Group::Consumer, Group::Class], ..UsageFilter::default() };
    let rows = ledger.usage(&filter).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].consumer.as_deref(), rows[0].class, rows[0].calls), (Some(""), Some(4), 60));
    assert_eq!((rows[1].consumer.as_deref(), rows[1].class, rows[1].calls), (Some("globex"), Some(2), 541));
    assert_eq!(rows[0].calls_that("refused"), 60);

    let filter = UsageFilter {
        since_ms: Some(at + 60_000),
        until_ms: Some(at + 3 * 60_000),
        consumer: Some("globex".into()),
        group_by: vec![Group::Minute, Group::Operation],
        ..UsageFilter::default()
    };
    let rows = ledger.usage(&filter).await.unwrap();
    let minutes: Vec<_> = rows.iter().map(|row| (row.at_ms, row.calls)).collect();
    assert_eq!(minutes, [(Some(at + 60_000), 9), (Some(at + 120_000), 9)]);
    assert_eq!(rows[0].operation.as_deref(), Some("getOrder"));

    let filter = UsageFilter { group_by: vec![Group::Hour], ..UsageFilter::default() };
    assert_eq!(ledger.usage(&filter).await.unwrap()[0].at_ms, Some(at));
    let filter = UsageFilter { api: Some("weather".into()), ..UsageFilter::default() };
    assert_eq!(ledger.usage(&filter).await.unwrap(), []);
}

async fn every_writer_has_its_own_number(home: &mut Home) {
    let one = home.ledger().await;
    let other = home.ledger().await;
    let first = one.lease_writer().await.unwrap();
    let mut seen = vec![first, one.lease_writer().await.unwrap(), other.lease_writer().await.unwrap()];
    let mut writers: Vec<u16> = other.writers().await.unwrap().into_keys().collect();
    writers.sort_unstable();
    let mut held = seen.clone();
    held.sort_unstable();
    assert_eq!(writers, held, "each is heard of by the others");
    one.close().await.unwrap();
    // Given back, but not given out again before the others had their turn.
    seen.push(other.lease_writer().await.unwrap());
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    while other.lease_writer().await.is_ok_and(|number| number != first) {}
    assert!(other.lease_writer().await.unwrap() != first);
}

async fn the_writing_ends_with_the_last_recorder_and_nothing_is_lost(home: &mut Home) {
    let recorder: Arc<dyn Recorder> = {
        let ledger = home.ledger().await;
        ledger.recorder()
    };
    recorder.row(call(NOW, 1));
    recorder.usage(usage(&call(NOW, 1)));
    drop(recorder);
    // The thread ends by itself; its last writes are waited for.
    loop {
        let reader = home.reader().await;
        let row = reader.call(call(NOW, 1).id).await.unwrap();
        if total(&reader).await.calls == 1 && row.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
