//! Until when a call may take: each step has a time of its own, and the total bounds them all.

use crate::ErrorKind;
use std::time::Duration;
use tokio::time::Instant;

/// The end of a call, where it has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    total: Option<Instant>,
}

/// A moment, and what has happened when it passes.
pub(crate) type Limit = (Instant, ErrorKind);

impl Deadline {
    pub(crate) fn new(total: Option<Duration>) -> Self {
        Self { total: total.and_then(|total| Instant::now().checked_add(total)) }
    }

    /// `step` from `start`, or the total if that is earlier.
    pub(crate) fn step(self, start: Instant, step: Duration, passed: ErrorKind) -> Limit {
        // Without an end a day is as good as ever.
        let own = start.checked_add(step).unwrap_or_else(|| start + Duration::from_secs(86_400));
        match self.total {
            Some(total) if total <= own => (total, ErrorKind::TotalTimeout),
            _ => (own, passed),
        }
    }

    /// The total, where there is one.
    pub(crate) const fn total(self) -> Option<Instant> {
        self.total
    }

    /// Whether the call can go on after a pause.
    pub(crate) fn allows(self, pause: Duration) -> bool {
        self.total.is_none_or(|total| Instant::now() + pause < total)
    }
}
