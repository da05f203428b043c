//! Rates of this process: its own while it is alone, shared through a store while others serve the same board.
//!
//! Alone, a rate is one atomic number and nobody is asked. With others, each subject has a [`Share`]. Between the two what was
//! used is carried over: nobody gets a burst anew because a process came or went. When the store is away each process
//! counts for itself, from where it was. How many shares there are is bounded; whom there is no place for is counted by each
//! process for itself.

mod away;
mod company;
mod hand_over;
mod keeper;
mod membership;
#[cfg(test)]
mod model;
mod shares;

pub(crate) use company::Meters;
pub(crate) use keeper::Keeper;

use crate::share::{Share, Taken, is_late};
use crate::subject_hash::SubjectHash;
use away::Away;
use exchange::{Left, Meter, Rate, RateStore};
use membership::Membership;
use shares::Shard;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long a call waits for the store, or for a turn, before its process counts for itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// The store says little of a question that it never answered.
const SILENT: &str = "no answer in time";

/// It counts for itself.
const ALONE: u8 = 0;
/// It has begun and does not know yet who else is there: calls wait for that.
const JOINING: u8 = 1;
/// It takes parts from the store.
const SHARING: u8 = 2;
/// The others have left: calls wait until their use is carried over.
const LEAVING: u8 = 3;
/// Others have come, and what its meters say goes to the store: its own calls take parts already, the first of a subject
/// takes its meter with it.
const HANDING: u8 = 4;

/// The rates of a process.
#[derive(Debug)]
pub(crate) struct Rates {
    epoch: Instant,
    hash: SubjectHash,
    store: Option<Arc<dyn RateStore>>,
    mode: AtomicU8,
    away: Arc<Away>,
    membership: Membership,
    turned: Notify,
    /// Who keeps company is to meet the others at once.
    awake: Notify,
    shards: Box<[Shard]>,
    /// Subjects that were too many to be handed over.
    beyond: AtomicU64,
}

/// What a call has paid of a rate.
#[derive(Debug)]
pub(crate) enum Paid<'m> {
    Own(&'m Meter, Rate),
    Shared(Arc<Share>, u64),
}

/// How the rates of a process are counted: for `/health` and logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RatesStanding {
    /// Whether they are shared with other processes; also while it is not known yet whether there are any.
    pub shared: bool,
    /// Why the store cannot be asked, while it cannot: each process counts for itself.
    pub away: Option<String>,
    /// Subjects of limits that were not handed over when another process came, because they were more than a store keeps:
    /// each may have a burst anew there.
    pub beyond: u64,
}

/// What a limit has left; or what it has and when to come back.
pub(crate) type Tried<T> = Result<(Left, T), (Left, Duration)>;

impl Rates {
    /// Rates of a process that shares them through `store`; `None`: it is alone.
    pub(crate) fn new(epoch: Instant, store: Option<Arc<dyn RateStore>>) -> Self {
        Self::with_clock(epoch, store, membership::machine)
    }

    /// The same with another clock of the machine.
    fn with_clock(epoch: Instant, store: Option<Arc<dyn RateStore>>, clock: fn() -> u64) -> Self {
        let mode = if store.is_some() { JOINING } else { ALONE };
        Self {
            epoch,
            hash: store.as_ref().map_or_else(SubjectHash::random, |store| SubjectHash::keyed(store.key())),
            store,
            mode: AtomicU8::new(mode),
            away: Arc::default(),
            membership: Membership::new(clock),
            turned: Notify::new(),
            awake: Notify::new(),
            shards: shares::none(),
            beyond: AtomicU64::new(0),
        }
    }

    /// How subjects are numbered.
    pub(crate) const fn hash(&self) -> SubjectHash {
        self.hash
    }

    /// Whether there is anything to share them through.
    pub(crate) const fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// Whether its meters are all there is to ask.
    pub(crate) fn is_alone(&self) -> bool {
        self.mode.load(Ordering::Relaxed) == ALONE
    }

