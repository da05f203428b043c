//! Rates that processes share: one arrival time a subject, in `rates.db` or in tables that a crash may empty.
//!
//! A thread of its own, as of quotas: what waits is granted in one transaction. Nothing of it must outlive a power cut, so
//! nothing is synced (SQLite's `NORMAL`, PostgreSQL's `UNLOGGED`). Answers that are lost on their way are parts that nobody spends.
//! The clock is the machine's for files, which are one machine's, and the database's for a database.

mod company;
mod grant;

use crate::StoreError;
use crate::connection::Connection;
use crate::sql::Sql;
use crate::store::{Part, Store};
use exchange::{Company, Meeting, RateAnswer, RateAsk, RatePart, RateStore, RatesAway};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot};

/// So many questions are answered in one transaction.
const AT_ONCE: usize = 512;
/// So many may wait; more are told that the store is away.
const QUEUE: usize = 65_536;
/// So long a place that is locked is tried before it is said to be away. Calls wait for it.
const TRIED: Duration = Duration::from_millis(500);
/// So long the key of subjects is tried to be read at the start.
const KEY_TRIED: Duration = Duration::from_secs(3);
/// Between two of those.
const KEY_PAUSE: Duration = Duration::from_millis(100);
/// What whoever comes too late is told.
const CLOSED: &str = "the ledger is closed";

/// The door to the thread.
#[derive(Debug)]
pub(crate) struct Rates {
    key: [u64; 2],
    wanted: mpsc::Sender<Wanted>,
}

/// What the thread is asked for.
enum Wanted {
    Lease(RateAsk, RateAnswer<RatePart>),
    Carry(Vec<(u64, u64)>, RateAnswer<()>),
    Meet(Meeting, RateAnswer<Company>),
    Close(oneshot::Sender<()>),
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Lease(..) => "Lease",
            Self::Carry(..) => "Carry",
            Self::Meet(..) => "Meet",
            Self::Close(_) => "Close",
        })
    }
}

impl Rates {
    /// Starts the thread, and learns the key that all processes have. Where it cannot be learnt for some seconds, this process
    /// shares nothing before it is started anew, and every answer says so: its numbers of subjects are its own.
    ///
    /// # Errors
    /// The system gives no thread, or no timer.
    pub(crate) async fn start(store: &Store) -> Result<Self, StoreError> {
        let (wishes, wanted) = mpsc::channel(QUEUE);
        let key = key_in_time(store).await;
        let strange = key.as_ref().err().map(|error| {
            RatesAway(format!(
                "the key of subjects could not be read when this process began: {error}; start it anew to share rates"
            ))
        });
        let key = key.unwrap_or_else(|_| [random(), random()]);
        // A number that no other process has (the databases' have a sign). Calls wait for it: it waits for nothing long.
        let clerk = Clerk { id: random() >> 1, store: store.in_haste(), open: None, wanted, met: 0, strange };
        let path = store.path();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let started = runtime.and_then(|runtime| {
            std::thread::Builder::new().name("rates".into()).spawn(move || runtime.block_on(clerk.run()))
        });
        started.map_err(|source| StoreError::System { path, source })?;
        Ok(Self { key, wanted: wishes })
    }

    /// Takes this process out of those that serve, and ends.
    pub(crate) async fn close(&self) {
        let (done, over) = oneshot::channel();
        if self.wanted.send(Wanted::Close(done)).await.is_ok() {
            let _ = over.await;
        }
    }

    fn send(&self, wanted: Wanted) {
        use mpsc::error::TrySendError::{Closed, Full};
        match self.wanted.try_send(wanted) {
            Ok(()) => {}
            Err(Full(unsent)) => unsent.refuse("too many parts of rates are wanted at once"),
            Err(Closed(unsent)) => unsent.refuse(CLOSED),
        }
    }
}

impl RateStore for Rates {
    fn key(&self) -> [u64; 2] {
        self.key
    }

    fn lease(&self, ask: RateAsk, answer: RateAnswer<RatePart>) {
        self.send(Wanted::Lease(ask, answer));
    }

    fn carry(&self, aheads: Vec<(u64, u64)>, answer: RateAnswer<()>) {
        self.send(Wanted::Carry(aheads, answer));
    }

    fn meet(&self, meeting: Meeting, answer: RateAnswer<Company>) {
        self.send(Wanted::Meet(meeting, answer));
    }
}

