//! Handing a checked request to its provider.
//!
//! What identified the caller to us is removed first; then the connection's own fields; then what we
//! know of the caller is added. The provider's credential is the provider side's business.

use crate::check::Checked;
use crate::identify::key;
use crate::seen::Caller;
use crate::under_way::{Bound, Exchange, Payload};
use crate::wire::Upgrade;
use crate::world::Served;
use board::CheckMode;
use call::pass::Forwarded;
use call::{CallError, ErrorKind, OutBody, Outgoing};
use contract::Repeat;
use exchange::{By, Decision, Outcome, Reason, Refusal, Stage};
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use std::pin::pin;
use std::sync::Arc;

const MAX_FORWARDS: HeaderName = HeaderName::from_static("max-forwards");

/// What came back.
#[derive(Debug)]
pub(crate) enum Answered {
    /// A message.
    Message(call::Answer),
    /// What the contract says, nobody was asked.
    Mocked(crate::wire::Answer),
    /// A 101: both connections now speak something else.
    Tunnel(call::Answer, Upgrade, hyper::upgrade::OnUpgrade),
}

/// Sends the request; the answer's body is still coming.
pub(crate) async fn forward(call: &mut Exchange, checked: Checked) -> Result<Answered, Refusal> {
    call.enter(Stage::Provider);
    let world = call.world.clone();
    let served = world.offer(checked.offer());
    if let Some(mock) = &served.api.mock {
        call.spend(true);
        return crate::mock::answer(call, served, mock, checked.bound()).await.map(Answered::Mocked);
    }
    let wants = upgrade(call, served)?;
    let (own, body) = match std::mem::replace(&mut call.payload, Payload::Taken) {
        Payload::Upgrade(own) => (Some(own), OutBody::Empty),
        Payload::Empty | Payload::Taken => (None, OutBody::Empty),
        Payload::Held(bytes) => (None, OutBody::Held(bytes)),
        Payload::Stream(body) => (None, OutBody::Stream(Box::pin(body))),
    };
    send(call, served, &checked, (wants, own), body).await
}

async fn send(
    call: &mut Exchange,
    served: &Served,
    checked: &Checked,
    (wants, own): (Option<HeaderValue>, Option<Upgrade>),
    body: OutBody,
) -> Result<Answered, Refusal> {
    let outgoing = outgoing(call, served, checked, wants, body)?;
    call.spend(true);
    let worker = call.worker.clone();
    // A connection is chosen by who calls; most APIs have one account.
    let consumer = call.facts.seen.caller.as_ref().and_then(Caller::consumer).map(|consumer| &consumer.name);
    let upstream = served.api.upstream_of(consumer);
    let answer = {
        let mut sending = pin!(worker.providers().send(upstream, outgoing));
        let mut long =
            pin!(tokio::time::sleep_until((call.facts.started + worker.settings().open_row_after).into()));
        let mut written = false;
        loop {
            tokio::select! {
                biased;
                answer = sending.as_mut() => break answer,
                () = long.as_mut(), if !written => {
                    call.write_open_row();
                    written = true;
                }
            }
        }
    };
    if answer.as_ref().is_err_and(|error| error.attempts <= 1 && error.nothing_was_sent()) {
        call.spend(false);
    }
    call.facts.provider_us = u64::try_from(call.elapsed().as_micros()).unwrap_or(u64::MAX);
    let mut answer = answer.map_err(|error| failed(call, &error))?;
    let refused =
        matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED);
    if refused && !upstream.credentials.is_empty() {
        call.facts.sent = Some(Box::new(answer.sent));
        let words = "the provider does not accept the gateway's credential";
        return Err(Reason::CredentialRefused.because(words));
    }
    match (answer.status, answer.upgrade.take(), own) {
        (StatusCode::SWITCHING_PROTOCOLS, Some(theirs), Some(own)) => {
            Ok(Answered::Tunnel(answer, own, theirs))
        }
        // RFC 9110 §15.2: a 101 that nobody asked for is no answer.
        (StatusCode::SWITCHING_PROTOCOLS, ..) => {
            Err(Reason::ProviderBroken.because("the provider switched to a protocol that was not asked for"))
        }
        _ => Ok(Answered::Message(answer)),
    }
}

