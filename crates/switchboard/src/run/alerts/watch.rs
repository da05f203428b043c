//! Which thresholds are crossed: looked up in the ledger, where the counts of all processes are.

use super::message;
use board::{Alert, Board, Limit, Measure, Per, Share, When};
use exchange::{KeyDigest, KeyId, Outcome, Period};
use gateway::OverSoft;
use ledger::{Group, Ledger, News, StoreError, UsageFilter, UsageRow};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// An API with fewer calls in the window has no share worth the name.
const FEWEST: u64 = 20;
/// That somebody goes over a soft rate is told again after this time: a rate has no period that ends.
const RATES_AGAIN_MS: u64 = 3_600_000;
/// What the kind is called.
const SOFT: &str = "soft_limit";
/// So many accounts are told of at once; the others a moment later.
const MOST: u32 = 1_000;

/// What is crossed of an alert. It may be known already: the ledger keeps one of a period.
pub(super) async fn crossed(
    alert: &Alert,
    board: &Board,
    ledger: &Ledger,
    now_ms: u64,
) -> Result<Vec<News>, StoreError> {
    match alert.when {
        When::Quota(share) => {
            quotas(alert, board, ledger, now_ms, |limit| (!limit.soft).then_some(share)).await
        }
        When::SoftLimit => {
            quotas(alert, board, ledger, now_ms, |limit| limit.soft.then_some(Share::ALL)).await
        }
        When::Errors(share, window) => {
            let failed = |row: &UsageRow| row.failed();
            shares(alert, share, window, ledger, now_ms, "errors", failed).await
        }
        When::Drift(share, window) => drift(alert, share, window, ledger, now_ms).await,
    }
}

async fn quotas(
    alert: &Alert,
    board: &Board,
    ledger: &Ledger,
    now_ms: u64,
    share: impl Fn(&Limit) -> Option<Share>,
) -> Result<Vec<News>, StoreError> {
    let mut news = Vec::new();
    for plan in &board.plans {
        for limit in &plan.limits {
            let Measure::Quota(quota) = limit.measure else { continue };
            let account = limit.policy.text();
            let Some(share) = share(limit) else { continue };
            let slot = quota.period.slot(now_ms);
            let amount = u64::from(quota.amount.get());
            for (subject, granted) in ledger.quota_standings(account, slot, share.of(amount), MOST).await? {
                let (at_ms, since_ms) = match quota.period {
                    // A rolling quota has no beginning: not again before its length is over.
                    Period::Rolling(_) => (now_ms, slot.since_ms),
                    _ => (slot.start_ms, slot.start_ms),
                };
                let mut data = who(limit, &subject);
                data["plan"] = json!(plan.name.as_str());
                data["quota"] = json!(limit.text);
                data["granted"] = json!(granted);
                data["amount"] = json!(amount);
                data["from"] = json!(message::instant(slot.since_ms));
                if slot.until_ms < u64::MAX && !matches!(quota.period, Period::Rolling(_)) {
                    data["until"] = json!(message::instant(slot.until_ms));
                }
                let kind = if limit.soft { SOFT } else { "quota" };
                let subject = format!("{account} {subject}");
                news.push(message::news(alert, kind, subject, (at_ms, since_ms), now_ms, data));
            }
        }
    }
    Ok(news)
}

/// The news that somebody went over a soft rate, or a soft bound of calls at once: for each alert that tells it. The limit
/// may be gone from the board meanwhile.
pub(super) fn over_soft(over: &OverSoft, board: &Board, now_ms: u64) -> Vec<News> {
    let mut limits = board.plans.iter().flat_map(|plan| plan.limits.iter().map(move |limit| (plan, limit)));
    let Some((plan, limit)) = limits.find(|(_, limit)| limit.policy == over.limit) else {
        return Vec::new();
    };
    let alerts = board.alerts.iter().filter(|alert| alert.when == When::SoftLimit);
    let word = |alert| {
        let mut data = who(limit, &over.subject);
        data["plan"] = json!(plan.name.as_str());
        data["limit"] = json!(limit.text);
        data["over"] = json!(over.calls);
        let subject = format!("{} {}", over.limit.text(), over.subject);
        let told = (now_ms, (now_ms + 1).saturating_sub(RATES_AGAIN_MS));
        message::news(alert, SOFT, subject, told, now_ms, data)
    };
    alerts.map(word).collect()
}

