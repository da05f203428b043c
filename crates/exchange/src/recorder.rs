//! The door to the ledger: takes what is to be kept and never waits.

use crate::{CallId, CallRecord, Detail, KeyDigest, Usage};

/// Takes records. Never waits; what it cannot take it drops and counts.
pub trait Recorder: Send + Sync + std::fmt::Debug {
    /// Counts a call. Exact: never dropped.
    fn usage(&self, usage: Usage);
    /// Keeps a call's row, as far as the rate for rows allows.
    fn row(&self, record: CallRecord);
    /// Keeps a call's heads and bodies. Called only for calls whose details are wanted.
    fn detail(&self, id: CallId, detail: Detail);
    /// Keeps that a key was used in this minute since 1970. Told once for each key and minute.
    fn key_used(&self, _key: KeyDigest, _minute: u64) {}
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl Recorder for Discard {
    fn usage(&self, _: Usage) {}
    fn row(&self, _: CallRecord) {}
    fn detail(&self, _: CallId, _: Detail) {}
}
