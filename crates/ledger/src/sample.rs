//! Which calls get a row.
//!
//! Every call up to a rate. Above it ordinary calls are sampled, one for each place that falls free, and a row carries
//! as weight how many calls of its outcome and class it stands for; so weights add up to the calls, also within each. Calls that
//! somebody will look for (refused, failed, broken off, contract broken, slow) have places of their own.
//! Pure: the time is the calls' own.

use exchange::{CallId, CallRecord, Outcome};
use std::collections::{HashSet, VecDeque};

/// Longer than this is slow, in microseconds: the index of slow calls says the same.
pub(crate) const SLOW_US: u64 = 1_000_000;
/// How many calls may be shown as open at once.
const MOST_OPEN: usize = 65_536;
/// How many kept ids are remembered for their details.
const REMEMBERED: usize = 1_024;

/// Chooses rows.
#[derive(Debug)]
pub(crate) struct Sampler {
    ordinary: Lane,
    special: Lane,
    open: HashSet<CallId>,
    /// The last ones that got a row, and whether their details are wanted.
    kept: VecDeque<(CallId, bool)>,
    now_ms: u64,
}

impl Sampler {
    /// `rate` rows a second for ordinary calls, no more than `most` for all in any second.
    pub(crate) fn new(rate: u32, most: u32) -> Self {
        let rate = rate.max(1);
        // A lane lets through its burst and its rate in the worst second; both lanes together: `most`.
        let special = most.saturating_sub(rate.saturating_mul(2)).max(rate);
        let burst = (special / 4).max(1);
        Self {
            ordinary: Lane::new(rate, rate),
            special: Lane::new((special - burst).max(1), burst),
            open: HashSet::new(),
            kept: VecDeque::new(),
            now_ms: 0,
        }
    }

    /// From now on so many rows a second, as [`Sampler::new`] takes them; what was skipped is still stood for.
    pub(crate) fn change(&mut self, rate: u32, most: u32) {
        let Self { ordinary, special, .. } = Self::new(rate, most);
        self.ordinary.change(ordinary.rate, ordinary.burst);
        self.special.change(special.rate, special.burst);
    }

    /// Takes a call; gives it back with its weight where it gets a row. `detailed`: its details are wanted then.
    pub(crate) fn choose(&mut self, mut record: CallRecord, detailed: bool) -> Option<CallRecord> {
        self.now_ms = self.now_ms.max(record.id.at_ms());
        record.weight = record.weight.max(1);
        let chosen = if record.open {
            // It comes again when it has ended, and is counted then.
            let place = self.open.len() < MOST_OPEN && self.special.place(self.now_ms);
            place.then(|| self.open.insert(record.id));
            place.then_some(record)
        } else if self.open.remove(&record.id) {
            // Its open row must be closed, whatever the rate.
            Some(record)
        } else if is_special(&record) {
            self.special.choose(record, self.now_ms)
        } else {
            self.ordinary.choose(record, self.now_ms)
        }?;
        if self.kept.len() == REMEMBERED {
            self.kept.pop_front();
        }
        self.kept.push_back((chosen.id, detailed));
        Some(chosen)
    }

    /// Whether the details of a call that got a row a moment ago are wanted; `None`: no such call.
    pub(crate) fn wants_detail(&self, id: CallId) -> Option<bool> {
        // The call just kept is the one that is asked for.
        self.kept.iter().rev().find(|(kept, _)| *kept == id).map(|(_, detailed)| *detailed)
    }

    /// Takes back a row that could not be written: a later one of its kind stands for it.
    pub(crate) fn give_back(&mut self, record: CallRecord) {
        if record.open {
            self.open.remove(&record.id);
        } else if is_special(&record) {
            self.special.skip(record);
        } else {
            self.ordinary.skip(record);
        }
    }

    /// Rows for calls that were skipped and that no row has stood for since this was last asked: it is quiet now, or
    /// they are too few of their kind to get a place. At the end of all every kind gets its row.
    pub(crate) fn leftover(&mut self, end: bool) -> impl Iterator<Item = CallRecord> {
        [&mut self.ordinary, &mut self.special].into_iter().flat_map(move |lane| lane.leftover(end))
    }
}

