//! Brings a part of the ledger to the version that this program knows.
//!
//! The version is SQLite's `user_version` of a file, in PostgreSQL a row of the table `versions`; step N leads from version
//! N-1 to N, in one transaction with the number. A part from the future is refused, never guessed at.
//!
//! A step is written once, in SQLite's words: PostgreSQL needs other words for three types and for two clauses. Where tables
//! are made otherwise (days are files here, partitions there), a step has a text for each.

#[cfg(test)]
mod tests;

use crate::StoreError;
use crate::connection::Connection;
use crate::sql::Sql;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// What is in a part: the steps that make it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    /// Its name in PostgreSQL's `versions`.
    pub(crate) name: &'static str,
    /// The SQL of each step, from version 0 on.
    pub(crate) steps: &'static [Step],
}

/// The SQL of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// In SQLite's words, for both.
    Both(&'static str),
    /// In the words of each.
    Each { sqlite: &'static str, postgres: &'static str },
}

/// `accounts.db`.
pub(crate) const ACCOUNTS: Schema = Schema {
    name: "accounts",
    steps: &[
        Step::Both(include_str!("../migrations/accounts/1.sql")),
        Step::Both(include_str!("../migrations/accounts/2.sql")),
    ],
};
/// `usage.db`.
pub(crate) const USAGE: Schema = Schema {
    name: "usage",
    steps: &[
        Step::Both(include_str!("../migrations/usage/1.sql")),
        Step::Both(include_str!("../migrations/usage/2.sql")),
        Step::Both(include_str!("../migrations/usage/3.sql")),
        Step::Both(include_str!("../migrations/usage/4.sql")),
        Step::Both(include_str!("../migrations/usage/5.sql")),
        Step::Both(include_str!("../migrations/usage/6.sql")),
    ],
};
/// `quotas.db`.
pub(crate) const QUOTAS: Schema = Schema {
    name: "quotas",
    steps: &[
        Step::Both(include_str!("../migrations/quotas/1.sql")),
        // In a database this table is there already: made with the counts.
        Step::Each { sqlite: include_str!("../migrations/usage/2.sql"), postgres: "" },
    ],
};
/// `rates.db`.
pub(crate) const RATES: Schema = Schema {
    name: "rates",
    steps: &[Step::Each {
        sqlite: include_str!("../migrations/rates/1.sql"),
        postgres: include_str!("../migrations/rates/1.postgres.sql"),
    }],
};
/// `calls-DATE.db`.
pub(crate) const CALLS: Schema = Schema {
    name: "calls",
    steps: &[Step::Each {
        sqlite: include_str!("../migrations/calls/1.sql"),
        postgres: include_str!("../migrations/calls/1.postgres.sql"),
    }],
};

impl Step {
    fn sqlite(self) -> SqlStr {
        let (Self::Both(words) | Self::Each { sqlite: words, .. }) = self;
        SqlStr::from_static(words)
    }

    fn postgres(self) -> SqlStr {
        match self {
            Self::Each { postgres, .. } => SqlStr::from_static(postgres),
            // Numbers have eight bytes in both, and texts are in the order of their bytes.
            Self::Both(words) => AssertSqlSafe(
                words
                    .replace("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGSERIAL PRIMARY KEY")
                    .replace(" INTEGER", " BIGINT")
                    .replace(" BLOB", " BYTEA")
                    .replace(" TEXT", " TEXT COLLATE \"C\"")
                    .replace(") STRICT, WITHOUT ROWID;", ");")
                    .replace(") WITHOUT ROWID;", ");")
                    .replace(") STRICT;", ");"),
            )
            .into_sql_str(),
        }
    }
}

