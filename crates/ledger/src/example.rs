//! A call for tests.

use exchange::{CallId, CallRecord, ConsumerName, Outcome, PlanName};

/// A call of Globex that went well, begun at this millisecond; `nth` makes its id its own.
pub(crate) fn call(at_ms: u64, nth: u64) -> CallRecord {
    CallRecord {
        id: CallId((at_ms << 22) | (nth & 0x3f_ffff)),
        parent: None,
        via: "main".into(),
        api: Some("orders".into()),
        offer: Some("orders.public".into()),
        operation: Some("getOrder".into()),
        consumer: Some(ConsumerName::new("globex")),
        plan: Some(PlanName::new("free")),
        address: Some([127, 0, 0, 1].into()),
        method: "GET".into(),
        path: format!("/orders/{nth}"),
        status: 200,
        outcome: Outcome::Succeeded,
        reason: None,
        took_us: 1234,
        provider_us: 1000,
        bytes_in: 0,
        bytes_out: 100,
        breaks: 0,
        weight: 1,
        open: false,
    }
}
