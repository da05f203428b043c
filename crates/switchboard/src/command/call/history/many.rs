//! Many calls of one command, the rows of a batch or the pages of a walk: each a call of the ledger, in flat memory.
//!
//! They go through the ledger's recorder, which batches them and keeps to the rows a second that are wished: above that a
//! row stands for several calls and says for how many. Details are made no faster than rows, and up to a bound for each run.

use super::super::draft::Draft;
use super::super::redact::Redaction;
use super::record::{Ended, Kept, Made};
use crate::drive;
use crate::terminal::Terminal;
use exchange::{CallIds, Outcome, Recorder};
use ledger::{DetailsWanted, Ledger, LedgerOptions, Place, StoreError};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// Rows a second where no board says it: the ledger's own number.
const ROWS: u32 = 50;
/// How many bytes of bodies one run leaves in the history; then rows come without details.
const DETAILS: usize = 64 * 1024 * 1024;

/// The history of many calls.
pub(crate) struct Many {
    place: Place,
    keep: Duration,
    rows: u32,
    kept: Kept,
    terminal: Terminal,
    /// Opened with the first call.
    opened: OnceCell<Option<Opened>>,
}

struct Opened {
    ledger: Ledger,
    recorder: Arc<dyn Recorder>,
    state: RefCell<State>,
}

struct State {
    ids: CallIds,
    /// Details that may be made now: they fall free as rows do.
    places: f64,
    at: Instant,
    /// Bytes of bodies that may still be kept.
    left: usize,
}

impl Many {
    pub(super) fn new(
        place: Place,
        keep: Duration,
        rows: Option<u32>,
        kept: Kept,
        terminal: Terminal,
    ) -> Self {
        Self { place, keep, rows: rows.unwrap_or(ROWS), kept, terminal, opened: OnceCell::new() }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) const fn keep(&self) -> Duration {
        self.keep
    }

    pub(super) const fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The same, not opened yet.
    pub(super) fn again(&self) -> Self {
        let kept = self.kept.clone();
        Self::new(self.place.clone(), self.keep, Some(self.rows), kept, self.terminal)
    }

    /// Hands in a call that began at this moment.
    pub(crate) async fn add(
        &self,
        draft: &Draft,
        redaction: &Redaction,
        ended: &Ended<'_>,
        (at_ms, began): (u64, Instant),
    ) {
        let Some(opened) = self.opened.get_or_init(|| self.open()).await else { return };
        let made = Made { draft, redaction, ended, began };
        let mut state = opened.state.borrow_mut();
        let record = made.record(state.ids.next(at_ms));
        let ordinary = matches!(record.outcome, Outcome::Succeeded | Outcome::Declined);
        let detailed = self.kept.details && state.place(self.rows, ordinary);
        let size = ended.body.map_or(0, <[u8]>::len) + draft.payload.held().map_or(0, <[u8]>::len);
        let id = record.id;
        opened.recorder.row(record);
        if detailed && state.left > 0 {
            state.left = state.left.saturating_sub(size.min(2 * super::KEPT));
            // The words of the command would make all of them again.
            opened.recorder.detail(id, made.detail(&self.kept, &[]));
        }
    }

    async fn open(&self) -> Option<Opened> {
        let details = if self.kept.details { DetailsWanted::All } else { DetailsWanted::None };
        let options = LedgerOptions {
            keep: self.keep,
            rows_per_second: self.rows,
            details,
            ..LedgerOptions::new(self.place.clone())
        };
        let opened = async {
            let ledger = Ledger::open(options).await?;
            let ids = CallIds::new(ledger.lease_writer().await?);
            let state = State { ids, places: f64::from(self.rows), at: Instant::now(), left: DETAILS };
            Ok::<_, StoreError>(Opened { recorder: ledger.recorder(), ledger, state: RefCell::new(state) })
        };
        opened.await.inspect_err(|error| self.lost(&error.to_string())).ok()
    }

    fn lost(&self, why: &str) {
        self.terminal.say(format!("not in the history: {why} (`--no-history` leaves it out)"));
    }

    /// Writes what waits; what was lost is said.
    pub(crate) async fn close(&self) {
        let Some(Some(opened)) = self.opened.get() else { return };
        if let Err(error) = opened.ledger.close().await {
            self.lost(&error.to_string());
        }
        let lost = opened.ledger.health().rows_dropped;
        if lost > 0 {
            self.lost(&format!("{lost} calls came faster than they could be written"));
        }
    }
}

impl State {
    /// Whether a detail is made; those of calls that failed always are.
    fn place(&mut self, rate: u32, ordinary: bool) -> bool {
        let now = Instant::now();
        let fallen = now.duration_since(self.at).as_secs_f64() * f64::from(rate);
        self.at = now;
        self.places = (self.places + fallen).min(f64::from(rate));
        if self.places < 1.0 {
            return !ordinary;
        }
        self.places -= 1.0;
        true
    }
}

/// The time at which a call begins.
pub(crate) fn now() -> (u64, Instant) {
    (drive::now_ms(), Instant::now())
}
