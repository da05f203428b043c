//! `run.sock`: how a command talks to the board that runs. HTTP over a Unix socket, mode 0600, JSON both ways.

use crate::exit::Failure;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::future::Future;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};

/// Questions and answers are small, but for calls that are made as a consumer: a body of 16 MiB in base64.
const LARGEST: usize = 24 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

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

    /// Answers questions until it is dropped. `answer` gets path and body and gives status and body.
    pub(crate) async fn serve<F, A>(&self, answer: A)
    where
        A: Fn(String, Value) -> F + 'static,
        F: Future<Output = (StatusCode, Value)> + 'static,
    {
        let answer = Rc::new(answer);
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let answer = Rc::clone(&answer);
            tokio::task::spawn_local(async move {
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

async fn one<F, A>(answer: Rc<A>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error>
where
    A: Fn(String, Value) -> F,
    F: Future<Output = (StatusCode, Value)>,
{
    let path = request.uri().path().to_owned();
    let body = Limited::new(request.into_body(), LARGEST).collect().await;
    let question =
        body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok()).unwrap_or(Value::Null);
    let (status, said) = answer(path, question).await;
    let mut response = Response::new(Full::new(Bytes::from(said.to_string())));
    *response.status_mut() = status;
    Ok(response)
}

/// Asks the board whose state lies in `folder`. `None`: nothing runs there.
pub(crate) async fn ask(folder: &Path, path: &str, question: &Value) -> Option<Result<Value, Failure>> {
    ask_within(folder, path, question, PATIENCE).await
}

/// As [`ask`], for a question whose answer may take longer.
pub(crate) async fn ask_within(
    folder: &Path,
    path: &str,
    question: &Value,
    patience: Duration,
) -> Option<Result<Value, Failure>> {
    ask_at(&folder.join("run.sock"), path, question, patience).await
}

/// Asks every process that serves the board, by the names of their sockets; those that are left of a kill are passed over.
pub(crate) async fn ask_all(
    folder: &Path,
    path: &str,
    question: &Value,
    patience: Duration,
) -> Vec<(String, Result<Value, Failure>)> {
    let mut answers = Vec::new();
    for name in sockets(folder) {
        if let Some(answer) = ask_at(&folder.join(&name), path, question, patience).await {
            answers.push((name, answer));
        }
    }
    answers
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

/// As [`ask`], at a socket that is known: one of several processes that run one board.
pub(crate) async fn ask_at(
    socket: &Path,
    path: &str,
    question: &Value,
    patience: Duration,
) -> Option<Result<Value, Failure>> {
    let stream = UnixStream::connect(socket).await.ok()?;
    let asked = tokio::time::timeout(patience, exchange(stream, path, question)).await;
    Some(asked.unwrap_or_else(|_| Err(Failure::run("the running board does not answer"))))
}

async fn exchange(stream: UnixStream, path: &str, question: &Value) -> Result<Value, Failure> {
    let broken =
        |error: &dyn std::fmt::Display| Failure::run(format!("the running board does not answer: {error}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("host", "run.sock")
        .body(Full::new(Bytes::from(question.to_string())))
        .map_err(|error| broken(&error))?;
    let talk = async move {
        let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let status = response.status();
        let body =
            Limited::new(response.into_body(), LARGEST).collect().await.map_err(|error| broken(&error))?;
        let said: Value = serde_json::from_slice(&body.to_bytes()).map_err(|error| broken(&error))?;
        if status.is_success() {
            Ok(said)
        } else {
            Err(Failure::run(said["error"].as_str().unwrap_or("the running board says no").to_owned()))
        }
    };
    let mut talk = std::pin::pin!(talk);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        said = &mut talk => said,
        ended = &mut connection => {
            ended.map_err(|error| broken(&error))?;
            talk.await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Socket, ask};
    use http::StatusCode;
    use serde_json::json;

    #[test]
    fn a_question_is_answered_and_nothing_running_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            assert!(ask(folder.path(), "/x", &json!({})).await.is_none());
            let socket = Socket::open(folder.path()).await.unwrap();
            tokio::task::spawn_local(async move {
                socket
                    .serve(|path, question| async move {
                        let status = if path == "/no" { StatusCode::NOT_FOUND } else { StatusCode::OK };
                        (status, json!({ "path": path, "question": question, "error": "no such thing" }))
                    })
                    .await;
            });
            let said = ask(folder.path(), "/x", &json!({ "a": 1 })).await.unwrap().unwrap();
            assert_eq!(said["question"]["a"], 1);
            let failure = ask(folder.path(), "/no", &json!({})).await.unwrap().unwrap_err();
            assert_eq!(failure.message, "no such thing");
        });
    }
}
