//! Who else serves the board, and the turns between counting for itself and sharing.
//!
//! Each process says twice a second that it is there. One that begins lets calls of limited plans wait until it knows who
//! else is there and those share; one that learns of others first hands over what its meters say; one that is left alone first
//! takes over what the store knows.

use super::{ALONE, JOINING, LEAVING, Rates, SHARING, SILENT, lock};
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

/// Every meter of a process.
pub(crate) trait Meters {
    /// Shows each with the number of its subject.
    fn each(&self, see: &mut dyn FnMut(u64, &Meter));
    /// Raises each that is named to this arrival time.
    fn raise(&self, arrivals: HashMap<u64, u64>);
}

impl Rates {
    /// Whether the caller is the one that keeps company, for all threads.
    pub(crate) fn claim(&self) -> bool {
        self.store.is_some() && !self.company.swap(true, Ordering::Relaxed)
    }

    /// Keeps company until it is dropped.
    pub(crate) async fn keep_company(&self, meters: impl Fn() -> Box<dyn Meters>) {
        let begun = Instant::now();
        let mut next = Instant::now();
        loop {
            tokio::time::sleep_until(next.min(Instant::now() + SWEPT)).await;
            self.sweep(false);
            if Instant::now() >= next {
                next = Instant::now() + self.meet(begun, &*meters()).await;
            }
        }
    }

    /// Meets the others once; gives when to do so again.
    pub(super) async fn meet(&self, begun: Instant, meters: &dyn Meters) -> Duration {
        let Some(store) = &self.store else { return MET };
        let meeting = match self.mode.load(Ordering::Relaxed) {
            ALONE => Meeting::Own,
            SHARING => Meeting::Sharing,
            _ => Meeting::SharingUnlessAlone,
        };
        let asked = self.now();
        let company = ask(|answer| store.meet(meeting, answer)).await;
        let prompt = !is_late(asked, self.now());
        let next = match company {
            Ok(company) => self.turn(begun, &**store, meeting, company, meters).await,
            Err(why) => Err(why),
        };
        match &next {
            // A store that answers this late would answer calls too late: if it was away, it still is.
            Ok(_) if !prompt => {}
            Ok(_) => {
                self.away.store(false, Ordering::Relaxed);
                *lock(&self.why) = None;
            }
            Err(RatesAway(why)) => self.lose(why),
        }
        self.turned.notify_waiters();
        next.unwrap_or(MET)
    }

    async fn turn(
        &self,
        begun: Instant,
        store: &dyn RateStore,
        meeting: Meeting,
        company: Company,
        meters: &dyn Meters,
    ) -> Result<Duration, RatesAway> {
        let mode = |mode| self.mode.store(mode, Ordering::Relaxed);
        match (meeting, company) {
            (Meeting::Own, Company { others: 0, .. }) => {}
            (Meeting::Own, _) => {
                self.carry(store, meters).await?;
                mode(SHARING);
                // At once: the others wait for that.
                return Ok(Duration::ZERO);
            }
            (Meeting::Sharing, Company { others: 0, .. }) => {
                mode(LEAVING);
                self.sweep(true);
                return Ok(Duration::ZERO);
            }
            (Meeting::Sharing, _) => {}
            (Meeting::SharingUnlessAlone, Company { aheads: Some(aheads), .. }) => {
                let now = self.now();
                let arrivals =
                    aheads.into_iter().map(|(subject, ahead)| (subject, now.saturating_add(ahead)));
                meters.raise(arrivals.collect());
                self.shards.iter().for_each(|shard| lock(shard).clear());
                mode(ALONE);
            }
            (Meeting::SharingUnlessAlone, Company { not_sharing, .. }) => {
                let joins = self.mode.load(Ordering::Relaxed) == JOINING;
                if joins && not_sharing > 0 && begun.elapsed() < WAITED {
                    return Ok(LOOKED);
                }
                // What was counted while the store was away.
                self.carry(store, meters).await?;
                mode(SHARING);
            }
        }
        Ok(MET)
    }

    /// Hands over what the meters say. They keep it: a subject's is taken out with its first question.
    async fn carry(&self, store: &dyn RateStore, meters: &dyn Meters) -> Result<(), RatesAway> {
        let (now, mut aheads) = (self.now(), Vec::new());
        meters.each(&mut |subject, meter| {
            let ahead = meter.arrival().saturating_sub(now);
            aheads.extend((ahead > 0).then_some((subject, ahead)));
        });
        if aheads.is_empty() { Ok(()) } else { ask(|answer| store.carry(aheads, answer)).await }
    }
}

async fn ask<T: Send + 'static>(send: impl FnOnce(RateAnswer<T>)) -> Result<T, RatesAway> {
    let (tell, told) = oneshot::channel();
    send(Box::new(move |answer| drop(tell.send(answer))));
    let answer = tokio::time::timeout(ANSWERED, told).await;
    answer.ok().and_then(Result::ok).unwrap_or_else(|| Err(RatesAway(SILENT.to_owned())))
}
