//! Searches among the calls that were kept: newest first, page by page.
//!
//! From the newest day's file to the oldest one's, each in stretches of time, until the page is full, the
//! period searched, or the time box over; so a page never takes long, and every page gets on.

use crate::day::{DAY_MS, Day};
use crate::migrate::CALLS;
use crate::row::{self, COLUMNS};
use crate::sample::SLOW_US;
use crate::{CallFilter, CallPage, Ledger, MOST_ROWS, StatusFilter, StoreError, detail, error};
use exchange::{CallId, CallRecord, Detail, Outcome};
use sqlx::{Connection, QueryBuilder, Row, Sqlite, SqliteConnection};
use std::time::{Duration, Instant};

/// How long a page is searched for.
const TIME_BOX: Duration = Duration::from_millis(150);
/// A stretch of time that is always searched to its end, so that every page gets on: at the highest rate 120,000 rows.
const FIRST_STRETCH_MS: u64 = 60_000;
/// A stretch that took less is followed by one of double length.
const QUICK: Duration = Duration::from_millis(10);
/// The greatest id that SQLite can hold; a call of the year 2039.
const LAST: CallId = CallId(u64::MAX >> 1);
/// How many of SQLite's steps lie between two looks at the clock.
const STEPS: i32 = 10_000;

impl Ledger {
    /// A page of calls, newest first: by when they began.
    ///
    /// # Errors
    /// The file's.
    pub async fn calls(&self, filter: &CallFilter) -> Result<CallPage, StoreError> {
        let deadline = Instant::now() + TIME_BOX;
        let limit = if filter.limit == 0 { 100 } else { filter.limit.min(MOST_ROWS) } as usize;
        let days = self.folder().days()?;
        let end = filter.until_ms.map_or(LAST, |until| CallId::first_at(until.min(LAST.at_ms())));
        let Some(end) = self.newest_before(&days, end).await? else {
            return Ok(CallPage {
                rows: Vec::new(),
                searched_to_ms: filter.since_ms.unwrap_or(0),
                next: None,
            });
        };
        let default = || filter.until_ms.unwrap_or(end.at_ms()).saturating_sub(DAY_MS);
        let since = filter.since_ms.unwrap_or_else(default).min(LAST.at_ms());
        let end = filter.before.map_or(end, |before| before.min(end));

        let mut rows = Vec::new();
        for day in days.into_iter().rev() {
            if day.begin_ms() > end.at_ms() || day.end_ms() <= since {
                continue;
            }
            let Some(mut file) = self.folder().read(&day.file(), CALLS).await? else { continue };
            let from = CallId::first_at(day.begin_ms().max(since));
            let to = end.min(CallId::first_at(day.end_ms()));
            let found = Search { filter, deadline, limit, from }.run(&mut file, to, &mut rows).await;
            let reached = found.map_err(|error| StoreError::of(&day.file(), error))?;
            drop(file.close().await);
            if let Some(next) = reached {
                return Ok(CallPage { rows, searched_to_ms: next.at_ms(), next: Some(next) });
            }
            // Not inside a day only: a month of empty days takes its time too.
            if Instant::now() > deadline && day.begin_ms() > since {
                let next = CallId::first_at(day.begin_ms());
                return Ok(CallPage { rows, searched_to_ms: day.begin_ms(), next: Some(next) });
            }
        }
        Ok(CallPage { rows, searched_to_ms: since, next: None })
    }

    /// One call with what was kept of it; `None`: never kept, or dropped by age.
    ///
    /// # Errors
    /// The file's.
    pub async fn call(&self, id: CallId) -> Result<Option<(CallRecord, Option<Detail>)>, StoreError> {
        let name = Day::of(id).file();
        let Some(mut file) = self.folder().read(&name, CALLS).await? else { return Ok(None) };
        let failed = |error| StoreError::of(&name, error);
        let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
        query
            .push(COLUMNS)
            .push(", details.body FROM calls LEFT JOIN details ON call = calls.id WHERE calls.id = ");
        query.push_bind(id.0.cast_signed());
        let Some(found) = query.build().fetch_optional(&mut file).await.map_err(failed)? else {
            return Ok(None);
        };
        let record = row::read(&found).map_err(failed)?;
        let packed: Option<&[u8]> = found.try_get("body").map_err(failed)?;
        let detail = packed.map(detail::unpack).transpose();
        let detail = detail.map_err(|_| StoreError::Corrupt { file: name.clone() })?;
        drop(file.close().await);
        Ok(Some((record, detail)))
    }

    /// The id after that of the newest call below `end`; `None`: there is no call.
    async fn newest_before(&self, days: &[Day], end: CallId) -> Result<Option<CallId>, StoreError> {
        for day in days.iter().rev().filter(|day| day.begin_ms() <= end.at_ms()) {
            let name = day.file();
            let Some(mut file) = self.folder().read(&name, CALLS).await? else { continue };
            let newest: Option<i64> = sqlx::query_scalar("SELECT max(id) FROM calls WHERE id < ?")
                .bind(end.0.cast_signed())
                .fetch_one(&mut file)
                .await
                .map_err(|error| StoreError::of(&name, error))?;
            drop(file.close().await);
            if let Some(newest) = newest {
                return Ok(Some(CallId(newest.cast_unsigned() + 1)));
            }
        }
        Ok(None)
    }
}

