//! The order of the stages, and what happens around them.
//!
//! The types say the order: each stage takes the token of the one before. One `catch_unwind` turns a bug
//! into a 500 and a record; the body of the answer has its own.

use crate::admit::admit;
use crate::check::check;
use crate::forward::forward;
use crate::identify::identify;
use crate::permit::permit;
use crate::respond::{refused, respond, seal};
use crate::route::route;
use crate::under_way::{Exchange, Payload, Peer, Way};
use crate::wire::{Answer, Head, OutBody};
use crate::worker::Worker;
use crate::{cors, guesses, local, tunnel};
use exchange::{As, Outcome, Reason, Refusal};
use futures_util::FutureExt as _;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{HeaderMap, Response};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Instant;

/// Serves one request.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    peer: Peer,
    started: Instant,
    head: Head,
    payload: Payload,
    who: As,
) -> Response<OutBody> {
    let mut call = Exchange::begin(worker, peer, started, (head, payload), who);
    let (answer, ends) = match AssertUnwindSafe(answer(&mut call)).catch_unwind().await {
        Ok(Ok(answered)) => answered,
        Ok(Err(refusal)) => (refused(&mut call, refusal), None),
        Err(_) => {
            call.facts.outcome = Some(Outcome::Panicked);
            let words = "something went wrong inside the gateway; the call's id leads to its record";
            (refused(&mut call, Reason::Internal.because(words)), None)
        }
    };
    match ends {
        None => seal(call, answer),
        Some(ends) => switch(call, answer, ends),
    }
}

async fn answer(call: &mut Exchange) -> Result<(Answer, Option<tunnel::Ends>), Refusal> {
    let routed = match route(call) {
        Ok(Way::Api(routed)) => routed,
        Ok(Way::Preflight(offer)) => {
            let answer = cors::preflight(call, offer)?;
            call.facts.outcome = Some(Outcome::Succeeded);
            return Ok((answer, None));
        }
        Ok(Way::Own(own)) => return Ok((local::answer(call, &own), None)),
        Err(refusal) => return Err(unroutable(call, refusal)),
    };
    let identified = identify(call, routed)?;
    let permitted = permit(call, identified)?;
    let admitted = admit(call, permitted).await?;
    let checked = check(call, admitted).await?;
    let answered = forward(call, checked).await?;
    respond(call, answered).await
}

/// Unknown addresses are paid for like wrong keys; who has guessed too often is told so instead.
fn unroutable(call: &Exchange, refusal: Refusal) -> Refusal {
    if refusal.reason != Reason::NoOffer {
        return refusal;
    }
    let (world, seen, shared) = (&call.world, &call.facts.seen, call.worker.shared());
    if let Err(guesses) = guesses::look(world, seen, shared) {
        return guesses;
    }
    guesses::pay(world, seen, shared);
    refusal
}

/// Answers 101 and hands the call to the tunnel (RFC 9110 §7.8: not before the provider's own 101).
fn switch(mut call: Box<Exchange>, answer: Answer, ends: tunnel::Ends) -> Response<OutBody> {
    let Answer { status, fields, .. } = answer;
    let mut sealed = Response::new(OutBody::switched());
    *sealed.status_mut() = status;
    *sealed.headers_mut() = HeaderMap::with_capacity(fields.len() + 3);
    for (name, value) in &fields {
        if name.as_str().starts_with("sec-websocket-") {
            sealed.headers_mut().append(name.clone(), value.clone());
        }
    }
    sealed.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    sealed.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(id) = HeaderValue::try_from(call.facts.id.to_string()) {
        sealed.headers_mut().insert("x-request-id", id);
    }
    call.answering(status);
    tokio::task::spawn_local(tunnel::run(call, ends));
    sealed
}
