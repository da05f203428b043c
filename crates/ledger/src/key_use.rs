//! When each key was used last, to the minute: handed in by calls, written by the recording's thread.
//!
//! What comes is bounded by the keys there are: only keys of ours are handed in, each once a minute. A minute that could not
//! be written waits for the next attempt.

use crate::StoreError;
use crate::connection::Connection;
use crate::sql::Sql;
use exchange::KeyDigest;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many go into one statement.
const AT_ONCE: usize = 200;

/// Uses that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct KeyUses(Mutex<HashMap<KeyDigest, u64>>);

impl KeyUses {
    /// A key was used in this minute.
    pub(crate) fn add(&self, key: KeyDigest, minute: u64) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = uses.entry(key).or_default();
        *last = minute.max(*last);
    }

    /// Writes what has come; on an error all of it is still here.
    pub(crate) async fn write(&self, usage: &mut Connection) -> Result<(), StoreError> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if taken.is_empty() {
            return Ok(());
        }
        let result = write(&taken, usage).await;
        if result.is_err() {
            for (key, minute) in taken {
                self.add(key, minute);
            }
        }
        result
    }
}

async fn write(uses: &HashMap<KeyDigest, u64>, usage: &mut Connection) -> Result<(), StoreError> {
    // In one order everywhere: two processes that write the same rows wait for each other, and never both.
    let mut all: Vec<_> = uses.iter().collect();
    all.sort_unstable_by_key(|(key, _)| key.0);
    let mut change = usage.change().await?;
    for some in all.chunks(AT_ONCE) {
        let mut insert = Sql::new("INSERT INTO keys_used (digest, minute) ");
        insert.push_rows(some, 2, |row, (key, minute)| row.extend([(&key.0[..]).into(), (*minute).into()]));
        insert.push(
            " ON CONFLICT (digest) DO UPDATE SET minute = excluded.minute WHERE excluded.minute > keys_used.minute",
        );
        change.execute(insert.once(some.len() < AT_ONCE)).await?;
    }
    change.commit().await
}

/// The last minute of every key that was used.
pub(crate) async fn last(usage: &mut Connection) -> Result<HashMap<KeyDigest, u64>, StoreError> {
    let rows = usage.all(Sql::new("SELECT digest, minute FROM keys_used")).await?;
    let mut last = HashMap::with_capacity(rows.len());
    for row in &rows {
        // A digest of another length is of no key.
        if let Some(Ok(digest)) = row.some_bytes(0)?.map(TryInto::try_into) {
            last.insert(KeyDigest(digest), row.count(1)?);
        }
    }
    Ok(last)
}
