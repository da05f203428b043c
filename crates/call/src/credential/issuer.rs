//! Talking to whoever issues tokens: discovery and forms, over the same connections as every call.
//!
//! Source: RFC 6749 §3.2, §2.3.1, §5; RFC 8414 §3; OpenID Connect Discovery 1.0 §4. Answers are bounded in size, and
//! what a discovery document names is used only when it may get a secret.

use crate::{OutBody, Outgoing, Providers};
use board::{OAuth, ServerUrl, Upstream};
use bytes::Bytes;
use contract::Repeat;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The longest answer that is read.
const LONGEST: usize = 256 * 1024;

/// Where an issuer's doors are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Where tokens are had.
    pub token: Option<String>,
    /// Where a person says yes.
    pub authorization: Option<String>,
    /// Where a device asks for its code (RFC 8628 §4).
    pub device: Option<String>,
    /// Who it is, where that was discovered.
    pub issuer: Option<String>,
    /// Whether it says who it is when it sends a browser back (RFC 9207 §3).
    pub names_itself: bool,
}

/// Why an issuer gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Refused {
    /// Its error code (RFC 6749 §5.2, RFC 8628 §3.5), where it gave one.
    pub code: Option<String>,
    /// In words.
    pub words: String,
}

impl Refused {
    fn because(words: impl Into<String>) -> Self {
        Self { code: None, words: words.into() }
    }
}

/// Where everything is: what is written, else what the issuer's discovery document says.
///
/// # Errors
/// [`Refused`], when the document cannot be had, is of another issuer, or names an address that is not safe.
pub async fn endpoints(providers: &Providers, like: &Upstream, oauth: &OAuth) -> Result<Endpoints, Refused> {
    let mut found = Endpoints {
        token: oauth.token_url.clone(),
        authorization: oauth.authorization_url.clone(),
        device: oauth.device_url.clone(),
        ..Endpoints::default()
    };
    let Some(issuer) = oauth.issuer.as_ref().filter(|_| found.token.is_none()) else { return Ok(found) };
    let document = discovered(providers, like, issuer).await?;
    let url = |name: &str| -> Result<Option<String>, Refused> {
        let Some(url) = document.get(name).and_then(Value::as_str) else { return Ok(None) };
        if board::is_safe_for_secrets(url) {
            return Ok(Some(url.to_owned()));
        }
        Err(Refused::because(format!("the issuer `{issuer}` names a `{name}` that is not https")))
    };
    found.token = url("token_endpoint")?;
    found.authorization = found.authorization.or(url("authorization_endpoint")?);
    found.device = found.device.or(url("device_authorization_endpoint")?);
    found.issuer = document.get("issuer").and_then(Value::as_str).map(str::to_owned);
    found.names_itself =
        document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true));
    Ok(found)
}

async fn discovered(
    providers: &Providers,
    like: &Upstream,
    issuer: &str,
) -> Result<Map<String, Value>, Refused> {
    let bare = issuer.trim_end_matches('/');
    let server = ServerUrl::parse(bare).map_err(Refused::because)?;
    let root = server.origin();
    // OpenID Connect appends to the issuer's path, RFC 8414 §3.1 puts its words before it.
    let places = [
        format!("{bare}/.well-known/openid-configuration"),
        format!("{root}/.well-known/oauth-authorization-server{}", server.base),
    ];
    let mut why = Refused::because("");
    for place in &places {
        match ask(providers, like, place, Method::GET, HeaderMap::new(), None).await {
            Ok((status, document)) if status.is_success() => {
                // RFC 8414 §3.3: it must be of this issuer.
                let own = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
                if own.trim_end_matches('/') == bare {
                    return Ok(document);
                }
                why = Refused::because(format!("the document at {place} is of another issuer"));
            }
            Ok((status, _)) => why = Refused::because(format!("{place} answered {status}")),
            Err(refused) => why = refused,
        }
    }
    Err(why)
}

