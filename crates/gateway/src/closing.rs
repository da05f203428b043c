//! Closing a call: usage, row and, where wanted, detail; exactly once.

use crate::under_way::Exchange;
use crate::{detail, under_way};
use board::DetailsWanted;
use exchange::{By, CallRecord, Finding, Outcome, Usage, UsageKey};
use std::sync::Arc;

/// Methods are cut to this length in records.
const LONGEST_METHOD: usize = 32;
/// Paths are cut to this length in records.
const LONGEST_PATH: usize = 1024;

/// Ends checks that watched, and hands the record over.
pub(crate) fn close(call: &mut Exchange, overruled: Option<Outcome>) {
    let broken = overruled.is_some();
    end_watches(call, broken);
    name_soft_limits(call);
    let found = match (&call.facts.outcome, &call.facts.refusal) {
        (Some(outcome), _) => *outcome,
        (None, Some(refusal)) => under_way::outcome_of(refusal.reason),
        (None, None) => Outcome::of_status(call.facts.status),
    };
    // A refusal stays one, also when its body was not read to the end.
    let outcome = match (overruled, &call.facts.refusal) {
        (Some(Outcome::Aborted(By::Caller)), Some(_)) | (None, _) => found,
        (Some(overruled), _) => overruled,
    };
    let row = row(call, outcome, false);
    let recorder = call.worker.recorder();
    recorder.usage(usage(call, &row));
    let wanted = match call.world.board.record.details {
        DetailsWanted::None => false,
        DetailsWanted::All => true,
        DetailsWanted::Failed => row.breaks > 0 || !matches!(outcome, Outcome::Succeeded | Outcome::Declined),
    };
    let id = row.id;
    recorder.row(row);
    if wanted {
        recorder.detail(id, detail::of(call));
    }
}

/// The row of a call.
pub(crate) fn row(call: &Exchange, outcome: Outcome, open: bool) -> CallRecord {
    let (facts, seen) = (&call.facts, &call.facts.seen);
    let names = seen.offer.map(|offer| call.world.names(offer));
    CallRecord {
        id: facts.id,
        parent: None,
        via: call.world.listener_name(seen.listener),
        api: names.map(|names| Arc::clone(&names.api)),
        offer: names.map(|names| Arc::clone(&names.offer)),
        operation: operation(call),
        consumer: seen.caller.as_ref().and_then(|caller| caller.consumer()).map(|known| known.name.clone()),
        plan: call.world.plan(seen).map(|plan| plan.plan.name.clone()),
        address: seen.from_outside.then_some(seen.address),
        method: cut(call.head.method.as_str(), LONGEST_METHOD),
        path: cut(&detail::path(call), LONGEST_PATH),
        status: facts.status,
        outcome,
        reason: facts.refusal.as_ref().map(|refusal| refusal.reason),
        took_us: u64::try_from(call.elapsed().as_micros()).unwrap_or(u64::MAX),
        provider_us: facts.provider_us,
        bytes_in: facts.body.as_ref().map_or(0, |tap| tap.bytes.get()),
        bytes_out: facts.bytes_out,
        breaks: facts.breaks,
        weight: 1,
        open,
    }
}

fn operation(call: &Exchange) -> Option<Arc<str>> {
    match (call.facts.seen.offer, call.facts.seen.bound) {
        (Some(offer), under_way::Bound::One(index)) => {
            call.world.names(offer).operations.get(index).map(Arc::clone)
        }
        _ => None,
    }
}

fn usage(call: &Exchange, row: &CallRecord) -> Usage {
    let nothing = || call.world.nothing();
    Usage {
        key: UsageKey {
            // Of its end: what has ended is counted within a second, and an ended period does not change any more.
            minute: (row.id.at_ms() + row.took_us / 1_000) / 60_000,
            api: row.api.clone().unwrap_or_else(nothing),
            operation: row.operation.clone().unwrap_or_else(nothing),
            consumer: row.consumer.clone(),
            plan: row.plan.clone(),
            price: call.world.price(&call.facts.seen),
            outcome: row.outcome,
            class: u8::try_from(row.status / 100).unwrap_or(0),
        },
        bytes: row.bytes_in + row.bytes_out,
        took_us: row.took_us,
    }
}

/// Says which soft limits the call went over.
fn name_soft_limits(call: &mut Exchange) {
    let passed = std::mem::take(&mut call.facts.seen.passed);
    let world = call.world.clone();
    let Some(plan) = world.plan(&call.facts.seen) else { return };
    for limit in passed.into_iter().filter_map(|index| plan.limits.get(index)) {
        call.facts.findings.push(Finding {
            direction: "request".to_owned(),
            place: "limit".to_owned(),
            at: String::new(),
            rule: limit.limit.origin.to_string(),
            code: "over-soft-limit".to_owned(),
            detail: format!("over the soft limit of {}", limit.limit.text),
        });
    }
}

/// Asks the checks that only watched for their reports.
fn end_watches(call: &mut Exchange, broken: bool) {
    if let Some(tap) = call.facts.body.clone() {
        call.facts.unchecked |= tap.unchecked.get();
        let check = tap.check.borrow_mut().take();
        if let Some(check) = check.filter(|_| tap.ended.get()) {
            let report = check.end(None);
            call.facts.unchecked |= report.cut;
            call.found("request", &report.found);
        }
    }
    if let Some(report) = call.facts.answer.report.take().and_then(|report| report.take()) {
        // What broke off is a failure of its own; that it could not be checked says nothing more.
        call.facts.unchecked |= report.cut && !broken;
        call.found("response", &report.found);
    }
}

fn cut(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
