//! Counts calls: one map for each thread, swapped each second. Never queued and never dropped.

use exchange::{Usage, UsageKey};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// More threads than this share a map.
const SHARDS: usize = 64;
/// A map of this many keys is taken before its second is over.
pub(crate) const FULL: usize = 50_000;

/// What was counted under a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) bytes: u64,
    pub(crate) time_us: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.bytes += other.bytes;
        self.time_us += other.time_us;
    }
}

/// The keys are names of the board, not a caller's words: a quick hash does.
pub(crate) type Tallies = HashMap<UsageKey, Tally, foldhash::fast::RandomState>;

/// A map alone in its cache lines: threads that count must not slow each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Tallies>);

/// The maps of all threads.
#[derive(Debug)]
pub(crate) struct Counters {
    shards: Box<[Shard]>,
    /// Rung when a map is full.
    pub(crate) full: Notify,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), full: Notify::new() }
    }

    /// Counts a call. The lock is one thread's own, but for the moment in which the map is swapped.
    pub(crate) fn count(&self, usage: Usage) {
        let mut tallies = self.shards[slot() % SHARDS].0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = Tally { calls: 1, bytes: usage.bytes, time_us: usage.took_us };
        tallies.entry(usage.key).or_default().add(tally);
        if tallies.len() >= FULL {
            self.full.notify_one();
        }
    }

    /// Takes what each thread has counted.
    pub(crate) fn take(&self) -> impl Iterator<Item = Tallies> {
        let shards = self.shards.iter();
        shards.map(|shard| std::mem::take(&mut *shard.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The number of this thread: threads that come one after the other get maps one after the other.
fn slot() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static SLOT: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    SLOT.with(|slot| *slot)
}
