//! One connection of a caller: requests in, answers out, slow ones cut off, closed on a stop.
//!
//! Timers: from the first byte of a head to its end `head-timeout`; between requests `idle-timeout`.
//! A caller that closes its sending half is taken as gone, as nginx takes it, so that a long answer
//! without a reader is noticed.

use super::io::{Phase, Pulse, Watched};
use super::{Body, Head, OutBody, Upgrade};
use crate::under_way::{Payload, Peer};
use crate::worker::Worker;
use bytes::Bytes;
use exchange::As;
use http::{Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// Largest head that is read, in bytes; also what a connection's read buffer grows to.
const LARGEST_HEAD: usize = 64 * 1024;
/// Most fields in a head.
const MOST_FIELDS: usize = 100;

/// Serves one connection to its end.
pub(crate) async fn serve<I>(io: I, peer: Peer, worker: Rc<Worker>, door: watch::Receiver<bool>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (idle, head) = worker.timeouts(peer.listener);
    let pulse = Arc::new(Pulse::new(worker.shared().epoch));
    let io = Watched { io: TokioIo::new(io), pulse: Arc::clone(&pulse) };
    let service = service_fn(|request| answer(request, peer, Arc::clone(&pulse), Rc::clone(&worker)));
    let connection = hyper::server::conn::http1::Builder::new()
        .header_read_timeout(None)
        .half_close(false)
        .max_headers(MOST_FIELDS)
        .max_header_size(LARGEST_HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut timer = pin!(tokio::time::sleep(idle.min(head)));
    let mut stopping = pin!(worker.stopping_at(door));
    let mut told = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => break ended,
            () = stopping.as_mut(), if !told => {
                // Answers what is under way with `Connection: close`, and closes when nothing is.
                connection.as_mut().graceful_shutdown();
                told = true;
            }
            () = timer.as_mut() => {
                let Some(more) = wait(&pulse, idle, head) else {
                    if pulse.now().0 == Phase::Head {
                        worker.unreadable(peer, exchange::Reason::CallerTooSlow);
                    }
                    return;
                };
                timer.as_mut().reset(tokio::time::Instant::now() + more);
            }
        }
    };
    if let Err(error) = ended
        && (error.is_parse() || error.is_parse_too_large() || error.is_incomplete_message())
        && pulse.now().0 != Phase::Busy
    {
        // hyper has answered 400, 414 or 431 by itself; the bytes never became a request.
        let reason =
            if error.is_parse_too_large() { exchange::Reason::TooLarge } else { exchange::Reason::Malformed };
        worker.unreadable(peer, reason);
    }
}

/// How long to go on waiting; `None`: it has been too long.
fn wait(pulse: &Pulse, idle: Duration, head: Duration) -> Option<Duration> {
    let (phase, lasted) = pulse.now();
    let most = match phase {
        Phase::Idle => idle,
        Phase::Head => head,
        Phase::Busy => return Some(idle.min(head)),
    };
    // Looks again no later than a new head could become too old.
    most.checked_sub(lasted).filter(|left| !left.is_zero()).map(|left| left.min(head))
}

async fn answer(
    mut request: Request<Incoming>,
    peer: Peer,
    pulse: Arc<Pulse>,
    worker: Rc<Worker>,
) -> Result<Response<OutBody>, Infallible> {
    let started = pulse.begin();
    let upgrade = request
        .headers()
        .contains_key(http::header::UPGRADE)
        .then(|| Upgrade(hyper::upgrade::on(&mut request)));
    let (parts, body) = request.into_parts();
    let head = Head::read(parts.method, parts.uri, parts.version, parts.headers);
    let payload = match upgrade {
        Some(upgrade) if body.is_end_stream() => Payload::Upgrade(upgrade),
        _ if body.is_end_stream() => Payload::Empty,
        _ => Payload::Stream(Body::wire(body, worker.settings().body_stall)),
    };
    let mut response = crate::serve::serve(&worker, peer, started, head, payload, As::Nobody).await;
    response.body_mut().on_connection(pulse);
    Ok(response)
}

/// A body that is already in memory, for a call that came in by no connection.
pub(crate) fn payload_of(bytes: Bytes) -> Payload {
    if bytes.is_empty() { Payload::Empty } else { Payload::Stream(Body::held(bytes)) }
}