/// Sends a form to an issuer, as the client of `oauth`.
///
/// # Errors
/// [`Refused`], with the issuer's own code where it gave one; never with a secret.
pub async fn form(
    providers: &Providers,
    like: &Upstream,
    url: &str,
    oauth: &OAuth,
    pairs: &[(&str, &str)],
) -> Result<Map<String, Value>, Refused> {
    if !board::is_safe_for_secrets(url) {
        return Err(Refused::because(format!("secrets would go to `{url}` in clear: it is not https")));
    }
    let mut fields = HeaderMap::new();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let mut pairs = pairs.to_vec();
    if let Some(secret) = oauth.client_secret.as_ref().filter(|secret| !secret.reveal().is_empty()) {
        // RFC 6749 §2.3.1: both are encoded before they are joined.
        let pair = format!("{}:{}", coded(&oauth.client_id), coded(secret.reveal()));
        let text = format!("Basic {}", super::base64(&pair));
        let mut value = HeaderValue::from_str(&text).map_err(|error| Refused::because(error.to_string()))?;
        value.set_sensitive(true);
        fields.insert(AUTHORIZATION, value);
    } else {
        pairs.push(("client_id", &oauth.client_id)); // RFC 6749 §3.2.1
    }
    let body: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", coded(name), coded(value))).collect();
    let (status, answer) =
        ask(providers, like, url, Method::POST, fields, Some(body.join("&").into())).await?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    if status.is_success() && text("error").is_none() {
        return Ok(answer);
    }
    let code = text("error").map(clean);
    let mut words = format!("{} answered {status}", url.split('?').next().unwrap_or(url));
    if let Some(code) = &code {
        words = format!("{words}: {code}");
    }
    if let Some(described) = text("error_description") {
        // A stranger's text might say back what it was sent.
        let mut redactor = exchange::Redactor::default();
        for (_, value) in &pairs {
            redactor.add(&exchange::Secret::new(*value));
        }
        if let Some(secret) = &oauth.client_secret {
            redactor.add(secret);
        }
        words = format!("{words} ({})", redactor.clean(&clean(described)));
    }
    Err(Refused { code, words })
}

fn coded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A stranger's words, as they may stand in a message.
fn clean(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

async fn ask(
    providers: &Providers,
    like: &Upstream,
    url: &str,
    method: Method,
    mut fields: HeaderMap,
    body: Option<Bytes>,
) -> Result<(StatusCode, Map<String, Value>), Refused> {
    let (bare, query) = url.split_once('?').map_or((url, None), |(bare, query)| (bare, Some(query)));
    let mut server = ServerUrl::parse(bare).map_err(Refused::because)?;
    let path = if server.base.is_empty() { "/".to_owned() } else { server.base.to_string() };
    let path = if bare.ends_with('/') && path.len() > 1 { format!("{path}/") } else { path };
    server.base = "".into();
    let mut sum = DefaultHasher::new();
    (&server, like.fingerprint).hash(&mut sum);
    // The API's trust and times hold for its issuer too; its credentials and its pace do not.
    let upstream = Upstream {
        servers: vec![server],
        credentials: Vec::new(),
        pace: None,
        fingerprint: sum.finish(),
        ..like.clone()
    };
    fields.insert(ACCEPT, HeaderValue::from_static("application/json"));
    fields.insert(USER_AGENT, HeaderValue::from_static(concat!("switchboard/", env!("CARGO_PKG_VERSION"))));
    let outgoing = Outgoing {
        repeat: if method == Method::GET { Repeat::Safe } else { Repeat::Never },
        method,
        path,
        query: query.map(str::to_owned),
        fields,
        body: body.map_or(OutBody::Empty, OutBody::Held),
        upgrade: false,
        operation: None,
    };
    let answer = Box::pin(providers.send(&upstream, outgoing))
        .await
        .map_err(|error| Refused::because(error.to_string()))?;
    let status = answer.status;
    let body = Limited::new(answer.body, LONGEST)
        .collect()
        .await
        .map_err(|error| Refused::because(format!("the answer of {bare} cannot be read: {error}")))?
        .to_bytes();
    match serde_json::from_slice(&body) {
        Ok(Value::Object(object)) => Ok((status, object)),
        _ if status.is_success() => Err(Refused::because(format!("the answer of {bare} is no JSON object"))),
        _ => Ok((status, Map::new())),
    }
}
