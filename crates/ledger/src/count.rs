//! Counts calls: one map for each thread, swapped each second, added up on disk.
//!
//! Never queued and never dropped: what could not be written is merged into what comes, and tried again.

use exchange::{Usage, UsageKey};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// More threads than this share a map.
const SHARDS: usize = 64;
/// A map of this many keys is taken before its second is over.
const FULL: usize = 50_000;
/// When this many wait, minutes are added up to hours: the counts stay exact, only their time is coarser.
const COARSE: usize = 200_000;
/// How many counts go into one statement. Full statements are prepared once.
const AT_ONCE: usize = 64;

/// What was counted under a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    calls: u64,
    bytes: u64,
    time_us: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.bytes += other.bytes;
        self.time_us += other.time_us;
    }
}

/// The keys are names of the board, not a caller's words: a quick hash does.
type Tallies = HashMap<UsageKey, Tally, foldhash::fast::RandomState>;

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
}

/// The number of this thread: threads that come one after the other get maps one after the other.
fn slot() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static SLOT: usize = NEXT.fetch_add(1, Ordering::Relaxed));
    SLOT.with(|slot| *slot)
}

/// Counts that are not on disk yet.
#[derive(Debug, Default)]
pub(crate) struct Uncounted {
    tallies: Tallies,
}

impl Uncounted {
    /// Takes what the threads have counted.
    pub(crate) fn take(&mut self, counters: &Counters) {
        for shard in &counters.shards {
            let taken = std::mem::take(&mut *shard.0.lock().unwrap_or_else(PoisonError::into_inner));
            for (key, tally) in taken {
                self.tallies.entry(key).or_default().add(tally);
            }
        }
        if self.tallies.len() > COARSE {
            self.coarsen();
        }
    }

    /// How many calls wait.
    pub(crate) fn calls(&self) -> u64 {
        self.tallies.values().map(|tally| tally.calls).sum()
    }

    /// Adds everything up on disk, in one transaction; on an error all of it is still here.
    pub(crate) async fn write(&mut self, file: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.tallies.is_empty() {
            return Ok(());
        }
        let waiting: Vec<_> = self.tallies.iter().collect();
        let mut change = file.begin_with("BEGIN IMMEDIATE").await?;
        for some in waiting.chunks(AT_ONCE) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO usage (minute, api, operation, consumer, plan, outcome, class, calls, bytes, time_us) ",
            );
            insert.push_values(some, |mut row, (key, tally)| {
                row.push_bind(key.minute.cast_signed())
                    .push_bind(&*key.api)
                    .push_bind(&*key.operation)
                    .push_bind(key.consumer.as_ref().map_or("", |name| name.as_str()))
                    .push_bind(key.plan.as_ref().map_or("", |name| name.as_str()))
                    .push_bind(key.outcome.code())
                    .push_bind(key.class)
                    .push_bind(tally.calls.cast_signed())
                    .push_bind(tally.bytes.cast_signed())
                    .push_bind(tally.time_us.cast_signed());
            });
            insert.push(
                " ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, bytes = bytes + excluded.bytes, \
                 time_us = time_us + excluded.time_us",
            );
            insert.build().persistent(some.len() == AT_ONCE).execute(&mut *change).await?;
        }
        change.commit().await?;
        self.tallies.clear();
        Ok(())
    }

    fn coarsen(&mut self) {
        let fine = std::mem::take(&mut self.tallies);
        for (mut key, tally) in fine {
            key.minute -= key.minute % 60;
            match self.tallies.entry(key) {
                Entry::Occupied(mut there) => there.get_mut().add(tally),
                Entry::Vacant(free) => drop(free.insert(tally)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{COARSE, Counters, Uncounted};
    use crate::migrate::USAGE;
    use crate::store::{Durability, Folder};
    use exchange::{Outcome, Usage, UsageKey};

    #[tokio::test]
    async fn on_a_full_disk_counts_wait_with_what_comes_and_stay_exact() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open("usage.db", USAGE, Durability::Full).await.unwrap();
        sqlx::query("PRAGMA max_page_count = 20").execute(&mut file).await.unwrap();
        let counters = Counters::new();
        let mut uncounted = Uncounted::default();
        for round in 1..=2 {
            (0..5_000).for_each(|minute| counters.count(usage(minute)));
            uncounted.take(&counters);
            let error = uncounted.write(&mut file).await.unwrap_err();
            assert_eq!(crate::error::code(&error), Some(13), "SQLITE_FULL");
            assert_eq!(uncounted.calls(), round * 5_000);
        }
        sqlx::query("PRAGMA max_page_count = 100000").execute(&mut file).await.unwrap();
        uncounted.write(&mut file).await.unwrap();
        assert_eq!(uncounted.calls(), 0);
        let sums: (i64, i64, i64) = sqlx::query_as("SELECT sum(calls), sum(bytes), sum(time_us) FROM usage")
            .fetch_one(&mut file)
            .await
            .unwrap();
        assert_eq!(sums, (10_000, 100_000, 50_000));
    }

    #[tokio::test]
    async fn a_full_map_rings_before_its_second_is_over() {
        let counters = Counters::new();
        (0..super::FULL as u64).for_each(|minute| counters.count(usage(minute)));
        // Ends only when it has rung.
        counters.full.notified().await;
    }

    fn usage(minute: u64) -> Usage {
        let key = UsageKey {
            minute,
            api: "orders".into(),
            operation: "getOrder".into(),
            consumer: None,
            plan: None,
            outcome: Outcome::Succeeded,
            class: 2,
        };
        Usage { key, bytes: 10, took_us: 5 }
    }

    #[test]
    fn what_waits_long_gets_coarse_and_stays_exact() {
        let counters = Counters::new();
        let most = COARSE as u64 + 1;
        (0..most).for_each(|minute| counters.count(usage(minute)));
        let mut uncounted = Uncounted::default();
        uncounted.take(&counters);
        assert_eq!(uncounted.calls(), most);
        assert!(uncounted.tallies.len() <= COARSE / 60 + 1);
    }
}
