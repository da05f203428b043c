//! Quotas: granted in parts that stand on the disk before anybody may spend them.
//!
//! A thread of its own and a file of its own, `quotas.db`: who waits for a part waits for no rows and no counts. All
//! wishes that wait are granted in one transaction. Several processes share the file, or the database: never more is
//! granted than the quota, also when one is killed; it then loses what it had in hand. Whoever waited for an answer that was
//! lost on its way from the database was told no: what was granted nevertheless is undone with the next transaction.

use crate::StoreError;
use crate::connection::{Change, Connection};
use crate::lease::now_ms;
use crate::once::Once;
use crate::sql::Sql;
use crate::store::{Part, Store};
use exchange::{Answer, Grant, QuotaAccount, QuotaStore, QuotasAway, Slot, Wish};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// So many wishes are granted in one transaction.
const AT_ONCE: usize = 512;
/// So many wishes may wait; more are told that the store is away.
const QUEUE: usize = 65_536;
/// So long a place that is locked is tried before it is said to be away.
const TRIED: Duration = Duration::from_secs(5);
/// How often what counts no more is dropped.
const SWEEP: Duration = Duration::from_secs(3_600);
/// What counts no more is kept so long, for those who look back.
const KEPT_MS: u64 = 7 * 86_400_000;

/// What whoever comes too late is told.
const CLOSED: &str = "the ledger is closed";

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
    /// Starts the thread. The part is opened when the first one is wanted.
    ///
    /// # Errors
    /// The system gives no thread, or no timer.
    pub(crate) fn start(store: &Store) -> Result<Self, StoreError> {
        let (wishes, wanted) = mpsc::channel(QUEUE);
        let trouble = Arc::new(Mutex::new(None));
        let path = store.path();
        let clerk = Clerk {
            store: store.again(),
            open: None,
            wanted,
            trouble: Arc::clone(&trouble),
            once: Once::new(),
            doubtful: Vec::new(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
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
            Err(Closed(unsent)) => (unsent, CLOSED),
        };
        if let Wanted::Lease(_, answer) = unsent {
            answer(Err(QuotasAway(why.to_owned())));
        }
    }
}

/// The thread's state.
struct Clerk {
    store: Store,
    open: Option<Connection>,
    wanted: mpsc::Receiver<Wanted>,
    trouble: Arc<Mutex<Option<String>>>,
    once: Once,
    /// What was added by transactions that may have been made or not, by their numbers.
    doubtful: Vec<(u64, Vec<Added>)>,
}

/// Something that was added to what is granted in a slot.
#[derive(Clone, Debug)]
struct Added {
    account: QuotaAccount,
    start_ms: u64,
    until_ms: u64,
    amount: i64,
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
                // Nobody gets in any more; who got in a moment ago is told.
                self.wanted.close();
                while let Some(wanted) = self.wanted.recv().await {
                    match wanted {
                        Wanted::Lease(_, answer) => answer(Err(QuotasAway(CLOSED.to_owned()))),
                        Wanted::Close(also) => drop(also.send(())),
                    }
                }
                if let Some(mut open) = self.open.take() {
                    // Not taken out, its name goes with those of who were killed.
                    drop(self.once.sign_off(&mut open, now_ms()).await);
                    open.close().await;
                }
                let _ = done.send(());
                break;
            }
        }
    }

    async fn grant(&mut self, leases: Vec<(Wish, Answer)>) {
        let begun = Instant::now();
        let mut granted = self.try_grant(leases.iter().map(|(wish, _)| wish)).await;
        // Others may press in for a while: nobody is told that it is away who only has to wait.
        while matches!(granted, Err(StoreError::Locked { .. })) && begun.elapsed() < TRIED {
            granted = self.try_grant(leases.iter().map(|(wish, _)| wish)).await;
        }
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) =
            granted.as_ref().err().map(ToString::to_string);
        match granted {
            Ok(grants) => {
                for ((_, answer), grant) in leases.into_iter().zip(grants) {
                    answer(Ok(grant));
                }
            }
            Err(error) => {
                self.open = None;
                for (_, answer) in leases {
                    answer(Err(QuotasAway(error.to_string())));
                }
            }
        }
    }

    async fn try_grant(&mut self, wishes: impl Iterator<Item = &Wish>) -> Result<Vec<Grant>, StoreError> {
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(self.store.open(Part::Quotas).await?),
        };
        let mut change = open.change().await?;
        if !self.doubtful.is_empty() {
            // Of several only the last one that was made counts: it has undone the one before.
            let last = self.once.last_made(&mut change).await?;
            self.doubtful.retain(|(nth, _)| *nth == last);
            for added in self.doubtful.iter().flat_map(|(_, added)| added.iter().rev()) {
                add(&mut change, &Added { amount: -added.amount, ..added.clone() }).await?;
            }
        }
        let (mut grants, mut sent) = (Vec::new(), Vec::new());
        for wish in wishes {
            grants.push(grant(&mut change, wish, &mut sent).await?);
        }
        let nth = self.once.number(&mut change, now_ms()).await?;
        self.doubtful.push((nth, sent));
        change.commit().await?;
        self.doubtful.clear();
        Ok(grants)
    }

    async fn sweep(&mut self) -> Result<(), StoreError> {
        // Where nobody has wanted anything yet, nothing is opened.
        let Some(open) = &mut self.open else { return Ok(()) };
        let before = now_ms().saturating_sub(KEPT_MS);
        open.execute(Sql::new("DELETE FROM quotas WHERE until_ms < ?").bind(before)).await.map(drop)
    }
}

