//! Counts on their way to the disk: added up there each second, in one change.
//!
//! What could not be written is merged into what comes, and tried again. What was called is counted once, also where the
//! answer to an addition was lost.

use crate::StoreError;
use crate::connection::{Change, Connection};
use crate::count::{Counters, Tallies, Tally};
use crate::once::Once;
use crate::roll::{self, Rolled};
use crate::sql::Sql;
use exchange::UsageKey;
use std::collections::hash_map::Entry;

/// When this many wait, minutes are added up to hours: the counts stay exact, only their time is coarser.
const COARSE: usize = 200_000;
/// How many counts go into one statement. Full statements are prepared once.
const AT_ONCE: usize = 64;
/// On its way to PostgreSQL a statement costs more than its length.
const AT_ONCE_AWAY: usize = 512;

/// Counts that are not on disk yet.
#[derive(Debug)]
pub(crate) struct Uncounted {
    tallies: Tallies,
    /// Counts that were sent, and no answer came: added up or not.
    doubtful: Tallies,
    once: Once,
}

impl Default for Uncounted {
    fn default() -> Self {
        Self { tallies: Tallies::default(), doubtful: Tallies::default(), once: Once::new() }
    }
}

impl Uncounted {
    /// Takes what the threads have counted.
    pub(crate) fn take(&mut self, counters: &Counters) {
        counters.take().for_each(|taken| self.add(taken));
        if self.tallies.len() > COARSE {
            self.coarsen();
        }
    }

    fn add(&mut self, taken: Tallies) {
        for (key, tally) in taken {
            self.tallies.entry(key).or_default().add(tally);
        }
    }

    /// How many calls wait.
    pub(crate) fn calls(&self) -> u64 {
        self.waiting().map(|(_, tally)| tally.calls).sum()
    }

    /// How many of them ended before the minute in which this lies.
    pub(crate) fn calls_before(&self, ms: u64) -> u64 {
        let before = self.waiting().filter(|(key, _)| key.minute < ms / 60_000);
        before.map(|(_, tally)| tally.calls).sum()
    }

    /// The beginning of the first minute of which counts wait.
    pub(crate) fn since_ms(&self) -> Option<u64> {
        self.waiting().map(|(key, _)| key.minute * 60_000).min()
    }

    fn waiting(&self) -> impl Iterator<Item = (&UsageKey, &Tally)> {
        self.tallies.iter().chain(&self.doubtful)
    }

    /// Adds everything up on disk, in one transaction; on an error all of it is still here.
    ///
    /// Counts whose answer was lost are added again only where they are not there: see [`Once`].
    pub(crate) async fn write(&mut self, usage: &mut Connection, now_ms: u64) -> Result<(), StoreError> {
        if self.tallies.is_empty() && self.doubtful.is_empty() {
            return Ok(());
        }
        let mut change = usage.change().await?;
        if !self.doubtful.is_empty() {
            let done = self.once.was_made(&mut change).await?;
            let doubtful = std::mem::take(&mut self.doubtful);
            if !done {
                self.add(doubtful);
            }
        }
        insert(&mut change, "usage", &self.tallies).await?;
        let rolled = Rolled::read(&mut change).await?;
        if self.tallies.keys().any(|key| key.minute < rolled.until) {
            // Counted late: the hour and the day it belongs to are added up already.
            for (table, length) in [("usage_hours", roll::HOUR), ("usage_days", roll::DAY)] {
                let mut late = Tallies::default();
                for (key, tally) in self.tallies.iter().filter(|(key, _)| key.minute < rolled.until) {
                    let key = UsageKey { minute: key.minute - key.minute % length, ..key.clone() };
                    late.entry(key).or_default().add(*tally);
                }
                insert(&mut change, table, &late).await?;
            }
        }
        self.once.number(&mut change, now_ms).await?;
        self.doubtful = std::mem::take(&mut self.tallies);
        change.commit().await?;
        self.doubtful.clear();
        Ok(())
    }

