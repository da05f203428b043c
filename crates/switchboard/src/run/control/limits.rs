//! What limits stand at, by the counts of this process; quotas by what the ledger says.

use super::Control;
use crate::drive::now_ms;
use crate::drive::socket::{Reply, answer, problem};
use board::{Measure, Per};
use exchange::KeyId;
use gateway::{LimitsOf, Standing};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::IpAddr;

/// Whose limits are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    consumer: Option<String>,
    address: Option<IpAddr>,
    plan: Option<String>,
    api: Option<String>,
    operation: Option<String>,
    key: Option<String>,
}

/// Answers.
pub(super) async fn of(control: &Control, question: &Value) -> Reply {
    let question = match Question::deserialize(question) {
        Ok(question) => question,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let Question { consumer, address, plan, api, operation, key } = question;
    if consumer.is_none() && address.is_none() {
        return problem(StatusCode::BAD_REQUEST, "whose limits? name a `consumer` or an `address`");
    }
    let of = LimitsOf { consumer, address, plan, api, operation, key: key.map(KeyId) };
    let said = control.gateway.limits(&of).await;
    let limits: Vec<Value> = said.limits.iter().map(told).collect();
    answer(&json!({ "pid": std::process::id(), "at_ms": now_ms(), "limits": limits, "more": said.more }))
}

fn told(one: &Standing) -> Value {
    let kind = match one.measure {
        Measure::Rate(_) => "rate",
        Measure::AtOnce(_) => "at-once",
        Measure::Quota(_) => "quota",
    };
    let per = match one.per {
        Per::Consumer => "consumer",
        Per::Address => "ip",
        Per::Key => "key",
        Per::Operation => "operation",
        Per::Api => "api",
    };
    json!({
        "plan": one.plan.as_str(),
        "limit": one.text,
        "at": one.origin,
        "kind": kind,
        "per": per,
        "soft": one.soft,
        "key": one.key.as_ref().map(|(id, _)| &id.0),
        "key_ending": one.key.as_ref().and_then(|(_, tail)| tail.as_deref()),
        "api": one.api,
        "operation": one.operation,
        "most": one.most,
        "used": one.most.saturating_sub(one.left),
        "left": one.left,
        "more_in_ms": u64::try_from(one.more_in.as_millis()).unwrap_or(u64::MAX),
    })
}
