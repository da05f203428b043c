//! The message that goes out: framing that is ours to write, credentials in their places, and what is shown of it.

use crate::Outgoing;
use crate::body::Sending;
use crate::credential::{MASK, Show};
use crate::provider::{Provider, Server};
use board::Chosen;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Version};

/// What is shown of a request: as it is sent, with [`MASK`] for secrets.
pub(crate) struct Shown {
    line: String,
    base_at: usize,
    fields: HeaderMap,
}

/// The request without what depends on the server; its path and query; and what is shown of it.
pub(crate) fn prepare(
    provider: &Provider,
    keep_head: bool,
    chosen: Chosen,
    outgoing: Outgoing<'_>,
) -> (Request<Sending>, Bytes, Option<Shown>) {
    let Outgoing { method, path, mut query, mut fields, body, upgrade, .. } = outgoing;
    let body = Sending::new(body);
    frame(&mut fields, &body, upgrade);
    let shown = keep_head.then(|| {
        let (mut query, mut fields) = (query.clone(), fields.clone());
        provider.credentials.place(chosen, &mut fields, &mut query, Show::Mask);
        for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION] {
            if let Some(value) = fields.get_mut(name) {
                // The scheme may be seen, what follows it may not.
                let scheme =
                    value.to_str().ok().and_then(|text| text.split_once(' ')).map(|(scheme, _)| scheme);
                let masked = scheme.map_or(MASK.to_owned(), |scheme| format!("{scheme} {MASK}"));
                *value = HeaderValue::from_str(&masked).unwrap_or_else(|_| HeaderValue::from_static(MASK));
            }
        }
        let base_at = method.as_str().len() + 1;
        let line = format!("{method} {}", target(path.clone(), query.as_deref()));
        Shown { line, base_at, fields }
    });
    provider.credentials.place(chosen, &mut fields, &mut query, Show::Secrets);
    let tail = Bytes::from(target(path, query.as_deref()));
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.headers_mut() = fields;
    *request.version_mut() = Version::HTTP_11;
    (request, tail, shown)
}

fn target(mut path: String, query: Option<&str>) -> String {
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    if let Some(query) = query {
        path.push('?');
        path.push_str(query);
    }
    path
}

/// Fields that say how the message is framed are ours to write (RFC 9112 §6).
fn frame(fields: &mut HeaderMap, body: &Sending, upgrade: bool) {
    use http_body::Body as _;
    fields.remove(header::TRANSFER_ENCODING);
    match body.size_hint().exact() {
        // An empty body may be announced, as for a POST that means it (RFC 9110 §8.6); nothing else may.
        Some(0) if !fields.contains_key(header::CONTENT_LENGTH) => {}
        Some(length) => {
            fields.insert(header::CONTENT_LENGTH, length.into());
        }
        // As long as the caller said, or chunked.
        None => {}
    }
    if upgrade {
        fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade")); // RFC 9110 §7.8
    }
}

/// What was sent to `server`, as it is shown.
pub(crate) fn head(shown: Shown, server: &Server, own_host: bool, two: bool) -> (String, HeaderMap) {
    let Shown { mut line, base_at, mut fields } = shown;
    line.insert_str(base_at, &server.url.base);
    if server.absolute {
        line.insert_str(base_at, &format!("http://{}", server.url.authority()));
    }
    line.push_str(if two { " HTTP/2" } else { " HTTP/1.1" });
    if own_host {
        fields.insert(header::HOST, server.host.clone());
    }
    if server.proxy_authorization.is_some() {
        fields.insert(header::PROXY_AUTHORIZATION, HeaderValue::from_static("Basic ***"));
    }
    (line, fields)
}

/// Puts on a request what depends on the server and on what is spoken to it.
///
/// # Errors
/// In words: a target that cannot be sent.
pub(crate) fn address(
    request: &mut Request<Sending>,
    server: &Server,
    tail: &Bytes,
    host: Option<&HeaderValue>,
    two: bool,
) -> Result<(), String> {
    let host = host.unwrap_or(&server.host);
    if two {
        *request.uri_mut() = server.target(tail, Some(host))?;
        // RFC 9113 §8.3.1: `:authority` takes its place; §8.2.2: nothing about a connection.
        let fields = request.headers_mut();
        for name in [header::HOST, header::CONNECTION, header::UPGRADE, header::TRANSFER_ENCODING] {
            fields.remove(name);
        }
        *request.version_mut() = Version::HTTP_2;
        return Ok(());
    }
    *request.uri_mut() = server.target(tail, server.absolute.then_some(&server.host))?;
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().insert(header::HOST, host.clone());
    if let Some(value) = &server.proxy_authorization {
        request.headers_mut().insert(header::PROXY_AUTHORIZATION, value.clone());
    }
    Ok(())
}

/// A request again, where its body can be sent once more.
pub(crate) fn copy(request: &Request<Sending>) -> Option<Request<Sending>> {
    let mut copy = Request::new(request.body().again()?);
    copy.method_mut().clone_from(request.method());
    copy.headers_mut().clone_from(request.headers());
    Some(copy)
}
