//! News of thresholds that were crossed: kept until their receiver has them, sent by one process at a time.
//!
//! Each is written before it is sent and marked afterwards, so a kill between the two sends it again under the same id:
//! at least once. Of one alert and subject there is one in a period, whichever process sees it first.

use crate::sql::Sql;
use crate::store::Part;
use crate::{Ledger, StoreError};
use exchange::{CallId, Outcome, Slot};
use std::collections::BTreeMap;

/// News are kept so long after the last attempt: longer than the longest period, in which they are not told again.
const KEPT_MS: u64 = 400 * 86_400_000;

/// A threshold that was crossed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What the receiver knows it by.
    pub id: String,
    /// Name of the alert.
    pub alert: String,
    /// Whom or what it is about.
    pub subject: String,
    /// When, or the beginning of the period it is about; milliseconds since 1970.
    pub at_ms: u64,
    /// It is no news where the same was told with an `at_ms` from here on.
    pub since_ms: u64,
    /// Name of the webhook.
    pub webhook: String,
    /// The bytes that are sent.
    pub body: String,
}

/// News whose next attempt is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueNews {
    /// What the receiver knows it by.
    pub id: String,
    /// Name of the alert.
    pub alert: String,
    /// Name of the webhook.
    pub webhook: String,
    /// The bytes that are sent.
    pub body: String,
    /// Attempts that were made.
    pub attempts: u32,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// The receiver has it.
    Delivered,
    /// Not now: again at this time, in milliseconds since 1970.
    Again(u64, String),
    /// It will not be tried again.
    GivenUp(String),
}

/// How the telling goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewsHealth {
    /// News that wait for their next attempt.
    pub waiting: u64,
    /// News that were given up.
    pub given_up: u64,
    /// Why the last of those that wait, or were given up, was not taken.
    pub last_error: Option<String>,
}

impl Ledger {
    /// Takes over the telling, or goes on with it, for so long; `false`: another process does.
    ///
    /// # Errors
    /// The file's; [`StoreError::ReadOnly`].
    pub async fn hold_news(&self, holder: u64, now_ms: u64, for_ms: u64) -> Result<bool, StoreError> {
        let mut usage = self.counts_to_change().await?;
        let hold = Sql::new(
            "UPDATE sender SET holder = ?, until_ms = ? WHERE one = 1 AND (holder = ? OR until_ms < ?)",
        );
        let hold = hold.bind(holder).bind(now_ms.saturating_add(for_ms)).bind(holder).bind(now_ms);
        let mut change = usage.change().await?;
        let held = change.execute(hold).await? > 0;
        change.commit().await?;
        Ok(held)
    }

    /// Lets another process take over the telling.
    ///
    /// # Errors
    /// The file's; [`StoreError::ReadOnly`].
    pub async fn let_go_of_news(&self, holder: u64) -> Result<(), StoreError> {
        let mut usage = self.counts_to_change().await?;
        usage
            .execute(Sql::new("UPDATE sender SET until_ms = 0 WHERE holder = ?").bind(holder))
            .await
            .map(drop)
    }

    /// Writes news down to be told; `false`: it is known already.
    ///
    /// # Errors
    /// The file's; [`StoreError::ReadOnly`].
    pub async fn announce(&self, news: &News, now_ms: u64) -> Result<bool, StoreError> {
        let mut usage = self.counts_to_change().await?;
        let mut change = usage.change().await?;
        let known = Sql::new("SELECT count(*) FROM news WHERE alert = ? AND subject = ? AND at_ms >= ?");
        let known = known.bind(news.alert.as_str()).bind(news.subject.as_str()).bind(news.since_ms);
        if change.number(known).await? != Some(0) {
            // Ended at once, or others wait for the part's lock.
            return change.commit().await.map(|()| false);
        }
        let old = Sql::new("DELETE FROM news WHERE seen_ms < ? AND state <> 0");
        change.execute(old.bind(now_ms.saturating_sub(KEPT_MS))).await?;
        let insert = Sql::new(
            "INSERT INTO news (id, alert, subject, at_ms, webhook, body, state, attempts, next_ms, seen_ms, error) \
             VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, '')",
        );
        let insert = insert.bind(news.id.as_str()).bind(news.alert.as_str()).bind(news.subject.as_str());
        let insert = insert.bind(news.at_ms).bind(news.webhook.as_str()).bind(news.body.as_str());
        change.execute(insert.bind(now_ms).bind(now_ms)).await?;
        change.commit().await?;
        Ok(true)
    }

    /// News whose next attempt is due, the longest waiting first: at most so many of each webhook.
    ///
    /// # Errors
    /// The file's.
    pub async fn due_news(&self, now_ms: u64, of_each: u32) -> Result<Vec<DueNews>, StoreError> {
        let Some(mut usage) = self.counts().await? else { return Ok(Vec::new()) };
        let due = Sql::new(
            "SELECT id, alert, webhook, body, attempts FROM \
             (SELECT *, row_number() OVER (PARTITION BY webhook ORDER BY next_ms, id) AS turn \
              FROM news WHERE state = 0 AND next_ms <= ?) AS due \
             WHERE turn <= ? ORDER BY next_ms, id LIMIT 1000",
        );
        let mut found = Vec::new();
        for row in usage.all(due.bind(now_ms).bind(of_each)).await? {
            found.push(DueNews {
                id: row.text(0)?.to_owned(),
                alert: row.text(1)?.to_owned(),
                webhook: row.text(2)?.to_owned(),
                body: row.text(3)?.to_owned(),
                attempts: row.small(4)?,
            });
        }
        Ok(found)
    }

