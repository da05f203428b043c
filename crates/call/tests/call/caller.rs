//! Whoever calls in these tests: a thread with providers, upstreams with short times, requests in one line.

use board::{ServerUrl, Upstream};
use bytes::Bytes;
use call::{Answer, CallError, Dial, OutBody, Outgoing, Providers};
use contract::Repeat;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::task::LocalSet;

/// Runs a test on one thread, as a worker of the gateway does.
pub(crate) fn on_one_thread<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

/// Keeps eight idle connections.
pub(crate) fn providers() -> Providers {
    Providers::new(Dial { idle_per_server: 8, keep_head: true, ..Dial::default() })
}

/// An upstream with these servers, patient enough for a busy machine.
pub(crate) fn upstream(urls: &[String]) -> Upstream {
    Upstream {
        servers: urls.iter().map(|url| ServerUrl::parse(url).unwrap()).collect(),
        credentials: Vec::new(),
        authority: None,
        connect_timeout: Duration::from_secs(20),
        timeout: Duration::from_secs(20),
        total_timeout: None,
        pace: None,
        retries: 0,
        fingerprint: 7,
        origin: exchange::Origin { file: "switchboard.toml".into(), line: 1 },
    }
}

pub(crate) fn request(method: Method, path: &str) -> Outgoing<'static> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let repeat = match method {
        Method::GET | Method::HEAD => Repeat::Safe,
        Method::PUT | Method::DELETE => Repeat::Idempotent,
        _ => Repeat::Never,
    };
    Outgoing {
        method,
        path: path.to_owned(),
        query: query.map(str::to_owned),
        fields: HeaderMap::new(),
        body: OutBody::Empty,
        repeat,
        upgrade: false,
        operation: None,
    }
}

pub(crate) fn get(path: &str) -> Outgoing<'static> {
    request(Method::GET, path)
}

pub(crate) fn post(path: &str, body: &'static str) -> Outgoing<'static> {
    Outgoing { body: OutBody::Held(Bytes::from_static(body.as_bytes())), ..request(Method::POST, path) }
}

/// The whole body.
pub(crate) async fn read(answer: Answer) -> Result<Bytes, call::BodyError> {
    answer.body.collect().await.map(http_body_util::Collected::to_bytes)
}

/// The body as JSON.
pub(crate) async fn json(answer: Answer) -> serde_json::Value {
    serde_json::from_slice(&read(answer).await.unwrap()).unwrap()
}

/// The error inside a body that broke off.
pub(crate) fn broke_off(error: &call::BodyError) -> &CallError {
    error.downcast_ref().unwrap()
}
