//! The list of calls: search, live view, one row a call.

use super::{frame, type_this};
use crate::query::Query;
use crate::words;
use board::{Board, CheckMode};
use exchange::{CallRecord, Outcome, Reason};
use ledger::{CallPage, Health};
use maud::{Markup, html};

/// What the page shows.
pub(crate) struct View<'v> {
    pub(crate) query: &'v Query,
    /// `None`: the filter cannot be read.
    pub(crate) found: Option<&'v CallPage>,
    pub(crate) board: &'v Board,
    pub(crate) health: &'v Health,
    pub(crate) now_ms: u64,
}

/// The page.
pub(crate) fn page(view: &View<'_>) -> Markup {
    let rows = view.found.map(|found| found.rows.as_slice()).unwrap_or_default();
    let first_page = view.query.before.is_none() && view.found.is_some();
    let newest = rows.iter().map(|call| call.id).max();
    frame(
        "Calls",
        true,
        &html! {
            div.headline {
                h1 { "Calls" }
                // Filled by the script; without it the list is as old as the page, and says so.
                div #live hidden data-live=[first_page.then(|| view.query.url("/calls/live", None))] data-newest=[newest] {
                    span #live-state.live-state { "Connecting" }
                    button #live-pause type="button" { "Pause" }
                }
                @if first_page { noscript { p.dim { "As of " (words::time(view.now_ms, view.now_ms)) " UTC; load the page again for newer ones." } } }
            }
            p #live-said.unseen role="status" {}
            (unwritten(view.health))
            (form(view))
            @if let Some(found) = view.found {
                @if first_page || !rows.is_empty() {
                    button #fresh.fresh type="button" hidden { "new calls" }
                    (table(rows, view, first_page))
                }
                @if rows.is_empty() { (empty(view, found)) }
                (older(view, found))
            }
        },
    )
}

fn table(rows: &[CallRecord], view: &View<'_>, first_page: bool) -> Markup {
    html! {
        table.calls hidden[rows.is_empty() && first_page] {
            caption.unseen { "Calls, newest first. The link of a row leads to the call." }
            thead { tr {
                th scope="col" { "Time" }
                th scope="col" { "Request" }
                th scope="col" { "Operation" }
                th scope="col" { "Caller" }
                th scope="col" { "Status" }
                th.number scope="col" { "Took" }
                th scope="col" { "Contract" }
                th scope="col" { "Why" }
            } }
            tbody #rows { @for call in rows { (row(call, view.board, view.now_ms)) } }
        }
    }
}

/// One call: a row that holds one link.
pub(crate) fn row(call: &CallRecord, board: &Board, now_ms: u64) -> Markup {
    let breaks = call.breaks > 0;
    html! {
        tr #(call.id) class=(words::tone(call.outcome)) {
            td.time { (words::time(call.id.at_ms(), now_ms)) }
            td.request {
                a href={ "/calls/" (call.id) } { span.method { (call.method) } " " span.path { (call.path) } }
                @if call.weight > 1 { " " span.dim title="Calls were sampled: this row stands for so many" { "×" (call.weight) } }
            }
            td.operation { @if let Some(operation) = &call.operation {
                @if let Some(api) = &call.api { (api) "." } (operation)
            } @else if let Some(api) = &call.api { (api) } @else { span.dim { "–" } } }
            td.caller { @match &call.consumer { Some(name) => (name), None => span.dim { "nobody" } } }
            td.state { (words::status(call)) }
            td.number.took { (words::took(call.took_us)) }
            td.contract { span class=(if breaks { "broken" } else { "dim" }) { (verdict(call, board)) } }
            td.why { (words::why(call)) }
        }
    }
}

/// What the contract says of it.
pub(crate) fn verdict(call: &CallRecord, board: &Board) -> String {
    if call.breaks > 0 {
        return format!("breaks {}", call.breaks);
    }
    // What was refused before the checks was not looked at, and neither was an answer that never came.
    let looked_at = matches!(call.outcome, Outcome::Succeeded | Outcome::Declined)
        || call.reason == Some(Reason::RequestBreaksContract);
    let api = call.api.as_deref().and_then(|name| board.api(name));
    let checked = api.is_some_and(|api| {
        api.contract.is_some()
            && (api.checks.requests != CheckMode::Off || api.checks.responses != CheckMode::Off)
    });
    if looked_at && checked && call.operation.is_some() { "ok".to_owned() } else { "unchecked".to_owned() }
}

