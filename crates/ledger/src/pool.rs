//! Connections to PostgreSQL: lent, given back, at most some at once, none waited for without end.
//!
//! Deliberately not sqlx's pool: that one goes on knocking at a database that refuses until its time is over, and then says
//! only that the time was over. Here the reason is said, and the thread that records goes on collecting.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Error, PgConnection, SqlSafeStr, SqlStr};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many connections a pool has at once: a database has some hundred for everybody.
const MOST: usize = 8;
/// How many of them stay open while nobody needs them.
const MOST_IDLE: usize = 2;
/// How long a connection may take to be made, with its TLS and its password.
const CONNECTING: Duration = Duration::from_secs(2);
/// What an answer may take longer on its way than the database may need for it.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// How long somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For a lock.
    pub(crate) lock: Duration,
    /// For an answer.
    pub(crate) answer: Duration,
}

/// Connections to one schema of one database.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    options: Arc<PgConnectOptions>,
    patience: Patience,
    schema: Arc<str>,
    idle: Mutex<Vec<PgConnection>>,
    places: Arc<Semaphore>,
}

impl Pool {
    /// A pool that has no connection yet.
    pub(crate) fn new(options: Arc<PgConnectOptions>, schema: Arc<str>, patience: Patience) -> Self {
        let places = Arc::new(Semaphore::new(MOST));
        Self { shared: Arc::new(Shared { options, patience, schema, idle: Mutex::default(), places }) }
    }

    /// Another one to the same place.
    pub(crate) fn again(&self, patience: Patience) -> Self {
        Self::new(Arc::clone(&self.shared.options), Arc::clone(&self.shared.schema), patience)
    }

    /// Lends a connection that answers. `begin`: how a change begins on it.
    ///
    /// # Errors
    /// What stands in the way, within some seconds.
    pub(crate) async fn lend(&self, begin: Arc<str>) -> Result<Lent, Error> {
        let Shared { patience, places, .. } = &*self.shared;
        let place = timeout(patience.answer, Arc::clone(places).acquire_owned()).await;
        let place = place.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        let mut lent = Lent {
            connection: None,
            broken: false,
            answer: patience.answer,
            begin,
            pool: self.clone(),
            _place: place,
        };
        while let Some(idle) = self.take_idle() {
            lent.connection = Some(idle);
            // Says at the same time whether the other end is still there: a database that was started anew knows it no more.
            if lent.settle().await.is_ok() {
                return Ok(lent);
            }
            lent.broken = false;
        }
        let made = timeout(CONNECTING, self.shared.options.connect()).await;
        lent.connection = Some(made.map_err(|_| late(CONNECTING))??);
        lent.settle().await?;
        Ok(lent)
    }

    fn take_idle(&self) -> Option<PgConnection> {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// Without the password that the options hold.
impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pool").field("schema", &self.shared.schema).finish_non_exhaustive()
    }
}

/// A connection that is lent; dropped, it goes back.
#[derive(Debug)]
pub(crate) struct Lent {
    connection: Option<PgConnection>,
    broken: bool,
    answer: Duration,
    begin: Arc<str>,
    pool: Pool,
    _place: OwnedSemaphorePermit,
}

/// Awaits an answer of a [`Lent`] no longer than it may take. A connection that gave none, or that the database ended, is
/// used by nobody again. A macro: a closure that borrows the connection would lose that its future can be sent.
macro_rules! asked {
    ($lent:expr, $database:ident => $answer:expr) => {{
        let lent = &mut *$lent;
        let longest = lent.longest();
        let answer = match lent.whole() {
            Some($database) => tokio::time::timeout(longest, $answer).await,
            None => Ok(Err(crate::pool::lost())),
        };
        lent.judged(answer.unwrap_or_else(|_| Err(crate::pool::late(longest))))
    }};
}
pub(crate) use asked;

impl Lent {
    /// The connection, unless it is broken.
    pub(crate) fn whole(&mut self) -> Option<&mut PgConnection> {
        self.connection.as_mut().filter(|_| !self.broken)
    }

    /// How long an answer may take to be here.
    pub(crate) fn longest(&self) -> Duration {
        self.answer + ON_ITS_WAY
    }

    /// Looks at an answer: a connection that failed is not lent again.
    pub(crate) fn judged<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &answer {
            // Class 57: the database ends the connection; but for a question that took too long.
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            self.broken |= code.is_none_or(|code| code.starts_with("57P") || code.starts_with("25"));
        }
        answer
    }

    /// Not to be lent again.
    pub(crate) fn spoil(&mut self) {
        self.broken = true;
    }

    /// How a change begins.
    pub(crate) fn begin_change(&self) -> SqlStr {
        // Numbers and a checked name of ours.
        AssertSqlSafe(self.begin.to_string()).into_sql_str()
    }

    /// From now on an answer may take so long.
    pub(crate) async fn answer_within(&mut self, answer: Duration) -> Result<(), Error> {
        self.answer = answer;
        let words = format!("SET statement_timeout = {}", answer.as_millis().max(1));
        let words = AssertSqlSafe(words).into_sql_str();
        asked!(self, database => sqlx::raw_sql(words).execute(database)).map(drop)
    }

    /// Whoever is lent a connection finds it in the same state. A change whose end never comes ends by itself, or its lock
    /// would be held against all others.
    async fn settle(&mut self) -> Result<(), Error> {
        let Shared { patience, schema, .. } = &*self.pool.shared;
        let words = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = 10000; SET search_path = \"{schema}\"",
            patience.answer.as_millis(),
            patience.lock.as_millis(),
        );
        let words = AssertSqlSafe(words).into_sql_str();
        asked!(self, database => sqlx::raw_sql(words).execute(database)).map(drop)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take().filter(|_| !self.broken) else { return };
        let mut idle = self.pool.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
    }
}

/// No answer came in time.
pub(crate) fn late(after: Duration) -> Error {
    let words = format!("no answer within {} s", after.as_secs());
    Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, words))
}

/// The connection is gone.
pub(crate) fn lost() -> Error {
    Error::Io(std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "the connection was lost"))
}
