//! A purse: what one account may spend of a quota without asking the store again.
//!
//! Filled with what the store granted beforehand, a second's use at most; what is not spent goes back. A call
//! that finds it empty waits for the store. When the store is away, calls go on for a while: what they cost is owed, up
//! to an eighth of what was left when it was last heard, so that a few processes that know nothing of each other do not
//! exceed the quota either. Pure but for its lock: the time is handed in.

#[cfg(test)]
mod model;

use exchange::{Grant, Quota, QuotaAccount, Slot, Wish};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// So long an answer "nothing is left" is believed: others may give something back.
const BELIEVED_MS: u64 = 250;
/// So long the store is left alone after it failed.
const ALONE_MS: u64 = 1_000;
/// What was not touched for so long goes back.
const IDLE_MS: u64 = 10_000;
/// So much of what is left may be spent without the store, as a part of it.
const TRUSTED: u32 = 8;
/// A purse never grows by more than this at once: it learns its pace.
const GROWTH: u32 = 4;

/// What one account has in hand.
#[derive(Debug)]
pub(crate) struct Purse {
    account: QuotaAccount,
    state: Mutex<State>,
    /// Rung when the store has answered.
    pub(crate) bell: Notify,
}

#[derive(Debug)]
struct State {
    quota: Quota,
    slot: Slot,
    /// What may be spent now.
    left: u32,
    /// How often the period or the quota has changed.
    turns: u64,
    /// What the store has granted to everybody; `None`: not known yet.
    counted: Option<u64>,
    more_at_ms: u64,
    asking: bool,
    filled_ms: u64,
    granted: u32,
    spent: u32,
    dry_ms: Option<u64>,
    away_ms: Option<u64>,
    owed: u32,
    /// What may still be owed.
    trust: u32,
    back: Vec<(u64, u32)>,
    touched_ms: u64,
}

/// Under what something was taken: a period, and an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    slot: Slot,
    turns: u64,
}

/// What became of taking from a purse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Paid, with what was granted for this slot.
    Paid(Part),
    /// Paid by nobody yet: the store is away, the account owes it.
    Owed(Part),
    /// The quota is used up; something comes back after this time.
    Dry(Duration),
    /// The store is away, and what may be spent without it is.
    Unknown,
    /// Only the store knows.
    Ask,
}

/// What is known of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What may still be spent, as far as is known here: parts that other processes hold count as spent.
    pub(crate) left: u32,
    /// Until something of what was spent counts no more.
    pub(crate) more_in: Duration,
    /// Whether the store was asked yet.
    pub(crate) known: bool,
}

impl Standing {
    /// Nothing is known: as if nothing had been spent.
    pub(crate) const fn unknown(quota: Quota) -> Self {
        Self { left: quota.amount.get(), more_in: Duration::ZERO, known: false }
    }
}

impl Purse {
    pub(crate) fn new(account: QuotaAccount, quota: Quota, now_ms: u64) -> Self {
        let slot = quota.period.slot(now_ms);
        let state = State {
            quota,
            slot,
            left: 0,
            turns: 0,
            counted: None,
            more_at_ms: slot.until_ms,
            asking: false,
            filled_ms: now_ms,
            granted: 0,
            spent: 0,
            dry_ms: None,
            away_ms: None,
            owed: 0,
            trust: quota.amount.get() / TRUSTED,
            back: Vec::new(),
            touched_ms: now_ms,
        };
        Self { account, state: Mutex::new(state), bell: Notify::new() }
    }

    /// Takes what a call costs.
    pub(crate) fn take(&self, quota: Quota, now_ms: u64, cost: u32) -> Taken {
        let mut state = self.state();
        state.turn(quota, now_ms);
        state.touched_ms = now_ms;
        if let Some(left) = state.left.checked_sub(cost) {
            state.left = left;
            state.spent = state.spent.saturating_add(cost);
            return Taken::Paid(state.part());
        }
        if state.dry_ms.is_some_and(|since| now_ms < since + BELIEVED_MS) {
            return Taken::Dry(state.more_in(now_ms));
        }
        // Who waited once for a store that is away need not wait again: it is asked meanwhile.
        if state.away_ms.is_some() { state.owe(cost, now_ms) } else { Taken::Ask }
    }

    /// The store has not answered in time: from now on calls do not wait for it.
    pub(crate) fn deposit_nothing(&self, now_ms: u64) {
        self.state().away_ms = Some(now_ms);
        self.bell.notify_waiters();
    }

    /// A question for what is left, unless an answer is on its way.
    pub(crate) fn question(&self) -> Option<Wish> {
        let mut state = self.state();
        (!state.asking).then(|| state.wish(&self.account, 0))
    }

    /// Gives back what a call took: it never reached its provider.
    pub(crate) fn refund(&self, part: Part, cost: u32) {
        let mut state = self.state();
        state.spent = state.spent.saturating_sub(cost);
        if state.part() == part {
            state.left = state.left.saturating_add(cost);
            state.dry_ms = None;
        } else {
            state.back.push((part.slot.start_ms, cost));
        }
    }

    /// What to ask the store for, when it is time; the answer must follow. `need` is what waits for it.
    pub(crate) fn wish(&self, now_ms: u64, need: u32) -> Option<Wish> {
        let mut state = self.state();
        let few = state.left <= state.granted / 2 || state.left < need;
        let waits = state.dry_ms.is_some_and(|since| now_ms < since + BELIEVED_MS)
            || state.away_ms.is_some_and(|since| now_ms < since + ALONE_MS);
        if state.asking || !few || waits {
            return None;
        }
        let want = state.chunk(now_ms).max(need.saturating_sub(state.left));
        Some(state.wish(&self.account, want))
    }

