//! Follows calls as they are written.
//!
//! In the order of writing, not of ids: an id says when a call began, and a long call is written late.

use crate::day::Day;
use crate::migrate::CALLS;
use crate::row::{self, COLUMNS};
use crate::{Ledger, StoreError};
use exchange::CallRecord;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use std::collections::HashSet;

/// A day is followed for so many days after it, for the calls that began in it and go on.
const DAYS: u64 = 1;

/// A place in the stream of written calls. Made by [`Ledger::tail`].
#[derive(Debug)]
pub struct Tail {
    places: Vec<Place>,
    /// Days before this one are not followed.
    first: Day,
}

#[derive(Debug)]
struct Place {
    day: Day,
    file: SqliteConnection,
    /// The last arrival that was read.
    seen: i64,
}

impl Ledger {
    /// Follows calls that are written from now on.
    ///
    /// # Errors
    /// The file's.
    pub async fn tail(&self) -> Result<Tail, StoreError> {
        let first = self.folder().days()?.last().map_or(Day(0), |newest| Day(newest.0.saturating_sub(DAYS)));
        let mut tail = Tail { places: Vec::new(), first };
        tail.follow(self).await?;
        for place in &mut tail.places {
            place.seen = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM arrivals")
                .fetch_one(&mut place.file)
                .await
                .map_err(|error| StoreError::of(&place.day.file(), error))?;
        }
        Ok(tail)
    }
}

impl Tail {
    /// What was written since the last call of this, oldest first, at most `limit`; empty: nothing new.
    ///
    /// A call that was shown as open comes again when it has ended. Made to be asked some times a second.
    ///
    /// # Errors
    /// The file's.
    pub async fn read(&mut self, ledger: &Ledger, limit: u32) -> Result<Vec<CallRecord>, StoreError> {
        self.follow(ledger).await?;
        let mut found = Vec::new();
        for place in &mut self.places {
            let room = (limit as usize).saturating_sub(found.len());
            place.read(room, &mut found).await.map_err(|error| StoreError::of(&place.day.file(), error))?;
        }
        // Written twice since the last look (open, then ended), a call is here twice as it is now.
        let mut known = HashSet::new();
        found.retain(|record| known.insert(record.id));
        Ok(found)
    }

    /// Opens the files of days that have begun, leaves those that are over.
    async fn follow(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let days = ledger.folder().days()?;
        let newest = days.last().map_or(0, |day| day.0);
        self.first = self.first.max(Day(newest.saturating_sub(DAYS)));
        self.places.retain(|place| place.day >= self.first);
        for day in days.into_iter().filter(|day| *day >= self.first) {
            if self.places.iter().any(|place| place.day == day) {
                continue;
            }
            if let Some(file) = ledger.folder().read(&day.file(), CALLS).await? {
                self.places.push(Place { day, file, seen: 0 });
            }
        }
        Ok(())
    }
}

impl Place {
    async fn read(&mut self, limit: usize, found: &mut Vec<CallRecord>) -> Result<(), sqlx::Error> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
        query.push(COLUMNS).push(", seq FROM arrivals JOIN calls ON calls.id = call WHERE seq > ");
        query.push_bind(self.seen).push(" ORDER BY seq LIMIT ");
        query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        for row in query.build().fetch_all(&mut self.file).await? {
            found.push(row::read(&row)?);
            self.seen = row.try_get("seq")?;
        }
        Ok(())
    }
}
