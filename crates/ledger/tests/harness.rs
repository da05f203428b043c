//! A ledger in a folder of its own, and calls for it.

use exchange::{CallId, CallRecord, Outcome, Usage, UsageKey};
use ledger::{Author, DetailsWanted, Ledger, LedgerOptions, UsageFilter, UsageRow};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// 2026-11-21, 10:00 UTC.
pub(crate) const NOW: u64 = 20_778 * DAY + 36_000_000;
pub(crate) const DAY: u64 = 86_400_000;
pub(crate) const CLI: Author<'_> = Author { who: "cli", at_ms: NOW };

/// Options that keep every row.
pub(crate) fn all_rows(folder: &Path) -> LedgerOptions {
    LedgerOptions {
        rows_per_second: 1_000_000,
        max_rows_per_second: 4_000_000,
        details: DetailsWanted::All,
        keep: Duration::from_secs(30 * 24 * 3600),
        ..LedgerOptions::new(folder)
    }
}

pub(crate) async fn ledger() -> (TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(all_rows(folder.path())).await.unwrap();
    (folder, ledger)
}

/// What the gateway counts for a call.
pub(crate) fn usage(record: &CallRecord) -> Usage {
    let key = UsageKey {
        minute: record.id.at_ms() / 60_000,
        api: record.api.clone().unwrap_or_default(),
        operation: record.operation.clone().unwrap_or_default(),
        consumer: record.consumer.clone(),
        plan: record.plan.clone(),
        outcome: record.outcome,
        class: u8::try_from(record.status / 100).unwrap(),
    };
    Usage { key, bytes: record.bytes_in + record.bytes_out, took_us: record.took_us }
}

/// All that was counted, in one row.
pub(crate) async fn total(ledger: &Ledger) -> UsageRow {
    ledger.usage(&UsageFilter::default()).await.unwrap().pop().unwrap_or_default()
}

pub(crate) fn with_outcome(mut record: CallRecord, outcome: Outcome, status: u16) -> CallRecord {
    (record.outcome, record.status) = (outcome, status);
    record
}

/// A connection of somebody else.
pub(crate) async fn stranger(folder: &Path, file: &str) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join(file)).connect().await.unwrap()
}

/// A number that SQL answers, from outside.
pub(crate) async fn number(folder: &Path, file: &str, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut stranger(folder, file).await).await.unwrap()
}

pub(crate) fn ids(rows: &[CallRecord]) -> Vec<CallId> {
    rows.iter().map(|row| row.id).collect()
}
