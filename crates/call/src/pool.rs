//! The connections of one server on one thread that may serve a call: idle ones of HTTP/1.1, the last one used
//! first, and those of HTTP/2 that have room for another stream.
//!
//! A connection of HTTP/1.1 comes back only when the answer's body has ended and the request's body was sent whole
//! (RFC 9112 §9.3); one with bytes that nobody asked for is closed by its driver and never reused (§9.2,
//! §9.5). One of HTTP/2 is shared by calls from its beginning; a call that is given up resets its stream and
//! leaves the others alone (RFC 9113 §5.4.2). What is not in here and not in use is closed.

use crate::body::Sending;
use crate::connect::{Facts, Made};
use crate::sender::Sender;
use hyper::client::conn::{http1, http2};
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

/// Calls at once on one connection of HTTP/2: what RFC 9113 §6.5.2 wants a server to allow at least. The next call gets
/// another connection.
const STREAMS: usize = 100;

/// The connections of one server.
pub(crate) struct Pool {
    idle: RefCell<VecDeque<(http1::SendRequest<Sending>, Driver, Instant)>>,
    shared: RefCell<Vec<Rc<Shared>>>,
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

/// A connection of HTTP/2.
struct Shared {
    sender: http2::SendRequest<Sending>,
    _driver: Driver,
    streams: Cell<usize>,
    since: Cell<Instant>,
}

/// A stream of a shared connection, counted as long as it lives.
struct Place(Rc<Shared>);

impl Place {
    fn of(shared: &Rc<Shared>) -> Self {
        shared.streams.set(shared.streams.get() + 1);
        Self(Rc::clone(shared))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get().saturating_sub(1));
        self.0.since.set(Instant::now());
    }
}

/// A connection in use. Dropped without [`Line::give_back`], one of HTTP/1.1 is closed.
pub(crate) struct Line {
    pub(crate) sender: Sender,
    hold: Hold,
    pool: Rc<Pool>,
    /// Whether it had served a call before this one.
    pub(crate) reused: bool,
    /// How it was made, where it was made for this call.
    pub(crate) facts: Option<Box<Facts>>,
}

enum Hold {
    Own(Driver),
    Shared { _place: Place },
}

impl Pool {
    /// Keeps at most `most` connections.
    pub(crate) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self { idle: RefCell::default(), shared: RefCell::default(), most, swept: Cell::new(false) })
    }

    /// A connection that is open: one with room for another stream, unless it must be one of its own; else the one that was
    /// used last.
    pub(crate) fn take(self: &Rc<Self>, of_its_own: bool) -> Option<Line> {
        if !of_its_own && let Some(line) = self.stream() {
            return Some(line);
        }
        let mut idle = self.idle.borrow_mut();
        while let Some((sender, driver, _)) = idle.pop_back() {
            if sender.is_ready() {
                return Some(self.line(Sender::One(sender), Hold::Own(driver), true, None));
            }
        }
        None
    }

    fn stream(self: &Rc<Self>) -> Option<Line> {
        let mut shared = self.shared.borrow_mut();
        shared.retain(|one| !one.sender.is_closed());
        let one = shared.iter().find(|one| one.streams.get() < STREAMS)?;
        let hold = Hold::Shared { _place: Place::of(one) };
        Some(self.line(Sender::Two(one.sender.clone()), hold, true, None))
    }

    fn line(self: &Rc<Self>, sender: Sender, hold: Hold, reused: bool, facts: Option<Box<Facts>>) -> Line {
        Line { sender, hold, pool: Rc::clone(self), reused, facts }
    }

    /// A connection just made.
    pub(crate) fn fresh(self: &Rc<Self>, Made { sender, driver, facts }: Made) -> Line {
        let driver = Driver(Some(driver));
        let facts = Some(Box::new(facts));
        let sender = match sender {
            Sender::One(_) => return self.line(sender, Hold::Own(driver), false, facts),
            Sender::Two(sender) => sender,
        };
        let one = Rc::new(Shared {
            sender: sender.clone(),
            _driver: driver,
            streams: Cell::new(0),
            since: Cell::new(Instant::now()),
        });
        let hold = Hold::Shared { _place: Place::of(&one) };
        if self.most > 0 {
            let mut shared = self.shared.borrow_mut();
            if shared.len() >= self.most {
                // Those who are on it keep it until they are done.
                shared.remove(0);
            }
            shared.push(one);
            drop(shared);
            self.sweep_later();
        }
        self.line(Sender::Two(sender), hold, false, facts)
    }

    /// How many connections are kept.
    pub(crate) fn len(&self) -> usize {
        self.idle.borrow().len() + self.shared.borrow().len()
    }

    fn put(self: &Rc<Self>, sender: http1::SendRequest<Sending>, driver: Driver) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= self.most {
            idle.pop_front();
        }
        idle.push_back((sender, driver, Instant::now()));
        drop(idle);
        self.sweep_later();
    }

    fn sweep_later(self: &Rc<Self>) {
        if !self.swept.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
    }
}

/// Closes what has been idle too long; ends when nothing is kept.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle.borrow_mut();
        idle.retain(|(sender, _, since)| !sender.is_closed() && since.elapsed() < IDLE);
        let mut shared = pool.shared.borrow_mut();
        shared.retain(|one| {
            !one.sender.is_closed() && (one.streams.get() > 0 || one.since.get().elapsed() < IDLE)
        });
        if idle.is_empty() && shared.is_empty() {
            idle.shrink_to_fit();
            pool.swept.set(false);
            return;
        }
    }
}

impl Line {
    /// Puts the connection back: both bodies have ended.
    pub(crate) fn give_back(self) {
        let Self { sender, hold, pool, .. } = self;
        let (Sender::One(mut sender), Hold::Own(driver)) = (sender, hold) else { return };
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
        if let Hold::Own(driver) = &mut self.hold {
            driver.0 = None;
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pool({} kept)", self.len())
    }
}
