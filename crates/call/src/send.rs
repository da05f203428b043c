//! One call: take or make a connection, send, wait for the head of the answer, and do it again where that is
//! harmless.
//!
//! Sent again is: what failed to connect (on the next server, then after a pause); once, on a fresh
//! connection, what met an idle connection that the provider had closed, if none of it was written or it is safe to
//! repeat (RFC 9112 §9.3.1); after a pause, up to `retries` times, what broke off, under the same condition.
//! Never: an answer with whatever status, a body of which a byte was taken from the caller, and
//! anything after the total time.

use crate::answer_body::{AnswerBody, Limits};
use crate::attempt::{Told, exchange};
use crate::connect::{self, connect};
use crate::credential::round::Wears;
use crate::deadline::Deadline;
use crate::message::{address, copy, head, prepare};
use crate::pace::{LONGEST_WAIT, Paces};
use crate::pool::Line;
use crate::provider::{Provider, Server};
use crate::{Answer, CallError, Dial, ErrorKind, Outgoing, Sent, retry};
use board::Upstream;
use http::{StatusCode, header};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// What the calls of a thread share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    pub(crate) dial: &'a Dial,
    pub(crate) paces: &'a Paces,
    /// Whether heads are kept as they were sent.
    pub(crate) keep_head: bool,
}

/// Sends `outgoing` to `provider`.
pub(crate) async fn send(
    provider: &Provider,
    upstream: &Upstream,
    Around { dial, paces, keep_head }: Around<'_>,
    wears: Wears,
    outgoing: Outgoing<'_>,
) -> Result<Answer, CallError> {
    let deadline = Deadline::new(upstream.total_timeout);
    let repeatable = retry::may_repeat(&outgoing);
    let upgrade = outgoing.upgrade;
    let (mut request, tail, shown) = prepare(provider, keep_head, wears.chosen, outgoing);
    let given_host = request.headers().get(header::HOST).cloned();

    let mut call = Call { provider, upstream, deadline, attempts: 0, waited: Duration::ZERO, retried: 0 };
    call.turn(paces).await?;
    let mut index = provider.next();
    let mut tried = 0; // servers that could not be connected to, since the last pause
    let mut stale = false; // whether an idle connection was found dead
    loop {
        let Some(server) = provider.servers.get(index) else { return Err(call.unusable("no server")) };
        let begun = Instant::now();
        let line = match call.line(server, dial, (stale, upgrade), begun).await {
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
        let two = line.sender.is_two();
        address(&mut request, server, &tail, given_host.as_ref(), two)
            .map_err(|words| call.unusable(&words))?;
        wears.finish(&mut request).map_err(|words| call.unusable(&words))?;
        call.attempts += 1;
        let facts = line.facts.as_deref().copied().unwrap_or_default();
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
                    lookup: facts.lookup,
                    tls: facts.tls,
                    peer: facts.peer,
                    version: told.response.version(),
                    first_byte: told.first_byte,
                    head: shown.map(|shown| head(shown, server, given_host.is_none(), two)),
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
        (mistrusted, of_its_own): (bool, bool),
        now: Instant,
    ) -> Result<Line, CallError> {
        if let Some(line) = if mistrusted { None } else { server.pool.take(of_its_own) } {
            return Ok(line);
        }
        let (until, passed) = self.deadline.step(
            now,
            dial.connect_timeout.unwrap_or(self.upstream.connect_timeout),
            ErrorKind::ConnectTimeout,
        );
        let made = connect(server, dial, of_its_own, until).await;
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
    let mut codings = head.headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next()
        && (codings.next().is_some() || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"))
    {
        // RFC 9112 §6.1: a coding that was not asked for and is not taken off would pass as the content.
        return Err((ErrorKind::Garbage, "its transfer coding is not understood".to_owned()));
    }
    let limits = Limits::new(&head.headers, upstream.timeout, deadline.total());
    exchange::hop_by_hop::strip(&mut head.headers);
    let body = AnswerBody::from_provider(body, line, progress, limits, Rc::clone(server));
    Ok(Answer { status: head.status, fields: head.headers, body, sent, upgrade: None })
}
