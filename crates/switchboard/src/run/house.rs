//! What a running board does now and then: old days are dropped, counts are added up, and what goes wrong is said.

use super::following::Stale;
use crate::command::time_of;
use crate::drive::now_ms;
use crate::terminal::Terminal;
use gateway::Running;
use ledger::Ledger;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Accounts may go unheard, or not be taken over, for so long without a word: a connection that is made anew.
const DEAF_MS: u64 = 5_000;

/// Once an hour old days are dropped; every ten seconds a loss is said once.
pub(super) async fn keep(
    ledger: Ledger,
    gateway: Rc<Running>,
    accounts: watch::Receiver<Option<Stale>>,
    terminal: Terminal,
) {
    let (mut said, mut trusted, mut late, mut beyond) = (0, 0, 0, 0);
    let (mut deaf, mut refused, mut astray, mut apart) = (false, false, false, false);
    let (mut pruned, mut rolled) = (None::<Instant>, None);
    loop {
        if pruned.is_none_or(|at| at.elapsed() > Duration::from_secs(3600)) {
            pruned = Some(Instant::now());
            if let Err(error) = ledger.prune(now_ms()).await {
                terminal.complain(format!("warning: old calls cannot be dropped: {error}"));
            }
        }
        if rolled.is_none_or(|at: Instant| at.elapsed() > Duration::from_secs(60)) {
            rolled = Some(Instant::now());
            if let Err(error) = ledger.roll_up(now_ms()).await {
                terminal.complain(format!("warning: counts cannot be added up to hours and days: {error}"));
            }
        }
        let health = ledger.health();
        let lost = health.rows_dropped + health.details_dropped;
        if lost > said {
            said = lost;
            let why = health.last_error.clone().unwrap_or_else(|| "the queue was full".to_owned());
            terminal.complain(format!("warning: {lost} rows and details of calls are lost so far: {why}"));
        } else if health.behind {
            let why = health.last_error.clone().unwrap_or_default();
            terminal.complain(format!("warning: the ledger is behind, calls go on: {why}"));
        }
        if health.usage_late > late {
            late = health.usage_late;
            terminal.complain(format!(
                "warning: {late} calls so far were counted more than ten minutes after they ended: a bill that was exported \
                 before may lack them"
            ));
        }
        match health.deaf_since_ms.filter(|since| now_ms().saturating_sub(*since) > DEAF_MS) {
            Some(since) => {
                deaf = true;
                terminal.complain(format!(
                    "warning: changes of accounts are not heard since {}: a key that was revoked after that is still served",
                    time_of(since)
                ));
            }
            None if std::mem::take(&mut deaf) => terminal.say("changes of accounts are heard again"),
            None => {}
        }
        let stale = accounts.borrow().clone();
        match stale.filter(|stale| now_ms().saturating_sub(stale.since_ms) > DEAF_MS) {
            Some(Stale { since_ms, why }) => {
                refused = true;
                terminal.complain(format!(
                    "warning: changes of accounts cannot be taken over since {}: {why}; a key that was revoked after that is \
                     still served",
                    time_of(since_ms)
                ));
            }
            None if std::mem::take(&mut refused) => terminal.say("changes of accounts are taken over again"),
            None => {}
        }
        let on_trust = gateway.on_trust();
        if on_trust > trusted {
            trusted = on_trust;
            let why = health.quotas.unwrap_or_else(|| "the ledger did not answer in time".to_owned());
            terminal.complain(format!(
                "warning: {on_trust} calls were let in without their quotas being kept so far: {why}"
            ));
        }
        let rates = gateway.rates();
        if rates.beyond > beyond {
            terminal.complain(format!(
                "warning: {} subjects of limits were too many to be told to the other processes of this board: each may use its \
                 limit once more there",
                rates.beyond - beyond
            ));
            beyond = rates.beyond;
        }
        // One that seems alone cannot know it while the store is away; but for a moment that tells nothing.
        let lasts = std::mem::replace(&mut astray, rates.away.is_some());
        let away = rates.away.filter(|_| rates.shared || lasts);
        if let Some(why) = away.as_ref().filter(|_| !apart) {
            terminal
                .complain(format!("warning: rates are not shared, each process counts for itself: {why}"));
        }
        apart = away.is_some();
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}
