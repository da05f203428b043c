//! What limits stand at, by the counts of this process; quotas by what the ledger says.

use super::Control;
use super::question::{bad, in_words, read};
use crate::command::{Named, known_plan};
use crate::drive::now_ms;
use crate::drive::socket::{Reply, answer, problem};
use crate::exit::Exit;
use board::{Board, Measure, Per};
use exchange::{ConsumerName, KeyId};
use gateway::{LimitsOf, Standing};
use http::StatusCode;
use ledger::StoreError;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;

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
    let question: Question = match read(question) {
        Ok(question) => question,
        Err(words) => return bad(&words),
    };
    let Question { consumer, address, plan, api, operation, key } = question;
    if consumer.is_none() && address.is_none() {
        return bad("whose limits? name a `consumer` or an `address`");
    }
    let board = Arc::clone(&control.board.borrow());
    let named = Named { api: api.as_deref(), operation: operation.as_deref(), consumer: None };
    let known = match plan.as_deref() {
        Some(plan) => named.on(&board).and_then(|()| known_plan(&board, plan).map(drop)),
        None => named.on(&board),
    };
    if let Err(unknown) = known {
        return problem(StatusCode::NOT_FOUND, &in_words(&unknown));
    }
    let of = LimitsOf { consumer, address, plan, api, operation, key: key.map(KeyId) };
    let said = control.gateway.limits(&of).await;
    // Only whoever has nothing here is looked for: what has limits is known without the ledger.
    if let (true, Some(name)) = (said.limits.is_empty(), &of.consumer)
        && let Err((status, words)) = known_consumer(control, &board, name).await
    {
        return problem(status, &words);
    }
    let limits: Vec<Value> = said.limits.iter().map(told).collect();
    answer(&json!({ "pid": std::process::id(), "at_ms": now_ms(), "limits": limits, "more": said.more }))
}

/// A consumer of the board or of the ledger; else the nearest one is named.
pub(super) async fn known_consumer(
    control: &Control,
    board: &Board,
    name: &str,
) -> Result<(), (StatusCode, String)> {
    let wanted = ConsumerName::new(name);
    let here = board.consumers.consumers.iter().any(|row| row.name == wanted);
    let away = |error: StoreError| (StatusCode::SERVICE_UNAVAILABLE, error.to_string());
    // Of many consumers all are read only for who is not there.
    if here || control.ledger.consumer(&wanted).await.map_err(away)?.is_some() {
        return Ok(());
    }
    let named = Named { api: None, operation: None, consumer: Some(name) };
    named.check(Some(board), &control.ledger).await.map_err(|unknown| match unknown.exit {
        Exit::Usage => (StatusCode::NOT_FOUND, in_words(&unknown)),
        _ => (StatusCode::SERVICE_UNAVAILABLE, in_words(&unknown)),
    })
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
