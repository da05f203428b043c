//! One call: take or make a connection, send, wait for the head of the answer, and do it again where that is
//! harmless.
//!
//! Sent again is: what failed to connect (on the next server, then after a pause); once, on a fresh
//! connection, what met an idle connection that the provider had closed, if none of it was written or it is safe to
//! repeat (RFC 9112 §9.3.1); after a pause, up to `retries` times, what broke off, under the same condition.
//! Never: an answer with whatever status, a body of which a byte was taken from the caller, and
//! anything after the total time.

use crate::answer_body::{AnswerBody, Limits};
use crate::body::{Progress, Sending};
use crate::connect::{self, connect};
use crate::credential::{MASK, Show};
use crate::deadline::{Deadline, Limit};
use crate::pace::{LONGEST_WAIT, Paces};
use crate::pool::Line;
use crate::provider::{Provider, Server};
use crate::{Answer, CallError, Dial, ErrorKind, Outgoing, Sent, retry};
use board::Upstream;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Sends `outgoing` to `provider`.
pub(crate) async fn send(
    provider: &Provider,
    upstream: &Upstream,
    dial: &Dial,
    paces: &Paces,
    outgoing: Outgoing,
) -> Result<Answer, CallError> {
    let deadline = Deadline::new(upstream.total_timeout);
    let repeatable = retry::may_repeat(&outgoing);
    let upgrade = outgoing.upgrade;
    let (mut request, tail, shown) = prepare(provider, dial, outgoing);
    let own_host = !request.headers().contains_key(header::HOST);

    let mut call = Call { provider, upstream, deadline, attempts: 0, waited: Duration::ZERO, retried: 0 };
    call.turn(paces).await?;
    let mut index = provider.next();
    let mut tried = 0; // servers that could not be connected to, since the last pause
    let mut stale = false; // whether an idle connection was found dead
    loop {
        let Some(server) = provider.servers.get(index) else { return Err(call.unusable("no server")) };
        *request.uri_mut() = server.target(&tail).map_err(|words| call.unusable(&words))?;
        if own_host {
            request.headers_mut().insert(header::HOST, server.host.clone());
        }
        let begun = Instant::now();
        let line = match call.line(server, dial, stale, begun).await {
            Ok(line) => line,
            Err(error) => {
                tried += 1;
                // Nothing was sent: the next server may have it at once, while there is one and time is left.
                if tried >= provider.servers.len() || error.kind == ErrorKind::TotalTimeout {
                    call.pause(error).await?;
                    tried = 0;
                }
                index = provider.after(index);
                continue;
            }
        };
        call.attempts += 1;
        let reused = line.reused;
        let connect = if reused { Duration::ZERO } else { begun.elapsed() };
        let again = repeatable && (reused || call.retried < upstream.retries);
        let spare = if again { copy(&request) } else { None };
        match exchange(line, request, upstream.timeout, deadline).await {
            Ok(told) => {
                let sent = Sent {
                    server: server.url.clone(),
                    attempts: call.attempts,
                    reused,
                    waited: call.waited,
                    connect,
                    first_byte: told.first_byte,
                    head: shown.map(|shown| head(shown, server, own_host)),
                };
                return answer(told, server, upstream, deadline, upgrade, sent)
                    .map_err(|(kind, words)| call.error(kind, Some(server), &words));
            }
            Err(failure) => {
                let error = call.error(failure.kind, Some(server), &failure.words);
                let Some(back) = failure.unsent.or(spare) else { return Err(error) };
                if reused && !stale && failure.kind == ErrorKind::BrokenOff {
                    stale = true;
                } else {
                    call.pause(error).await?;
                    index = provider.after(index);
                    tried = 0;
                }
                request = back;
                call.turn(paces).await?;
            }
        }
    }
}

/// What is known of a call while it is tried.
struct Call<'a> {
    provider: &'a Provider,
    upstream: &'a Upstream,
    deadline: Deadline,
    attempts: u32,
    waited: Duration,
    retried: u32,
}

