//! The recorder that is handed out: takes calls from any thread and never waits.
//!
//! Usage is counted in place, rows and details go through one bounded queue to the thread that writes.
//! What does not fit is dropped and counted.

use crate::count::Counters;
use crate::key_use::KeyUses;
use crate::options::{DetailsWanted, LedgerOptions};
use crate::sample::{Sampler, is_special};
use crate::{Health, StoreError, detail};
use exchange::{CallId, CallRecord, Detail, KeyDigest, Outcome, Recorder, Usage};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{self, error::TrySendError};

/// How many rows and details may be on their way to the writing thread.
const QUEUE: usize = 4_096;
/// How many bytes of details may wait, on their way and beyond.
const MOST_DETAIL_BYTES: usize = 32 << 20;
/// How many details may wait for their row, where they came first.
const EARLY: usize = 64;

/// What goes through the queue.
#[derive(Debug)]
pub(crate) enum Arrival {
    Row(Box<CallRecord>),
    Detail(CallId, Box<Detail>),
}

/// What recorder, writing thread and ledger share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) counters: Counters,
    pub(crate) key_uses: KeyUses,
    sampling: Mutex<Sampling>,
    /// [`DetailsWanted`] as a number.
    details: AtomicU8,
    most_rows: u32,
    pub(crate) rows_dropped: AtomicU64,
    pub(crate) details_dropped: AtomicU64,
    /// Bytes of details that wait.
    pub(crate) detail_bytes: AtomicUsize,
    state: Mutex<State>,
}

/// What the writing thread says of itself.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) rows_pending: u64,
    pub(crate) usage_pending: u64,
    pub(crate) usage_since_ms: Option<u64>,
    pub(crate) usage_late: u64,
    pub(crate) deaf_since_ms: Option<u64>,
    pub(crate) rows_error: Option<String>,
    pub(crate) usage_error: Option<String>,
}

#[derive(Debug)]
struct Sampling {
    sampler: Sampler,
    early: VecDeque<(CallId, Box<Detail>)>,
}

/// The recorder that is handed out. The writing ends when the last one is dropped.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) shared: Arc<Shared>,
    queue: mpsc::Sender<Arrival>,
}

impl Recording {
    /// The recorder, and the other end of its queue.
    pub(crate) fn new(options: &LedgerOptions) -> (Self, mpsc::Receiver<Arrival>) {
        let (queue, arrivals) = mpsc::channel(QUEUE);
        let sampler = Sampler::new(options.rows_per_second, options.max_rows_per_second);
        let shared = Shared {
            counters: Counters::new(),
            key_uses: KeyUses::default(),
            sampling: Mutex::new(Sampling { sampler, early: VecDeque::new() }),
            details: AtomicU8::new(options.details as u8),
            most_rows: options.max_rows_per_second,
            rows_dropped: AtomicU64::new(0),
            details_dropped: AtomicU64::new(0),
            detail_bytes: AtomicUsize::new(0),
            state: Mutex::new(State::default()),
        };
        (Self { shared: Arc::new(shared), queue }, arrivals)
    }

    /// How the writing goes.
    pub(crate) fn health(&self) -> Health {
        let state = self.shared.state();
        // Closed, or a bug ended the thread: in both cases nothing more is kept.
        let ended = self.queue.is_closed().then(|| StoreError::Closed.to_string());
        let queued = (self.queue.max_capacity() - self.queue.capacity()) as u64;
        Health {
            rows_dropped: self.shared.rows_dropped.load(Ordering::Relaxed),
            details_dropped: self.shared.details_dropped.load(Ordering::Relaxed),
            rows_pending: state.rows_pending + queued,
            usage_pending: state.usage_pending,
            usage_since_ms: state.usage_since_ms,
            usage_late: state.usage_late,
            deaf_since_ms: state.deaf_since_ms,
            behind: ended.is_some() || state.rows_error.is_some() || state.usage_error.is_some(),
            last_error: ended.or_else(|| state.rows_error.clone()).or_else(|| state.usage_error.clone()),
            quotas: None,
        }
    }

