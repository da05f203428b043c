//! Whether the request matches its contract, as the board wants it: blocked, reported, or not looked at.
//!
//! Under `block` nothing of a body is handed on before the verdict, and the bytes that were checked are
//! the bytes that are handed on. Under `report` the body flows on while it is watched.

use crate::admit::Admitted;
use crate::check_pool::{HEAVY, NoCheck};
use crate::hold::hold;
use crate::under_way::{Bound, Exchange, Payload};
use crate::wire::Head;
use crate::world::Served;
use board::CheckMode;
use bytes::Bytes;
use contract::{Check, Need, Operation, Report, Violation};
use exchange::{Decision, Reason, Refusal, Stage};
use http::header::{ACCEPT, HeaderValue};
use std::sync::Arc;

/// The request was checked as far as the board wants it.
#[derive(Debug)]
pub(crate) struct Checked {
    admitted: Admitted,
}

impl Checked {
    pub(crate) const fn offer(&self) -> usize {
        self.admitted.offer()
    }

    pub(crate) const fn bound(&self) -> Bound {
        self.admitted.bound()
    }
}

/// Checks the request.
pub(crate) async fn check(call: &mut Exchange, admitted: Admitted) -> Result<Checked, Refusal> {
    call.enter(Stage::Request);
    let world = call.world.clone();
    let served = world.offer(admitted.offer());
    let mode = served.api.checks.requests;
    let operation = match admitted.bound() {
        Bound::One(index) if mode != CheckMode::Off => served.operation(index),
        _ => None,
    };
    let Some(operation) = operation else {
        return Ok(Checked { admitted });
    };
    let (mut found, need) = look(operation, &call.head, call.facts.seen.below);
    match mode {
        CheckMode::Block => {
            let media = found.iter().any(|violation| violation.code == "media-type");
            if !media && let Need::Watch(check) | Need::Whole(check) = need {
                hold(call, served.offer.max_body).await?;
                found.extend(held(call, check).await?.found);
            }
            if !found.is_empty() {
                call.found("request", &found);
                return Err(refusal(served, operation, found));
            }
        }
        CheckMode::Report => {
            call.found("request", &found);
            if let Need::Watch(check) | Need::Whole(check) = need {
                watch(call, check.at_most(served.offer.max_body.as_usize())).await?;
            }
        }
        CheckMode::Off => {}
    }
    Ok(Checked { admitted })
}

/// What is wrong with a head, and what its body needs. Pure.
fn look(operation: &Operation, head: &Head, below: usize) -> (Vec<Violation>, Need) {
    let path = head.path.as_ref().map_or("/", |path| match path.as_str().get(below..) {
        Some("") | None => "/",
        Some(rest) => rest,
    });
    let head = contract::Head { method: &head.method, path, query: head.query(), fields: &head.fields };
    contract::check_head(operation, &head)
}

/// The verdict on a head alone, for `explain`: its body is not there.
pub(crate) fn decide(
    served: &Served,
    bound: Bound,
    head: &Head,
    below: usize,
) -> Result<Option<usize>, Refusal> {
    let operation = match bound {
        Bound::One(index) if served.api.checks.requests != CheckMode::Off => served.operation(index),
        _ => None,
    };
    let Some(operation) = operation else { return Ok(None) };
    let (found, _) = look(operation, head, below);
    if found.is_empty() {
        Ok(Some(operation.parameters.len()))
    } else {
        Err(refusal(served, operation, found))
    }
}

/// What checking the request came to, in words.
pub(crate) fn words(served: &Served, bound: Bound, breaks: u32) -> Decision {
    let operation = match bound {
        Bound::One(index) => served.operation(index),
        Bound::Unknown => None,
    };
    let (subject, words) = match (served.api.checks.requests, operation) {
        (CheckMode::Off, _) | (_, None) => ("unchecked".to_owned(), String::new()),
        (mode, Some(operation)) => {
            let count = operation.parameters.len();
            let plural = if count == 1 { "" } else { "s" };
            let verdict = match (breaks, mode) {
                (0, _) => "ok".to_owned(),
                (many, CheckMode::Report) => format!("{many} not as the contract says: passed on, reported"),
                (many, _) => format!("{many} not as the contract says"),
            };
            (format!("{count} parameter{plural}"), verdict)
        }
    };
    Decision {
        stage: Stage::Request,
        subject,
        words,
        origin: Some(served.api.origin.to_string()),
        refused: None,
    }
}

/// Checks a held body; a heavy one elsewhere, so that this thread goes on.
async fn held(call: &Exchange, check: Check) -> Result<Report, Refusal> {
    let bytes = match &call.payload {
        Payload::Held(bytes) => bytes.clone(),
        _ => Bytes::new(),
    };
    run(call, check, bytes).await
}

/// Checks bytes here, or, where there are many, on the pool.
pub(crate) async fn run(call: &Exchange, check: Check, bytes: Bytes) -> Result<Report, Refusal> {
    if bytes.len() <= HEAVY {
        return Ok(check.whole(&bytes));
    }
    call.worker.shared().pool.check(check, bytes).await.map_err(|error| match error {
        NoCheck::Full => Reason::Overloaded.because("too many large bodies are being checked: try again"),
        NoCheck::Broken => Reason::Internal.because("the body could not be checked"),
    })
}

/// Lets the body flow on while it is watched.
async fn watch(call: &mut Exchange, check: Check) -> Result<(), Refusal> {
    if let Payload::Stream(body) = &call.payload {
        *body.tap().check.borrow_mut() = Some(check);
    } else {
        let report = held(call, check).await?;
        call.found("request", &report.found);
    }
    Ok(())
}

fn refusal(served: &Served, operation: &Arc<Operation>, found: Vec<Violation>) -> Refusal {
    let words = match found.as_slice() {
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
        [] => String::new(),
    };
    if found.iter().any(|violation| violation.code == "media-type") {
        // RFC 9110 §15.5.16: Accept says what would be taken.
        let media: Vec<_> = operation.input.iter().map(|body| body.media.as_str()).collect();
        let refusal = Reason::MediaTypeUnsupported.because(words).violations(found);
        return match HeaderValue::from_str(&media.join(", ")) {
            Ok(value) if !media.is_empty() => refusal.field(ACCEPT, value),
            _ => refusal,
        };
    }
    Reason::RequestBreaksContract.because(words).violations(found).origin(served.api.origin.clone())
}
