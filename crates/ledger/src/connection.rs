//! A connection to a part of the ledger, whichever database keeps it.
//!
//! Everything that is written is written within a [`Change`]: on SQLite `BEGIN IMMEDIATE`, on PostgreSQL a transaction that
//! holds the advisory lock of the part. So both have one writer of a part at a time, and what is read in a change stays true.

use crate::StoreError;
use crate::pool::{Lent, asked};
use crate::sql::{Row, Sql};
use futures_util::TryStreamExt as _;
use sqlx::postgres::PgTransactionManager;
use sqlx::sqlite::SqliteTransactionManager;
use sqlx::{Connection as _, Error, SqlSafeStr, SqlStr, SqliteConnection};
use sqlx_core::transaction::TransactionManager as _;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many of SQLite's steps lie between two looks at the clock.
const STEPS: i32 = 10_000;

/// A connection. Its errors name the file or the database.
#[derive(Debug)]
pub(crate) struct Connection {
    name: Arc<str>,
    link: Link,
}

#[derive(Debug)]
enum Link {
    Sqlite(SqliteConnection),
    Postgres(Lent),
}

impl Connection {
    /// A connection to a file of this name.
    pub(crate) fn sqlite(name: &str, connection: SqliteConnection) -> Self {
        Self { name: name.into(), link: Link::Sqlite(connection) }
    }

    /// A connection to a database of this name.
    pub(crate) fn postgres(name: Arc<str>, lent: Lent) -> Self {
        Self { name, link: Link::Postgres(lent) }
    }

    /// Whether this is PostgreSQL.
    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.link, Link::Postgres(_))
    }

    /// Does something; gives how many rows it concerned.
    pub(crate) async fn execute(&mut self, sql: Sql<'_>) -> Result<u64, StoreError> {
        let done = self.link.execute(sql).await;
        done.map_err(|error| self.failed(error))
    }

    /// All rows of an answer.
    pub(crate) async fn all(&mut self, sql: Sql<'_>) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        let done = self.link.each(sql, |row| rows.push(row)).await;
        done.map_err(|error| self.failed(error)).map(|()| rows)
    }

    /// Does something with each row of an answer that is too long to be held whole. The first error ends it.
    pub(crate) async fn each(
        &mut self,
        sql: Sql<'_>,
        mut does: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut so_far = Ok(());
        let done = self.link.each(sql, |row| {
            if so_far.is_ok() {
                so_far = does(&row);
            }
        });
        done.await.map_err(|error| self.failed(error))?;
        so_far
    }

    /// The first row of an answer.
    pub(crate) async fn first(&mut self, sql: Sql<'_>) -> Result<Option<Row>, StoreError> {
        Ok(self.all(sql).await?.into_iter().next())
    }

    /// The number that an answer is; `None` for SQL's `NULL`, and for no row.
    pub(crate) async fn number(&mut self, sql: Sql<'_>) -> Result<Option<u64>, StoreError> {
        self.first(sql).await?.map_or(Ok(None), |row| row.some_count(0))
    }

    /// Runs words of ours that have no values: steps of a schema.
    pub(crate) async fn run(&mut self, words: impl SqlSafeStr) -> Result<(), StoreError> {
        let done = self.link.run(words.into_sql_str()).await;
        done.map_err(|error| self.failed(error))
    }

    /// Begins to change the part: nobody else does until this ends. Dropped, it never was.
    pub(crate) async fn change(&mut self) -> Result<Change<'_>, StoreError> {
        let words = match &self.link {
            Link::Sqlite(_) => SqlStr::from_static("BEGIN IMMEDIATE"),
            Link::Postgres(lent) => lent.begin_change(),
        };
        self.begin(words).await
    }

    /// Begins to look: everything is of one moment until this ends.
    pub(crate) async fn look(&mut self) -> Result<Change<'_>, StoreError> {
        let words = match &self.link {
            Link::Sqlite(_) => "BEGIN",
            Link::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.begin(SqlStr::from_static(words)).await
    }

    async fn begin(&mut self, words: SqlStr) -> Result<Change<'_>, StoreError> {
        match self.link.begin(words).await {
            Ok(()) => Ok(Change { connection: self, open: true }),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// From now on questions are broken off at the deadline, with [`StoreError::Slow`].
    pub(crate) async fn time_box(&mut self, deadline: Instant) -> Result<(), StoreError> {
        let done = self.link.time_box(deadline).await;
        done.map_err(|error| self.failed(error))
    }

    /// Gives it back in order. Dropped, it is given back as well.
    pub(crate) async fn close(self) {
        if let Link::Sqlite(file) = self.link {
            // Everything is on disk; what closing tidies up is done at the next opening too.
            drop(file.close().await);
        }
    }

    fn failed(&self, error: Error) -> StoreError {
        StoreError::of(&self.name, error)
    }
}

