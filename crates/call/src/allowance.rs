//! What a provider's fields say of how often it may still be called, in every dialect that is spoken.
//!
//! `RateLimit` of the drafts of draft-ietf-httpapi-ratelimit-headers (08 and later: a list of named windows with `r` and `t`; 03
//! to 07: `limit=, remaining=, reset=`; before: a field each), the `X-RateLimit-*` and `X-Rate-Limit-*` that came before,
//! with moments in seconds, milliseconds or from now, and `Retry-After` (RFC 9110 §10.2.3). Of several windows the one
//! counts that has least left. Policies (`RateLimit-Policy`) say nothing of what is left and are not read.

use http::{HeaderMap, StatusCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No window is believed to be longer.
const LONGEST: Duration = Duration::from_secs(32 * 86_400);

/// Windows of one answer that are looked at.
const MOST: usize = 16;

/// What is left of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Calls that are left in it.
    pub remaining: u64,
    /// Until the next window begins; never less than the provider says.
    pub reset: Duration,
}

/// What an answer says of it; `None`: nothing, or nothing that can be understood.
pub fn allowance(status: StatusCode, fields: &HeaderMap, now: SystemTime) -> Option<Allowance> {
    let mut known: Vec<Allowance> = Vec::new();
    // Only with these does `Retry-After` mean that every call has to wait (RFC 6585 §4, RFC 9110 §15.6.4).
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
        && let Some(reset) = crate::retry::retry_after(fields, now)
    {
        known.push(Allowance { remaining: 0, reset });
    }
    for value in fields.get_all("ratelimit").iter().take(MOST) {
        known.extend(value.to_str().ok().into_iter().flat_map(listed));
    }
    for (remaining, resets) in PAIRS {
        let reset = || resets.iter().find_map(|name| moment(text(fields, name)?, now));
        if let Some(remaining) = text(fields, remaining).map(first).and_then(count)
            && let Some(reset) = reset()
        {
            known.push(Allowance { remaining, reset });
        }
    }
    known
        .into_iter()
        .map(|one| Allowance { reset: one.reset.min(LONGEST), ..one })
        .min_by_key(|one| (one.remaining, std::cmp::Reverse(one.reset)))
}

/// Names of what is left, and of when it begins anew, the most exact first.
const PAIRS: &[(&str, &[&str])] = &[
    ("ratelimit-remaining", &["ratelimit-reset"]),
    ("x-ratelimit-remaining", &["x-ratelimit-reset-after", "x-ratelimit-reset"]),
    ("x-rate-limit-remaining", &["x-rate-limit-reset"]),
    ("x-ratelimit-remaining-requests", &["x-ratelimit-reset-requests"]),
    ("x-ratelimit-remaining-tokens", &["x-ratelimit-reset-tokens"]),
];

fn text<'f>(fields: &'f HeaderMap, name: &str) -> Option<&'f str> {
    // Sent twice, the first is the one of the provider itself.
    fields.get(name)?.to_str().ok().map(str::trim)
}

/// The first of a list: the nearest window.
fn first(text: &str) -> &str {
    text.split([',', ';']).next().unwrap_or_default().trim()
}

fn count(text: &str) -> Option<u64> {
    // Some count below zero, some in fractions.
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded on both sides; a part of a call is none"
    )]
    let count = number.clamp(0.0, 1e15) as u64;
    Some(count)
}

/// The members of `RateLimit`.
fn listed(value: &str) -> Vec<Allowance> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=')?;
        Some((name.trim().to_ascii_lowercase(), count(value.trim())?))
    };
    let of = |pieces: &mut dyn Iterator<Item = &str>, left: &str, until: &str| {
        let (mut remaining, mut reset) = (None, None);
        for (name, value) in pieces.filter_map(pair) {
            if name == left {
                remaining = Some(value);
            } else if name == until {
                reset = Some(Duration::from_secs(value));
            }
        }
        Some(Allowance { remaining: remaining?, reset: reset? })
    };
    // Drafts 03 to 07: one window, its members parted by commas.
    if let Some(one) = of(&mut value.split([',', ';']), "remaining", "reset") {
        return vec![one];
    }
    let members = value.split(',').take(MOST);
    members.filter_map(|member| of(&mut member.split(';').skip(1), "r", "t")).collect()
}

