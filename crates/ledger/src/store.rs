//! Where a ledger is kept: files in a folder (SQLite), or one schema of a PostgreSQL database.
//!
//! Its parts are the same in both: accounts, usage, quotas, rates, and the calls of each UTC day. In a folder a part is a file, in a database
//! some tables, those of calls with a partition for each day.

use crate::connection::Connection;
use crate::database::Postgres;
use crate::day::Day;
use crate::folder::{Durability, Folder};
use crate::migrate::{self, Schema};
use crate::{Place, StoreError};
use std::path::PathBuf;
use std::time::Duration;

/// Consumers, keys, audit.
pub(crate) const ACCOUNTS: &str = "accounts.db";
/// Counters and writers.
pub(crate) const USAGE: &str = "usage.db";

/// Parts of quotas.
pub(crate) const QUOTAS: &str = "quotas.db";

/// Rates that processes share.
pub(crate) const RATES: &str = "rates.db";

/// How long a question waits for a lock before it says so.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How long the recording waits for a lock before it goes on collecting.
pub(crate) const HASTE: Duration = Duration::from_millis(200);

/// A part of a ledger: has one writer at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Consumers, keys, audit.
    Accounts,
    /// Counters and writers.
    Usage,
    /// What is granted of quotas.
    Quotas,
    /// Rates that processes share.
    Rates,
    /// The calls that began on a day.
    Calls(Day),
}

impl Part {
    /// The name of its file.
    pub(crate) fn file(self) -> String {
        match self {
            Self::Accounts => ACCOUNTS.to_owned(),
            Self::Usage => USAGE.to_owned(),
            Self::Quotas => QUOTAS.to_owned(),
            Self::Rates => RATES.to_owned(),
            Self::Calls(day) => day.file(),
        }
    }

    /// What is in it.
    pub(crate) const fn schema(self) -> Schema {
        match self {
            Self::Accounts => migrate::ACCOUNTS,
            Self::Usage => migrate::USAGE,
            Self::Quotas => migrate::QUOTAS,
            Self::Rates => migrate::RATES,
            Self::Calls(_) => migrate::CALLS,
        }
    }

    /// What a change of it is worth: of calls and rates a power cut may take the last second.
    pub(crate) const fn durability(self) -> Durability {
        match self {
            Self::Accounts | Self::Usage | Self::Quotas => Durability::Full,
            Self::Rates | Self::Calls(_) => Durability::Normal,
        }
    }
}

/// Where a ledger is kept.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Folder(Folder),
    Postgres(Postgres),
}

impl Store {
    /// Takes a place for a ledger that is written; makes what is not there.
    pub(crate) async fn make(place: &Place) -> Result<Self, StoreError> {
        Ok(match place {
            Place::Folder(path) => Self::Folder(Folder::make(path)?),
            Place::Postgres(url) => Self::Postgres(Postgres::make(url).await?),
        })
    }

    /// Takes a place that must hold a ledger; makes nothing.
    pub(crate) async fn existing(place: &Place) -> Result<Self, StoreError> {
        Ok(match place {
            Place::Folder(path) => Self::Folder(Folder::existing(path)?),
            Place::Postgres(url) => Self::Postgres(Postgres::existing(url).await?),
        })
    }

    /// The same place for the recording, which waits for nothing long. Connections belong to the runtime that made them: the
    /// recording has one of its own, and so has this.
    pub(crate) fn in_haste(&self) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(folder.in_haste()),
            Self::Postgres(database) => Self::Postgres(database.in_haste()),
        }
    }

    /// The same place for a runtime of its own whose questions may wait.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(folder.clone()),
            Self::Postgres(database) => Self::Postgres(database.again()),
        }
    }

    /// Opens a part for reading and writing; makes it where it is not there.
    pub(crate) async fn open(&self, part: Part) -> Result<Connection, StoreError> {
        match self {
            Self::Folder(folder) => folder.open(part).await,
            Self::Postgres(database) => database.open(part).await,
        }
    }

    /// Opens a part for reading; `None` where it is not there or not finished being made.
    pub(crate) async fn read(&self, part: Part) -> Result<Option<Connection>, StoreError> {
        match self {
            Self::Folder(folder) => folder.read(part).await,
            Self::Postgres(database) => database.read(part).await.map(Some),
        }
    }

    /// The days that have calls, oldest first.
    pub(crate) async fn days(&self) -> Result<Vec<Day>, StoreError> {
        match self {
            Self::Folder(folder) => folder.days(),
            Self::Postgres(database) => database.days().await,
        }
    }

    /// Drops the days that ended at least `keep_ms` ago; gives how many.
    pub(crate) async fn prune(&self, now_ms: u64, keep_ms: u64) -> Result<u32, StoreError> {
        let mut dropped = 0;
        for day in self.days().await?.into_iter().filter(|day| day.end_ms().saturating_add(keep_ms) <= now_ms)
        {
            match self {
                Self::Folder(folder) => folder.drop_day(day)?,
                Self::Postgres(database) => database.drop_day(day).await?,
            }
            dropped += 1;
        }
        Ok(dropped)
    }

    /// How many bytes the calls of a day take.
    pub(crate) async fn size(&self, day: Day, connection: &mut Connection) -> u64 {
        match self {
            Self::Folder(folder) => {
                std::fs::metadata(folder.path().join(day.file())).map_or(0, |file| file.len())
            }
            // Not known is not too large: the writing says what is wrong.
            Self::Postgres(_) => Postgres::size(day, connection).await.unwrap_or(0),
        }
    }

    /// What an error of the system names.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.path().to_owned(),
            Self::Postgres(database) => database.name().into(),
        }
    }
}
