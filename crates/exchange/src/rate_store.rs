//! Rates that several processes share: one arrival time a limit and subject, of which processes are granted parts.
//!
//! A part may be spent for [`RATE_LEASE`] after it was asked for, and a limit that is shallower than [`SHALLOWEST`] is granted from
//! as if it were that deep. So in no stretch of time more is let in than by GCRA with 250 ms of the rate more, however many
//! processes there are. Pure: whoever keeps the numbers has a lock and a clock.

use crate::Rate;
use std::fmt;
use std::time::Duration;

/// So long a part may be spent.
pub const RATE_LEASE: Duration = Duration::from_millis(150);
/// A shallower limit could not be handed out in parts: whoever asks ten times a second gets a tenth of a second's use.
pub const SHALLOWEST: Duration = Duration::from_millis(100);

/// Of fewer than these nobody gets more than half, unless a call needs it: the last ones are not held by one process while
/// another one refuses.
const FEW: u32 = 16;

/// What a process asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateAsk {
    /// Which limit, for whom: a keyed hash, the same in all processes.
    pub subject: u64,
    /// The rate.
    pub rate: Rate,
    /// Fewer than this are of no use.
    pub least: u32,
    /// How many it would like to have; 0: it wants to know what is left.
    pub want: u32,
    /// What was granted and not spent, in nanoseconds of the arrival time.
    pub back: u64,
    /// How far ahead its own meter is, from when it did not share; in nanoseconds.
    pub ahead: u64,
}

/// What was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatePart {
    /// How many may be spent.
    pub units: u32,
    /// How far ahead of now the arrival time is with them, in nanoseconds.
    pub ahead: u64,
}

/// What the store keeps of a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateKept {
    /// The theoretical arrival time, in nanoseconds of the store's clock.
    pub arrival: u64,
    /// How deep the limit was from which was granted last.
    pub depth: u64,
}

impl RateAsk {
    /// Grants what fits. An arrival further ahead than the limit is deep is brought back to that: the limit, or the clock, was
    /// another one. What was granted before that is not taken back any more: there is nothing left of it.
    ///
    /// Of a deeper limit no more is free than was of the one before, and what comes back since. Otherwise, while processes have
    /// different limits, what the shallower one brought back to its depth would be free for the deeper one each time.
    pub fn grant(&self, kept: &mut RateKept, now: u64) -> RatePart {
        let (interval, depth) = (self.rate.interval(), self.rate.shared_depth());
        if kept.depth == depth {
            kept.arrival = kept.arrival.saturating_sub(self.back);
        }
        // 0: it was carried over, from no limit that is known.
        let deeper = if kept.depth == 0 { 0 } else { depth.saturating_sub(kept.depth) };
        let arrival = kept.arrival.saturating_add(deeper).max(now.saturating_add(self.ahead));
        kept.arrival = kept.arrival.max(now.saturating_add(self.ahead));
        let was = (arrival - now).min(depth);
        if self.want == 0 {
            return RatePart { units: 0, ahead: was };
        }
        let fits = u32::try_from((depth - was) / interval).unwrap_or(u32::MAX);
        let most = if fits < FEW { fits.div_ceil(2) } else { fits };
        let units = if fits < self.least { 0 } else { self.want.min(most.max(self.least)) };
        let ahead = was.saturating_add(interval.saturating_mul(u64::from(units)));
        *kept = RateKept { arrival: now.saturating_add(ahead), depth };
        RatePart { units, ahead }
    }
}

/// What a process is when it says that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// It counts for itself.
    Own,
    /// It takes parts from the store.
    Sharing,
    /// It takes parts from the store; unless it is alone, then it counts for itself from the answer on.
    SharingUnlessAlone,
}

/// Who else is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Other processes.
    pub others: u64,
    /// Those of them that count for themselves still.
    pub not_sharing: u64,
    /// Of whoever is alone now and shared before: how far ahead each subject is, in nanoseconds.
    pub aheads: Option<Vec<(u64, u64)>>,
}

/// The store cannot be reached; in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RatesAway(pub String);

/// Told when the store has answered, on a thread of the store's.
pub type RateAnswer<T> = Box<dyn FnOnce(Result<T, RatesAway>) + Send>;

/// Grants parts of rates, to any number of processes. It answers in the order in which it was asked.
pub trait RateStore: Send + Sync + fmt::Debug {
    /// What subjects are hashed with; the same in all processes.
    fn key(&self) -> [u64; 2];

    /// Takes a question and comes back at once; the answer follows.
    fn lease(&self, ask: RateAsk, answer: RateAnswer<RatePart>);

    /// Takes over how far ahead subjects are, in nanoseconds; who is further ahead already stays there.
    fn carry(&self, aheads: Vec<(u64, u64)>, answer: RateAnswer<()>);

    /// Says that this process is there, and learns who else is.
    fn meet(&self, meeting: Meeting, answer: RateAnswer<Company>);
}
