//! A call made as a consumer for whoever owns the socket: written into the audit, then through every stage.

use super::Control;
use crate::drive::author;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use exchange::{As, ConsumerName};
use http::header::{CONTENT_LENGTH, HOST};
use http::{Request, Response, StatusCode, Uri};
use serde_json::{Value, json};

/// The largest answer that is given over the socket.
const LARGEST: usize = 16 * 1024 * 1024;

/// Makes the call that a question describes.
pub(super) async fn call(control: &Control, question: &Value) -> (StatusCode, Value) {
    let no = |status, words: &str| (status, json!({ "error": words }));
    let Some((name, request)) = read(question) else {
        return no(StatusCode::BAD_REQUEST, "the question cannot be read");
    };
    let what = format!("{} {}", request.method(), request.uri().path());
    // No line in the audit, no call.
    if let Err(error) = control.ledger.acted_as(&name, &what, author()).await {
        return no(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
    }
    let answered = control.gateway.dispatch().call(request, As::Consumer(name)).await;
    let (head, mut body) = match answered {
        Ok(response) => response.into_parts(),
        Err(error) => return no(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    };
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) if bytes.len() + piece.len() <= LARGEST => bytes.extend_from_slice(&piece),
            Ok(_) => {
                return no(StatusCode::BAD_GATEWAY, "the answer is larger than 16 MiB: call it with a key");
            }
            Err(_) => return no(StatusCode::BAD_GATEWAY, "the provider's answer broke off"),
        }
    }
    (StatusCode::OK, told(&Response::from_parts(head, bytes)))
}

fn read(question: &Value) -> Option<(ConsumerName, Request<Bytes>)> {
    let text = |name: &str| question.get(name).and_then(Value::as_str);
    let name = text("as").filter(|name| !name.is_empty() && name.len() <= 64)?;
    let body = BASE64_STANDARD.decode(text("body")?).ok()?;
    let url: Uri = text("url")?.parse().ok()?;
    // RFC 9112 §3.2: there is always a Host, also beside a whole address.
    let host = url.authority()?.as_str().to_owned();
    let mut request = Request::builder().method(text("method")?).uri(url).header(HOST, host);
    for field in question.get("fields")?.as_array()? {
        let (name, value) = (field.get(0)?.as_str()?, field.get(1)?.as_str()?);
        if !name.eq_ignore_ascii_case(HOST.as_str()) {
            request = request.header(name, value);
        }
    }
    if !body.is_empty() {
        request = request.header(CONTENT_LENGTH, body.len());
    }
    Some((ConsumerName::new(name), request.body(body.into()).ok()?))
}

fn told(answer: &Response<Vec<u8>>) -> Value {
    let fields: Vec<Value> = answer
        .headers()
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    json!({ "status": answer.status().as_u16(), "fields": fields, "body": BASE64_STANDARD.encode(answer.body()) })
}
