//! A ledger in a place of its own, on each of the databases, and calls for it.

use crate::postgres::Server;
use exchange::{CallId, CallRecord, Outcome, Secret, Usage, UsageKey};
use ledger::{Author, DetailsWanted, Ledger, LedgerOptions, Place, UsageFilter, UsageRow};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// 2026-11-21, 10:00 UTC.
pub(crate) const NOW: u64 = 20_778 * DAY + 36_000_000;
pub(crate) const DAY: u64 = 86_400_000;
pub(crate) const CLI: Author<'_> = Author { who: "cli", at_ms: NOW };
/// The calls of that day.
pub(crate) const TODAY: &str = "calls-2026-11-21.db";

/// Makes of each test one on SQLite and one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(&mut crate::harness::Home::folder()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    if let Some(mut home) = crate::harness::Home::postgres() {
                        super::$name(&mut home).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_both;

/// Where a test's ledger is.
#[derive(Debug)]
pub(crate) enum Home {
    Folder(TempDir),
    Postgres(Server),
}

/// Somebody else who lets nobody write a part.
#[derive(Debug)]
pub(crate) enum Lock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Home {
    pub(crate) fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Option<Self> {
        Server::start().map(Self::Postgres)
    }

    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Folder(folder) => Place::from(folder),
            Self::Postgres(server) => Place::Postgres(Secret::new(server.url())),
        }
    }

    /// A place beside it, for another ledger.
    pub(crate) fn place_of(&self, name: &str) -> Place {
        match self {
            Self::Folder(folder) => Place::from(&folder.path().join(name)),
            Self::Postgres(server) => {
                Place::Postgres(Secret::new(format!("{}&options=-csearch_path%3D{name}", server.url())))
            }
        }
    }

    /// Its text, as a process is given it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Folder(folder) => folder.path().to_str().unwrap().to_owned(),
            Self::Postgres(server) => server.url(),
        }
    }

    /// A ledger that keeps every row.
    pub(crate) async fn ledger(&self) -> Ledger {
        Ledger::open(all_rows(self.place())).await.unwrap()
    }

    pub(crate) async fn reader(&self) -> Ledger {
        Ledger::open_read_only(self.place()).await.unwrap()
    }

    /// A number that SQL answers, from outside.
    pub(crate) async fn number(&self, file: &str, sql: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT CAST(({sql}) AS BIGINT)"));
        match self {
            Self::Folder(folder) => {
                sqlx::query_scalar(sql).fetch_one(&mut stranger(folder.path(), file).await).await.unwrap()
            }
            Self::Postgres(server) => {
                sqlx::query_scalar(sql).fetch_one(&mut guest(server).await).await.unwrap()
            }
        }
    }

    /// Changes what is kept, from outside.
    pub(crate) async fn change(&self, file: &str, words: &str) {
        let words = AssertSqlSafe(words.to_owned());
        match self {
            Self::Folder(folder) => {
                sqlx::raw_sql(words).execute(&mut stranger(folder.path(), file).await).await.unwrap();
            }
            Self::Postgres(server) => {
                sqlx::raw_sql(words).execute(&mut guest(server).await).await.unwrap();
            }
        }
    }

    /// So many consumers with a plan and a key each, from outside.
    pub(crate) async fn fill_accounts(&self, many: usize) {
        let insert = |series: &str, name: &str, digest: &str| {
            AssertSqlSafe(format!(
                "{series} INSERT INTO consumers (name, created_ms) SELECT {name}, 0 FROM n; \
                 {series} INSERT INTO plans_held (consumer, position, plan) SELECT {name}, 0, 'free' FROM n; \
                 {series} INSERT INTO keys (digest, id, consumer, tail, created_ms) \
                 SELECT {digest}, 'k_' || {name}, {name}, '0000', 0 FROM n"
            ))
        };
        match self {
            Self::Folder(folder) => {
                let series = format!(
                    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {many} - 1)"
                );
                let words = insert(&series, "printf('c%06d', i)", "randomblob(32)");
                sqlx::raw_sql(words)
                    .execute(&mut stranger(folder.path(), "accounts.db").await)
                    .await
                    .unwrap();
            }
            Self::Postgres(server) => {
                let series = format!("WITH n(i) AS (SELECT generate_series(0, {many} - 1))");
                let name = "'c' || lpad(CAST(i AS TEXT), 6, '0')";
                let words = insert(&series, name, "sha256(convert_to(CAST(i AS TEXT), 'UTF8'))");
                sqlx::raw_sql(words).execute(&mut guest(server).await).await.unwrap();
            }
        }
    }

    /// Lets nobody write a part; readers go on.
    pub(crate) async fn lock(&self, file: &str) -> Lock {
        match self {
            Self::Folder(folder) => {
                let mut file = stranger(folder.path(), file).await;
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut file).await.unwrap();
                Lock::Sqlite(file)
            }
            Self::Postgres(server) => {
                let mut database = guest(server).await;
                let table = match file {
                    "accounts.db" => "consumers, plans_held, keys, audit",
                    "usage.db" => "usage",
                    "quotas.db" => "quotas",
                    "rates.db" => "rates, rate_key",
                    _ => "calls, arrivals, details",
                };
                let words = AssertSqlSafe(format!("BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE"));
                sqlx::raw_sql(words).execute(&mut database).await.unwrap();
                Lock::Postgres(database)
            }
        }
    }

    /// What errors name a part by.
    pub(crate) fn name(&self, file: &str) -> String {
        match self {
            Self::Folder(_) => file.to_owned(),
            Self::Postgres(server) => format!("{}/postgres", server.folder().display()),
        }
    }
}

