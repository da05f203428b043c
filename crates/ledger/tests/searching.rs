//! Searches among kept calls.

use crate::example::call;
use crate::harness::{DAY, Home, NOW, ids, on_both, with_outcome};
use crate::postgres::Server;
use exchange::{CallId, CallRecord, ConsumerName, Fault, Outcome, Reason};
use ledger::{CallFilter, Ledger, StatusFilter, StoreError};

on_both! {
    pages_neither_repeat_nor_skip,
    each_condition_finds_its_own,
    without_a_period_the_last_day_is_searched,
    a_ledger_is_read_beside_the_board_that_writes_it,
    a_search_that_finds_nothing_among_many_goes_on_where_it_stopped,
}

async fn keep(ledger: &Ledger, records: impl IntoIterator<Item = CallRecord>) {
    let recorder = ledger.recorder();
    for (nth, record) in (1..).zip(records) {
        recorder.row(record);
        if nth % 2000 == 0 {
            ledger.flush().await.unwrap();
        }
    }
    ledger.flush().await.unwrap();
    assert_eq!(ledger.health().rows_dropped, 0);
}

/// All pages one after the other.
async fn all(ledger: &Ledger, mut filter: CallFilter) -> (Vec<CallId>, usize) {
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let page = ledger.calls(&filter).await.unwrap();
        pages += 1;
        found.extend(ids(&page.rows));
        match page.next {
            Some(next) => {
                assert!(filter.before.is_none_or(|before| next < before), "every page gets on");
                filter.before = Some(next);
            }
            None => return (found, pages),
        }
    }
}

async fn pages_neither_repeat_nor_skip(home: &mut Home) {
    let ledger = home.ledger().await;
    // Three days, with a day missing between, bursts in one millisecond, and midnight itself.
    let begin = NOW - NOW % DAY;
    let mut records = Vec::new();
    for day in [begin - 3 * DAY, begin - 2 * DAY, begin] {
        records.extend((0..300).map(|nth| call(day, nth)));
        records.extend((0..500).map(|nth| call(day + 1 + nth * 100_000, nth)));
        records.push(call(day + DAY - 1, 0));
    }
    let mut expected = ids(&records);
    expected.sort_unstable();
    expected.reverse();
    keep(&ledger, records).await;
    let period = CallFilter { since_ms: Some(0), ..CallFilter::default() };
    for limit in [1000, 97, 300] {
        let (found, pages) = all(&ledger, CallFilter { limit, ..period.clone() }).await;
        assert_eq!(found, expected, "{limit}");
        assert!(pages >= expected.len() / limit as usize);
    }
    let (found, _) = all(&ledger, CallFilter { path_prefix: Some("/orders/29".into()), ..period }).await;
    assert_eq!(found.len(), 3 * 2 * 11);
}

