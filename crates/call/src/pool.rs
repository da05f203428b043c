//! Idle connections of one server on one thread, the last one used first.
//!
//! A connection comes back only when the answer's body has ended and the request's body was sent whole
//! (RFC 9112 §9.3); one with bytes that nobody asked for is closed by its driver and never reused (§9.2,
//! §9.5). What is not in here and not in use is closed.

use crate::body::Sending;
use crate::connect::Made;
use hyper::client::conn::http1::SendRequest;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// An idle connection older than this is closed.
pub(crate) const IDLE: Duration = Duration::from_secs(60);

/// What is left to write or read when a body has ended is little: a connection gets this long for it.
const SETTLE: Duration = Duration::from_secs(5);

/// The idle connections of one server.
pub(crate) struct Pool {
    idle: RefCell<VecDeque<(SendRequest<Sending>, Driver, Instant)>>,
    most: usize,
    swept: Cell<bool>,
}

/// The task that drives a connection; dropped, it ends, and the connection is closed.
struct Driver(Option<JoinHandle<()>>);

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// A connection in use. Dropped without [`Line::give_back`], it is closed.
pub(crate) struct Line {
    pub(crate) sender: SendRequest<Sending>,
    driver: Driver,
    pool: Rc<Pool>,
    /// Whether it had served a call before this one.
    pub(crate) reused: bool,
}

impl Pool {
    /// Keeps at most `most` connections.
    pub(crate) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self { idle: RefCell::default(), most, swept: Cell::new(false) })
    }

    /// The connection that was used last and is still open.
    pub(crate) fn take(self: &Rc<Self>) -> Option<Line> {
        let mut idle = self.idle.borrow_mut();
        while let Some((sender, driver, _)) = idle.pop_back() {
            if sender.is_ready() {
                return Some(Line { sender, driver, pool: Rc::clone(self), reused: true });
            }
        }
        None
    }

    /// A connection just made.
    pub(crate) fn fresh(self: &Rc<Self>, (sender, driver): Made) -> Line {
        Line { sender, driver: Driver(Some(driver)), pool: Rc::clone(self), reused: false }
    }

    /// How many connections lie idle.
    pub(crate) fn len(&self) -> usize {
        self.idle.borrow().len()
    }

    fn put(self: &Rc<Self>, sender: SendRequest<Sending>, driver: Driver) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= self.most {
            idle.pop_front();
        }
        idle.push_back((sender, driver, Instant::now()));
        drop(idle);
        if !self.swept.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
    }
}

/// Closes what has been idle too long; ends when nothing is idle.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle.borrow_mut();
        idle.retain(|(sender, _, since)| !sender.is_closed() && since.elapsed() < IDLE);
        if idle.is_empty() {
            idle.shrink_to_fit();
            pool.swept.set(false);
            return;
        }
    }
}

impl Line {
    /// Puts the connection back: both bodies have ended.
    pub(crate) fn give_back(self) {
        let Self { mut sender, driver, pool, .. } = self;
        if pool.most == 0 || sender.is_closed() {
            return;
        }
        if sender.is_ready() {
            pool.put(sender, driver);
            return;
        }
        // The driver has not come round to notice that both bodies are over.
        tokio::task::spawn_local(async move {
            if let Ok(Ok(())) = timeout(SETTLE, sender.ready()).await {
                pool.put(sender, driver);
            }
        });
    }

    /// Leaves the connection to whoever took it over after a 101: its driver ends by itself.
    pub(crate) fn hand_over(mut self) {
        self.driver.0 = None;
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pool({} idle)", self.len())
    }
}
