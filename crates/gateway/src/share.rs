//! A share: what a process may spend of one subject's rate without asking the store again, when processes share rates.
//!
//! It is asked for as much as was wanted in the last tenth of a second, and spent within [`RATE_LEASE`] of the question; what is
//! left then goes back, less the time that it was kept: so nothing is given back twice. An answer that comes later than that
//! cannot be spent at all and goes back whole. A no is remembered with its end. Pure but for its
//! lock: the time is handed in, in nanoseconds of one monotonic clock.

mod state;
#[cfg(test)]
mod tests;

use exchange::{Denied, Left, RATE_LEASE, Rate, RateAsk, RatePart, RatesAway};
use state::State;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

const MS: u64 = 1_000_000;
/// So long an answer "no" is believed: others may give something back.
const BELIEVED: u64 = 250 * MS;
/// A store that had no more is not asked again any sooner.
const FLOOR: u64 = 5 * MS;
/// Whom nobody came for in so long is forgotten here.
const IDLE: u64 = 1_000 * MS;

/// What one subject has in hand.
#[derive(Debug)]
pub(crate) struct Share {
    subject: u64,
    state: Mutex<State>,
    /// Rung when the store has answered.
    pub(crate) bell: Notify,
}

/// What became of taking from a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Paid, with what was granted at this time.
    Paid(Left, u64),
    /// Too early.
    Denied(Left, Denied),
    /// Only the store knows: it is to be asked this.
    Ask(RateAsk),
    /// The store is being asked already.
    Wait,
}

impl Share {
    pub(crate) fn new(subject: u64, rate: Rate, now: u64) -> Self {
        Self { subject, state: Mutex::new(State::new(rate, now)), bell: Notify::new() }
    }

    /// Takes what a call costs. `first`: the call has not tried before. `own` is how far ahead the process's own meter is, which
    /// is told to the store with the next question.
    pub(crate) fn take(
        &self,
        rate: &Rate,
        now: u64,
        cost: u32,
        first: bool,
        own: impl FnOnce() -> u64,
    ) -> Taken {
        let mut state = self.state();
        state.turn(rate, now);
        if first {
            state.want(now, cost);
        }
        if cost > rate.burst() {
            return state.no(now, cost);
        }
        if let Some(left) = state.left.checked_sub(cost) {
            state.left = left;
            return Taken::Paid(state.rest(now), state.granted);
        }
        if state.asking.is_some() {
            return Taken::Wait;
        }
        let missing = cost - state.left;
        let fits_at = state
            .arrival
            .saturating_add(rate.interval().saturating_mul(u64::from(missing)))
            .saturating_sub(rate.shared_depth());
        let believed = state.heard.is_some_and(|heard| now < heard.saturating_add(BELIEVED));
        let just_asked = state
            .refused
            .is_some_and(|(refused, least)| missing >= least && now < refused.saturating_add(FLOOR));
        if just_asked || believed && now < fits_at {
            return state.no(now, cost);
        }
        let pace = state.wanted.max(state.before);
        Taken::Ask(state.ask(self.subject, now, missing, missing.max(pace), own()))
    }

    /// Takes the store's answer. `asked` is when it was asked.
    pub(crate) fn deposit(&self, ask: &RateAsk, asked: u64, answer: &Result<RatePart, RatesAway>, now: u64) {
        let mut state = self.state();
        state.asking = None;
        state.lost = answer.is_err();
        if answer.is_ok() {
            state.untold = 0;
        }
        match answer {
            Ok(part) if ask.rate == state.rate => state.hear(ask, asked, *part, now),
            Err(_) if ask.rate == state.rate => state.give_back(ask.back, asked, asked),
            _ => {}
        }
        drop(state);
        self.bell.notify_waiters();
    }

    /// Where the store's arrival time is as far as is known: when the store is away the process's own meter goes on from there.
    pub(crate) fn arrival(&self) -> u64 {
        self.state().arrival
    }

    /// Its number and where it is, where the store was not told: a question was lost, or waits too long for its answer.
    pub(crate) fn untold(&self, now: u64) -> Option<(u64, u64)> {
        let state = self.state();
        let untold = state.lost || state.asking.is_some_and(|asked| is_late(asked, now));
        untold.then_some((self.subject, state.arrival))
    }

    /// Its number and where the store is, as far as is known.
    pub(crate) fn known(&self) -> (u64, u64) {
        (self.subject, self.arrival())
    }

    /// Gives back what a call took that was refused by a later rule.
    pub(crate) fn refund(&self, granted: u64, cost: u32, now: u64) {
        let mut state = self.state();
        if granted < state.turned {
            return;
        }
        if granted == state.granted && now < state.good_until {
            state.left = state.left.saturating_add(cost);
        } else {
            let span = state.rate.interval().saturating_mul(u64::from(cost));
            state.give_back(span, granted, now);
        }
    }

    /// What goes back because its time is over, or `all`, because this is the end.
    pub(crate) fn lapsed(&self, now: u64, all: bool) -> Option<RateAsk> {
        let mut state = self.state();
        if all || now >= state.good_until {
            state.lapse(now);
        }
        let some = state.asking.is_none() && state.back > now.saturating_sub(state.back_since);
        some.then(|| state.ask(self.subject, now, 0, 0, 0))
    }

    /// A question for what is left, unless it was answered a moment ago.
    pub(crate) fn question(&self, rate: &Rate, now: u64, own: impl FnOnce() -> u64) -> Option<RateAsk> {
        let mut state = self.state();
        state.turn(rate, now);
        let known = state.heard.is_some_and(|heard| now < heard.saturating_add(BELIEVED));
        (!known && state.asking.is_none()).then(|| state.ask(self.subject, now, 0, 0, own()))
    }

    /// What is known to be left.
    pub(crate) fn look(&self, rate: &Rate, now: u64) -> Left {
        let mut state = self.state();
        state.turn(rate, now);
        state.rest(now)
    }

    /// When the store was asked whose answer is on its way.
    pub(crate) fn asked(&self) -> Option<u64> {
        self.state().asking
    }

    /// Whether nothing would be lost with it. `crowded`: but what it knows of the store.
    pub(crate) fn is_idle(&self, now: u64, crowded: bool) -> bool {
        let state = self.state();
        let nothing =
            state.asking.is_none() && state.left == 0 && state.back <= now.saturating_sub(state.back_since);
        let known = if crowded { 0 } else { state.arrival };
        nothing && now >= known.max(state.touched.saturating_add(IDLE))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what is granted now to a question could not be spent any more.
pub(crate) fn is_late(asked: u64, now: u64) -> bool {
    now.saturating_sub(asked) > nanos(RATE_LEASE)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
