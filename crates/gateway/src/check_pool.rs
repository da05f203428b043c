//! Threads for checks that would hold up everybody else on theirs.
//!
//! A full queue is an answer (503), never a wait.

use bytes::Bytes;
use contract::{Check, Report};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// Bodies above this are checked here.
pub(crate) const HEAVY: usize = 256 * 1024;
/// Checks that may wait.
const QUEUE: usize = 64;
const THREADS: usize = 2;

struct Job {
    bytes: Bytes,
    check: Check,
    answer: oneshot::Sender<Report>,
}

/// The pool.
#[derive(Debug)]
pub(crate) struct CheckPool(SyncSender<Job>);

/// Why a check was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoCheck {
    /// Too many wait already.
    Full,
    /// It panicked.
    Broken,
}

impl CheckPool {
    /// Starts the threads; they end when the pool is dropped.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel::<Job>(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..THREADS {
            let receiver = Arc::clone(&receiver);
            std::thread::Builder::new().name(format!("checks-{number}")).spawn(move || work(&receiver))?;
        }
        Ok(Self(sender))
    }

    /// Checks a body that is held.
    pub(crate) async fn check(&self, check: Check, bytes: Bytes) -> Result<Report, NoCheck> {
        let (answer, report) = oneshot::channel();
        match self.0.try_send(Job { bytes, check, answer }) {
            Ok(()) => report.await.map_err(|_| NoCheck::Broken),
            Err(TrySendError::Full(_)) => Err(NoCheck::Full),
            Err(TrySendError::Disconnected(_)) => Err(NoCheck::Broken),
        }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = {
            let Ok(jobs) = jobs.lock() else { return };
            jobs.recv()
        };
        let Ok(Job { bytes, check, answer }) = next else { return };
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check.whole(&bytes)));
        if let Ok(report) = checked {
            let _ = answer.send(report);
        }
    }
}
