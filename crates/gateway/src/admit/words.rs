//! What the limits say, in words: to a caller who is refused, and to whoever asks for an explanation.

use super::cost;
use crate::rate_fields::whole;
use crate::seen::Seen;
use crate::world::{ServedLimit, World};
use board::Measure;
use exchange::{Decision, Reason, Refusal, Stage};
use std::fmt::Write as _;
use std::time::Duration;

/// What the limits have left.
pub(crate) fn words(world: &World, seen: &Seen) -> Vec<Decision> {
    let (Some(served), Some(plan)) = (world.offer_of(seen), world.plan(seen)) else { return Vec::new() };
    let cost = cost(served, seen);
    plan.limits
        .iter()
        .zip(&seen.left)
        .map(|(limit, left)| {
            let used = limit.limit.measure.most().saturating_sub(left.remaining);
            let counts_cost = !matches!(limit.limit.measure, Measure::AtOnce(_));
            let mut words = if counts_cost {
                format!("{used} used, {} left", left.remaining)
            } else {
                format!("{used} running, {} free", left.remaining)
            };
            if cost > 1 && counts_cost {
                let _ = write!(words, ", this call costs {cost}");
            }
            if !left.full_in.is_zero() {
                let what =
                    if matches!(limit.limit.measure, Measure::Quota(_)) { "more" } else { "full again" };
                let _ = write!(words, ", {what} in {}", wait(left.full_in));
            }
            if limit.limit.soft && left.remaining < cost {
                words.push_str(", soft: nobody is refused");
            }
            Decision {
                stage: Stage::Limit,
                subject: limit.limit.text.clone(),
                words,
                origin: Some(limit.limit.origin.to_string()),
                refused: None,
            }
        })
        .collect()
}

pub(super) fn over(served: &ServedLimit, retry_in: Duration) -> Refusal {
    let wait = retry_in.max(Duration::from_nanos(1));
    let words = format!("the limit of {} is used up: try again in {} s", served.limit.text, whole(wait));
    Reason::OverLimit.because(words).retry_after(wait).origin(served.limit.origin.clone())
}

/// Nobody knows when a call under way ends: a second is a guess that spares both sides.
pub(super) fn crowded(served: &ServedLimit, most: u32) -> Refusal {
    let calls = if most == 1 { "one call".to_owned() } else { format!("{most} calls") };
    let words = format!(
        "{calls} at once may run, and {} already: wait until one is over",
        if most == 1 { "it does" } else { "they do" }
    );
    Reason::OverLimit.because(words).retry_after(Duration::from_secs(1)).origin(served.limit.origin.clone())
}

pub(super) fn used_up(served: &ServedLimit, more_in: Duration) -> Refusal {
    let after = more_in.max(Duration::from_secs(1));
    let words = format!("the quota of {} is used up: there is more in {}", served.limit.text, wait(after));
    Reason::OverLimit.because(words).retry_after(after).origin(served.limit.origin.clone())
}

pub(super) fn cannot_tell(served: &ServedLimit) -> Refusal {
    let words =
        format!("what is left of the quota of {} cannot be told at the moment: try again", served.limit.text);
    Reason::OverLimit.because(words).retry_after(Duration::from_secs(1)).origin(served.limit.origin.clone())
}

/// A wait in words: `41 s`, `14 min`, `5 h`, `12 days`, rounded up.
pub fn wait(time: Duration) -> String {
    let seconds = whole(time);
    match seconds {
        0..=120 => format!("{seconds} s"),
        121..=7_200 => format!("{} min", seconds.div_ceil(60)),
        7_201..=172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}