async fn each_condition_finds_its_own(home: &mut Home) {
    let ledger = home.ledger().await;
    let mut records: Vec<_> = (0..12).map(|nth| call(NOW + nth, nth)).collect();
    (records[0].open, records[0].address) = (true, Some("2001:db8::7".parse().unwrap()));
    records[1] = with_outcome(records[1].clone(), Outcome::Refused, 429);
    records[1].reason = Some(Reason::OverLimit);
    records[2] = with_outcome(records[2].clone(), Outcome::Failed(Fault::Network), 502);
    records[3] = with_outcome(records[3].clone(), Outcome::Failed(Fault::Provider), 503);
    records[4] = with_outcome(records[4].clone(), Outcome::Declined, 404);
    records[5].breaks = 2;
    records[6].took_us = 3_000_000;
    records[7].api = Some("weather".into());
    records[8].operation = Some("listOrders".into());
    records[9].consumer = Some(ConsumerName::new("acme"));
    records[10].path = "/ümlaut/50%".into();
    records[11] = with_outcome(records[11].clone(), Outcome::Panicked, 0);
    keep(&ledger, records.clone()).await;
    let some = |text: &str| Some(text.to_owned());
    let base = CallFilter::default;
    for (filter, expected) in [
        (CallFilter { outcome: some("refused"), ..base() }, vec![1]),
        (CallFilter { outcome: some("failed"), ..base() }, vec![3, 2]),
        (CallFilter { outcome: some("declined"), ..base() }, vec![4]),
        (CallFilter { outcome: some("panicked"), ..base() }, vec![11]),
        (CallFilter { outcome: some("nonsense"), ..base() }, vec![]),
        (CallFilter { status: Some(StatusFilter::Exactly(503)), ..base() }, vec![3]),
        (CallFilter { status: Some(StatusFilter::Class(4)), ..base() }, vec![4, 1]),
        (CallFilter { status: Some(StatusFilter::Class(0)), ..base() }, vec![11]),
        (CallFilter { reason: Some(Reason::OverLimit), ..base() }, vec![1]),
        (CallFilter { breaks_only: true, ..base() }, vec![5]),
        (CallFilter { took_over_us: Some(1_000_000), ..base() }, vec![6]),
        (CallFilter { took_over_us: Some(2_999_999), ..base() }, vec![6]),
        (CallFilter { took_over_us: Some(3_000_000), ..base() }, vec![]),
        (CallFilter { api: some("weather"), ..base() }, vec![7]),
        (CallFilter { operation: some("listOrders"), ..base() }, vec![8]),
        (CallFilter { consumer: some("acme"), ..base() }, vec![9]),
        (CallFilter { path_prefix: some("/üml"), ..base() }, vec![10]),
        (CallFilter { path_prefix: some("/ümlaut/50%"), ..base() }, vec![10]),
        (CallFilter { path_prefix: some("%"), ..base() }, vec![]),
        (CallFilter { since_ms: Some(NOW + 10), ..base() }, vec![11, 10]),
        (CallFilter { until_ms: Some(NOW + 2), ..base() }, vec![1, 0]),
        (CallFilter { since_ms: Some(NOW + 3), until_ms: Some(NOW + 5), ..base() }, vec![4, 3]),
        (CallFilter { since_ms: Some(u64::MAX), ..base() }, vec![]),
        (CallFilter { since_ms: Some(0), until_ms: Some(u64::MAX), breaks_only: true, ..base() }, vec![5]),
        (CallFilter { status: Some(StatusFilter::Class(5)), api: some("weather"), ..base() }, vec![]),
        (CallFilter { open_only: true, ..base() }, vec![0]),
        (CallFilter { address: Some("2001:db8::7".parse().unwrap()), ..base() }, vec![0]),
        (CallFilter { outcome: some("succeeded"), until_ms: Some(NOW + 6), ..base() }, vec![5]),
        // By another index than each of them alone.
        (CallFilter { api: some("orders"), breaks_only: true, ..base() }, vec![5]),
        (CallFilter { api: some("weather"), breaks_only: true, ..base() }, vec![]),
        (CallFilter { api: some("orders"), took_over_us: Some(2_000_000), ..base() }, vec![6]),
        (CallFilter { consumer: some("globex"), outcome: some("refused"), ..base() }, vec![1]),
        (CallFilter { consumer: some("acme"), api: some("orders"), ..base() }, vec![9]),
        (CallFilter { operation: some("listOrders"), api: some("orders"), ..base() }, vec![8]),
        (CallFilter { operation: some("listOrders"), api: some("weather"), ..base() }, vec![]),
        (CallFilter { api: some("orders"), until_ms: Some(NOW + 2), ..base() }, vec![1, 0]),
        (CallFilter { consumer: some("globex"), since_ms: Some(NOW + 9), ..base() }, vec![11, 10]),
    ] {
        let (found, _) = all(&ledger, filter.clone()).await;
        let expected: Vec<_> = expected.into_iter().map(|nth| call(NOW + nth, nth).id).collect();
        assert_eq!(found, expected, "{filter:?}");
        // Whoever looks at a call itself comes to the same, but for when it began.
        let within = |record: &&CallRecord| {
            let at = record.id.at_ms();
            filter.since_ms.is_none_or(|since| at >= since) && filter.until_ms.is_none_or(|until| at < until)
        };
        let own = records.iter().rev().filter(|record| filter.matches(record)).filter(within);
        assert_eq!(own.map(|record| record.id).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

async fn without_a_period_the_last_day_is_searched(home: &mut Home) {
    let ledger = home.ledger().await;
    let empty = ledger.calls(&CallFilter::default()).await.unwrap();
    assert!(empty.rows.is_empty() && !empty.more());
    keep(&ledger, [call(NOW - DAY - 1, 1), call(NOW - DAY + 1, 2), call(NOW, 3)]).await;
    let page = ledger.calls(&CallFilter::default()).await.unwrap();
    assert_eq!(ids(&page.rows), [call(NOW, 3).id, call(NOW - DAY + 1, 2).id]);
    assert_eq!((page.searched_to_ms, page.next), (NOW - DAY, None));
}

async fn a_ledger_is_read_beside_the_board_that_writes_it(home: &mut Home) {
    let board = home.ledger().await;
    keep(&board, [call(NOW, 1)]).await;
    let reader = home.reader().await;
    assert_eq!(reader.calls(&CallFilter::default()).await.unwrap().rows.len(), 1);
    keep(&board, [call(NOW, 2)]).await;
    assert_eq!(reader.calls(&CallFilter::default()).await.unwrap().rows.len(), 2);

    let refused = reader.add_consumer("acme", &[], crate::harness::CLI).await.unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly));
    assert!(matches!(reader.lease_writer().await, Err(StoreError::ReadOnly)));
    assert!(matches!(reader.prune(u64::MAX).await, Err(StoreError::ReadOnly)));
    reader.close().await.unwrap();
    board.close().await.unwrap();
    assert!(matches!(board.close().await, Err(StoreError::Closed)));
    assert_eq!(reader.calls(&CallFilter::default()).await.unwrap().rows.len(), 2);

    let nothing = home.place_of("nothing");
    let missing = Ledger::open_read_only(nothing.clone()).await.unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
    let missing = Ledger::open_read_only(nothing).await.unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }), "reading makes nothing: {missing}");
    if let Home::Folder(folder) = home {
        assert!(!folder.path().join("nothing").exists());
    }
}

