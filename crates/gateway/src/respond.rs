//! The way back: the provider's answer, or our own no, becomes what the caller gets.
//!
//! Status and body of a provider pass untouched. Fields that name or bind the provider do not. Every
//! answer carries the call's id; every answer of a limited offer says what is left.

use crate::forward::{Answered, KEPT};
use crate::under_way::{Bound, Exchange, Watch};
use crate::wire::{Answer, Content, OutBody};
use crate::{check, cors, problem, rate_fields, tunnel};
use board::{CheckMode, DetailsWanted};
use bytes::{Bytes, BytesMut};
use contract::{Check, Need, Violation};
use exchange::{Reason, Refusal, Stage};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::BodyExt as _;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ALT_SVC: HeaderName = HeaderName::from_static("alt-svc");

/// Checks the provider's answer as the board wants it, and makes it ours.
pub(crate) async fn respond(call: &mut Exchange, answered: Answered) -> Result<(Answer, Option<tunnel::Ends>), Refusal> {
    call.enter(Stage::Response);
    let (mut answer, ends) = match answered {
        Answered::Message(answer) => (answer, None),
        Answered::Tunnel(answer, own, theirs) => (answer, Some(tunnel::Ends { own, theirs })),
    };
    if ends.is_none() {
        judge(call, &mut answer).await?;
        clean(call, &mut answer.fields);
    }
    Ok((answer, ends))
}

/// Our own no, in the caller's format.
pub(crate) fn refused(call: &mut Exchange, refusal: Refusal) -> Answer {
    let answer = problem::answer(&call.world, &call.head, &call.facts, &refusal);
    call.facts.refusal = Some(refusal);
    answer
}

/// Seals an answer: fields that every one has, and the body that owns the record.
pub(crate) fn seal(mut call: Box<Exchange>, answer: Answer) -> Response<OutBody> {
    let Answer { status, mut fields, content } = answer;
    let world = call.world.clone();
    let seen = &call.facts.seen;
    if let Some(plan) = world.plan(seen) {
        rate_fields::write(&mut fields, plan, &seen.left);
    }
    if let Some(served) = world.offer_of(seen) {
        cors::answer(&served.cors, &call.head, &mut fields);
    }
    if let Ok(id) = HeaderValue::try_from(call.facts.id.to_string()) {
        fields.insert(X_REQUEST_ID, id);
    }
    // RFC 9112 §11.2: what follows a head that is wrong may be no request but the rest of a trick.
    let untrusted = call.head.fault.is_some();
    if (untrusted || call.worker.is_stopping()) && status != StatusCode::SWITCHING_PROTOCOLS {
        fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    call.answering(status);
    keep(&mut call, &fields);
    let mut response = Response::new(OutBody::new(content, call));
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}

/// Keeps head and beginning of the answer where a detail of the call may be wanted.
fn keep(call: &mut Exchange, fields: &HeaderMap) {
    let wanted = match call.world.board.record.details {
        DetailsWanted::None => false,
        DetailsWanted::All => true,
        DetailsWanted::Failed => {
            let facts = &call.facts;
            facts.refusal.is_some() || facts.breaks > 0 || facts.status >= 500 || facts.answer.watch.is_some()
        }
    };
    if wanted {
        call.facts.answer.fields = Some(fields.clone());
        call.facts.answer.keep = KEPT;
    }
}

/// Removes what names or binds the provider.
fn clean(call: &Exchange, fields: &mut HeaderMap) {
    exchange::hop_by_hop::strip(fields);
    rate_fields::strip(fields);
    cors::strip(fields);
    fields.remove(ALT_SVC);
    fields.remove(X_REQUEST_ID);
    let _ = call;
}

/// Checks the answer against the contract.
async fn judge(call: &mut Exchange, answer: &mut Answer) -> Result<(), Refusal> {
    let world = call.world.clone();
    let Some(served) = world.offer_of(&call.facts.seen) else { return Ok(()) };
    let mode = served.api.checks.responses;
    let operation = match call.facts.seen.bound {
        Bound::One(index) if mode != CheckMode::Off => served.operation(index),
        _ => None,
    };
    let Some(operation) = operation else { return Ok(()) };
    let (mut found, need) = contract::check_answer(operation, answer.status, &answer.fields);
    let headless = call.head.method == http::Method::HEAD
        || matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let need = if headless { Need::Nothing } else { need };
    let coded = answer.fields.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    match (mode, need) {
        (CheckMode::Off, _) | (CheckMode::Report, Need::Nothing) => call.found("response", &found),
        (CheckMode::Report, Need::Watch(_) | Need::Whole(_)) if coded => {
            call.found("response", &found);
            call.facts.unchecked = true;
        }
        (CheckMode::Report, Need::Watch(check) | Need::Whole(check)) => {
            call.found("response", &found);
            let check = check.at_most(served.offer.max_body.as_usize());
            call.facts.answer.watch = Some(Watch { check });
        }
        (CheckMode::Block, need) => {
            if let Need::Watch(check) | Need::Whole(check) = need {
                found.extend(hold_and_check(call, answer, check, served.offer.max_body.0, coded).await?);
            }
            if !found.is_empty() {
                call.found("response", &found);
                return Err(breaks(&found));
            }
        }
    }
    Ok(())
}

/// Holds the provider's body and checks it; afterwards the answer's content is held.
async fn hold_and_check(
    call: &mut Exchange,
    answer: &mut Answer,
    check: Check,
    most: u64,
    coded: bool,
) -> Result<Vec<Violation>, Refusal> {
    let too_much = || Reason::ResponseBreaksContract.because("the provider's answer is larger than can be checked");
    if coded {
        let words = "the provider's answer is compressed and cannot be checked";
        return Err(Reason::ResponseBreaksContract.because(words));
    }
    let Content::Provider(body) = &mut answer.content else { return Ok(Vec::new()) };
    let mut held = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Reason::ProviderBroken.because("the provider broke off inside its answer"))?;
        let Ok(bytes) = frame.into_data() else { continue };
        if (held.len() + bytes.len()) as u64 > most {
            return Err(too_much());
        }
        held.extend_from_slice(&bytes);
    }
    let held: Bytes = held.freeze();
    let report = check::run(call, check, held.clone()).await?;
    answer.content = Content::Held(held);
    answer.fields.remove(header::TRANSFER_ENCODING);
    Ok(report.found)
}

fn breaks(found: &[Violation]) -> Refusal {
    // Positions without the provider's values: what is wrong may be what must not get out.
    let places: Vec<_> = found.iter().take(3).map(Violation::place).collect();
    Reason::ResponseBreaksContract.because(format!("the provider's answer breaks its contract: {}", places.join(", ")))
}
