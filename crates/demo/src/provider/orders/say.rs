//! How the orders provider says it: an order, nothing, or a problem document (RFC 9457).

use super::order::Order;
use super::store::No;
use super::wanted::Problem;
use crate::provider::answer::{json, text, with};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json as value};

pub(super) fn found(body: &Value) -> Response<Bytes> {
    json(StatusCode::OK, body)
}

pub(super) fn changed(id: u32, change: Result<&Order, No>) -> Response<Bytes> {
    change.map_or_else(|no| refused(id, no), |order| found(&order.to_json()))
}

pub(super) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

pub(super) fn refused(id: u32, no: No) -> Response<Bytes> {
    match no {
        No::NotFound => problem(StatusCode::NOT_FOUND, &format!("there is no order {id}")),
        No::Status(status) => problem(
            StatusCode::CONFLICT,
            &format!("order {id} is {}: this cannot be done any more", status.word()),
        ),
    }
}

pub(super) fn not_allowed(methods: &str) -> Response<Bytes> {
    // RFC 9110 §15.5.6: a 405 lists what is allowed.
    with(problem(StatusCode::METHOD_NOT_ALLOWED, &format!("use {methods}")), "allow", methods)
}

pub(super) fn unprocessable(problems: &[Problem]) -> Response<Bytes> {
    let errors: Vec<Value> = problems
        .iter()
        .map(|problem| value!({ "pointer": problem.pointer, "detail": problem.detail }))
        .collect();
    said(StatusCode::UNPROCESSABLE_ENTITY, "the order cannot be taken as it is", Some(errors))
}

pub(super) fn problem(status: StatusCode, detail: &str) -> Response<Bytes> {
    said(status, detail, None)
}

/// Problem details, RFC 9457 §3.1. The type is `about:blank`: title and status say all there is.
fn said(status: StatusCode, detail: &str, errors: Option<Vec<Value>>) -> Response<Bytes> {
    let mut body = value!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": detail,
    });
    if let Some(errors) = errors {
        body["errors"] = Value::Array(errors);
    }
    text(status, "application/problem+json", body.to_string())
}
