//! How fast a provider may be called: a call books the next free turn, and waits until it comes.
//!
//! Turns are booked in one atomic step, so that calls come in the order they asked, whatever thread they are
//! on. Threads share turns by sharing [`Paces`], the commands of a user by [`Allowances::turn`](crate::Allowances::turn).

use exchange::{Meter, Rate};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// No call waits longer than this for its turn, however long the provider may take to answer.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Meters of providers that nobody uses any more are dropped when there are more than this.
const MANY: usize = 1024;

/// The turns of all providers, shared by the threads of a process.
#[derive(Debug)]
pub struct Paces {
    start: Instant,
    meters: Mutex<HashMap<u64, Arc<Meter>>>,
}

impl Default for Paces {
    fn default() -> Self {
        Self { start: Instant::now(), meters: Mutex::default() }
    }
}

/// A booked turn; dropped before it came, it is given back.
#[derive(Debug)]
struct Turn<'a> {
    meter: &'a Meter,
    rate: Rate,
    come: bool,
}

impl Paces {
    /// The meter of the provider with this fingerprint.
    pub(crate) fn meter(&self, fingerprint: u64) -> Arc<Meter> {
        // A panic elsewhere leaves the map whole: every change to it is a single insertion or removal.
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if meters.len() >= MANY {
            meters.retain(|_, meter| Arc::strong_count(meter) > 1);
        }
        Arc::clone(meters.entry(fingerprint).or_default())
    }

    /// Waits for a turn; gives the time waited.
    ///
    /// # Errors
    /// How long it would have been, when that is longer than `longest`. No turn is booked then.
    pub(crate) async fn turn(
        &self,
        meter: &Meter,
        rate: &Rate,
        longest: Duration,
    ) -> Result<Duration, Duration> {
        let interval = (rate.period() / rate.count()).max(Duration::from_nanos(1));
        let depth = interval.saturating_mul(rate.burst());
        // Booking ahead is a larger burst: so many turns as fit into the longest wait.
        let ahead = u32::try_from(longest.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX);
        let booked =
            rate.with_burst(NonZeroU32::MIN.saturating_add((rate.burst() - 1).saturating_add(ahead)));
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        match meter.take(&booked, now, 1) {
            Ok(left) => {
                let wait = left.full_in.saturating_sub(depth);
                if !wait.is_zero() {
                    let mut turn = Turn { meter, rate: *rate, come: false };
                    tokio::time::sleep(wait).await;
                    turn.come = true;
                }
                Ok(wait)
            }
            Err(denied) => Err(denied.retry_in + interval.saturating_mul(ahead)),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.come {
            self.meter.refund(&self.rate, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Paces;
    use exchange::Rate;
    use futures_util::future::join_all;
    use std::cell::RefCell;
    use std::num::NonZeroU32;
    use std::time::Duration;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn calls_come_in_the_order_they_asked_and_at_the_pace() {
        let (paces, longest) = (Paces::default(), Duration::from_secs(3));
        let rate =
            Rate::new(NonZeroU32::MIN, Duration::from_secs(1)).with_burst(NonZeroU32::MIN.saturating_add(1));
        let (meter, start, order) = (paces.meter(1), Instant::now(), RefCell::new(Vec::new()));
        let calls = (0..7).map(|nth| {
            let (paces, meter, order) = (&paces, &meter, &order);
            async move {
                let turn = paces.turn(meter, &rate, longest).await;
                order
                    .borrow_mut()
                    .push((nth, turn.map_err(|wait| wait.as_secs()).map(|_| start.elapsed().as_secs())));
            }
        });
        join_all(calls).await;
        // Two at once, three in the three seconds that may be waited, and two that are told how long it would be.
        let mut order = order.into_inner();
        assert_eq!(
            order.iter().filter_map(|(nth, turn)| turn.is_ok().then_some(*nth)).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4]
        );
        order.sort_unstable_by_key(|(nth, _)| *nth);
        let turns: Vec<_> = order.into_iter().map(|(_, turn)| turn).collect();
        assert_eq!(turns, [Ok(0), Ok(0), Ok(1), Ok(2), Ok(3), Err(4), Err(4)]);
    }
}
