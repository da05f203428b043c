//! Searches among the calls that were kept: newest first, page by page.
//!
//! From the newest day's file to the oldest one's, each in stretches of time, until the page is full, the
//! period searched, or the time box over; so a page never takes long, and every page gets on.

mod query;

use crate::connection::Connection;
use crate::day::{DAY_MS, Day};
use crate::row::{self, COLUMNS};
use crate::sql::Sql;
use crate::store::Part;
use crate::{CallFilter, CallPage, Ledger, MOST_ROWS, StoreError, detail};
use exchange::{CallId, CallRecord, Detail};
use std::time::{Duration, Instant};

/// How long a page is searched for.
const TIME_BOX: Duration = Duration::from_millis(150);
/// A stretch of time that is always searched to its end, so that every page gets on: at the highest rate 120,000 rows.
const FIRST_STRETCH_MS: u64 = 60_000;
/// A stretch that took less is followed by one of double length.
const QUICK: Duration = Duration::from_millis(10);
/// The greatest id that the databases can hold; a call of the year 2039.
const LAST: CallId = CallId(u64::MAX >> 1);

impl Ledger {
    /// A page of calls, newest first: by when they began.
    ///
    /// # Errors
    /// The file's.
    pub async fn calls(&self, filter: &CallFilter) -> Result<CallPage, StoreError> {
        let deadline = Instant::now() + TIME_BOX;
        let limit = if filter.limit == 0 { 100 } else { filter.limit.min(MOST_ROWS) } as usize;
        let days = self.store().days().await?;
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
            let Some(mut calls) = self.store().read(Part::Calls(day)).await? else { continue };
            let from = CallId::first_at(day.begin_ms().max(since));
            let to = end.min(CallId::first_at(day.end_ms()));
            let search = Search { filter, deadline, limit, from, boxed: false };
            let reached = search.run(&mut calls, to, &mut rows).await?;
            calls.close().await;
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
        let part = Part::Calls(Day::of(id));
        let Some(mut calls) = self.store().read(part).await? else { return Ok(None) };
        let mut query = Sql::new("SELECT ");
        // The detail's own id is compared too: so PostgreSQL looks for it in one day.
        query
            .push(COLUMNS)
            .push(", details.body FROM calls LEFT JOIN details ON call = calls.id AND call = ")
            .push_bind(id.0)
            .push(" WHERE calls.id = ")
            .push_bind(id.0);
        let Some(found) = calls.first(query).await? else {
            return Ok(None);
        };
        let record = row::read(&found)?;
        let detail = found.some_bytes(row::WIDTH)?.map(detail::unpack).transpose();
        let detail = detail.map_err(|_| StoreError::Corrupt { file: part.file() })?;
        calls.close().await;
        Ok(Some((record, detail)))
    }

    /// The id after that of the newest call below `end`; `None`: there is no call.
    async fn newest_before(&self, days: &[Day], end: CallId) -> Result<Option<CallId>, StoreError> {
        for day in days.iter().rev().filter(|day| day.begin_ms() <= end.at_ms()) {
            let Some(mut calls) = self.store().read(Part::Calls(*day)).await? else { continue };
            let newest = Sql::new("SELECT max(id) FROM calls WHERE id >= ? AND id < ?");
            let newest = newest.bind(CallId::first_at(day.begin_ms()).0).bind(end.0);
            let newest = calls.number(newest).await?;
            calls.close().await;
            if let Some(newest) = newest {
                return Ok(Some(CallId(newest + 1)));
            }
        }
        Ok(None)
    }
}

/// A search through one day.
struct Search<'a> {
    filter: &'a CallFilter,
    deadline: Instant,
    limit: usize,
    from: CallId,
    /// Whether the connection has its time box already: what it breaks off is the next page's.
    boxed: bool,
}

