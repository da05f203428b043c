//! `--retry` as curl has it (curl(1)): what is repeated, and after how long.
//!
//! Passing are time-outs, names that are not found, and 408, 429, 500, 502, 503 and 504; `--retry-connrefused` adds a refused
//! connection, `--retry-all-errors` every failure. The pause begins with a second and doubles up to ten minutes,
//! `--retry-delay` sets it, and a longer `Retry-After` wins. Any method is repeated: whoever writes the flag has said so.

use crate::command::call::wanted::Wanted;
use call::retry_after;
use http::{HeaderMap, StatusCode};
use std::time::{Duration, SystemTime};

/// The first pause where none is given, and the longest one.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);

/// How often something is still repeated.
#[derive(Clone, Debug)]
pub(super) struct Again {
    left: u32,
    pause: Duration,
    doubles: bool,
    within: Option<Duration>,
    what: What,
}

/// What is repeated beside what passes by itself.
#[derive(Clone, Copy, Debug, Default)]
struct What {
    /// Everything that fails.
    all: bool,
    /// A refused connection.
    refused: bool,
    /// Whether a status is a failure (`-f`).
    statuses: bool,
}

impl Again {
    /// What the flags say.
    pub(super) fn of(wanted: &Wanted) -> Self {
        let transfer = &wanted.transfer;
        Self {
            left: transfer.retry.unwrap_or_default(),
            pause: transfer.retry_delay.unwrap_or(FIRST),
            doubles: transfer.retry_delay.is_none(),
            within: transfer.retry_max_time,
            what: What {
                all: transfer.retry_all,
                refused: transfer.retry_refused,
                statuses: wanted.fail || wanted.fail_with_body,
            },
        }
    }

    /// The pause before an answer is asked for once more, `passed` after the first time; none: it is the answer.
    pub(super) fn answer(
        &self,
        status: StatusCode,
        fields: &HeaderMap,
        passed: Duration,
    ) -> Option<Duration> {
        let passing = matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504);
        let failed = self.what.all && self.what.statuses && status.as_u16() >= 400;
        let asked = if passing { retry_after(fields, SystemTime::now()) } else { None };
        if passing || failed { self.pause(asked.unwrap_or_default(), passed) } else { None }
    }

    /// The pause after curl's code for a failure.
    pub(super) fn failure(&self, code: u8, passed: Duration) -> Option<Duration> {
        let passing =
            matches!(code, 5 | 6 | 28) || (code == 7 && self.what.refused) || (self.what.all && code != 0);
        if passing { self.pause(Duration::ZERO, passed) } else { None }
    }

    fn pause(&self, asked: Duration, passed: Duration) -> Option<Duration> {
        let pause = self.pause.max(asked);
        let in_time = self.within.is_none_or(|within| passed + pause < within);
        (self.left > 0 && in_time).then_some(pause)
    }

    /// One was used.
    pub(super) fn used(&mut self) {
        self.left = self.left.saturating_sub(1);
        if self.doubles {
            self.pause = (self.pause * 2).min(LONGEST);
        }
    }

    /// How many are left.
    pub(super) const fn left(&self) -> u32 {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::{Again, FIRST, What};
    use http::header::RETRY_AFTER;
    use http::{HeaderMap, StatusCode};
    use std::time::Duration;

    fn again() -> Again {
        Again { left: 2, pause: FIRST, doubles: true, within: None, what: What::default() }
    }

    #[test]
    fn what_passes_by_itself_is_repeated() {
        let none = HeaderMap::new();
        for (status, repeated) in
            [(200, false), (404, false), (408, true), (429, true), (500, true), (501, false), (503, true)]
        {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(again().answer(status, &none, Duration::ZERO).is_some(), repeated, "{status}");
        }
        let all = Again { what: What { all: true, statuses: true, ..What::default() }, ..again() };
        assert!(all.answer(StatusCode::NOT_FOUND, &none, Duration::ZERO).is_some());
        for (code, plain, refused, all) in
            [(6, true, true, true), (7, false, true, true), (28, true, true, true), (52, false, false, true)]
        {
            let known = |again: Again| again.failure(code, Duration::ZERO).is_some();
            let with_refused = Again { what: What { refused: true, ..What::default() }, ..again() };
            let with_all = Again { what: What { all: true, ..What::default() }, ..again() };
            assert_eq!(
                (known(again()), known(with_refused), known(with_all)),
                (plain, refused, all),
                "{code}"
            );
        }
    }

    #[test]
    fn pauses_double_and_what_is_asked_for_wins() {
        let mut again = again();
        let late = HeaderMap::from_iter([(RETRY_AFTER, "7".parse().unwrap())]);
        let ask = |again: &Again, fields: &HeaderMap, passed| {
            again.answer(StatusCode::SERVICE_UNAVAILABLE, fields, Duration::from_secs(passed))
        };
        assert_eq!(ask(&again, &HeaderMap::new(), 0), Some(FIRST));
        assert_eq!(ask(&again, &late, 0), Some(Duration::from_secs(7)));
        again.used();
        assert_eq!(ask(&again, &HeaderMap::new(), 0), Some(2 * FIRST));
        let short = Again { within: Some(Duration::from_secs(5)), ..again.clone() };
        assert_eq!((ask(&short, &late, 0), ask(&short, &HeaderMap::new(), 4)), (None, None));
        again.used();
        assert_eq!(ask(&again, &HeaderMap::new(), 0), None, "none is left");
    }
}
