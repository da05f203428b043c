//! Who changed what of the accounts: a line for each change, in the transaction that made it.

use crate::connection::Connection;
use crate::sql::{Row, Sql};
use crate::{Ledger, StoreError};
use exchange::ConsumerName;

/// Who changes something, and when: goes into the audit.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// By which way, and who as far as that is claimed: `cli:deploy`, `console`, `demo`.
    pub who: &'a str,
    /// Milliseconds since 1970.
    pub at_ms: u64,
}

/// One change of the accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who did it.
    pub who: String,
    /// What was done: `consumer-added`, `plans-set`, `described`, `suspended`, `resumed`, `key-made`, `key-rotated`,
    /// `key-revoked`, `terms-accepted`, `access-requested`, `access-approved`, `access-denied`, `acted-as`.
    pub what: String,
    /// The consumer it was done to.
    pub subject: String,
    /// Plans, key id, or the call.
    pub detail: String,
}

impl Ledger {
    /// The last changes of the accounts, newest first; of one consumer, or of all.
    pub async fn audit(&self, of: Option<&str>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let mut file = self.accounts().await?;
        let mut last = Sql::new("SELECT at_ms, who, what, subject, detail FROM audit");
        if let Some(name) = of {
            last.push(" WHERE subject = ").push_bind(name);
        }
        last.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        let rows = file.all(last).await?;
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

/// Notes a change.
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
