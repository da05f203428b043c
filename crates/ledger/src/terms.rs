//! The terms of plans that consumers have accepted: the last version of each, with who said so and when.
//!
//! Which version a plan has now, and what is closed without it, the board says. Earlier versions stand in the audit.

use crate::audit::note;
use crate::callers::push_of;
use crate::connection::Connection;
use crate::sql::{Row, Sql};
use crate::{Author, Ledger, StoreError};
use exchange::{ConsumerName, PlanName};

/// Terms that were accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsAccepted {
    /// By which consumer.
    pub consumer: ConsumerName,
    /// The plan they are of.
    pub plan: PlanName,
    /// Which version of them.
    pub version: String,
    /// Who said so.
    pub who: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

impl Ledger {
    /// Notes that a consumer has accepted this version of a plan's terms. It may be one that the board's file names: whether
    /// there is such a consumer and such a plan is the caller's to know.
    ///
    /// # Errors
    /// The file's.
    pub async fn accept_terms(
        &self,
        name: &ConsumerName,
        plan: &PlanName,
        version: &str,
        by: Author<'_>,
    ) -> Result<(), StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        let accept = Sql::new(
            "INSERT INTO terms_accepted (consumer, plan, version, who, at_ms) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (consumer, plan) DO UPDATE SET \
             version = excluded.version, who = excluded.who, at_ms = excluded.at_ms",
        );
        let accept = accept.bind(name.as_str()).bind(plan.as_str()).bind(version).bind(by.who).bind(by.at_ms);
        change.execute(accept).await?;
        note(&mut change, by, "terms-accepted", name, &format!("{plan}: {version}")).await?;
        change.commit().await
    }

    /// All terms that are accepted, by consumer and plan.
    pub async fn terms_accepted(&self) -> Result<Vec<TermsAccepted>, StoreError> {
        let mut file = self.accounts().await?;
        all(&mut file, None).await
    }
}

/// The terms that are accepted, by all or by these, by consumer and plan.
pub(crate) async fn all(
    look: &mut Connection,
    by: Option<&[ConsumerName]>,
) -> Result<Vec<TermsAccepted>, StoreError> {
    let mut all =
        Sql::new("SELECT consumer, plan, version, who, at_ms FROM terms_accepted").once(by.is_some());
    if let Some(names) = by {
        push_of(&mut all, " WHERE consumer", names);
    }
    all.push(" ORDER BY consumer, plan");
    let accepted = |row: &Row| {
        Ok(TermsAccepted {
            consumer: ConsumerName::new(row.text(0)?),
            plan: PlanName::new(row.text(1)?),
            version: row.text(2)?.to_owned(),
            who: row.text(3)?.to_owned(),
            at_ms: row.count(4)?,
        })
    };
    look.all(all).await?.iter().map(accepted).collect()
}