impl Call<'_> {
    /// Waits until the provider may be called.
    async fn turn(&mut self, paces: &Paces) -> Result<(), CallError> {
        let (Some(rate), Some(meter)) = (&self.upstream.pace, &self.provider.meter) else { return Ok(()) };
        let mut longest = LONGEST_WAIT.min(self.upstream.timeout);
        if let Some(total) = self.deadline.total() {
            longest = longest.min(total.saturating_duration_since(Instant::now()));
        }
        match paces.turn(meter, rate, longest).await {
            Ok(waited) => {
                self.waited += waited;
                Ok(())
            }
            Err(wait) => {
                let words = format!(
                    "its pace of {} calls in {:?} is used up for {wait:.1?}",
                    rate.count(),
                    rate.period()
                );
                Err(self.error(ErrorKind::Busy(wait), None, &words))
            }
        }
    }

    /// A connection to `server`: an idle one, unless those are mistrusted.
    async fn line(
        &self,
        server: &Server,
        dial: &Dial,
        mistrusted: bool,
        now: Instant,
    ) -> Result<Line, CallError> {
        if let Some(line) = if mistrusted { None } else { server.pool.take() } {
            return Ok(line);
        }
        let (until, passed) =
            self.deadline.step(now, self.upstream.connect_timeout, ErrorKind::ConnectTimeout);
        let made = connect(&server.url, server.tls.as_ref(), dial, until).await;
        made.map(|made| server.pool.fresh(made)).map_err(|connect::Failed { kind, words }| {
            let kind = if kind == ErrorKind::ConnectTimeout { passed } else { kind };
            self.error(kind, Some(server), &words)
        })
    }

    /// Pauses before a repetition, or gives the error back where there is none.
    async fn pause(&mut self, error: CallError) -> Result<(), CallError> {
        let pause = retry::pause(self.retried);
        if self.retried >= self.upstream.retries
            || !retry::is_passing(error.kind)
            || !self.deadline.allows(pause)
        {
            return Err(error);
        }
        self.retried += 1;
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn error(&self, kind: ErrorKind, server: Option<&Server>, words: &str) -> CallError {
        let detail = match server {
            Some(server) => format!("{}: {words}", server.url),
            None => words.to_owned(),
        };
        CallError { kind, detail, server: server.map(|server| server.url.clone()), attempts: self.attempts }
    }

    fn unusable(&self, words: &str) -> CallError {
        self.error(ErrorKind::Unusable, None, words)
    }
}

/// What was heard, and the connection it was heard on.
struct Told {
    response: Response<Incoming>,
    line: Line,
    progress: Option<Rc<Progress>>,
    first_byte: Duration,
}

/// Why nothing was heard.
struct Broken {
    kind: ErrorKind,
    words: String,
    /// The request, if nothing of it was written.
    unsent: Option<Request<Sending>>,
}

/// Sends one request on one connection and waits for the head of the answer.
async fn exchange(
    mut line: Line,
    request: Request<Sending>,
    timeout: Duration,
    deadline: Deadline,
) -> Result<Told, Broken> {
    let progress = request.body().progress();
    let start = Instant::now();
    let mut limit = deadline.step(start, timeout, ErrorKind::Silent);
    let mut frames = 0;
    let mut heard = pin!(line.sender.try_send_request(request));
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

/// The answer out of what was heard.
fn answer(
    told: Told,
    server: &Rc<Server>,
    upstream: &Upstream,
    deadline: Deadline,
    upgrade: bool,
    sent: Sent,
) -> Result<Answer, (ErrorKind, String)> {
    let Told { mut response, line, progress, .. } = told;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if !upgrade {
            // RFC 9110 §15.2.2: only ever an answer to an `Upgrade` field.
            return Err((ErrorKind::Garbage, "it switched protocols without being asked to".to_owned()));
        }
        let taken_over = hyper::upgrade::on(&mut response);
        line.hand_over();
        let (head, _) = response.into_parts();
        return Ok(Answer {
            status: head.status,
            fields: head.headers, // with `Connection` and `Upgrade`: they are what is answered
            body: AnswerBody::empty(),
            sent,
            upgrade: Some(taken_over),
        });
    }
    let (mut head, body) = response.into_parts();
    let limits = Limits::new(&head.headers, upstream.timeout, deadline.total());
    exchange::hop_by_hop::strip(&mut head.headers);
    let body = AnswerBody::from_provider(body, line, progress, limits, Rc::clone(server));
    Ok(Answer { status: head.status, fields: head.headers, body, sent, upgrade: None })
}

