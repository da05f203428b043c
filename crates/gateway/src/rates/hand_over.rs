//! What a process that was alone tells the store of its meters, in parts, while its calls go on.
//!
//! Parts are small, so that questions of calls wait for one of them at the most. Who is furthest ahead goes first, and no more
//! go than a store keeps: the rest is counted. Where each subject was is remembered until all is over: what was counted by a
//! meter after that, because the store was away, is told again, and nothing else is.

use super::Meters;
use std::collections::HashMap;

/// So many subjects go over at the most: a store keeps no more.
pub(super) const MOST: usize = 262_144;
/// So many go at once: a store has them in well under the time that a call's question may take.
pub(super) const AT_ONCE: usize = 1_024;
/// So often it is looked for what was counted meanwhile. What is found nowhere by then is told with its next question.
const LOOKS: u32 = 8;

/// How far one has come.
#[derive(Debug, Default)]
pub(super) struct HandOver {
    /// Where each subject was that the store has.
    over: HashMap<u64, u64>,
    /// Arrivals and subjects that are still to go, the furthest ahead last.
    rest: Vec<(u64, u64)>,
    /// How many there is no place for.
    beyond: usize,
    looks: u32,
}

impl HandOver {
    /// What goes next: subjects and how far ahead they are. Empty: everything is over.
    pub(super) fn next(
        &mut self,
        meters: &dyn Meters,
        untold: impl FnOnce() -> Vec<(u64, u64)>,
        now: u64,
    ) -> Vec<(u64, u64)> {
        if self.rest.is_empty() && self.looks < LOOKS {
            self.gather(meters, untold(), now);
        }
        let from = self.rest.len().saturating_sub(AT_ONCE);
        self.rest[from..].iter().map(|(arrival, subject)| (*subject, arrival.saturating_sub(now))).collect()
    }

    /// The store has what went last.
    pub(super) fn arrived(&mut self) {
        let from = self.rest.len().saturating_sub(AT_ONCE);
        self.over.extend(self.rest.drain(from..).map(|(arrival, subject)| (subject, arrival)));
    }

    /// Whether the store has it is not known: it is looked up anew, with what calls were counted meanwhile.
    pub(super) fn failed(&mut self) {
        self.rest.clear();
        self.looks = 0;
    }

    /// How many subjects there was no place for.
    pub(super) const fn beyond(&self) -> usize {
        self.beyond
    }

    fn gather(&mut self, meters: &dyn Meters, untold: Vec<(u64, u64)>, now: u64) {
        let (mut found, over) = (Vec::new(), &self.over);
        // The store has a place for these already.
        let mut again = Vec::new();
        let mut see = |subject: u64, arrival: u64| match over.get(&subject) {
            _ if arrival <= now => {}
            None => found.push((arrival, subject)),
            Some(told) if *told < arrival => again.push((arrival, subject)),
            Some(_) => {}
        };
        for (subject, arrival) in untold {
            see(subject, arrival);
        }
        meters.each(&mut |subject, meter| see(subject, meter.arrival()));
        found.sort_unstable();
        self.beyond = found.len().saturating_sub(MOST.saturating_sub(self.over.len()));
        self.rest = found.split_off(self.beyond);
        self.rest.append(&mut again);
        self.rest.sort_unstable();
        self.looks += 1;
    }
}
