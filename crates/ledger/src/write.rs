//! The thread that writes: rows each quarter of a second, usage each second.
//!
//! It has a runtime of its own, so that neither a slow disk nor a locked file is felt by calls.

use crate::batch::{Batch, Packed};
use crate::connection::Connection;
use crate::lease::{self, Leases};
use crate::record::{Arrival, Shared};
use crate::store::{Part, Store};
use crate::uncounted::Uncounted;
use crate::watch::Watch;
use crate::{StoreError, detail};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

const ROWS_EACH: Duration = Duration::from_millis(250);
const USAGE_EACH: Duration = Duration::from_secs(1);
/// How often the end tries before it gives up; each attempt waits for a lock 200 ms.
const LAST_ATTEMPTS: u32 = 10;
/// After so long it begins no other attempt: a database that is away answers nothing for some seconds each time.
const LAST_ATTEMPT: Duration = Duration::from_secs(4);

/// What is counted later than this after its end may lack in a bill: who exports waits no longer for somebody silent.
const LATE_MS: u64 = lease::HOLDS_MS;

/// What the ledger asks of the thread.
#[derive(Debug)]
pub(crate) enum Command {
    /// Write everything that waits.
    Flush(oneshot::Sender<Result<(), StoreError>>),
    /// Write everything and end.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The thread's state.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    /// In haste.
    pub(crate) store: Store,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) batch: Batch,
    pub(crate) leases: Arc<Leases>,
    pub(crate) usage: Option<Connection>,
    pub(crate) uncounted: Uncounted,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread, or no timer.
    pub(crate) fn start(self, watch: Watch) -> Result<(), StoreError> {
        let path = self.store.path();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let started = runtime.and_then(|runtime| {
            let life = async move {
                let watching = tokio::spawn(watch.run(Arc::clone(&self.shared)));
                self.run().await;
                watching.abort();
                // Its connection is closed while there is a runtime to do so.
                drop(watching.await);
            };
            std::thread::Builder::new().name("ledger".into()).spawn(move || runtime.block_on(life))
        });
        started.map(drop).map_err(|source| StoreError::System { path, source })
    }

    async fn run(mut self) {
        let mut rows_due = tokio::time::interval(ROWS_EACH);
        let mut usage_due = tokio::time::interval(USAGE_EACH);
        rows_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        usage_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked = true;
        let answer = loop {
            tokio::select! {
                command = self.commands.recv(), if asked => match command {
                    Some(Command::Flush(answer)) => {
                        let result = self.flush().await;
                        // Whoever asked may have gone.
                        drop(answer.send(result));
                    }
                    Some(Command::Close(answer)) => break Some(answer),
                    // The ledger was dropped; recorders may still be held by threads that are ending.
                    None => asked = false,
                },
                arrival = self.arrivals.recv() => match arrival {
                    Some(arrival) => self.take(arrival),
                    None => break None,
                },
                () = self.shared.counters.full.notified() => drop(self.write_usage().await),
                _ = rows_due.tick() => drop(self.write_rows().await),
                _ = usage_due.tick() => {
                    self.take_leftover(false);
                    drop(self.write_usage().await);
                    self.renew_leases().await;
                }
            }
        };
        let result = self.end().await;
        if let Some(answer) = answer {
            drop(answer.send(result));
        }
    }

    fn take(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Row(record) => {
                if self.batch.is_full() {
                    self.shared.lost(*record);
                } else {
                    self.batch.row(*record);
                }
            }
            Arrival::Detail(id, detail) => {
                let size = detail::size(&detail);
                let kept =
                    detail::pack(&detail).is_ok_and(|bytes| self.batch.detail(Packed { id, bytes, size }));
                if !kept {
                    self.shared.detail_bytes.fetch_sub(size, Ordering::Relaxed);
                    self.shared.details_dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn take_leftover(&mut self, end: bool) {
        for record in self.shared.leftover(end) {
            self.take(Arrival::Row(Box::new(record)));
        }
    }

    /// What has arrived, without waiting for more than was there at the beginning.
    fn take_arrived(&mut self) {
        for _ in 0..self.arrivals.len() {
            match self.arrivals.try_recv() {
                Ok(arrival) => self.take(arrival),
                Err(_) => return,
            }
        }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        self.take_arrived();
        let rows = self.write_rows().await;
        self.write_usage().await.and(rows)
    }

    async fn write_rows(&mut self) -> Result<(), StoreError> {
        let (freed, result) = self.batch.write().await;
        self.shared.detail_bytes.fetch_sub(freed, Ordering::Relaxed);
        let mut state = self.shared.state();
        state.rows_pending = self.batch.len();
        state.rows_error = result.as_ref().err().map(ToString::to_string);
        result
    }

    async fn write_usage(&mut self) -> Result<(), StoreError> {
        self.uncounted.take(&self.shared.counters);
        let late = self.uncounted.calls_before(lease::now_ms().saturating_sub(LATE_MS));
        let result = self.try_usage().await;
        if result.is_err() {
            self.usage = None;
        }
        let mut state = self.shared.state();
        state.usage_pending = self.uncounted.calls();
        state.usage_since_ms = self.uncounted.since_ms();
        state.usage_late += if result.is_ok() { late } else { 0 };
        state.usage_error = result.as_ref().err().map(ToString::to_string);
        result
    }

    async fn try_usage(&mut self) -> Result<(), StoreError> {
        let usage = match &mut self.usage {
            Some(usage) => usage,
            none => none.insert(self.store.open(Part::Usage).await?),
        };
        self.uncounted.write(usage, lease::now_ms()).await?;
        self.shared.key_uses.write(usage).await
    }

    async fn renew_leases(&mut self) {
        if let Some(usage) = &mut self.usage {
            // A lease not renewed is renewed a minute later: it holds for ten.
            drop(self.leases.renew(usage, lease::now_ms()).await);
        }
    }

    async fn end(&mut self) -> Result<(), StoreError> {
        // No row is taken from now on; what came before is written.
        self.arrivals.close();
        let (mut result, began) = (Ok(()), Instant::now());
        for _ in 0..LAST_ATTEMPTS {
            self.take_arrived();
            result = self.flush().await;
            if result.is_ok() {
                // There is room now for what stands for all that had none.
                self.take_leftover(true);
                result = self.flush().await;
            }
            if result.is_ok() || began.elapsed() > LAST_ATTEMPT {
                break;
            }
        }
        if result.is_err() {
            // They count among what is lost.
            self.take_leftover(true);
        }
        if let Some(mut usage) = self.usage.take() {
            // Not given back, a lease runs out by itself, and so does the name of an adder.
            drop(self.leases.give_back(&mut usage).await);
            if self.uncounted.calls() == 0 {
                drop(self.uncounted.sign_off(&mut usage, lease::now_ms()).await);
            }
            usage.close().await;
        }
        self.batch.close().await;
        result.map_err(|error| StoreError::Unwritten {
            usage: self.uncounted.calls(),
            rows: self.batch.len(),
            why: error.to_string(),
        })
    }
}
