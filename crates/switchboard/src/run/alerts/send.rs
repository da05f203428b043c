//! Sends news that are due, signed. Source: Standard Webhooks 1.0.0, *Webhook headers*, *Signature scheme*, *Delivery*.
//!
//! HMAC-SHA-256 over `id.timestamp.body`; over TLS or loopback only, no redirect followed, bounded in time. What is not
//! answered with 2xx is sent again, later each time; 410 says that nobody wants it.

use crate::drive::now_ms;
use crate::terminal::Terminal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use board::{Board, Upstream, Webhook};
use call::{Dial, OutBody, Outgoing, Providers};
use contract::Repeat;
use exchange::Origin;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ledger::{Attempted, DueNews, Ledger, StoreError};
use std::time::Duration;

/// So many attempts run at once, and so many are begun in a round.
const AT_ONCE: usize = 16;
/// From the first byte sent to the head of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECTING: Duration = Duration::from_secs(5);
/// Seconds after each attempt until the next: eleven attempts within three days.
const AFTER: [u64; 10] = [2, 10, 60, 300, 1_800, 7_200, 18_000, 36_000, 57_600, 86_400];

/// Sends what is due and marks how it went.
pub(super) async fn due(board: &Board, ledger: &Ledger, terminal: Terminal) -> Result<(), StoreError> {
    let due = ledger.due_news(now_ms(), u32::try_from(AT_ONCE).unwrap_or(u32::MAX)).await?;
    let providers = Providers::new(Dial::default());
    let attempts = due.iter().map(|news| attempt(board, &providers, news));
    let mut attempts = futures_util::stream::iter(attempts).buffer_unordered(AT_ONCE);
    let mut result = Ok(());
    while let Some((news, outcome)) = attempts.next().await {
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
        // Not marked, it is sent again under the same id; the others are marked all the same.
        result = result.and(ledger.attempted(&news.id, &outcome, now_ms()).await);
    }
    result
}

async fn attempt<'n>(board: &Board, providers: &Providers, news: &'n DueNews) -> (&'n DueNews, Attempted) {
    let webhook = board.alerts.iter().map(|alert| &alert.to).find(|webhook| *webhook.name == *news.webhook);
    let Some(webhook) = webhook else {
        return (news, Attempted::GivenUp("no alert of the board names this webhook any more".to_owned()));
    };
    let outcome = match post(providers, webhook, news).await {
        Ok(status) if status.is_success() => return (news, Attempted::Delivered),
        Ok(StatusCode::GONE) => return (news, Attempted::GivenUp("it answered 410".to_owned())),
        Ok(status) => format!("it answered {}", status.as_u16()),
        Err(why) => why,
    };
    let after = AFTER.get(usize::try_from(news.attempts).unwrap_or(usize::MAX));
    let attempted = match after {
        Some(seconds) => Attempted::Again(now_ms().saturating_add(seconds * 1_000), outcome),
        None => Attempted::GivenUp(format!("{outcome}, after {} attempts", news.attempts + 1)),
    };
    (news, attempted)
}

async fn post(providers: &Providers, webhook: &Webhook, news: &DueNews) -> Result<StatusCode, String> {
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
    let outgoing = Outgoing {
        method: http::Method::POST,
        path: path.to_owned(),
        query,
        fields,
        body: OutBody::Held(news.body.clone().into()),
        repeat: Repeat::Never,
        upgrade: false,
        operation: None,
    };
    let upstream = upstream(webhook);
    let sent = providers.send(&upstream, outgoing);
    match tokio::time::timeout(PATIENCE, sent).await {
        Ok(Ok(answer)) => Ok(answer.status),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn upstream(webhook: &Webhook) -> Upstream {
    Upstream {
        servers: vec![webhook.server.clone()],
        credentials: Vec::new(),
        authority: None,
        connect_timeout: CONNECTING,
        timeout: PATIENCE,
        total_timeout: Some(PATIENCE),
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
    use super::sign;

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