/// How long until a moment: seconds from now, a moment in seconds or milliseconds, a date, or `6m0s`.
fn moment(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(date) = httpdate::parse_http_date(text) {
        return Some(date.duration_since(now).unwrap_or_default());
    }
    let text = first(text);
    let Ok(number) = text.parse::<f64>() else { return span(text) };
    let number = Some(number).filter(|number| number.is_finite())?.max(0.0);
    // Numbers that would be a window of 30 years are moments; those of 3,000 years are in milliseconds.
    let seconds = if number < 1e9 { return Duration::try_from_secs_f64(number).ok() } else { number };
    let seconds = if number < 1e11 { seconds } else { seconds / 1e3 };
    let at = UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// `1h2m3.5s`, `20ms`.
fn span(text: &str) -> Option<Duration> {
    let (mut rest, mut whole) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let number: f64 = rest[..end].parse().ok()?;
        let unit_end =
            rest[end..].find(|letter: char| !letter.is_ascii_alphabetic()).map_or(rest.len(), |at| end + at);
        let seconds = match &rest[end..unit_end] {
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        whole = whole.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = &rest[unit_end..];
    }
    Some(whole).filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Allowance, allowance};
    use http::{HeaderMap, HeaderName, StatusCode};
    use std::time::{Duration, SystemTime};

    fn said(status: u16, lines: &str) -> Option<(u64, u64)> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_784_111_777);
        let mut fields = HeaderMap::new();
        for (name, value) in lines.lines().map(|line| line.split_once(": ").unwrap()) {
            fields.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        allowance(status, &fields, now)
            .map(|Allowance { remaining, reset }| (remaining, u64::try_from(reset.as_millis()).unwrap()))
    }

    #[test]
    fn every_dialect_says_what_is_left_and_for_how_long() {
        for (lines, expected) in [
            ("RateLimit: \"default\";r=50;t=30", Some((50, 30_000))),
            ("RateLimit: \"burst\";r=5;t=1, \"daily\";r=0;t=3600", Some((0, 3_600_000))),
            ("RateLimit: \"a\";r=0;t=3\nRateLimit: \"b\";r=0;t=9", Some((0, 9_000))),
            ("RateLimit: default;r=7;t=2;pk=:dXNlcjE=:", Some((7, 2_000))),
            ("RateLimit: \"default\";r=7", None),
            ("RateLimit: limit=100, remaining=3, reset=5", Some((3, 5_000))),
            ("RateLimit-Limit: 100, 100;w=60\nRateLimit-Remaining: 0\nRateLimit-Reset: 2", Some((0, 2_000))),
            ("RateLimit-Policy: \"default\";q=100;w=60", None),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1784111787", Some((0, 10_000))),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1784111787500", Some((0, 10_500))),
            ("X-RateLimit-Remaining: 9\nX-RateLimit-Reset: 60", Some((9, 60_000))),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1784111000", Some((0, 0))),
            (
                "X-RateLimit-Remaining: 1\nX-RateLimit-Reset: 1784111787\nX-RateLimit-Reset-After: 9.25",
                Some((1, 9_250)),
            ),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: Wed, 15 Jul 2026 10:36:27 GMT", Some((0, 10_000))),
            ("X-Rate-Limit-Remaining: 4\nX-Rate-Limit-Reset: 1784111778", Some((4, 1_000))),
            ("X-RateLimit-Remaining-Requests: 5\nX-RateLimit-Reset-Requests: 6m0.5s", Some((5, 360_500))),
            (
                "X-RateLimit-Remaining-Requests: 5\nX-RateLimit-Reset-Requests: 1s\n\
                 X-RateLimit-Remaining-Tokens: 0\nX-RateLimit-Reset-Tokens: 20ms",
                Some((0, 20)),
            ),
            ("X-RateLimit-Remaining: -3\nX-RateLimit-Reset: 1", Some((0, 1_000))),
            ("X-RateLimit-Remaining: 0", None),
            ("X-RateLimit-Remaining: many\nX-RateLimit-Reset: 1", None),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: soon", None),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: NaN", None),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 999999999", Some((0, 32 * 86_400_000))),
            ("X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1e300", None),
        ] {
            assert_eq!(said(200, lines), expected, "{lines}");
        }
    }

    #[test]
    fn retry_after_counts_where_everybody_has_to_wait() {
        let date = "Retry-After: Wed, 15 Jul 2026 10:36:20 GMT";
        for (status, lines, expected) in [
            (429, "Retry-After: 7", Some((0, 7_000))),
            (503, date, Some((0, 3_000))),
            (429, "Retry-After: 7\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 9", Some((0, 9_000))),
            (301, "Retry-After: 7", None),
            (429, "Retry-After: soon", None),
        ] {
            assert_eq!(said(status, lines), expected, "{lines}");
        }
    }
}
