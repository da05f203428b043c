//! Sees when another process, or this one, has changed the accounts.
//!
//! SQLite's `data_version` moves when another connection has committed; so this connection changes nothing.
//! `accounts.db` is a file of its own for the same reason. A key that ends by itself is a change too.

use crate::lease::now_ms;
use sqlx::SqliteConnection;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

const EACH: Duration = Duration::from_millis(400);

/// Asks, and says when something has changed.
#[derive(Debug)]
pub(crate) struct Watch {
    file: SqliteConnection,
    seen: i64,
    /// When the next key ends that has a successor, in milliseconds since 1970.
    ends_ms: Option<u64>,
    changes: watch::Sender<u64>,
}

impl Watch {
    /// Begins to watch: what is changed from now on is seen.
    pub(crate) async fn new(
        mut file: SqliteConnection,
        changes: watch::Sender<u64>,
    ) -> Result<Self, sqlx::Error> {
        let seen = version(&mut file).await?;
        let ends_ms = next_end(&mut file).await?;
        Ok(Self { file, seen, ends_ms, changes })
    }

    pub(crate) async fn run(mut self) {
        let mut due = tokio::time::interval(EACH);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            // A locked file cannot have been changed by others; it is asked again.
            let Ok(version) = version(&mut self.file).await else { continue };
            let ended = self.ends_ms.is_some_and(|end| end <= now_ms());
            if version != self.seen || ended {
                let Ok(ends_ms) = next_end(&mut self.file).await else { continue };
                (self.seen, self.ends_ms) = (version, ends_ms);
                self.changes.send_modify(|count| *count += 1);
            }
        }
    }
}

/// The next moment at which a key ends.
async fn next_end(file: &mut SqliteConnection) -> Result<Option<u64>, sqlx::Error> {
    let end: Option<i64> = sqlx::query_scalar("SELECT min(revoked_ms) FROM keys WHERE revoked_ms > ?")
        .bind(now_ms().cast_signed())
        .fetch_one(file)
        .await?;
    Ok(end.map(i64::cast_unsigned))
}

async fn version(file: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(file).await
}
