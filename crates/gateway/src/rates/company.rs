//! Who else serves the board, and the turns between counting for itself and sharing.
//!
//! Each process says twice a second that it is there. One that begins lets calls of limited plans wait until it knows who
//! else is there and those share; one that learns of others hands over what its meters say, and says that it shares when that
//! is done; one that is left alone first takes over what the store knows.

use super::hand_over::HandOver;
use super::{ALONE, HANDING, JOINING, LEAVING, Rates, SHARING, SILENT, lock};
use crate::share::is_late;
use exchange::{Company, Meeting, Meter, RateAnswer, RateStore, RatesAway};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How often a process says that it is there.
const MET: Duration = Duration::from_millis(500);
/// How often what has lapsed is given back.
const SWEPT: Duration = Duration::from_millis(100);
/// How often one that begins looks whether the others share.
const LOOKED: Duration = Duration::from_millis(50);
/// So long it waits for them, less than calls do: one that was killed is taken for alive for some seconds, and shares nothing.
const WAITED: Duration = Duration::from_millis(900);
/// So long a meeting may take, or what is handed over with it: nobody waits for that itself.
const ANSWERED: Duration = Duration::from_secs(3);
/// So long it hands over before it meets the others again: whoever is silent for some seconds is taken for gone.
const STRETCH: Duration = Duration::from_millis(500);
/// A part that the store did not take is tried again this soon: others wait for it.
const AGAIN: Duration = Duration::from_millis(100);

/// Every meter of a process.
pub(crate) trait Meters {
    /// Shows each with the number of its subject.
    fn each(&self, see: &mut dyn FnMut(u64, &Meter));
    /// Raises each that is named to this arrival time.
    fn raise(&self, arrivals: HashMap<u64, u64>);
}

/// What whoever keeps company remembers from one meeting to the next.
#[derive(Debug)]
struct Keeping {
    /// Since when it looks for others.
    begun: Instant,
    /// How far it has come with what it hands over.
    handing: HandOver,
}

/// Why a turn could not be made, and when to try again.
type Missed = (RatesAway, Duration);

impl Rates {
    /// Keeps company until it is dropped.
    pub(crate) async fn keep_company(&self, meters: impl Fn() -> Box<dyn Meters>) {
        let mut keeping = Keeping { begun: Instant::now(), handing: HandOver::default() };
        let (mut next, mut slept_before) = (Instant::now(), false);
        loop {
            let woken = tokio::time::timeout_at(next.min(Instant::now() + SWEPT), self.awake.notified())
                .await
                .is_ok();
            // What is in hand from before it slept goes back to nobody.
            let slept = self.is_missed();
            if !slept {
                self.sweep(false);
            }
            // At once when it wakes; where the store is away it is asked no more often than else.
            let woken = woken || (slept && !slept_before);
            slept_before = slept;
            if woken || Instant::now() >= next {
                next = Instant::now() + self.meet(&mut keeping, &*meters()).await;
            }
        }
    }

    /// Meets the others once; gives when to do so again.
    async fn meet(&self, keeping: &mut Keeping, meters: &dyn Meters) -> Duration {
        let Some(store) = &self.store else { return MET };
        let missed = self.is_missed();
        let meeting = match self.mode.load(Ordering::Relaxed) {
            SHARING | HANDING if missed => Meeting::SharingUnlessAlone,
            ALONE | HANDING => Meeting::Own,
            SHARING => Meeting::Sharing,
            _ => Meeting::SharingUnlessAlone,
        };
        let (asked, clock) = (self.now(), self.membership.clock());
        let company = ask(|answer| store.meet(meeting, answer)).await;
        let prompt = !is_late(asked, self.now());
        let turned = match company {
            Ok(company) => {
                if missed {
                    // Before it may take again: until then nothing of what it had in hand is spent.
                    self.begin_anew(keeping, meters);
                }
                self.membership.met(asked, clock);
                self.turn(keeping, &**store, meeting, company, meters).await
            }
            Err(why) => Err((why, MET)),
        };
        let next = match turned {
            Ok(next) => {
                // A store that answers late would answer calls too late: if it was away, it still is.
                if prompt {
                    self.away.find();
                }
                next
            }
            Err((RatesAway(why), next)) => {
                self.away.lose(why);
                next
            }
        };
        self.turned.notify_waiters();
        next
    }

