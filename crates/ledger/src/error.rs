//! What can go wrong with the ledger, in plain words.
//!
//! No variant holds a key, a body, a password or a URL; a file is named by its name in the ledger's folder, a database by
//! `host/database`.

mod postgres;

use exchange::{ConsumerName, KeyId, PlanName};
use sqlx::error::DatabaseError as _;
use std::path::PathBuf;

/// Why the ledger could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process holds the file longer than we wait.
    #[error("`{file}` is locked by another process")]
    Locked {
        /// Name of the file.
        file: String,
    },
    /// The disk, or the allowance on it, is full.
    #[error("the disk is full: `{file}` cannot grow")]
    Full {
        /// Name of the file.
        file: String,
    },
    /// The file or its folder may not be written.
    #[error("`{file}` cannot be written: it, its folder or its disk is read-only for this user")]
    NotWritable {
        /// Name of the file.
        file: String,
    },
    /// The file is damaged, or no file of ours.
    #[error("`{file}` is damaged, or is not a ledger's file")]
    Corrupt {
        /// Name of the file.
        file: String,
    },
    /// A newer switchboard has written the file.
    #[error("`{file}` has version {found}, this switchboard knows up to {known}")]
    Newer {
        /// Name of the file.
        file: String,
        /// Version in the file.
        found: u32,
        /// Newest version that we know.
        known: u32,
    },
    /// An older switchboard has written the file, and it was opened for reading only.
    #[error("`{file}` has version {found} and must be brought to {known} first")]
    Older {
        /// Name of the file.
        file: String,
        /// Version in the file.
        found: u32,
        /// The version that is needed.
        known: u32,
    },
    /// Counts by the minute are asked for, of a time of which only hours and days are kept.
    #[error("minutes before {} are added up to hours, and are not kept", crate::day::Day(since_ms / crate::day::DAY_MS))]
    MinutesGone {
        /// From here on they are there; milliseconds since 1970, the beginning of a day.
        since_ms: u64,
    },
    /// There is no ledger in this folder.
    #[error("there is no ledger in `{}`", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// The system said no.
    #[error("`{}`: {source}", path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database said something for which we have no better words.
    #[error("`{file}`: {source}")]
    Database {
        /// Name of the file, or of the database.
        file: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// The URL of a database is none.
    #[error("the URL of the ledger's database cannot be used: {why}")]
    BadUrl {
        /// What is wrong with it.
        why: &'static str,
    },
    /// No answer comes from the database.
    #[error("the database `{database}` cannot be reached: {why}")]
    Unreachable {
        /// `host/database`.
        database: String,
        /// What stands in the way.
        why: String,
    },
    /// The database does not let us in.
    #[error("the database `{database}` does not let us in: {why}")]
    NotLetIn {
        /// `host/database`.
        database: String,
        /// User, password, or the database's name.
        why: &'static str,
    },
    /// The database does not let us do what is needed.
    #[error("the user of the database `{database}` lacks rights: {what}")]
    NoRights {
        /// `host/database`.
        database: String,
        /// What PostgreSQL said was denied.
        what: String,
    },
    /// The database has as many connections as it may.
    #[error("the database `{database}` takes no more connections")]
    TooManyConnections {
        /// `host/database`.
        database: String,
    },
    /// The question was broken off: it took too long.
    #[error("`{database}` was too slow: it did not answer in time")]
    Slow {
        /// `host/database`, or the name of the file.
        database: String,
    },
    /// No consumer has this name.
    #[error("there is no consumer `{name}`")]
    UnknownConsumer {
        /// The name asked for.
        name: ConsumerName,
    },
    /// No key has this id.
    #[error("there is no key `{id}`")]
    UnknownKey {
        /// The id asked for.
        id: KeyId,
    },
    /// The key is revoked: it can have no successor.
    #[error("the key `{id}` is revoked")]
    KeyRevoked {
        /// Its id.
        id: KeyId,
    },
    /// The key would have ended before it is made.
    #[error("a key that ended at {} would open nothing", exchange::minute_of(*end_ms))]
    KeyEnded {
        /// When it would end, in milliseconds since 1970.
        end_ms: u64,
    },
    /// No request has this number.
    #[error("there is no request {id}")]
    UnknownRequest {
        /// The number asked for.
        id: u64,
    },
    /// The request was approved or denied before.
    #[error("request {id} was {state} already")]
    DecidedAlready {
        /// Its number.
        id: u64,
        /// What became of it.
        state: crate::AccessState,
    },
    /// The same was asked for, and nobody has decided yet.
    #[error("that is asked for already: request {id} is pending")]
    AskedAlready {
        /// Its number.
        id: u64,
    },
    /// The consumer has what was asked for.
    #[error("`{name}` holds the plan `{plan}` already")]
    PlanHeld {
        /// The consumer.
        name: ConsumerName,
        /// The plan.
        plan: PlanName,
    },
    /// The name belongs to another consumer.
    #[error("there is a consumer `{name}` already")]
    NameTaken {
        /// The name.
        name: ConsumerName,
    },
    /// The name is not one that a consumer may have.
    #[error("`{name}` cannot be a consumer's name: {why}")]
    BadName {
        /// The name as given, cut to 80 characters.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The new key's id is another key's: one case in 2^40.
    #[error("the new key has the id of another one, `{id}`")]
    KeyIdTaken {
        /// The id.
        id: KeyId,
    },
    /// All 1,023 writers are taken.
    #[error("1,023 threads write calls to this ledger already")]
    TooManyWriters,
    /// It was opened for reading only.
    #[error("the ledger was opened for reading only")]
    ReadOnly,
    /// The thread that writes has ended.
    #[error("the ledger was closed")]
    Closed,
    /// Not everything could be written before the end.
    #[error("the ledger ends without {usage} counted calls and {rows} rows: {why}")]
    Unwritten {
        /// Calls whose counts were lost.
        usage: u64,
        /// Rows that were lost.
        rows: u64,
        /// What stood in the way.
        why: String,
    },
}

impl StoreError {
    /// What to do about it, where there is something to do.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Locked { .. } => {
                "end the program that holds it (a backup, an `sqlite3` shell in a transaction), or try again"
                    .into()
            }
            Self::Full { .. } => "free some space, or set a shorter `ledger.keep`".into(),
            Self::NotWritable { .. } => {
                "run as the user who owns the folder, or choose another `ledger.folder`".into()
            }
            Self::Corrupt { file } => {
                format!(
                    "move `{file}` away (its `-wal` and `-shm` too) and bring back a copy, or start a new one"
                )
            }
            Self::MinutesGone { .. } => "ask `--by hour` or `--by day`, or of a later time".into(),
            Self::Newer { .. } => "use the newer switchboard, or another `ledger.folder`".into(),
            Self::Older { .. } => "run a command that writes, as `switchboard serve`, once".into(),
            Self::Missing { .. } => "`switchboard serve` makes it; `--board` chooses another board".into(),
            Self::UnknownConsumer { .. } => "`switchboard consumer list` shows all".into(),
            Self::KeyRevoked { .. } => "make a new one: switchboard key new CONSUMER".into(),
            Self::UnknownKey { .. } => "`switchboard key list` shows all".into(),
            Self::KeyEnded { .. } => {
                "write a day or a time to come: `--expires 90d`, `--expires 2027-01-01`".into()
            }
            Self::UnknownRequest { .. } | Self::DecidedAlready { .. } => {
                "`switchboard access list --all` shows all".into()
            }
            Self::AskedAlready { id } => {
                format!("an owner decides: switchboard access approve {id}, or deny {id} --reason …")
            }
            Self::PlanHeld { .. } => "nothing has to be asked for".into(),
            Self::NameTaken { .. } => "choose another name, or give the one that is there a new key".into(),
            Self::BadName { .. } => {
                "1 to 64 characters of `a-z 0-9 . _ -`, beginning with a letter or digit".into()
            }
            Self::KeyIdTaken { .. } => "make another key".into(),
            Self::TooManyWriters => {
                "end some of the processes that use this ledger, and wait 10 minutes".into()
            }
            Self::BadUrl { .. } => {
                "write `postgres://USER:PASSWORD@HOST:5432/DATABASE`, with `%40` for an `@` in the password".into()
            }
            Self::Unreachable { why, .. } if why.starts_with("TLS") => {
                "name the CA's certificates with `sslrootcert=FILE` in the URL, and the server by the name in its own".into()
            }
            Self::Unreachable { .. } => {
                "start it, or look at host and port of its URL and at what lies between; nothing is lost by trying again".into()
            }
            Self::NotLetIn { .. } => {
                "look at user, password and database of its URL, and at the server's `pg_hba.conf`".into()
            }
            Self::NoRights { .. } => {
                "let the owner of the database run `GRANT CREATE ON DATABASE … TO …` once, or use the user who made the tables"
                    .into()
            }
            Self::TooManyConnections { .. } => {
                "end some of its clients, or raise its `max_connections`: each process of ours needs about five".into()
            }
            Self::Slow { .. } => "look what it is busy with: `SELECT * FROM pg_stat_activity`".into(),
            Self::System { .. }
            | Self::Database { .. }
            | Self::ReadOnly
            | Self::Closed
            | Self::Unwritten { .. } => {
                return None;
            }
        })
    }

    /// Whether SQLite could not make a file beside this one.
    pub(crate) fn is_about_the_folder(&self) -> bool {
        match self {
            Self::NotWritable { .. } => true,
            Self::Database { source, .. } => code(source).is_some_and(|code| code & 0xff == 14),
            _ => false,
        }
    }

    /// The error of a question to this file or database.
    pub(crate) fn of(file: &str, source: sqlx::Error) -> Self {
        // The low byte is the primary code, the rest says more: https://sqlite.org/rescode.html
        let Some(code) = code(&source) else { return postgres::said(file, source) };
        let file = file.to_owned();
        match code & 0xff {
            5 | 6 => Self::Locked { file },
            13 => Self::Full { file },
            3 | 8 => Self::NotWritable { file },
            9 => Self::Slow { database: file },
            11 | 26 => Self::Corrupt { file },
            _ => Self::Database { file, source },
        }
    }
}

/// SQLite's extended result code, where the error is one of SQLite's.
pub(crate) fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.try_downcast_ref::<sqlx::sqlite::SqliteError>()?.code()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::StoreError;

    #[test]
    fn an_error_says_what_and_what_to_do() {
        let error = StoreError::Locked { file: "usage.db".into() };
        assert_eq!(error.to_string(), "`usage.db` is locked by another process");
        assert!(error.help().is_some_and(|help| help.contains("end the program")));
    }
}
