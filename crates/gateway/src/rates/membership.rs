//! Until when a process may take itself for known to the others: a lease on its place among them.
//!
//! Whoever is silent for five seconds is taken for gone, and others may count for themselves. A machine that slept, and a process
//! that was stopped, do not know that they were silent: the monotonic clock stands still with the one, and runs with the other.
//! So both clocks are looked at, before a part is asked for or spent. The machine's clock is read for nothing else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// So long after it met the others; they are met twice a second.
const LASTS: Duration = Duration::from_secs(2);

/// When it met them, by both clocks, in nanoseconds.
#[derive(Debug)]
pub(super) struct Membership {
    met: AtomicU64,
    met_at: AtomicU64,
    clock: fn() -> u64,
}

impl Membership {
    /// Of a process that has met nobody yet. `clock` is the machine's.
    pub(super) const fn new(clock: fn() -> u64) -> Self {
        Self { met: AtomicU64::new(0), met_at: AtomicU64::new(0), clock }
    }

    /// The machine's clock.
    pub(super) fn clock(&self) -> u64 {
        (self.clock)()
    }

    /// The others know of it; they were asked at this time.
    pub(super) fn met(&self, now: u64, clock: u64) {
        self.met.store(now, Ordering::Relaxed);
        self.met_at.store(clock, Ordering::Relaxed);
    }

    /// Whether it has to meet them before it takes anything.
    pub(super) fn is_over(&self, now: u64) -> bool {
        let lasts = u64::try_from(LASTS.as_nanos()).unwrap_or(u64::MAX);
        now.saturating_sub(self.met.load(Ordering::Relaxed)) > lasts
            || self.clock().saturating_sub(self.met_at.load(Ordering::Relaxed)) > lasts
    }
}

/// The machine's clock, in nanoseconds since 1970.
pub(super) fn machine() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
