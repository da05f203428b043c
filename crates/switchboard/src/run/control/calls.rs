//! Calls over the socket: those that run, as a list; those that end, a line each, for as long as somebody reads.

use super::Control;
use super::question::{bad, in_words, read};
use crate::command::{Wanted, row_of};
use crate::drive::now_ms;
use crate::drive::socket::{Reply, answer, problem};
use crate::run::calls::{Told, Watch};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::{Value, json};

/// Calls as they end, in lines of JSON; `limit` ends it after so many.
pub(super) fn ending(control: &Control, question: &Value) -> Reply {
    let mut question = question.clone();
    let limit = question.as_object_mut().and_then(|members| members.remove("limit"));
    let limit = match limit.as_ref().and_then(Value::as_str).map(str::parse::<u64>) {
        None => u64::MAX,
        Some(Ok(limit)) if limit > 0 => limit,
        Some(_) => return bad("`limit` is a number from 1 on"),
    };
    let wanted: Wanted = match read(&question) {
        Ok(wanted) => wanted,
        Err(words) => return bad(&words),
    };
    let filter = match wanted.filter() {
        Ok(filter) => filter,
        Err(failure) => return bad(&in_words(&failure)),
    };
    let Some(watch) = control.calls.watch(filter) else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "32 watch already: end one of them");
    };
    let lines = stream::unfold((watch, limit), |(watch, left)| line(watch, left));
    let mut reply: Reply = Response::new(Box::pin(StreamBody::new(lines)));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    reply
}

async fn line(mut watch: Watch, left: u64) -> Option<(std::io::Result<Frame<bytes::Bytes>>, (Watch, u64))> {
    if left == 0 {
        return None;
    }
    let (said, left) = match watch.next().await? {
        Told::Call(call) => (row_of(&call), left - 1),
        Told::Missed(missed) => (json!({ "missed": missed }), left),
    };
    Some((Ok(Frame::data(format!("{said}\n").into())), (watch, left)))
}

/// Calls that are running, tunnels among them; the oldest first.
pub(super) fn running(control: &Control) -> Reply {
    let now = now_ms();
    let calls = control.calls.running().into_iter().map(|mut call| {
        // Its row says how long it had been running then.
        call.took_us = now.saturating_sub(call.id.at_ms()).saturating_mul(1_000);
        row_of(&call)
    });
    answer(&json!({ "pid": std::process::id(), "at_ms": now, "calls": calls.collect::<Vec<_>>() }))
}
