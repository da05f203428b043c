//! Which calls are wanted, and a page of them.
//!
//! Nothing is counted here: counts come from [usage](crate::UsageFilter).

use exchange::{CallId, CallRecord, ConsumerName, Reason};
use std::net::IpAddr;

/// How many rows a page has at most.
pub const MOST_ROWS: u32 = 1_000;

/// Which calls are wanted. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Begun at or after, in milliseconds since 1970. `None`: 24 hours before
    /// `until_ms`, or before the newest call.
    pub since_ms: Option<u64>,
    /// Begun before, in milliseconds since 1970. `None`: no bound.
    pub until_ms: Option<u64>,
    /// Of this API.
    pub api: Option<String>,
    /// Of this operation.
    pub operation: Option<String>,
    /// By this consumer.
    pub consumer: Option<String>,
    /// With this outcome: one of [`exchange::Outcome::WORDS`].
    pub outcome: Option<String>,
    /// With this status or class.
    pub status: Option<StatusFilter>,
    /// Refused or failed for this reason.
    pub reason: Option<Reason>,
    /// The path begins with this.
    pub path_prefix: Option<String>,
    /// Took longer than this, in microseconds.
    pub took_over_us: Option<u64>,
    /// Broke its contract.
    pub breaks_only: bool,
    /// From this address.
    pub address: Option<IpAddr>,
    /// Still running when its row was written.
    pub open_only: bool,
    /// Only ids below this one: [`CallPage::next`] of the page before.
    pub before: Option<CallId>,
    /// How many rows a page has; 0: 100, and never more than [`MOST_ROWS`].
    pub limit: u32,
}

impl CallFilter {
    /// Whether a call is wanted, by all that a call itself says: what is wanted of time and of pages is not looked at.
    pub fn matches(&self, call: &CallRecord) -> bool {
        let same = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == is)
        };
        same(&self.api, call.api.as_deref())
            && same(&self.operation, call.operation.as_deref())
            && same(&self.consumer, call.consumer.as_ref().map(ConsumerName::as_str))
            // What is still running has no outcome yet.
            && same(&self.outcome, (!call.open).then(|| call.outcome.word()))
            && self.reason.is_none_or(|reason| call.reason == Some(reason))
            && self.path_prefix.as_ref().is_none_or(|prefix| call.path.starts_with(prefix))
            && self.took_over_us.is_none_or(|over| call.took_us > over)
            && (!self.breaks_only || call.breaks > 0)
            && self.address.is_none_or(|address| call.address == Some(address))
            && (!self.open_only || call.open)
            && self.status.is_none_or(|status| status.matches(call.status))
    }
}

/// A status, or all of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// This status.
    Exactly(u16),
    /// All statuses with this first digit; 0: no status was sent.
    Class(u8),
}

impl StatusFilter {
    const fn matches(self, is: u16) -> bool {
        match self {
            Self::Exactly(status) => is == status,
            Self::Class(class) => is / 100 == class as u16,
        }
    }

    /// Reads `404` or `4xx`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            return class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class);
        }
        text.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::Exactly)
    }
}

/// One page of calls.
#[derive(Clone, Debug)]
pub struct CallPage {
    /// Newest first.
    pub rows: Vec<CallRecord>,
    /// Everything down to here was searched, in milliseconds since 1970.
    pub searched_to_ms: u64,
    /// Where to go on (as [`CallFilter::before`]); `None`: the period was searched to its beginning.
    ///
    /// A page may be short, even empty, and still have a next one: the time box of 150 ms ended it.
    pub next: Option<CallId>,
}

impl CallPage {
    /// Whether there may be more.
    pub fn more(&self) -> bool {
        self.next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::StatusFilter;

    #[test]
    fn a_status_is_read_as_a_number_or_a_class() {
        for (text, expected) in [
            ("404", Some(StatusFilter::Exactly(404))),
            ("4xx", Some(StatusFilter::Class(4))),
            ("9xx", None),
            ("44", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(StatusFilter::parse(text), expected, "{text}");
        }
    }
}
