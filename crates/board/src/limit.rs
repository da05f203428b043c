//! A limit as a plan writes it: a rate, or how many calls run at once; and what it counts per.

use crate::quantity::{self, BadRate};
use exchange::{Origin, PolicyId, Rate};
use std::num::NonZeroU32;

/// A limit of a plan.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What its meters are kept by.
    pub policy: PolicyId,
    /// What is measured, and how much of it.
    pub measure: Measure,
    /// Per what it counts.
    pub per: Per,
    /// As written: `60/min`.
    pub text: String,
    /// Where it is written.
    pub origin: Origin,
}

/// What a limit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Calls per time, weighted by what the offer says they cost.
    Rate(Rate),
    /// Calls that run at the same time, from admission to the last byte of the answer. A call is one, whatever it costs.
    AtOnce(NonZeroU32),
}

impl Measure {
    /// The most that may be had in one moment: the burst of a rate, or the calls at once.
    pub const fn most(&self) -> u32 {
        match self {
            Self::Rate(rate) => rate.burst(),
            Self::AtOnce(most) => most.get(),
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

/// Reads `60/min burst 20 per ip`, `4 at once per key`.
pub(crate) fn read(text: &str) -> Result<(Measure, Option<Per>), BadRate> {
    let mut words = text.split_whitespace();
    let (first, at, once) = (words.next(), words.next(), words.next());
    if (at, once) != (Some("at"), Some("once")) {
        let written = quantity::rate(text)?;
        return Ok((Measure::Rate(written.rate), written.per));
    }
    let most = quantity::positive(first.unwrap_or_default())?;
    let per = match (words.next(), words.next(), words.next()) {
        (None, ..) => None,
        (Some("per"), Some(word), None) => Some(Per::of(word).ok_or(BadRate::Per)?),
        _ => return Err(BadRate::NoRate),
    };
    Ok((Measure::AtOnce(most), per))
}

#[cfg(test)]
mod tests {
    use super::{Measure, Per, read};
    use crate::quantity::BadRate;

    #[test]
    fn calls_at_once_are_a_limit_beside_rates() {
        for (text, most, per) in [
            ("4 at once", 4, None),
            ("1 at once per key", 1, Some(Per::Key)),
            ("9 at  once per ip", 9, Some(Per::Address)),
        ] {
            let (measure, found) = read(text).unwrap();
            assert!(matches!(measure, Measure::AtOnce(_)), "{text}");
            assert_eq!((measure.most(), found), (most, per), "{text}");
        }
        let (rate, per) = read("60/min burst 20 per operation").unwrap();
        assert!(matches!(rate, Measure::Rate(_)));
        assert_eq!((rate.most(), per), (20, Some(Per::Operation)));
        for (text, fault) in [
            ("0 at once", BadRate::Zero),
            ("-1 at once", BadRate::NoRate),
            ("at once", BadRate::NoRate),
            ("4 at", BadRate::NoRate),
            ("4 at once burst 3", BadRate::NoRate),
            ("4 at once per planet", BadRate::Per),
            ("4 at once per ip per key", BadRate::NoRate),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
    }
}
