//! Rows and details that wait, and the days into which they are written.
//!
//! One transaction for each day of a batch. What could not be written stays, up to a bound.

use crate::connection::Connection;
use crate::day::Day;
use crate::store::{Part, Store};
use crate::{StoreError, detail, row};
use exchange::{CallId, CallRecord};
use std::collections::HashSet;

/// How many rows, and how many details, wait at most: four seconds of the most that comes.
const MOST_WAITING: usize = 8_192;
/// How many days are open at once: around midnight, two; a long call's end belongs to its first day.
const OPEN_DAYS: usize = 3;

/// A detail that waits, packed.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) id: CallId,
    pub(crate) bytes: Vec<u8>,
    /// What it counts in the bound on waiting bytes.
    pub(crate) size: usize,
}

/// What waits, and where it goes.
#[derive(Debug)]
pub(crate) struct Batch {
    store: Store,
    keep_ms: u64,
    rows: Vec<CallRecord>,
    details: Vec<Packed>,
    /// Connections to days.
    open: Vec<(Day, Connection)>,
    newest: Option<Day>,
}

impl Batch {
    /// A batch for a store that is in haste.
    pub(crate) fn new(store: Store, keep_ms: u64) -> Self {
        Self { store, keep_ms, rows: Vec::new(), details: Vec::new(), open: Vec::new(), newest: None }
    }

    /// Whether no more rows find room.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= MOST_WAITING
    }

    /// Takes a row; `false`: too many wait, it is lost.
    pub(crate) fn row(&mut self, record: CallRecord) -> bool {
        let room = self.rows.len() < MOST_WAITING;
        if room {
            self.rows.push(record);
        }
        room
    }

    /// Takes a detail; `false`: too many wait, it is lost.
    pub(crate) fn detail(&mut self, detail: Packed) -> bool {
        let room = self.details.len() < MOST_WAITING;
        if room {
            self.details.push(detail);
        }
        room
    }

    /// How many rows wait.
    pub(crate) fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Writes what waits. Gives the sizes of the details written, and the first error; what it hit stays.
    pub(crate) async fn write(&mut self) -> (usize, Result<(), StoreError>) {
        let (mut freed, mut result) = (0, Ok(()));
        let mut days: Vec<Day> = self.rows.iter().map(|row| Day::of(row.id)).collect();
        days.extend(self.details.iter().map(|detail| Day::of(detail.id)));
        days.sort_unstable();
        days.dedup();
        for day in days {
            match self.write_day(day).await {
                Ok(()) => {
                    self.rows.retain(|row| Day::of(row.id) != day);
                    self.details.retain(|detail| {
                        let other = Day::of(detail.id) != day;
                        freed += if other { 0 } else { detail.size };
                        other
                    });
                }
                Err(error) => {
                    // A connection that failed is made anew: the file may have been moved away.
                    self.open.retain(|(open, _)| *open != day);
                    result = result.and(Err(error));
                }
            }
        }
        (freed, result)
    }

    async fn write_day(&mut self, day: Day) -> Result<(), StoreError> {
        let at = self.open(day).await?;
        // A call that was open and has ended meanwhile is here twice.
        let rows = latest(self.rows.iter().filter(|row| Day::of(row.id) == day), |row| row.id);
        let details = self.details.iter().filter(|packed| Day::of(packed.id) == day);
        let details = latest(details.map(|packed| (packed.id, &*packed.bytes)), |(id, _)| *id);
        let mut change = self.open[at].1.change().await?;
        row::write(&mut change, &rows).await?;
        detail::write(&mut change, &details).await?;
        change.commit().await
    }

    /// The place of the day's connection among those that are open.
    async fn open(&mut self, day: Day) -> Result<usize, StoreError> {
        if let Some(at) = self.open.iter().position(|(open, _)| *open == day) {
            return Ok(at);
        }
        let calls = self.store.open(Part::Calls(day)).await?;
        if self.open.len() == OPEN_DAYS {
            let (_, oldest) = self.open.remove(0);
            oldest.close().await;
        }
        self.open.push((day, calls));
        if self.newest.is_none_or(|newest| newest < day) {
            self.newest = Some(day);
            // A day has begun, so that an old one may have to go. The clock is the calls' own.
            self.store.prune(day.begin_ms(), self.keep_ms).await?;
        }
        Ok(self.open.len() - 1)
    }

    /// Closes what is open.
    pub(crate) async fn close(&mut self) {
        for (_, calls) in self.open.drain(..) {
            calls.close().await;
        }
    }
}

/// Of those with one id the last one; in their order.
fn latest<T>(all: impl DoubleEndedIterator<Item = T>, id: impl Fn(&T) -> CallId) -> Vec<T> {
    let mut known = HashSet::new();
    let mut latest: Vec<T> = all.rev().filter(|one| known.insert(id(one))).collect();
    latest.reverse();
    latest
}

#[cfg(test)]
mod tests {
    use super::Batch;
    use crate::StoreError;
    use crate::day::Day;
    use crate::example::call;
    use crate::folder::Folder;
    use crate::sql::Sql;
    use crate::store::Store;

    #[tokio::test]
    async fn on_a_full_disk_rows_wait_and_are_written_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut batch = Batch::new(Store::Folder(Folder::make(folder.path()).unwrap()), u64::MAX);
        let at = batch.open(Day::of(call(0, 0).id)).await.unwrap();
        // SQLite answers as on a full disk.
        batch.open[at].1.run("PRAGMA max_page_count = 20").await.unwrap();
        (0..5_000).for_each(|nth| assert!(batch.row(call(0, nth))));
        let (_, result) = batch.write().await;
        assert!(matches!(result, Err(StoreError::Full { .. })), "{result:?}");
        assert_eq!(batch.len(), 5_000, "all of them wait");
        (5_000..8_192).for_each(|nth| assert!(batch.row(call(0, nth))));
        assert!(!batch.row(call(0, 9_000)), "what waits is bounded");

        // The connection is made anew, without the bound.
        let (_, result) = batch.write().await;
        result.unwrap();
        assert_eq!(batch.len(), 0);
        let kept = batch.open[0].1.number(Sql::new("SELECT count(*) FROM calls")).await.unwrap();
        assert_eq!(kept, Some(8_192));
    }

    #[tokio::test]
    async fn a_day_that_cannot_be_written_does_not_hold_up_another() {
        let folder = tempfile::tempdir().unwrap();
        let (bad, good) = (call(0, 1), call(crate::day::DAY_MS, 2));
        std::fs::create_dir(folder.path().join(Day::of(bad.id).file())).unwrap();
        let mut batch = Batch::new(Store::Folder(Folder::make(folder.path()).unwrap()), u64::MAX);
        assert!(batch.row(bad) && batch.row(good));
        assert!(batch.write().await.1.is_err());
        assert_eq!(batch.len(), 1);
    }
}
