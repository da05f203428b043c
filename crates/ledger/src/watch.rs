//! Sees when another process, or this one, has changed the accounts.
//!
//! SQLite's `data_version` moves when another connection has committed; so this connection is used for
//! nothing else. `accounts.db` is a file of its own for the same reason.

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
    changes: watch::Sender<u64>,
}

impl Watch {
    /// Begins to watch: what is changed from now on is seen.
    pub(crate) async fn new(
        mut file: SqliteConnection,
        changes: watch::Sender<u64>,
    ) -> Result<Self, sqlx::Error> {
        let seen = version(&mut file).await?;
        Ok(Self { file, seen, changes })
    }

    pub(crate) async fn run(mut self) {
        let mut due = tokio::time::interval(EACH);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            // A locked file cannot have been changed by others; it is asked again.
            let Ok(version) = version(&mut self.file).await else { continue };
            if version != self.seen {
                self.seen = version;
                self.changes.send_modify(|count| *count += 1);
            }
        }
    }
}

async fn version(file: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(file).await
}