    fn send(&self, arrival: Arrival) {
        // Full and ended are the same to the caller: it is not kept.
        let (TrySendError::Full(lost) | TrySendError::Closed(lost)) = match self.queue.try_send(arrival) {
            Ok(()) => return,
            Err(error) => error,
        };
        match lost {
            Arrival::Row(record) => self.shared.lost(*record),
            Arrival::Detail(_, detail) => {
                self.shared.detail_bytes.fetch_sub(detail::size(&detail), Ordering::Relaxed);
                self.shared.details_dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn send_detail(&self, id: CallId, detail: Box<Detail>) {
        let size = detail::size(&detail);
        let before = self.shared.detail_bytes.fetch_add(size, Ordering::Relaxed);
        if before + size > MOST_DETAIL_BYTES {
            self.shared.detail_bytes.fetch_sub(size, Ordering::Relaxed);
            self.shared.details_dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.send(Arrival::Detail(id, detail));
    }
}

impl Recorder for Recording {
    fn usage(&self, usage: Usage) {
        self.shared.counters.count(usage);
    }

    fn row(&self, record: CallRecord) {
        let wanted = match self.shared.details() {
            DetailsWanted::None => false,
            DetailsWanted::Failed => {
                is_special(&record) || record.outcome == Outcome::Declined || record.open
            }
            DetailsWanted::All => true,
        };
        let mut sampling = self.shared.sampling();
        let Some(record) = sampling.sampler.choose(record, wanted) else { return };
        let early = sampling.early_detail(record.id).filter(|_| wanted);
        drop(sampling);
        let id = record.id;
        self.send(Arrival::Row(Box::new(record)));
        if let Some(detail) = early {
            self.send_detail(id, detail);
        }
    }

    fn detail(&self, id: CallId, detail: Detail) {
        if self.shared.details() == DetailsWanted::None {
            return;
        }
        let detail = Box::new(detail);
        let mut sampling = self.shared.sampling();
        if let Some(wanted) = sampling.sampler.wants_detail(id) {
            drop(sampling);
            if wanted {
                self.send_detail(id, detail);
            }
            return;
        }
        // Its row comes next, or was not chosen: then it is pushed out by others.
        if sampling.early.len() == EARLY {
            sampling.early.pop_front();
        }
        sampling.early.push_back((id, detail));
    }

    fn key_used(&self, key: KeyDigest, minute: u64) {
        self.shared.key_uses.add(key, minute);
    }
}

impl Sampling {
    /// The detail that came before its row, if one did.
    fn early_detail(&mut self, id: CallId) -> Option<Box<Detail>> {
        let at = self.early.iter().position(|(early, _)| *early == id)?;
        self.early.remove(at).map(|(_, detail)| detail)
    }
}

impl Shared {
    /// From now on so many rows a second, and details of these calls.
    pub(crate) fn change(&self, rows_per_second: u32, details: DetailsWanted) {
        self.details.store(details as u8, Ordering::Relaxed);
        self.sampling().sampler.change(rows_per_second, self.most_rows.max(rows_per_second));
    }

    fn details(&self) -> DetailsWanted {
        let now = self.details.load(Ordering::Relaxed);
        let all = [DetailsWanted::None, DetailsWanted::Failed, DetailsWanted::All];
        all.into_iter().find(|known| *known as u8 == now).unwrap_or_default()
    }

    /// What the writing thread says of itself.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows that stand for calls which were skipped; see [`Sampler::leftover`].
    pub(crate) fn leftover(&self, end: bool) -> Vec<CallRecord> {
        self.sampling().sampler.leftover(end).collect()
    }

    /// A row found no room: it is counted, and a later one stands for its calls.
    pub(crate) fn lost(&self, record: CallRecord) {
        self.rows_dropped.fetch_add(1, Ordering::Relaxed);
        self.sampling().sampler.give_back(record);
    }

    fn sampling(&self) -> MutexGuard<'_, Sampling> {
        self.sampling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