    /// Says that it adds nothing more.
    pub(crate) async fn sign_off(&self, usage: &mut Connection, now_ms: u64) -> Result<(), StoreError> {
        self.once.sign_off(usage, now_ms).await
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

/// Adds counts to a table.
async fn insert(change: &mut Change<'_>, table: &str, tallies: &Tallies) -> Result<(), StoreError> {
    let at_once = if change.is_postgres() { AT_ONCE_AWAY } else { AT_ONCE };
    let waiting: Vec<_> = tallies.iter().collect();
    for some in waiting.chunks(at_once) {
        let mut insert = Sql::new("INSERT INTO ");
        insert
            .push(table)
            .push(" (minute, api, operation, consumer, plan, price, outcome, class, calls, bytes, time_us) ");
        insert.push_rows(some, 11, |row, (key, tally)| {
            row.extend([
                key.minute.into(),
                (&*key.api).into(),
                (&*key.operation).into(),
                key.consumer.as_ref().map_or("", |name| name.as_str()).into(),
                key.plan.as_ref().map_or("", |name| name.as_str()).into(),
                key.price.as_deref().unwrap_or_default().into(),
                key.outcome.code().into(),
                key.class.into(),
                tally.calls.into(),
                tally.bytes.into(),
                tally.time_us.into(),
            ]);
        });
        insert.push(
            " ON CONFLICT (minute, api, operation, consumer, plan, price, outcome, class) DO UPDATE SET calls = ",
        );
        insert.push(table).push(".calls + excluded.calls, bytes = ");
        insert.push(table).push(".bytes + excluded.bytes, time_us = ");
        insert.push(table).push(".time_us + excluded.time_us");
        change.execute(insert.once(some.len() < at_once)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{COARSE, Uncounted};
    use crate::StoreError;
    use crate::count::{Counters, FULL};
    use crate::folder::Folder;
    use crate::sql::Sql;
    use crate::store::Part;
    use exchange::{Outcome, Usage, UsageKey};

    #[tokio::test]
    async fn on_a_full_disk_counts_wait_with_what_comes_and_stay_exact() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open(Part::Usage).await.unwrap();
        file.run("PRAGMA max_page_count = 20").await.unwrap();
        let counters = Counters::new();
        let mut uncounted = Uncounted::default();
        for round in 1..=2 {
            (0..5_000).for_each(|minute| counters.count(usage(minute)));
            uncounted.take(&counters);
            let error = uncounted.write(&mut file, 0).await.unwrap_err();
            assert!(matches!(error, StoreError::Full { .. }), "{error}");
            assert_eq!(uncounted.calls(), round * 5_000);
        }
        file.run("PRAGMA max_page_count = 100000").await.unwrap();
        uncounted.write(&mut file, 0).await.unwrap();
        assert_eq!(uncounted.calls(), 0);
        let sums = Sql::new("SELECT sum(calls), sum(bytes), sum(time_us) FROM usage");
        let sums = file.first(sums).await.unwrap().unwrap();
        assert_eq!([0, 1, 2].map(|at| sums.number(at).unwrap()), [10_000, 100_000, 50_000]);
    }

    #[tokio::test]
    async fn an_addition_without_an_answer_is_made_once_whether_it_was_made_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open(Part::Usage).await.unwrap();
        let counters = Counters::new();
        let mut uncounted = Uncounted::default();
        let mut expected = 0;
        for made in [true, false, false, true, true] {
            (0..100).for_each(|minute| counters.count(usage(minute)));
            expected += 100;
            uncounted.take(&counters);
            // As it was left by an answer that was lost: with the counts in doubt and their number in the table, or not.
            let sent = uncounted.tallies.clone();
            uncounted.write(&mut file, 0).await.unwrap();
            uncounted.doubtful.clone_from(&sent);
            if !made {
                let undo = "UPDATE adders SET nth = nth - 1; UPDATE usage SET calls = calls - 1";
                file.run(undo).await.unwrap();
            }
            assert_eq!(uncounted.calls(), 100);
            counters.count(usage(7));
            expected += 1;
            uncounted.take(&counters);
            uncounted.write(&mut file, 0).await.unwrap();
            assert_eq!(uncounted.calls(), 0);
            let sum = file.number(Sql::new("SELECT sum(calls) FROM usage")).await.unwrap();
            assert_eq!(sum, Some(expected));
        }
        uncounted.sign_off(&mut file, 0).await.unwrap();
        assert_eq!(file.number(Sql::new("SELECT count(*) FROM adders")).await.unwrap(), Some(0));
    }

    #[tokio::test]
    async fn a_full_map_rings_before_its_second_is_over() {
        let counters = Counters::new();
        (0..FULL as u64).for_each(|minute| counters.count(usage(minute)));
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
            price: None,
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
