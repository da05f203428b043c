//! Sends news that are due, signed. Source: Standard Webhooks 1.0.0, *Webhook headers*, *Signature scheme*, *Delivery*.
//!
//! HMAC-SHA-256 over `id.timestamp.body`; over TLS or loopback only, no redirect followed, bounded in time. What is not
//! answered with 2xx is sent again, later each time and not before the answer's `Retry-After`; 410 says that nobody wants
//! it, and then the webhook gets nothing more.

use crate::drive::{entropy, now_ms};
use crate::terminal::Terminal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use board::{Board, Upstream, Webhook};
use call::{Dial, OutBody, Outgoing, Providers};
use contract::Repeat;
use exchange::Origin;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ledger::{Attempted, DueNews, Ledger, StoreError};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// So many attempts at one webhook run at once.
const AT_ONCE: u32 = 4;
/// From the first byte sent to the head of the answer.
/// *Request timeouts*: between 15 and 30 seconds.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECTING: Duration = Duration::from_secs(5);
/// Seconds after each attempt until the next: eleven attempts within three days.
const AFTER: [u64; 10] = [2, 10, 60, 300, 1_800, 7_200, 18_000, 36_000, 57_600, 86_400];

/// A receiver under load (429, 502, 504) is not asked again before this.
const LOADED: u64 = 60;
/// A receiver that wants to wait longer than this is asked again all the same.
const LONGEST: u64 = 86_400;

/// Where a webhook is, by name and address: a changed address is another one.
type Place = (Arc<str>, String);

/// Sends news, and knows who wants none any more. A webhook that does not answer holds up nobody else.
#[derive(Debug, Default)]
pub(super) struct Sender {
    /// Webhooks that answered 410: a changed URL is asked again, and so is a process's first.
    gone: HashSet<Place>,
    /// Attempts that were begun, and those of them that have not ended: the news and its webhook.
    attempts: JoinSet<Attempt>,
    under_way: HashMap<String, String>,
}

/// An attempt that has ended.
#[derive(Debug)]
struct Attempt {
    news: DueNews,
    outcome: Attempted,
    /// The webhook, where it wants nothing any more.
    refused: Option<Place>,
    /// Whether it could be written down.
    marked: Result<(), StoreError>,
}

/// How an attempt ended.
enum Ended {
    Answered {
        status: StatusCode,
        retry_after: Option<u64>,
    },
    /// With words.
    Failed(String),
}

impl Sender {
    /// Begins to send what is due, and says how what was begun before has ended. Waits for no receiver.
    pub(super) async fn due(
        &mut self,
        board: &Arc<Board>,
        ledger: &Ledger,
        terminal: Terminal,
    ) -> Result<(), StoreError> {
        let marked = self.ended(terminal);
        let due = ledger.due_news(now_ms(), AT_ONCE).await?;
        let providers = Rc::new(Providers::new(Dial::default()));
        for news in due {
            let to_it = self.under_way.values().filter(|webhook| **webhook == news.webhook).count();
            if to_it >= AT_ONCE as usize || self.under_way.contains_key(&news.id) {
                continue;
            }
            self.under_way.insert(news.id.clone(), news.webhook.clone());
            let (board, providers, ledger) = (Arc::clone(board), Rc::clone(&providers), ledger.clone());
            let gone = webhook(&board, &news).is_some_and(|webhook| self.gone.contains(&place(webhook)));
            self.attempts.spawn_local(async move {
                let (outcome, refused) = attempt(&board, &providers, gone, &news).await;
                // Not marked, it is sent again under the same id.
                let marked = ledger.attempted(&news.id, &outcome, now_ms()).await;
                Attempt { news, outcome, refused, marked }
            });
        }
        marked
    }

    /// Takes what has ended.
    fn ended(&mut self, terminal: Terminal) -> Result<(), StoreError> {
        let mut result = Ok(());
        while let Some(ended) = self.attempts.try_join_next() {
            let Ok(Attempt { news, outcome, refused, marked }) = ended else { continue };
            self.under_way.remove(&news.id);
            self.gone.extend(refused);
            match &outcome {
                // Once at its beginning, once at its end: not at each attempt.
                Attempted::Again(_, why) if news.attempts == 0 => terminal.complain(format!(
                    "warning: webhook `{}` did not take news of alert `{}`, it is tried again: {why}",
                    news.webhook, news.alert
                )),
                Attempted::Delivered | Attempted::Again(..) => {}
                Attempted::GivenUp(why) => terminal.complain(format!(
                    "warning: news of alert `{}` are given up, webhook `{}` did not take them: {why}",
                    news.alert, news.webhook
                )),
            }
            result = result.and(marked);
        }
        if self.attempts.is_empty() {
            // One that panicked has no name any more.
            self.under_way.clear();
        }
        result
    }
}

fn webhook<'b>(board: &'b Board, news: &DueNews) -> Option<&'b Webhook> {
    board.alerts.iter().map(|alert| &*alert.to).find(|webhook| *webhook.name == *news.webhook)
}

