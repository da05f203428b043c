//! A trip that broke off, and how that is said: what happened, and what to do about it.

use super::super::redirect;
use crate::exit::{Exit, Failure};
use call::CallError;
use call::redirect::NotFollowed;
use std::time::Duration;

/// A trip that broke off.
#[derive(Debug)]
pub(crate) enum Broke {
    /// There was no answer.
    Unanswered(CallError),
    /// The answer broke off after its head.
    Cut(CallError),
    /// `-m` is over.
    Late(Duration),
    /// A redirect that is not followed.
    Redirects(NotFollowed),
    /// Ctrl-C.
    Interrupted,
    /// The answer cannot be written, or something here failed.
    Here(Failure),
}

/// What to do about a certificate: an authority that is trusted mends neither its name nor its date.
fn distrust(words: &str) -> &'static str {
    if words.contains("mismatch") {
        "call it by the name in its certificate; to reach that name at another address: `--resolve HOST:PORT:ADDRESS`"
    } else if words.contains("expired") || words.contains("not valid yet") {
        "is the clock of this machine right? Else whoever runs it has to renew it; for a try only, accept anything: `-k`"
    } else {
        "trust its authority: `--cacert FILE`; for a try only, accept anything: `-k`"
    }
}

impl Broke {
    /// As `call` says it.
    pub(crate) fn failure(self) -> Failure {
        use call::ErrorKind as Kind;
        match self {
            Self::Here(failure) => failure,
            Self::Redirects(why) => redirect::failure(&why),
            Self::Interrupted => Failure::run("interrupted").exit(Exit::Interrupted),
            Self::Late(limit) => Failure::run(format!("no complete answer within {limit:?}"))
                .exit(Exit::Timeout)
                .help("give it longer: `-m SECONDS`"),
            Self::Cut(error) if error.kind == Kind::BrokenOff => Failure::run(error.detail)
                .help("what came is not all of it: call again, or give it on to a file: `-o FILE`"),
            Self::Unanswered(error) if error.kind == Kind::BrokenOff && error.attempts > 1 => {
                let words = format!("{} (sent {} times)", error.detail, error.attempts);
                Failure::run(words)
                    .help("is the provider up, or does something between here and there hang up?")
            }
            Self::Unanswered(error) if error.kind == Kind::BrokenOff => Failure::run(error.detail)
                .help("it may have done it all the same: look before sending it again"),
            Self::Unanswered(error) | Self::Cut(error) => {
                let (exit, help) = match error.kind {
                    Kind::NameUnknown => (
                        Exit::Run,
                        "is the host written right? To use an address all the same: `--resolve HOST:PORT:ADDRESS`",
                    ),
                    Kind::ProxyUnknown | Kind::TunnelRefused | Kind::SocksRefused => (
                        Exit::Run,
                        "is the proxy the right one (`-x`, `http_proxy`, `all_proxy`)? To go without: `--noproxy HOST`",
                    ),
                    Kind::Refused if error.detail.contains("cannot be reached") => {
                        (Exit::Run, "is this machine on the network, and is there a way to that address?")
                    }
                    Kind::Refused => (Exit::Run, "is it running, and is the port right?"),
                    Kind::Untrusted => (Exit::Run, distrust(&error.detail)),
                    Kind::TlsBroken => {
                        (Exit::Run, "does it speak TLS on this port? Otherwise write `http://`")
                    }
                    Kind::Garbage => {
                        (Exit::Run, "does it speak HTTP on this port, and not TLS? Then write `https://`")
                    }
                    Kind::TotalTimeout => (Exit::Timeout, "give it longer: `-m SECONDS`"),
                    Kind::ConnectTimeout | Kind::Silent => {
                        (Exit::Timeout, "is it overloaded, or does a firewall drop the packets?")
                    }
                    Kind::Busy(_) => (Exit::Timeout, "it may not be called faster (`pace`): try again later"),
                    Kind::Unauthorised => (Exit::Unauthorised, ""),
                    Kind::BrokenOff | Kind::CallerGone | Kind::Unusable => (Exit::Run, ""),
                };
                let failure = Failure::run(error.detail).exit(exit);
                if help.is_empty() { failure } else { failure.help(help) }
            }
        }
    }
}