impl Schema {
    /// The newest version.
    pub(crate) fn version(self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// Whether nothing is missing in a part of this version.
    fn is_newest(self, found: u32, file: &str) -> Result<bool, StoreError> {
        let known = self.version();
        if found > known {
            return Err(StoreError::Newer { file: file.to_owned(), found, known });
        }
        Ok(found == known)
    }

    /// As [`Self::is_newest`], for somebody who may not change it.
    fn must_be_newest(self, found: u32, file: &str) -> Result<(), StoreError> {
        if self.is_newest(found, file)? {
            return Ok(());
        }
        Err(StoreError::Older { file: file.to_owned(), found, known: self.version() })
    }

    fn missing(self, found: u32) -> impl Iterator<Item = Step> {
        self.steps.iter().copied().skip(usize::try_from(found).unwrap_or(usize::MAX))
    }
}

/// Runs the steps that a file misses.
///
/// # Errors
/// [`StoreError::Newer`] for a file of a newer program, or what SQLite said.
pub(crate) async fn bring_file(
    connection: &mut Connection,
    file: &str,
    schema: Schema,
) -> Result<(), StoreError> {
    if schema.is_newest(version_of_file(connection).await?, file)? {
        return Ok(());
    }
    let mut change = connection.change().await?;
    // Asked again under the lock: another process may have been faster.
    let found = version_of_file(&mut change).await?;
    if schema.is_newest(found, file)? {
        return Ok(());
    }
    for step in schema.missing(found) {
        change.run(step.sqlite()).await?;
    }
    // A pragma takes no bound values; this is a number of our own.
    let pragma = AssertSqlSafe(format!("PRAGMA user_version = {}", schema.version()));
    change.run(pragma).await?;
    change.commit().await
}

/// Whether a file that is only read can be: `false` for one that another process is just making.
pub(crate) async fn file_is_readable(
    connection: &mut Connection,
    file: &str,
    schema: Schema,
) -> Result<bool, StoreError> {
    match version_of_file(connection).await? {
        0 => Ok(false),
        found => schema.must_be_newest(found, file).map(|()| true),
    }
}

/// The version that the file has; 0: empty.
async fn version_of_file(connection: &mut Connection) -> Result<u32, StoreError> {
    let found = connection.number(Sql::new("PRAGMA user_version")).await?;
    Ok(found.and_then(|found| u32::try_from(found).ok()).unwrap_or(u32::MAX))
}

/// Runs the steps that a database misses; the change holds the lock against others who do the same.
///
/// # Errors
/// [`StoreError::Newer`], or the database's.
pub(crate) async fn bring_database(
    connection: &mut Connection,
    name: &str,
    schema: &str,
) -> Result<(), StoreError> {
    if let Some(found) = versions(connection).await?
        && are_newest(&found, name)?
    {
        return Ok(());
    }
    let mut change = connection.change().await?;
    let there = Sql::new("SELECT count(*) FROM pg_namespace WHERE nspname = ?").bind(schema);
    // Asked first: `IF NOT EXISTS` wants the right to make one also where it is there.
    if change.number(there).await? != Some(1) {
        let words = AssertSqlSafe(format!("CREATE SCHEMA \"{schema}\""));
        change.run(words).await?;
    }
    let table =
        "CREATE TABLE IF NOT EXISTS versions (part TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL)";
    change.run(table).await?;
    let found = versions(&mut change).await?.unwrap_or_default();
    are_newest(&found, name)?;
    for (schema, found) in ALL.into_iter().zip(found) {
        for step in schema.missing(found) {
            change.run(step.postgres()).await?;
        }
        let set = Sql::new(
            "INSERT INTO versions (part, version) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version",
        );
        change.execute(set.bind(schema.name).bind(schema.version())).await?;
    }
    change.commit().await
}

/// Whether a database that is only read can be; `false`: there is no ledger in it.
pub(crate) async fn database_is_readable(
    connection: &mut Connection,
    name: &str,
) -> Result<bool, StoreError> {
    let Some(found) = versions(connection).await? else { return Ok(false) };
    for (schema, found) in ALL.into_iter().zip(found) {
        schema.must_be_newest(found, name)?;
    }
    Ok(true)
}

/// What a database holds.
const ALL: [Schema; 5] = [ACCOUNTS, USAGE, QUOTAS, RATES, CALLS];

fn are_newest(found: &[u32; ALL.len()], name: &str) -> Result<bool, StoreError> {
    let mut newest = true;
    for (schema, found) in ALL.into_iter().zip(found) {
        newest &= schema.is_newest(*found, name)?;
    }
    Ok(newest)
}

/// The versions of all parts, 0 for one that is not there; `None`: there is no ledger.
async fn versions(connection: &mut Connection) -> Result<Option<[u32; ALL.len()]>, StoreError> {
    let there = Sql::new("SELECT count(to_regclass('versions'))");
    if connection.number(there).await? != Some(1) {
        return Ok(None);
    }
    let mut found = [0; ALL.len()];
    for row in connection.all(Sql::new("SELECT part, version FROM versions")).await? {
        let part = row.text(0)?;
        if let Some(at) = ALL.iter().position(|schema| schema.name == part) {
            found[at] = row.small(1)?;
        }
    }
    Ok(Some(found))
}
