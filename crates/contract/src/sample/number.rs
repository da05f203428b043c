//! Numbers: between their bounds, on their step, or at one end where that is wished.

use super::look::{Parts, bounds};
use super::make::{Bound, Maker};
use serde_json::{Number, Value, json};

impl<'a> Maker<'a, '_> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "whole numbers within what was asked for"
    )]
    pub(super) fn number(&mut self, parts: &Parts<'a>, whole: bool) -> Option<Value> {
        let mut low: Option<(f64, bool)> = None;
        let mut high: Option<(f64, bool)> = None;
        let mut step: Option<f64> = whole.then_some(1.0);
        for part in &parts.all {
            let [least, most] = bounds(part);
            if let Some((bound, out)) = least
                && low.is_none_or(|(known, known_out)| bound > known || (bound >= known && out && !known_out))
            {
                low = Some((bound, out));
            }
            if let Some((bound, out)) = most
                && high
                    .is_none_or(|(known, known_out)| bound < known || (bound <= known && out && !known_out))
            {
                high = Some((bound, out));
            }
            if let Some(asked) = part.get("multipleOf").and_then(Value::as_f64).filter(|asked| *asked > 0.0) {
                step = Some(match step {
                    // Both hold: a step that is a multiple of both, found by trying.
                    Some(known) => (1..=1000)
                        .map(|times| asked * f64::from(times))
                        .find(|one| (one / known).fract().abs() < 1e-9)
                        .unwrap_or(asked),
                    None => asked,
                });
            }
        }
        let width = step.unwrap_or(1.0).max(1.0) * 100.0;
        let (from, to) = match (low, high) {
            (Some((low, _)), Some((high, _))) => (low, high),
            (Some((low, _)), None) => (low, low + width),
            (None, Some((high, _))) => {
                (if high >= 1.0 { (high - width).max(0.0) } else { high - width }, high)
            }
            (None, None) => (step.unwrap_or(1.0), width),
        };
        if from > to {
            return None;
        }
        let inside = |number: f64| {
            low.is_none_or(|(low, out)| number > low || (!out && number >= low))
                && high.is_none_or(|(high, out)| number < high || (!out && number <= high))
        };
        let Some(step) = step else {
            let ends = match self.mode.bound {
                Some(Bound::Low) if low.is_some() => vec![from],
                Some(Bound::High) if high.is_some() => vec![to],
                _ => Vec::new(),
            };
            let share = self.random.below(999) as f64 / 1000.0 + 0.0005;
            let plain = from + (to - from) * share;
            let rounded = [(plain * 100.0).round() / 100.0, plain];
            let number = ends.into_iter().chain(rounded).chain([from, to]).find(|one| inside(*one))?;
            return Number::from_f64(number).map(Value::Number);
        };
        let (mut first, mut last) = ((from / step).ceil(), (to / step).floor());
        if !inside(first * step) {
            first += 1.0;
        }
        if !inside(last * step) {
            last -= 1.0;
        }
        if first > last {
            return None;
        }
        let span = (last - first).min(1000.0);
        let times = match self.mode.bound {
            Some(Bound::Low) if low.is_some() => first,
            Some(Bound::High) if high.is_some() => last,
            _ => first + (self.random.below(span as usize + 1) as f64),
        };
        if step.fract() == 0.0 {
            let number = times * step;
            if number.abs() < 9.2e18 {
                return Some(json!(number as i64));
            }
            return Number::from_f64(number).map(Value::Number);
        }
        // `times / 100` is a shorter number than `times * 0.01`.
        let inverse = (1.0 / step).round();
        let number = if (1.0 / step - inverse).abs() < 1e-9 { times / inverse } else { times * step };
        Number::from_f64(number).map(Value::Number)
    }
}
