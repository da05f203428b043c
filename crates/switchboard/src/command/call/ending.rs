//! With which code a call ends: interruption and usage before network, expectations before the contract, the status last.

use crate::exit::{Exit, Failure};
use http::StatusCode;

/// What is expected of a status: `200`, `2xx`, or several with commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected(Vec<(u16, u16)>);

impl Expected {
    /// Reads `200,404` or `2xx`.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let one = |word: &str| {
            let word = word.trim().to_ascii_lowercase();
            let class = word.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok());
            match (class, word.parse::<u16>()) {
                (Some(class @ 1..=5), _) => Ok((class * 100, class * 100 + 99)),
                (None, Ok(status @ 100..=599)) => Ok((status, status)),
                _ => Err(Failure::usage(format!("`--expect {text}` is no status"))
                    .help("write `--expect 200`, `--expect 200,404` or `--expect 2xx`")),
            }
        };
        text.split(',').map(one).collect::<Result<Vec<_>, _>>().map(Self)
    }

    fn allows(&self, status: StatusCode) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&status.as_u16()))
    }
}

/// How a call with this answer ends.
pub(crate) fn of(
    status: StatusCode,
    conditional: bool,
    expected: Option<&Expected>,
    response_breaks: bool,
) -> Exit {
    match expected {
        Some(expected) if !expected.allows(status) => return Exit::Assertion,
        _ if response_breaks => return Exit::ResponseBreaks,
        Some(_) => return Exit::Ok,
        None => {}
    }
    match status.as_u16() {
        // RFC 9110 §15.4.5: the answer that a conditional request asked for.
        304 if conditional => Exit::Ok,
        300..400 => Exit::Class(3),
        400..500 => Exit::Class(4),
        500.. => Exit::Class(5),
        _ => Exit::Ok,
    }
}

/// The word for an ending in an envelope.
pub(crate) const fn word(exit: Exit) -> &'static str {
    match exit {
        Exit::Ok => "ok",
        Exit::Run | Exit::Curl(_) => "network",
        Exit::Usage => "usage",
        Exit::Class(3) => "redirected",
        Exit::Class(4) => "declined",
        Exit::Class(_) => "failed",
        Exit::Timeout => "timed-out",
        Exit::RequestBreaks => "request-breaks-contract",
        Exit::ResponseBreaks => "response-breaks-contract",
        Exit::Assertion => "not-as-expected",
        Exit::Batch => "rows-failed",
        Exit::Interrupted => "interrupted",
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, Expected, of};
    use http::StatusCode;

    #[test]
    fn endings_keep_their_order() {
        let check = |status, expected: Option<&str>, breaks, exit| {
            let expected = expected.map(|text| Expected::read(text).unwrap());
            assert_eq!(
                of(StatusCode::from_u16(status).unwrap(), false, expected.as_ref(), breaks),
                exit,
                "{status}"
            );
        };
        check(200, None, false, Exit::Ok);
        check(302, None, false, Exit::Class(3));
        check(304, None, false, Exit::Class(3));
        check(404, None, false, Exit::Class(4));
        check(503, None, false, Exit::Class(5));
        check(404, None, true, Exit::ResponseBreaks);
        check(404, Some("404"), false, Exit::Ok);
        check(404, Some("2xx,404"), true, Exit::ResponseBreaks);
        check(200, Some("201"), true, Exit::Assertion);
        assert_eq!(of(StatusCode::NOT_MODIFIED, true, None, false), Exit::Ok);
        assert!(
            Expected::read("20").is_err() && Expected::read("9xx").is_err() && Expected::read("").is_err()
        );
    }
}
