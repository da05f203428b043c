//! `[ledger]`: where calls, usage, consumers and keys are kept.

use std::path::PathBuf;
use std::time::Duration;

/// Where the ledger is, and how long it keeps calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSettings {
    /// The state folder; default `.switchboard` in the board.
    pub folder: PathBuf,
    /// How long rows and details of calls are kept; default 30 days.
    pub keep: Duration,
}