fn form(view: &View<'_>) -> Markup {
    let query = view.query;
    let field = |name: &'static str, label: &str, hint: &str| {
        let wrong = query.problem_of(name);
        html! {
            div.field {
                label for={ "f-" (name) } { (label) }
                input #{ "f-" (name) } name=(name) value=(query.text(name)) placeholder=(hint) autocomplete="off"
                    spellcheck="false" autocapitalize="none" aria-invalid=[wrong.map(|_| "true")]
                    aria-describedby=[wrong.map(|_| format!("w-{name}"))];
                @if let Some(wrong) = wrong { p.wrong #{ "w-" (name) } { (wrong) } }
            }
        }
    };
    let choice = |name: &'static str, label: &str, any: &str, options: Vec<(String, String)>| {
        let chosen = query.text(name);
        let wrong = query.problem_of(name);
        let known = chosen.is_empty() || options.iter().any(|(value, _)| value == chosen);
        html! {
            div.field {
                label for={ "f-" (name) } { (label) }
                select #{ "f-" (name) } name=(name) aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| format!("w-{name}"))] {
                    option value="" { (any) }
                    @for (value, words) in &options { option value=(value) selected[value == chosen] { (words) } }
                    @if !known { option value=(chosen) selected { (chosen) } }
                }
                @if let Some(wrong) = wrong { p.wrong #{ "w-" (name) } { (wrong) } }
            }
        }
    };
    let pairs = |options: &[(&str, &str)]| {
        options.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect::<Vec<_>>()
    };
    let apis = view.board.apis.iter().map(|api| (api.name.to_string(), api.name.to_string())).collect();
    let outcomes = [Outcome::Succeeded, Outcome::Declined, Outcome::Refused, Outcome::Panicked];
    let mut words_of: Vec<_> =
        outcomes.iter().map(|one| (one.word().to_owned(), words::outcome(*one).to_owned())).collect();
    words_of.splice(3..3, pairs(&[("failed", "Failed"), ("aborted", "Aborted")]));
    // What has no field of its own stays in the address, and is shown.
    let others: Vec<_> = ["operation", "method", "path", "reason"]
        .into_iter()
        .filter(|name| !query.text(name).is_empty())
        .collect();
    let unknown = query.problems.iter().filter(|(name, _)| !FIELDS.contains(&name.as_str()));
    html! {
        form.search method="get" action="/calls" role="search" aria-label="Calls" {
            (choice("api", "API", "all", apis))
            (choice("outcome", "Outcome", "any", words_of))
            (field("status", "Status", "4xx"))
            (field("who", "Caller", "globex"))
            (field("took", "Took", ">300ms"))
            (choice("contract", "Contract", "any", pairs(&[("breaks", "broken")])))
            (choice("since", "Since", "a day ago", pairs(&[("15m", "15 minutes ago"), ("1h", "an hour ago"), ("24h", "24 hours ago"), ("7d", "7 days ago"), ("30d", "30 days ago")])))
            @for name in &others { input type="hidden" name=(name) value=(query.text(name)); }
            div.act {
                button type="submit" { "Search" }
                @if !query.is_empty() || !query.problems.is_empty() { a href="/calls" { "Clear" } }
            }
            @if !others.is_empty() {
                p.others { "Also: " @for name in &others { code { (name) "=" (query.text(name)) } " " } }
            }
            @for (name, words) in unknown { p.wrong { code { (name) } ": " (words) } }
        }
    }
}

const FIELDS: [&str; 7] = ["api", "outcome", "status", "who", "took", "contract", "since"];

/// No row: what to do so that there is one.
fn empty(view: &View<'_>, found: &CallPage) -> Markup {
    html! {
        div #empty.empty {
            @if found.more() {
                h2 { "None so far" }
                p { "Searched back to " (words::utc(found.searched_to_ms)) ". There is more to look through." }
            } @else if view.query.before.is_some() {
                h2 { "That was all" }
                p { "No older calls are kept for this search." }
            } @else if !view.query.is_empty() {
                h2 { "No call matches" }
                p { "Searched back to " (words::utc(found.searched_to_ms)) ". " a href="/calls" { "Show all calls" } }
            } @else {
                h2 { "No calls yet" }
                p { "Make one, and it appears here:" }
                (type_this(&first_call(view.board)))
            }
        }
    }
}

/// A line that makes a call through this board.
fn first_call(board: &Board) -> String {
    let Some(listener) = board.listeners.first() else {
        return "switchboard call https://api.acme.example/".to_owned();
    };
    let offer = board.apis.iter().flat_map(|api| &api.offers).find(|offer| offer.listener == 0);
    format!(
        "curl {}{}",
        listener.url,
        offer.map_or("/", |offer| if offer.at.is_empty() { "/" } else { &offer.at })
    )
}

fn older(view: &View<'_>, found: &CallPage) -> Markup {
    html! {
        @if view.query.before.is_some() || found.next.is_some() {
            nav.pages aria-label="Pages" {
                @if view.query.before.is_some() { a href=(view.query.url("/calls", None)) { "Newest" } }
                @if let Some(next) = found.next { a rel="next" href=(view.query.url("/calls", Some(next))) { "Older" } }
            }
        }
    }
}

/// What the list lacks.
fn unwritten(health: &Health) -> Markup {
    html! {
        @if health.behind || health.rows_dropped > 0 {
            div.banner role="note" {
                @if health.rows_dropped > 0 {
                    p { b { (health.rows_dropped) " calls are not in this list: " } "they came faster than they could be written. Their usage is counted." }
                }
                @if health.behind {
                    p { b { "The list is behind. " } @if let Some(error) = &health.last_error { "The ledger says: " (error) ". " } "Calls go on." }
                }
            }
        }
    }
}