/// Whether somebody will look for this call. Not a plain 4xx of the provider.
pub(crate) fn is_special(record: &CallRecord) -> bool {
    !matches!(record.outcome, Outcome::Succeeded | Outcome::Declined)
        || record.breaks > 0
        || record.took_us > SLOW_US
}

/// Places that fall free at a steady rate (a token bucket).
#[derive(Debug)]
struct Lane {
    /// Places a second, that is thousandths of a place a millisecond.
    rate: u64,
    /// Places that may be free at once.
    burst: u64,
    /// Free places in thousandths.
    free: u64,
    /// The time of the last call.
    at_ms: u64,
    /// Calls that no row stands for yet, by their kind; there are 66 kinds at most.
    skipped: Vec<Skipped>,
}

/// Calls of one kind that no row stands for yet.
#[derive(Debug)]
struct Skipped {
    calls: u32,
    /// The last one of them.
    last: Box<CallRecord>,
    /// Whether they were there already when leftovers were asked for.
    asked: bool,
}

/// Calls of one kind stand for each other: those with the same outcome and status class.
const fn kind(record: &CallRecord) -> (u8, u16) {
    (record.outcome.code(), record.status / 100)
}

impl Lane {
    fn new(rate: u32, burst: u32) -> Self {
        let burst = u64::from(burst);
        Self { rate: u64::from(rate), burst, free: burst * 1000, at_ms: 0, skipped: Vec::new() }
    }

    /// Places that are free stay so, as far as the new burst has room for them.
    fn change(&mut self, rate: u64, burst: u64) {
        (self.rate, self.burst) = (rate, burst);
        self.free = self.free.min(burst * 1000);
    }

    /// Takes a place, if one is free.
    fn place(&mut self, now_ms: u64) -> bool {
        let passed = now_ms.saturating_sub(self.at_ms);
        self.at_ms = now_ms;
        self.free = self.free.saturating_add(passed.saturating_mul(self.rate)).min(self.burst * 1000);
        let has = self.free >= 1000;
        if has {
            self.free -= 1000;
        }
        has
    }

    fn choose(&mut self, mut record: CallRecord, now_ms: u64) -> Option<CallRecord> {
        if !self.place(now_ms) {
            self.skip(record);
            return None;
        }
        if let Some(at) = self.skipped.iter().position(|one| kind(&one.last) == kind(&record)) {
            record.weight = record.weight.saturating_add(self.skipped.swap_remove(at).calls);
        }
        Some(record)
    }

    fn skip(&mut self, record: CallRecord) {
        if let Some(one) = self.skipped.iter_mut().find(|one| kind(&one.last) == kind(&record)) {
            one.calls = one.calls.saturating_add(record.weight);
            // Into the box that is there: this runs for every call above the rate.
            *one.last = record;
        } else {
            let calls = record.weight;
            self.skipped.push(Skipped { calls, last: Box::new(record), asked: false });
        }
    }