impl Lock {
    pub(crate) async fn release(self) {
        match self {
            Self::Sqlite(mut file) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut file).await.unwrap();
            }
            Self::Postgres(mut database) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut database).await.unwrap();
            }
        }
    }
}

/// Options that keep every row.
pub(crate) fn all_rows(place: Place) -> LedgerOptions {
    LedgerOptions {
        rows_per_second: 1_000_000,
        max_rows_per_second: 4_000_000,
        details: DetailsWanted::All,
        keep: Duration::from_secs(30 * 24 * 3600),
        ..LedgerOptions::new(place)
    }
}

/// What the gateway counts for a call.
pub(crate) fn usage(record: &CallRecord) -> Usage {
    let key = UsageKey {
        minute: record.id.at_ms() / 60_000,
        api: record.api.clone().unwrap_or_default(),
        operation: record.operation.clone().unwrap_or_default(),
        consumer: record.consumer.clone(),
        plan: record.plan.clone(),
        price: None,
        outcome: record.outcome,
        class: u8::try_from(record.status / 100).unwrap(),
    };
    Usage { key, bytes: record.bytes_in + record.bytes_out, took_us: record.took_us }
}

/// All that was counted, in one row.
pub(crate) async fn total(ledger: &Ledger) -> UsageRow {
    ledger.usage(&UsageFilter::default()).await.unwrap().pop().unwrap_or_default()
}

pub(crate) fn with_outcome(mut record: CallRecord, outcome: Outcome, status: u16) -> CallRecord {
    (record.outcome, record.status) = (outcome, status);
    record
}

/// A connection of somebody else.
pub(crate) async fn stranger(folder: &Path, file: &str) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join(file)).connect().await.unwrap()
}

/// A connection of somebody else, who finds the tables.
pub(crate) async fn guest(server: &Server) -> PgConnection {
    PgConnection::connect(&format!("{}&options=-csearch_path%3Dswitchboard", server.url())).await.unwrap()
}

pub(crate) fn ids(rows: &[CallRecord]) -> Vec<CallId> {
    rows.iter().map(|row| row.id).collect()
}
