//! The purses of everybody who spends of a quota now: found by account, filled from the store, given back when idle.
//!
//! They outlive a reload: a changed amount holds at the next request. How many there are is bounded; who comes when
//! all places are taken is let in on trust, counted, and said.

use crate::purse::{Part, Purse, Standing, Taken};
use exchange::{Grant, Quota, QuotaAccount, QuotaStore, QuotasAway, Wish};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Threads that look for different accounts rarely wait for each other.
const SHARDS: usize = 64;
/// Accounts in one shard.
const MOST: usize = 16_384;
/// How long a call waits for the store before it goes on without an answer: longer than the store tries.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long nobody waits for a store that was away.
const ALONE_MS: u64 = 1_000;
/// How often idle purses are looked for.
const SWEEP_MS: u64 = 1_000;

/// All purses of a process.
#[derive(Debug)]
pub(crate) struct Purses {
    shards: Box<[Shard]>,
    hasher: RandomState,
    store: Arc<dyn QuotaStore>,
    swept_ms: AtomicU64,
    on_trust: AtomicU64,
    /// When the store was found to be away, in milliseconds since 1970; 0: it is there.
    away_ms: Arc<AtomicU64>,
}

/// What a quota says to a call that it does not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotPaid {
    /// It is used up; something comes back after this time.
    Dry(Duration),
    /// Nobody can tell what is left.
    Unknown,
}

/// Purses by a keyed hash of whose they are.
type Shard = Mutex<HashMap<u64, Arc<Purse>>>;

/// What a call has spent of a quota. Dropped before its provider got it, it goes back.
#[derive(Debug)]
pub(crate) struct Spent {
    purse: Arc<Purse>,
    part: Part,
    cost: u32,
    kept: bool,
}

impl Spent {
    /// The provider has got the call, or may have: what it cost is spent.
    pub(crate) const fn keep(&mut self, kept: bool) {
        self.kept = kept;
    }

    /// Whether it stays spent.
    pub(crate) const fn is_kept(&self) -> bool {
        self.kept
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        if !self.kept {
            self.purse.refund(self.part, self.cost);
        }
    }
}

