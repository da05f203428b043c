//! Tokens of OAuth 2: had once for all threads, kept while they last, renewed before they end.
//!
//! One flight per credential: who comes while a token is being had waits for it. What a person logged in for is
//! kept by a [`Keep`], so that the next process has it too. Source: RFC 6749 §4.4, §5.1, §6; RFC 6750.

use super::issuer::{self, Refused};
use crate::Providers;
use board::{Grant, OAuth, Upstream};
use exchange::Secret;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

/// Where logins and tokens are kept between processes.
pub trait Keep: Send + Sync {
    /// What is kept under a name: JSON, an object.
    fn load(&self, name: &str) -> Option<String>;
    /// Keeps it.
    ///
    /// # Errors
    /// In words.
    fn save(&self, name: &str, text: &str) -> Result<(), String>;
    /// The right to have this one anew, until it is dropped; none: another process has it.
    fn lease(&self, name: &str) -> Option<Box<dyn Send>>;
}

static KEEP: OnceLock<Box<dyn Keep>> = OnceLock::new();

/// Says where this process keeps tokens; the first word counts. Without one they live as long as the process.
pub fn keep_with(keep: Box<dyn Keep>) {
    let _ = KEEP.set(keep);
}

/// Tokens by what they are had with. Process-wide: threads and reloads share them.
static HELD: LazyLock<std::sync::Mutex<HashMap<String, Slot>>> = LazyLock::new(std::sync::Mutex::default);

type Slot = Arc<Mutex<Option<Held>>>;

/// More credentials than this and all are had anew.
const MANY: usize = 1024;

/// A token goes this long before it ends: a call on its way shall not find it ended.
const BEFORE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
struct Held {
    access: Secret,
    ends: Option<SystemTime>,
}

/// A token for `oauth`, kept under its [`name`]; not `rejected`, which the provider did not take.
///
/// # Errors
/// In words, with what to do.
pub(crate) async fn token(
    providers: &Providers,
    like: &Upstream,
    (oauth, name): (&OAuth, &str),
    rejected: Option<&Secret>,
) -> Result<Secret, String> {
    let slot = slot(name);
    let mut held = slot.lock().await;
    let now = SystemTime::now();
    let good =
        |held: &Held| Some(&held.access) != rejected && held.ends.is_none_or(|ends| now + BEFORE < ends);
    if let Some(held) = held.as_ref().filter(|held| good(held)) {
        return Ok(held.access.clone());
    }
    let fresh = match oauth.grant {
        Grant::ClientCredentials => own(providers, like, (oauth, name), good).await?,
        Grant::AuthorizationCode | Grant::Device => renewed(providers, like, oauth, good).await?,
    };
    let access = fresh.access.clone();
    *held = Some(fresh);
    Ok(access)
}

fn slot(name: &str) -> Slot {
    let mut all = HELD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if all.len() >= MANY && !all.contains_key(name) {
        all.clear();
    }
    Arc::clone(all.entry(name.to_owned()).or_default())
}

