//! A caller that takes whatever comes: raw bytes, or an answer with status, fields and body.

use bytes::Bytes;
use demo::Provider;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends these bytes and reads until the provider hangs up.
pub(crate) async fn raw(provider: &Provider, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(provider.address()).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Makes one call on a connection of its own.
pub(crate) async fn send(provider: &Provider, request: Request<Bytes>) -> hyper::Result<Response<Bytes>> {
    let stream = TcpStream::connect(provider.address()).await.expect("a provider that listens");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// A call with a JSON body, or none for `Value::Null`; further fields as pairs.
pub(crate) async fn call(
    provider: &Provider,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: Value,
) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(target).header("host", "provider.example");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() {
        Bytes::new()
    } else {
        request = request.header("content-type", "application/json");
        body.to_string().into()
    };
    send(provider, request.body(body).unwrap()).await.expect("an answer")
}

/// A GET, and its JSON.
pub(crate) async fn get(provider: &Provider, target: &str) -> (u16, Value) {
    let answer = call(provider, "GET", target, &[], Value::Null).await;
    (answer.status().as_u16(), json(&answer))
}

/// The body as JSON; `null` when it is none.
pub(crate) fn json(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
}
