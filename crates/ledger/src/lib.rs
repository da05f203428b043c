//! The ledger: where calls, usage, consumers and keys are kept. The only SQL.
//!
//! Files in one folder: `accounts.db` (consumers, keys), `usage.db` (counters), `quotas.db` (what is granted) and `calls-DATE.db`, one a
//! UTC day. Recording never waits for a disk: [`Ledger::recorder`] hands everything to a thread of its
//! own. Usage is exact; rows are sampled above a rate, and what is lost is counted in [`Health`].

mod accounts;
mod batch;
mod count;
mod day;
mod detail;
mod error;
#[cfg(test)]
mod example;
mod filter;
mod history;
mod keys;
mod lease;
mod migrate;
mod open;
mod options;
mod quota;
mod record;
mod row;
mod sample;
mod search;
mod store;
mod tail;
mod usage;
mod watch;
mod write;

pub use accounts::{AuditEntry, Author, ConsumerInfo};
pub use error::StoreError;
pub use filter::{CallFilter, CallPage, MOST_ROWS, StatusFilter};
pub use history::History;
pub use keys::KeyInfo;
pub use open::Ledger;
pub use options::{DetailsWanted, Health, LedgerOptions};
pub use tail::Tail;
pub use usage::{Group, UsageFilter, UsageRow};
