//! Calls as they go by: those that are running, and those that end, for whoever watches. Never waits for a watcher.
//!
//! It stands before the ledger, so that it sees every call, also one whose row is sampled away. A watcher that is too slow
//! misses calls and is told how many. Nobody watching and nothing running, a call costs two looks at a number.

use exchange::{CallId, CallRecord, Detail, KeyDigest, Recorder, Usage};
use ledger::CallFilter;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Calls that may wait for one watcher.
const WAITING: usize = 1_024;
/// Watchers at once.
const MOST: usize = 32;
/// Running calls that are known.
const MOST_RUNNING: usize = 10_000;

/// A recorder that lets watch what it hands on.
#[derive(Debug)]
pub(super) struct Calls {
    inner: Arc<dyn Recorder>,
    running: Counted<BTreeMap<CallId, CallRecord>>,
    watchers: Counted<Vec<Watcher>>,
}

/// Something behind a lock, with its size before it.
#[derive(Debug, Default)]
struct Counted<T> {
    count: AtomicUsize,
    inside: Mutex<T>,
}

impl<T> Counted<T> {
    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    fn with<R>(&self, size: impl Fn(&T) -> usize, act: impl FnOnce(&mut T) -> R) -> R {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut inside);
        self.count.store(size(&inside), Ordering::Release);
        done
    }
}

#[derive(Debug)]
struct Watcher {
    filter: CallFilter,
    tell: mpsc::Sender<CallRecord>,
    missed: Arc<AtomicU64>,
}

/// What a watcher reads.
#[derive(Debug)]
pub(super) struct Watch {
    calls: mpsc::Receiver<CallRecord>,
    missed: Arc<AtomicU64>,
}

/// What a watcher is told.
#[derive(Debug)]
pub(super) enum Told {
    /// A call, over or still running.
    Call(Box<CallRecord>),
    /// So many calls went by while it was too slow.
    Missed(u64),
}

impl Calls {
    /// Before this recorder.
    pub(super) fn before(inner: Arc<dyn Recorder>) -> Arc<Self> {
        Arc::new(Self { inner, running: Counted::default(), watchers: Counted::default() })
    }

    /// Every call from now on that the filter wants. `None`: there are as many watchers as may be.
    pub(super) fn watch(&self, filter: CallFilter) -> Option<Watch> {
        let (tell, calls) = mpsc::channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        self.watchers.with(Vec::len, |watchers| {
            watchers.retain(|watcher| !watcher.tell.is_closed());
            (watchers.len() < MOST).then(|| {
                watchers.push(Watcher { filter, tell, missed: Arc::clone(&missed) });
                Watch { calls, missed }
            })
        })
    }

    /// The calls that have been running for so long that they have a row, tunnels among them; the oldest first.
    pub(super) fn running(&self) -> Vec<CallRecord> {
        self.running.with(BTreeMap::len, |running| running.values().cloned().collect())
    }

    fn tell(&self, record: &CallRecord) {
        self.watchers.with(Vec::len, |watchers| {
            watchers.retain(|watcher| {
                if !watcher.filter.matches(record) {
                    return !watcher.tell.is_closed();
                }
                match watcher.tell.try_send(record.clone()) {
                    Ok(()) => true,
                    Err(mpsc::error::TrySendError::Full(_)) => {
                        watcher.missed.fetch_add(1, Ordering::Relaxed);
                        true
                    }
                    Err(mpsc::error::TrySendError::Closed(_)) => false,
                }
            });
        });
    }
}

impl Watch {
    /// The next that there is to tell; `None`: the board stops.
    pub(super) async fn next(&mut self) -> Option<Told> {
        match self.missed.swap(0, Ordering::Relaxed) {
            0 => self.calls.recv().await.map(|call| Told::Call(Box::new(call))),
            missed => Some(Told::Missed(missed)),
        }
    }

    /// The same on a thread that may wait.
    pub(super) fn next_here(&mut self) -> Option<CallRecord> {
        self.calls.blocking_recv()
    }
}

impl Recorder for Calls {
    fn usage(&self, usage: Usage) {
        self.inner.usage(usage);
    }

    fn row(&self, record: CallRecord) {
        if record.open {
            self.running.with(BTreeMap::len, |running| {
                if running.len() < MOST_RUNNING {
                    running.insert(record.id, record.clone());
                }
            });
        } else if !self.running.is_empty() {
            self.running.with(BTreeMap::len, |running| drop(running.remove(&record.id)));
        }
        if !self.watchers.is_empty() {
            self.tell(&record);
        }
        self.inner.row(record);
    }

    fn detail(&self, id: CallId, detail: Detail) {
        self.inner.detail(id, detail);
    }

    fn key_used(&self, key: KeyDigest, minute: u64) {
        self.inner.key_used(key, minute);
    }
}

#[cfg(test)]
mod tests {
    use super::{Calls, MOST, Told, WAITING};
    use exchange::{CallId, CallRecord, Discard, Outcome, Recorder};
    use ledger::{CallFilter, StatusFilter};
    use std::sync::Arc;

    fn call(nth: u64, status: u16, open: bool) -> CallRecord {
        CallRecord {
            id: CallId(nth),
            parent: None,
            via: "edge".into(),
            api: None,
            offer: None,
            operation: None,
            consumer: None,
            plan: None,
            address: None,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            status,
            outcome: Outcome::Succeeded,
            reason: None,
            took_us: 0,
            provider_us: 0,
            bytes_in: 0,
            bytes_out: 0,
            breaks: 0,
            weight: 1,
            open,
        }
    }

    #[tokio::test]
    async fn a_watcher_gets_what_it_wants_and_a_slow_one_is_told_what_it_missed() {
        let calls = Calls::before(Arc::new(Discard));
        let bad = CallFilter { status: Some(StatusFilter::Class(5)), ..CallFilter::default() };
        let (mut all, mut bad) = (calls.watch(CallFilter::default()).unwrap(), calls.watch(bad).unwrap());
        let extra = 7;
        for nth in 0..(WAITING as u64 + extra) {
            calls.row(call(nth, if nth == 3 { 502 } else { 200 }, false));
        }
        assert!(matches!(bad.next().await, Some(Told::Call(call)) if call.id == CallId(3)));
        assert!(matches!(all.next().await, Some(Told::Missed(missed)) if missed == extra));
        for nth in 0..WAITING as u64 {
            assert!(matches!(all.next().await, Some(Told::Call(call)) if call.id == CallId(nth)));
        }
        drop(all);
        calls.row(call(5_000, 200, false));
        let rest: Vec<_> = (0..MOST - 1).map(|_| calls.watch(CallFilter::default()).unwrap()).collect();
        assert!(calls.watch(CallFilter::default()).is_none(), "one more than may be");
        drop(rest);
        assert!(calls.watch(CallFilter::default()).is_some(), "those who left make room");
    }

    #[test]
    fn a_call_is_running_from_its_open_row_to_its_last() {
        let calls = Calls::before(Arc::new(Discard));
        calls.row(call(1, 0, true));
        calls.row(call(2, 101, true));
        calls.row(call(3, 200, false));
        let ids = || calls.running().iter().map(|call| call.id.0).collect::<Vec<_>>();
        assert_eq!(ids(), [1, 2]);
        calls.row(call(1, 200, false));
        assert_eq!(ids(), [2]);
    }
}
