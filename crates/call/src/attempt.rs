//! One request on one connection, until the head of its answer is there or will not come.
//!
//! What comes instead of an answer is told apart here: silence, a connection that broke off, bytes that are no
//! HTTP, a caller who went away. A request of which nothing was written comes back whole.

use crate::ErrorKind;
use crate::body::{Progress, Sending};
use crate::deadline::{Deadline, Limit};
use crate::pool::Line;
use http::{Request, Response};
use hyper::body::Incoming;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What was heard, and the connection it was heard on.
pub(crate) struct Told {
    pub(crate) response: Response<Incoming>,
    pub(crate) line: Line,
    pub(crate) progress: Option<Rc<Progress>>,
    pub(crate) first_byte: Duration,
}

/// Why nothing was heard.
pub(crate) struct Broken {
    pub(crate) kind: ErrorKind,
    pub(crate) words: String,
    /// The request, if nothing of it was written.
    pub(crate) unsent: Option<Request<Sending>>,
}

/// Sends one request on one connection and waits for the head of the answer.
pub(crate) async fn exchange(
    mut line: Line,
    request: Request<Sending>,
    timeout: Duration,
    deadline: Deadline,
) -> Result<Told, Broken> {
    let progress = request.body().progress();
    let start = Instant::now();
    let mut limit = deadline.step(start, timeout, ErrorKind::Silent);
    let mut frames = 0;
    let mut heard = pin!(line.sender.send(request));
    loop {
        match timeout_at(limit.0, heard.as_mut()).await {
            Ok(Ok(response)) => {
                let sent = progress.as_deref().map_or(Some(start), |progress| progress.ended.get());
                let first_byte = sent.map(|sent| sent.elapsed()).unwrap_or_default();
                return Ok(Told { response, line, progress, first_byte });
            }
            Ok(Err(mut error)) => {
                let unsent = error.take_message();
                let (kind, words) = broken(&error.into_error(), progress.as_deref());
                return Err(Broken { kind, words, unsent });
            }
            Err(_) => {
                match progress.as_deref().and_then(|going| later(going, &mut frames, timeout, deadline)) {
                    Some(later) if limit.1 != ErrorKind::TotalTimeout => limit = later,
                    _ => {
                        let words = match limit.1 {
                            ErrorKind::TotalTimeout => "the total time is over, without an answer".to_owned(),
                            _ => format!("no answer within {timeout:?}"),
                        };
                        return Err(Broken { kind: limit.1, words, unsent: None });
                    }
                }
            }
        }
    }
}

/// A provider need not answer before it has the whole body: the time counts from the body's end, and from the last
/// frame that the provider was ready to take.
fn later(progress: &Progress, frames: &mut u64, timeout: Duration, deadline: Deadline) -> Option<Limit> {
    let now = Instant::now();
    let from = match progress.ended.get() {
        Some(ended) => ended,
        None if progress.waiting.get() || progress.frames.get() != *frames => now,
        None => return None,
    };
    *frames = progress.frames.get();
    Some(deadline.step(from, timeout, ErrorKind::Silent)).filter(|later| later.0 > now)
}

fn broken(error: &hyper::Error, progress: Option<&Progress>) -> (ErrorKind, String) {
    if progress.is_some_and(|progress| progress.broke.get()) {
        return (ErrorKind::CallerGone, "the body of the request broke off".to_owned());
    }
    if let Some(words) = alert(error) {
        return (ErrorKind::TlsBroken, words);
    }
    if error.is_parse_too_large() {
        return (ErrorKind::Garbage, "the head of its answer is too large".to_owned());
    }
    if error.is_parse() {
        return (ErrorKind::Garbage, format!("its answer is not HTTP/1.1: {error}"));
    }
    if error.is_user() {
        return (ErrorKind::Unusable, format!("the request cannot be sent: {error}"));
    }
    let words = if error.is_incomplete_message() {
        "it closed the connection before the head of its answer was complete".to_owned()
    } else {
        match std::error::Error::source(error) {
            Some(source) => {
                format!("the connection broke before the head of the answer was complete: {source}")
            }
            None => "the connection broke before the head of the answer was complete".to_owned(),
        }
    };
    (ErrorKind::BrokenOff, words)
}

/// A provider of TLS 1.3 refuses a client's certificate only after the handshake (RFC 8446 §4.4.2.4). HTTP/2 hands on
/// the words of the error and not the error, so it is known by rustls' words.
fn alert(error: &hyper::Error) -> Option<String> {
    let words = std::error::Error::source(error)?.to_string();
    let (_, alert) = words.split_once("received fatal alert: ")?;
    if alert.starts_with("CertificateRequired") {
        return Some("it wants to see a client's certificate, and got none".to_owned());
    }
    Some(format!("it refused the connection after the TLS handshake ({alert})"))
}