impl Search<'_> {
    /// Searches from `to` back to the beginning; gives where it stopped before that.
    async fn run(
        &self,
        calls: &mut Connection,
        mut to: CallId,
        rows: &mut Vec<CallRecord>,
    ) -> Result<Option<CallId>, StoreError> {
        let (mut stretch, mut boxed) = (FIRST_STRETCH_MS, self.boxed);
        while to > self.from {
            let from = CallId::first_at(to.at_ms().saturating_sub(stretch)).max(self.from);
            let began = Instant::now();
            // One more than is wanted says whether there are more.
            let room = self.limit + 1 - rows.len();
            let query = if calls.is_postgres() {
                self.query_by_class(from, to, room)
            } else {
                self.query("SELECT ", from, to, room)
            };
            let found = match calls.all(query).await {
                // Interrupted by the time box: this stretch is the next page's.
                Err(StoreError::Slow { .. }) if boxed => return Ok(Some(to)),
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
            if to > self.from {
                calls.time_box(self.deadline).await?;
                boxed = true;
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::Search;
    use crate::day::Day;
    use crate::example::call;
    use crate::folder::Folder;
    use crate::row;
    use crate::store::Part;
    use crate::{CallFilter, StatusFilter, StoreError};
    use exchange::{CallId, Reason};
    use std::time::Instant;

    #[tokio::test]
    async fn a_search_without_time_gets_on_by_a_stretch_and_one_that_is_interrupted_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open(Part::Calls(Day(0))).await.unwrap();
        let records: Vec<_> = (0..10).map(|nth| call(nth * 60_000, nth)).collect();
        row::write(&mut file, &records.iter().collect::<Vec<_>>()).await.unwrap();
        let filter = CallFilter::default();
        let search =
            Search { filter: &filter, deadline: Instant::now(), limit: 100, from: CallId(0), boxed: true };
        let (mut to, mut rows, mut pages) = (CallId::first_at(600_000), Vec::new(), 0);
        while let Some(next) = search.run(&mut file, to, &mut rows).await.unwrap() {
            assert!(next < to);
            (to, pages) = (next, pages + 1);
        }
        assert_eq!((rows.len(), pages), (10, 9));

        // More than the steps between two looks at the clock.
        let records: Vec<_> = (0..20_000).map(|nth| call(nth % 60_000, nth)).collect();
        row::write(&mut file, &records.iter().collect::<Vec<_>>()).await.unwrap();
        file.time_box(Instant::now()).await.unwrap();
        let filter = CallFilter { path_prefix: Some("/nothing".into()), ..CallFilter::default() };
        let end = CallId::first_at(60_000);
        let search = Search { filter: &filter, ..search };
        let next = search.run(&mut file, end, &mut Vec::new()).await.unwrap();
        assert_eq!(next, Some(end), "the same stretch again");
        let search = Search { boxed: false, ..search };
        let error = search.run(&mut file, end, &mut Vec::new()).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Slow { .. }),
            "of a stretch without a box it is an error: {error}"
        );
    }

    #[tokio::test]
    async fn searches_use_their_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open(Part::Calls(Day(0))).await.unwrap();
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
            let search = Search {
                filter: &filter,
                deadline: Instant::now(),
                limit: 10,
                from: CallId(0),
                boxed: false,
            };
            let query = search.query("EXPLAIN QUERY PLAN SELECT ", CallId(1), CallId(2), 10);
            let rows = file.all(query).await.unwrap();
            let plan: Vec<&str> = rows.iter().map(|row| row.text(3).unwrap()).collect();
            assert!(plan[0].contains(index), "{filter:?}: {plan:?}");
            // Within the stretch that is searched, and in its order: what is of several classes is put in order.
            assert!(plan[0].contains("id>? AND ") && plan[0].contains("id<?)"), "{filter:?}: {plan:?}");
            let classes = plan[0].contains("class=?") && filter.status.is_none();
            assert_eq!(plan.len(), 1 + usize::from(classes), "sorting: {plan:?}");
        }
    }
}