/// Whom an account is of. Of a key its id: see [`KeyId`].
fn who(limit: &Limit, subject: &str) -> Value {
    if let Some(address) = subject.strip_prefix("ip:") {
        let hex = address.split('/').next().unwrap_or_default();
        return json!({ "per": "address", "address": u128::from_str_radix(hex, 16).ok().map(network) });
    }
    let mut parts = subject.splitn(3, '/');
    let name = parts.next();
    match limit.per {
        Per::Key => json!({ "per": "key", "key": name.and_then(key_id) }),
        Per::Api | Per::Operation => {
            let (api, operation) = (parts.next(), parts.next());
            json!({ "per": "consumer", "consumer": name, "api": api, "operation": operation })
        }
        Per::Consumer | Per::Address => json!({ "per": "consumer", "consumer": name }),
    }
}

/// The id of a key whose digest begins so: `sha256:` and 32 hexadecimal digits.
fn key_id(digest: &str) -> Option<String> {
    let half = u128::from_str_radix(digest.strip_prefix("sha256:")?, 16).ok()?;
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&half.to_be_bytes());
    // An id is made of fewer bytes than that.
    Some(KeyId::of(&KeyDigest(bytes)).0)
}

/// What counts as one address: one of IPv4, or the network of 64 bits of one of IPv6.
fn network(number: u128) -> String {
    match u32::try_from(number) {
        Ok(four) => Ipv4Addr::from(four).to_string(),
        Err(_) => format!("{}/64", Ipv6Addr::from(number >> 64 << 64)),
    }
}

/// Calls of each API in the minutes of the window, of which this one is the last.
async fn shares(
    alert: &Alert,
    share: Share,
    window: Duration,
    ledger: &Ledger,
    now_ms: u64,
    kind: &str,
    part: impl Fn(&UsageRow) -> u64,
) -> Result<Vec<News>, StoreError> {
    let (since_ms, length) = begin(now_ms, window);
    let filter =
        UsageFilter { since_ms: Some(since_ms), group_by: vec![Group::Api], ..UsageFilter::default() };
    let mut news = Vec::new();
    for row in ledger.usage(&filter).await? {
        let Some(api) = row.api.as_deref().filter(|api| !api.is_empty()) else { continue };
        // What we refused never got to the API.
        let calls = row.calls - row.calls_that(Outcome::Refused.word());
        let part = part(&row);
        if calls >= FEWEST && share.is_reached(part, calls) {
            let data = json!({ "api": api, "calls": calls, kind: part, "from": message::instant(since_ms) });
            let told = (now_ms, (now_ms + 1).saturating_sub(length));
            news.push(message::news(alert, kind, api.to_owned(), told, now_ms, data));
        }
    }
    Ok(news)
}

/// Calls that reached their provider and broke the contract, by the weight of their rows.
async fn drift(
    alert: &Alert,
    share: Share,
    window: Duration,
    ledger: &Ledger,
    now_ms: u64,
) -> Result<Vec<News>, StoreError> {
    let (since_ms, length) = begin(now_ms, window);
    let mut news = Vec::new();
    for (api, calls, broken) in ledger.drift(since_ms).await? {
        if broken > 0 && share.is_reached(broken, calls) {
            let data =
                json!({ "api": api, "calls": calls, "broken": broken, "from": message::instant(since_ms) });
            let told = (now_ms, (now_ms + 1).saturating_sub(length));
            news.push(message::news(alert, "drift", api, told, now_ms, data));
        }
    }
    Ok(news)
}

/// The first millisecond of the window's minutes, and its length.
fn begin(now_ms: u64, window: Duration) -> (u64, u64) {
    let length = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
    ((now_ms - now_ms % 60_000 + 60_000).saturating_sub(length), length)
}

#[cfg(test)]
mod tests {
    use super::{begin, key_id, network};
    use exchange::{KeyDigest, KeyId};
    use std::time::Duration;

    #[test]
    fn an_address_is_worded_as_people_know_it() {
        assert_eq!(network(0x7f00_0001), "127.0.0.1");
        assert_eq!(network(0x2001_0db8_0000_0000_8000_0000_0000_0000), "2001:db8::/64");
    }

    #[test]
    fn a_key_is_named_by_its_id_which_the_first_half_of_its_digest_gives() {
        let digest = KeyDigest::of("a key");
        let half: String = digest.to_string().chars().take(7 + 32).collect();
        assert_eq!(key_id(&half), Some(KeyId::of(&digest).0));
        assert_eq!(key_id("globex"), None);
    }

    #[test]
    fn a_window_ends_with_the_minute_that_runs() {
        assert_eq!(begin(10 * 60_000 + 5, Duration::from_secs(300)), (6 * 60_000, 300_000));
        assert_eq!(begin(5, Duration::from_secs(300)), (0, 300_000));
    }
}
