//! The ledger, opened.

use crate::batch::Batch;
use crate::count::Uncounted;
use crate::lease::{self, Leases};
use crate::migrate::{ACCOUNTS as ACCOUNTS_SCHEMA, USAGE as USAGE_SCHEMA};
use crate::quota::Quotas;
use crate::record::Recording;
use crate::store::{ACCOUNTS, Durability, Folder, USAGE};
use crate::watch::Watch;
use crate::write::{Command, Writer};
use crate::{Health, LedgerOptions, StoreError};
use exchange::{Discard, QuotaStore, QuotasInMemory, Recorder};
use sqlx::SqliteConnection;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

/// The ledger, opened. Cheap to clone. The writing ends, and everything is on disk, after
/// [`Ledger::close`]; or some moments after the last ledger and the last recorder were dropped.
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: Folder,
    accounts: Mutex<SqliteConnection>,
    usage: Mutex<Option<SqliteConnection>>,
    /// `None`: opened for reading only.
    writing: Option<Writing>,
}

/// What a ledger that writes has more than one that is only read.
#[derive(Debug)]
struct Writing {
    recording: Arc<Recording>,
    commands: mpsc::UnboundedSender<Command>,
    leases: Arc<Leases>,
    changes: watch::Receiver<u64>,
    keep_ms: u64,
    quotas: Arc<Quotas>,
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
        let watched = folder.open(ACCOUNTS, ACCOUNTS_SCHEMA, Durability::Full).await?;
        let (changed, changes) = watch::channel(0);
        let watch = Watch::new(watched, changed).await.map_err(|error| StoreError::of(ACCOUNTS, error))?;
        let (recording, arrivals) = Recording::new(&options);
        let (commands, asked) = mpsc::unbounded_channel();
        let leases = Arc::new(Leases::default());
        let keep_ms = u64::try_from(options.keep.as_millis()).unwrap_or(u64::MAX);
        let writer = Writer {
            shared: Arc::clone(&recording.shared),
            folder: folder.clone(),
            arrivals,
            commands: asked,
            batch: Batch::new(folder.clone(), keep_ms),
            leases: Arc::clone(&leases),
            usage: None,
            uncounted: Uncounted::default(),
        };
        writer.start(watch)?;
        let quotas = Arc::new(Quotas::start(folder.clone())?);
        let writing = Writing { recording: Arc::new(recording), commands, leases, changes, keep_ms, quotas };
        let inner = Inner {
            folder,
            accounts: Mutex::new(accounts),
            usage: Mutex::new(Some(usage)),
            writing: Some(writing),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens a ledger for questions only, beside a board that is running or not.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none, or the file's.
    pub async fn open_read_only(folder: &Path) -> Result<Self, StoreError> {
        let folder = Folder::existing(folder)?;
        let accounts = match folder.read(ACCOUNTS, ACCOUNTS_SCHEMA).await? {
            Some(accounts) => accounts,
            None if folder.days()?.is_empty() => {
                return Err(StoreError::Missing { folder: folder.path().to_owned() });
            }
            None => Folder::nobody(ACCOUNTS_SCHEMA).await?,
        };
        let usage = folder.read(USAGE, USAGE_SCHEMA).await?;
        let inner = Inner { folder, accounts: Mutex::new(accounts), usage: Mutex::new(usage), writing: None };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where calls are handed in. Of a ledger that is only read: keeps nothing.
    pub fn recorder(&self) -> Arc<dyn Recorder> {
        match &self.inner.writing {
            Some(writing) => Arc::clone(&writing.recording) as _,
            None => Arc::new(Discard),
        }
    }

    /// Where parts of quotas are granted; of a ledger that is only read: in memory, for nobody else.
    pub fn quotas(&self) -> Arc<dyn QuotaStore> {
        match &self.inner.writing {
            Some(writing) => Arc::clone(&writing.quotas) as _,
            None => Arc::new(QuotasInMemory::default()),
        }
    }

    /// How the writing goes.
    pub fn health(&self) -> Health {
        let Some(writing) = &self.inner.writing else { return Health::default() };
        Health { quotas: writing.quotas.trouble(), ..writing.recording.health() }
    }

    /// Leases a number for [`exchange::CallIds`], one for each thread that makes ids; unique over all
    /// processes that use this ledger. Held until the ledger is closed.
    ///
    /// # Errors
    /// [`StoreError::TooManyWriters`], [`StoreError::ReadOnly`], or the file's.
    pub async fn lease_writer(&self) -> Result<u16, StoreError> {
        let writing = self.writing()?;
        let mut file = self.inner.usage.lock().await;
        let file = file.as_mut().ok_or(StoreError::ReadOnly)?;
        writing.leases.take(file, lease::now_ms()).await
    }

    /// A number that changes when consumers or keys were changed, by this process or another one: within
    /// half a second. Of a ledger that is only read it stays as it is.
    pub fn watch_accounts(&self) -> watch::Receiver<u64> {
        self.inner.writing.as_ref().map_or_else(|| watch::channel(0).1, |writing| writing.changes.clone())
    }

    /// Drops the days that ended longer ago than `keep`; gives how many. Also done when a day begins.
    ///
    /// # Errors
    /// [`StoreError::System`] with the file that could not be removed; [`StoreError::ReadOnly`].
    pub fn prune(&self, now_ms: u64) -> Result<u32, StoreError> {
        self.inner.folder.prune(now_ms, self.writing()?.keep_ms)
    }

    /// Writes everything that was handed in up to now.
    ///
    /// # Errors
    /// What stood in the way: it is tried again by itself. [`StoreError::Closed`], [`StoreError::ReadOnly`].
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.ask(Command::Flush).await
    }

    /// Writes everything that waits and ends the writing. Calls that are handed in later are not kept.
    ///
    /// # Errors
    /// [`StoreError::Unwritten`] with what was lost and why; [`StoreError::Closed`] the second time. A
    /// ledger that is only read has nothing to close: no error.
    pub async fn close(&self) -> Result<(), StoreError> {
        if let Some(writing) = &self.inner.writing {
            writing.quotas.close().await;
        }
        match self.ask(Command::Close).await {
            Err(StoreError::ReadOnly) => Ok(()),
            other => other,
        }
    }

    async fn ask(
        &self,
        command: fn(oneshot::Sender<Result<(), StoreError>>) -> Command,
    ) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.writing()?.commands.send(command(answer)).map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    fn writing(&self) -> Result<&Writing, StoreError> {
        self.inner.writing.as_ref().ok_or(StoreError::ReadOnly)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Folder {
        &self.inner.folder
    }

    /// The accounts, for a change.
    pub(crate) fn accounts(&self) -> Result<&Mutex<SqliteConnection>, StoreError> {
        self.writing().map(|_| &self.inner.accounts)
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
