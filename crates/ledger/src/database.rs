//! A schema of a PostgreSQL database in which a ledger is kept.
//!
//! Retention is to drop partitions. Tables are found by `search_path`, which has this schema alone: so the SQL is the same as
//! in a folder. Neither the URL nor the password is in any text: errors name `host/database`.

use crate::StoreError;
use crate::connection::Connection;
use crate::day::Day;
use crate::migrate;
use crate::pool::{Patience, Pool};
use crate::sql::Sql;
use crate::store::{HASTE, PATIENCE, Part};
use exchange::{CallId, Secret};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The schema where none is named.
const SCHEMA: &str = "switchboard";
/// A longer name leaves no room for the name of what is listened to, which has 63 bytes.
const LONGEST_SCHEMA: usize = 40;
/// How long somebody waits who asks.
const ASKING: Patience = Patience { lock: PATIENCE, answer: Duration::from_secs(10) };
/// How long the recording waits.
const RECORDING: Patience = Patience { lock: HASTE, answer: Duration::from_secs(3) };
/// How long a process waits while another one makes the tables.
const MAKING: Patience = Patience { lock: Duration::from_secs(30), answer: Duration::from_secs(60) };
/// The tables that have a partition for each day.
const BY_DAY: [&str; 3] = ["calls", "arrivals", "details"];

/// A schema of a database.
#[derive(Clone)]
pub(crate) struct Postgres {
    options: Arc<PgConnectOptions>,
    pool: Pool,
    name: Arc<str>,
    schema: Arc<str>,
    /// How a change of accounts, usage, quotas, rates and calls begins.
    begins: [Arc<str>; 5],
}

impl Postgres {
    /// Takes a database for a ledger that is written; makes its tables where they are not there.
    pub(crate) async fn make(url: &Secret) -> Result<Self, StoreError> {
        let database = Self::of(url)?;
        let mut making = Self { pool: database.pool.again(MAKING), ..database.clone() };
        making.begins[0] = begin(&database.schema, "tables", None).into();
        let mut connection = making.open(Part::Accounts).await?;
        migrate::bring_database(&mut connection, &database.name, &database.schema).await?;
        Ok(database)
    }

    /// Takes a database that must hold a ledger.
    pub(crate) async fn existing(url: &Secret) -> Result<Self, StoreError> {
        let database = Self::of(url)?;
        let mut connection = database.read(Part::Accounts).await?;
        if !migrate::database_is_readable(&mut connection, &database.name).await? {
            return Err(StoreError::Missing { folder: database.name().into() });
        }
        Ok(database)
    }

    /// What the URL says; nothing is connected yet.
    fn of(url: &Secret) -> Result<Self, StoreError> {
        let url = url.reveal();
        if url.is_empty() {
            return Err(StoreError::BadUrl { why: "its secret is missing" });
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(StoreError::BadUrl { why: "it does not begin with `postgres://`" });
        }
        let options: PgConnectOptions = url
            .parse()
            .map_err(|_| StoreError::BadUrl { why: "it cannot be read as a URL of PostgreSQL" })?;
        let schema = schema_of(options.get_options().unwrap_or_default()).ok_or(StoreError::BadUrl {
            why: "its `search_path` is no name of 1 to 40 letters, digits and `_`",
        })?;
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        let host = options
            .get_socket()
            .map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
        let name = format!("{host}/{database}").into();
        let schema: Arc<str> = schema.into();
        let options = Arc::new(options.application_name("switchboard").disable_statement_logging());
        let accounts = begin(&schema, "accounts", Some(&channel(&schema)));
        Ok(Self {
            pool: Pool::new(Arc::clone(&options), Arc::clone(&schema), ASKING),
            begins: [
                accounts,
                begin(&schema, "usage", None),
                begin(&schema, "quotas", None),
                begin(&schema, "rates", None),
                begin(&schema, "calls", None),
            ]
            .map(Arc::from),
            options,
            name,
            schema,
        })
    }

    /// The same database for the recording.
    pub(crate) fn in_haste(&self) -> Self {
        Self { pool: self.pool.again(RECORDING), ..self.clone() }
    }

    /// The same database for another runtime.
    pub(crate) fn again(&self) -> Self {
        Self { pool: self.pool.again(ASKING), ..self.clone() }
    }

    /// What errors name it by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What changes of accounts are told under.
    pub(crate) fn channel(&self) -> String {
        channel(&self.schema)
    }

