//! A store of shared rates for one test: on its clock, as slow as is wished, away when it is to be.

use exchange::{Company, Meeting, RateAnswer, RateAsk, RateKept, RatePart, RateStore, RatesAway};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LIVE: u64 = 5_000_000_000;

thread_local! {
    /// How far the machine's clock is from that of processes.
    static SKEW: Cell<i64> = const { Cell::new(0) };
    static EPOCH: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How far the machine's clock is from that of processes, in nanoseconds.
pub(super) fn skew() -> i64 {
    SKEW.get()
}

/// The machine's clock is set, or the machine sleeps.
pub(super) fn set_skew(skew: i64) {
    SKEW.set(skew);
}

/// The machine's clock, as processes read it.
pub(super) fn machine() -> u64 {
    EPOCH.get().map_or(0, |epoch| crate::rates::since(epoch).strict_add_signed(skew()))
}

/// A new machine.
pub(super) fn begin(epoch: Instant) {
    EPOCH.set(Some(epoch));
    SKEW.set(0);
}

/// The store, with the clock of the runtime.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) epoch: Instant,
    pub(super) kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) subjects: HashMap<u64, RateKept>,
    pub(super) sharers: HashMap<u32, (u64, bool)>,
    pub(super) asked: u32,
    pub(super) away: bool,
    pub(super) slow: Duration,
    /// It takes questions and says nothing.
    pub(super) hangs: bool,
    /// How many were handed over, each time.
    pub(super) carried: Vec<usize>,
    /// How often it was to take over something, and what befalls it then.
    pub(super) carries: usize,
    pub(super) troubles: HashMap<usize, Trouble>,
}

/// What befalls the store when it is to take over something.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// It takes twice so long.
    Slow(Duration),
    Fails,
    /// For so long.
    Away(Duration),
}

/// How one process asks it.
#[derive(Debug)]
pub(super) struct Door(pub(super) Arc<Keeper>, pub(super) u32);

impl Keeper {
    /// The clock of processes.
    pub(super) fn now(&self) -> u64 {
        crate::rates::since(self.epoch)
    }

    /// The machine's clock, and the store's.
    pub(super) fn clock(&self) -> u64 {
        self.now().strict_add_signed(skew())
    }

    /// What befalls it now that it is to take over so many.
    fn trouble(self: &Arc<Self>, count: usize) -> Option<Trouble> {
        let mut kept = self.kept.lock().unwrap();
        let nth = kept.carries;
        kept.carries += 1;
        let trouble = kept.troubles.remove(&nth);
        match trouble {
            Some(Trouble::Fails) => {}
            Some(Trouble::Away(long)) => {
                kept.away = true;
                let keeper = Arc::clone(self);
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(long).await;
                    keeper.kept.lock().unwrap().away = false;
                });
            }
            _ if kept.away || kept.hangs => {}
            _ => kept.carried.push(count),
        }
        trouble
    }

    /// Answers after a while, in the order of the questions.
    fn answer<T: 'static>(
        self: &Arc<Self>,
        answer: RateAnswer<T>,
        what: impl FnOnce(&mut Kept, u64) -> T + 'static,
    ) {
        let slow = self.kept.lock().unwrap().slow;
        self.answer_in(slow, answer, what);
    }

    fn answer_in<T: 'static>(
        self: &Arc<Self>,
        slow: Duration,
        answer: RateAnswer<T>,
        what: impl FnOnce(&mut Kept, u64) -> T + 'static,
    ) {
        let keeper = Arc::clone(self);
        let (away, hangs) = {
            let kept = self.kept.lock().unwrap();
            (kept.away, kept.hangs)
        };
        if hangs {
            tokio::task::spawn_local(async move {
                let _answer = answer;
                std::future::pending::<()>().await;
            });
            return;
        }
        if away {
            return answer(Err(RatesAway("away".to_owned())));
        }
        if slow.is_zero() {
            let now = self.clock();
            let said = what(&mut self.kept.lock().unwrap(), now);
            return answer(Ok(said));
        }
        tokio::task::spawn_local(async move {
            tokio::time::sleep(slow).await;
            let now = keeper.clock();
            let said = what(&mut keeper.kept.lock().unwrap(), now);
            tokio::time::sleep(slow).await;
            answer(Ok(said));
        });
    }
}

impl RateStore for Door {
    fn key(&self) -> [u64; 2] {
        [7, 7]
    }

    fn lease(&self, ask: RateAsk, answer: RateAnswer<RatePart>) {
        self.0.answer(answer, move |kept, now| {
            kept.asked += 1;
            ask.grant(kept.subjects.entry(ask.subject).or_default(), now)
        });
    }

    fn carry(&self, aheads: Vec<(u64, u64)>, answer: RateAnswer<()>) {
        let usual = self.0.kept.lock().unwrap().slow;
        let slow = match self.0.trouble(aheads.len()) {
            Some(Trouble::Fails) => return answer(Err(RatesAway("away".to_owned()))),
            Some(Trouble::Slow(slow)) => slow,
            _ => usual,
        };
        self.0.answer_in(slow, answer, move |kept, now| {
            for (subject, ahead) in aheads {
                let subject = kept.subjects.entry(subject).or_default();
                subject.arrival = subject.arrival.max(now + ahead);
            }
        });
    }

    fn meet(&self, meeting: Meeting, answer: RateAnswer<Company>) {
        let me = self.1;
        self.0.answer(answer, move |kept, now| {
            let slept = kept.sharers.get(&me).is_some_and(|(seen, _)| now > *seen + LIVE / 2);
            if slept {
                kept.sharers
                    .values_mut()
                    .filter(|(seen, _)| now > *seen + LIVE)
                    .for_each(|(seen, _)| *seen = now);
            }
            kept.sharers.retain(|_, (seen, _)| now <= *seen + LIVE);
            kept.sharers.insert(me, (now, meeting != Meeting::Own));
            let others = || kept.sharers.iter().filter(|(id, _)| **id != me);
            let mut company = Company {
                others: others().count() as u64,
                not_sharing: others().filter(|(_, (_, sharing))| !sharing).count() as u64,
                aheads: None,
            };
            if company.others == 0 && meeting == Meeting::SharingUnlessAlone {
                kept.sharers.insert(me, (now, false));
                let ahead = |(subject, kept): (&u64, &RateKept)| (*subject, kept.arrival.saturating_sub(now));
                company.aheads = Some(kept.subjects.iter().map(ahead).collect());
            }
            company
        });
    }
}