    /// What goes back, when nobody has come for a while, or `all` of it, because this is the end.
    pub(crate) fn give_back(&self, now_ms: u64, all: bool) -> Option<Wish> {
        let mut state = self.state();
        let over = now_ms >= state.slot.end_ms;
        if state.asking || !(all || over || now_ms >= state.touched_ms + IDLE_MS) {
            return None;
        }
        if state.left > 0 {
            let (start, left) = (state.slot.start_ms, std::mem::take(&mut state.left));
            state.back.push((start, left));
            state.granted = 0;
        }
        (!state.back.is_empty() || state.owed > 0).then(|| state.wish(&self.account, 0))
    }

    /// Whether nothing would be lost with it.
    pub(crate) fn is_empty(&self, now_ms: u64) -> bool {
        let state = self.state();
        let idle = now_ms >= state.touched_ms + IDLE_MS;
        idle && !state.asking && state.left == 0 && state.owed == 0 && state.back.is_empty()
    }

    /// Takes the store's answer to a wish; `None`: it is away.
    pub(crate) fn deposit(&self, wish: Wish, answer: Option<Grant>, now_ms: u64) {
        let mut state = self.state();
        state.asking = false;
        if let Some(grant) = answer {
            state.away_ms = None;
            state.take_grant(&wish, grant, now_ms);
        } else {
            state.away_ms = Some(now_ms);
            state.owed = state.owed.saturating_add(wish.owed);
            state.back.extend(wish.back);
        }
        drop(state);
        self.bell.notify_waiters();
    }

    /// What is known of the account now.
    pub(crate) fn standing(&self, quota: Quota, now_ms: u64) -> Standing {
        let mut state = self.state();
        state.turn(quota, now_ms);
        Standing { left: state.rest(), more_in: state.more_in(now_ms), known: state.counted.is_some() }
    }

    /// Whether an answer of the store is on its way.
    pub(crate) fn is_asking(&self) -> bool {
        self.state().asking
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Another period has begun, or the quota is another one: what was granted under the old one goes back.
    fn turn(&mut self, quota: Quota, now_ms: u64) {
        if self.quota == quota && now_ms < self.slot.end_ms {
            return;
        }
        let slot = quota.period.slot(now_ms);
        if slot == self.slot && quota == self.quota {
            return;
        }
        if self.left > 0 {
            self.back.push((self.slot.start_ms, std::mem::take(&mut self.left)));
        }
        // Of a calendar period nothing is carried over; of a rolling one, what counted may count still.
        if slot.since_ms >= self.slot.until_ms || slot.since_ms == slot.start_ms {
            self.counted = None;
        }
        if quota != self.quota {
            self.counted = None;
        }
        self.quota = quota;
        self.slot = slot;
        self.more_at_ms = slot.until_ms;
        self.granted = 0;
        self.dry_ms = None;
        self.turns += 1;
        if self.counted.is_none() {
            self.trust = quota.amount.get() / TRUSTED;
        }
    }

    fn take_grant(&mut self, wish: &Wish, grant: Grant, now_ms: u64) {
        if wish.slot != self.slot || wish.quota != self.quota {
            if grant.amount > 0 {
                self.back.push((wish.slot.start_ms, grant.amount));
            }
            return;
        }
        self.left = self.left.saturating_add(grant.amount);
        self.counted = Some(grant.counted);
        let free = u64::from(self.quota.amount.get()).saturating_sub(grant.counted);
        self.trust = u32::try_from(free).unwrap_or(u32::MAX) / TRUSTED;
        self.more_at_ms = grant.more_at_ms;
        if wish.want > 0 {
            self.granted = grant.amount;
            self.spent = 0;
            self.filled_ms = now_ms;
            self.dry_ms = (grant.amount < wish.want).then_some(now_ms);
        }
    }

    const fn part(&self) -> Part {
        Part { slot: self.slot, turns: self.turns }
    }

    fn owe(&mut self, cost: u32, now_ms: u64) -> Taken {
        let known = self.counted.unwrap_or(0) + u64::from(self.owed) + u64::from(cost);
        if known > u64::from(self.quota.amount.get()) {
            return Taken::Dry(self.more_in(now_ms));
        }
        let Some(trust) = self.trust.checked_sub(cost) else { return Taken::Unknown };
        self.trust = trust;
        self.owed = self.owed.saturating_add(cost);
        Taken::Owed(self.part())
    }

    /// What is left: nobody's yet, or here in hand.
    fn rest(&self) -> u32 {
        let spent = self.counted.unwrap_or(0) + u64::from(self.owed);
        let free = u64::from(self.quota.amount.get()).saturating_sub(spent) + u64::from(self.left);
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    fn more_in(&self, now_ms: u64) -> Duration {
        Duration::from_millis(self.more_at_ms.saturating_sub(now_ms))
    }

    /// A second's use as it was of late, but not much more than last time, and never more than a quarter of what is
    /// left: the end of a quota is shared finely between processes.
    fn chunk(&self, now_ms: u64) -> u32 {
        let passed = now_ms.saturating_sub(self.filled_ms).max(1);
        let pace = u64::from(self.spent) * 1_000 / passed;
        let free = match self.counted {
            Some(counted) => u64::from(self.quota.amount.get()).saturating_sub(counted) / 4,
            None => 1,
        };
        let most = u64::from(self.granted.max(1)) * u64::from(GROWTH);
        u32::try_from(pace.min(free).min(most)).unwrap_or(u32::MAX).max(1)
    }

    fn wish(&mut self, account: &QuotaAccount, want: u32) -> Wish {
        self.asking = true;
        Wish {
            account: account.clone(),
            quota: self.quota,
            slot: self.slot,
            want,
            back: std::mem::take(&mut self.back),
            owed: std::mem::take(&mut self.owed),
        }
    }
}
