//! Whether everything that was called in a period that has ended is counted: a bill must not change afterwards.
//!
//! Processes of this board are asked to write what they hold; of others that share the ledger their sign of life is looked at.
//! Who has been silent for ten minutes is taken for gone: what it still brings is counted where it belongs.

use super::period::{Period, instant};
use crate::drive::socket::{self, Route};
use crate::drive::{now_ms, stored};
use crate::exit::Failure;
use board::Board;
use ledger::Ledger;
use serde_json::Value;
use std::time::Duration;

/// A slow disk may take its time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lets the processes of this board write what they have counted.
///
/// # Errors
/// One of them cannot write counts of the period.
pub(super) async fn written(board: &Board, period: &Period) -> Result<(), Failure> {
    let folder = &board.ledger.folder;
    let flushed = socket::ask_all(folder, Route::Flush, &Value::Null, PATIENCE).await;
    for (name, answer) in flushed {
        let Err(failure) = answer else { continue };
        // Rows that cannot be written are no matter for a bill.
        let health = socket::ask_at(&folder.join(&name), Route::Health, &Value::Null, PATIENCE).await;
        let waits = match health {
            // It has ended meanwhile: with everything written.
            None => continue,
            Some(Ok(health)) if is_later(&health, period) => continue,
            Some(Ok(health)) => format!("{} calls", health["usage_pending"]),
            Some(Err(_)) => "calls".to_owned(),
        };
        return Err(Failure::run(format!(
            "a process of this board (`{name}`) holds {waits} that are not counted yet, of {} or before: {}",
            period.text, failure.message
        ))
        .help("export when it has written them: its health says `usage_pending: 0`"));
    }
    Ok(())
}

/// Whether nothing waits, or only what was called after the period.
fn is_later(health: &Value, period: &Period) -> bool {
    health["usage_pending"] == 0
        || health["usage_since_ms"].as_u64().is_some_and(|since| since >= period.until_ms)
}

/// Whether everybody who shares the ledger has been heard of since the period ended.
///
/// # Errors
/// Somebody has not.
pub(super) async fn heard(ledger: &Ledger, period: &Period) -> Result<(), Failure> {
    let silent = ledger.silent_writer(period.until_ms, now_ms()).await.map_err(|error| stored(&error))?;
    silent.map_or(Ok(()), |seen_ms| {
        Err(Failure::run(format!(
            "a process that shares this ledger was last heard of at {}, before the period {} ended: it may hold calls that are \
             not counted yet",
            instant(seen_ms),
            period.text
        ))
        .help("export a minute later, or ten minutes after it was killed; `--open` exports what was counted so far"))
    })
}