async fn a_search_that_finds_nothing_among_many_goes_on_where_it_stopped(home: &mut Home) {
    let ledger = home.ledger().await;
    // A day of 24,000 rows, one of them wanted, at its beginning.
    let begin = NOW - NOW % DAY;
    let mut records: Vec<_> = (0..24_000).map(|nth| call(begin + nth * 3_600, nth)).collect();
    records[0].path = "/wanted".into();
    keep(&ledger, records).await;
    let filter =
        CallFilter { path_prefix: Some("/wanted".into()), since_ms: Some(begin), ..Default::default() };
    assert_eq!(all(&ledger, filter).await.0, [call(begin, 0).id]);
}

#[tokio::test]
async fn postgresql_finds_what_hardly_called_without_walking_the_day() {
    // It says of every statement how it was done.
    let settings = [
        "session_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_analyze=on",
    ];
    let Some(server) = Server::start_with(&settings.map(str::to_owned)) else { return };
    let home = Home::Postgres(server);
    let Home::Postgres(server) = &home else { return };
    let ledger = home.ledger().await;
    let begin = NOW - NOW % DAY;
    let mut records: Vec<_> = (0..24_000).map(|nth| call(begin + nth * 3_600, nth)).collect();
    for (nth, record) in records.iter_mut().enumerate() {
        record.operation = Some(if nth < 3 { "rare".into() } else { format!("op{}", nth % 9).into() });
    }
    keep(&ledger, records).await;
    server.sql("ANALYZE");
    let wanted =
        CallFilter { operation: Some("rare".into()), since_ms: Some(begin), ..CallFilter::default() };
    assert_eq!(all(&ledger, wanted).await.0.len(), 3);
    let log = std::fs::read_to_string(server.log()).unwrap();
    assert!(log.contains("operation_class_id_idx"), "the plans are in the log");
    let passed_over = log.lines().filter_map(|line| line.split_once("Rows Removed by Filter: "));
    let passed_over: u64 = passed_over.map(|(_, count)| count.trim().parse::<u64>().unwrap()).sum();
    assert!(passed_over < 2_000, "{passed_over} rows were looked at for nothing");
}
