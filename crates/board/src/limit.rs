//! A limit as a plan writes it: a rate, how many calls run at once, or a quota; and what it counts per.

use crate::quantity::{self, BadRate};
use exchange::{Origin, Period, PolicyId, Quota, Rate};
use std::num::NonZeroU32;

/// A limit of a plan.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What its meters are kept by, and what is granted of a quota.
    pub policy: PolicyId,
    /// What is measured, and how much of it.
    pub measure: Measure,
    /// Per what it counts.
    pub per: Per,
    /// Whether nobody is refused: who goes over it is only named.
    pub soft: bool,
    /// As written: `60/min`.
    pub text: String,
    /// Where it is written.
    pub origin: Origin,
}

/// What a limit is called within its plan: what it measures in which time, and what it counts per. Not how much: a changed
/// limit goes on from what was spent.
pub(crate) fn name(measure: Measure, per: Per, soft: bool) -> String {
    let mut name = match measure {
        Measure::Rate(rate) => format!("rate-{}ms", rate.period().as_millis()),
        Measure::AtOnce(_) => "at-once".to_owned(),
        Measure::Quota(quota) => quota.period.to_string(),
    };
    name.push_str(match per {
        Per::Consumer => "",
        Per::Address => "/ip",
        Per::Key => "/key",
        Per::Operation => "/operation",
        Per::Api => "/api",
    });
    name.push_str(if soft { "/soft" } else { "" });
    name
}

/// What a limit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Calls per time, weighted by what the offer says they cost.
    Rate(Rate),
    /// Calls that run at the same time, from admission to the last byte of the answer. A call is one, whatever it costs.
    AtOnce(NonZeroU32),
    /// What calls cost in a period, exact over processes and kills. Spent when the call reaches its provider.
    Quota(Quota),
}

impl Measure {
    /// The most that may be had in one moment: the burst of a rate, the calls at once, the whole quota.
    pub const fn most(&self) -> u32 {
        match self {
            Self::Rate(rate) => rate.burst(),
            Self::AtOnce(most) => most.get(),
            Self::Quota(quota) => quota.amount.get(),
        }
    }
}

/// What a limit counts per. Over all that the plan opens, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    /// A consumer.
    Consumer,
    /// An address of callers.
    Address,
    /// A key.
    Key,
    /// A consumer and an operation.
    Operation,
    /// A consumer and an API.
    Api,
}

impl Per {
    /// The word after `per`; a consumer has none, it is the default.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "ip" => Self::Address,
            "key" => Self::Key,
            "operation" => Self::Operation,
            "api" => Self::Api,
            _ => return None,
        })
    }
}

/// A limit as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written<M> {
    pub(crate) measure: M,
    pub(crate) per: Option<Per>,
    pub(crate) soft: bool,
}

/// Reads `60/min burst 20 per ip`, `4 at once per key`, `50/min soft`.
pub(crate) fn read(text: &str) -> Result<Written<Measure>, BadRate> {
    let (text, soft) = softness(text);
    let mut words = text.split_whitespace();
    let (first, at, once) = (words.next(), words.next(), words.next());
    if (at, once) != (Some("at"), Some("once")) {
        let quantity::Written { rate, per } = quantity::rate(text)?;
        return Ok(Written { measure: Measure::Rate(rate), per, soft });
    }
    let measure = Measure::AtOnce(quantity::positive(first.unwrap_or_default())?);
    Ok(Written { measure, per: per(words)?, soft })
}

/// Reads `10000/month`, `500 in 24h per key`, `8000/month soft`.
pub(crate) fn read_quota(text: &str) -> Result<Written<Quota>, BadRate> {
    let (text, soft) = softness(text);
    let mut words = text.split_whitespace();
    let first = words.next().ok_or(BadRate::NoRate)?;
    let (amount, period) = match first.split_once('/') {
        Some((amount, period)) => {
            let known = PERIODS.iter().find(|(word, _)| *word == period).map(|(_, period)| *period);
            // What is wrong with the number is told first.
            (amount, known.ok_or_else(|| quantity::positive(amount).err().unwrap_or(BadRate::Unit))?)
        }
        None if words.next() == Some("in") => {
            quantity::positive(first)?;
            let length = words.next().ok_or(BadRate::NoRate)?;
            let length = quantity::duration(length).ok_or(BadRate::Window)?;
            if !ROLLING_SECONDS.contains(&length.as_secs()) {
                return Err(BadRate::Window);
            }
            (first, Period::Rolling(length))
        }
        None => return Err(BadRate::NoRate),
    };
    let quota = Quota { amount: quantity::positive(amount)?, period };
    Ok(Written { measure: quota, per: per(words)?, soft })
}

