//! A provider's answer, its body still coming. The connection goes back to the pool when the body has ended.

use crate::BodyError;
use board::ServerUrl;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A provider's answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Fields, those of the connection removed.
    pub fields: HeaderMap,
    /// Body.
    pub body: AnswerBody,
    /// How it was got.
    pub sent: Sent,
    /// The connection itself, after a 101.
    pub upgrade: Option<hyper::upgrade::OnUpgrade>,
}

/// How an answer was got.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The server that answered.
    pub server: ServerUrl,
    /// How often it was sent, at least once.
    pub attempts: u32,
    /// Whether the connection had been used before.
    pub reused: bool,
    /// Waiting for the pace.
    pub waited: Duration,
    /// Making the connection, TLS included; zero when it was reused.
    pub connect: Duration,
    /// From the last byte sent to the head of the answer.
    pub first_byte: Duration,
    /// The request line and fields as they were sent, credentials replaced by `***`.
    pub head: Option<(String, HeaderMap)>,
}

/// The body of an answer.
pub struct AnswerBody(pub(crate) Pin<Box<dyn Body<Data = Bytes, Error = BodyError>>>);

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
        self.0.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
