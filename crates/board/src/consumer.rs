//! `[consumers.NAME]`: consumers and digests of keys that are wholly in git.

use exchange::{ConsumerRow, KeyRow};

/// Consumers that the board itself names; others live in the ledger.
#[derive(Clone, Debug, Default)]
pub struct BoardConsumers {
    /// The consumers.
    pub consumers: Vec<ConsumerRow>,
    /// Their keys, as digests.
    pub keys: Vec<KeyRow>,
}
