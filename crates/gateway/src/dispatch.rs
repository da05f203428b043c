//! The way in from outside the threads: a request to a worker's inbox, a body back piece by piece.
//!
//! A dispatched call goes through every stage like any other. It has no address; who it is made as is
//! said by whoever is allowed to dispatch, and stands in the record.

use crate::under_way::Peer;
use crate::wire::{self, Head, OutBody};
use crate::worker::Worker;
use bytes::Bytes;
use exchange::{As, BoxFuture, Channel, Chunks, Dispatch, DispatchError};
use http::{Request, Response, Version};
use http_body_util::BodyExt as _;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Pieces of a body that may wait for whoever reads it.
const PIECES: usize = 16;

type Piece = Result<Bytes, DispatchError>;

/// A call to make.
#[derive(Debug)]
pub(crate) struct Errand {
    request: Request<Bytes>,
    who: As,
    answer: oneshot::Sender<Response<Pieces>>,
}

impl Errand {
    /// Makes the call; its body is pushed until it ends or nobody reads any more.
    pub(crate) async fn run(self, worker: Rc<Worker>) {
        let (parts, bytes) = self.request.into_parts();
        let listener = worker.world().listener(None, parts.uri.port_u16());
        let peer = Peer { listener, address: None, https: false };
        let mut fields = parts.headers;
        if !fields.contains_key(http::header::HOST)
            && parts.uri.authority().is_none()
            && let Ok(host) =
                worker.world().url(peer.listener).rsplit('/').next().unwrap_or("localhost").parse()
        {
            fields.insert(http::header::HOST, host);
        }
        let head = Head::read(parts.method, parts.uri, Version::HTTP_11, fields);
        let payload = wire::payload_of(bytes);
        let response = crate::serve::serve(&worker, peer, Instant::now(), head, payload, self.who).await;
        let (head, mut body) = response.into_parts();
        let (sender, receiver) = mpsc::channel(PIECES);
        if self.answer.send(Response::from_parts(head, Pieces(receiver))).is_err() {
            return;
        }
        push(&mut body, &sender).await;
        // Its record is closed before whoever reads sees the end.
        drop(body);
    }
}

async fn push(body: &mut OutBody, sender: &mpsc::Sender<Piece>) {
    while let Some(frame) = body.frame().await {
        let piece = match frame {
            Ok(frame) => frame.into_data().map_err(|_| DispatchError::Stopped),
            Err(_) => Err(DispatchError::Stopped),
        };
        if sender.send(piece).await.is_err() {
            return;
        }
    }
}

/// A body on its way out of a worker.
#[derive(Debug)]
pub(crate) struct Pieces(mpsc::Receiver<Piece>);

impl Chunks for Pieces {
    fn next(&mut self) -> BoxFuture<'_, Option<Piece>> {
        Box::pin(self.0.recv())
    }
}

/// The workers' inboxes, taken in turn.
#[derive(Debug)]
pub(crate) struct Inboxes {
    inboxes: Vec<mpsc::Sender<Errand>>,
    turn: AtomicUsize,
}

impl Inboxes {
    pub(crate) fn new(inboxes: Vec<mpsc::Sender<Errand>>) -> Self {
        Self { inboxes, turn: AtomicUsize::new(0) }
    }
}

impl Dispatch for Inboxes {
    fn call(
        &self,
        request: Request<Bytes>,
        who: As,
    ) -> BoxFuture<'_, Result<Response<Channel>, DispatchError>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.inboxes.len().max(1);
        let (answer, answered) = oneshot::channel();
        let errand = Errand { request, who, answer };
        let sent = match self.inboxes.get(turn) {
            None => Err(DispatchError::Stopped),
            Some(inbox) => inbox.try_send(errand).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => DispatchError::Full,
                mpsc::error::TrySendError::Closed(_) => DispatchError::Stopped,
            }),
        };
        Box::pin(async move {
            sent?;
            let response = answered.await.map_err(|_| DispatchError::Stopped)?;
            Ok(response.map(|pieces| Box::new(pieces) as Channel))
        })
    }
}
