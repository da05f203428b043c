//! The record of a call, in three grains: usage (counted for every call), row, detail.

use crate::{CallId, ConsumerName, Outcome, PlanName, Reason};
use contract::Violation;
use std::net::IpAddr;
use std::sync::Arc;

/// One call as a row.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// Its id; it holds when the call began.
    pub id: CallId,
    /// The call this one is a part of: a batch, a run.
    pub parent: Option<CallId>,
    /// Where it came in or was started: name of a listener, `cli`, `demo`.
    pub via: Arc<str>,
    /// The API, where one was found.
    pub api: Option<Arc<str>>,
    /// The offer, `orders.public`, where one was found.
    pub offer: Option<Arc<str>>,
    /// The operation's id within the API, where one was found.
    pub operation: Option<Arc<str>>,
    /// Who called, where known.
    pub consumer: Option<ConsumerName>,
    /// The plan that was charged.
    pub plan: Option<PlanName>,
    /// Address of the caller.
    pub address: Option<IpAddr>,
    /// Method as sent; cut to 32 characters.
    pub method: String,
    /// Normalised path without query, cut to 1 KiB: a query may hold secrets.
    pub path: String,
    /// Status that the caller got; 0: none was sent.
    pub status: u16,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was refused or failed.
    pub reason: Option<Reason>,
    /// Microseconds from the head's arrival to the end of the body.
    pub took_us: u64,
    /// Microseconds until the provider's head was there; 0: it was not asked.
    pub provider_us: u64,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the response's body.
    pub bytes_out: u64,
    /// How many violations were found, in both directions.
    pub breaks: u32,
    /// How many calls this row stands for (sampling); 1: itself.
    pub weight: u32,
    /// Still running when this was written.
    pub open: bool,
}

/// What is counted for every call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UsageKey {
    /// The minute in which it ended, since 1970.
    pub minute: u64,
    /// API, or empty.
    pub api: Arc<str>,
    /// Operation, or empty.
    pub operation: Arc<str>,
    /// Consumer, or none.
    pub consumer: Option<ConsumerName>,
    /// Plan, or none.
    pub plan: Option<PlanName>,
    /// What a call cost in this plan when it began, as the board words it; `None`: the plan had no price.
    pub price: Option<Arc<str>>,
    /// What became of it.
    pub outcome: Outcome,
    /// Status class as its first digit; 0: no status.
    pub class: u8,
}

/// One call for the counters.
#[derive(Clone, Debug)]
pub struct Usage {
    /// Under what it is counted.
    pub key: UsageKey,
    /// Bytes of both bodies.
    pub bytes: u64,
    /// Microseconds it took.
    pub took_us: u64,
}

/// Heads, bodies and decisions of a call: already redacted when it gets here.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Detail {
    /// Every decision on the way, in order.
    pub decisions: Vec<Decision>,
    /// What did not match the contract.
    pub findings: Vec<Finding>,
    /// Where the time went.
    pub timing: Vec<Timing>,
    /// The request as the caller sent it.
    pub request: Option<Message>,
    /// The request as the provider got it.
    pub sent: Option<Message>,
    /// The response as the caller got it.
    pub response: Option<Message>,
    /// The words of the command that made the call, to make it again; empty: no command did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

/// The stages of a call, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Which listener.
    Listener,
    /// Which offer, which API.
    Offer,
    /// Which operation.
    Operation,
    /// Who calls.
    Caller,
    /// May they.
    Permission,
    /// Limits.
    Limit,
    /// Does the request match the contract.
    Request,
    /// Sending it to the provider.
    Provider,
    /// Does the response match the contract.
    Response,
}

/// What a stage decided, in words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Decision {
    /// Which stage.
    pub stage: Stage,
    /// What it found: `orders.getOrder`, `60/min`.
    pub subject: String,
    /// Why, in words: `key ending 7f3a, plan free`.
    pub words: String,
    /// Which line of which file says so: `switchboard.toml:18`.
    pub origin: Option<String>,
    /// Slug of the refusal, where it said no.
    pub refused: Option<String>,
}

/// A violation in a record: the contract's line is looked up when it is shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// `request` or `response`.
    pub direction: String,
    /// Where in the message, in words.
    pub place: String,
    /// Pointer into the body or the parameter.
    pub at: String,
    /// Pointer into the contract.
    pub rule: String,
    /// Slug of the rule.
    pub code: String,
    /// What is wrong, in words, without the caller's text.
    pub detail: String,
}

impl Finding {
    /// The finding that a violation makes.
    pub fn new(direction: &str, violation: &Violation) -> Self {
        Self {
            direction: direction.to_owned(),
            place: violation.place(),
            at: violation.at.to_string(),
            rule: violation.rule.to_string(),
            code: violation.code.to_owned(),
            detail: violation.detail(),
        }
    }
}

/// How long one part of a call took.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Timing {
    /// Which part: `checks`, `connect`, `provider`, `body`.
    pub part: String,
    /// When it began, in microseconds from the start of the call.
    pub from_us: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

/// A message as it is kept: redacted, cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// Request line or status line.
    pub line: String,
    /// Fields, secrets replaced by `***`.
    pub fields: Vec<(String, String)>,
    /// Body as text, secrets replaced; empty where it is no text or was not kept.
    pub body: String,
    /// Bytes of the whole body.
    pub size: u64,
    /// The body was cut, or is no text.
    pub cut: bool,
}
