//! Calls that are open by their rows and that no process has any more: it was killed, and nobody will ever close them.
//!
//! The processes of this machine say what they run. Of others that share a database the sign of life of whoever made the call's
//! id is looked at. While a process does not answer at its socket, none of its calls is called lost; one that could open no socket is
//! not known of.

use crate::drive::socket::{Route, ask_all};
use crate::drive::{Books, now_ms, stored};
use crate::exit::Failure;
use exchange::{CallId, CallRecord};
use ledger::Ledger;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
/// A process of another machine is heard of every minute; after so long it is taken for gone.
const SILENT_MS: u64 = 3 * 60_000;
/// A process knows no more of its running calls.
const MOST: usize = 10_000;

/// Which of these calls are lost.
pub(super) async fn among(
    rows: impl Iterator<Item = &CallRecord>,
    books: &Books,
    ledger: &Ledger,
) -> Result<HashSet<CallId>, Failure> {
    let mut open: HashSet<CallId> = rows.filter(|row| row.open).map(|row| row.id).collect();
    if open.is_empty() {
        return Ok(open);
    }
    for (_, said) in ask_all(books.folder(), Route::Running, &Value::Null, PATIENCE).await {
        let said = said.unwrap_or_default();
        let Some(running) = said["calls"].as_array().filter(|running| running.len() < MOST) else {
            // It may be any of its calls.
            return Ok(HashSet::new());
        };
        for id in running.iter().filter_map(|call| CallId::parse(call["call"].as_str()?)) {
            open.remove(&id);
        }
    }
    if books.is_shared() {
        let writers = ledger.writers().await.map_err(|error| stored(&error))?;
        let silent = now_ms().saturating_sub(SILENT_MS);
        open.retain(|id| writers.get(&id.writer()).is_none_or(|seen| *seen < silent));
    }
    if open.is_empty() {
        return Ok(open);
    }
    // What ended while we asked is over, and on its way to the disk.
    ask_all(books.folder(), Route::Flush, &Value::Null, PATIENCE).await;
    let mut lost = HashSet::new();
    for id in open {
        let now = ledger.call(id).await.map_err(|error| stored(&error))?;
        if now.is_some_and(|(row, _)| row.open) {
            lost.insert(id);
        }
    }
    Ok(lost)
}
