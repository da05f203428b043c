//! What a receiver reads: `{"type", "timestamp", "data"}`, as Standard Webhooks recommends (*Payload structure*).
//!
//! It names alert, plan, consumer, API and the id of a key; never a key, nor a part of one.

use crate::drive::entropy;
use board::Alert;
use ledger::News;
use serde_json::{Value, json};

/// Words it: the period it is told in begins at `told.0`; it is no news where it was told since `told.1`.
pub(super) fn news(
    alert: &Alert,
    kind: &str,
    subject: String,
    told: (u64, u64),
    now_ms: u64,
    mut data: Value,
) -> News {
    data["alert"] = json!(&*alert.name);
    data["when"] = json!(&*alert.text);
    let body = json!({ "type": format!("alert.{kind}"), "timestamp": instant(now_ms), "data": data });
    News {
        id: id(),
        alert: alert.name.to_string(),
        subject,
        at_ms: told.0,
        since_ms: told.1,
        webhook: alert.to.name.to_string(),
        body: body.to_string(),
    }
}

/// A moment as RFC 3339 has it.
pub(super) fn instant(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An id without dots: they part what is signed.
fn id() -> String {
    format!("msg_{}", hex::encode(&entropy().unwrap_or_default()[..16]))
}
