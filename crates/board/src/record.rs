//! `[record]`: how much of calls is kept.

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
