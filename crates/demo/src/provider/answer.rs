//! What a provider says: a response now, a response later, or nothing but a closed connection.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use std::convert::Infallible;
use std::time::Duration;

/// A body of any kind.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// How a provider ends a call.
#[derive(Debug)]
pub(crate) enum Reply {
    Now(Response<Body>),
    After(Duration, Response<Body>),
    /// The connection is closed without a byte.
    Hangup,
}

impl From<Response<Body>> for Reply {
    fn from(response: Response<Body>) -> Self {
        Self::Now(response)
    }
}

impl From<Response<Bytes>> for Reply {
    fn from(response: Response<Bytes>) -> Self {
        Self::Now(response.map(whole))
    }
}

/// A body that is there already.
pub(crate) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).boxed_unsync()
}

/// A response of this media type.
pub(crate) fn text(status: StatusCode, media: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// A JSON response.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    text(status, "application/json", body.to_string())
}

/// Adds a field, unless the value cannot be one.
pub(crate) fn with(mut response: Response<Bytes>, name: &'static str, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
