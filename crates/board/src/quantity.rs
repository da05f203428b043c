//! Durations, sizes and rates as a board writes them: a whole number and a unit, never a bare number.

use crate::limit::Per;
use exchange::{ByteCount, Rate};
use std::num::NonZeroU32;
use std::time::Duration;

/// What is wrong with a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadRate {
    /// It is none.
    NoRate,
    /// It lets nothing through.
    Zero,
    /// It is below zero.
    Negative,
    /// It is above [`MOST`].
    TooLarge,
    /// A time that it is not counted in.
    Unit,
    /// A window that is shorter or longer than a quota's may be.
    Window,
    /// `per` something that is none of the words.
    Per,
}

/// The most calls that a rate, a burst, a number at once or a quota may have.
pub(crate) const MOST: u32 = u32::MAX;

/// Reads `250ms 3s 15m 24h 7d`; at least a millisecond, at most a hundred years.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (count, unit) = split(text)?;
    let factor: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let millis = count.checked_mul(factor).filter(|millis| (1..=36_500 * 86_400_000).contains(millis))?;
    Some(Duration::from_millis(millis))
}

/// Reads `512B 64KiB 1MiB 2GiB`.
pub(crate) fn size(text: &str) -> Option<ByteCount> {
    let (count, unit) = split(text)?;
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    count.checked_mul(1 << shift).map(ByteCount)
}

/// A rate as written, with what it counts per where that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) rate: Rate,
    pub(crate) per: Option<Per>,
}

/// Reads `60/min`, `60/min burst 20 per ip`.
pub(crate) fn rate(text: &str) -> Result<Written, BadRate> {
    let mut words = text.split_whitespace();
    let first = words.next().ok_or(BadRate::NoRate)?;
    let (count, unit) = first.split_once('/').ok_or(BadRate::NoRate)?;
    let period = match unit {
        "s" => Duration::from_secs(1),
        "min" => Duration::from_secs(60),
        "h" => Duration::from_secs(3_600),
        "day" => Duration::from_secs(86_400),
        // A month of a rate is 30 days; a calendar month is a quota's.
        "month" => Duration::from_secs(30 * 86_400),
        _ if positive(count).is_ok() => return Err(BadRate::Unit),
        _ => return Err(positive(count).err().unwrap_or(BadRate::NoRate)),
    };
    let mut rate = Rate::new(positive(count)?, period);
    let mut per = None;
    let mut burst_seen = false;
    while let Some(word) = words.next() {
        let value = words.next().ok_or(BadRate::NoRate)?;
        match word {
            "burst" if !burst_seen => {
                rate = rate.with_burst(positive(value)?);
                burst_seen = true;
            }
            "per" if per.is_none() => {
                per = Some(Per::of(value).ok_or(BadRate::Per)?);
            }
            _ => return Err(BadRate::NoRate),
        }
    }
    Ok(Written { rate, per })
}

/// A whole number from 1 to [`MOST`].
pub(crate) fn positive(text: &str) -> Result<NonZeroU32, BadRate> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.strip_prefix('-').is_some_and(is_number) {
        return Err(BadRate::Negative);
    }
    if !is_number(text) {
        return Err(BadRate::NoRate);
    }
    // Digits alone: what cannot be read is too large.
    let count = text.parse::<u32>().map_err(|_| BadRate::TooLarge)?;
    NonZeroU32::new(count).ok_or(BadRate::Zero)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit())?;
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::{BadRate, duration, rate, size};
    use crate::Per;
    use std::time::Duration;

    #[test]
    fn durations_have_a_unit() {
        for (text, expected) in [
            ("250ms", Some(250)),
            ("3s", Some(3_000)),
            ("15m", Some(900_000)),
            ("24h", Some(86_400_000)),
            ("7d", Some(604_800_000)),
            ("3", None),
            ("s", None),
            ("0s", None),
            ("-3s", None),
            ("1.5s", None),
            ("99999999999999999999d", None),
            ("99999999999999999d", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn sizes_have_a_unit() {
        for (text, expected) in [
            ("64KiB", Some(65_536)),
            ("0B", Some(0)),
            ("1MB", None),
            ("1", None),
            ("99999999999999GiB", None),
        ] {
            assert_eq!(size(text).map(|size| size.0), expected, "{text}");
        }
    }

    #[test]
    fn rates_say_burst_and_per() {
        let full = rate("60/min burst 20 per ip").unwrap();
        assert_eq!((full.rate.count(), full.rate.burst(), full.per), (60, 20, Some(Per::Address)));
        assert_eq!(rate("60/min per key burst 20").unwrap().rate.burst(), 20);
        assert_eq!(rate("200/s").unwrap().rate.burst(), 200);
        assert_eq!(rate("4294967295/s").unwrap().rate.count(), super::MOST);
        for (text, fault) in [
            ("0/min", BadRate::Zero),
            ("60/min burst 0", BadRate::Zero),
            ("60/week", BadRate::Unit),
            ("0/week", BadRate::Zero),
            ("-6/min", BadRate::Negative),
            ("60", BadRate::NoRate),
            ("", BadRate::NoRate),
            ("+6/min", BadRate::NoRate),
            ("60/min burst", BadRate::NoRate),
            ("60/min burst 1 burst 2", BadRate::NoRate),
            ("60/min per consumer", BadRate::Per),
            ("9999999999/s", BadRate::TooLarge),
            ("4294967296/s", BadRate::TooLarge),
        ] {
            assert_eq!(rate(text), Err(fault), "{text}");
        }
    }
}
