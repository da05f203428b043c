//! What became of a call, and whose doing it was.

use std::fmt;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The provider answered with 1xx, 2xx or 3xx.
    Succeeded,
    /// The provider answered with 4xx: its own no.
    Declined,
    /// We answered instead of passing on: our no.
    Refused,
    /// It did not work, through somebody's fault; the provider's 5xx included.
    Failed(Fault),
    /// It was broken off.
    Aborted(By),
    /// A bug of ours.
    Panicked,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The provider's.
    Provider,
    /// The network's between us and the provider.
    Network,
    /// Ours.
    Ours,
    /// The caller's.
    Caller,
}

/// Who broke a call off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// The caller went away.
    Caller,
    /// The provider broke off inside the body.
    Provider,
    /// We did: a stop, a limit on size or time.
    Us,
}

impl Outcome {
    /// One word for lists, filters and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Refused => "refused",
            Self::Failed(_) => "failed",
            Self::Aborted(_) => "aborted",
            Self::Panicked => "panicked",
        }
    }

    /// Every word, in the order they are shown.
    pub const WORDS: [&'static str; 6] =
        ["succeeded", "declined", "refused", "failed", "aborted", "panicked"];

    /// Whose fault a failure is, or who broke off: one word; `None` where nothing went wrong.
    pub const fn by(self) -> Option<&'static str> {
        match self {
            Self::Succeeded | Self::Declined | Self::Refused => None,
            Self::Failed(Fault::Provider) | Self::Aborted(By::Provider) => Some("provider"),
            Self::Failed(Fault::Network) => Some("network"),
            Self::Failed(Fault::Caller) | Self::Aborted(By::Caller) => Some("caller"),
            Self::Failed(Fault::Ours) | Self::Aborted(By::Us) | Self::Panicked => Some("us"),
        }
    }

    /// A small number for storage; stable.
    pub const fn code(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::Declined => 1,
            Self::Refused => 2,
            Self::Failed(Fault::Provider) => 3,
            Self::Failed(Fault::Network) => 4,
            Self::Failed(Fault::Ours) => 5,
            Self::Failed(Fault::Caller) => 6,
            Self::Aborted(By::Caller) => 7,
            Self::Aborted(By::Provider) => 8,
            Self::Aborted(By::Us) => 9,
            Self::Panicked => 10,
        }
    }

    /// The outcome with this code.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Succeeded,
            1 => Self::Declined,
            2 => Self::Refused,
            3 => Self::Failed(Fault::Provider),
            4 => Self::Failed(Fault::Network),
            5 => Self::Failed(Fault::Ours),
            6 => Self::Failed(Fault::Caller),
            7 => Self::Aborted(By::Caller),
            8 => Self::Aborted(By::Provider),
            9 => Self::Aborted(By::Us),
            10 => Self::Panicked,
            _ => return None,
        })
    }

    /// The outcome of a provider's answer by its status class.
    pub const fn of_status(status: u16) -> Self {
        match status {
            500.. => Self::Failed(Fault::Provider),
            400..500 => Self::Declined,
            _ => Self::Succeeded,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(fault) => write!(out, "failed ({})", fault.word()),
            Self::Aborted(by) => write!(out, "aborted by {}", by.word()),
            other => out.write_str(other.word()),
        }
    }
}

impl Fault {
    /// Whose it is, in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Network => "network",
            Self::Ours => "switchboard",
            Self::Caller => "caller",
        }
    }
}

impl By {
    /// Who it was, in words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caller => "the caller",
            Self::Provider => "the provider",
            Self::Us => "switchboard",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn every_code_comes_back() {
        for code in 0..=10 {
            assert_eq!(Outcome::from_code(code).map(Outcome::code), Some(code));
        }
        assert_eq!(Outcome::from_code(11), None);
    }
}
