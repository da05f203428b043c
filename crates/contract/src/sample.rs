//! Samples: values that a shape allows, made from examples and schemas, the same for the same seed.
//!
//! Invariant: nothing is given that [`Shape::check`] does not agree with (for [`Want::Negative`]: that
//! it agrees with). What cannot be made in a bounded number of tries is `None`, never a guess.

mod answer;
mod choice;
mod examples;
mod look;
mod make;
mod negative;
mod number;
mod object;
mod pattern;
mod place;
mod random;
mod refused;
mod request;
mod text;

pub use answer::{Asked, NoAnswer, Sampled, sample_answer};
pub use examples::Examples;
pub use request::{sample_request, sample_request_by};

use crate::{Pointer, Shape};
use look::{Look, Schemas};
use make::{Bound, Maker, Mode};
use random::Random;
use serde_json::Value;

/// Tries before there is no sample.
const TRIES: u64 = 24;
/// Rounds in which what is wrong and need not be there is taken away.
const MENDINGS: usize = 12;

/// Which kind of sample is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// A usual one: examples where there are some, most members that may be there.
    Plain,
    /// Only what must be there.
    Minimal,
    /// At the bounds: lengths, counts and numbers as small (even) or as large (odd) as they may be.
    Boundary(u64),
    /// One that must be refused, for one reason where that can be; the number says where to begin to look for it.
    Negative(u64),
}

impl Shape {
    /// A value of this shape, by seed; `None` where none could be made in bounded tries.
    ///
    /// Every value but a [`Want::Negative`] one keeps to the shape; a negative one breaks it.
    pub fn sample(&self, seed: u64, want: Want) -> Option<Value> {
        self.sample_where(seed, want, &|_| true)
    }

    /// As [`Shape::sample`], for a place that takes only some values.
    pub(crate) fn sample_where(
        &self,
        seed: u64,
        want: Want,
        takes: &dyn Fn(&Value) -> bool,
    ) -> Option<Value> {
        if let Want::Negative(turn) = want {
            let good = self.sample_where(seed, Want::Plain, takes)?;
            return negative::broken(self, &good, turn).map(|(value, _)| value);
        }
        let Some((root, version, side, store)) = self.raw() else {
            return [Value::from("amber"), Value::Object(serde_json::Map::new())]
                .into_iter()
                .find(|one| takes(one));
        };
        let schemas = Schemas::of(&root, store);
        let look = Look::new(&schemas, version, side);
        for turn in 0..TRIES {
            let bound = match want {
                Want::Boundary(which) if turn < TRIES / 2 => {
                    Some(if which % 2 == 0 { Bound::Low } else { Bound::High })
                }
                _ => None,
            };
            let plain = matches!(want, Want::Plain);
            let mode = Mode {
                examples: plain && turn % 4 < 2 && turn < TRIES / 2,
                sparse: matches!(want, Want::Minimal) || turn >= TRIES / 2 && turn % 2 == 0 || turn == 3,
                bound,
            };
            // Neighbouring seeds shall not share their later tries.
            let row = Random::new(seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(turn));
            let Some(value) = Maker::new(&look, row, mode).value(&[&root], 0) else { continue };
            if let Some(value) = self.mended(value).filter(takes) {
                return Some(value);
            }
        }
        None
    }

    /// The value, without what of it is wrong and need not be there; `None` if that does not help.
    fn mended(&self, mut value: Value) -> Option<Value> {
        for _ in 0..MENDINGS {
            let found = self.check(&value);
            if found.is_empty() {
                return Some(value);
            }
            let mut changed = false;
            for violation in &found {
                changed |= take_away(&mut value, &violation.at);
            }
            if !changed {
                return None;
            }
        }
        None
    }
}

/// Takes away the member or item at `at`, or what of its parents is there.
fn take_away(value: &mut Value, at: &Pointer) -> bool {
    let Some((above, _)) = at.as_str().rsplit_once('/') else { return false };
    let Some(last) = at.tokens().last() else { return false };
    match value.pointer_mut(above) {
        Some(Value::Object(members)) => members.shift_remove(&last).is_some(),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}
