//! Follows calls as they are written.
//!
//! In the order of writing, not of ids: an id says when a call began, and a long call is written late.

use crate::connection::Connection;
use crate::day::Day;
use crate::row::{self, COLUMNS};
use crate::sql::Sql;
use crate::store::{Part, Store};
use crate::{Ledger, StoreError};
use exchange::{CallId, CallRecord};
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
    /// Of a folder: opening it again costs more than keeping it. A database's connections are for all.
    file: Option<Connection>,
    /// The last arrival that was read.
    seen: u64,
}

impl Ledger {
    /// Follows calls that are written from now on.
    ///
    /// # Errors
    /// The file's.
    pub async fn tail(&self) -> Result<Tail, StoreError> {
        let first =
            self.store().days().await?.last().map_or(Day(0), |newest| Day(newest.0.saturating_sub(DAYS)));
        let mut tail = Tail { places: Vec::new(), first };
        tail.follow(self).await?;
        for place in &mut tail.places {
            place.begin(self.store()).await?;
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
            place.read(ledger.store(), room, &mut found).await?;
        }
        // Written twice since the last look (open, then ended), a call is here twice as it is now.
        let mut known = HashSet::new();
        found.retain(|record| known.insert(record.id));
        Ok(found)
    }

    /// Opens the files of days that have begun, leaves those that are over.
    async fn follow(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let days = ledger.store().days().await?;
        let newest = days.last().map_or(0, |day| day.0);
        self.first = self.first.max(Day(newest.saturating_sub(DAYS)));
        self.places.retain(|place| place.day >= self.first);
        for day in days.into_iter().filter(|day| *day >= self.first) {
            if self.places.iter().any(|place| place.day == day) {
                continue;
            }
            if let Some(calls) = ledger.store().read(Part::Calls(day)).await? {
                let mut place = Place { day, file: None, seen: 0 };
                place.keep(calls);
                self.places.push(place);
            }
        }
        Ok(())
    }
}

impl Place {
    /// Follows what comes from now on.
    async fn begin(&mut self, store: &Store) -> Result<(), StoreError> {
        let Some(mut calls) = self.calls(store).await? else { return Ok(()) };
        let (from, to) = self.bounds();
        let last =
            Sql::new("SELECT seq FROM arrivals WHERE call >= ? AND call < ? ORDER BY seq DESC LIMIT 1");
        self.seen = calls.number(last.bind(from).bind(to)).await?.unwrap_or(0);
        self.keep(calls);
        Ok(())
    }

    async fn read(
        &mut self,
        store: &Store,
        limit: usize,
        found: &mut Vec<CallRecord>,
    ) -> Result<(), StoreError> {
        let Some(mut calls) = self.calls(store).await? else { return Ok(()) };
        let (from, to) = self.bounds();
        let mut query = Sql::new("SELECT ");
        query.push(COLUMNS).push(", seq FROM arrivals JOIN calls ON calls.id = call WHERE seq > ");
        query.push_bind(self.seen).push(" AND call >= ").push_bind(from).push(" AND call < ").push_bind(to);
        query.push(" ORDER BY seq LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        for row in calls.all(query).await? {
            found.push(row::read(&row)?);
            self.seen = row.count(row::WIDTH)?;
        }
        self.keep(calls);
        Ok(())
    }

    /// The ids of its day: PostgreSQL has the days in one table.
    fn bounds(&self) -> (u64, u64) {
        (CallId::first_at(self.day.begin_ms()).0, CallId::first_at(self.day.end_ms()).0)
    }

    async fn calls(&mut self, store: &Store) -> Result<Option<Connection>, StoreError> {
        match self.file.take() {
            Some(file) => Ok(Some(file)),
            None => store.read(Part::Calls(self.day)).await,
        }
    }

    fn keep(&mut self, calls: Connection) {
        self.file = Some(calls).filter(|calls| !calls.is_postgres());
    }
}
