//! Quotas: granted in parts that stand on the disk before anybody may spend them.
//!
//! A thread of its own and a file of its own, `quotas.db`: who waits for a part waits for no rows and no counts. All
//! wishes that wait are granted in one transaction. Several processes share the file: never more is granted than the
//! quota, also when one is killed; it then loses what it had in hand.

use crate::StoreError;
use crate::migrate::QUOTAS as QUOTAS_SCHEMA;
use crate::store::{Durability, Folder, QUOTAS};
use exchange::{Answer, Grant, QuotaStore, QuotasAway, Slot, Wish};
use sqlx::{Connection, SqliteConnection};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// So many wishes are granted in one transaction.
const AT_ONCE: usize = 512;
/// So many wishes may wait; more are told that the store is away.
const QUEUE: usize = 65_536;
/// How often what counts no more is dropped.
const SWEEP: Duration = Duration::from_secs(3_600);
/// What counts no more is kept so long, for those who look back.
const KEPT_MS: u64 = 7 * 86_400_000;

/// The door to the thread.
#[derive(Debug)]
pub(crate) struct Quotas {
    wishes: mpsc::Sender<Wanted>,
    /// Says what is wrong, while something is.
    trouble: Arc<Mutex<Option<String>>>,
}

/// What the thread is asked for.
enum Wanted {
    Lease(Wish, Answer),
    Close(oneshot::Sender<()>),
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Lease(..) => "Lease",
            Self::Close(_) => "Close",
        })
    }
}

impl Quotas {
    /// Starts the thread. The file is opened when the first part is wanted.
    ///
    /// # Errors
    /// The system gives no thread, or no timer.
    pub(crate) fn start(folder: Folder) -> Result<Self, StoreError> {
        let (wishes, wanted) = mpsc::channel(QUEUE);
        let trouble = Arc::new(Mutex::new(None));
        let path = folder.path().to_owned();
        let clerk = Clerk { folder, file: None, wanted, trouble: Arc::clone(&trouble) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let started = runtime.and_then(|runtime| {
            std::thread::Builder::new().name("quotas".into()).spawn(move || runtime.block_on(clerk.run()))
        });
        started.map_err(|source| StoreError::System { path, source })?;
        Ok(Self { wishes, trouble })
    }

    /// What is wrong at the moment, in words.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Grants what waits and ends.
    pub(crate) async fn close(&self) {
        let (done, over) = oneshot::channel();
        if self.wishes.send(Wanted::Close(done)).await.is_ok() {
            let _ = over.await;
        }
    }
}

impl QuotaStore for Quotas {
    fn lease(&self, wish: Wish, answer: Answer) {
        use mpsc::error::TrySendError::{Closed, Full};
        let (unsent, why) = match self.wishes.try_send(Wanted::Lease(wish, answer)) {
            Ok(()) => return,
            Err(Full(unsent)) => (unsent, "too many parts of quotas are wanted at once"),
            Err(Closed(unsent)) => (unsent, "the ledger is closed"),
        };
        if let Wanted::Lease(_, answer) = unsent {
            answer(Err(QuotasAway(why.to_owned())));
        }
    }
}

/// The thread's state.
struct Clerk {
    folder: Folder,
    file: Option<SqliteConnection>,
    wanted: mpsc::Receiver<Wanted>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Clerk {
    async fn run(mut self) {
        let mut sweep = tokio::time::interval(SWEEP);
        let mut waiting = Vec::with_capacity(AT_ONCE);
        loop {
            tokio::select! {
                some = self.wanted.recv_many(&mut waiting, AT_ONCE) => if some == 0 { break },
                _ = sweep.tick() => drop(self.sweep().await),
            }
            let (mut leases, mut closing) = (Vec::new(), None);
            for wanted in waiting.drain(..) {
                match wanted {
                    Wanted::Lease(wish, answer) => leases.push((wish, answer)),
                    Wanted::Close(done) => closing = Some(done),
                }
            }
            if !leases.is_empty() {
                self.grant(leases).await;
            }
            if let Some(done) = closing {
                if let Some(file) = self.file.take() {
                    let _ = file.close().await;
                }
                let _ = done.send(());
                break;
            }
        }
    }

    async fn grant(&mut self, leases: Vec<(Wish, Answer)>) {
        let granted = self.try_grant(leases.iter().map(|(wish, _)| wish)).await;
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) =
            granted.as_ref().err().map(ToString::to_string);
        match granted {
            Ok(grants) => {
                for ((_, answer), grant) in leases.into_iter().zip(grants) {
                    answer(Ok(grant));
                }
            }
            Err(error) => {
                self.file = None;
                for (_, answer) in leases {
                    answer(Err(QuotasAway(error.to_string())));
                }
            }
        }
    }

