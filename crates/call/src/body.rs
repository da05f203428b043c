//! The body of a request on its way to the provider.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::cell::Cell;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// Why a body broke off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request: held ones can be sent again, streamed ones cannot.
#[derive(Default)]
pub enum OutBody {
    /// None.
    #[default]
    Empty,
    /// In memory.
    Held(Bytes),
    /// As it comes in.
    Stream(Pin<Box<dyn Body<Data = Bytes, Error = BodyError>>>),
}

impl OutBody {
    /// Whether it can be sent once more from the beginning.
    pub const fn can_repeat(&self) -> bool {
        !matches!(self, Self::Stream(_))
    }

    /// The same body again, where it can be sent once more.
    pub fn again(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Held(bytes) => Some(Self::Held(bytes.clone())),
            Self::Stream(_) => None,
        }
    }
}

impl fmt::Debug for OutBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Empty"),
            Self::Held(bytes) => write!(out, "Held({} bytes)", bytes.len()),
            Self::Stream(_) => out.write_str("Stream"),
        }
    }
}

/// A body being sent: hyper takes it frame by frame, and what happens to a streamed one is written down.
pub(crate) struct Sending {
    body: OutBody,
    progress: Option<Rc<Progress>>,
}

/// How far a streamed body has come. A held one needs none: it is taken in one piece.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Frames taken so far.
    pub(crate) frames: Cell<u64>,
    /// Whether the next frame is waited for: then it is the caller who is slow, not the provider.
    pub(crate) waiting: Cell<bool>,
    /// When the last frame was taken, once it was.
    pub(crate) ended: Cell<Option<Instant>>,
    /// The caller's side broke off.
    pub(crate) broke: Cell<bool>,
}

impl Sending {
    pub(crate) fn new(body: OutBody) -> Self {
        let progress = match &body {
            OutBody::Stream(stream) if stream.is_end_stream() => {
                return Self { body: OutBody::Empty, progress: None };
            }
            OutBody::Stream(_) => Some(Rc::default()),
            OutBody::Empty | OutBody::Held(_) => None,
        };
        Self { body, progress }
    }

    pub(crate) fn progress(&self) -> Option<Rc<Progress>> {
        self.progress.clone()
    }

    pub(crate) fn again(&self) -> Option<Self> {
        self.body.again().map(Self::new)
    }
}

impl Progress {
    fn note(&self, taken: &Poll<Option<Result<Frame<Bytes>, BodyError>>>, over: bool) {
        self.waiting.set(taken.is_pending());
        match taken {
            Poll::Ready(Some(Ok(_))) => self.frames.set(self.frames.get() + 1),
            Poll::Ready(Some(Err(_))) => self.broke.set(true),
            Poll::Ready(None) | Poll::Pending => {}
        }
        if (over || matches!(taken, Poll::Ready(None))) && self.ended.get().is_none() {
            self.ended.set(Some(Instant::now()));
        }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        match &mut this.body {
            OutBody::Empty => Poll::Ready(None),
            OutBody::Held(bytes) => {
                let bytes = mem::take(bytes);
                this.body = OutBody::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            OutBody::Stream(stream) => {
                let taken = stream.as_mut().poll_frame(cx);
                if let Some(progress) = &this.progress {
                    progress.note(&taken, taken.is_ready() && stream.is_end_stream());
                }
                taken
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            OutBody::Empty => true,
            OutBody::Held(bytes) => bytes.is_empty(),
            OutBody::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            OutBody::Empty => SizeHint::with_exact(0),
            OutBody::Held(bytes) => SizeHint::with_exact(bytes.len() as u64),
            OutBody::Stream(stream) => stream.size_hint(),
        }
    }
}
