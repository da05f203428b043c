//! `run.sock`: how a command talks to the board that runs. HTTP over a Unix socket, mode 0600, by a contract of its own.
//!
//! This is the end that answers: a request becomes a question, which is a route and its members, whether they came in the
//! query or as JSON. What goes wrong is a problem (RFC 9457).

mod asking;
mod route;

pub(crate) use asking::{Unanswered, all, ask, ask_all, ask_at, judged, open};
pub(crate) use route::Route;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::future::Future;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};

/// Questions and answers are small, but for calls that are dispatched: a body of 16 MiB in base64.
const LARGEST: usize = 24 * 1024 * 1024;
/// Connections at once; who comes then is closed.
const MOST: usize = 256;
/// How long a question may take to come.
const SLOWEST: Duration = Duration::from_secs(30);

/// An answer: whole, or still coming.
pub(crate) type Reply = Response<Pin<Box<dyn Body<Data = Bytes, Error = std::io::Error>>>>;

/// The socket of a running board; its file goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    left: usize,
}

impl Socket {
    /// Opens `run.sock` in the state folder, or `run-PID.sock` when another process of this board has it.
    pub(crate) async fn open(folder: &Path) -> std::io::Result<Self> {
        // A ledger in a database makes no folder here.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // What is left of processes that were killed.
        let mut left = 0;
        for name in sockets(folder) {
            if UnixStream::connect(folder.join(&name)).await.is_err() {
                left += usize::from(std::fs::remove_file(folder.join(&name)).is_ok());
            }
        }
        let first = folder.join("run.sock");
        let path =
            if first.exists() { folder.join(format!("run-{}.sock", std::process::id())) } else { first };
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path, left })
    }

    /// How many processes of this board had not stopped by themselves: their sockets were still there.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Answers questions until it is dropped.
    pub(crate) async fn serve<F, A>(&self, answer: A)
    where
        A: Fn(Route, Value) -> F + 'static,
        F: Future<Output = Reply> + 'static,
    {
        let answer = Rc::new(answer);
        let open = Rc::new(Cell::new(0));
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if open.get() >= MOST {
                continue;
            }
            let (answer, place) = (Rc::clone(&answer), Place::of(&open));
            tokio::task::spawn_local(async move {
                let _place = place;
                let service = hyper::service::service_fn(move |request| one(Rc::clone(&answer), request));
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A connection, counted while it is there.
struct Place(Rc<Cell<usize>>);

impl Place {
    fn of(open: &Rc<Cell<usize>>) -> Self {
        open.set(open.get() + 1);
        Self(Rc::clone(open))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// The names of the sockets in a board's folder, `run.sock` last.
fn sockets(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = names.filter_map(|file| file.file_name().into_string().ok()).collect();
    names.retain(|name| {
        let pid = name.strip_prefix("run-").and_then(|rest| rest.strip_suffix(".sock"));
        name == "run.sock" || pid.is_some_and(|pid| pid.parse::<u32>().is_ok())
    });
    names.sort();
    names
}

async fn one<F, A>(answer: Rc<A>, request: Request<Incoming>) -> Result<Reply, hyper::Error>
where
    A: Fn(Route, Value) -> F,
    F: Future<Output = Reply>,
{
    let route = match Route::of(request.method(), request.uri().path()) {
        Ok(route) => route,
        Err(known) => return Ok(unknown(&known)),
    };
    Ok(match question(route, request).await {
        Ok(question) => answer(route, question).await,
        Err((status, words)) => problem(status, words),
    })
}

/// Another path, or another method at this one (RFC 9110 §15.5.6).
fn unknown(known: &[Method]) -> Reply {
    if known.is_empty() {
        return problem(
            StatusCode::NOT_FOUND,
            "this board knows no such question: `GET /openapi.json` lists them; one that is older than the command wants a restart",
        );
    }
    let methods: Vec<&str> = known.iter().map(Method::as_str).collect();
    let methods = methods.join(", ");
    let mut reply = problem(StatusCode::METHOD_NOT_ALLOWED, &format!("ask with {methods}"));
    reply.headers_mut().extend(HeaderValue::from_str(&methods).ok().map(|methods| (ALLOW, methods)));
    reply
}

/// The members of a question.
async fn question(route: Route, request: Request<Incoming>) -> Result<Value, (StatusCode, &'static str)> {
    if route.row().0 == Method::GET {
        return Ok(members(request.uri().query().unwrap_or_default()));
    }
    let body = Limited::new(request.into_body(), LARGEST).collect();
    let body = match tokio::time::timeout(SLOWEST, body).await {
        Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, "the question took more than 30 s to come")),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, "a question has at most 24 MiB"));
        }
        Ok(Err(_)) => return Err((StatusCode::BAD_REQUEST, "the question broke off")),
        Ok(Ok(body)) => body.to_bytes(),
    };
    if body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(&body) {
        Ok(question @ Value::Object(_)) => Ok(question),
        _ => Err((StatusCode::BAD_REQUEST, "the question is no JSON object")),
    }
}

/// A query's members, as texts; of those with one name the last.
fn members(query: &str) -> Value {
    let read = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|part| !part.is_empty());
    let members: Map<String, Value> = pairs
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (read(name), read(value).into()))
        .collect();
    Value::Object(members)
}

/// A whole answer in JSON.
pub(crate) fn answer(said: &Value) -> Reply {
    whole(StatusCode::OK, "application/json", said.to_string())
}

/// What cannot be answered, and why (RFC 9457).
pub(crate) fn problem(status: StatusCode, words: &str) -> Reply {
    let title = status.canonical_reason().unwrap_or_default();
    let said = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": words });
    whole(status, "application/problem+json", said.to_string())
}

/// A whole answer.
pub(crate) fn whole(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Reply {
    let body = Full::new(text.into()).map_err(|never| match never {});
    let mut reply: Reply = Response::new(Box::pin(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

#[cfg(test)]
mod tests {
    use super::{Route, Socket, answer, ask, members, problem};
    use http::StatusCode;
    use serde_json::json;

    #[test]
    fn a_question_is_answered_and_nothing_running_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            assert!(ask(folder.path(), Route::Health, &json!({})).await.is_none());
            let socket = Socket::open(folder.path()).await.unwrap();
            tokio::task::spawn_local(async move {
                socket
                    .serve(|route, question| async move {
                        match route {
                            Route::Flush => problem(StatusCode::CONFLICT, "no such thing"),
                            _ => answer(&json!({ "question": question })),
                        }
                    })
                    .await;
            });
            let said = ask(folder.path(), Route::Explain, &json!({ "a": 1 })).await.unwrap().unwrap();
            assert_eq!(said["question"]["a"], 1);
            let asked = json!({ "a": "x y&z=é", "b": null, "c": 7 });
            let said = ask(folder.path(), Route::Limits, &asked).await.unwrap().unwrap();
            assert_eq!(said["question"], json!({ "a": "x y&z=é", "c": "7" }));
            let said = ask(folder.path(), Route::Reload, &serde_json::Value::Null).await.unwrap().unwrap();
            assert_eq!(said["question"], json!({}));
            let failure = ask(folder.path(), Route::Flush, &json!({})).await.unwrap().unwrap_err();
            assert_eq!(failure.message, "no such thing");
        });
    }

    #[test]
    fn a_query_is_read_as_forms_write_it() {
        assert_eq!(members("a=1&a=2&b=x+y%26&c&=d"), json!({ "a": "2", "b": "x y&", "c": "", "": "d" }));
    }
}
