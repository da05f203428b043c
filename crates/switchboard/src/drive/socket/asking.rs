//! The end that asks: one question over one connection, its answer whole or piece by piece.

use super::{LARGEST, Route, sockets};
use crate::exit::Failure;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the board whose state lies in `folder`. `None`: nothing runs there.
pub(crate) async fn ask(folder: &Path, route: Route, question: &Value) -> Option<Result<Value, Failure>> {
    ask_at(&folder.join("run.sock"), route, question, PATIENCE).await
}

/// Asks every process that serves the board, by the names of their sockets; those that are left of a kill are passed over.
pub(crate) async fn ask_all(
    folder: &Path,
    route: Route,
    question: &Value,
    patience: Duration,
) -> Vec<(String, Result<Value, Failure>)> {
    let mut answers = Vec::new();
    for name in sockets(folder) {
        if let Some(answer) = ask_at(&folder.join(&name), route, question, patience).await {
            answers.push((name, answer));
        }
    }
    answers
}

/// The sockets of every process that serves the board, also of those that were killed.
pub(crate) fn all(folder: &Path) -> Vec<PathBuf> {
    sockets(folder).into_iter().map(|name| folder.join(name)).collect()
}

/// Why there is no answer to a question.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The board says no, in these words.
    Refused(String),
    /// It did not answer, or not in time: whether it did what was asked is not known.
    Silent(Failure),
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Refused(words) => Self::run(words),
            Unanswered::Silent(failure) => failure,
        }
    }
}

/// As [`ask`], at a socket that is known: one of several processes that run one board.
pub(crate) async fn ask_at(
    socket: &Path,
    route: Route,
    question: &Value,
    patience: Duration,
) -> Option<Result<Value, Failure>> {
    Some(judged(socket, route, question, patience).await?.map_err(Failure::from))
}

/// As [`ask_at`], for who must know a refusal from silence.
pub(crate) async fn judged(
    socket: &Path,
    route: Route,
    question: &Value,
    patience: Duration,
) -> Option<Result<Value, Unanswered>> {
    let asked = async {
        let stream = UnixStream::connect(socket).await.ok()?;
        let answer = match exchange(stream, route, question).await {
            Ok(answer) => answer,
            Err(unanswered) => return Some(Err(unanswered)),
        };
        let whole = Limited::new(answer.into_body(), LARGEST).collect().await;
        Some(match whole {
            Ok(whole) => serde_json::from_slice(&whole.to_bytes()).map_err(|error| silent(&error)),
            Err(error) => Err(silent(&*error)),
        })
    };
    let late = || Some(Err(Unanswered::Silent(Failure::run("the running board does not answer"))));
    tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| late())
}

/// Asks, and gives the answer when its head is there. `None`: nothing runs there. What the board refuses is a failure with
/// its words.
pub(crate) async fn open(
    socket: &Path,
    route: Route,
    question: &Value,
) -> Option<Result<Response<Incoming>, Failure>> {
    let stream = UnixStream::connect(socket).await.ok()?;
    Some(exchange(stream, route, question).await.map_err(Failure::from))
}

fn silent(error: &dyn std::fmt::Display) -> Unanswered {
    Unanswered::Silent(Failure::run(format!("the running board does not answer: {error}")))
}

async fn exchange(
    stream: UnixStream,
    route: Route,
    question: &Value,
) -> Result<Response<Incoming>, Unanswered> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| silent(&error))?;
    // It ends when the answer does, or when nobody reads it any more.
    tokio::spawn(connection);
    let (method, path, _) = route.row();
    let (target, body) = match method {
        Method::GET => (format!("{path}{}", query(question)), Bytes::new()),
        _ if question.is_null() => (path.to_owned(), Bytes::new()),
        _ => (path.to_owned(), Bytes::from(question.to_string())),
    };
    let mut request = Request::builder().method(method).uri(target).header("host", "run.sock");
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    let request = request.body(Full::new(body)).map_err(|error| silent(&error))?;
    let answer = sender.send_request(request).await.map_err(|error| silent(&error))?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let whole = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(|error| silent(&*error))?;
    let said: Value = serde_json::from_slice(&whole.to_bytes()).unwrap_or_default();
    Err(Unanswered::Refused(said["detail"].as_str().unwrap_or("the running board says no").to_owned()))
}

/// A question's members as a query; what is null is not asked.
fn query(question: &Value) -> String {
    let mut out = String::new();
    for (name, value) in question.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.push(if out.is_empty() { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        out.extend(utf8_percent_encode(&text, NON_ALPHANUMERIC));
    }
    out
}