/// A search through one day's file.
struct Search<'a> {
    filter: &'a CallFilter,
    deadline: Instant,
    limit: usize,
    from: CallId,
}

impl Search<'_> {
    /// Searches from `to` back to the beginning; gives where it stopped before that.
    async fn run(
        &self,
        file: &mut SqliteConnection,
        mut to: CallId,
        rows: &mut Vec<CallRecord>,
    ) -> Result<Option<CallId>, sqlx::Error> {
        let mut stretch = FIRST_STRETCH_MS;
        while to > self.from {
            let from = CallId::first_at(to.at_ms().saturating_sub(stretch)).max(self.from);
            let began = Instant::now();
            // One more than is wanted says whether there are more.
            let room = self.limit + 1 - rows.len();
            let found = match self.query("SELECT ", from, to, room).build().fetch_all(&mut *file).await {
                // Interrupted by the time box: this stretch is the next page's.
                Err(failed) if error::code(&failed).is_some_and(|code| code & 0xff == 9) => {
                    return Ok(Some(to));
                }
                found => found?,
            };
            for row in &found {
                rows.push(row::read(row)?);
            }
            if rows.len() > self.limit {
                rows.truncate(self.limit);
                return Ok(rows.last().map(|last| last.id));
            }
            to = from;
            if Instant::now() > self.deadline && to > self.from {
                return Ok(Some(to));
            }
            if began.elapsed() < QUICK {
                stretch = stretch.saturating_mul(2);
            }
            let deadline = self.deadline;
            file.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < deadline);
        }
        Ok(None)
    }

    fn query(&self, verb: &str, from: CallId, to: CallId, limit: usize) -> QueryBuilder<Sqlite> {
        let filter = self.filter;
        let mut query = QueryBuilder::new(verb);
        query.push(COLUMNS).push(" FROM calls WHERE id >= ").push_bind(from.0.cast_signed());
        query.push(" AND id < ").push_bind(to.0.cast_signed());
        // Left to itself, SQLite walks all rows of a name in the day: one name is looked for by its index and by id, the
        // narrowest there is; an API's only where neither bad nor slow calls are wanted, which have an index of their own.
        let own = filter.consumer.is_some() || filter.operation.is_some();
        let bad = |word: &String| !matches!(word.as_str(), "succeeded" | "declined");
        let bad = filter.breaks_only || filter.reason.is_some() || filter.outcome.as_ref().is_some_and(bad);
        let slow = filter.took_over_us.is_some_and(|over| over >= SLOW_US);
        let mut by_name = !own && (bad || slow);
        for (column, wanted) in
            [("who", &filter.consumer), ("operation", &filter.operation), ("api", &filter.api)]
        {
            if let Some(wanted) = wanted {
                query.push(" AND ").push(column).push(if by_name { " || '' = " } else { " = " });
                query.push_bind(wanted.clone());
                if !by_name && filter.status.is_none() {
                    query.push(" AND class IN (0, 1, 2, 3, 4, 5)");
                }
                by_name = true;
            }
        }
        if let Some(word) = &filter.outcome {
            // A word that is none finds nothing: `IN ()` is SQLite's.
            query.push(" AND outcome IN (");
            let codes = (0..=u8::MAX).map_while(Outcome::from_code).filter(|outcome| outcome.word() == word);
            for (at, outcome) in codes.enumerate() {
                query.push(if at == 0 { "" } else { ", " }).push(outcome.code());
            }
            // What is still running has no outcome yet.
            query.push(") AND open = 0");
        }
        match filter.status {
            Some(StatusFilter::Exactly(status)) => {
                query.push(" AND class = ").push_bind(status / 100).push(" AND status = ").push_bind(status);
            }
            Some(StatusFilter::Class(class)) => {
                query.push(" AND class = ").push_bind(class);
            }
            None => {}
        }
        if let Some(reason) = filter.reason {
            query.push(" AND reason = ").push_bind(reason.slug());
        }
        if let Some(prefix) = &filter.path_prefix {
            query
                .push(" AND substr(path, 1, ")
                .push_bind(i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX));
            query.push(") = ").push_bind(prefix.clone());
        }
        if let Some(over) = filter.took_over_us {
            query.push(" AND took_us > ").push_bind(i64::try_from(over).unwrap_or(i64::MAX));
            if slow && !own {
                query.push(" AND took_us > 1000000");
            }
        }
        if filter.breaks_only {
            query.push(" AND breaks > 0");
        }
        if let Some(address) = filter.address {
            query.push(" AND address = ").push_bind(address.to_string());
        }
        if filter.open_only {
            query.push(" AND open = 1");
        }
        if bad && !own {
            // Follows from the others; said in the words of the index, so that it is used.
            query.push(" AND (outcome > 1 OR breaks > 0)");
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        query
    }
}

