//! The body of a request: counted, cut off when the caller stalls, tapped where somebody must see it.
//!
//! Trailers of requests are dropped: RFC 9110 §6.5.1 lets a recipient discard them, and nothing that
//! is offered yet needs one.

use bytes::Bytes;
use call::BodyError;
use http_body::{Body as _, Frame, SizeHint};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// A request's body as it comes in.
#[derive(Debug)]
pub(crate) struct Body {
    source: Source,
    tap: Rc<Tap>,
    stall: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
enum Source {
    Wire(hyper::body::Incoming),
    Held(Option<Bytes>),
}

/// What is learnt of a body while it passes.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    /// Bytes so far.
    pub(crate) bytes: Cell<u64>,
    /// The caller sent nothing for too long.
    pub(crate) stalled: Cell<bool>,
    /// The caller broke off.
    pub(crate) broken: Cell<bool>,
    /// The check that watches it, where there is one.
    pub(crate) check: RefCell<Option<contract::Check>>,
    /// The check's limit was passed.
    pub(crate) unchecked: Cell<bool>,
    /// The body came to its end.
    pub(crate) ended: Cell<bool>,
    /// How many bytes of its beginning are kept for the record.
    pub(crate) keep: Cell<usize>,
    /// What was kept.
    pub(crate) kept: RefCell<Vec<Bytes>>,
}

impl Body {
    /// A body that comes over a connection.
    pub(crate) fn wire(body: hyper::body::Incoming, stall: Duration) -> Self {
        Self { source: Source::Wire(body), tap: Rc::default(), stall, timer: None }
    }

    /// A body that is already here.
    pub(crate) fn held(bytes: Bytes) -> Self {
        Self { source: Source::Held(Some(bytes)), tap: Rc::default(), stall: Duration::MAX, timer: None }
    }

    /// What is learnt of it, shared.
    pub(crate) fn tap(&self) -> Rc<Tap> {
        Rc::clone(&self.tap)
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let wire = match &mut self.source {
            Source::Held(bytes) => {
                return Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(Ok));
            }
            Source::Wire(wire) => wire,
        };
        loop {
            let Poll::Ready(frame) = Pin::new(&mut *wire).poll_frame(cx) else {
                let stall = self.stall;
                let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
                ready!(timer.as_mut().poll(cx));
                self.tap.stalled.set(true);
                return Poll::Ready(Some(Err("the caller sent nothing for too long".into())));
            };
            self.timer = None;
            match frame {
                None => return Poll::Ready(None),
                Some(Err(error)) => {
                    self.tap.broken.set(true);
                    return Poll::Ready(Some(Err(error.into())));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}

impl Tap {
    fn see(&self, bytes: &Bytes) {
        self.bytes.set(self.bytes.get() + bytes.len() as u64);
        let room = self.keep.get();
        if room > 0 {
            let part = bytes.slice(..bytes.len().min(room));
            self.keep.set(room - part.len());
            self.kept.borrow_mut().push(part);
        }
        let mut check = self.check.borrow_mut();
        if let Some(open) = check.as_mut()
            && open.push(bytes).is_err()
        {
            *check = None;
            self.unchecked.set(true);
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let next = ready!(self.poll_source(cx));
        match &next {
            Some(Ok(bytes)) => {
                self.tap.see(bytes);
                // Whoever reads by a length does not ask for an end.
                self.tap.ended.set(self.is_end_stream());
            }
            None => self.tap.ended.set(true),
            Some(Err(_)) => {}
        }
        Poll::Ready(next.map(|next| next.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Wire(wire) => wire.is_end_stream(),
            Source::Held(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Wire(wire) => wire.size_hint(),
            Source::Held(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
