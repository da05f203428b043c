//! Which calls a board lets in: asked of its routers, and permitted as the gateway permits.
//!
//! `crates/gateway/tests/permits.rs` holds this against the gateway itself.

use board::{Auth, Board, Found, NormalPath, Offer, Undeclared};
use exchange::ConsumerRow;
use http::Method;
use std::sync::{Arc, LazyLock};

/// A call: an address, a host, a method and a path.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) port: u16,
    pub(crate) host: &'static str,
    pub(crate) method: Method,
    pub(crate) path: NormalPath,
}

pub(crate) static CALLS: LazyLock<Vec<Call>> = LazyLock::new(calls);

fn calls() -> Vec<Call> {
    let paths = [
        "/",
        "/a",
        "/a/b",
        "/a/c",
        "/c/b",
        "/c/d",
        "/a/c.csv",
        "/x/y/z",
        "/v",
        "/v/a",
        "/v/a/b",
        "/v/a/c",
        "/v/c/b",
        "/v/a/c.csv",
        "/v/x/y/z",
        "/v/w",
        "/v/w/a/b",
        "/v/w/a/c",
        "/v/w/c/b",
        "/v/w/x/y/z",
        "/a/a",
        "/a/a/b",
        "/a/a/c",
        "/a/x/y/z",
    ];
    let mut calls = Vec::new();
    for port in [8080, 8081, 8082] {
        for host in ["h.example", "other.example"] {
            for method in [Method::GET, Method::POST, Method::HEAD, Method::DELETE] {
                calls.extend(paths.iter().map(|path| Call {
                    port,
                    host,
                    method: method.clone(),
                    path: NormalPath::parse(path).unwrap(),
                }));
            }
        }
    }
    calls
}

/// How a call is let in: by which offer, which operation, under which plan.
#[derive(Debug)]
pub(crate) struct In<'b> {
    pub(crate) offer: &'b Arc<Offer>,
    pub(crate) operation: Option<&'b str>,
    /// `None`: anybody is let in.
    pub(crate) plan: Option<&'b str>,
    pub(crate) listener: &'b str,
}

pub(crate) fn ask<'b>(board: &'b Board, caller: Option<&str>, call: &Call) -> Option<In<'b>> {
    let listener = board.listeners.iter().position(|listener| listener.bind.port() == call.port)?;
    let found = board.routers[listener].find(call.host, &call.method, &call.path);
    let (offer, operation) = match found {
        Found::Operation { offer, operation, .. } => (offer, Some(operation)),
        Found::OtherMethods { offer, .. } | Found::Undeclared { offer, .. } => (offer, None),
        Found::Nothing => return None,
    };
    let api = board.api(offer.api.as_str()).unwrap();
    if operation.is_none() && api.contract.is_some() && api.undeclared == Undeclared::Refuse {
        return None;
    }
    let open = operation.map_or(offer.opens_undeclared, |index| offer.opens[index]);
    if !open {
        return None;
    }
    let held: Option<&ConsumerRow> = caller.and_then(|name| {
        let rows = &board.consumers;
        let has_key = rows.keys.iter().any(|key| key.consumer.as_str() == name);
        rows.consumers.iter().find(|row| row.name.as_str() == name && has_key && !row.suspended)
    });
    let anybody = offer.plans.iter().any(|plan| plan.auth == Auth::None);
    let holds = |plan: &str| held.is_some_and(|row| row.plans.iter().any(|name| name.as_str() == plan));
    let plan = offer.plans.iter().find(|plan| plan.auth == Auth::Key && holds(plan.name.as_str()));
    if !anybody && plan.is_none() {
        return None;
    }
    let operation =
        operation.and_then(|index| Some(api.contract.as_ref()?.operations.get(index)?.id.as_str()));
    let plan = if anybody { None } else { plan.map(|plan| plan.name.as_str()) };
    Some(In { offer, operation, plan, listener: &board.listeners[listener].name })
}