impl Wanted {
    fn refuse(self, why: &str) {
        let away = || RatesAway(why.to_owned());
        match self {
            Self::Lease(_, answer) => answer(Err(away())),
            Self::Carry(_, answer) => answer(Err(away())),
            Self::Meet(_, answer) => answer(Err(away())),
            Self::Close(done) => drop(done.send(())),
        }
    }
}

/// The thread's state.
struct Clerk {
    id: u64,
    store: Store,
    open: Option<Connection>,
    wanted: mpsc::Receiver<Wanted>,
    /// How often it has met the others.
    met: u64,
    /// Why it shares nothing: it does not know how the others number subjects.
    strange: Option<RatesAway>,
}

impl Clerk {
    async fn run(mut self) {
        let mut waiting = Vec::with_capacity(AT_ONCE);
        while self.wanted.recv_many(&mut waiting, AT_ONCE).await > 0 {
            let mut leases = Vec::new();
            for wanted in waiting.drain(..) {
                if let Wanted::Lease(ask, answer) = wanted {
                    leases.push((ask, answer));
                    continue;
                }
                // In the order in which they came.
                self.grant(std::mem::take(&mut leases)).await;
                match wanted {
                    Wanted::Lease(..) => {}
                    Wanted::Carry(aheads, answer) => {
                        let done = self.tried(async |open| grant::carry(open, &aheads).await).await;
                        answer(done);
                    }
                    Wanted::Meet(meeting, answer) => {
                        let (id, met) = (self.id, self.met);
                        let company =
                            async |open: &mut Connection| company::meet(open, id, meeting, met).await;
                        let company = self.tried(company).await;
                        self.met += 1;
                        answer(company);
                    }
                    Wanted::Close(done) => {
                        self.wanted.close();
                        if let Some(mut open) = self.open.take() {
                            // Not taken out, it is forgotten after some seconds.
                            drop(company::leave(&mut open, self.id).await);
                            open.close().await;
                        }
                        let _ = done.send(());
                    }
                }
            }
            self.grant(leases).await;
        }
    }

    async fn grant(&mut self, leases: Vec<(RateAsk, RateAnswer<RatePart>)>) {
        if leases.is_empty() {
            return;
        }
        let asks: Vec<RateAsk> = leases.iter().map(|(ask, _)| *ask).collect();
        match self.tried(async |open| grant::grant(open, &asks).await).await {
            Ok(parts) => leases.into_iter().zip(parts).for_each(|((_, answer), part)| answer(Ok(part))),
            Err(away) => leases.into_iter().for_each(|(_, answer)| answer(Err(away.clone()))),
        }
    }

    /// Does something on the open part, again for a while where another process holds it.
    async fn tried<T>(
        &mut self,
        mut what: impl AsyncFnMut(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, RatesAway> {
        if let Some(strange) = &self.strange {
            return Err(strange.clone());
        }
        let begun = Instant::now();
        loop {
            let done = match &mut self.open {
                Some(open) => what(open).await,
                none => match self.store.open(Part::Rates).await {
                    Ok(open) => what(none.insert(open)).await,
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(done) => return Ok(done),
                Err(StoreError::Locked { .. }) if begun.elapsed() < TRIED => {}
                Err(error) => {
                    self.open = None;
                    return Err(RatesAway(error.to_string()));
                }
            }
        }
    }
}

/// The key, also where its place is locked or away for a while.
async fn key_in_time(store: &Store) -> Result<[u64; 2], StoreError> {
    let (store, begun) = (store.in_haste(), Instant::now());
    loop {
        match key(&store).await {
            Err(_) if begun.elapsed() < KEY_TRIED => tokio::time::sleep(KEY_PAUSE).await,
            read => return read,
        }
    }
}

/// The key that all processes have; made by the first.
async fn key(store: &Store) -> Result<[u64; 2], StoreError> {
    let mut open = store.open(Part::Rates).await?;
    let mut change = open.change().await?;
    let make =
        Sql::new("INSERT INTO rate_key (id, first, second) VALUES (1, ?, ?) ON CONFLICT (id) DO NOTHING");
    change.execute(make.bind(random()).bind(random())).await?;
    let row = change.first(Sql::new("SELECT first, second FROM rate_key")).await?;
    let key = row.map_or(Ok([0, 0]), |row| Ok([row.count(0)?, row.count(1)?]));
    change.commit().await?;
    open.close().await;
    key
}

/// A number of the system's.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The time, in nanoseconds since 1970.
async fn now(open: &mut Connection) -> Result<u64, StoreError> {
    if open.is_postgres() {
        let clock = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000000 AS BIGINT)";
        return Ok(open.number(Sql::new(clock)).await?.unwrap_or(0));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
}
