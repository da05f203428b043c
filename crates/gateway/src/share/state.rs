//! What a share has in hand, what it heard of the store, and what goes back.

use super::{FLOOR, MS, Taken, is_late, nanos};
use exchange::{Denied, Left, RATE_LEASE, Rate, RateAsk, RatePart};
use std::time::Duration;

/// What was wanted in so long is asked for at once.
const PACE: u64 = 100 * MS;

#[derive(Debug)]
pub(super) struct State {
    pub(super) rate: Rate,
    /// What may be spent, from when on it was granted, and until when.
    pub(super) left: u32,
    pub(super) granted: u64,
    pub(super) good_until: u64,
    /// The store's arrival time as it was last heard, with what is left here.
    pub(super) arrival: u64,
    pub(super) heard: Option<u64>,
    /// When the store last said that it has no more, and for a call of which cost.
    pub(super) refused: Option<(u64, u32)>,
    /// Since when the store is being asked.
    pub(super) asking: Option<u64>,
    /// Whether the answer before was that the store is away.
    pub(super) lost: bool,
    /// Where the own meter was that went with a question; 0 once the store has it.
    pub(super) untold: u64,
    /// Since when the rate is this one.
    pub(super) turned: u64,
    /// What is to be given back, and since when it loses.
    pub(super) back: u64,
    pub(super) back_since: u64,
    /// What was wanted since a moment, and in the stretch before it.
    pub(super) since: u64,
    pub(super) wanted: u32,
    pub(super) before: u32,
    pub(super) touched: u64,
}

impl State {
    pub(super) const fn new(rate: Rate, now: u64) -> Self {
        Self {
            rate,
            left: 0,
            granted: now,
            good_until: now,
            arrival: 0,
            heard: None,
            refused: None,
            asking: None,
            lost: false,
            untold: 0,
            turned: 0,
            back: 0,
            back_since: now,
            since: now,
            wanted: 0,
            before: 0,
            touched: now,
        }
    }

    /// What is in hand is good for this rate and for a time. Of a limit that has changed nothing goes back.
    pub(super) fn turn(&mut self, rate: &Rate, now: u64) {
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

    pub(super) fn want(&mut self, now: u64, cost: u32) {
        let passed = now.saturating_sub(self.since);
        if passed >= PACE {
            self.before = if passed < 2 * PACE { self.wanted } else { 0 };
            (self.since, self.wanted) = (now, 0);
        }
        self.wanted = self.wanted.saturating_add(cost);
    }

    pub(super) fn ask(&mut self, subject: u64, now: u64, least: u32, want: u32, ahead: u64) -> RateAsk {
        // A question that was lost took what it told out of the meter: it is told again.
        let ahead = ahead.max(self.untold.saturating_sub(now));
        self.untold = if ahead > 0 { now.saturating_add(ahead) } else { 0 };
        self.asking = Some(now);
        // It is in no meter any more: if no answer comes, this is where it is known.
        self.arrival = self.arrival.max(now.saturating_add(ahead));
        let back = std::mem::take(&mut self.back).saturating_sub(now.saturating_sub(self.back_since));
        RateAsk { subject, rate: self.rate, least, want, back, ahead }
    }

    pub(super) fn hear(&mut self, ask: &RateAsk, asked: u64, part: RatePart, now: u64) {
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
    pub(super) fn lapse(&mut self, now: u64) {
        if self.left > 0 {
            let span = self.rate.interval().saturating_mul(u64::from(std::mem::take(&mut self.left)));
            let granted = self.granted;
            self.give_back(span, granted, now);
        }
    }

    /// A part that was granted at a time and not spent is worth what it was less the time since: who has not drawn ahead for
    /// so long would have had that anyway.
    pub(super) fn give_back(&mut self, span: u64, granted: u64, now: u64) {
        let since = if self.back == 0 { now } else { self.back_since };
        self.back = self.back.saturating_add(span.saturating_sub(now.saturating_sub(granted)));
        self.back_since = since;
    }

    pub(super) fn rest(&self, now: u64) -> Left {
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

    pub(super) fn no(&self, now: u64, cost: u32) -> Taken {
        let left = self.rest(now);
        let step = self.rate.interval().saturating_mul(u64::from(cost));
        let ahead = nanos(left.full_in).saturating_add(step);
        let retry_in = Duration::from_nanos(ahead.saturating_sub(self.rate.depth()).max(FLOOR));
        Taken::Denied(left, Denied { retry_in, full_in: left.full_in })
    }
}