/// How it went, and the webhook that wants nothing any more.
async fn attempt(
    board: &Board,
    providers: &Providers,
    gone: bool,
    news: &DueNews,
) -> (Attempted, Option<Place>) {
    let Some(webhook) = webhook(board, news) else {
        return (Attempted::GivenUp("no alert of the board names this webhook any more".to_owned()), None);
    };
    if gone {
        return (Attempted::GivenUp("it answered 410 before".to_owned()), None);
    }
    let (why, wait) = match post(providers, webhook, news).await {
        Ended::Answered { status, .. } if status.is_success() => return (Attempted::Delivered, None),
        // *Delivery success and failure*: the sender should disable the endpoint.
        Ended::Answered { status: StatusCode::GONE, .. } => {
            return (Attempted::GivenUp("it answered 410".to_owned()), Some(place(webhook)));
        }
        Ended::Answered { status, retry_after } => {
            (format!("it answered {}", status.as_u16()), least(status, retry_after))
        }
        Ended::Failed(why) => (why, 0),
    };
    let attempted = match next(news.attempts, wait) {
        // Up to a tenth more, so that what failed together is not sent together.
        Some(wait) => {
            let wait = wait * 1_000;
            Attempted::Again(now_ms().saturating_add(wait + wait * u64::from(dice()) / 2_560), why)
        }
        None => Attempted::GivenUp(format!("{why}, after {} attempts", news.attempts + 1)),
    };
    (attempted, None)
}

/// Seconds that a receiver wants to be left alone for, by what it answered.
fn least(status: StatusCode, retry_after: Option<u64>) -> u64 {
    let loaded = matches!(status.as_u16(), 429 | 502 | 504);
    retry_after.unwrap_or(0).max(if loaded { LOADED } else { 0 }).min(LONGEST)
}

/// Seconds until the attempt that follows so many and one more; `None`: it was the last.
fn next(attempts: u32, least: u64) -> Option<u64> {
    AFTER.get(usize::try_from(attempts).ok()?).map(|after| least.max(*after))
}

/// A number that others do not get.
fn dice() -> u8 {
    entropy().map_or(0, |bytes| bytes[0])
}

fn place(webhook: &Webhook) -> Place {
    (Arc::clone(&webhook.name), format!("{:?} {}", webhook.server, webhook.path))
}

async fn post(providers: &Providers, webhook: &Webhook, news: &DueNews) -> Ended {
    let outgoing = match outgoing(webhook, news) {
        Ok(outgoing) => outgoing,
        Err(why) => return Ended::Failed(why),
    };
    let upstream = upstream(webhook);
    let sent = providers.send(&upstream, outgoing);
    match tokio::time::timeout(PATIENCE, sent).await {
        Ok(Ok(answer)) => Ended::Answered { status: answer.status, retry_after: retry_after(&answer.fields) },
        Ok(Err(error)) => Ended::Failed(error.to_string()),
        Err(_) => Ended::Failed(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Seconds of `Retry-After` (RFC 9110 §10.2.3); a date is not read: clocks of two machines.
fn retry_after(fields: &HeaderMap) -> Option<u64> {
    fields.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

fn outgoing(webhook: &Webhook, news: &DueNews) -> Result<Outgoing<'static>, String> {
    let seconds = (now_ms() / 1_000).to_string();
    let signature = sign(webhook.secret.reveal(), &news.id, &seconds, &news.body)?;
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    fields.insert(header::USER_AGENT, HeaderValue::from_static("switchboard"));
    for (name, value) in
        [("webhook-id", &news.id), ("webhook-timestamp", &seconds), ("webhook-signature", &signature)]
    {
        let value = HeaderValue::from_str(value).map_err(|_| format!("`{name}` cannot be a field"))?;
        fields.insert(HeaderName::from_static(name), value);
    }
    let (path, query) = match webhook.path.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (&*webhook.path, None),
    };
    Ok(Outgoing {
        method: http::Method::POST,
        path: path.to_owned(),
        query,
        fields,
        body: OutBody::Held(news.body.clone().into()),
        repeat: Repeat::Never,
        upgrade: false,
        operation: None,
    })
}

fn upstream(webhook: &Webhook) -> Upstream {
    Upstream {
        servers: vec![webhook.server.clone()],
        credentials: Vec::new(),
        authority: None,
        connect_timeout: CONNECTING,
        // Longer than what ends it: one bound, with words of its own.
        timeout: PATIENCE * 2,
        total_timeout: Some(PATIENCE * 2),
        pace: None,
        retries: 0,
        fingerprint: 0,
        origin: Origin::clone(&webhook.origin),
    }
}

/// `v1,` and the base64 of the HMAC.
fn sign(secret: &str, id: &str, seconds: &str, body: &str) -> Result<String, String> {
    let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
    let key = key.ok_or("its secret is not `whsec_` and base64")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(tag.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::{least, next, sign};
    use http::StatusCode;

    #[test]
    fn who_is_pressed_is_left_alone_as_long_as_it_wants_and_each_attempt_comes_later() {
        for (status, retry_after, wanted) in [
            (500, None, 2),
            (302, None, 2),
            (404, Some(1), 2),
            (503, Some(90), 90),
            (429, None, 60),
            (429, Some(120), 120),
            (502, None, 60),
            (504, Some(5), 60),
            (503, Some(u64::MAX), 86_400),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(next(0, least(status, retry_after)), Some(wanted), "{status} {retry_after:?}");
        }
        let waits: Vec<_> = (0..=10).map(|attempts| next(attempts, 0)).collect();
        assert!(
            waits.is_sorted_by(|one, two| two.is_none_or(|two| one.is_some_and(|one| one < two))),
            "{waits:?}"
        );
        assert_eq!((waits[9], waits[10]), (Some(86_400), None));
        // As the specification's example: about three days.
        assert!((2 * 86_400..4 * 86_400).contains(&waits.iter().flatten().sum::<u64>()));
    }

    #[test]
    fn the_signature_is_the_specifications_own() {
        // Standard Webhooks, example of the reference libraries.
        let signed = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
