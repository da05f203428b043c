//! The ledger, opened.

use crate::batch::Batch;
use crate::day::DAY_MS;
use crate::desk::{Desk, Seat};
use crate::folder::Folder;
use crate::lease::{self, Leases};
use crate::quota::Quotas;
use crate::rates::Rates;
use crate::record::Recording;
use crate::store::{Part, Store};
use crate::uncounted::Uncounted;
use crate::watch::Watch;
use crate::write::{Command, Writer};
use crate::{DetailsWanted, Health, LedgerOptions, Place, StoreError};
use exchange::{Discard, QuotaStore, QuotasInMemory, RateStore, Recorder};
use std::sync::Arc;
use tokio::sync::{OnceCell, mpsc, oneshot, watch};

/// The ledger, opened. Cheap to clone. The writing ends, and everything is on disk, after
/// [`Ledger::close`]; or some moments after the last ledger and the last recorder were dropped.
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    accounts: Desk,
    usage: Desk,
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
    minutes_ms: u64,
    quotas: Arc<Quotas>,
    rates: OnceCell<Arc<Rates>>,
}

impl Ledger {
    /// Opens a ledger for reading and writing, and makes it where it is not there.
    ///
    /// # Errors
    /// Every kind of [`StoreError`] that is about files, or about the database.
    pub async fn open(options: LedgerOptions) -> Result<Self, StoreError> {
        let store = Store::make(&options.place).await?;
        let accounts = Desk::open(&store, Part::Accounts).await?;
        let usage = Desk::open(&store, Part::Usage).await?;
        let (changed, changes) = watch::channel(0);
        let watch = Watch::new(store.clone(), changed).await?;
        let (recording, arrivals) = Recording::new(&options);
        let (commands, asked) = mpsc::unbounded_channel();
        let leases = Arc::new(Leases::default());
        let keep_ms = u64::try_from(options.keep.as_millis()).unwrap_or(u64::MAX);
        let minutes_ms = u64::try_from(options.minutes.as_millis()).unwrap_or(u64::MAX).max(DAY_MS);
        let writer = Writer {
            shared: Arc::clone(&recording.shared),
            store: store.in_haste(),
            arrivals,
            commands: asked,
            batch: Batch::new(store.in_haste(), keep_ms),
            leases: Arc::clone(&leases),
            usage: None,
            uncounted: Uncounted::default(),
        };
        writer.start(watch)?;
        let quotas = Arc::new(Quotas::start(&store)?);
        let writing = Writing {
            recording: Arc::new(recording),
            commands,
            leases,
            changes,
            keep_ms,
            minutes_ms,
            quotas,
            rates: OnceCell::new(),
        };
        let inner = Inner { store, accounts, usage, writing: Some(writing) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens a ledger for questions only, beside a board that is running or not.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none, or the file's.
    pub async fn open_read_only(place: impl Into<Place>) -> Result<Self, StoreError> {
        let store = Store::existing(&place.into()).await?;
        let mut accounts = Desk::look(&store, Part::Accounts).await?;
        if accounts.is_empty() {
            if store.days().await?.is_empty() {
                return Err(StoreError::Missing { folder: store.path() });
            }
            accounts = Desk::of(Folder::nobody().await?);
        }
        let usage = Desk::look(&store, Part::Usage).await?;
        let inner = Inner { store, accounts, usage, writing: None };
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

    /// Where rates are shared with other processes that serve the same board; begun when it is asked for first.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], [`StoreError::System`]. What is wrong with the place of rates is said by their answers.
    pub async fn rates(&self) -> Result<Arc<dyn RateStore>, StoreError> {
        let writing = self.writing()?;
        let rates =
            writing.rates.get_or_try_init(async || Rates::start(&self.inner.store).await.map(Arc::new));
        Ok(Arc::clone(rates.await?) as _)
    }

    /// From now on so many rows a second, and details of these calls. Nothing, where it was opened for reading.
    pub fn record(&self, rows_per_second: u32, details: DetailsWanted) {
        if let Some(writing) = &self.inner.writing {
            writing.recording.shared.change(rows_per_second.max(1), details);
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
        let mut usage = self.inner.usage.seat().await?.ok_or(StoreError::ReadOnly)?;
        writing.leases.take(&mut usage, lease::now_ms()).await
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
    pub async fn prune(&self, now_ms: u64) -> Result<u32, StoreError> {
        let keep_ms = self.writing()?.keep_ms;
        self.inner.store.prune(now_ms, keep_ms).await
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
            if let Some(rates) = writing.rates.get() {
                rates.close().await;
            }
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

    /// Where it is kept.
    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The accounts, for a change.
    pub(crate) async fn accounts_to_change(&self) -> Result<Seat<'_>, StoreError> {
        self.writing()?;
        self.accounts().await
    }

    /// The accounts, for a question.
    pub(crate) async fn accounts(&self) -> Result<Seat<'_>, StoreError> {
        self.inner.accounts.seat().await?.ok_or(StoreError::Closed)
    }

    /// How long minutes are wanted.
    pub(crate) fn keeps_minutes_ms(&self) -> Result<u64, StoreError> {
        self.writing().map(|writing| writing.minutes_ms)
    }

    /// The counters, for a change.
    pub(crate) async fn counts_to_change(&self) -> Result<Seat<'_>, StoreError> {
        self.writing()?;
        self.counts().await?.ok_or(StoreError::ReadOnly)
    }

    /// The counters; `None` where nothing was counted yet.
    pub(crate) async fn counts(&self) -> Result<Option<Seat<'_>>, StoreError> {
        self.inner.usage.seat().await
    }
}
