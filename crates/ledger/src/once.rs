//! A change that is not made twice when its answer is lost with its connection.
//!
//! Each change carries a number of whoever makes it, written in the same transaction. Before it is made again the number is
//! looked for: under the lock of the part nothing of the first can be under way any more.

use crate::StoreError;
use crate::connection::{Change, Connection};
use crate::sql::Sql;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Who was not heard of for so long will not ask again whether its last change was made: 30 days.
const FORGOTTEN_MS: u64 = 30 * 24 * 3600 * 1000;

/// Whoever makes such changes, in the table `adders`.
#[derive(Debug)]
pub(crate) struct Once {
    id: u64,
    /// The number of the last change that was sent.
    nth: u64,
}

impl Once {
    /// Somebody new.
    pub(crate) fn new() -> Self {
        // The system's random numbers: two processes are not taken for each other.
        Self { id: RandomState::new().build_hasher().finish() >> 1, nth: 0 }
    }

    /// Whether the last change that was sent has been made.
    pub(crate) async fn was_made(&self, change: &mut Change<'_>) -> Result<bool, StoreError> {
        Ok(self.last_made(change).await? >= self.nth)
    }

    /// The number of the last change that was made; 0: none was.
    pub(crate) async fn last_made(&self, change: &mut Change<'_>) -> Result<u64, StoreError> {
        let last = Sql::new("SELECT nth FROM adders WHERE id = ?").bind(self.id);
        Ok(change.number(last).await?.unwrap_or(0))
    }

    /// Gives a change its number, as the last thing before it is committed: from then on the answer decides.
    pub(crate) async fn number(&mut self, change: &mut Change<'_>, now_ms: u64) -> Result<u64, StoreError> {
        let number = Sql::new(
            "INSERT INTO adders (id, nth, seen_ms) VALUES (?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET nth = excluded.nth, seen_ms = excluded.seen_ms",
        );
        change.execute(number.bind(self.id).bind(self.nth + 1).bind(now_ms)).await?;
        self.nth += 1;
        Ok(self.nth)
    }

    /// Takes its name out of the table, and those of who went without doing so.
    pub(crate) async fn sign_off(&self, part: &mut Connection, now_ms: u64) -> Result<(), StoreError> {
        let gone = Sql::new("DELETE FROM adders WHERE id = ? OR seen_ms < ?");
        part.execute(gone.bind(self.id).bind(now_ms.saturating_sub(FORGOTTEN_MS))).await.map(drop)
    }
}
