//! curl's exit codes (curl(1), EXIT CODES) for what can go wrong here.

use crate::command::call::trip::Broke;
use crate::exit::{Exit, Failure};
use call::redirect::NotFollowed;
use call::{CallError, ErrorKind};

/// A URL that cannot be read: 1 for a scheme that is not spoken, else 3.
pub(crate) fn of_url(failure: &Failure) -> (u8, String) {
    let code = if failure.message.contains("is not spoken") { 1 } else { 3 };
    (code, failure.message.clone())
}

/// The code and the words for a trip that broke off.
pub(crate) fn of(broke: Broke) -> (u8, String) {
    match broke {
        Broke::Unanswered(error) => (unanswered(&error), error.detail),
        // Some of the body came: a partial file; nothing of it: a receive failure.
        Broke::Cut(error) if error.kind == ErrorKind::TotalTimeout => (28, error.detail),
        Broke::Cut(error) => (18, error.detail),
        Broke::Late(limit) => (28, format!("Operation timed out after {} milliseconds", limit.as_millis())),
        Broke::Redirects(NotFollowed::TooOften(most)) => (47, format!("Maximum ({most}) redirects followed")),
        Broke::Redirects(why @ NotFollowed::Scheme(_)) => (1, why.to_string()),
        Broke::Redirects(why) => (3, why.to_string()),
        Broke::Here(Failure { exit: Exit::Curl(code), message, .. }) => (code, message),
        Broke::Here(failure) if failure.message.contains("cannot be unpacked") => (61, failure.message),
        Broke::Here(failure) if failure.exit == Exit::Run => (23, failure.message),
        Broke::Here(failure) => (2, failure.message),
        Broke::Interrupted => (130, String::new()),
    }
}

const fn unanswered(error: &CallError) -> u8 {
    match error.kind {
        ErrorKind::ProxyUnknown => 5,
        ErrorKind::NameUnknown => 6,
        // curl: the answer to CONNECT is a receive failure.
        ErrorKind::TunnelRefused => 56,
        ErrorKind::SocksRefused => 97,
        ErrorKind::Refused => 7,
        ErrorKind::Untrusted => 60,
        ErrorKind::TlsBroken => 35,
        ErrorKind::BrokenOff => 52,
        // curl says "Received HTTP/0.9 when not allowed".
        ErrorKind::Garbage => 1,
        ErrorKind::ConnectTimeout | ErrorKind::Silent | ErrorKind::TotalTimeout | ErrorKind::Busy(_) => 28,
        ErrorKind::CallerGone => 26,
        ErrorKind::Unauthorised => 67,
        ErrorKind::Unusable => 77,
    }
}
