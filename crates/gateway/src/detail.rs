//! The detail of a call: decisions, heads, the beginning of bodies; redacted before it leaves the thread.
//!
//! Redacted are values known to be secret (the board's, the caller's own key), fields and parameters
//! whose names say so, and those that the board names.

use crate::seen::Caller;
use crate::under_way::Exchange;
use crate::{admit, check, explain, forward, identify, permit, route};
use board::KeyPlace;
use exchange::{Cleaner, Detail, Secret, Stage, Timing};
use std::borrow::Cow;

/// How much of a body is kept.
pub(crate) const KEPT: usize = 16 * 1024;

/// Makes the detail of a call that is over.
pub(crate) fn of(call: &Exchange) -> Detail {
    let cleaner = cleaner(call);
    let facts = &call.facts;
    let body = facts.body.as_ref();
    let request_body = body.map_or_else(Default::default, |tap| (tap.kept.borrow().clone(), tap.bytes.get()));
    let query = call.head.query().map(|query| format!("?{}", cleaner.pairs(query, "&"))).unwrap_or_default();
    let line = format!("{} {}{query} {:?}", call.head.method, call.head.shown_path(), call.head.version);
    let request = cleaner.message(&line, &call.head.fields, &request_body.0.concat(), (request_body.1, KEPT));
    let sent = facts.sent.as_ref().and_then(|sent| sent.head.as_ref());
    let sent = sent.map(|(line, fields)| cleaner.message(&cleaner.line(line), fields, &[], (0, KEPT)));
    let response = facts.answer.fields.as_ref().map(|fields| {
        cleaner.message(
            &format!("HTTP/1.1 {}", facts.status),
            fields,
            &facts.answer.kept.concat(),
            (facts.bytes_out, KEPT),
        )
    });
    Detail {
        decisions: decisions(call),
        findings: facts.findings.clone(),
        timing: timing(call),
        request: Some(request),
        sent,
        response,
        command: Vec::new(),
    }
}

/// The decisions as far as the call came, from what the stages left behind.
fn decisions(call: &Exchange) -> Vec<exchange::Decision> {
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
        out.push(exchange::Decision {
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

/// Hides the board's secrets, the caller's own key, and what the board names.
fn cleaner(call: &Exchange) -> Cleaner<'_> {
    let known = &call.world.prepared.redactor;
    let mut redactor = Cow::Borrowed(known);
    let mut names: Vec<String> =
        call.world.board.record.redact.iter().map(|name| name.to_ascii_lowercase()).collect();
    if let Some(served) = call.world.offer_of(&call.facts.seen) {
        let places = &served.offer.key_places;
        names.extend(places.iter().filter_map(|place| match place {
            KeyPlace::Header(name) => Some(name.as_str().to_owned()),
            KeyPlace::Query(name) | KeyPlace::Cookie(name) => Some(name.to_ascii_lowercase()),
            KeyPlace::Bearer => None,
        }));
        if !matches!(call.facts.seen.caller, Some(Caller::Anonymous | Caller::Named(_)))
            && let Ok(Some(key)) = identify::key::find(places, &call.head)
        {
            redactor.to_mut().add(&Secret::new(key.into_owned()));
        }
    }
    Cleaner::new(redactor, names).and(call::learnt())
}
