//! What may be sent again, and after how long.
//!
//! A gateway hands the last real answer on, whatever its status: [`Providers::send`](crate::Providers::send)
//! repeats only what got no answer. Whoever would rather wait than see a 429 says so with a [`Patience`].

use crate::{ErrorKind, Outgoing};
use contract::Repeat;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

/// How patiently answers that ask to come back later are taken: 408, 429, 502, 503 and 504.
///
/// Only calls that are safe to repeat are repeated, at most `times`; what the provider says in `Retry-After`
/// is kept to, and where it asks for more than `longest`, its answer is given as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often a call is repeated.
    pub times: u32,
    /// The longest pause before one repetition.
    pub longest: Duration,
    /// After this long no repetition begins any more; none: only `times` counts.
    pub within: Option<Duration>,
    /// The pause where a provider asks for none; none: a short one that grows.
    pub pause: Option<Duration>,
    /// Whether every answer with 4xx and 5xx is taken so, and not only those that ask for it.
    pub any: bool,
}

/// Whether a request may be sent twice on our own account (RFC 9110 §9.2.2).
pub(crate) fn may_repeat(outgoing: &Outgoing<'_>) -> bool {
    let harmless = match &outgoing.repeat {
        Repeat::Safe | Repeat::Idempotent => true,
        Repeat::WithKey(name) => outgoing.fields.contains_key(name),
        Repeat::Never => false,
    };
    harmless && outgoing.body.can_repeat()
}

/// Whether trying again could end otherwise: the connection failed, not what was said on it.
pub(crate) const fn is_passing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NameUnknown
            | ErrorKind::ProxyUnknown
            | ErrorKind::Refused
            | ErrorKind::ConnectTimeout
            | ErrorKind::BrokenOff
    )
}

/// Whether an answer asks to come back later.
pub(crate) fn asks_for_patience(status: StatusCode) -> bool {
    // RFC 6585 §4; RFC 9110 §15.6.3 to §15.6.5
    matches!(
        status,
        // §15.5.9: the client MAY repeat the request.
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// What `Retry-After` asks for: seconds or a date (RFC 9110 §10.2.3). `None` where it is absent or neither.
pub fn retry_after(fields: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = fields.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The pause before repetition number `nth` (from 0): doubling, and at random between half and whole, so
/// that those who failed together do not come back together.
pub(crate) fn pause(nth: u32) -> Duration {
    let whole = Duration::from_millis(50 << nth.min(5));
    // The standard library's hasher is seeded at random: entropy enough to spread callers.
    let percent = RandomState::new().build_hasher().finish() % 51;
    whole / 2 + whole * u32::try_from(percent).unwrap_or_default() / 100
}

#[cfg(test)]
mod tests {
    use super::{pause, retry_after};
    use http::HeaderMap;
    use http::header::RETRY_AFTER;
    use std::time::{Duration, SystemTime};

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        for (text, wait) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("1.5", None),
            ("-1", None),
            ("soon", None),
        ] {
            let mut fields = HeaderMap::new();
            fields.insert(RETRY_AFTER, text.parse().unwrap());
            assert_eq!(retry_after(&fields, now), wait.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_pause_grows_and_is_bounded() {
        for nth in 0..40 {
            let whole = Duration::from_millis(50 << nth.min(5));
            let paused = pause(nth);
            assert!(paused >= whole / 2 && paused <= whole, "{nth}: {paused:?}");
        }
    }
}