/// Grants one wish inside a transaction; what it adds goes to `sent`.
async fn grant(change: &mut Change<'_>, wish: &Wish, sent: &mut Vec<Added>) -> Result<Grant, StoreError> {
    let slot @ Slot { start_ms, since_ms, until_ms, .. } = wish.slot;
    let mut adding = async |change: &mut Change<'_>, start_ms: u64, amount: i64| {
        let until_ms = start_ms.saturating_add(until_ms.saturating_sub(slot.start_ms));
        let added = Added { account: wish.account.clone(), start_ms, until_ms, amount };
        let done = add(change, &added).await;
        sent.push(added);
        done
    };
    for (start_ms, amount) in &wish.back {
        adding(change, *start_ms, -i64::from(*amount)).await?;
    }
    if wish.owed > 0 {
        adding(change, start_ms, i64::from(wish.owed)).await?;
    }
    let granted = Sql::new(
        "SELECT CAST(coalesce(sum(granted), 0) AS BIGINT), min(slot_ms) FROM quotas
         WHERE policy = ? AND subject = ? AND slot_ms BETWEEN ? AND ? AND granted > 0",
    );
    let granted = granted.bind(&*wish.account.policy).bind(&*wish.account.subject);
    let granted = change.first(granted.bind(signed(since_ms)).bind(signed(slot.last_ms()))).await?;
    let (before, first) = match granted {
        Some(row) => (row.count(0)?, row.some_count(1)?),
        None => (0, None),
    };
    let rest = u64::from(wish.quota.amount.get()).saturating_sub(before);
    let amount = wish.want.min(u32::try_from(rest).unwrap_or(u32::MAX));
    if amount > 0 {
        adding(change, start_ms, i64::from(amount)).await?;
    }
    let first = first.unwrap_or(start_ms);
    let more_at_ms = first.saturating_add(until_ms.saturating_sub(start_ms));
    Ok(Grant { amount, counted: before + u64::from(amount), more_at_ms })
}

/// Adds to what is granted in a slot. Nothing goes below zero: what is given back was granted here.
async fn add(change: &mut Change<'_>, added: &Added) -> Result<(), StoreError> {
    let Added { account, start_ms, until_ms, amount } = added;
    let add = Sql::new(
        "INSERT INTO quotas (policy, subject, slot_ms, granted, until_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (policy, subject, slot_ms) DO UPDATE
         SET granted = CASE WHEN quotas.granted + ? > 0 THEN quotas.granted + ? ELSE 0 END",
    );
    let add =
        add.bind(&*account.policy).bind(&*account.subject).bind(signed(*start_ms)).bind((*amount).max(0));
    change.execute(add.bind(signed(*until_ms)).bind(*amount).bind(*amount)).await.map(drop)
}

/// The databases' numbers have a sign; no time reaches it.
fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
