//! Providers that do as they are told: echo, statuses, scripts, slow and endless bodies, server-sent events.

use super::answer::{Body, Reply, json, text, whole};
use super::serve::Answering;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::json as value;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(super) fn answering<F>(answer: F) -> Answering
where
    F: Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
{
    Arc::new(move |request| answer(request).into())
}

pub(super) fn echo() -> Answering {
    answering(|request| {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let fields = request.headers().iter().map(|(name, field)| value!([name.as_str(), text(field)]));
        let echo = value!({
            "method": request.method().as_str(),
            "target": request.uri().to_string(),
            "version": format!("{:?}", request.version()),
            "fields": fields.collect::<Vec<_>>(),
            "body": std::str::from_utf8(request.body()).ok(),
            "length": request.body().len(),
        });
        json(StatusCode::OK, &echo)
    })
}

pub(super) fn status(code: u16) -> Answering {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answering(move |_| {
        // 1xx, 204 and 304 have no body: RFC 9110 §6.4.1.
        if status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
        {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = status;
            return response;
        }
        json(status, &value!({ "status": status.as_u16() }))
    })
}

pub(super) fn script(answers: Vec<Response<Bytes>>) -> Answering {
    let next = AtomicUsize::new(0);
    answering(move |_| {
        let at = next.fetch_add(1, Ordering::SeqCst);
        let empty = || text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "the script is empty\n");
        answers.get(at).or(answers.last()).cloned().unwrap_or_else(empty)
    })
}

pub(super) fn late(delay: Duration) -> Answering {
    Arc::new(move |_| Reply::After(delay, text(StatusCode::OK, "text/plain", "late\n").map(whole)))
}

pub(super) fn slow_body(count: u32, gap: Duration) -> Answering {
    Arc::new(move |_| {
        let chunk = |at: u32| Bytes::from(format!("chunk {at:>8}.\n"));
        streamed("text/plain", paced(count, gap, chunk)).into()
    })
}

pub(super) fn server_sent_events(count: u32, gap: Duration) -> Answering {
    // The event stream format: HTML Living Standard §9.2.5.
    let event = |at: u32| Bytes::from(format!("id: {at}\nevent: tick\ndata: {{\"n\":{at}}}\n\n"));
    Arc::new(move |_| {
        let mut response = streamed("text/event-stream", paced(count, gap, event));
        let never = http::HeaderValue::from_static("no-store");
        response.headers_mut().insert(http::header::CACHE_CONTROL, never);
        response.into()
    })
}

pub(super) fn endless() -> Answering {
    Arc::new(|_| {
        let chunk = Bytes::from_static(&[b'.'; 16 * 1024]);
        let chunks = stream::repeat_with(move || Ok(Frame::data(chunk.clone())));
        streamed("application/octet-stream", StreamBody::new(chunks).boxed_unsync()).into()
    })
}

/// `count` chunks, each after `gap`.
fn paced(count: u32, gap: Duration, chunk: impl Fn(u32) -> Bytes + Send + 'static) -> Body {
    let chunks = stream::unfold((0, chunk), move |(at, chunk)| async move {
        if at == count {
            return None;
        }
        tokio::time::sleep(gap).await;
        let frame = Frame::data(chunk(at));
        Some((Ok::<_, Infallible>(frame), (at + 1, chunk)))
    });
    StreamBody::new(chunks).boxed_unsync()
}

fn streamed(media: &'static str, body: Body) -> Response<Body> {
    text(StatusCode::OK, media, Bytes::new()).map(|_| body)
}
