//! Quotas: so much in a calendar period or in any stretch of time, exact over processes and kills.
//!
//! What may be spent is granted in parts before it is spent, by a [`QuotaStore`] that all processes share: it never
//! grants more than the quota. A part is good for one [`Slot`]: the calendar period, or a sixtieth of a rolling
//! one; what was granted in a slot counts until the last call that it may have paid for is out of sight.

mod memory;

pub use memory::QuotasInMemory;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _, Unit, Zoned, ZonedRound};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// A rolling period is counted in so many slots.
const SLOTS: u64 = 60;
/// The shortest slot: a part that is good for less is not worth its writing.
const SHORTEST_SLOT_MS: u64 = 1_000;

/// How much may be spent in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// How much; a call takes what it costs.
    pub amount: NonZeroU32,
    /// In which time.
    pub period: Period,
}

/// The time that a quota is for. Calendar periods are UTC's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// An hour of the clock.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday (ISO 8601).
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
    /// Any stretch of this length.
    Rolling(Duration),
}

/// A stretch of time in which a granted part may be spent. Milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Its first millisecond.
    pub start_ms: u64,
    /// The first one after it.
    pub end_ms: u64,
    /// What was granted in slots that began at this time or later counts together with it.
    pub since_ms: u64,
    /// When what is granted in it counts no more.
    pub until_ms: u64,
}

impl Slot {
    /// The beginning of the last slot that counts together with it. Of a rolling period also what others granted
    /// whose clocks are ahead.
    pub const fn last_ms(&self) -> u64 {
        if self.since_ms == self.start_ms { self.start_ms } else { u64::MAX }
    }
}

impl Period {
    /// The slot in which `now_ms` lies.
    pub fn slot(self, now_ms: u64) -> Slot {
        if let Self::Rolling(length) = self {
            let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX).max(1);
            let slot = (length / SLOTS).max(SHORTEST_SLOT_MS);
            let reach = length.div_ceil(slot).saturating_mul(slot);
            let start = now_ms - now_ms % slot;
            let end = start.saturating_add(slot);
            return Slot {
                start_ms: start,
                end_ms: end,
                since_ms: start.saturating_sub(reach),
                until_ms: end.saturating_add(reach),
            };
        }
        // Beyond the year 9999 there is one period that does not end.
        let (start, end) = self.around(now_ms).unwrap_or((0, u64::MAX));
        Slot { start_ms: start, end_ms: end, since_ms: start, until_ms: end }
    }

    fn around(self, now_ms: u64) -> Option<(u64, u64)> {
        let now = Timestamp::from_millisecond(i64::try_from(now_ms).ok()?).ok()?.to_zoned(TimeZone::UTC);
        let day = || now.start_of_day().ok();
        let (start, length): (Zoned, Span) = match self {
            Self::Hour => (
                now.round(ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc)).ok()?,
                1.hour(),
            ),
            Self::Day => (day()?, 1.day()),
            Self::Week => {
                let since_monday = i64::from(now.weekday().to_monday_zero_offset());
                (day()?.checked_sub(since_monday.days()).ok()?, 1.week())
            }
            Self::Month => (now.first_of_month().ok()?.start_of_day().ok()?, 1.month()),
            Self::Year => (now.first_of_year().ok()?.start_of_day().ok()?, 1.year()),
            Self::Rolling(_) => return None,
        };
        let end = start.checked_add(length).ok()?;
        let millis = |at: &Zoned| u64::try_from(at.timestamp().as_millisecond()).ok();
        Some((millis(&start)?, millis(&end)?))
    }

    /// The length in seconds; of a calendar period that varies, the longest.
    pub fn seconds(self) -> u64 {
        const DAY: u64 = 86_400;
        match self {
            Self::Hour => 3_600,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 31 * DAY,
            Self::Year => 366 * DAY,
            Self::Rolling(length) => length.as_secs() + u64::from(length.subsec_nanos() > 0),
        }
    }
}

/// The word by which what was granted is found again: `month`, `rolling-86400000ms`.
impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::Rolling(length) => return write!(out, "rolling-{}ms", length.as_millis()),
        })
    }
}

