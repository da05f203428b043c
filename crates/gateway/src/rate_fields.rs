//! What is left of the limits, in the fields of an answer.
//!
//! Source: draft-ietf-httpapi-ratelimit-headers-11 §3, §4 (structured fields, RFC 9651 lists); the
//! `X-RateLimit-*` triple beside them, `Reset` in seconds from now; RFC 9110 §10.2.3 (`Retry-After`).

use crate::world::{ServedLimit, ServedPlan};
use board::Measure;
use exchange::Left;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write as _;
use std::time::Duration;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// `RateLimit-Policy`: `"free";q=60;w=60`.
pub(crate) fn policy(limits: &[ServedLimit]) -> Option<HeaderValue> {
    let mut text = String::new();
    for served in limits {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{}", served.name);
        let _ = match served.limit.measure {
            Measure::Rate(rate) => write!(text, ";q={};w={}", rate.count(), whole(rate.period())),
            // §3.1.2: a unit of its own; there is no window.
            Measure::Quota(quota) => {
                write!(text, ";q={};w={}", quota.amount, quota.period.seconds())
            }
            Measure::AtOnce(most) => write!(text, ";q={most};qu=\"concurrent-requests\""),
        };
    }
    (!text.is_empty()).then(|| HeaderValue::from_str(&text).ok()).flatten()
}

/// Writes the fields of an answer of a limited offer.
pub(crate) fn write(fields: &mut HeaderMap, plan: &ServedPlan, left: &[Left]) {
    let Some(policy) = &plan.policy else { return };
    fields.insert(RATELIMIT_POLICY, policy.clone());
    let mut text = String::with_capacity(48);
    let mut number = itoa::Buffer::new();
    for (served, left) in plan.limits.iter().zip(left) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&served.name);
        text.push_str(";r=");
        text.push_str(number.format(left.remaining));
        if !matches!(served.limit.measure, Measure::AtOnce(_)) {
            text.push_str(";t=");
            text.push_str(number.format(whole(left.full_in)));
        }
    }
    if let Ok(value) = HeaderValue::try_from(text) {
        fields.insert(RATELIMIT, value);
    }
    // The older fields know one limit: the one that will say no first.
    let nearest = plan
        .limits
        .iter()
        .zip(left)
        // A number of calls at once comes back by itself: a rate is what a caller plans by.
        .min_by_key(|(served, left)| (matches!(served.limit.measure, Measure::AtOnce(_)), left.remaining));
    if let Some((served, left)) = nearest {
        fields.insert(X_LIMIT, served.limit.measure.most().into());
        fields.insert(X_REMAINING, left.remaining.into());
        fields.insert(X_RESET, whole(left.full_in).into());
    }
}

/// Seconds, rounded up: coming back at the time that is said must work.
pub(crate) fn whole(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// A structured-fields string (RFC 9651 §3.3.3); a plan's name has no quote in it, but who knows.
pub(crate) fn quoted(name: &str) -> String {
    let clean: String =
        name.chars().filter(|letter| matches!(letter, ' '..='~') && !"\"\\".contains(*letter)).collect();
    format!("\"{clean}\"")
}
