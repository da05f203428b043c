//! What a request is put into: a connection of HTTP/1.1 for itself, or a stream of an HTTP/2 connection.

use crate::body::Sending;
use futures_util::future::Either;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::rt::Executor;
use std::future::Future;

/// The handle of a connection.
pub(crate) enum Sender {
    /// HTTP/1.1: one request after another (RFC 9112 §9.3).
    One(http1::SendRequest<Sending>),
    /// HTTP/2: many at once (RFC 9113 §5).
    Two(http2::SendRequest<Sending>),
}

impl Sender {
    pub(crate) const fn is_two(&self) -> bool {
        matches!(self, Self::Two(_))
    }

    /// Sends, and waits for the head of the answer.
    pub(crate) fn send(
        &mut self,
        request: Request<Sending>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Sending>>>> + use<> {
        match self {
            Self::One(sender) => Either::Left(sender.try_send_request(request)),
            Self::Two(sender) => Either::Right(sender.try_send_request(request)),
        }
    }
}

/// Runs what HTTP/2 does beside the calls on the thread of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HereOnly;

impl<F: Future<Output = ()> + 'static> Executor<F> for HereOnly {
    fn execute(&self, work: F) {
        tokio::task::spawn_local(work);
    }
}
