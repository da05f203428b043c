//! Numbers: between their bounds, on their step, or at one end where that is wished; counted exactly.

use super::look::Parts;
use super::make::{Bound, Maker};
use crate::decimal::Decimal;
use num_bigint::BigInt;
use serde_json::{Map, Value};

/// A bound, and whether it is itself out.
type Limit = Option<(Decimal, bool)>;

impl<'a> Maker<'a, '_> {
    pub(super) fn number(&mut self, parts: &Parts<'a>, whole: bool) -> Option<Value> {
        let (low, high, step) = asked(parts, whole);
        let one = || Decimal::from(1_i64);
        let width = step.clone().unwrap_or_else(one).max(one()).times(&BigInt::from(100));
        let (from, to) = match (&low, &high) {
            (Some((low, _)), Some((high, _))) => (low.clone(), high.clone()),
            (Some((low, _)), None) => (low.clone(), low.plus(&width)),
            (None, Some((high, _))) => {
                let below = high.minus(&width);
                (if *high >= one() { below.max(Decimal::from(0_i64)) } else { below }, high.clone())
            }
            (None, None) => (step.clone().unwrap_or_else(one), width),
        };
        if from > to {
            return None;
        }
        let inside = |number: &Decimal| above(low.as_ref(), number) && below(high.as_ref(), number);
        let Some(step) = step else {
            let ends = match self.mode.bound {
                Some(Bound::Low) if low.is_some() => vec![from.clone()],
                Some(Bound::High) if high.is_some() => vec![to.clone()],
                _ => Vec::new(),
            };
            let share = f64::from(u16::try_from(self.random.below(999)).unwrap_or(0)) / 1000.0 + 0.0005;
            let plain = from.float() + (to.float() - from.float()) * share;
            let rounded = [(plain * 100.0).round() / 100.0, plain].into_iter().filter_map(Decimal::of_float);
            let middle = from.middle(&to);
            let number = ends.into_iter().chain(rounded).chain([middle, from, to]).find(|one| inside(one))?;
            return written(&number);
        };
        let (mut first, mut last) = (from.counted(&step, true), to.counted(&step, false));
        if !inside(&step.times(&first)) {
            first += 1;
        }
        if !inside(&step.times(&last)) {
            last -= 1;
        }
        if first > last {
            return None;
        }
        let span = usize::try_from(&last - &first).unwrap_or(usize::MAX).min(1000);
        let times = match self.mode.bound {
            Some(Bound::Low) if low.is_some() => first,
            Some(Bound::High) if high.is_some() => last,
            _ => first + BigInt::from(self.random.below(span + 1)),
        };
        written(&step.times(&times))
    }
}

fn written(number: &Decimal) -> Option<Value> {
    number.number().map(Value::Number)
}

/// The tightest bounds, and the step, of all parts together.
fn asked(parts: &Parts<'_>, whole: bool) -> (Limit, Limit, Option<Decimal>) {
    let (mut low, mut high): (Limit, Limit) = (None, None);
    let mut step = whole.then(|| Decimal::from(1_i64));
    for part in &parts.all {
        let [least, most] = bounds(part);
        if let Some((bound, out)) = least
            && low
                .as_ref()
                .is_none_or(|(known, known_out)| bound > *known || (bound == *known && out && !known_out))
        {
            low = Some((bound, out));
        }
        if let Some((bound, out)) = most
            && high
                .as_ref()
                .is_none_or(|(known, known_out)| bound < *known || (bound == *known && out && !known_out))
        {
            high = Some((bound, out));
        }
        if let Some(asked) = own_step(part) {
            step = Some(match step {
                // Both hold: a step that is a multiple of both, found by trying.
                Some(known) => (1..=1000)
                    .map(|times| asked.times(&BigInt::from(times)))
                    .find(|one| one.is_multiple_of(&known))
                    .unwrap_or(asked),
                None => asked,
            });
        }
    }
    (low, high, step)
}

fn number(part: &Map<String, Value>, word: &str) -> Option<Decimal> {
    match part.get(word)? {
        Value::Number(number) => Decimal::of(number),
        _ => None,
    }
}

fn own_step(part: &Map<String, Value>) -> Option<Decimal> {
    number(part, "multipleOf").filter(Decimal::is_positive)
}

/// The lower and the upper bound of a part, each with whether it is itself out.
fn bounds(part: &Map<String, Value>) -> [Limit; 2] {
    [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")].map(|(plain, exclusive)| {
        let bound = number(part, plain);
        match part.get(exclusive) {
            Some(Value::Bool(true)) => bound.map(|bound| (bound, true)),
            Some(Value::Number(_)) => {
                let own = number(part, exclusive)?;
                let tighter = |bound: &Decimal| if plain == "minimum" { *bound > own } else { *bound < own };
                Some(bound.filter(tighter).map_or((own, true), |bound| (bound, false)))
            }
            _ => bound.map(|bound| (bound, false)),
        }
    })
}

fn above(low: Option<&(Decimal, bool)>, number: &Decimal) -> bool {
    low.is_none_or(|(low, out)| number > low || (!out && number == low))
}

fn below(high: Option<&(Decimal, bool)>, number: &Decimal) -> bool {
    high.is_none_or(|(high, out)| number < high || (!out && number == high))
}

/// Whether a number keeps what a part says of numbers.
pub(super) fn in_bounds(part: &Map<String, Value>, number: &Decimal) -> bool {
    let [low, high] = bounds(part);
    above(low.as_ref(), number)
        && below(high.as_ref(), number)
        && own_step(part).is_none_or(|step| number.is_multiple_of(&step))
}
