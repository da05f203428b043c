//! Brings a file of the ledger to the version that this program knows.
//!
//! The version is SQLite's `user_version`; step N leads from version N-1 to N, in one transaction with
//! the number. A file from the future is refused, never guessed at.

use crate::StoreError;
use sqlx::{Connection, SqliteConnection};

/// What is in a kind of file: the steps that make it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    /// The SQL of each step, from version 0 on.
    pub(crate) steps: &'static [&'static str],
}

/// `accounts.db`.
pub(crate) const ACCOUNTS: Schema = Schema { steps: &[include_str!("../migrations/accounts/1.sql")] };
/// `usage.db`.
pub(crate) const USAGE: Schema = Schema { steps: &[include_str!("../migrations/usage/1.sql")] };
/// `quotas.db`.
pub(crate) const QUOTAS: Schema = Schema { steps: &[include_str!("../migrations/quotas/1.sql")] };
/// `calls-DATE.db`.
pub(crate) const CALLS: Schema = Schema { steps: &[include_str!("../migrations/calls/1.sql")] };

impl Schema {
    /// The newest version.
    pub(crate) fn version(self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    /// Runs the steps that are missing.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a file of a newer program, or what SQLite said.
    pub(crate) async fn apply(self, connection: &mut SqliteConnection, file: &str) -> Result<(), StoreError> {
        if self.is_newest(version(connection, file).await?, file)? {
            return Ok(());
        }
        let failed = |error| StoreError::of(file, error);
        let mut step = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        // Asked again under the lock: another process may have been faster.
        let found = version(&mut step, file).await?;
        if self.is_newest(found, file)? {
            return Ok(());
        }
        for sql in self.steps.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
            sqlx::raw_sql(*sql).execute(&mut *step).await.map_err(failed)?;
        }
        // A pragma takes no bound values; this is a number of our own.
        let pragma = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", self.version()));
        sqlx::raw_sql(pragma).execute(&mut *step).await.map_err(failed)?;
        step.commit().await.map_err(failed)
    }

    /// Whether nothing is missing.
    fn is_newest(self, found: u32, file: &str) -> Result<bool, StoreError> {
        let known = self.version();
        if found > known {
            return Err(StoreError::Newer { file: file.to_owned(), found, known });
        }
        Ok(found == known)
    }

    /// Whether a file that is only read can be: `false` for one that another process is just making.
    pub(crate) async fn readable(
        self,
        connection: &mut SqliteConnection,
        file: &str,
    ) -> Result<bool, StoreError> {
        match version(connection, file).await? {
            0 => Ok(false),
            found if self.is_newest(found, file)? => Ok(true),
            found => Err(StoreError::Older { file: file.to_owned(), found, known: self.version() }),
        }
    }
}

/// The version that the file has; 0: empty.
async fn version(connection: &mut SqliteConnection, file: &str) -> Result<u32, StoreError> {
    sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
        .map_err(|error| StoreError::of(file, error))
}

#[cfg(test)]
mod tests {
    use super::Schema;
    use crate::StoreError;
    use crate::store::{Durability, Folder};

    const ONE: Schema = Schema { steps: &["CREATE TABLE a (x TEXT); CREATE TABLE b (y TEXT);"] };
    const TWO: Schema = Schema {
        steps: &[
            "CREATE TABLE a (x TEXT); CREATE TABLE b (y TEXT);",
            "ALTER TABLE a ADD COLUMN z INTEGER NOT NULL DEFAULT 7; DROP TABLE b;",
        ],
    };

    #[tokio::test]
    async fn an_older_file_is_brought_up_with_its_rows_and_a_newer_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open("t.db", ONE, Durability::Full).await.unwrap();
        sqlx::query("INSERT INTO a (x) VALUES ('kept')").execute(&mut file).await.unwrap();
        drop(file);

        let mut file = folder.open("t.db", TWO, Durability::Full).await.unwrap();
        let row: (String, i64) = sqlx::query_as("SELECT x, z FROM a").fetch_one(&mut file).await.unwrap();
        assert_eq!(row, ("kept".to_owned(), 7));
        drop(file);

        let error = folder.open("t.db", ONE, Durability::Full).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 2, known: 1, .. }), "{error}");
    }

    #[tokio::test]
    async fn a_step_that_fails_leaves_the_file_as_it_was() {
        const BROKEN: Schema = Schema {
            steps: &[
                "CREATE TABLE a (x TEXT); CREATE TABLE b (y TEXT);",
                "DROP TABLE a; DROP TABLE nonsense;",
            ],
        };
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        drop(folder.open("t.db", ONE, Durability::Full).await.unwrap());
        folder.open("t.db", BROKEN, Durability::Full).await.unwrap_err();
        let mut file = folder.open("t.db", ONE, Durability::Full).await.unwrap();
        sqlx::query("INSERT INTO a (x) VALUES ('still there')").execute(&mut file).await.unwrap();
    }
}
