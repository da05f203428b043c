//! How a ledger is kept: place, time, rates.

use crate::Place;
use std::time::Duration;

/// How a ledger is kept.
#[derive(Clone, Debug)]
pub struct LedgerOptions {
    /// Where it is.
    pub place: Place,
    /// How long calls are kept; whole UTC days are dropped.
    pub keep: Duration,
    /// How long counts are kept by the minute; those by hour and day stay. At least a day.
    pub minutes: Duration,
    /// Up to this many calls a second each get a row; above it ordinary ones are sampled. At least 1.
    pub rows_per_second: u32,
    /// No more rows than this a second, whatever happens. Not less than `rows_per_second`.
    pub max_rows_per_second: u32,
    /// Of which calls heads and bodies are kept.
    pub details: DetailsWanted,
}

impl LedgerOptions {
    /// What holds when nothing is said: 30 days of calls and 62 of minutes, 50 rows a second, at most 2,000, details of failed calls.
    pub fn new(place: impl Into<Place>) -> Self {
        Self {
            place: place.into(),
            keep: Duration::from_secs(30 * 24 * 3600),
            minutes: Duration::from_secs(62 * 24 * 3600),
            rows_per_second: 50,
            max_rows_per_second: 2_000,
            details: DetailsWanted::Failed,
        }
    }
}

/// Of which calls heads and bodies are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailsWanted {
    /// Of none.
    None,
    /// Of those that were declined, refused, failed or broken off, or broke a contract.
    #[default]
    Failed,
    /// Of every call that has a row.
    All,
}

/// How the writing goes: for the start page, `/health` and logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Rows lost since the start, because they came faster than they could be written. Later rows stand for their calls:
    /// weights add up to the calls all the same.
    pub rows_dropped: u64,
    /// Details lost since the start, for the same reason.
    pub details_dropped: u64,
    /// Rows that wait to be written.
    pub rows_pending: u64,
    /// Calls whose counts are not on disk yet, as of the last write (up to a second ago). None of them is lost while we run.
    pub usage_pending: u64,
    /// The beginning of the first minute of which counts wait, in milliseconds since 1970; `None`: none wait.
    pub usage_since_ms: Option<u64>,
    /// Calls since the start whose counts were written more than ten minutes after the calls had ended.
    pub usage_late: u64,
    /// Since when it cannot be heard that others change accounts, in milliseconds since 1970; `None`: it can. A key that was
    /// revoked since then is still taken.
    pub deaf_since_ms: Option<u64>,
    /// Why the last attempt to write failed; `None` when it went well.
    pub last_error: Option<String>,
    /// Why no part of a quota could be granted the last time; `None` when it went well.
    pub quotas: Option<String>,
    /// Something could not be written and is being tried again.
    pub behind: bool,
}