    fn leftover(&mut self, end: bool) -> Vec<CallRecord> {
        let due = self.skipped.extract_if(.., |one| std::mem::replace(&mut one.asked, true) || end);
        let rows: Vec<CallRecord> =
            due.map(|Skipped { calls, last, .. }| CallRecord { weight: calls, ..*last }).collect();
        // They take places, so that the rate holds.
        self.free = self.free.saturating_sub(rows.len() as u64 * 1000);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::Sampler;
    use crate::example::call;
    use exchange::{CallRecord, Fault, Outcome};

    /// How many rows, and the sum of their weights.
    fn sum(rows: &[CallRecord]) -> (usize, u64) {
        (rows.len(), rows.iter().map(|row| u64::from(row.weight)).sum())
    }

    #[test]
    fn every_call_up_to_the_rate_has_its_row() {
        let mut sampler = Sampler::new(50, 2000);
        // Ten seconds, in each all fifty calls in one millisecond.
        let rows: Vec<_> = (0..500)
            .filter_map(|nth| sampler.choose(call(1_000_000 + nth / 50 * 1000, nth), false))
            .collect();
        assert_eq!(sum(&rows), (500, 500));
    }

    #[test]
    fn above_the_rate_weights_add_up_to_the_calls() {
        let mut sampler = Sampler::new(50, 2000);
        let calls = (0..100_000).map(|nth| call(1_000_000 + nth / 10, nth));
        let mut rows: Vec<_> = calls.filter_map(|call| sampler.choose(call, false)).collect();
        rows.extend(sampler.leftover(true));
        let (count, weight) = sum(&rows);
        assert_eq!(weight, 100_000);
        assert!((500..=551).contains(&count), "ten seconds at 50/s and a first burst: {count}");
        assert!(rows[100..count - 1].iter().all(|row| (190..=210).contains(&row.weight)), "evenly sampled");
    }

    #[test]
    fn failures_are_all_kept_beside_a_flood_and_are_bounded_themselves() {
        let mut sampler = Sampler::new(50, 2000);
        let mut failed = Vec::new();
        for nth in 0..100_000 {
            let mut call = call(1_000_000 + nth / 10, nth);
            if nth % 100 == 0 {
                call.outcome = Outcome::Failed(Fault::Provider);
            }
            failed.extend(sampler.choose(call, false).filter(|call| call.outcome != Outcome::Succeeded));
        }
        assert_eq!(sum(&failed), (1000, 1000));

        let mut sampler = Sampler::new(50, 2000);
        let mut rows = Vec::new();
        for nth in 0..50_000 {
            let mut call = call(1_000_000 + nth / 50, nth);
            call.outcome = Outcome::Refused;
            rows.extend(sampler.choose(call, false));
        }
        assert!(rows.len() <= 2000, "one second: {}", rows.len());
        rows.extend(sampler.leftover(true));
        assert_eq!(sum(&rows).1, 50_000);
    }

    #[test]
    fn an_open_row_is_closed_whatever_the_rate_and_counted_once() {
        let mut sampler = Sampler::new(1, 4);
        let mut open = call(1_000_000, 1);
        open.open = true;
        assert!(sampler.choose(open, false).is_some());
        (2..100).for_each(|nth| drop(sampler.choose(call(1_000_000, nth), false)));
        let closed = sampler.choose(call(1_000_000, 1), false).unwrap();
        assert_eq!((closed.open, closed.weight), (false, 1));
    }

    #[test]
    fn weights_add_up_within_each_outcome_and_class_also_of_rare_ones_and_of_rows_taken_back() {
        let mut sampler = Sampler::new(50, 2000);
        let (mut rows, mut sent) = (Vec::new(), std::collections::BTreeMap::<_, u64>::new());
        for nth in 0..200_000_u64 {
            let mut call = call(1_000_000 + nth / 20, nth);
            (call.status, call.outcome) = match nth % 1000 {
                0 => (304, Outcome::Succeeded),
                1..50 => (404, Outcome::Declined),
                50..300 => (429, Outcome::Refused),
                300..400 => (502, Outcome::Failed(Fault::Network)),
                400..500 => (503, Outcome::Failed(Fault::Provider)),
                _ => (200, Outcome::Succeeded),
            };
            *sent.entry((call.outcome.code(), call.status / 100)).or_default() += 1;
            match sampler.choose(call, false) {
                // Every seventh row does not fit where it should go.
                Some(row) if nth % 7 == 0 => sampler.give_back(row),
                row => rows.extend(row),
            }
            if nth % 20_000 == 0 {
                rows.extend(sampler.leftover(false));
            }
        }
        rows.extend(sampler.leftover(true));
        let mut kept = std::collections::BTreeMap::<_, u64>::new();
        for row in &rows {
            *kept.entry((row.outcome.code(), row.status / 100)).or_default() += u64::from(row.weight);
        }
        assert_eq!(kept, sent);
        assert!(rows.len() < 22_000, "ten seconds at 2,000/s and a burst: {}", rows.len());
        assert!(
            rows.iter().filter(|row| row.status == 304).count() > 3,
            "rare ones get rows while it is loud"
        );
    }

    #[test]
    fn when_it_gets_quiet_the_skipped_ones_get_a_row() {
        let mut sampler = Sampler::new(1, 4);
        assert!(sampler.choose(call(1_000_000, 1), false).is_some());
        assert!(sampler.choose(call(1_000_000, 2), false).is_none());
        assert!(sampler.choose(call(1_000_000, 3), false).is_none());
        assert_eq!(sampler.leftover(false).count(), 0, "calls came since the last look");
        let rows: Vec<_> = sampler.leftover(false).collect();
        assert_eq!(sum(&rows), (1, 2));
        assert_eq!(sampler.leftover(true).count(), 0);
    }
}
