//! The ledger: where calls, usage, consumers and keys are kept. The only SQL.
//!
//! Files in one folder: `accounts.db` (consumers, keys), `usage.db` (counters), `quotas.db` (what is granted) and
//! `calls-DATE.db`, one a UTC day; or the same in a schema of a PostgreSQL database ([`Place`]). Recording never waits for a
//! disk: [`Ledger::recorder`] hands everything to a thread of its
//! own. Usage is exact; rows are sampled above a rate, and what is lost is counted in [`Health`].

mod access;
mod accounts;
mod audit;
mod batch;
mod callers;
mod connection;
mod count;
mod database;
mod day;
mod desk;
mod detail;
mod error;
#[cfg(test)]
mod example;
mod filter;
mod folder;
mod history;
mod key_use;
mod keys;
mod lease;
mod migrate;
mod news;
mod once;
mod open;
mod options;
mod place;
mod pool;
mod quota;
mod rates;
mod record;
mod roll;
mod row;
mod sample;
mod search;
mod sql;
mod store;
mod tail;
mod terms;
mod uncounted;
mod usage;
mod watch;
mod write;

pub use access::{AccessRequest, AccessState};
pub use accounts::{About, ConsumerInfo};
pub use audit::{AuditEntry, Author};
pub use callers::{Callers, Mark, Since};
pub use error::StoreError;
pub use filter::{CallFilter, CallPage, MOST_ROWS, StatusFilter};
pub use history::History;
pub use keys::{KeyInfo, NewKey};
pub use news::{Attempted, DueNews, News, NewsHealth};
pub use open::Ledger;
pub use options::{DetailsWanted, Health, LedgerOptions};
pub use place::Place;
pub use tail::Tail;
pub use terms::TermsAccepted;
pub use usage::{Group, UsageFilter, UsageRow};
