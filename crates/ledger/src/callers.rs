//! Who may call, as a board needs it: all of it, or what has changed since it was read.
//!
//! What has changed the audit says: every change writes its line there in the same transaction, and there is one at a time, so
//! that lines become visible in the order of their numbers. Keys that ended meanwhile say so themselves. Where neither says
//! anything, somebody else has changed the tables, and everything is read.

use crate::connection::Connection;
use crate::sql::{Row, Sql};
use crate::{Ledger, StoreError, keys, terms};
use exchange::{Acceptance, Changed, ConsumerName, ConsumerRow, KeyRow, PlanName};
use std::collections::BTreeSet;

/// When more consumers than this have changed, all are read.
const MOST_CHANGED: usize = 200;

/// How far the accounts were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last line of the audit.
    line: u64,
    /// When, in milliseconds since 1970: keys end.
    at_ms: u64,
}

/// Every consumer, and every key that is not revoked, of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callers {
    /// The consumers, by name.
    pub consumers: Vec<ConsumerRow>,
    /// The keys.
    pub keys: Vec<KeyRow>,
    /// Where [`Ledger::callers_since`] goes on.
    pub mark: Mark,
}

/// What of the accounts has changed since they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing that the audit knows of.
    Nothing,
    /// These, and how far that was read.
    Changed(Changed, Mark),
    /// So much that all of it is to be read.
    Much,
}

impl Ledger {
    /// Every consumer, and every key that is not revoked at `now_ms`. When a key ends later, [`Ledger::watch_accounts`] says so.
    ///
    /// # Errors
    /// The file's.
    pub async fn callers(&self, now_ms: u64) -> Result<Callers, StoreError> {
        let mut file = self.accounts().await?;
        let mut look = file.look().await?;
        let line = look.number(Sql::new("SELECT max(id) FROM audit")).await?.unwrap_or(0);
        let consumers = consumers(&mut look, None).await?;
        let keys = keys::that_open(&mut look, &consumers, None, now_ms).await?;
        Ok(Callers { consumers, keys, mark: Mark { line, at_ms: now_ms } })
    }

    /// What has changed since then.
    ///
    /// # Errors
    /// The file's.
    pub async fn callers_since(&self, mark: Mark, now_ms: u64) -> Result<Since, StoreError> {
        let mut file = self.accounts().await?;
        let mut look = file.look().await?;
        let line = look.number(Sql::new("SELECT max(id) FROM audit")).await?.unwrap_or(0);
        let noted = Sql::new("SELECT DISTINCT subject FROM audit WHERE id > ? LIMIT ?");
        let ended =
            Sql::new("SELECT DISTINCT consumer FROM keys WHERE revoked_ms > ? AND revoked_ms <= ? LIMIT ?");
        let mut names = BTreeSet::new();
        for which in [noted.bind(mark.line), ended.bind(mark.at_ms).bind(now_ms)] {
            for row in look.all(which.bind(1 + MOST_CHANGED as u64)).await? {
                names.insert(ConsumerName::new(row.text(0)?));
            }
        }
        if names.is_empty() {
            return Ok(Since::Nothing);
        }
        if names.len() > MOST_CHANGED {
            return Ok(Since::Much);
        }
        let names: Vec<_> = names.into_iter().collect();
        let consumers = consumers(&mut look, Some(&names)).await?;
        let keys = keys::that_open(&mut look, &consumers, Some(&names), now_ms).await?;
        Ok(Since::Changed(Changed { names, consumers, keys }, Mark { line, at_ms: now_ms }))
    }
}

/// Adds a condition: a column is one of these names.
pub(crate) fn push_of<'n>(sql: &mut Sql<'n>, words: &str, names: &'n [ConsumerName]) {
    sql.push(words);
    for (at, name) in names.iter().enumerate() {
        sql.push(if at == 0 { " IN (" } else { ", " }).push_bind(name.as_str());
    }
    sql.push(if names.is_empty() { " IN (NULL)" } else { ")" });
}

/// Consumers, all or these, by name.
async fn consumers(
    look: &mut Connection,
    of: Option<&[ConsumerName]>,
) -> Result<Vec<ConsumerRow>, StoreError> {
    let mut found: Vec<ConsumerRow> = Vec::new();
    // There are many consumers and few plans.
    let mut plans: Vec<PlanName> = Vec::new();
    let mut rows =
        Sql::new("SELECT name, suspended, plan FROM consumers LEFT JOIN plans_held ON consumer = name")
            .once(of.is_some());
    if let Some(names) = of {
        push_of(&mut rows, " WHERE name", names);
    }
    rows.push(" ORDER BY name, position");
    let take = |row: &Row| {
        let name = row.text(0)?;
        if found.last().is_none_or(|last| last.name.as_str() != name) {
            found.push(ConsumerRow {
                name: ConsumerName::new(name),
                plans: Vec::new(),
                suspended: row.number(1)? != 0,
                accepted: Vec::new(),
            });
        }
        if let (Some(plan), Some(last)) = (row.some_text(2)?, found.last_mut()) {
            let known = plans.iter().find(|known| known.as_str() == plan).cloned();
            last.plans.push(known.unwrap_or_else(|| {
                plans.push(PlanName::new(plan));
                plans[plans.len() - 1].clone()
            }));
        }
        Ok(())
    };
    look.each(rows, take).await?;
    for terms in terms::all(look, of).await? {
        if let Ok(at) = found.binary_search_by(|known| known.name.cmp(&terms.consumer)) {
            found[at].accepted.push(Acceptance { plan: terms.plan, version: terms.version });
        }
    }
    Ok(found)
}
