//! The way back: the provider's answer, or our own no, becomes what the caller gets.
//!
//! Status and body of a provider pass untouched. Fields that name or bind the provider do not. Every
//! answer carries the call's id; every answer of a limited offer says what is left.

use crate::detail::KEPT;
use crate::forward::Answered;
use crate::under_way::{Bound, Exchange};
use crate::wire::{Answer, Content, OutBody};
use crate::{admit, check, cors, problem, rate_fields, tunnel};
use board::{CheckMode, DetailsWanted};
use bytes::{Bytes, BytesMut};
use call::pass::Back;
use contract::{Check, Need, Operation, Violation};
use exchange::{ByteCount, Reason, Refusal, Stage};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt as _;
use std::cell::RefCell;
use std::rc::Rc;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Checks the provider's answer as the board wants it, and makes it ours.
pub(crate) async fn respond(
    call: &mut Exchange,
    answered: Answered,
) -> Result<(Answer, Option<tunnel::Ends>), Refusal> {
    call.enter(Stage::Response);
    let answer = match answered {
        Answered::Tunnel(answer, own, theirs) => {
            return Ok((received(call, answer), Some(tunnel::Ends { own, theirs })));
        }
        Answered::Mocked(answer) => return Ok((answer, None)),
        Answered::Message(answer) => answer,
    };
    let world = call.world.clone();
    let Some(served) = world.offer_of(&call.facts.seen) else {
        return Err(Reason::Internal.because("no offer was found before"));
    };
    let operation = match call.facts.seen.bound {
        Bound::One(index) => served.operation(index),
        Bound::Unknown => None,
    };
    let mut answer = match (served.api.checks.responses, operation) {
        (CheckMode::Off, _) | (_, None) => received(call, answer),
        (CheckMode::Report, Some(operation)) => {
            let report = Rc::new(RefCell::new(None));
            let done = Rc::clone(&report);
            call.facts.answer.report = Some(report);
            let most = served.offer.max_body;
            let watched = call::response::check(answer, operation, &call.head.method, most, move |report| {
                *done.borrow_mut() = Some(report);
            });
            received(call, watched)
        }
        (CheckMode::Block, Some(operation)) => {
            let mut answer = received(call, answer);
            block(call, &mut answer, operation, served.offer.max_body).await?;
            answer
        }
    };
    exchange::hop_by_hop::strip(&mut answer.fields);
    let back = Back { servers: &served.api.upstream.servers, at: &served.offer.at };
    call::pass::answer_fields(&mut answer.fields, &back);
    answer.fields.remove(X_REQUEST_ID);
    Ok((answer, None))
}

/// Takes an answer over: how it was got goes into the record.
fn received(call: &mut Exchange, answer: call::Answer) -> Answer {
    call.facts.sent = Some(Box::new(answer.sent));
    Answer { status: answer.status, fields: answer.fields, content: Content::Provider(answer.body) }
}

/// Our own no, in the caller's format.
pub(crate) fn refused(call: &mut Exchange, refusal: Refusal) -> Answer {
    let answer = problem::answer(&call.world, &call.head, &call.facts, &refusal);
    call.facts.refusal = Some(refusal);
    admit::give_back(call);
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
            facts.refusal.is_some()
                || facts.breaks > 0
                || facts.status >= 500
                || facts.answer.report.is_some()
        }
    };
    if wanted {
        call.facts.answer.fields = Some(fields.clone());
        call.facts.answer.keep = KEPT;
    }
}

/// Lets nothing pass that breaks the contract.
async fn block(
    call: &mut Exchange,
    answer: &mut Answer,
    operation: &Operation,
    most: ByteCount,
) -> Result<(), Refusal> {
    let (mut found, need) = contract::check_answer(operation, answer.status, &answer.fields);
    let headless = call.head.method == Method::HEAD
        || matches!(
            answer.status,
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
        );
    if let Need::Watch(check) | Need::Whole(check) = need
        && !headless
    {
        found.extend(hold_and_check(call, answer, check, most.0).await?);
    }
    if found.is_empty() {
        return Ok(());
    }
    call.found("response", &found);
    Err(breaks(&found))
}

/// Holds the provider's body and checks it; afterwards the answer's content is held.
async fn hold_and_check(
    call: &mut Exchange,
    answer: &mut Answer,
    check: Check,
    most: u64,
) -> Result<Vec<Violation>, Refusal> {
    let too_much =
        || Reason::ResponseBreaksContract.because("the provider's answer is larger than can be checked");
    // We asked for identity (RFC 9110 §12.5.3); a provider that compresses anyway cannot be checked.
    if answer.fields.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let words = "the provider's answer is compressed and cannot be checked";
        return Err(Reason::ResponseBreaksContract.because(words));
    }
    let Content::Provider(body) = &mut answer.content else { return Ok(Vec::new()) };
    let mut held = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Reason::ProviderBroken.because("the provider broke off inside its answer"))?;
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
    Reason::ResponseBreaksContract
        .because(format!("the provider's answer breaks its contract: {}", places.join(", ")))
}
