//! Consumers: made, listed, given plans, suspended, each change with its line in the audit.
//!
//! Nothing is deleted: who called last year must still have a name.

use crate::connection::Connection;
use crate::sql::{Row, Sql};
use crate::{Ledger, StoreError, keys};
use exchange::{ConsumerName, ConsumerRow, KeyRow, PlanName};

/// Who changes something, and when: goes into the audit.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// `cli`, `console`, `demo`, or who is signed in.
    pub who: &'a str,
    /// Milliseconds since 1970.
    pub at_ms: u64,
}

/// A consumer, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerInfo {
    /// Its name.
    pub name: ConsumerName,
    /// Plans it holds, in the order they were given.
    pub plans: Vec<PlanName>,
    /// Whether it may call at the moment.
    pub suspended: bool,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// How many keys it has that are not revoked.
    pub keys: u32,
}

/// One change of the accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who did it.
    pub who: String,
    /// What was done: `consumer-added`, `plans-set`, `suspended`, `resumed`, `key-made`, `key-revoked`, `acted-as`.
    pub what: String,
    /// The consumer it was done to.
    pub subject: String,
    /// Plans, key id, or the call.
    pub detail: String,
}

impl Ledger {
    /// Makes a consumer that holds these plans.
    ///
    /// # Errors
    /// [`StoreError::BadName`], [`StoreError::NameTaken`], or the file's.
    pub async fn add_consumer(
        &self,
        name: &str,
        plans: &[PlanName],
        by: Author<'_>,
    ) -> Result<ConsumerName, StoreError> {
        let name = checked_name(name)?;
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        let make = Sql::new(
            "INSERT INTO consumers (name, suspended, created_ms) VALUES (?, 0, ?) ON CONFLICT (name) DO NOTHING",
        );
        if change.execute(make.bind(name.as_str()).bind(by.at_ms)).await? == 0 {
            return Err(StoreError::NameTaken { name });
        }
        hold(&mut change, &name, plans).await?;
        note(&mut change, by, "consumer-added", &name, &words(plans)).await?;
        change.commit().await?;
        Ok(name)
    }

    /// Lets a consumer hold these plans and no others.
    ///
    /// # Errors
    /// [`StoreError::UnknownConsumer`], or the file's.
    pub async fn set_plans(
        &self,
        name: &ConsumerName,
        plans: &[PlanName],
        by: Author<'_>,
    ) -> Result<(), StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        must_exist(&mut change, name).await?;
        change.execute(Sql::new("DELETE FROM plans_held WHERE consumer = ?").bind(name.as_str())).await?;
        hold(&mut change, name, plans).await?;
        note(&mut change, by, "plans-set", name, &words(plans)).await?;
        change.commit().await
    }

    /// Suspends a consumer (`true`: none of its keys works) or lets it call again.
    ///
    /// # Errors
    /// [`StoreError::UnknownConsumer`], or the file's.
    pub async fn suspend(
        &self,
        name: &ConsumerName,
        suspended: bool,
        by: Author<'_>,
    ) -> Result<(), StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        must_exist(&mut change, name).await?;
        let set = Sql::new("UPDATE consumers SET suspended = ? WHERE name = ?");
        change.execute(set.bind(suspended).bind(name.as_str())).await?;
        let what = if suspended { "suspended" } else { "resumed" };
        note(&mut change, by, what, name, "").await?;
        change.commit().await
    }

    /// Notes that a call is made as this consumer by somebody else; `call` says which.
    ///
    /// # Errors
    /// The file's.
    pub async fn acted_as(&self, name: &ConsumerName, call: &str, by: Author<'_>) -> Result<(), StoreError> {
        let mut file = self.accounts_to_change().await?;
        note(&mut file, by, "acted-as", name, call).await
    }

    /// All consumers by name.
    pub async fn list_consumers(&self) -> Result<Vec<ConsumerInfo>, StoreError> {
        let mut file = self.accounts().await?;
        let mut look = file.look().await?;
        consumers(&mut look).await
    }

    /// One consumer; `None`: there is none of this name.
    pub async fn consumer(&self, name: &ConsumerName) -> Result<Option<ConsumerInfo>, StoreError> {
        Ok(self.list_consumers().await?.into_iter().find(|known| known.name == *name))
    }

    /// What a board needs to know who may call: every consumer, and every key that is not revoked at `now_ms`.
    ///
    /// Both are of one moment. When a key ends later, [`Ledger::watch_accounts`] says so.
    pub async fn accounts_rows(&self, now_ms: u64) -> Result<(Vec<ConsumerRow>, Vec<KeyRow>), StoreError> {
        let mut file = self.accounts().await?;
        let mut look = file.look().await?;
        let consumers = consumers(&mut look)
            .await?
            .into_iter()
            .map(|info| ConsumerRow { name: info.name, plans: info.plans, suspended: info.suspended })
            .collect();
        let keys = keys::all(&mut look)
            .await?
            .into_iter()
            .filter(|key| !key.is_revoked(now_ms))
            .map(|key| KeyRow { digest: key.digest, consumer: key.consumer, tail: Some(key.tail) })
            .collect();
        Ok((consumers, keys))
    }

    /// The last changes of the accounts, newest first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let mut file = self.accounts().await?;
        let last = Sql::new("SELECT at_ms, who, what, subject, detail FROM audit ORDER BY id DESC LIMIT ?");
        let rows = file.all(last.bind(limit)).await?;
        let entry = |row: &Row| {
            Ok(AuditEntry {
                at_ms: row.count(0)?,
                who: row.text(1)?.to_owned(),
                what: row.text(2)?.to_owned(),
                subject: row.text(3)?.to_owned(),
                detail: row.text(4)?.to_owned(),
            })
        };
        rows.iter().map(entry).collect()
    }
}

