//! Numbers for those who make ids of calls, so that no two threads of any process make the same one.
//!
//! 1,023 numbers, given out in turn: one that was given back, or whose process was killed, comes round
//! again as late as possible. The last one is nobody's: commands share it, see [`History`](crate::History).

use crate::connection::Connection;
use crate::sql::{Row, Sql};
use crate::{Ledger, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// 10 bits, but for the last number.
const WRITERS: u64 = 1_023;
/// The number under which commands write, each a call or two.
pub(crate) const COMMANDS: u64 = 1_023;
/// A lease that was not renewed for so long is another's.
pub(crate) const HOLDS_MS: u64 = 10 * 60 * 1000;
/// Renewed so often.
const RENEWED_MS: u64 = 60 * 1000;

/// The numbers that this process holds.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<(Vec<u16>, u64)>);

impl Leases {
    /// Leases one more.
    pub(crate) async fn take(&self, usage: &mut Connection, now_ms: u64) -> Result<u16, StoreError> {
        let mut change = usage.change().await?;
        let gone = Sql::new("DELETE FROM writers WHERE seen_ms < ?");
        change.execute(gone.bind(now_ms.saturating_sub(HOLDS_MS))).await?;
        let last = change.number(Sql::new("SELECT id FROM last_writer")).await?.unwrap_or(0);
        let mut held = Vec::new();
        for row in change.all(Sql::new("SELECT id FROM writers")).await? {
            held.push(row.count(0)?);
        }
        let free = (1..=WRITERS).map(|step| (last + step) % WRITERS).find(|id| !held.contains(id));
        let id = free.ok_or(StoreError::TooManyWriters)?;
        let take = Sql::new("INSERT INTO writers (id, seen_ms) VALUES (?, ?)");
        change.execute(take.bind(id).bind(now_ms)).await?;
        change.execute(Sql::new("UPDATE last_writer SET id = ?").bind(id)).await?;
        change.commit().await?;
        let id = u16::try_from(id).map_err(|_| StoreError::TooManyWriters)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.push(id);
        Ok(id)
    }

    /// Says that they are still held, if that is due.
    pub(crate) async fn renew(&self, usage: &mut Connection, now_ms: u64) -> Result<(), StoreError> {
        let held = {
            let mut mine = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if now_ms < mine.1.saturating_add(RENEWED_MS) {
                return Ok(());
            }
            mine.1 = now_ms;
            mine.0.clone()
        };
        for id in held {
            let hold = Sql::new(
                "INSERT INTO writers (id, seen_ms) VALUES (?, ?) \
                 ON CONFLICT (id) DO UPDATE SET seen_ms = excluded.seen_ms",
            );
            usage.execute(hold.bind(id).bind(now_ms)).await?;
        }
        Ok(())
    }

    /// Gives all of them back.
    pub(crate) async fn give_back(&self, usage: &mut Connection) -> Result<(), StoreError> {
        let held = std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).0);
        for id in held {
            usage.execute(Sql::new("DELETE FROM writers WHERE id = ?").bind(id)).await?;
        }
        Ok(())
    }
}

impl Ledger {
    /// Who writes calls: the number in their ids ([`exchange::CallId::writer`]), and when it was last heard of, in milliseconds
    /// since 1970. A process that runs is heard of every minute; one that stopped by itself is gone from here at once.
    ///
    /// # Errors
    /// The file's.
    pub async fn writers(&self) -> Result<HashMap<u16, u64>, StoreError> {
        let Some(mut counts) = self.counts().await? else { return Ok(HashMap::new()) };
        let rows = counts.all(Sql::new("SELECT id, seen_ms FROM writers")).await?;
        let writer = |row: &Row| Ok((u16::try_from(row.count(0)?).unwrap_or(u16::MAX), row.count(1)?));
        rows.iter().map(writer).collect()
    }
}

/// The time. Leases are between processes, whose calls may be far apart; ids and rows bring their own.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
