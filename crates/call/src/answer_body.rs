//! The body of an answer as it comes: bounded in time, and giving its connection back at its end.
//!
//! The total time of the call ends it. So does silence between two pieces: as long as the first byte may
//! take, and at least a minute. An event stream (`text/event-stream`) may be silent as long as it likes; whether its
//! provider is still there is the socket's business (keep-alive).

use crate::body::Progress;
use crate::pool::Line;
use crate::provider::Server;
use crate::response::{Tee, Watched};
use crate::{BodyError, CallError, ErrorKind};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Silence inside a body that is always allowed.
const SHORTEST_STALL: Duration = Duration::from_secs(60);

/// The body of an answer. Its errors are [`CallError`]s.
pub struct AnswerBody(Source);

enum Source {
    Empty,
    Provider(FromProvider),
    Watched(Box<Watched>),
}

/// How long a body may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    stall: Option<Duration>,
    total: Option<Instant>,
}

struct FromProvider {
    incoming: Incoming,
    line: Option<Line>,
    progress: Option<Rc<Progress>>,
    server: Rc<Server>,
    limits: Limits,
    /// Made when the body is first waited for.
    sleep: Option<Pin<Box<Sleep>>>,
    /// Something came since the sleep was set.
    moved: bool,
    received: u64,
    over: bool,
}

impl Limits {
    pub(crate) fn new(fields: &HeaderMap, timeout: Duration, total: Option<Instant>) -> Self {
        let kind = fields.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let events = kind.is_some_and(|kind| {
            kind.get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
        });
        Self { stall: (!events).then_some(timeout.max(SHORTEST_STALL)), total }
    }

    fn next(self, now: Instant) -> Option<Instant> {
        let stall = self.stall.and_then(|stall| now.checked_add(stall));
        match (stall, self.total) {
            (Some(stall), Some(total)) => Some(stall.min(total)),
            (stall, total) => stall.or(total),
        }
    }
}

impl AnswerBody {
    pub(crate) const fn empty() -> Self {
        Self(Source::Empty)
    }

    /// `body`, with `tee` seeing it pass.
    pub(crate) fn watched(body: Self, tee: Tee) -> Self {
        Self(Source::Watched(Box::new(Watched { body, tee })))
    }

    pub(crate) fn from_provider(
        incoming: Incoming,
        line: Line,
        progress: Option<Rc<Progress>>,
        limits: Limits,
        server: Rc<Server>,
    ) -> Self {
        let mut body = FromProvider {
            incoming,
            line: Some(line),
            progress,
            server,
            limits,
            sleep: None,
            moved: true,
            received: 0,
            over: false,
        };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        Self(Source::Provider(body))
    }
}

impl FromProvider {
    /// The body has ended: its connection may serve another call, if the request was sent whole.
    fn finish(&mut self) {
        self.over = true;
        let sent_whole = self.progress.as_ref().is_none_or(|progress| progress.ended.get().is_some());
        if let Some(line) = self.line.take().filter(|_| sent_whole) {
            line.give_back();
        }
    }

    /// The body has not ended as it should: its connection is closed.
    fn fail(&mut self, kind: ErrorKind, words: &str) -> BodyError {
        self.over = true;
        self.line = None;
        let detail =
            format!("{}: {words}, after {} bytes of the answer's body", self.server.url, self.received);
        CallError { kind, detail, server: Some(self.server.url.clone()), attempts: 1 }.into()
    }

    fn out_of_time(&mut self, total: bool) -> BodyError {
        if total {
            self.fail(ErrorKind::TotalTimeout, "the total time is over")
        } else {
            self.fail(ErrorKind::Silent, "nothing more came in time")
        }
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<BodyError> {
        if std::mem::take(&mut self.moved) {
            let Some(next) = self.limits.next(Instant::now()) else { return Poll::Pending };
            match &mut self.sleep {
                Some(sleep) => sleep.as_mut().reset(next),
                None => self.sleep = Some(Box::pin(tokio::time::sleep_until(next))),
            }
        }
        let Some(sleep) = &mut self.sleep else { return Poll::Pending };
        sleep.as_mut().poll(cx).map(|()| {
            let total = self.limits.total.is_some_and(|total| total <= Instant::now());
            self.out_of_time(total)
        })
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Pending => self.poll_time(cx).map(|error| Some(Err(error))),
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let words = match std::error::Error::source(&error) {
                    Some(source) => format!("it broke off ({source})"),
                    None => "it broke off".to_owned(),
                };
                Poll::Ready(Some(Err(self.fail(ErrorKind::BrokenOff, &words))))
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.moved = true;
                self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
                if self.incoming.is_end_stream() {
                    self.finish();
                } else if self.limits.total.is_some_and(|total| total <= Instant::now()) {
                    return Poll::Ready(Some(Err(self.out_of_time(true))));
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AnswerBody")
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Source::Empty => Poll::Ready(None),
            Source::Provider(body) => body.poll_frame(cx),
            Source::Watched(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Empty => true,
            Source::Provider(body) => body.over,
            Source::Watched(body) => body.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Empty => SizeHint::with_exact(0),
            Source::Provider(body) => body.incoming.size_hint(),
            Source::Watched(body) => body.body.size_hint(),
        }
    }
}