    /// Takes what a call costs, of a process that is not alone, or does not know.
    pub(crate) async fn take<'m>(
        &self,
        subject: u64,
        meter: &'m Meter,
        rate: &Rate,
        cost: u32,
    ) -> Tried<Paid<'m>> {
        let (mut first, until) = (true, tokio::time::Instant::now() + PATIENCE);
        loop {
            let mut turned = std::pin::pin!(self.turned.notified());
            turned.as_mut().enable();
            let now = self.now();
            if self.away.is() {
                self.go_on(subject, meter);
                return own(meter, rate, now, cost);
            }
            match self.mode.load(Ordering::Relaxed) {
                ALONE => return own(meter, rate, now, cost),
                SHARING | HANDING if !self.membership.is_over(now) => {}
                mode => {
                    if matches!(mode, SHARING | HANDING) {
                        // It slept: the others may take it for gone.
                        self.awake.notify_one();
                    }
                    if tokio::time::timeout_at(until, turned).await.is_err() {
                        self.away.lose(SILENT.to_owned());
                    }
                    continue;
                }
            }
            let Some(share) = self.share(subject, rate, now) else { return own(meter, rate, now, cost) };
            let mut rung = std::pin::pin!(share.bell.notified());
            // Before the question, so that no ringing is missed.
            rung.as_mut().enable();
            match share.take(rate, now, cost, first, || meter.drain(now)) {
                Taken::Paid(left, granted) => return Ok((left, Paid::Shared(Arc::clone(&share), granted))),
                Taken::Denied(left, no) => return Err((left, no.retry_in)),
                Taken::Ask(ask) => self.send(&share, ask, now),
                Taken::Wait => {}
            }
            first = false;
            let Some(_) = share.asked() else { continue };
            if tokio::time::timeout_at(until, rung).await.is_err() {
                if share.asked().is_some_and(|asked| is_late(asked, self.now())) {
                    self.away.lose(SILENT.to_owned());
                    continue;
                }
                // There were answers, and others were quicker: this call alone is counted by its own meter.
                self.go_on(subject, meter);
                return own(meter, rate, self.now(), cost);
            }
        }
    }

    /// What is left, as far as is known here; asks the store for the next time.
    pub(crate) fn look(&self, subject: u64, meter: &Meter, rate: &Rate) -> Left {
        let now = self.now();
        let shares = matches!(self.mode.load(Ordering::Relaxed), SHARING | HANDING)
            && !self.away.is()
            && !self.membership.is_over(now);
        let Some(share) = shares.then(|| self.share(subject, rate, now)).flatten() else {
            return meter.peek(rate, now);
        };
        if let Some(ask) = share.question(rate, now, || meter.drain(now)) {
            self.send(&share, ask, now);
        }
        share.look(rate, now)
    }

    /// Gives back what a call took that was refused by a later rule.
    pub(crate) fn refund(&self, paid: &Paid<'_>, cost: u32) {
        match paid {
            Paid::Own(meter, rate) => meter.refund(rate, cost),
            Paid::Shared(share, granted) => share.refund(*granted, cost, self.now()),
        }
    }

    /// Gives back everything: the gateway ends.
    pub(crate) fn give_back(&self) {
        self.sweep(true);
    }

    /// How rates are counted at the moment.
    pub(crate) fn standing(&self) -> RatesStanding {
        RatesStanding {
            shared: !self.is_alone(),
            away: self.away.why(),
            beyond: self.beyond.load(Ordering::Relaxed),
        }
    }

    /// The store is away: the process's own meter goes on from what is known here.
    fn go_on(&self, subject: u64, meter: &Meter) {
        let known = lock(self.shard(subject)).get(&subject).map(Arc::clone);
        if let Some(share) = known {
            meter.raise(share.arrival());
        }
    }

    fn now(&self) -> u64 {
        since(self.epoch)
    }
}

/// From the process's own meter.
pub(crate) fn own<'m>(meter: &'m Meter, rate: &Rate, now: u64, cost: u32) -> Tried<Paid<'m>> {
    match meter.take(rate, now, cost) {
        Ok(left) => Ok((left, Paid::Own(meter, *rate))),
        // A dear call may be refused while a cheap one would still be let in.
        Err(no) => Err((meter.peek(rate, now), no.retry_in)),
    }
}

/// Nanoseconds of the limits' clock.
fn since(epoch: Instant) -> u64 {
    let now = tokio::time::Instant::now().into_std();
    u64::try_from(now.saturating_duration_since(epoch).as_nanos()).unwrap_or(u64::MAX)
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