impl Link {
    async fn execute(&mut self, sql: Sql<'_>) -> Result<u64, Error> {
        let kept = sql.is_kept();
        match self {
            Self::Sqlite(file) => {
                let (text, arguments) = sql.sqlite()?;
                let done = sqlx::query_with(text, arguments).persistent(kept).execute(file).await?;
                Ok(done.rows_affected())
            }
            Self::Postgres(lent) => {
                let (text, arguments) = sql.postgres()?;
                let query = sqlx::query_with(text, arguments).persistent(kept);
                Ok(asked!(lent, database => query.execute(database))?.rows_affected())
            }
        }
    }

    async fn each(&mut self, sql: Sql<'_>, mut does: impl FnMut(Row)) -> Result<(), Error> {
        let kept = sql.is_kept();
        match self {
            Self::Sqlite(file) => {
                let (text, arguments) = sql.sqlite()?;
                let mut rows = sqlx::query_with(text, arguments).persistent(kept).fetch(file);
                while let Some(row) = rows.try_next().await? {
                    does(Row::Sqlite(row));
                }
                Ok(())
            }
            Self::Postgres(lent) => {
                let (text, arguments) = sql.postgres()?;
                let query = sqlx::query_with(text, arguments).persistent(kept);
                asked!(lent, database => async {
                    let mut rows = query.fetch(database);
                    while let Some(row) = rows.try_next().await? {
                        does(Row::Postgres(row));
                    }
                    Ok(())
                })
            }
        }
    }

    async fn run(&mut self, words: SqlStr) -> Result<(), Error> {
        match self {
            Self::Sqlite(file) => sqlx::raw_sql(words).execute(file).await.map(drop),
            Self::Postgres(lent) => {
                asked!(lent, database => sqlx::raw_sql(words).execute(database)).map(drop)
            }
        }
    }

    async fn begin(&mut self, words: SqlStr) -> Result<(), Error> {
        match self {
            Self::Sqlite(file) => SqliteTransactionManager::begin(file, Some(words)).await,
            Self::Postgres(lent) => {
                let begun = asked!(lent, database => PgTransactionManager::begin(database, Some(words)));
                // It may be in the middle of it: sqlx knows of no transaction then.
                begun.inspect_err(|_| lent.spoil())
            }
        }
    }

    async fn commit(&mut self) -> Result<(), Error> {
        match self {
            Self::Sqlite(file) => SqliteTransactionManager::commit(file).await,
            Self::Postgres(lent) => {
                let done = asked!(lent, database => PgTransactionManager::commit(database));
                done.inspect_err(|_| lent.spoil())
            }
        }
    }

    async fn time_box(&mut self, deadline: Instant) -> Result<(), Error> {
        match self {
            Self::Sqlite(file) => {
                file.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < deadline);
                Ok(())
            }
            Self::Postgres(lent) => {
                let left = deadline.saturating_duration_since(Instant::now());
                lent.answer_within(left.max(Duration::from_millis(1))).await
            }
        }
    }
}

/// A transaction on a connection, as which it is used meanwhile. Undone unless it is committed.
#[derive(Debug)]
pub(crate) struct Change<'c> {
    connection: &'c mut Connection,
    open: bool,
}

impl Change<'_> {
    /// Makes it last.
    ///
    /// # Errors
    /// The database's. With a connection to PostgreSQL that was lost it may have been done or not.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let done = self.connection.link.commit().await;
        done.map_err(|error| self.connection.failed(error))?;
        self.open = false;
        Ok(())
    }
}

impl Deref for Change<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        match &mut self.connection.link {
            Link::Sqlite(file) => SqliteTransactionManager::start_rollback(file),
            Link::Postgres(lent) => {
                if let Some(database) = lent.whole() {
                    PgTransactionManager::start_rollback(database);
                }
            }
        }
    }
}