#[cfg(test)]
mod tests {
    use super::Search;
    use crate::example::call;
    use crate::migrate::CALLS;
    use crate::row;
    use crate::store::{Durability, Folder};
    use crate::{CallFilter, StatusFilter};
    use exchange::{CallId, Reason};
    use sqlx::Row;
    use std::time::Instant;

    #[tokio::test]
    async fn a_search_without_time_gets_on_by_a_stretch_and_one_that_is_interrupted_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open("calls.db", CALLS, Durability::Normal).await.unwrap();
        let records: Vec<_> = (0..10).map(|nth| call(nth * 60_000, nth)).collect();
        row::write(&mut file, &records.iter().collect::<Vec<_>>()).await.unwrap();
        let filter = CallFilter::default();
        let search = Search { filter: &filter, deadline: Instant::now(), limit: 100, from: CallId(0) };
        let (mut to, mut rows, mut pages) = (CallId::first_at(600_000), Vec::new(), 0);
        while let Some(next) = search.run(&mut file, to, &mut rows).await.unwrap() {
            assert!(next < to);
            (to, pages) = (next, pages + 1);
        }
        assert_eq!((rows.len(), pages), (10, 9));

        file.lock_handle().await.unwrap().set_progress_handler(1, || false);
        let next = search.run(&mut file, CallId::first_at(600_000), &mut Vec::new()).await.unwrap();
        assert_eq!(next, Some(CallId::first_at(600_000)), "the same stretch again");
    }

    #[tokio::test]
    async fn searches_use_their_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open("calls.db", CALLS, Durability::Normal).await.unwrap();
        let some = || Some("x".to_owned());
        for (filter, index) in [
            (CallFilter { outcome: Some("failed".into()), ..Default::default() }, "calls_bad"),
            (CallFilter { breaks_only: true, ..Default::default() }, "calls_bad"),
            (CallFilter { took_over_us: Some(2_000_000), ..Default::default() }, "calls_slow"),
            (
                CallFilter { consumer: some(), status: Some(StatusFilter::Class(4)), ..Default::default() },
                "calls_of_consumer",
            ),
            (
                CallFilter { api: some(), status: Some(StatusFilter::Exactly(404)), ..Default::default() },
                "calls_of_api",
            ),
            (
                CallFilter { operation: some(), status: Some(StatusFilter::Class(5)), ..Default::default() },
                "calls_of_operation",
            ),
            (CallFilter { path_prefix: some(), ..Default::default() }, "INTEGER PRIMARY KEY"),
            (CallFilter::default(), "INTEGER PRIMARY KEY"),
            (
                CallFilter { status: Some(StatusFilter::Class(5)), ..Default::default() },
                "INTEGER PRIMARY KEY",
            ),
            (CallFilter { outcome: Some("declined".into()), ..Default::default() }, "INTEGER PRIMARY KEY"),
            (CallFilter { address: Some([1, 1, 1, 1].into()), ..Default::default() }, "INTEGER PRIMARY KEY"),
            (CallFilter { open_only: true, ..Default::default() }, "INTEGER PRIMARY KEY"),
            (CallFilter { took_over_us: Some(2_000), ..Default::default() }, "INTEGER PRIMARY KEY"),
            (CallFilter { reason: Some(Reason::OverLimit), ..Default::default() }, "calls_bad"),
            (CallFilter { consumer: some(), ..Default::default() }, "calls_of_consumer"),
            (CallFilter { operation: some(), ..Default::default() }, "calls_of_operation"),
            (CallFilter { api: some(), ..Default::default() }, "calls_of_api"),
            (CallFilter { api: some(), path_prefix: some(), ..Default::default() }, "calls_of_api"),
            (CallFilter { api: some(), breaks_only: true, ..Default::default() }, "calls_bad"),
            (CallFilter { api: some(), took_over_us: Some(2_000_000), ..Default::default() }, "calls_slow"),
            (
                CallFilter { consumer: some(), api: some(), operation: some(), ..Default::default() },
                "calls_of_consumer",
            ),
            (
                CallFilter { consumer: some(), reason: Some(Reason::OverLimit), ..Default::default() },
                "calls_of_consumer",
            ),
            (
                CallFilter { operation: some(), api: some(), breaks_only: true, ..Default::default() },
                "calls_of_operation",
            ),
        ] {
            let search = Search { filter: &filter, deadline: Instant::now(), limit: 10, from: CallId(0) };
            let mut query = search.query("EXPLAIN QUERY PLAN SELECT ", CallId(1), CallId(2), 10);
            let plan: Vec<String> = query
                .build()
                .fetch_all(&mut file)
                .await
                .unwrap()
                .iter()
                .map(|row| row.get::<String, _>("detail"))
                .collect();
            assert!(plan[0].contains(index), "{filter:?}: {plan:?}");
            // Within the stretch that is searched, and in its order: what is of several classes is put in order.
            assert!(plan[0].contains("id>? AND ") && plan[0].contains("id<?)"), "{filter:?}: {plan:?}");
            let classes = plan[0].contains("class=?") && filter.status.is_none();
            assert_eq!(plan.len(), 1 + usize::from(classes), "sorting: {plan:?}");
        }
    }
}
