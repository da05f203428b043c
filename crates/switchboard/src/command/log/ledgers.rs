//! The ledgers that are asked: the board's near here; without one that of what runs, and the history of this person's calls.

use super::follow::Following;
use super::lost;
use super::wanted::Wanted;
use crate::arguments::Global;
use crate::command::call::history;
use crate::drive::{Books, board_near, board_near_or_running, now_ms, read_ledger, stored};
use crate::exit::Failure;
use exchange::{CallId, CallRecord, Detail};
use ledger::{CallFilter, CallPage, Ledger};
use std::collections::HashSet;
use tokio::runtime::Runtime;

/// How long a call that has only just ended is waited for: it may be on its way to the disk.
const ON_ITS_WAY_MS: u64 = 2_000;

/// Ledgers that are read as one.
#[derive(Debug)]
pub(super) struct Ledgers(Vec<Ledger>);

impl Ledgers {
    /// One ledger.
    pub(super) fn of(ledger: Ledger) -> Self {
        Self(vec![ledger])
    }

    /// Those that are asked here, and the books that one of them belongs to.
    pub(super) fn near(global: &Global, runtime: &Runtime) -> Result<(Self, Option<Books>), Failure> {
        let own = match history::place(global).filter(|_| board_near(global).is_none()) {
            Some((place, ..)) => runtime.block_on(Ledger::open_read_only(place)).ok(),
            None => None,
        };
        let books = match board_near_or_running(global) {
            Ok(folder) => Some(Books::open(&folder, global)?),
            Err(_) if own.is_some() => None,
            Err(failure) => return Err(failure),
        };
        let mut ledgers: Vec<Ledger> = own.into_iter().collect();
        if let Some(books) = &books {
            ledgers.push(runtime.block_on(read_ledger(books))?);
        }
        Ok((Self(ledgers), books))
    }

    /// The board's, where there is one: it is asked last.
    pub(super) fn of_board(&self) -> Option<&Ledger> {
        self.0.last()
    }

    /// Follows the calls of all, and of the processes of this board that run here.
    pub(super) async fn follow(&self, books: Option<&Books>, wanted: &Wanted) -> Result<Following, Failure> {
        Following::begin(&self.0, books.map(Books::folder), wanted).await
    }

    /// A page of the calls of all, newest first.
    pub(super) async fn calls(&self, filter: &CallFilter) -> Result<CallPage, Failure> {
        let mut pages = Vec::new();
        for ledger in &self.0 {
            pages.push(ledger.calls(filter).await.map_err(|error| stored(&error))?);
        }
        Ok(merged(pages, filter.limit as usize))
    }

    /// Which of these calls no process has any more, though they are open by their rows.
    pub(super) async fn lost(
        &self,
        rows: &[CallRecord],
        books: Option<&Books>,
    ) -> Result<HashSet<CallId>, Failure> {
        match (books, self.of_board()) {
            (Some(books), Some(ledger)) => lost::among(rows.iter(), books, ledger).await,
            // One's own calls are written when they are over.
            _ => Ok(HashSet::new()),
        }
    }

    /// What was kept of a call beside its row.
    pub(super) async fn detail(&self, id: CallId) -> Result<Option<Detail>, Failure> {
        for ledger in &self.0 {
            if let Some((_, detail)) = ledger.call(id).await.map_err(|error| stored(&error))? {
                return Ok(detail);
            }
        }
        Ok(None)
    }

    /// The call of this id. One that has only just ended may still be on its way to the disk: it is waited for.
    pub(super) async fn find(&self, id: CallId) -> Result<(CallRecord, Option<Detail>), Failure> {
        loop {
            for ledger in &self.0 {
                if let Some(found) = ledger.call(id).await.map_err(|error| stored(&error))? {
                    return Ok(found);
                }
            }
            if now_ms() > id.at_ms() + ON_ITS_WAY_MS {
                return Err(Failure::usage(format!("there is no call `{id}` in this ledger")).help(
                    "its row may have been sampled away, or its day dropped: see `keep` under `[ledger]`",
                ));
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}

/// Pages as one: nothing below the place that the least far of them has reached.
fn merged(mut pages: Vec<CallPage>, limit: usize) -> CallPage {
    if pages.len() == 1
        && let Some(page) = pages.pop()
    {
        return page;
    }
    let mut next = pages.iter().filter_map(|page| page.next).max();
    let mut searched_to_ms = pages.iter().map(|page| page.searched_to_ms).max().unwrap_or_default();
    let mut rows: Vec<CallRecord> = pages.into_iter().flat_map(|page| page.rows).collect();
    rows.retain(|row| next.is_none_or(|next| row.id >= next));
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    if rows.len() > limit {
        rows.truncate(limit);
        next = rows.last().map(|last| last.id);
        searched_to_ms = next.map_or(searched_to_ms, CallId::at_ms);
    }
    CallPage { rows, searched_to_ms, next }
}
