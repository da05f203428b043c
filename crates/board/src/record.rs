//! `[record]`: how much of calls is kept.

use crate::code;
use crate::keys::{Keys, Text};
use crate::report::Problem;
use crate::scope::Scope;
use std::time::Duration;

/// How much of calls is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSettings {
    /// Up to this many calls a second every one gets a row; default 50.
    pub rows_per_second: u32,
    /// Of which calls heads and bodies are kept.
    pub details: DetailsWanted,
    /// Names of fields and parameters whose values are not kept, besides those that always are not.
    pub redact: Vec<String>,
}

/// Of which calls heads and bodies are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailsWanted {
    /// Of none.
    None,
    /// Of those that were refused, failed, or broke a contract.
    Failed,
    /// Of all.
    All,
}

/// Resolves `[record]`.
pub(crate) fn resolve(root: &Keys<'_, '_>, scope: &Scope<'_>) -> RecordSettings {
    let mut settings =
        RecordSettings { rows_per_second: 50, details: DetailsWanted::Failed, redact: Vec::new() };
    let keys = root.entry("record").and_then(|entry| {
        Keys::open("[record]".to_owned(), entry, &["rows", "details", "redact"], &["export"], scope.report)
    });
    let Some(keys) = keys else {
        return settings;
    };
    if let Some(rate) = keys.rate("rows") {
        if rate.rate.period() == Duration::from_secs(1) && rate.per.is_none() {
            settings.rows_per_second = rate.rate.count();
        } else {
            let at = keys.entry("rows").map_or(keys.at, |entry| &entry.node.at);
            scope.report.add(
                Problem::error(&code::BAD_RATE, "`rows` of [record] are counted per second".to_owned())
                    .at(at, "not a number per second")
                    .help("write it like \"50/s\""),
            );
        }
    }
    let words =
        [("failed", DetailsWanted::Failed), ("all", DetailsWanted::All), ("none", DetailsWanted::None)];
    settings.details = keys.word("details", &words, &[]).unwrap_or(settings.details);
    let names = keys.list("redact").unwrap_or_default();
    settings.redact = names.into_iter().map(|Text { text, .. }| text.to_owned()).collect();
    settings
}
