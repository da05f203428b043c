//! Names and numbers as changes say them.

use exchange::Rate;
use std::time::Duration;

/// Names that are written out; the rest is counted.
const NAMED: usize = 5;

/// `a`, `b` and 3 more: names in backticks.
pub(super) fn list<T: AsRef<str>>(names: &[T]) -> String {
    let quoted = |names: &[T]| names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>();
    match names {
        [] => "nothing".to_owned(),
        names if names.len() <= NAMED + 1 => {
            let mut all = quoted(names);
            let last = all.pop().unwrap_or_default();
            if all.is_empty() { last } else { format!("{} and {last}", all.join(", ")) }
        }
        names => format!("{} and {} more", quoted(&names[..NAMED]).join(", "), names.len() - NAMED),
    }
}

/// An address as people write it.
pub(super) fn path(at: &str) -> &str {
    if at.is_empty() { "/" } else { at }
}

/// `250ms`, `3s`, `15m`, `24h`, `7d`.
pub(super) fn duration(length: Duration) -> String {
    let millis = length.as_millis();
    let (count, unit) = match millis {
        0 => (0, "s"),
        _ if millis.is_multiple_of(86_400_000) => (millis / 86_400_000, "d"),
        _ if millis.is_multiple_of(3_600_000) => (millis / 3_600_000, "h"),
        _ if millis.is_multiple_of(60_000) => (millis / 60_000, "m"),
        _ if millis.is_multiple_of(1_000) => (millis / 1_000, "s"),
        _ => (millis, "ms"),
    };
    format!("{count}{unit}")
}

/// `60/min`, `5/s burst 20`.
pub(super) fn rate(rate: &Rate) -> String {
    let unit = match rate.period().as_secs() {
        1 => "s".to_owned(),
        60 => "min".to_owned(),
        3_600 => "h".to_owned(),
        86_400 => "day".to_owned(),
        2_592_000 => "month".to_owned(),
        _ => duration(rate.period()),
    };
    let burst = if rate.burst() == rate.count() { String::new() } else { format!(" burst {}", rate.burst()) };
    format!("{}/{unit}{burst}", rate.count())
}

/// Whether `new` admits nothing that `old` does not: no more at once, and no more in the long run.
pub(super) fn rate_within(new: &Rate, old: &Rate) -> bool {
    let long = |one: &Rate, other: &Rate| u128::from(one.count()) * other.period().as_nanos();
    new.burst() <= old.burst() && long(new, old) <= long(old, new)
}

#[cfg(test)]
mod tests {
    use super::{duration, list, rate, rate_within};
    use exchange::Rate;
    use std::num::NonZeroU32;
    use std::time::Duration;

    #[test]
    fn names_are_told_and_many_are_counted() {
        for (names, expected) in [
            (&[][..], "nothing"),
            (&["a"], "`a`"),
            (&["a", "b"], "`a` and `b`"),
            (&["a", "b", "c", "d", "e", "f"], "`a`, `b`, `c`, `d`, `e` and `f`"),
            (&["a", "b", "c", "d", "e", "f", "g"], "`a`, `b`, `c`, `d`, `e` and 2 more"),
        ] {
            assert_eq!(list(names), expected);
        }
        for (millis, expected) in
            [(250, "250ms"), (3_000, "3s"), (90_000, "90s"), (86_400_000, "1d"), (0, "0s")]
        {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn a_rate_is_within_another_when_neither_burst_nor_pace_grow() {
        let made = |count, seconds, burst| {
            let number = |count| NonZeroU32::new(count).unwrap();
            Rate::new(number(count), Duration::from_secs(seconds)).with_burst(number(burst))
        };
        let old = made(60, 60, 20);
        assert_eq!(rate(&old), "60/min burst 20");
        for (new, within) in [
            (made(60, 60, 20), true),
            (made(1, 1, 20), true),
            (made(59, 60, 20), true),
            (made(60, 60, 21), false),
            (made(2, 1, 1), false),
            (made(3_600, 3_600, 20), true),
            (made(3_601, 3_600, 1), false),
        ] {
            assert_eq!(rate_within(&new, &old), within, "{}", rate(&new));
        }
    }
}
