//! Plans that somebody asks for, until an owner approves or denies them. A request that is pending gives nothing.
//!
//! Decided once: the plan is given in the transaction that says so. Nothing is deleted.

use crate::accounts::must_exist;
use crate::audit::note;
use crate::connection::Connection;
use crate::sql::{Row, Sql, unread};
use crate::{Author, Ledger, StoreError};
use exchange::{ConsumerName, PlanName};
use std::fmt;

/// A request for a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRequest {
    /// Its number.
    pub id: u64,
    /// For whom.
    pub consumer: ConsumerName,
    /// Which plan.
    pub plan: PlanName,
    /// What was said with it.
    pub note: String,
    /// Who asked.
    pub asked_by: String,
    /// When, in milliseconds since 1970.
    pub asked_ms: u64,
    /// What became of it.
    pub state: AccessState,
    /// Who decided; empty: nobody yet.
    pub decided_by: String,
    /// When, in milliseconds since 1970.
    pub decided_ms: Option<u64>,
    /// Why it was denied.
    pub reason: String,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessState {
    /// Nobody has decided.
    Pending,
    /// The plan was given.
    Approved,
    /// It was not.
    Denied,
}

impl AccessState {
    /// The word that is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

impl fmt::Display for AccessState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

const COLUMNS: &str = "SELECT id, consumer, plan, note, asked_by, asked_ms, state, decided_by, decided_ms, reason FROM access_requests";

impl Ledger {
    /// Asks for a plan for a consumer.
    ///
    /// # Errors
    /// [`StoreError::UnknownConsumer`], [`StoreError::PlanHeld`], [`StoreError::AskedAlready`], or the file's.
    pub async fn request_access(
        &self,
        name: &ConsumerName,
        plan: &PlanName,
        words: &str,
        by: Author<'_>,
    ) -> Result<AccessRequest, StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        must_exist(&mut change, name).await?;
        if holds(&mut change, name, plan).await? {
            return Err(StoreError::PlanHeld { name: name.clone(), plan: plan.clone() });
        }
        let mut again = Sql::new(COLUMNS);
        again.push(" WHERE state = 'pending' AND consumer = ").push_bind(name.as_str());
        again.push(" AND plan = ").push_bind(plan.as_str());
        if let Some(row) = change.first(again).await? {
            return Err(StoreError::AskedAlready { id: row.count(0)? });
        }
        let ask = Sql::new(
            "INSERT INTO access_requests (consumer, plan, note, asked_by, asked_ms) VALUES (?, ?, ?, ?, ?)",
        );
        let ask = ask.bind(name.as_str()).bind(plan.as_str()).bind(words).bind(by.who).bind(by.at_ms);
        change.execute(ask).await?;
        let mut made = Sql::new(COLUMNS);
        made.push(" WHERE id = (SELECT max(id) FROM access_requests)");
        let made = change.first(made).await?.ok_or(StoreError::Closed)?;
        let made = request(&made)?;
        note(&mut change, by, "access-requested", name, &format!("{}: {plan}", made.id)).await?;
        change.commit().await?;
        Ok(made)
    }

    /// Gives the plan that was asked for.
    ///
    /// # Errors
    /// [`StoreError::UnknownRequest`], [`StoreError::DecidedAlready`], or the file's.
    pub async fn approve_access(&self, id: u64, by: Author<'_>) -> Result<AccessRequest, StoreError> {
        self.decide(id, AccessState::Approved, "", by).await
    }

    /// Does not give the plan that was asked for.
    ///
    /// # Errors
    /// As of [`Self::approve_access`].
    pub async fn deny_access(
        &self,
        id: u64,
        reason: &str,
        by: Author<'_>,
    ) -> Result<AccessRequest, StoreError> {
        self.decide(id, AccessState::Denied, reason, by).await
    }

    /// Requests, oldest first; those that are pending, or all.
    pub async fn list_access(&self, pending: bool) -> Result<Vec<AccessRequest>, StoreError> {
        let mut file = self.accounts().await?;
        let mut all = Sql::new(COLUMNS);
        all.push(if pending { " WHERE state = 'pending' ORDER BY id" } else { " ORDER BY id" });
        file.all(all).await?.iter().map(request).collect()
    }

    async fn decide(
        &self,
        id: u64,
        state: AccessState,
        reason: &str,
        by: Author<'_>,
    ) -> Result<AccessRequest, StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        let mut known = Sql::new(COLUMNS);
        known.push(" WHERE id = ").push_bind(id);
        let mut request = request(&change.first(known).await?.ok_or(StoreError::UnknownRequest { id })?)?;
        if request.state != AccessState::Pending {
            return Err(StoreError::DecidedAlready { id, state: request.state });
        }
        let set = Sql::new(
            "UPDATE access_requests SET state = ?, decided_by = ?, decided_ms = ?, reason = ? WHERE id = ?",
        );
        let set = set.bind(state.word()).bind(by.who).bind(by.at_ms).bind(reason);
        change.execute(set.bind(id)).await?;
        (request.state, request.reason) = (state, reason.to_owned());
        (request.decided_by, request.decided_ms) = (by.who.to_owned(), Some(by.at_ms));
        let (name, plan) = (&request.consumer, &request.plan);
        let mut detail = format!("{id}: {plan}");
        if state == AccessState::Approved {
            give(&mut change, name, plan).await?;
        } else if !reason.is_empty() {
            detail = format!("{detail}: {reason}");
        }
        note(&mut change, by, &format!("access-{state}"), name, &detail).await?;
        change.commit().await?;
        Ok(request)
    }
}

async fn holds(change: &mut Connection, name: &ConsumerName, plan: &PlanName) -> Result<bool, StoreError> {
    let held = Sql::new("SELECT plan FROM plans_held WHERE consumer = ? AND plan = ?");
    Ok(change.first(held.bind(name.as_str()).bind(plan.as_str())).await?.is_some())
}

/// Behind the plans that are held; once, also where it was given by hand meanwhile.
async fn give(change: &mut Connection, name: &ConsumerName, plan: &PlanName) -> Result<(), StoreError> {
    if holds(change, name, plan).await? {
        return Ok(());
    }
    let give = Sql::new(
        "INSERT INTO plans_held (consumer, position, plan) \
         SELECT ?, coalesce(max(position), -1) + 1, ? FROM plans_held WHERE consumer = ?",
    );
    change.execute(give.bind(name.as_str()).bind(plan.as_str()).bind(name.as_str())).await.map(drop)
}

fn request(row: &Row) -> Result<AccessRequest, StoreError> {
    let state = [AccessState::Pending, AccessState::Approved, AccessState::Denied]
        .into_iter()
        .find(|state| row.text(6).is_ok_and(|word| word == state.word()))
        .ok_or_else(|| unread(sqlx::Error::Decode("a request that no program of ours writes".into())))?;
    Ok(AccessRequest {
        id: row.count(0)?,
        consumer: ConsumerName::new(row.text(1)?),
        plan: PlanName::new(row.text(2)?),
        note: row.text(3)?.to_owned(),
        asked_by: row.text(4)?.to_owned(),
        asked_ms: row.count(5)?,
        state,
        decided_by: row.text(7)?.to_owned(),
        decided_ms: row.some_count(8)?,
        reason: row.text(9)?.to_owned(),
    })
}
