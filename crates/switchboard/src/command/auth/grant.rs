//! Logging in by OAuth 2: the authorization code with PKCE, or a code that is typed elsewhere.
//!
//! Source: RFC 6749 §4.1, RFC 7636 §4 (S256 only), RFC 8252 §7.3, RFC 8628 §3. Client credentials are tried once.

use super::loopback::{Asked, Loopback};
use crate::drive::entropy;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use board::{Grant, OAuth, Upstream};
use call::issuer::{self, Refused};
use call::{Dial, Providers, token};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::Instant;

/// RFC 3986 §2.3: only unreserved characters stand for themselves.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How long a person has.
const PATIENCE: Duration = Duration::from_mins(5);

/// Has a token; gives what is stored of it.
pub(super) async fn log_in(
    upstream: &Upstream,
    oauth: &OAuth,
    terminal: Terminal,
) -> Result<Map<String, Value>, Failure> {
    let providers = Providers::new(Dial::default());
    let found = issuer::endpoints(&providers, upstream, oauth).await.map_err(|told| refused(&told))?;
    let token_url = found.token.clone().ok_or_else(|| missing("where tokens are had"))?;
    let scopes = oauth.scopes.join(" ");
    let ask =
        async |pairs: &[(&str, &str)]| issuer::form(&providers, upstream, &token_url, oauth, pairs).await;
    let answer = match oauth.grant {
        Grant::ClientCredentials => {
            let mut pairs = vec![("grant_type", "client_credentials")];
            if !scopes.is_empty() {
                pairs.push(("scope", &scopes));
            }
            ask(&pairs).await.map_err(|told| refused(&told))?
        }
        Grant::AuthorizationCode => {
            let door = found.authorization.ok_or_else(|| missing("where a person says yes"))?;
            if !board::is_safe_for_secrets(&door) {
                return Err(unsafe_door(&door));
            }
            let loopback = Loopback::open().await?;
            let (verifier, state) = (random()?, random()?);
            let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())); // RFC 7636 §4.2
            let back = loopback.url();
            let mut pairs = vec![
                ("response_type", "code"),
                ("client_id", &oauth.client_id),
                ("redirect_uri", &back),
                ("state", &state),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ];
            if !scopes.is_empty() {
                pairs.push(("scope", &scopes));
            }
            let url = with_query(&door, &pairs);
            terminal.complain(format!("open this in a browser, and say yes:\n{url}"));
            browse(&url);
            let names_itself = found.names_itself;
            let asked = Asked { state: &state, issuer: found.issuer.as_deref(), names_itself };
            let code = loopback.code(&asked, PATIENCE).await?;
            let pairs = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", &back),
                ("code_verifier", &verifier),
            ];
            ask(&pairs).await.map_err(|told| refused(&told))?
        }
        Grant::Device => {
            let door = found.device.ok_or_else(|| missing("where a device asks for its code"))?;
            let pairs: &[(&str, &str)] = if scopes.is_empty() { &[] } else { &[("scope", &scopes)] };
            let given = issuer::form(&providers, upstream, &door, oauth, pairs)
                .await
                .map_err(|told| refused(&told))?;
            device(&given, terminal, ask).await?
        }
    };
    let mut record = Map::new();
    token::take(&mut record, &answer).map_err(|why| Failure::run(why).exit(Exit::Unauthorised))?;
    record.insert("kind".to_owned(), json!("oauth2"));
    record.insert("token_url".to_owned(), json!(token_url));
    record.insert("client_id".to_owned(), json!(oauth.client_id));
    if let Some(secret) = &oauth.client_secret {
        record.insert("client_secret".to_owned(), json!(secret.reveal()));
    }
    record.insert("scopes".to_owned(), json!(oauth.scopes));
    Ok(record)
}

/// Asks until the person has said yes elsewhere (RFC 8628 §3.4, §3.5).
async fn device(
    given: &Map<String, Value>,
    terminal: Terminal,
    ask: impl AsyncFn(&[(&str, &str)]) -> Result<Map<String, Value>, Refused>,
) -> Result<Map<String, Value>, Failure> {
    let text = |key: &str| given.get(key).and_then(Value::as_str);
    let number = |key: &str| given.get(key).and_then(Value::as_u64);
    let (Some(code), Some(typed), Some(at)) =
        (text("device_code"), text("user_code"), text("verification_uri"))
    else {
        return Err(missing("what to type where"));
    };
    let plain: fn(&str) -> String = |text| text.chars().filter(|letter| !letter.is_control()).collect();
    terminal.complain(format!("open {} and type {}", plain(at), plain(typed)));
    let mut pause = Duration::from_secs(number("interval").unwrap_or(5).clamp(1, 60));
    let end = Instant::now() + Duration::from_secs(number("expires_in").unwrap_or(300).min(1800));
    let pairs = [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code)];
    loop {
        tokio::time::sleep(pause).await;
        match ask(&pairs).await {
            Ok(answer) => return Ok(answer),
            Err(told) if told.code.as_deref() == Some("authorization_pending") => {}
            Err(told) if told.code.as_deref() == Some("slow_down") => pause += Duration::from_secs(5),
            Err(told) => return Err(refused(&told)),
        }
        if Instant::now() > end {
            return Err(Failure::run("nobody said yes in time").exit(Exit::Unauthorised));
        }
    }
}

fn refused(refused: &Refused) -> Failure {
    Failure::run(format!("the issuer gave no token: {refused}")).exit(Exit::Unauthorised)
}

fn missing(what: &str) -> Failure {
    Failure::usage(format!("nobody says {what}"))
        .help("name the issuer: `--issuer URL`, or write the addresses into the board's `oauth2`")
}

fn unsafe_door(url: &str) -> Failure {
    Failure::usage(format!("`{url}` is not https: a login would go there in clear"))
}

fn random() -> Result<String, Failure> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(entropy()?))
}

fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let coded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", coded(name), coded(value))).collect();
    format!("{url}{}{}", if url.contains('?') { '&' } else { '?' }, pairs.join("&"))
}

/// Opens a browser where there is a screen; the address was printed in any case.
fn browse(url: &str) {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if !screen && !cfg!(target_os = "macos") {
        return;
    }
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let null = std::process::Stdio::null;
    let _ = std::process::Command::new(program).arg(url).stdin(null()).stdout(null()).stderr(null()).spawn();
}