    async fn try_grant(&mut self, wishes: impl Iterator<Item = &Wish>) -> Result<Vec<Grant>, StoreError> {
        let file = self.file().await?;
        let mut change = file.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let mut grants = Vec::new();
        for wish in wishes {
            grants.push(grant(&mut change, wish).await.map_err(failed)?);
        }
        change.commit().await.map_err(failed)?;
        Ok(grants)
    }

    async fn sweep(&mut self) -> Result<(), StoreError> {
        if self.file.is_none() && !self.folder.path().join(QUOTAS).exists() {
            return Ok(());
        }
        let before = crate::lease::now_ms().saturating_sub(KEPT_MS);
        let file = self.file().await?;
        let gone = sqlx::query("DELETE FROM quotas WHERE until_ms < ?").bind(signed(before));
        gone.execute(file).await.map(drop).map_err(failed)
    }

    async fn file(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(self.folder.open(QUOTAS, QUOTAS_SCHEMA, Durability::Full).await?)),
        }
    }
}

/// Grants one wish inside a transaction.
async fn grant(change: &mut SqliteConnection, wish: &Wish) -> Result<Grant, sqlx::Error> {
    for (start_ms, amount) in &wish.back {
        add(change, wish, *start_ms, -i64::from(*amount)).await?;
    }
    let slot @ Slot { start_ms, since_ms, until_ms, .. } = wish.slot;
    if wish.owed > 0 {
        add(change, wish, start_ms, i64::from(wish.owed)).await?;
    }
    let (before, first): (i64, Option<i64>) = sqlx::query_as(
        "SELECT coalesce(sum(granted), 0), min(slot_ms) FROM quotas
         WHERE policy = ? AND subject = ? AND slot_ms BETWEEN ? AND ? AND granted > 0",
    )
    .bind(&*wish.account.policy)
    .bind(&*wish.account.subject)
    .bind(signed(since_ms))
    .bind(signed(slot.last_ms()))
    .fetch_one(&mut *change)
    .await?;
    let before = u64::try_from(before).unwrap_or(0);
    let rest = u64::from(wish.quota.amount.get()).saturating_sub(before);
    let amount = wish.want.min(u32::try_from(rest).unwrap_or(u32::MAX));
    if amount > 0 {
        add(change, wish, start_ms, i64::from(amount)).await?;
    }
    let first = first.map_or(start_ms, i64::cast_unsigned);
    let more_at_ms = first.saturating_add(until_ms.saturating_sub(start_ms));
    Ok(Grant { amount, counted: before + u64::from(amount), more_at_ms })
}

/// Adds to what is granted in a slot. Nothing goes below zero: what is given back was granted here.
async fn add(
    change: &mut SqliteConnection,
    wish: &Wish,
    start_ms: u64,
    amount: i64,
) -> Result<(), sqlx::Error> {
    let until_ms = start_ms.saturating_add(wish.slot.until_ms.saturating_sub(wish.slot.start_ms));
    sqlx::query(
        "INSERT INTO quotas (policy, subject, slot_ms, granted, until_ms) VALUES (?1, ?2, ?3, max(?4, 0), ?5)
         ON CONFLICT (policy, subject, slot_ms) DO UPDATE SET granted = max(granted + ?4, 0)",
    )
    .bind(&*wish.account.policy)
    .bind(&*wish.account.subject)
    .bind(signed(start_ms))
    .bind(amount)
    .bind(signed(until_ms))
    .execute(change)
    .await
    .map(drop)
}

/// SQLite's numbers have a sign; no time reaches it.
fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

fn failed(error: sqlx::Error) -> StoreError {
    StoreError::of(QUOTAS, error)
}