    /// Whether the others may take it for gone, while it shares with them. While the store is away nothing is shared.
    fn is_missed(&self) -> bool {
        matches!(self.mode.load(Ordering::Relaxed), SHARING | HANDING) && self.membership.is_over(self.now())
    }

    /// What it has in hand is over, and so is what it was to give back: both lost their worth at an unknown pace. Its own meters
    /// go on from where the store was.
    fn begin_anew(&self, keeping: &mut Keeping, meters: &dyn Meters) {
        let known = self.all();
        meters.raise(known.iter().map(|share| share.known()).collect());
        self.shards.iter().for_each(|shard| lock(shard).clear());
        keeping.begun = Instant::now();
        self.mode.store(JOINING, Ordering::Relaxed);
    }

    async fn turn(
        &self,
        keeping: &mut Keeping,
        store: &dyn RateStore,
        meeting: Meeting,
        company: Company,
        meters: &dyn Meters,
    ) -> Result<Duration, Missed> {
        let mode = self.mode.load(Ordering::Relaxed);
        match (meeting, company) {
            (Meeting::Own, Company { others: 0, .. }) if mode == ALONE => Ok(MET),
            (Meeting::Own | Meeting::Sharing, Company { others: 0, .. }) => {
                self.mode.store(LEAVING, Ordering::Relaxed);
                self.sweep(true);
                Ok(Duration::ZERO)
            }
            (Meeting::Own, _) => self.hand_over(keeping, store, meters).await,
            (Meeting::Sharing, _) => Ok(MET),
            (Meeting::SharingUnlessAlone, Company { aheads: Some(aheads), .. }) => {
                let now = self.now();
                let heard = aheads.into_iter().map(|(subject, ahead)| (subject, now.saturating_add(ahead)));
                let mut arrivals: HashMap<u64, u64> = heard.collect();
                for (subject, arrival) in self.untold() {
                    let heard = arrivals.entry(subject).or_default();
                    *heard = arrival.max(*heard);
                }
                meters.raise(arrivals);
                self.shards.iter().for_each(|shard| lock(shard).clear());
                keeping.handing = HandOver::default();
                self.mode.store(ALONE, Ordering::Relaxed);
                Ok(MET)
            }
            (Meeting::SharingUnlessAlone, Company { not_sharing, .. }) => {
                if mode == JOINING && not_sharing > 0 && keeping.begun.elapsed() < WAITED {
                    return Ok(LOOKED);
                }
                // What was counted while the store was away.
                self.hand_over(keeping, store, meters).await
            }
        }
    }

    /// Hands over what the meters say, for a while; it goes on where it stopped, also after the store was away. Calls do not
    /// wait for it: the first of a subject takes its meter out, and to the store, with its question.
    async fn hand_over(
        &self,
        keeping: &mut Keeping,
        store: &dyn RateStore,
        meters: &dyn Meters,
    ) -> Result<Duration, Missed> {
        self.mode.store(HANDING, Ordering::Relaxed);
        self.turned.notify_waiters();
        let begun = Instant::now();
        loop {
            let aheads = keeping.handing.next(meters, || self.untold(), self.now());
            if aheads.is_empty() {
                break;
            }
            if let Err(away) = ask(|answer| store.carry(aheads, answer)).await {
                keeping.handing.failed();
                return Err((away, AGAIN));
            }
            keeping.handing.arrived();
            if begun.elapsed() >= STRETCH {
                return Ok(Duration::ZERO);
            }
        }
        let done = std::mem::take(&mut keeping.handing);
        self.beyond.fetch_add(u64::try_from(done.beyond()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.mode.store(SHARING, Ordering::Relaxed);
        // At once: the others wait for that.
        Ok(Duration::ZERO)
    }

    /// What was taken out of meters with a question that the store did not answer.
    fn untold(&self) -> Vec<(u64, u64)> {
        let now = self.now();
        self.all().iter().filter_map(|share| share.untold(now)).collect()
    }
}

async fn ask<T: Send + 'static>(send: impl FnOnce(RateAnswer<T>)) -> Result<T, RatesAway> {
    let (tell, told) = oneshot::channel();
    send(Box::new(move |answer| drop(tell.send(answer))));
    let answer = tokio::time::timeout(ANSWERED, told).await;
    answer.ok().and_then(Result::ok).unwrap_or_else(|| Err(RatesAway(SILENT.to_owned())))
}