/// What is shown of a request: as it is sent, with [`MASK`] for secrets.
struct Shown {
    line: String,
    base_at: usize,
    fields: HeaderMap,
}

/// The request without what depends on the server; its path and query; and what is shown of it.
fn prepare(provider: &Provider, dial: &Dial, outgoing: Outgoing) -> (Request<Sending>, Bytes, Option<Shown>) {
    let Outgoing { method, path, mut query, mut fields, body, upgrade, .. } = outgoing;
    let body = Sending::new(body);
    frame(&mut fields, &body, upgrade);
    let shown = dial.keep_head.then(|| {
        let (mut query, mut fields) = (query.clone(), fields.clone());
        provider.credentials.place(&mut fields, &mut query, Show::Mask);
        for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION] {
            if let Some(value) = fields.get_mut(name) {
                // The scheme may be seen, what follows it may not.
                let scheme =
                    value.to_str().ok().and_then(|text| text.split_once(' ')).map(|(scheme, _)| scheme);
                let masked = scheme.map_or(MASK.to_owned(), |scheme| format!("{scheme} {MASK}"));
                *value = HeaderValue::from_str(&masked).unwrap_or_else(|_| HeaderValue::from_static(MASK));
            }
        }
        let base_at = method.as_str().len() + 1;
        let line = format!("{method} {}", target(path.clone(), query.as_deref()));
        Shown { line, base_at, fields }
    });
    provider.credentials.place(&mut fields, &mut query, Show::Secrets);
    let tail = Bytes::from(target(path, query.as_deref()));
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.headers_mut() = fields;
    *request.version_mut() = Version::HTTP_11;
    (request, tail, shown)
}

fn target(mut path: String, query: Option<&str>) -> String {
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    if let Some(query) = query {
        path.push('?');
        path.push_str(query);
    }
    path
}

/// Fields that say how the message is framed are ours to write (RFC 9112 §6).
fn frame(fields: &mut HeaderMap, body: &Sending, upgrade: bool) {
    use http_body::Body as _;
    fields.remove(header::TRANSFER_ENCODING);
    match body.size_hint().exact() {
        // An empty body may be announced, as for a POST that means it (RFC 9110 §8.6); nothing else may.
        Some(0) if !fields.contains_key(header::CONTENT_LENGTH) => {}
        Some(length) => {
            fields.insert(header::CONTENT_LENGTH, length.into());
        }
        // As long as the caller said, or chunked.
        None => {}
    }
    if upgrade {
        fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade")); // RFC 9110 §7.8
    }
}

fn head(shown: Shown, server: &Server, own_host: bool) -> (String, HeaderMap) {
    let Shown { mut line, base_at, mut fields } = shown;
    line.insert_str(base_at, &server.url.base);
    line.push_str(" HTTP/1.1");
    if own_host {
        fields.insert(header::HOST, server.host.clone());
    }
    (line, fields)
}

/// A request again, where its body can be sent once more.
fn copy(request: &Request<Sending>) -> Option<Request<Sending>> {
    let mut copy = Request::new(request.body().again()?);
    copy.method_mut().clone_from(request.method());
    copy.headers_mut().clone_from(request.headers());
    Some(copy)
}
