//! Limits: the generic cell rate algorithm, one atomic number per subject.
//!
//! The number is the theoretical arrival time (TAT) in nanoseconds. A call is admitted when it comes
//! no earlier than TAT − tolerance. Refused calls cost nothing. Source: ITU-T I.371, annex A (GCRA as
//! virtual scheduling); the model of the tests is the same algorithm in plain integers.

use crate::SHALLOWEST;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// `60/min`, with a burst: how many calls may come in a row before the pace is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: NonZeroU32,
    period: Duration,
    burst: NonZeroU32,
}

impl Rate {
    /// `count` calls each `period`; the burst is `count`.
    pub const fn new(count: NonZeroU32, period: Duration) -> Self {
        Self { count, period, burst: count }
    }

    /// The same rate with another burst.
    #[must_use]
    pub const fn with_burst(mut self, burst: NonZeroU32) -> Self {
        self.burst = burst;
        self
    }

    /// Calls per period.
    pub const fn count(&self) -> u32 {
        self.count.get()
    }

    /// The period.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// How many may come at once.
    pub const fn burst(&self) -> u32 {
        self.burst.get()
    }

    /// Nanoseconds between two calls at the pace; at least 1.
    pub fn interval(&self) -> u64 {
        let nanos = u64::try_from(self.period.as_nanos()).unwrap_or(u64::MAX);
        (nanos / u64::from(self.count.get())).max(1)
    }

    /// How far ahead of now arrivals may be, in nanoseconds.
    pub fn depth(&self) -> u64 {
        self.interval().saturating_mul(u64::from(self.burst.get()))
    }

