//! What we answer ourselves: the list of offers, the pages of problems, the terms of plans, health, `OPTIONS *`.

use crate::problem::{self, escaped};
use crate::under_way::Exchange;
use crate::wire::{Answer, Content, Head};
use board::{Auth, Board, Plan};
use exchange::Reason;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;

/// Where health is asked for.
pub(crate) const HEALTH: &str = "/.well-known/switchboard/health";

/// Where the terms of a plan are, before its name.
pub(crate) const TERMS: &str = "/.well-known/switchboard/terms/";

/// A request that is for us.
#[derive(Clone, Debug)]
pub(crate) enum Local {
    /// `GET /` where no offer is.
    Offers,
    /// The page of a reason.
    Problem(Reason),
    /// Whether we are well, and which revision of the board runs.
    Health,
    /// The terms of a plan of the board, by its index.
    Terms(usize),
    /// What may be asked (RFC 9110 §9.3.7).
    Options(HeaderValue),
}

/// Our own addresses; they beat every offer, because problem types must lead to a page.
pub(crate) fn well_known(board: &Board, path: &str) -> Option<Local> {
    if path == HEALTH {
        return Some(Local::Health);
    }
    if let Some(name) = path.strip_prefix(TERMS) {
        let known = |plan: &Arc<Plan>| {
            plan.name.as_str() == name && plan.terms.as_ref().is_some_and(|terms| terms.text.is_some())
        };
        return board.plans.iter().position(known).map(Local::Terms);
    }
    path.strip_prefix(problem::PAGES).and_then(Reason::from_slug).map(Local::Problem)
}

/// Answers a request that is for us.
pub(crate) fn answer(call: &Exchange, local: &Local) -> Answer {
    let html = wants_html(&call.head);
    match local {
        Local::Problem(reason) => problem::page(*reason, html),
        Local::Offers if html => offers_page(call),
        Local::Offers => offers(call),
        Local::Health => {
            let status = if call.worker.is_stopping() { "stopping" } else { "ok" };
            let revision = format!("{:016x}", call.world.board.revision);
            let lost = call.worker.shared().lost_records();
            json_answer(&json!({"status": status, "revision": revision, "lost-records": lost}))
        }
        Local::Terms(plan) => terms(call, *plan),
        Local::Options(allow) => {
            let mut fields = HeaderMap::new();
            fields.insert(header::ALLOW, allow.clone());
            Answer { status: StatusCode::NO_CONTENT, fields, content: Content::Empty }
        }
    }
}

/// The terms of a plan, as their file has them.
fn terms(call: &Exchange, plan: usize) -> Answer {
    let terms = call.world.board.plans.get(plan).and_then(|plan| plan.terms.as_ref());
    let text = terms.and_then(|terms| terms.text.as_deref()).unwrap_or_default().to_owned();
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Answer { status: StatusCode::OK, fields, content: Content::Held(text.into()) }
}

/// An offer as anybody may see it: address and how to get in, nothing of what is behind it.
struct Shown {
    name: String,
    title: String,
    url: String,
    keys: Option<String>,
}

fn shown(call: &Exchange) -> Vec<Shown> {
    let listener = call.facts.seen.listener;
    let Some(router) = call.world.board.routers.get(listener) else { return Vec::new() };
    router
        .offers()
        .iter()
        .filter(|offer| offer.host.as_ref().is_none_or(|host| *host == call.head.host))
        .map(|offer| {
            let contract = call.world.board.api(offer.api.as_str()).and_then(|api| api.contract.as_ref());
            let keyed = !offer.key_places.is_empty() && offer.plans.iter().any(|plan| plan.auth == Auth::Key);
            Shown {
                name: offer.id.to_string(),
                title: contract.map_or_else(|| offer.api.to_string(), |contract| contract.title.clone()),
                url: format!("{}{}", call.world.url(listener), offer.at),
                keys: keyed.then(|| crate::identify::places(offer)),
            }
        })
        .collect()
}

fn offers(call: &Exchange) -> Answer {
    let list: Vec<_> = shown(call)
        .into_iter()
        .map(|offer| json!({"name": offer.name, "title": offer.title, "url": offer.url, "key": offer.keys}))
        .collect();
    json_answer(&json!({ "offers": list }))
}

fn offers_page(call: &Exchange) -> Answer {
    let mut text =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>APIs</title><h1>APIs</h1><ul>"
            .to_owned();
    for offer in shown(call) {
        let (url, title, name) = (escaped(&offer.url), escaped(&offer.title), escaped(&offer.name));
        let keys = offer
            .keys
            .map_or_else(|| "no key needed".to_owned(), |keys| format!("key in {}", escaped(&keys)));
        let _ = write!(text, "<li><b>{title}</b> <code>{name}</code> <a href=\"{url}\">{url}</a>, {keys}");
    }
    text.push_str("</ul></html>\n");
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    fields.insert(header::VARY, HeaderValue::from_static("Accept"));
    Answer { status: StatusCode::OK, fields, content: Content::Held(text.into()) }
}

fn json_answer(value: &serde_json::Value) -> Answer {
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    fields.insert(header::VARY, HeaderValue::from_static("Accept"));
    Answer { status: StatusCode::OK, fields, content: Content::Held(format!("{value}\n").into()) }
}

/// A browser asks for HTML by name; everybody else gets JSON.
fn wants_html(head: &Head) -> bool {
    head.fields
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|range| range.trim().starts_with("text/html")))
}
