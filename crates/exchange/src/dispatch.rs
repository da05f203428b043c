//! The way into the pipeline from outside its threads: a request to a worker's inbox, a body back.
//!
//! Console try-it, replay, flows and tests use only this.

use crate::ConsumerName;
use bytes::Bytes;
use http::{Request, Response};
use std::future::Future;
use std::pin::Pin;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who the call is made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum As {
    /// Nobody: the request must identify its caller itself.
    Nobody,
    /// This consumer, without its key. Audited.
    Consumer(ConsumerName),
}

/// Why a dispatched call got no answer at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// The worker's inbox is full.
    #[error("the gateway is full")]
    Full,
    /// The worker has stopped.
    #[error("the gateway has stopped")]
    Stopped,
}

/// The body of a dispatched call's answer, chunk by chunk.
pub trait Chunks: Send {
    /// The next chunk; `None` at the end, an error where it broke off.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Bytes, DispatchError>>>;
}

/// The answer's body on its way from the worker's thread.
pub type Channel = Box<dyn Chunks>;

/// Makes a call through the whole pipeline.
pub trait Dispatch: Send + Sync {
    /// The answer, its body still coming.
    fn call(
        &self,
        request: Request<Bytes>,
        who: As,
    ) -> BoxFuture<'_, Result<Response<Channel>, DispatchError>>;
}