/// How long another process has to have a token, and how often it is looked whether it has.
const OTHERS: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// The right to have a token anew: a refresh token is good for one use (RFC 9700 §4.14), so processes take turns.
async fn lease(name: &str) -> Option<Box<dyn Send>> {
    let keep = KEEP.get()?;
    let begun = tokio::time::Instant::now();
    loop {
        if let Some(lease) = keep.lease(name) {
            return Some(lease);
        }
        if begun.elapsed() > OTHERS {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What a token is kept under: the login's name, else a digest of everything it is had with. Worked out once for each
/// provider, not with each call.
pub(super) fn name(oauth: &OAuth) -> String {
    if oauth.grant != Grant::ClientCredentials {
        return oauth.login.clone();
    }
    let secret = oauth.client_secret.as_ref().map_or("", Secret::reveal);
    let all = format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{secret:?}",
        oauth.token_url, oauth.issuer, oauth.client_id, oauth.scopes
    );
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, all.as_bytes());
    format!("token:{}", hex::encode(sum.as_ref()))
}

/// By client credentials (RFC 6749 §4.4); what another process had is used.
async fn own(
    providers: &Providers,
    like: &Upstream,
    (oauth, name): (&OAuth, &str),
    good: impl Fn(&Held) -> bool,
) -> Result<Held, String> {
    let usable = || kept(name).as_ref().and_then(held).filter(|held| good(held));
    if let Some(kept) = usable() {
        return Ok(kept);
    }
    let _turn = lease(name).await;
    if let Some(kept) = usable() {
        return Ok(kept);
    }
    let scopes = oauth.scopes.join(" ");
    let mut pairs = vec![("grant_type", "client_credentials")];
    if !scopes.is_empty() {
        pairs.push(("scope", &scopes));
    }
    let why =
        |refused: Refused| format!("no token could be had for the client `{}`: {refused}", oauth.client_id);
    let url = token_url(providers, like, oauth).await?;
    let answer = issuer::form(providers, like, &url, oauth, &pairs).await.map_err(why)?;
    let mut record = Map::new();
    take(&mut record, &answer)?;
    if let Some(keep) = KEEP.get() {
        // The token is had; that the next process has to ask again is no reason to fail.
        let _ = keep.save(name, &Value::Object(record.clone()).to_string());
    }
    held(&record).ok_or_else(|| "the issuer gave no token".to_owned())
}

/// What a person logged in for, renewed by its refresh token (RFC 6749 §6) where it has ended.
async fn renewed(
    providers: &Providers,
    like: &Upstream,
    oauth: &OAuth,
    good: impl Fn(&Held) -> bool,
) -> Result<Held, String> {
    let login = oauth.login.strip_prefix("login:").unwrap_or(&oauth.login);
    let (api, connection) = login.split_once('/').unwrap_or((login, ""));
    let flag = if connection.is_empty() { String::new() } else { format!(" --connection {connection}") };
    let again = |why: &str| format!("{why}: run `switchboard auth login {api}{flag}`");
    let mut record = kept(&oauth.login).ok_or_else(|| again(&format!("nobody is logged in at `{api}`")))?;
    // Tokens go where the board calls and nowhere else (RFC 6454 §4).
    let fits = |record: &Map<String, Value>| {
        let origins = record.get("origins").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        like.servers.iter().all(|server| origins.contains(&Value::from(server.origin())))
    };
    if !fits(&record) {
        return Err(again(&format!("the login at `{api}` was had for another server")));
    }
    if let Some(held) = held(&record).filter(|held| good(held)) {
        return Ok(held);
    }
    let _turn = lease(&oauth.login).await;
    // Another process may have been faster.
    if let Some(other) = kept(&oauth.login).filter(fits) {
        record = other;
    }
    if let Some(held) = held(&record).filter(|held| good(held)) {
        return Ok(held);
    }
    let text =
        |record: &Map<String, Value>, key: &str| record.get(key).and_then(Value::as_str).map(str::to_owned);
    let (Some(refresh), Some(url)) = (text(&record, "refresh"), text(&record, "token_url")) else {
        return Err(again(&format!("the login at `{api}` has ended")));
    };
    let client = OAuth {
        client_id: text(&record, "client_id").unwrap_or_default(),
        client_secret: text(&record, "client_secret").map(Secret::new),
        ..oauth.clone()
    };
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    match issuer::form(providers, like, &url, &client, &pairs).await {
        Ok(answer) => take(&mut record, &answer)?,
        Err(refused) => {
            return Err(again(&format!("the login at `{api}` could not be renewed: {refused}")));
        }
    }
    if let Some(keep) = KEEP.get() {
        let name = &oauth.login;
        keep.save(name, &Value::Object(record.clone()).to_string())
            .map_err(|why| format!("the renewed login at `{api}` cannot be kept: {why}"))?;
    }
    held(&record).ok_or_else(|| "the issuer gave no token".to_owned())
}

async fn token_url(providers: &Providers, like: &Upstream, oauth: &OAuth) -> Result<String, String> {
    let found = issuer::endpoints(providers, like, oauth).await.map_err(|refused| refused.words)?;
    found.token.ok_or_else(|| "the issuer does not say where tokens are had".to_owned())
}

fn kept(name: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(&KEEP.get()?.load(name)?) {
        Ok(Value::Object(record)) => {
            hide(&record);
            Some(record)
        }
        _ => None,
    }
}

/// From here on no message, record or output of this process shows what is secret in a record.
fn hide(record: &Map<String, Value>) {
    let secret = |key: &str| record.get(key).and_then(Value::as_str).map(Secret::new);
    let all: Vec<Secret> =
        ["access", "refresh", "client_secret", "value"].into_iter().filter_map(secret).collect();
    crate::learn(&all);
}

/// Puts a token answer (RFC 6749 §5.1) into a record: `access`, `refresh`, `ends` in seconds since 1970.
///
/// # Errors
/// In words: it is no bearer token that can be sent.
pub fn take(record: &mut Map<String, Value>, answer: &Map<String, Value>) -> Result<(), String> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    let access =
        text("access_token").ok_or_else(|| "the issuer's answer has no `access_token`".to_owned())?;
    let kind = text("token_type").unwrap_or("bearer");
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err("the issuer gave a token that is no bearer token".to_owned()); // RFC 6749 §7.1
    }
    if !access.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the issuer gave a token that cannot be sent".to_owned()); // RFC 6750 §2.1
    }
    record.insert("access".to_owned(), access.into());
    // A new refresh token replaces the old one; without a new one the old one stays (RFC 6749 §6).
    if let Some(refresh) = text("refresh_token") {
        record.insert("refresh".to_owned(), refresh.into());
    }
    let lasts = answer.get("expires_in").and_then(|lasts| match lasts {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    match lasts {
        Some(lasts) => record.insert("ends".to_owned(), now.saturating_add(lasts).into()),
        None => record.remove("ends"),
    };
    if let Some(scope) = text("scope") {
        record.insert("granted".to_owned(), scope.into());
    }
    hide(record);
    Ok(())
}

fn held(record: &Map<String, Value>) -> Option<Held> {
    let access = Secret::new(record.get("access")?.as_str()?);
    let ends = record.get("ends").and_then(Value::as_u64);
    Some(Held { access, ends: ends.and_then(|ends| UNIX_EPOCH.checked_add(Duration::from_secs(ends))) })
}
