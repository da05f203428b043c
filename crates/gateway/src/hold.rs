//! The only reader of bodies: keeps one in memory, up to a size.
//!
//! A body that is too large is refused from its announced length, before a byte of it is read, so that
//! a caller who waits for `100 Continue` never sends it (RFC 9110 §10.1.1).

use crate::under_way::{Exchange, Payload};
use bytes::{Bytes, BytesMut};
use exchange::{By, ByteCount, Outcome, Reason, Refusal};
use http_body_util::BodyExt as _;

/// Holds the body; afterwards the payload is held, or there is none.
pub(crate) async fn hold(call: &mut Exchange, most: ByteCount) -> Result<(), Refusal> {
    let too_large = || Reason::TooLarge.because(format!("the body is larger than {most}"));
    if call.head.content_length().is_some_and(|length| length > most.0) {
        return Err(too_large());
    }
    let mut body = match std::mem::replace(&mut call.payload, Payload::Taken) {
        Payload::Stream(body) => body,
        other => {
            call.payload = other;
            return Ok(());
        }
    };
    let tap = body.tap();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            if tap.stalled.get() {
                return Err(Reason::CallerTooSlow.because("no byte of the body came for too long"));
            }
            call.facts.outcome = Some(Outcome::Aborted(By::Caller));
            return Err(Reason::Malformed.because("the body broke off"));
        };
        let Ok(bytes) = frame.into_data() else { continue };
        if (first.len() + rest.len() + bytes.len()) as u64 > most.0 {
            return Err(too_large());
        }
        // Most bodies come in one piece, and are not copied.
        if first.is_empty() && rest.is_empty() {
            first = bytes;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&bytes);
        }
    }
    let held = if rest.is_empty() { first } else { rest.freeze() };
    call.payload = if held.is_empty() { Payload::Empty } else { Payload::Held(held) };
    Ok(())
}