/// A name that fits in a path, a shell and a TOML key without quoting.
fn checked_name(name: &str) -> Result<ConsumerName, StoreError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > 64 {
        "it is longer than 64 characters"
    } else if !name.bytes().all(|letter| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) {
        "it has characters other than `a-z 0-9 . _ -`"
    } else if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        "it does not begin with a letter or digit"
    } else {
        return Ok(ConsumerName::new(name));
    };
    Err(StoreError::BadName { name: name.chars().take(80).collect(), why })
}

pub(crate) async fn must_exist(change: &mut Connection, name: &ConsumerName) -> Result<(), StoreError> {
    change
        .first(Sql::new("SELECT name FROM consumers WHERE name = ?").bind(name.as_str()))
        .await?
        .map(|_| ())
        .ok_or_else(|| StoreError::UnknownConsumer { name: name.clone() })
}

async fn hold(change: &mut Connection, name: &ConsumerName, plans: &[PlanName]) -> Result<(), StoreError> {
    for (position, plan) in (0_i64..).zip(plans) {
        let hold = Sql::new("INSERT INTO plans_held (consumer, position, plan) VALUES (?, ?, ?)");
        change.execute(hold.bind(name.as_str()).bind(position).bind(plan.as_str())).await?;
    }
    Ok(())
}

pub(crate) async fn note(
    change: &mut Connection,
    by: Author<'_>,
    what: &str,
    subject: &ConsumerName,
    detail: &str,
) -> Result<(), StoreError> {
    let note = Sql::new("INSERT INTO audit (at_ms, who, what, subject, detail) VALUES (?, ?, ?, ?, ?)");
    let note = note.bind(by.at_ms).bind(by.who).bind(what).bind(subject.as_str()).bind(detail);
    change.execute(note).await.map(drop)
}

fn words(plans: &[PlanName]) -> String {
    plans.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ")
}

async fn consumers(look: &mut Connection) -> Result<Vec<ConsumerInfo>, StoreError> {
    let all = Sql::new(
        "SELECT name, suspended, created_ms,
                (SELECT count(*) FROM keys WHERE consumer = name AND (revoked_ms IS NULL OR revoked_ms > ?))
         FROM consumers ORDER BY name",
    );
    let rows = look.all(all.bind(crate::lease::now_ms())).await?;
    let info = |row: &Row| {
        Ok(ConsumerInfo {
            name: ConsumerName::new(row.text(0)?),
            plans: Vec::new(),
            suspended: row.number(1)? != 0,
            created_ms: row.count(2)?,
            keys: row.small(3)?,
        })
    };
    let mut found: Vec<ConsumerInfo> = rows.iter().map(info).collect::<Result<_, StoreError>>()?;
    let held = Sql::new("SELECT consumer, plan FROM plans_held ORDER BY consumer, position");
    for row in &look.all(held).await? {
        let (consumer, plan) = (row.text(0)?, row.text(1)?);
        if let Ok(at) = found.binary_search_by(|info| info.name.as_str().cmp(consumer)) {
            found[at].plans.push(PlanName::new(plan));
        }
    }
    Ok(found)
}