/// Whose spending is counted together. A changed amount goes on from what was spent; another period begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuotaAccount {
    /// Plan, period and what is counted per: `free/month`, `free/day/operation`.
    pub policy: Arc<str>,
    /// Who: a consumer's name, the beginning of a key's digest, a keyed hash of an address; and over what.
    pub subject: Arc<str>,
}

/// What a process asks of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Whose.
    pub account: QuotaAccount,
    /// Of which quota.
    pub quota: Quota,
    /// For which time.
    pub slot: Slot,
    /// How much it would like to have; 0: it wants to know what is left.
    pub want: u32,
    /// Parts that were granted and not spent, with the beginning of the slot for which they were.
    pub back: Vec<(u64, u32)>,
    /// What was spent without having been granted, while the store could not be reached. Taken whatever is left.
    pub owed: u32,
}

/// What the store granted. It stands on the disk before anybody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// How much; less than was wanted, or nothing, where the quota ends.
    pub amount: u32,
    /// What is granted by now to everybody, and counts.
    pub counted: u64,
    /// When something of what counts will count no more, in milliseconds since 1970.
    pub more_at_ms: u64,
}

/// The store cannot be reached; in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QuotasAway(pub String);

/// Told when the store has answered, on a thread of the store's.
pub type Answer = Box<dyn FnOnce(Result<Grant, QuotasAway>) + Send>;

/// Grants parts of quotas, to any number of processes.
pub trait QuotaStore: Send + Sync + fmt::Debug {
    /// Takes a wish and comes back at once; the answer follows.
    fn lease(&self, wish: Wish, answer: Answer);
}

#[cfg(test)]
mod tests {
    use super::Period;
    use proptest::prelude::*;
    use std::time::Duration;

    fn ms(text: &str) -> u64 {
        u64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap()
    }

    #[test]
    fn calendar_periods_begin_and_end_where_utc_says() {
        for (period, now, start, end) in [
            (Period::Hour, "2024-02-29T23:59:59.999Z", "2024-02-29T23:00:00Z", "2024-03-01T00:00:00Z"),
            (Period::Hour, "2024-02-29T23:00:00Z", "2024-02-29T23:00:00Z", "2024-03-01T00:00:00Z"),
            (Period::Day, "2024-02-29T12:00:00Z", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
            (Period::Week, "2024-03-03T23:00:00Z", "2024-02-26T00:00:00Z", "2024-03-04T00:00:00Z"),
            (Period::Week, "2024-03-04T00:00:00Z", "2024-03-04T00:00:00Z", "2024-03-11T00:00:00Z"),
            (Period::Month, "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            (Period::Month, "2023-12-31T23:59:59Z", "2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z"),
            (Period::Year, "2024-12-31T23:59:59Z", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ] {
            let slot = period.slot(ms(now));
            assert_eq!((slot.start_ms, slot.end_ms), (ms(start), ms(end)), "{period} at {now}");
            assert_eq!((slot.since_ms, slot.until_ms), (slot.start_ms, slot.end_ms), "{period}");
        }
    }

    proptest! {
        /// Whatever was spent within the stretch that ends now was granted in a slot that counts now, and no slot
        /// counts much longer than it must.
        #[test]
        fn a_rolling_slot_counts_as_long_as_its_calls_are_within_sight(
            length in 1_u64..40 * 86_400_000,
            now in 4_000_000_000_000_u64..4_100_000_000_000,
            ago in 0_u64..40 * 86_400_000,
        ) {
            let period = Period::Rolling(Duration::from_millis(length));
            let slot = period.slot(now);
            prop_assert!((slot.start_ms..slot.end_ms).contains(&now));
            let spent = now - ago % length;
            let then = period.slot(spent);
            prop_assert!(then.start_ms >= slot.since_ms, "a call of {spent} is not counted at {now}");
            prop_assert!(then.until_ms > now, "a call of {spent} was forgotten at {now}");
            prop_assert!(slot.until_ms - now <= length + 2 * (length / 60).max(1_000) + 1_000);
        }
    }
}
