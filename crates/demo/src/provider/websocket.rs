//! A WebSocket provider: the opening handshake as it should be, then every byte comes back as it went.
//!
//! RFC 6455 §4.2. Frames are not read: whoever calls sees whether a tunnel passes bytes unchanged.

use super::answer::{Body, text, whole};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    UPGRADE,
};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

/// Answers the handshake and goes on as an echo.
pub(crate) fn switch(mut request: Request<Incoming>) -> Response<Body> {
    let Some(accept) = accept(request.headers()) else { return upgrade_required() };
    let protocol = request.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(first_protocol);
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded));
        drop(tokio::io::copy(&mut from, &mut to).await);
        drop(tokio::io::AsyncWriteExt::shutdown(&mut to).await);
    });
    let mut response = Response::new(whole(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let fields = response.headers_mut();
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
    fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        fields.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

/// What the handshake must answer, or `None` when it is no handshake: RFC 6455 §4.2.1.
fn accept(fields: &HeaderMap) -> Option<HeaderValue> {
    let lists = |name, word: &str| {
        let words = fields.get_all(name).iter().filter_map(|value| value.to_str().ok());
        words.flat_map(|value| value.split(',')).any(|known| known.trim().eq_ignore_ascii_case(word))
    };
    if !lists(UPGRADE, "websocket") || !lists(CONNECTION, "upgrade") {
        return None;
    }
    let key = fields.get(SEC_WEBSOCKET_KEY)?.to_str().ok()?.trim();
    HeaderValue::from_str(&accept_of(key)).ok()
}

/// base64(SHA-1(key + the fixed id)): RFC 6455 §4.2.2, step 5.4.
fn accept_of(key: &str) -> String {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let joined = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, joined.as_bytes()))
}

fn first_protocol(offered: &HeaderValue) -> Option<HeaderValue> {
    HeaderValue::from_str(offered.to_str().ok()?.split(',').next()?.trim()).ok()
}

fn upgrade_required() -> Response<Body> {
    // RFC 9110 §15.5.22: a 426 names the protocol.
    let mut response = text(StatusCode::UPGRADE_REQUIRED, "text/plain", "this is a WebSocket\n");
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    response.map(whole)
}

#[cfg(test)]
mod tests {
    use super::accept_of;

    #[test]
    fn the_standards_example_gives_the_standards_answer() {
        // RFC 6455 §1.3.
        assert_eq!(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
