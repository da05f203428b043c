//! Fetching one document that the user named or allowed: no credential, no redirect followed.

use crate::exit::Failure;
use board::{ServerUrl, Upstream};
use call::{Dial, OutBody, Outgoing, Providers};
use contract::Repeat;
use exchange::Origin;
use http_body_util::{BodyExt, Limited};
use std::time::Duration;

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes of the document.
    pub(crate) largest: usize,
    /// From the first byte sent to the last one received.
    pub(crate) longest: Duration,
}

impl Bounds {
    /// Of a contract: as large as a board's may be.
    pub(crate) const CONTRACT: Self = Self { largest: 128 * 1024 * 1024, longest: Duration::from_secs(120) };
}

/// The document at this URL.
pub(crate) async fn get(url: &str, bounds: Bounds) -> Result<Vec<u8>, Failure> {
    let (address, query) =
        url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query.to_owned())));
    let server = ServerUrl::parse(address).map_err(Failure::usage)?;
    let path = if server.base.is_empty() { "/".to_owned() } else { server.base.to_string() };
    let upstream = Upstream {
        servers: vec![ServerUrl { base: "".into(), ..server }],
        credentials: Vec::new(),
        authority: None,
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(30).min(bounds.longest),
        total_timeout: Some(bounds.longest),
        pace: None,
        retries: 1,
        fingerprint: 0,
        origin: Origin { file: "command line".into(), line: 1 },
    };
    let outgoing = Outgoing {
        method: http::Method::GET,
        path,
        query,
        fields: http::HeaderMap::new(),
        body: OutBody::Empty,
        repeat: Repeat::Safe,
        upgrade: false,
        operation: None,
    };
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async move {
            let providers = Providers::new(Dial::default());
            let answer =
                providers.send(&upstream, outgoing).await.map_err(|error| Failure::run(error.to_string()))?;
            if !answer.status.is_success() {
                return Err(Failure::run(format!("`{url}` answered {}", answer.status)));
            }
            let body = Limited::new(answer.body, bounds.largest).collect().await;
            let body = body.map_err(|error| Failure::run(format!("`{url}` broke off: {error}")))?;
            Ok(body.to_bytes().to_vec())
        })
        .await
}