impl Purses {
    pub(crate) fn new(store: Arc<dyn QuotaStore>) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            store,
            swept_ms: AtomicU64::new(0),
            on_trust: AtomicU64::new(0),
            away_ms: Arc::default(),
        }
    }

    /// Takes what a call costs, waiting for the store where it must be asked; gives what is left besides.
    ///
    /// # Errors
    /// The quota is used up, or nobody can tell.
    pub(crate) async fn take(
        &self,
        subject: &(impl Hash + Sync),
        account: impl FnOnce() -> QuotaAccount,
        quota: Quota,
        cost: u32,
    ) -> (Result<Option<Spent>, NotPaid>, Standing) {
        let Some(purse) = self.purse(subject, account, quota) else {
            self.on_trust.fetch_add(1, Ordering::Relaxed);
            return (Ok(None), Standing::unknown(quota));
        };
        let taken = self.take_from(&purse, quota, cost).await;
        (taken.map(Some), purse.standing(quota, now_ms()))
    }

    async fn take_from(&self, purse: &Arc<Purse>, quota: Quota, cost: u32) -> Result<Spent, NotPaid> {
        let mut until = None;
        loop {
            let now_ms = now_ms();
            let part = match purse.take(quota, now_ms, cost) {
                Taken::Paid(part) => part,
                Taken::Owed(part) => {
                    self.on_trust.fetch_add(1, Ordering::Relaxed);
                    part
                }
                Taken::Dry(wait) => return Err(NotPaid::Dry(wait)),
                Taken::Unknown => {
                    self.ask(purse, now_ms, 0);
                    return Err(NotPaid::Unknown);
                }
                Taken::Ask => {
                    let until = *until.get_or_insert_with(|| tokio::time::Instant::now() + PATIENCE);
                    let mut rung = std::pin::pin!(purse.bell.notified());
                    // Before the question, so that no ringing is missed.
                    rung.as_mut().enable();
                    self.ask(purse, now_ms, cost);
                    // Somebody else has waited in vain already.
                    let away = now_ms < self.away_ms.load(Ordering::Relaxed).saturating_add(ALONE_MS);
                    if away || purse.is_asking() && tokio::time::timeout_at(until, rung).await.is_err() {
                        if !away {
                            self.away_ms.store(now_ms, Ordering::Relaxed);
                        }
                        purse.deposit_nothing(now_ms);
                    }
                    continue;
                }
            };
            self.ask(purse, now_ms, 0);
            return Ok(Spent { purse: Arc::clone(purse), part, cost, kept: false });
        }
    }

    /// What is known of an account; asks the store when nothing is, for the next time.
    pub(crate) fn look(
        &self,
        subject: &impl Hash,
        account: impl FnOnce() -> QuotaAccount,
        quota: Quota,
    ) -> Standing {
        let now_ms = now_ms();
        let Some(purse) = self.purse(subject, account, quota) else {
            return Standing::unknown(quota);
        };
        let standing = purse.standing(quota, now_ms);
        if !standing.known
            && let Some(wish) = purse.question()
        {
            self.send(&purse, wish);
            return purse.standing(quota, now_ms);
        }
        standing
    }

    /// Comes back when the store has answered all that it was asked, or when one answer takes too long.
    pub(crate) async fn settle(&self) {
        for purse in self.all() {
            let mut rung = std::pin::pin!(purse.bell.notified());
            rung.as_mut().enable();
            if purse.is_asking() && tokio::time::timeout(PATIENCE, rung).await.is_err() {
                return;
            }
        }
    }

    /// Gives back what nobody came for, once a second.
    pub(crate) fn sweep(&self) {
        let now_ms = now_ms();
        let swept = self.swept_ms.load(Ordering::Relaxed);
        let due = now_ms >= swept.saturating_add(SWEEP_MS) || now_ms < swept;
        let mine = || self.swept_ms.compare_exchange(swept, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        if !due || mine().is_err() {
            return;
        }
        for shard in &self.shards {
            let mut idle = Vec::new();
            lock(shard).retain(|_, purse| {
                idle.extend(purse.give_back(now_ms, false).map(|wish| (Arc::clone(purse), wish)));
                Arc::strong_count(purse) > 1 || !purse.is_empty(now_ms)
            });
            for (purse, wish) in idle {
                self.send(&purse, wish);
            }
        }
    }

    /// Gives everything back: the gateway ends.
    pub(crate) fn give_back(&self) {
        let now_ms = now_ms();
        for purse in self.all() {
            if let Some(wish) = purse.give_back(now_ms, true) {
                self.send(&purse, wish);
            }
        }
    }

    /// Calls that were let in although no quota could be kept for them.
    pub(crate) fn on_trust(&self) -> u64 {
        self.on_trust.load(Ordering::Relaxed)
    }

    fn all(&self) -> Vec<Arc<Purse>> {
        self.shards
            .iter()
            .flat_map(|shard| lock(shard).values().map(Arc::clone).collect::<Vec<_>>())
            .collect()
    }

    fn purse(
        &self,
        subject: &impl Hash,
        account: impl FnOnce() -> QuotaAccount,
        quota: Quota,
    ) -> Option<Arc<Purse>> {
        // Keyed, so that nobody can choose subjects that share one.
        let hash = self.hasher.hash_one(subject);
        let mut shard = lock(&self.shards[usize::try_from(hash >> 32).unwrap_or(0) % SHARDS]);
        if let Some(purse) = shard.get(&hash) {
            return Some(Arc::clone(purse));
        }
        if shard.len() >= MOST {
            return None;
        }
        let purse = Arc::new(Purse::new(account(), quota, now_ms()));
        shard.insert(hash, Arc::clone(&purse));
        Some(purse)
    }

    /// Asks the store when it is time.
    fn ask(&self, purse: &Arc<Purse>, now_ms: u64, need: u32) {
        if let Some(wish) = purse.wish(now_ms, need) {
            self.send(purse, wish);
        }
    }

    fn send(&self, purse: &Arc<Purse>, wish: Wish) {
        let (asked, purse, away_ms) = (wish.clone(), Arc::clone(purse), Arc::clone(&self.away_ms));
        let answer = move |answer: Result<Grant, QuotasAway>| {
            away_ms.store(if answer.is_ok() { 0 } else { now_ms() }, Ordering::Relaxed);
            purse.deposit(asked, answer.ok(), now_ms());
        };
        self.store.lease(wish, Box::new(answer));
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
