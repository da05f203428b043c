//! A call for whoever owns the socket, through every stage: as a consumer, which is written into the audit, or as anybody.
//!
//! The answer is the message that a caller would get, inside the one that answers the question: `message/http` (RFC 9112
//! §10.1), its body piece by piece until it ends. One that breaks off breaks this one off too.

use super::Control;
use super::limits::known_consumer;
use super::question::{bad, read, shortened};
use crate::drive::author;
use crate::drive::socket::{Reply, problem};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use exchange::{As, Channel, ConsumerName, Stage};
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, response};
use http_body::Frame;
use http_body_util::StreamBody;
use serde::Deserialize;
use serde_json::Value;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// The largest body that is sent.
const LARGEST: usize = 16 * 1024 * 1024;
/// Calls at once.
const MOST: usize = 64;

/// So much of a method stands in the audit.
const LONGEST_METHOD: usize = 32;

/// A call, as it is described.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    /// The consumer that it is made as.
    #[serde(rename = "as")]
    who: Option<String>,
    method: String,
    /// A path, or a whole URL: of several listeners its port chooses one.
    url: String,
    #[serde(default)]
    fields: Vec<(String, String)>,
    /// In base64.
    body: Option<String>,
    /// In place of `body`.
    text: Option<String>,
}

/// A call under way, counted while it is there.
pub(super) struct Place(Rc<Cell<usize>>);

impl Place {
    fn of(under_way: &Rc<Cell<usize>>) -> Option<Self> {
        let now = under_way.get();
        (now < MOST).then(|| under_way.set(now + 1)).map(|()| Self(Rc::clone(under_way)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Makes the call that a question describes.
pub(super) async fn answer(control: &Control, question: &Value) -> Reply {
    let described: Described = match read(question) {
        Ok(described) => described,
        Err(words) => return bad(&words),
    };
    let (who, request) = match described.read() {
        Ok(read) => read,
        Err((status, words)) => return problem(status, &words),
    };
    if let As::Consumer(name) = &who {
        let board = Arc::clone(&control.board.borrow());
        // Nobody acts as who is not there, and the audit says nothing of it.
        if let Err((status, words)) = known_consumer(control, &board, name.as_str()).await {
            return problem(status, &words);
        }
    }
    let Some(place) = Place::of(&control.dispatched) else {
        return problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "64 calls are dispatched already: wait until one is over",
        );
    };
    if let As::Consumer(name) = &who {
        let what = what(control, &request, name).await;
        // No line in the audit, no call.
        if let Err(error) = control.ledger.acted_as(name, &what, author()).await {
            return problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
        }
    }
    match control.gateway.dispatch().call(request, who).await {
        Ok(answer) => told(answer, place),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// What is called, in words of the board: a path may hold what is kept nowhere.
async fn what(control: &Control, request: &Request<Bytes>, who: &ConsumerName) -> String {
    let (method, target) = (request.method().clone(), request.uri().clone());
    let fields = request.headers().clone();
    let asked = gateway::Asked { method, target, fields, who: Some(who.clone()), listener: None };
    let decisions = control.gateway.explain(&asked).await;
    let found = |stage| decisions.iter().find(|known| known.stage == stage && known.refused.is_none());
    let method = request.method().as_str();
    let method = method.get(..LONGEST_METHOD).unwrap_or(method).to_owned();
    // Of a path that no contract knows there is an offer alone.
    let operation = found(Stage::Operation).filter(|operation| operation.subject != "unchecked");
    let operation = operation.map(|operation| format!(" {}", operation.subject)).unwrap_or_default();
    let offer = found(Stage::Offer)
        .map_or(" where nothing is offered".to_owned(), |offer| format!(" at {}", offer.subject));
    format!("{method}{operation}{offer}")
}

impl Described {
    /// The call; or what is wrong with it, and as which status that is answered.
    fn read(self) -> Result<(As, Request<Bytes>), (StatusCode, String)> {
        let wrong = |words: String| (StatusCode::BAD_REQUEST, words);
        let who = match self.who {
            None => As::Nobody,
            Some(name) if name.is_empty() || name.len() > 64 => {
                return Err(wrong("`as` is the name of a consumer".to_owned()));
            }
            Some(name) => As::Consumer(ConsumerName::new(&name)),
        };
        let body = match (self.body, self.text) {
            (Some(_), Some(_)) => return Err(wrong("a call has `body` or `text`, not both".to_owned())),
            (Some(body), None) => BASE64_STANDARD
                .decode(body)
                .map_err(|error| wrong(format!("`body` is no base64: {error}")))?,
            (None, text) => text.unwrap_or_default().into_bytes(),
        };
        if body.len() > LARGEST {
            let words = format!(
                "a body that is dispatched has at most 16 MiB (16777216 bytes), this one has {}: call it with a key",
                body.len()
            );
            return Err((StatusCode::PAYLOAD_TOO_LARGE, words));
        }
        let no_url =
            || wrong(format!("`url`: `{}` is no path and no URL, as `/orders/7`", shortened(&self.url)));
        let url: Uri = self.url.parse().map_err(|_| no_url())?;
        if !url.path().starts_with('/') || url.authority().is_none() != url.scheme().is_none() {
            return Err(no_url());
        }
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| wrong(format!("`method`: `{}` cannot be sent", shortened(&self.method))))?;
        let own = url.authority().map(|authority| authority.as_str().to_owned());
        let mut request = Request::builder().method(method).uri(url);
        // RFC 9112 §3.2: there is always a Host, also beside a whole address; of a path the gateway knows its own.
        if let Some(host) = &own {
            request = request.header(HOST, host);
        }
        for (index, (name, value)) in self.fields.iter().enumerate() {
            let host = name.eq_ignore_ascii_case(HOST.as_str());
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| wrong(format!("`fields[{index}][0]` cannot be sent as the name of a field")))?;
            let value = HeaderValue::from_str(value).map_err(|_| {
                wrong(format!("`fields[{index}][1]` cannot be sent as the value of `{name}`"))
            })?;
            // The body says how long it is.
            if !(name == CONTENT_LENGTH || host && own.is_some()) {
                request = request.header(name, value);
            }
        }
        if !body.is_empty() {
            request = request.header(CONTENT_LENGTH, body.len());
        }
        let request = request.body(body.into()).map_err(|_| wrong("the call cannot be sent".to_owned()))?;
        Ok((who, request))
    }
}

/// What is left of an answer: its head, then its body.
struct Rest {
    head: Option<Bytes>,
    body: Channel,
    _place: Place,
}

fn told(answer: Response<Channel>, place: Place) -> Reply {
    let (parts, body) = answer.into_parts();
    let rest = Rest { head: Some(head(&parts)), body, _place: place };
    let pieces = stream::unfold(rest, |mut rest| async move {
        let piece = match rest.head.take() {
            Some(head) => Ok(head),
            None => rest.body.next().await?.map_err(std::io::Error::other),
        };
        Some((piece.map(Frame::data), rest))
    });
    let mut reply: Reply = Response::new(Box::pin(StreamBody::new(pieces)));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("message/http"));
    reply
}

fn head(parts: &response::Parts) -> Bytes {
    let reason = parts.status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", parts.status.as_u16()).into_bytes();
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head.into()
}