    /// Says how an attempt went.
    ///
    /// # Errors
    /// The file's; [`StoreError::ReadOnly`].
    pub async fn attempted(&self, id: &str, outcome: &Attempted, now_ms: u64) -> Result<(), StoreError> {
        let (state, next_ms, error) = match outcome {
            Attempted::Delivered => (1_u32, 0, ""),
            Attempted::Again(next_ms, error) => (0, *next_ms, error.as_str()),
            Attempted::GivenUp(error) => (2, 0, error.as_str()),
        };
        let mut usage = self.counts_to_change().await?;
        let set = Sql::new(
            "UPDATE news SET state = ?, attempts = attempts + 1, next_ms = ?, seen_ms = ?, error = ? WHERE id = ?",
        );
        let set = set.bind(state).bind(next_ms).bind(now_ms).bind(error).bind(id);
        let mut change = usage.change().await?;
        change.execute(set).await?;
        change.commit().await
    }

    /// How the telling goes, of whichever process does it.
    ///
    /// # Errors
    /// The file's.
    pub async fn news_health(&self) -> Result<NewsHealth, StoreError> {
        let Some(mut usage) = self.counts().await? else { return Ok(NewsHealth::default()) };
        let sums =
            Sql::new("SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 2) FROM news");
        let Some(sums) = usage.first(sums).await? else { return Ok(NewsHealth::default()) };
        let last =
            Sql::new("SELECT error FROM news WHERE state <> 1 AND error <> '' ORDER BY seen_ms DESC LIMIT 1");
        let last_error = match usage.first(last).await? {
            Some(row) => Some(row.text(0)?.to_owned()),
            None => None,
        };
        Ok(NewsHealth { waiting: sums.count(0)?, given_up: sums.count(1)?, last_error })
    }

    /// Who was granted at least so much of a quota in the slots that count together with this one: subject and amount.
    ///
    /// # Errors
    /// The file's.
    pub async fn quota_standings(
        &self,
        account: &str,
        slot: Slot,
        least: u64,
        most: u32,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let Some(mut quotas) = self.store().read(Part::Quotas).await? else { return Ok(Vec::new()) };
        let sum = Sql::new(
            "SELECT subject, CAST(sum(granted) AS BIGINT) FROM quotas WHERE policy = ? AND slot_ms BETWEEN ? AND ? \
             GROUP BY subject HAVING sum(granted) >= ? ORDER BY subject LIMIT ?",
        );
        let last = slot.last_ms().min(i64::MAX.cast_unsigned());
        let sum = sum.bind(account).bind(slot.since_ms).bind(last).bind(least).bind(most);
        let rows = quotas.all(sum).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            found.push((row.text(0)?.to_owned(), row.count(1)?));
        }
        quotas.close().await;
        Ok(found)
    }
}

impl Ledger {
    /// Calls of each API since then that reached their provider, and how many of them broke the contract: API, calls, broken.
    /// From rows, each by its weight; a call that is kept is a row.
    ///
    /// # Errors
    /// The file's.
    pub async fn drift(&self, since_ms: u64) -> Result<Vec<(String, u64, u64)>, StoreError> {
        let first = CallId::first_at(since_ms);
        let mut sums = BTreeMap::<String, (u64, u64)>::new();
        for day in self.store().days().await?.into_iter().filter(|day| day.end_ms() > since_ms) {
            let Some(mut calls) = self.store().read(Part::Calls(day)).await? else { continue };
            // Where nothing is broken, no row but those of the index of bad ones is looked at.
            let broken = Sql::new(
                "SELECT count(*) FROM calls WHERE id >= ? AND (outcome > 1 OR breaks > 0) AND breaks > 0",
            );
            if calls.number(broken.bind(first.0)).await? == Some(0) {
                calls.close().await;
                continue;
            }
            let sum = Sql::new(
                "SELECT api, CAST(sum(weight) AS BIGINT), CAST(sum(CASE WHEN breaks > 0 THEN weight ELSE 0 END) AS BIGINT) \
                 FROM calls WHERE id >= ? AND outcome <> ? AND api IS NOT NULL GROUP BY api",
            );
            for row in calls.all(sum.bind(first.0).bind(Outcome::Refused.code())).await? {
                let sum = sums.entry(row.text(0)?.to_owned()).or_default();
                *sum = (sum.0 + row.count(1)?, sum.1 + row.count(2)?);
            }
            calls.close().await;
        }
        Ok(sums.into_iter().map(|(api, (calls, broken))| (api, calls, broken)).collect())
    }
}