/// Calendar periods of quotas.
const PERIODS: [(&str, Period); 5] = [
    ("h", Period::Hour),
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
    ("year", Period::Year),
];
/// From a minute to two years (732 days): what is shorter is a rate's.
const ROLLING_SECONDS: std::ops::RangeInclusive<u64> = 60..=2 * 366 * 86_400;

/// Takes `soft` from the end.
fn softness(text: &str) -> (&str, bool) {
    let text = text.trim();
    match text.strip_suffix("soft") {
        Some(rest) if rest.ends_with(char::is_whitespace) => (rest, true),
        _ => (text, false),
    }
}

/// What follows: nothing, or `per` and a word.
fn per<'w>(mut words: impl Iterator<Item = &'w str>) -> Result<Option<Per>, BadRate> {
    match (words.next(), words.next(), words.next()) {
        (None, ..) => Ok(None),
        (Some("per"), Some(word), None) => Per::of(word).map(Some).ok_or(BadRate::Per),
        _ => Err(BadRate::NoRate),
    }
}

#[cfg(test)]
mod tests {
    use super::{Measure, Per, read, read_quota};
    use crate::quantity::BadRate;
    use exchange::Period;
    use std::time::Duration;

    #[test]
    fn calls_at_once_are_a_limit_beside_rates() {
        for (text, most, per) in [
            ("4 at once", 4, None),
            ("1 at once per key", 1, Some(Per::Key)),
            ("9 at  once per ip", 9, Some(Per::Address)),
        ] {
            let found = read(text).unwrap();
            assert!(matches!(found.measure, Measure::AtOnce(_)), "{text}");
            assert_eq!((found.measure.most(), found.per, found.soft), (most, per, false), "{text}");
        }
        let rate = read("60/min burst 20 per operation").unwrap();
        assert!(matches!(rate.measure, Measure::Rate(_)));
        assert_eq!((rate.measure.most(), rate.per, rate.soft), (20, Some(Per::Operation), false));
        for text in ["60/min burst 20 per operation soft", "60/min soft", "3 at once per key soft"] {
            assert!(read(text).unwrap().soft, "{text}");
        }
        for (text, fault) in [
            ("0 at once", BadRate::Zero),
            ("-1 at once", BadRate::Negative),
            ("at once", BadRate::NoRate),
            ("4 at", BadRate::NoRate),
            ("4 at once burst 3", BadRate::NoRate),
            ("4 at once per planet", BadRate::Per),
            ("4 at once per ip per key", BadRate::NoRate),
            ("60/minsoft", BadRate::Unit),
            ("soft", BadRate::NoRate),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_quota_is_for_a_calendar_period_or_for_any_stretch_of_time() {
        let day = Duration::from_secs(86_400);
        for (text, amount, period, per, soft) in [
            ("10000/month", 10_000, Period::Month, None, false),
            ("1/h per operation", 1, Period::Hour, Some(Per::Operation), false),
            ("500 in 24h per key", 500, Period::Rolling(day), Some(Per::Key), false),
            ("500  in 30d soft", 500, Period::Rolling(day * 30), None, true),
            ("8/year soft", 8, Period::Year, None, true),
            ("4294967295 in 732d", u32::MAX, Period::Rolling(day * 732), None, false),
            ("1 in 1m", 1, Period::Rolling(Duration::from_secs(60)), None, false),
        ] {
            let found = read_quota(text).unwrap();
            assert_eq!((found.measure.amount.get(), found.measure.period), (amount, period), "{text}");
            assert_eq!((found.per, found.soft), (per, soft), "{text}");
        }
        for (text, fault) in [
            ("-5/month", BadRate::Negative),
            ("0/month", BadRate::Zero),
            ("5/min", BadRate::Unit),
            ("5/s", BadRate::Unit),
            ("5", BadRate::NoRate),
            ("5 in", BadRate::NoRate),
            ("5 in 59s", BadRate::Window),
            ("5 in 3w", BadRate::Window),
            ("-5 in 3w", BadRate::Negative),
            ("5 in 733d", BadRate::Window),
            ("5/month burst 3", BadRate::NoRate),
            ("5/month per planet", BadRate::Per),
            ("5000000000/month", BadRate::TooLarge),
            ("5000000000/min", BadRate::TooLarge),
            ("x/month", BadRate::NoRate),
        ] {
            assert_eq!(read_quota(text), Err(fault), "{text}");
        }
    }
}
