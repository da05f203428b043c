//! The body of an answer. It owns the call: whatever becomes of the body closes the record, once.
//!
//! Ends: the body ended, the provider broke off, the caller went away (hyper drops the body), a panic
//! inside. A body that hyper never polls because there is nothing to send counts as ended.

use super::io::{Phase, Pulse};
use crate::under_way::Exchange;
use bytes::Bytes;
use call::BodyError;
use exchange::{By, Outcome};
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::Sleep;

/// What the body of an answer is made of.
pub(crate) enum Content {
    /// Nothing.
    Empty,
    /// Bytes in memory.
    Held(Bytes),
    /// Bytes in memory after which the body breaks off, on purpose, and turns that are waited before:
    /// what was said so far shall have left.
    Broken(Bytes, u8),
    /// What the provider sends.
    Provider(call::AnswerBody),
}

impl fmt::Debug for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Empty"),
            Self::Held(bytes) => write!(out, "Held({} bytes)", bytes.len()),
            Self::Broken(bytes, _) => write!(out, "Broken({} bytes)", bytes.len()),
            Self::Provider(_) => out.write_str("Provider"),
        }
    }
}

/// The body of an answer, with the call it belongs to.
#[derive(Debug)]
pub(crate) struct OutBody {
    content: Content,
    call: Option<Box<Exchange>>,
    pulse: Option<Arc<Pulse>>,
    left: Option<u64>,
    long: Option<Pin<Box<Sleep>>>,
}

impl OutBody {
    /// Takes the call; it is closed when the body ends.
    pub(crate) fn new(content: Content, call: Box<Exchange>) -> Self {
        let left = match &content {
            Content::Empty => Some(0),
            Content::Held(bytes) => Some(bytes.len() as u64),
            Content::Broken(..) => None,
            Content::Provider(body) => body.size_hint().exact(),
        };
        Self { content, call: Some(call), pulse: None, left, long: None }
    }

    /// The body of a 101: the tunnel has the call.
    pub(crate) fn switched() -> Self {
        Self { content: Content::Empty, call: None, pulse: None, left: Some(0), long: None }
    }

    /// Tells the connection when the body is over.
    pub(crate) fn on_connection(&mut self, pulse: Arc<Pulse>) {
        self.pulse = Some(pulse);
    }

    fn close(&mut self, outcome: Option<Outcome>) {
        // First, so that a check that watches the provider's body has said what it found.
        self.content = Content::Empty;
        if let Some(mut call) = self.call.take() {
            call.close(outcome);
        }
        if let Some(pulse) = self.pulse.take() {
            pulse.enter(Phase::Idle);
        }
    }

    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            match &mut self.content {
                Content::Empty => return Poll::Ready(None),
                Content::Held(bytes) => {
                    let bytes = std::mem::take(bytes);
                    self.content = Content::Empty;
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Content::Broken(bytes, turns @ 1..) if bytes.is_empty() => {
                    *turns -= 1;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Content::Broken(bytes, _) if bytes.is_empty() => {
                    return Poll::Ready(Some(Err("the mock breaks off here".into())));
                }
                Content::Broken(bytes, _) => return Poll::Ready(Some(Ok(std::mem::take(bytes)))),
                Content::Provider(body) => match Pin::new(body).poll_frame(cx) {
                    Poll::Pending => {
                        self.watch_long(cx);
                        return Poll::Pending;
                    }
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(Some(Ok(frame))) => {
                        // Trailers are dropped (RFC 9110 §6.5.1): no field of theirs is on a list yet.
                        if let Ok(data) = frame.into_data() {
                            return Poll::Ready(Some(Ok(data)));
                        }
                    }
                },
            }
        }
    }

    /// A call that lasts gets a row while it is still running.
    fn watch_long(&mut self, cx: &mut Context<'_>) {
        let Some(call) = self.call.as_mut() else { return };
        let Some(due) = call.open_row_due() else { return };
        let timer = self.long.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due.into())));
        if timer.as_mut().poll(cx).is_ready() {
            call.write_open_row();
        }
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let polled = this.poll_content(cx);
            if let Poll::Ready(Some(Ok(bytes))) = &polled
                && let Some(call) = this.call.as_mut()
            {
                call.answer_bytes(bytes);
            }
            polled
        }));
        match polled {
            Err(_) => {
                self.close(Some(Outcome::Panicked));
                Poll::Ready(Some(Err("the body could not be finished".into())))
            }
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(None)) => {
                self.left = Some(0);
                self.close(None);
                Poll::Ready(None)
            }
            Ok(Poll::Ready(Some(Err(error)))) => {
                self.close(Some(Outcome::Aborted(By::Provider)));
                Poll::Ready(Some(Err(error)))
            }
            Ok(Poll::Ready(Some(Ok(bytes)))) => {
                self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
                if self.left == Some(0) {
                    self.close(None);
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Empty => true,
            Content::Held(bytes) => bytes.is_empty(),
            Content::Broken(..) => false,
            Content::Provider(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Empty => SizeHint::with_exact(0),
            Content::Held(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Broken(..) => SizeHint::new(),
            Content::Provider(body) => body.size_hint(),
        }
    }
}

impl Drop for OutBody {
    fn drop(&mut self) {
        let complete = self.is_end_stream() || self.left == Some(0);
        let headless = self.call.as_ref().is_some_and(|call| call.sends_no_body());
        let ours = matches!(self.content, Content::Held(_));
        let by =
            if self.call.as_ref().is_some_and(|call| call.worker.is_cutting()) { By::Us } else { By::Caller };
        self.close((!complete && !headless && !ours).then_some(Outcome::Aborted(by)));
    }
}
