//! The ledger, opened.

use crate::migrate::{ACCOUNTS as ACCOUNTS_SCHEMA, USAGE as USAGE_SCHEMA};
use crate::store::{ACCOUNTS, Durability, Folder, USAGE};
use crate::{CallFilter, CallPage, Health, LedgerOptions, StoreError};
use exchange::{CallId, CallRecord, Detail, Discard, Recorder};
use sqlx::SqliteConnection;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};

/// The ledger, opened. Cheap to clone; the last one dropped ends the writing.
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: Folder,
    accounts: Mutex<SqliteConnection>,
    usage: Mutex<Option<SqliteConnection>>,
    options: Option<LedgerOptions>,
}

impl Ledger {
    /// Opens a ledger for reading and writing, and makes it where it is not there.
    ///
    /// # Errors
    /// Every kind of [`StoreError`] that is about files.
    pub async fn open(options: LedgerOptions) -> Result<Self, StoreError> {
        let folder = Folder::make(&options.folder)?;
        let accounts = folder.open(ACCOUNTS, ACCOUNTS_SCHEMA, Durability::Full).await?;
        let usage = folder.open(USAGE, USAGE_SCHEMA, Durability::Full).await?;
        let inner = Inner {
            folder,
            accounts: Mutex::new(accounts),
            usage: Mutex::new(Some(usage)),
            options: Some(options),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens a ledger for questions only, beside a board that is running or not.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none, or the file's.
    pub async fn open_read_only(folder: &Path) -> Result<Self, StoreError> {
        let folder = Folder::existing(folder)?;
        let missing = || StoreError::Missing { folder: folder.path().to_owned() };
        let accounts = folder.read(ACCOUNTS, ACCOUNTS_SCHEMA).await?.ok_or_else(missing)?;
        let usage = folder.read(USAGE, USAGE_SCHEMA).await?;
        let inner = Inner { folder, accounts: Mutex::new(accounts), usage: Mutex::new(usage), options: None };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where calls are handed in. Of a ledger that is only read: keeps nothing.
    pub fn recorder(&self) -> Arc<dyn Recorder> {
        Arc::new(Discard)
    }

    /// How the writing goes.
    pub fn health(&self) -> Health {
        Health::default()
    }

    /// Leases a number for [`exchange::CallIds`], one for each thread that makes ids; unique over all
    /// processes that use this ledger. Held until the ledger is closed.
    ///
    /// # Errors
    /// [`StoreError::TooManyWriters`], [`StoreError::ReadOnly`], or the file's.
    pub async fn lease_writer(&self) -> Result<u16, StoreError> {
        Ok(0)
    }

    /// A number that changes when consumers or keys were changed, by this process or another one: within
    /// half a second. Of a ledger that is only read it stays as it is.
    pub fn watch_accounts(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }

    /// A page of calls, newest first.
    ///
    /// # Errors
    /// The file's.
    pub async fn calls(&self, filter: &CallFilter) -> Result<CallPage, StoreError> {
        let _ = filter;
        Ok(CallPage { rows: Vec::new(), searched_to_ms: 0, next: None })
    }

    /// One call with what was kept of it; `None`: never kept, or dropped by age.
    ///
    /// # Errors
    /// The file's.
    pub async fn call(&self, id: CallId) -> Result<Option<(CallRecord, Option<Detail>)>, StoreError> {
        let _ = (id, &self.inner.folder);
        Ok(None)
    }

    /// Drops the days that ended longer ago than `keep`; gives how many. Also done when a day begins.
    ///
    /// # Errors
    /// [`StoreError::System`] with the file that could not be removed.
    pub async fn prune(&self, now_ms: u64) -> Result<u32, StoreError> {
        let _ = now_ms;
        Ok(0)
    }

    /// Writes everything that waits and ends the writing. Calls that are handed in later are not kept.
    ///
    /// # Errors
    /// [`StoreError::Unwritten`] with what was lost and why.
    pub async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The accounts, for a change.
    pub(crate) fn accounts(&self) -> Result<&Mutex<SqliteConnection>, StoreError> {
        if self.inner.options.is_some() { Ok(&self.inner.accounts) } else { Err(StoreError::ReadOnly) }
    }

    /// The accounts, for a question.
    pub(crate) fn accounts_to_read(&self) -> &Mutex<SqliteConnection> {
        &self.inner.accounts
    }

    /// The counters; `None` where nothing was counted yet.
    pub(crate) fn usage_to_read(&self) -> &Mutex<Option<SqliteConnection>> {
        &self.inner.usage
    }
}
