//! Sees when another process, or this one, has changed the accounts.
//!
//! SQLite's `data_version` moves when another connection has committed; so this connection changes nothing, and is asked.
//! `accounts.db` is a file of its own for the same reason. PostgreSQL says so by itself (`LISTEN`); what it said while nobody
//! listened is lost, so a connection that was made anew counts as a change. A key that ends by itself is a change too.

use crate::StoreError;
use crate::connection::Connection;
use crate::database::Postgres;
use crate::lease::now_ms;
use crate::record::Shared;
use crate::sql::Sql;
use crate::store::{Part, Store};
use sqlx::postgres::{PgListener, PgPoolOptions};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How often a file is asked, and a database that does not answer is tried again.
const EACH: Duration = Duration::from_millis(400);
/// How often the connection that listens is asked whether it is still one: a line that was cut says nothing.
const ALIVE: Duration = Duration::from_secs(3);

/// Asks, and says when something has changed.
#[derive(Debug)]
pub(crate) struct Watch {
    store: Store,
    /// SQLite's connection, and the version that was seen.
    file: Option<(Connection, Option<u64>)>,
    /// When the next key ends that has a successor, in milliseconds since 1970.
    ends_ms: Option<u64>,
    changes: watch::Sender<u64>,
}

impl Watch {
    /// Begins to watch: what is changed from now on is seen.
    pub(crate) async fn new(store: Store, changes: watch::Sender<u64>) -> Result<Self, StoreError> {
        let mut connection = store.open(Part::Accounts).await?;
        let ends_ms = next_end(&mut connection).await?;
        let file = match store {
            Store::Folder(_) => {
                let seen = version(&mut connection).await?;
                Some((connection, seen))
            }
            Store::Postgres(_) => None,
        };
        Ok(Self { store: store.in_haste(), file, ends_ms, changes })
    }

    /// Watches until it is aborted; in the runtime of the recording.
    pub(crate) async fn run(mut self, shared: Arc<Shared>) {
        match (self.file.take(), self.store.clone()) {
            (Some((file, seen)), _) => self.ask(file, seen, &shared).await,
            (None, Store::Postgres(database)) => self.listen(&database, &shared).await,
            (None, Store::Folder(_)) => {}
        }
    }

    async fn ask(mut self, mut file: Connection, mut seen: Option<u64>, shared: &Shared) {
        let mut due = interval(EACH);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            // A file that cannot be read is asked again.
            let Ok(version) = version(&mut file).await else {
                hears(shared, false);
                continue;
            };
            hears(shared, true);
            let ended = self.ends_ms.is_some_and(|end| end <= now_ms());
            if version != seen || ended {
                let Ok(ends_ms) = next_end(&mut file).await else { continue };
                (seen, self.ends_ms) = (version, ends_ms);
                self.changes.send_modify(|count| *count += 1);
            }
        }
    }

    async fn listen(mut self, database: &Postgres, shared: &Shared) {
        loop {
            if let Ok(mut listener) = listener(database).await {
                // What was said before was not heard.
                while self.changed().await.is_ok() {
                    hears(shared, true);
                    if !self.hear(&mut listener).await {
                        break;
                    }
                }
            }
            hears(shared, false);
            sleep(EACH).await;
        }
    }

    /// Waits for a change; `false`: the connection was lost.
    async fn hear(&self, listener: &mut PgListener) -> bool {
        loop {
            let ends =
                self.ends_ms.map_or(Duration::MAX, |end| Duration::from_millis(end.saturating_sub(now_ms())));
            tokio::select! {
                heard = listener.try_recv() => return matches!(heard, Ok(Some(_))),
                () = sleep(ends.min(ALIVE)) => {
                    if ends <= ALIVE {
                        return true;
                    }
                    let answered = timeout(ALIVE, sqlx::query("SELECT 1").execute(&mut *listener)).await;
                    if !matches!(answered, Ok(Ok(_))) {
                        return false;
                    }
                }
            }
        }
    }

    /// Says that something has changed.
    async fn changed(&mut self) -> Result<(), StoreError> {
        let mut connection = self.store.read(Part::Accounts).await?;
        if let Some(connection) = &mut connection {
            self.ends_ms = next_end(connection).await?;
        }
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }
}

/// Notes whether changes can be heard, and since when they cannot.
fn hears(shared: &Shared, so: bool) {
    let since = &mut shared.state().deaf_since_ms;
    *since = if so { None } else { since.or_else(|| Some(now_ms())) };
}

/// A connection that listens. Not lent by a pool of ours: what it hears would stay in it.
async fn listener(database: &Postgres) -> Result<PgListener, sqlx::Error> {
    let pool =
        PgPoolOptions::new().max_connections(1).acquire_timeout(ALIVE).idle_timeout(None).max_lifetime(None);
    let mut listener = PgListener::connect_with(&pool.connect_lazy_with(database.options())).await?;
    // Whoever sees that it was lost makes another one.
    listener.eager_reconnect(false);
    listener.listen(&database.channel()).await?;
    Ok(listener)
}

/// The next moment at which a key ends.
async fn next_end(accounts: &mut Connection) -> Result<Option<u64>, StoreError> {
    let end = Sql::new("SELECT min(revoked_ms) FROM keys WHERE revoked_ms > ?");
    accounts.number(end.bind(now_ms())).await
}

async fn version(file: &mut Connection) -> Result<Option<u64>, StoreError> {
    file.number(Sql::new("PRAGMA data_version")).await
}
