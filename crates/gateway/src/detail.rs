//! The detail of a call: decisions, heads, the beginning of bodies; redacted before it leaves the thread.
//!
//! Redacted are values known to be secret (the board's, the caller's own key), fields and parameters
//! whose names say so, and those that the board, the API or its contract names.

use crate::seen::Caller;
use crate::under_way::{Bound, Exchange};
use crate::{admit, check, explain, forward, identify, permit, route};
use exchange::{Cleaner, Decision, Detail, Message, Redactor, Secret, Stage, Timing};
use std::borrow::Cow;
use std::sync::Arc;

/// How much of a body is kept.
pub(crate) const KEPT: usize = 16 * 1024;

/// Makes the detail of a call that is over.
pub(crate) fn of(call: &Exchange) -> Detail {
    let cleaner = cleaner(call);
    // What is hidden by name is hidden wherever it is said again: everything is looked at before anything is kept.
    drop(messages(call, &cleaner));
    let cleaner = cleaner.and_what_was_found();
    let [request, sent, response] = messages(call, &cleaner);
    let clean = |mut decision: Decision| {
        decision.subject = cleaner.text(&decision.subject);
        decision.words = cleaner.text(&decision.words);
        decision
    };
    Detail {
        decisions: decisions(call).into_iter().map(clean).collect(),
        findings: call.facts.findings.clone(),
        timing: timing(call),
        request,
        sent,
        response,
        command: Vec::new(),
    }
}

/// The request as it came, as it was sent, and the response.
fn messages(call: &Exchange, cleaner: &Cleaner<'_>) -> [Option<Message>; 3] {
    let facts = &call.facts;
    let body = facts.body.as_ref();
    let request_body = body.map_or_else(Default::default, |tap| (tap.kept.borrow().clone(), tap.bytes.get()));
    let query = call.head.query().map(|query| format!("?{}", cleaner.pairs(query, "&"))).unwrap_or_default();
    let path = named(call, |value| {
        cleaner.hide(value);
    });
    let line = format!("{} {path}{query} {:?}", call.head.method, call.head.version);
    let request = cleaner.message(&line, &call.head.fields, &request_body.0.concat(), (request_body.1, KEPT));
    let sent = facts.sent.as_ref().and_then(|sent| sent.head.as_ref()).map(|(line, fields)| {
        // The provider's path ends as ours does, whatever stands before it.
        let below = |path: &str| path.get(facts.seen.below..).unwrap_or_default().to_owned();
        let (whole, own) = (below(call.head.shown_path()), below(&path));
        let line = if whole == own { line.clone() } else { line.replacen(&whole, &own, 1) };
        Message { line: cleaner.line(&line), ..cleaner.message("", fields, &[], (0, KEPT)) }
    });
    let response = facts.answer.fields.as_ref().map(|fields| {
        let line = format!("HTTP/1.1 {}", facts.status);
        cleaner.message(&line, fields, &facts.answer.kept.concat(), (facts.bytes_out, KEPT))
    });
    [Some(request), sent, response]
}

/// The path as it is kept: without parameters whose names are hidden, known secrets, and keys.
pub(crate) fn path(call: &Exchange) -> String {
    let named = named(call, |_| {});
    let clean = call.world.prepared.redactor.clean(&named);
    let clean = exchange::without_keys(&clean);
    match own_key(call) {
        Some(key) if key.len() >= Redactor::SHORTEST => clean.replace(&*key, "***"),
        _ => clean.into_owned(),
    }
}

/// The path without parameters whose names are hidden; `found` is told their values.
fn named(call: &Exchange, found: impl FnMut(&str)) -> Cow<'_, str> {
    let (path, seen) = (call.head.shown_path(), &call.facts.seen);
    let Some(served) = call.world.offer_of(seen) else { return Cow::Borrowed(path) };
    let Bound::One(index) = seen.bound else { return Cow::Borrowed(path) };
    match served.operation(index) {
        Some(known) => served.hidden.path(index, known.template(), (path, seen.below), found),
        None => Cow::Borrowed(path),
    }
}

/// The key that the caller sent.
fn own_key(call: &Exchange) -> Option<Cow<'_, str>> {
    let served = call.world.offer_of(&call.facts.seen)?;
    if matches!(call.facts.seen.caller, Some(Caller::Anonymous | Caller::Named(_))) {
        return None;
    }
    identify::key::find(&served.offer.key_places, &call.head).ok().flatten()
}

/// The decisions as far as the call came, from what the stages left behind.
fn decisions(call: &Exchange) -> Vec<Decision> {
    let (world, facts) = (&call.world, &call.facts);
    let seen = &facts.seen;
    let mut out = route::words(world, seen);
    out.extend(identify::words(world, seen));
    out.extend(permit::words(world, seen));
    out.extend(admit::words(world, seen));
    if let Some(served) = world.offer_of(seen) {
        let reached = |stage: Stage| order(facts.stage) >= order(stage);
        if reached(Stage::Request) {
            let breaks = facts.findings.iter().filter(|finding| finding.direction == "request").count();
            out.push(check::words(served, seen.bound, u32::try_from(breaks).unwrap_or(u32::MAX)));
        }
        if reached(Stage::Provider) {
            out.push(forward::words(served, facts.sent.as_deref()));
        }
    }
    if let Some(refusal) = &facts.refusal {
        let mut no = explain::no(facts.stage, refusal);
        // A stage that said what it found and then no is one line: what it found, and the no.
        if let Some(found) = out.pop_if(|last| last.stage == facts.stage) {
            no.subject = found.subject;
            no.origin = no.origin.or(found.origin);
        }
        out.push(no);
    } else if facts.unchecked {
        out.push(Decision {
            stage: Stage::Response,
            subject: "unchecked".to_owned(),
            words: "a body was too large, or compressed, to be checked".to_owned(),
            origin: None,
            refused: None,
        });
    }
    out
}

const fn order(stage: Stage) -> u8 {
    stage as u8
}

fn timing(call: &Exchange) -> Vec<Timing> {
    let facts = &call.facts;
    let total = u64::try_from(call.elapsed().as_micros()).unwrap_or(u64::MAX);
    let Some(sent) = &facts.sent else {
        return vec![Timing { part: "all".to_owned(), from_us: 0, took_us: total }];
    };
    let us = |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let (waited, connect, first) = (us(sent.waited), us(sent.connect), us(sent.first_byte));
    let before = facts.provider_us.saturating_sub(waited + connect + first);
    let mut from = 0;
    [
        ("checks", before),
        ("pace", waited),
        ("connect", connect),
        ("provider", first),
        ("body", total.saturating_sub(facts.provider_us)),
    ]
    .into_iter()
    .map(|(part, took_us)| {
        let timing = Timing { part: part.to_owned(), from_us: from, took_us };
        from += took_us;
        timing
    })
    .filter(|timing| timing.took_us > 0)
    .collect()
}

/// Hides the board's secrets, the caller's own key, and what the board, the API and its contract name.
fn cleaner(call: &Exchange) -> Cleaner<'_> {
    let world = &call.world;
    let names = match world.offer_of(&call.facts.seen) {
        Some(served) => Cow::Borrowed(&served.hidden.names[..]),
        None => world.board.record.redact.iter().map(|name| name.to_lowercase()).collect(),
    };
    let own = own_key(call).map(|key| {
        let mut own = Redactor::default();
        own.add(&Secret::new(key.into_owned()));
        Arc::new(own)
    });
    Cleaner::new(Cow::Borrowed(&world.prepared.redactor), names).and(own).and(call::learnt())
}
