//! Fetching one document that the user named or allowed: no credential, no redirect followed.

use crate::exit::Failure;
use board::{ServerUrl, Upstream};
use call::{Dial, OutBody, Outgoing, Providers};
use contract::Repeat;
use exchange::Origin;
use http::{HeaderValue, StatusCode, header};
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

/// A document, and the validator it came with.
pub(crate) struct Fetched {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: Option<String>,
}

/// The document at this URL; none if it still has this validator (RFC 9110 §13.1.2).
pub(crate) async fn get(url: &str, bounds: Bounds, etag: Option<&str>) -> Result<Option<Fetched>, Failure> {
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
    let mut fields = http::HeaderMap::new();
    if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
        fields.insert(header::IF_NONE_MATCH, etag);
    }
    let outgoing = Outgoing {
        method: http::Method::GET,
        path,
        query,
        fields,
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
            if answer.status == StatusCode::NOT_MODIFIED {
                return Ok(None);
            }
            let text = |name: header::HeaderName| answer.fields.get(name)?.to_str().ok().map(str::to_owned);
            if !answer.status.is_success() {
                let failure = Failure::run(format!("`{url}` answered {}", answer.status));
                return Err(match text(header::LOCATION).filter(|_| answer.status.is_redirection()) {
                    Some(there) => failure.help(format!("it says that it is at `{there}` now")),
                    None => failure,
                });
            }
            let etag = text(header::ETAG);
            let body = Limited::new(answer.body, bounds.largest).collect().await;
            let body = body.map_err(|error| Failure::run(format!("`{url}` broke off: {error}")))?;
            Ok(Some(Fetched { bytes: body.to_bytes().to_vec(), etag }))
        })
        .await
}