    /// How to connect, for the one who listens.
    pub(crate) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::clone(&self.options)
    }

    /// A connection to write a part; of calls, the day's partitions are there.
    pub(crate) async fn open(&self, part: Part) -> Result<Connection, StoreError> {
        let mut connection = self.read(part).await?;
        if let Part::Calls(day) = part {
            Self::begin_day(day, &mut connection).await?;
        }
        Ok(connection)
    }

    /// A connection to read a part.
    pub(crate) async fn read(&self, part: Part) -> Result<Connection, StoreError> {
        let [accounts, usage, quotas, rates, calls] = &self.begins;
        let begin = match part {
            Part::Accounts => accounts,
            Part::Usage => usage,
            Part::Quotas => quotas,
            Part::Rates => rates,
            Part::Calls(_) => calls,
        };
        let lent = self.pool.lend(Arc::clone(begin)).await;
        let lent = lent.map_err(|error| StoreError::of(&self.name, error))?;
        Ok(Connection::postgres(Arc::clone(&self.name), lent))
    }

    /// The days that have partitions, oldest first.
    pub(crate) async fn days(&self) -> Result<Vec<Day>, StoreError> {
        let mut connection = self.read(Part::Usage).await?;
        let mut days = days(&mut connection).await?;
        days.sort_unstable();
        Ok(days)
    }

    /// Drops the partitions of a day.
    pub(crate) async fn drop_day(&self, day: Day) -> Result<(), StoreError> {
        let mut connection = self.read(Part::Calls(day)).await?;
        let mut change = connection.change().await?;
        let tables = BY_DAY.map(|table| format!("{table}_{}", day.partition())).join(", ");
        let words = AssertSqlSafe(format!("DROP TABLE IF EXISTS {tables}"));
        change.run(words).await?;
        change.commit().await
    }

    /// How many bytes the calls of a day take.
    pub(crate) async fn size(day: Day, connection: &mut Connection) -> Result<u64, StoreError> {
        let mut sql =
            Sql::new("SELECT CAST(sum(pg_total_relation_size(to_regclass(name))) AS BIGINT) FROM (");
        sql.push_rows(&BY_DAY, 1, |row, table| row.push(format!("{table}_{}", day.partition()).into()));
        sql.push(") AS tables (name)");
        Ok(connection.number(sql).await?.unwrap_or(0))
    }

    /// Makes the partitions of a day where they are not there.
    ///
    /// Made beside and then attached: that waits for nobody who reads, as a dump that takes an hour; to make them in place
    /// would.
    async fn begin_day(day: Day, connection: &mut Connection) -> Result<(), StoreError> {
        if days(connection).await?.contains(&day) {
            return Ok(());
        }
        let mut change = connection.change().await?;
        // Asked again under the lock: another process may have been faster.
        if days(&mut change).await?.contains(&day) {
            // Ended at once: dropped, it would keep the lock until the connection is used again.
            return change.commit().await;
        }
        let (from, to) = (CallId::first_at(day.begin_ms()), CallId::first_at(day.end_ms()));
        for table in BY_DAY {
            let name = format!("{table}_{}", day.partition());
            let words = format!(
                "CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE); \
                 ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({}) TO ({})",
                from.0.cast_signed(),
                to.0.cast_signed(),
            );
            change.run(AssertSqlSafe(words)).await?;
        }
        change.commit().await
    }
}

/// Without the password that the options hold.
impl fmt::Debug for Postgres {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Postgres")
            .field("name", &self.name)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

async fn days(connection: &mut Connection) -> Result<Vec<Day>, StoreError> {
    let partitions = "SELECT CAST(relname AS TEXT) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid \
                      WHERE inhparent = to_regclass('calls')";
    let mut days = Vec::new();
    for row in connection.all(Sql::new(partitions)).await? {
        days.extend(row.text(0)?.strip_prefix("calls_").and_then(Day::of_partition));
    }
    Ok(days)
}

/// The name under which changes of accounts are told: databases have one room for all.
fn channel(schema: &str) -> String {
    format!("{schema}.accounts")
}

/// The words with which a change of a part begins: nobody else changes it until it ends. Whoever listens is told at its end.
fn begin(schema: &str, part: &str, channel: Option<&str>) -> String {
    // FNV-1a: the same number in every process and version.
    let number =
        format!("switchboard {schema} {part}").bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let tell = channel.map(|channel| format!(", pg_notify('{channel}', '')")).unwrap_or_default();
    format!("BEGIN; SELECT pg_advisory_xact_lock({}){tell}", number.cast_signed())
}

/// The first schema that `-csearch_path=…` names; `switchboard` where none is; `None` for a name that needs quoting.
fn schema_of(options: &str) -> Option<String> {
    let mut schema = SCHEMA;
    for word in options.split_whitespace() {
        let word = word.strip_prefix("-c").or_else(|| word.strip_prefix("--")).unwrap_or(word);
        if let Some(path) = word.strip_prefix("search_path=") {
            schema = path.split(',').next().unwrap_or_default().trim_matches('"');
        }
    }
    let fine = (1..=LONGEST_SCHEMA).contains(&schema.len())
        && schema.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    fine.then(|| schema.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Postgres, schema_of};
    use exchange::Secret;

    #[test]
    fn the_schema_is_the_one_of_the_search_path() {
        for (options, schema) in [
            ("", Some("switchboard")),
            ("-csearch_path=globex", Some("globex")),
            ("-c search_path=globex,public", Some("globex")),
            ("-c geqo=off --search_path=a_1", Some("a_1")),
            ("-csearch_path=Robert'); DROP TABLE students", None),
            ("-csearch_path=", None),
        ] {
            assert_eq!(schema_of(options).as_deref(), schema, "{options}");
        }
    }

    #[test]
    fn no_text_has_the_password() {
        let url =
            Secret::new("postgres://globex:hunter22@db.example:6432/ledger?options=-csearch_path%3Dglobex");
        let database = Postgres::of(&url).unwrap();
        let shown = format!("{database:?} {:?}", database.pool);
        assert!(shown.contains("db.example/ledger") && !shown.contains("hunter22"), "{shown}");
        for url in ["hunter22", "postgres://x:hunter22@h:port/", "postgres://x:hunter22@h/?sslmode=hunter22"]
        {
            let error = Postgres::of(&Secret::new(url)).unwrap_err();
            let shown = format!("{error} {error:?} {:?}", error.help());
            assert!(!shown.contains("hunter22"), "{shown}");
        }
    }
}
