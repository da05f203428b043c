//! A share: what a process may spend of one subject's rate without asking the store again, when processes share rates.
//!
//! It is asked for as much as was wanted in the last tenth of a second, and spent within [`RATE_LEASE`] of the question; what is
//! left then goes back, less the time that it was kept: so nothing is given back twice. An answer that comes later than that
//! cannot be spent at all and goes back whole. A no is remembered with its end. Pure but for its
//! lock: the time is handed in, in nanoseconds of one monotonic clock.

#[cfg(test)]
mod tests;

use exchange::{Denied, Left, RATE_LEASE, Rate, RateAsk, RatePart, RatesAway};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

const MS: u64 = 1_000_000;
/// What was wanted in so long is asked for at once.
const PACE: u64 = 100 * MS;
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

#[derive(Debug)]
struct State {
    rate: Rate,
    /// What may be spent, from when on it was granted, and until when.
    left: u32,
    granted: u64,
    good_until: u64,
    /// The store's arrival time as it was last heard, with what is left here.
    arrival: u64,
    heard: Option<u64>,
    /// When the store last said that it has no more, and for a call of which cost.
    refused: Option<(u64, u32)>,
    /// Since when the store is being asked.
    asking: Option<u64>,
    /// Since when the rate is this one.
    turned: u64,
    /// What is to be given back, and since when it loses.
    back: u64,
    back_since: u64,
    /// What was wanted since a moment, and in the stretch before it.
    since: u64,
    wanted: u32,
    before: u32,
    touched: u64,
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
        let state = State {
            rate,
            left: 0,
            granted: now,
            good_until: now,
            arrival: 0,
            heard: None,
            refused: None,
            asking: None,
            turned: 0,
            back: 0,
            back_since: now,
            since: now,
            wanted: 0,
            before: 0,
            touched: now,
        };
        Self { subject, state: Mutex::new(state), bell: Notify::new() }
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

impl State {
    /// What is in hand is good for this rate and for a time. Of a limit that has changed nothing goes back.
    fn turn(&mut self, rate: &Rate, now: u64) {
        if self.rate != *rate {
            // Later than all that was granted of the limit before, also in the same moment.
            (self.rate, self.turned) = (*rate, now.max(self.granted.saturating_add(1)));
            (self.left, self.back) = (0, 0);
            (self.heard, self.refused) = (None, None);
        } else if now >= self.good_until {
            self.lapse(now);
        }
        self.touched = now;
    }

    fn want(&mut self, now: u64, cost: u32) {
        let passed = now.saturating_sub(self.since);
        if passed >= PACE {
            self.before = if passed < 2 * PACE { self.wanted } else { 0 };
            (self.since, self.wanted) = (now, 0);
        }
        self.wanted = self.wanted.saturating_add(cost);
    }

    fn ask(&mut self, subject: u64, now: u64, least: u32, want: u32, ahead: u64) -> RateAsk {
        self.asking = Some(now);
        // It is in no meter any more: if no answer comes, this is where it is known.
        self.arrival = self.arrival.max(now.saturating_add(ahead));
        let back = std::mem::take(&mut self.back).saturating_sub(now.saturating_sub(self.back_since));
        RateAsk { subject, rate: self.rate, least, want, back, ahead }
    }

    fn hear(&mut self, ask: &RateAsk, asked: u64, part: RatePart, now: u64) {
        if is_late(asked, now) {
            let span = self.rate.interval().saturating_mul(u64::from(part.units));
            self.give_back(span, asked, now);
            self.arrival = asked.saturating_add(part.ahead.saturating_sub(span));
            return;
        }
        if self.left == 0 && part.units > 0 {
            self.granted = asked.max(self.turned);
            self.good_until = asked.saturating_add(nanos(RATE_LEASE));
        }
        self.left = self.left.saturating_add(part.units);
        self.arrival = asked.saturating_add(part.ahead);
        self.heard = Some(now);
        let free = self.rate.shared_depth().saturating_sub(part.ahead);
        let more = free >= self.rate.interval().saturating_mul(u64::from(ask.least.max(1)));
        self.refused = (ask.want > 0 && !more).then_some((now, ask.least));
    }

    /// What is left goes back.
    fn lapse(&mut self, now: u64) {
        if self.left > 0 {
            let span = self.rate.interval().saturating_mul(u64::from(std::mem::take(&mut self.left)));
            let granted = self.granted;
            self.give_back(span, granted, now);
        }
    }

    /// A part that was granted at a time and not spent is worth what it was less the time since: who has not drawn ahead for
    /// so long would have had that anyway.
    fn give_back(&mut self, span: u64, granted: u64, now: u64) {
        let since = if self.back == 0 { now } else { self.back_since };
        self.back = self.back.saturating_add(span.saturating_sub(now.saturating_sub(granted)));
        self.back_since = since;
    }

    fn rest(&self, now: u64) -> Left {
        let interval = self.rate.interval();
        let ahead = self.arrival.saturating_sub(now);
        let free = self.rate.depth().saturating_sub(ahead) / interval;
        let in_hand = interval.saturating_mul(u64::from(self.left));
        Left {
            remaining: u32::try_from(free)
                .unwrap_or(u32::MAX)
                .saturating_add(self.left)
                .min(self.rate.burst()),
            full_in: Duration::from_nanos(ahead.saturating_sub(in_hand)),
        }
    }

    fn no(&self, now: u64, cost: u32) -> Taken {
        let left = self.rest(now);
        let step = self.rate.interval().saturating_mul(u64::from(cost));
        let ahead = nanos(left.full_in).saturating_add(step);
        let retry_in = Duration::from_nanos(ahead.saturating_sub(self.rate.depth()).max(FLOOR));
        Taken::Denied(left, Denied { retry_in, full_in: left.full_in })
    }
}

/// Whether what is granted now to a question could not be spent any more.
pub(crate) fn is_late(asked: u64, now: u64) -> bool {
    now.saturating_sub(asked) > nanos(RATE_LEASE)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
