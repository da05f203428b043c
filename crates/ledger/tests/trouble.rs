//! A ledger that cannot be written: calls go on, the loss is counted and said, and it catches up.

use crate::example::call;
use crate::harness::{CLI, Home, NOW, TODAY, all_rows, on_both, stranger, total, usage};
use ledger::{CallFilter, Ledger, Place, StoreError};

on_both! {
    a_locked_ledger_stops_nobody_and_usage_catches_up,
    a_ledger_that_is_closed_while_it_is_locked_says_what_is_lost,
    accounts_wait_for_no_lock_of_calls,
}

async fn a_locked_ledger_stops_nobody_and_usage_catches_up(home: &mut Home) {
    let ledger = home.ledger().await;
    let recorder = ledger.recorder();
    recorder.row(call(NOW, 0));
    recorder.usage(usage(&call(NOW, 0)));
    ledger.flush().await.unwrap();

    let (calls, counts) = (home.lock(TODAY).await, home.lock("usage.db").await);
    // More than can wait.
    for nth in 1..30_000 {
        recorder.row(call(NOW, nth));
        recorder.usage(usage(&call(NOW, nth)));
    }
    let error = ledger.flush().await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    let health = ledger.health();
    assert!(health.behind && health.last_error.is_some_and(|error| error.contains("locked")));
    assert_eq!(health.usage_pending, 29_999);
    assert!(health.rows_dropped > 0 && health.rows_pending > 0);
    // Questions are answered meanwhile.
    assert_eq!(ledger.calls(&CallFilter::default()).await.unwrap().rows.len(), 1);
    assert_eq!(total(&ledger).await.calls, 1);

    calls.release().await;
    counts.release().await;
    ledger.flush().await.unwrap();
    assert_eq!(total(&ledger).await.calls, 30_000, "exact");
    let health = ledger.health();
    assert_eq!(
        (health.behind, &health.last_error, health.usage_pending, health.rows_pending),
        (false, &None, 0, 0)
    );
    let rows = home.number(TODAY, "SELECT count(*) FROM calls").await;
    assert_eq!(rows.cast_unsigned() + health.rows_dropped, 30_000, "each row is written or counted as lost");
}

async fn a_ledger_that_is_closed_while_it_is_locked_says_what_is_lost(home: &mut Home) {
    let ledger = home.ledger().await;
    ledger.flush().await.unwrap();
    let _counts = home.lock("usage.db").await;
    ledger.recorder().usage(usage(&call(NOW, 1)));
    ledger.recorder().row(call(NOW, 1));
    let error = ledger.close().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the ledger ends without 1 counted calls and 0 rows: `{}` is locked by another process",
            home.name("usage.db")
        )
    );
}

#[tokio::test]
async fn a_file_of_calls_that_cannot_be_made_costs_rows_only() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(all_rows(Place::from(&folder))).await.unwrap();
    // A folder in its place: also root cannot write it.
    std::fs::create_dir(folder.path().join(TODAY)).unwrap();
    ledger.recorder().row(call(NOW, 1));
    ledger.recorder().usage(usage(&call(NOW, 1)));
    ledger.flush().await.unwrap_err();
    assert!(ledger.health().last_error.is_some());
    assert_eq!(total(&ledger).await.calls, 1);
    assert!(ledger.calls(&CallFilter::default()).await.unwrap().rows.is_empty());

    std::fs::remove_dir(folder.path().join(TODAY)).unwrap();
    ledger.flush().await.unwrap();
    assert!(ledger.call(call(NOW, 1).id).await.unwrap().is_some(), "it waited");
    assert_eq!(ledger.health().last_error, None);
}

#[tokio::test]
async fn a_damaged_or_newer_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("accounts.db"), "this is no database, but it is long enough").unwrap();
    for error in [
        Ledger::open(all_rows(Place::from(&folder))).await.unwrap_err(),
        Ledger::open_read_only(&folder).await.unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "`accounts.db` is damaged, or is not a ledger's file");
        assert!(error.help().is_some_and(|help| help.contains("move `accounts.db` away")));
    }

    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(all_rows(Place::from(&folder))).await.unwrap();
    ledger.close().await.unwrap();
    sqlx::query("PRAGMA user_version = 99")
        .execute(&mut stranger(folder.path(), "accounts.db").await)
        .await
        .unwrap();
    let error = Ledger::open(all_rows(Place::from(&folder))).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: 2, .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_day_is_said_and_the_other_days_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(all_rows(Place::from(&folder))).await.unwrap();
    std::fs::write(folder.path().join("calls-2026-11-20.db"), "this is no database, but it is long enough")
        .unwrap();
    ledger.recorder().row(call(NOW, 1));
    ledger.flush().await.unwrap();
    let filter = CallFilter { since_ms: Some(NOW - 40_000_000), ..CallFilter::default() };
    let error = ledger.calls(&filter).await.unwrap_err();
    assert!(error.to_string().contains("calls-2026-11-20.db"), "{error}");
    let today = CallFilter { since_ms: Some(NOW), ..CallFilter::default() };
    assert_eq!(ledger.calls(&today).await.unwrap().rows.len(), 1);
}

async fn accounts_wait_for_no_lock_of_calls(home: &mut Home) {
    let ledger = home.ledger().await;
    ledger.recorder().row(call(NOW, 0));
    ledger.flush().await.unwrap();
    let _calls = home.lock(TODAY).await;
    ledger.add_consumer("acme", &[], CLI).await.unwrap();
}