/// Makes the request that the provider gets.
fn outgoing<'s>(
    call: &mut Exchange,
    served: &'s Served,
    checked: &Checked,
    wants: Option<HeaderValue>,
    body: OutBody,
) -> Result<Outgoing<'s>, Refusal> {
    let shared = call.worker.shared();
    if call::pass::is_loop(&call.head.fields, &shared.via) {
        return Err(Reason::Loop.because("the request has been through this gateway before"));
    }
    let keeps = call.world.board.record.details != board::DetailsWanted::None;
    let mut fields = if keeps { call.head.fields.clone() } else { std::mem::take(&mut call.head.fields) };
    let query = if served.asks_for_a_key() {
        key::strip(&served.offer.key_places, &mut fields, call.head.query())
    } else {
        call.head.query().map(str::to_owned)
    };
    key::strip_console(&mut fields);
    let forwarded = Forwarded {
        address: call.facts.seen.address,
        host: &call.head.authority,
        https: call.facts.seen.https,
        via: &shared.via,
    };
    call::pass::fields(&mut fields, &forwarded);
    if call.head.method == Method::OPTIONS
        && let Some(left) =
            fields.get(MAX_FORWARDS).and_then(|value| value.to_str().ok()?.parse::<u32>().ok())
    {
        // RFC 9110 §7.6.2: one hop less; 0 was answered by `route`.
        fields.insert(MAX_FORWARDS, left.saturating_sub(1).into());
    }
    if served.api.checks.responses == CheckMode::Block && matches!(checked.bound(), Bound::One(_)) {
        // What is held and checked must be whole and readable.
        fields.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        fields.remove(header::RANGE);
        fields.remove(header::IF_RANGE);
    }
    let upgrade = wants.is_some();
    if let Some(protocol) = wants {
        fields.insert(header::UPGRADE, protocol);
        fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
    let path = call.head.path.as_ref().map_or("/", |path| path.as_str());
    let operation = match checked.bound() {
        Bound::One(index) => served.operation(index).map(Arc::as_ref),
        Bound::Unknown => None,
    };
    let repeat = operation.map(|operation| operation.repeat.clone());
    Ok(Outgoing {
        method: call.head.method.clone(),
        path: call.facts.seen.below(path).to_owned(),
        query,
        fields,
        body,
        repeat: repeat.unwrap_or_else(|| by_method(&call.head.method)),
        upgrade,
        operation,
    })
}

/// The value of `Upgrade` that is handed on, when one is asked for and offered.
fn upgrade(call: &Exchange, served: &Served) -> Result<Option<HeaderValue>, Refusal> {
    let Some(protocol) = call.head.wants_upgrade() else { return Ok(None) };
    if protocol != "websocket" {
        // RFC 9110 §7.8: an upgrade may be ignored; `h2c` is what clients try in passing.
        return Ok(None);
    }
    if !served.offer.upgrade.contains(&board::Upgrade::WebSocket) {
        return Err(Reason::UpgradeNotOffered
            .because("WebSocket is not offered here")
            .origin(served.offer.origin.clone()));
    }
    Ok(matches!(call.payload, Payload::Upgrade(_)).then(|| HeaderValue::from_static("websocket")))
}

/// What HTTP itself says of sending a method again (RFC 9110 §9.2).
fn by_method(method: &Method) -> Repeat {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Repeat::Safe,
        Method::PUT | Method::DELETE => Repeat::Idempotent,
        _ => Repeat::Never,
    }
}

/// A refusal in words that name nothing internal.
fn failed(call: &mut Exchange, error: &CallError) -> Refusal {
    call.facts.outcome = Some(Outcome::Failed(error.fault()));
    let tap = call.facts.body.clone();
    let words = match error.kind {
        ErrorKind::NameUnknown
        | ErrorKind::ProxyUnknown
        | ErrorKind::TunnelRefused
        | ErrorKind::SocksRefused
        | ErrorKind::Refused => "the provider cannot be reached at the moment",
        ErrorKind::ConnectTimeout => "no connection to the provider could be made in time",
        ErrorKind::Untrusted => "the provider's certificate is not trusted",
        ErrorKind::TlsBroken => "no encrypted connection to the provider could be made",
        ErrorKind::BrokenOff => "the provider broke off before it answered",
        ErrorKind::Garbage => "the provider's answer is not HTTP",
        ErrorKind::Silent | ErrorKind::TotalTimeout => "the provider did not answer in time",
        ErrorKind::Busy(wait) => {
            let refusal = Reason::ProviderBusy.because("the provider may not be called faster: try again");
            return refusal.retry_after(wait);
        }
        ErrorKind::CallerGone => {
            if tap.is_some_and(|tap| tap.stalled.get()) {
                call.facts.outcome = Some(Outcome::Aborted(By::Us));
                return Reason::CallerTooSlow.because("no byte of the body came for too long");
            }
            call.facts.outcome = Some(Outcome::Aborted(By::Caller));
            // Often chunks that are none (RFC 9112 §7.1): whoever still listens is told what is wrong.
            return Reason::Malformed.because("the body broke off, or its chunks cannot be read");
        }
        ErrorKind::Unauthorised => "the gateway could not have a token for the provider",
        ErrorKind::Unusable => "the request could not be sent",
    };
    error.reason().because(words)
}

/// What became of sending, in words.
pub(crate) fn words(served: &Served, sent: Option<&call::Sent>) -> Decision {
    let (subject, words) = if served.api.mock.is_some() {
        ("mock".to_owned(), "answered from the contract, no provider was asked".to_owned())
    } else if let Some(sent) = sent {
        let how = if sent.reused { "reused connection" } else { "new connection" };
        let plural = if sent.attempts == 1 { "attempt" } else { "attempts" };
        (sent.server.to_string(), format!("{} {plural}, {how}", sent.attempts))
    } else {
        let first = served.api.upstream.servers.first().map(ToString::to_string);
        (first.unwrap_or_default(), "not asked, or no answer".to_owned())
    };
    let origin = Some(served.api.upstream.origin.to_string());
    Decision { stage: Stage::Provider, subject, words, origin, refused: None }
}