    /// The same for processes that share it in parts.
    pub fn shared_depth(&self) -> u64 {
        self.depth().max(u64::try_from(SHALLOWEST.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// What is left after a call was admitted, or now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Calls that would be admitted now.
    pub remaining: u32,
    /// Until the whole burst is there again.
    pub full_in: Duration,
}

/// A call came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Until a call of this cost is admitted.
    pub retry_in: Duration,
    /// Until the whole burst is there again.
    pub full_in: Duration,
}

/// The state of one limit for one subject. Times are nanoseconds of one monotonic clock.
#[derive(Debug, Default)]
pub struct Meter(AtomicU64);

impl Meter {
    /// Admits a call of `cost` (at least 1) at `now`, or says how long to wait. A refused call costs nothing.
    pub fn take(&self, rate: &Rate, now: u64, cost: u32) -> Result<Left, Denied> {
        let step = rate.interval().saturating_mul(u64::from(cost.max(1)));
        let mut old = self.0.load(Ordering::Relaxed);
        loop {
            let was = ahead(rate, old, now);
            let next = now.saturating_add(was).saturating_add(step);
            let ahead = next - now;
            if ahead > rate.depth() {
                if now.saturating_add(was) < old {
                    let brought_back = now + was;
                    let _ = self.0.compare_exchange(old, brought_back, Ordering::Relaxed, Ordering::Relaxed);
                }
                return Err(Denied {
                    retry_in: Duration::from_nanos(ahead - rate.depth()),
                    full_in: Duration::from_nanos(was),
                });
            }
            match self.0.compare_exchange_weak(old, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(left(rate, ahead)),
                Err(changed) => old = changed,
            }
        }
    }

    /// What is left, without taking anything.
    pub fn peek(&self, rate: &Rate, now: u64) -> Left {
        left(rate, ahead(rate, self.0.load(Ordering::Relaxed), now))
    }

    /// Takes how far ahead of now it is out of it: it is counted elsewhere from now on.
    pub fn drain(&self, now: u64) -> u64 {
        // Looked at before it is written: mostly there is nothing.
        if self.arrival() == 0 { 0 } else { self.0.swap(0, Ordering::Relaxed).saturating_sub(now) }
    }

    /// It is at least so far; it was counted elsewhere.
    pub fn raise(&self, arrival: u64) {
        self.0.fetch_max(arrival, Ordering::Relaxed);
    }

    /// The theoretical arrival time itself.
    pub fn arrival(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Forgets everything: the meter's place is given to another subject.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Gives back what [`Meter::take`] took: the call was refused by a later rule of the same stage.
    pub fn refund(&self, rate: &Rate, cost: u32) {
        let step = rate.interval().saturating_mul(u64::from(cost.max(1)));
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |arrival| Some(arrival.saturating_sub(step)));
    }
}

/// Calls that come together do not agree on what time it is by more than this.
const CLOCKS: u64 = 1_000_000_000;

/// How far ahead of now an arrival is. Much further than the depth it can only be because the limit was another one, or the
/// clock: then everything is used, but no more than that.
fn ahead(rate: &Rate, arrival: u64, now: u64) -> u64 {
    let (ahead, depth) = (arrival.saturating_sub(now), rate.depth());
    if ahead > depth.saturating_add(CLOCKS) { depth } else { ahead }
}

fn left(rate: &Rate, ahead: u64) -> Left {
    let free = rate.depth().saturating_sub(ahead) / rate.interval();
    Left { remaining: u32::try_from(free).unwrap_or(u32::MAX), full_in: Duration::from_nanos(ahead) }
}

#[cfg(test)]
mod tests {
    use super::{Meter, Rate};
    use proptest::prelude::*;
    use std::num::NonZeroU32;
    use std::time::Duration;

    fn rate(count: u32, burst: u32) -> Rate {
        Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_secs(60))
            .with_burst(NonZeroU32::new(burst).unwrap())
    }

    #[test]
    fn sixty_a_minute_holds_sixty_and_refills_one_a_second() {
        let (meter, rate) = (Meter::default(), rate(60, 60));
        let start = 1_000_000_000_000;
        for left in (0..60).rev() {
            assert_eq!(meter.take(&rate, start, 1).unwrap().remaining, left);
        }
        let denied = meter.take(&rate, start, 1).unwrap_err();
        assert_eq!(denied.retry_in, Duration::from_secs(1));
        assert_eq!(denied.full_in, Duration::from_secs(60));
        assert!(meter.take(&rate, start + 999_999_999, 1).is_err());
        assert!(meter.take(&rate, start + 1_000_000_000, 1).is_ok());
    }

    #[test]
    fn what_is_refunded_can_be_taken_again() {
        let (meter, rate) = (Meter::default(), rate(60, 1));
        assert!(meter.take(&rate, 5, 1).is_ok());
        assert!(meter.take(&rate, 5, 1).is_err());
        meter.refund(&rate, 1);
        assert!(meter.take(&rate, 5, 1).is_ok());
    }

    #[test]
    fn a_limit_with_a_smaller_burst_is_used_up_and_no_more_than_that() {
        let (meter, start) = (Meter::default(), 1_000_000_000_000);
        assert!(meter.take(&rate(60, 60), start, 60).is_ok());
        let denied = meter.take(&rate(60, 2), start, 1).unwrap_err();
        assert_eq!((denied.retry_in, denied.full_in), (Duration::from_secs(1), Duration::from_secs(2)));
        assert_eq!(meter.peek(&rate(60, 2), start).remaining, 0);
        assert!(meter.take(&rate(60, 2), start + 1_000_000_000, 1).is_ok());
    }

    proptest! {
        /// The model counts tokens in whole nanoseconds; the meter must agree on every call.
        #[test]
        fn the_meter_agrees_with_a_bucket_of_tokens(
            count in 1_u32..200, burst in 1_u32..200,
            gaps in prop::collection::vec((0_u64..3_000_000_000, 1_u32..4), 1..300),
        ) {
            let (meter, rate) = (Meter::default(), rate(count, burst));
            let interval = 60_000_000_000 / u64::from(count);
            let depth = interval * u64::from(burst);
            let (mut now, mut filled) = (1_000_000_000_000_u64, depth);
            for (gap, cost) in gaps {
                now += gap;
                filled = (filled + gap).min(depth);
                let need = interval * u64::from(cost);
                let admitted = filled >= need;
                if admitted { filled -= need; }
                prop_assert_eq!(meter.take(&rate, now, cost).is_ok(), admitted);
                prop_assert_eq!(u64::from(meter.peek(&rate, now).remaining), filled / interval);
            }
        }

        /// A second opinion: the governor crate admits the same calls of cost one.
        #[test]
        fn governor_admits_the_same_calls(
            count in 1_u32..100, burst in 1_u32..100,
            gaps in prop::collection::vec(0_u64..2_000_000_000, 1..200),
        ) {
            use governor::clock::FakeRelativeClock;
            let clock = FakeRelativeClock::default();
            let quota = governor::Quota::with_period(Duration::from_secs(60) / count).unwrap()
                .allow_burst(NonZeroU32::new(burst).unwrap());
            let oracle = governor::RateLimiter::direct_with_clock(quota, clock.clone());
            let (meter, rate) = (Meter::default(), rate(count, burst));
            let mut now = 1_000_000_000_000;
            for gap in gaps {
                now += gap;
                clock.advance(Duration::from_nanos(gap));
                prop_assert_eq!(meter.take(&rate, now, 1).is_ok(), oracle.check().is_ok());
            }
        }
    }
}
