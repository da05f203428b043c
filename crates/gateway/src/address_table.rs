//! Meters of many subjects in a fixed space: a full one gives up the subject that would be free first.
//!
//! 16 bytes a subject: a keyed hash and an arrival time. Keyed, so that nobody can choose subjects that
//! share a place. Two threads that take the same place at the same instant may admit one call more;
//! they never admit fewer than they should after it.

use crate::subject_hash::SubjectHash;
use exchange::Meter;
use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Subjects that share a place in the table: as many as two cache lines hold.
const WAYS: usize = 8;

/// Meters in a fixed space.
#[derive(Debug)]
pub(crate) struct AddressTable {
    slots: Box<[Slot]>,
    hasher: SubjectHash,
}

#[derive(Debug, Default)]
struct Slot {
    subject: AtomicU64,
    meter: Meter,
}

impl AddressTable {
    /// A table of this many bytes, rounded down to a power of two.
    pub(crate) fn new(bytes: usize, hasher: SubjectHash) -> Self {
        let count = (bytes / size_of::<Slot>()).max(WAYS);
        let count = 1 << count.ilog2();
        Self { slots: (0..count).map(|_| Slot::default()).collect(), hasher }
    }

    /// A number for a subject; equal subjects have equal ones in this table.
    pub(crate) fn subject(&self, subject: impl Hash) -> u64 {
        self.hasher.hash_one(subject).max(1) // 0 is a free slot
    }

    /// The meter of a subject; it is given a place when it has none.
    pub(crate) fn meter(&self, subject: u64) -> &Meter {
        let ways = self.ways(subject);
        loop {
            if let Some(known) = ways.iter().find(|slot| slot.subject.load(Ordering::Relaxed) == subject) {
                return &known.meter;
            }
            let Some(first) = ways.iter().min_by_key(|slot| slot.meter.arrival()) else { continue };
            let before = first.subject.load(Ordering::Relaxed);
            if before != subject
                && first
                    .subject
                    .compare_exchange(before, subject, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            {
                first.meter.clear();
                return &first.meter;
            }
        }
    }

    /// Every subject that has a place, with its meter.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u64, &Meter)> {
        self.slots
            .iter()
            .map(|slot| (slot.subject.load(Ordering::Relaxed), &slot.meter))
            .filter(|(subject, _)| *subject > 0)
    }

    /// The meter of a subject, if it has a place.
    pub(crate) fn known(&self, subject: u64) -> Option<&Meter> {
        self.ways(subject)
            .iter()
            .find(|slot| slot.subject.load(Ordering::Relaxed) == subject)
            .map(|slot| &slot.meter)
    }

    fn ways(&self, subject: u64) -> &[Slot] {
        let sets = self.slots.len() / WAYS;
        let set = usize::try_from(subject >> 32).unwrap_or(0) & (sets - 1);
        &self.slots[set * WAYS..(set + 1) * WAYS]
    }
}

/// What counts as one address: an IPv6 network of 64 bits is one subscriber.
pub(crate) fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(four) => u128::from(u32::from(four)),
        IpAddr::V6(six) => u128::from(six) >> 64 << 64 | 1 << 63,
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressTable, network};
    use crate::subject_hash::SubjectHash;
    use exchange::Rate;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::num::NonZeroU32;
    use std::time::Duration;

    const SECOND: u64 = 1_000_000_000;

    fn rate(count: u32) -> Rate {
        Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_secs(60))
    }

    #[test]
    fn one_subscriber_of_ipv6_is_one_subject() {
        let text = |text: &str| network(text.parse().unwrap());
        assert_eq!(text("2001:db8::1"), text("2001:db8::ffff:1"));
        assert_ne!(text("2001:db8::1"), text("2001:db8:0:1::1"));
        assert_eq!(text("::ffff:192.0.2.1"), text("192.0.2.1"));
        assert_ne!(text("192.0.2.1"), text("192.0.2.2"));
    }

    #[test]
    fn a_full_table_gives_up_who_frees_first() {
        let table = AddressTable::new(1, SubjectHash::random()); // one set
        let rate = rate(60);
        for subject in 1..=8_u64 {
            for _ in 0..subject * 2 {
                table.meter(subject).take(&rate, SECOND, 1).unwrap();
            }
        }
        let _ = table.meter(99);
        assert!(table.known(1).is_none(), "subject 1 had taken least");
        assert!((2..=8).all(|subject| table.known(subject).is_some()));
        assert_eq!(table.meter(99).peek(&rate, SECOND).remaining, 60, "the place was emptied");
    }

    proptest! {
        /// While there is room, each subject is limited as if it had a meter of its own.
        #[test]
        fn a_table_with_room_agrees_with_a_meter_each(
            count in 1_u32..20,
            calls in prop::collection::vec((0_u64..40, 0_u64..2 * SECOND), 1..400),
        ) {
            let table = AddressTable::new(1 << 20, SubjectHash::random());
            let mut model: HashMap<u64, exchange::Meter> = HashMap::new();
            let (rate, mut now) = (rate(count), 1000 * SECOND);
            for (address, gap) in calls {
                now += gap;
                let subject = table.subject(address);
                let expected = model.entry(address).or_default().take(&rate, now, 1);
                prop_assert_eq!(table.meter(subject).take(&rate, now, 1), expected);
            }
        }

        /// Whatever happens, nobody is limited who stayed within the rate.
        #[test]
        fn a_crowded_table_never_refuses_the_innocent(
            calls in prop::collection::vec(1_u64..200, 1..600),
        ) {
            let table = AddressTable::new(1, SubjectHash::random());
            let rate = rate(3);
            let mut taken: HashMap<u64, u32> = HashMap::new();
            for subject in calls {
                let count = taken.entry(subject).or_default();
                *count += 1;
                if *count <= 3 {
                    prop_assert!(table.meter(subject).take(&rate, SECOND, 1).is_ok());
                }
            }
        }
    }
}
