//! One call and what became of it: the words that rooms which may not import each other must both say.
//!
//! Pure: the clock, entropy and storage are handed in. Nothing here knows a runtime.

mod accounts;
mod call_id;
mod cleaner;
mod dispatch;
mod gcra;
pub mod hop_by_hop;
mod key;
mod key_scope;
mod outcome;
mod quota;
mod rate_store;
mod record;
mod recorder;
mod refusal;
mod secret;
mod size;

pub use accounts::{
    Acceptance, Accounts, Changed, Consumer, ConsumerName, ConsumerRow, KeyEntry, KeyRow, PlanName, PolicyId,
};
pub use call_id::{CallId, CallIds};
pub use cleaner::Cleaner;
pub use dispatch::{As, BoxFuture, Channel, Chunks, Dispatch, DispatchError};
pub use gcra::{Denied, Left, Meter, Rate};
pub use key::{ApiKey, KeyDigest, KeyError, KeyId, without_keys};
pub use key_scope::{KeyScope, day_ms, minute_of};
pub use outcome::{By, Fault, Outcome};
pub use quota::{
    Answer, Grant, Period, Quota, QuotaAccount, QuotaStore, QuotasAway, QuotasInMemory, Slot, Wish,
};
pub use rate_store::{
    Company, Meeting, RATE_LEASE, RateAnswer, RateAsk, RateKept, RatePart, RateStore, RatesAway, SHALLOWEST,
};
pub use record::{CallRecord, Decision, Detail, Finding, Message, Stage, Timing, Usage, UsageKey};
pub use recorder::{Discard, Recorder};
pub use refusal::{Origin, Reason, Refusal};
pub use secret::{Redactor, Secret};
pub use size::ByteCount;
