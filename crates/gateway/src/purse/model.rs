//! Purses of several processes on one store, against the quota itself: a fake clock, reloads, kills, a store that is away.

use super::{Part, Purse, Taken};
use exchange::{Answer, Grant, Period, Quota, QuotaAccount, QuotaStore, QuotasAway, QuotasInMemory, Wish};
use proptest::prelude::*;
use std::num::NonZeroU32;
use std::sync::mpsc;
use std::time::Duration;

const START: u64 = 1_700_000_000_000;

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A call of this cost at this process; every third will not reach its provider.
    Call { process: usize, cost: u32 },
    /// So many milliseconds pass.
    Pass(u64),
    /// What the store answered arrives, and calls that did not reach their provider end.
    Settle(usize),
    /// The process is killed, and another one begins.
    Kill(usize),
    /// The process stops and gives back.
    Stop(usize),
    /// The quota is another one from now on.
    Change(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (0_usize..3, 1_u32..4).prop_map(|(process, cost)| Step::Call { process, cost }),
        6 => (0_u64..400).prop_map(Step::Pass),
        1 => (10_000_u64..90_000).prop_map(Step::Pass),
        4 => (0_usize..3).prop_map(Step::Settle),
        1 => (0_usize..3).prop_map(Step::Kill),
        1 => (0_usize..3).prop_map(Step::Stop),
        1 => (5_u32..80).prop_map(Step::Change),
    ];
    prop::collection::vec(step, 1..400)
}

fn account() -> QuotaAccount {
    QuotaAccount { policy: "free/h".into(), subject: "globex".into() }
}

fn quota(amount: u32, period: Period) -> Quota {
    Quota { amount: NonZeroU32::new(amount).unwrap(), period }
}

/// Asks the store.
fn ask(store: &QuotasInMemory, wish: Wish) -> Grant {
    let (give, take) = mpsc::channel();
    let told: Answer = Box::new(move |grant: Result<Grant, QuotasAway>| drop(give.send(grant)));
    store.lease(wish, told);
    take.recv().unwrap().unwrap()
}

/// A process: its purse, an answer of the store that is on its way, calls that will not reach their provider.
struct Process {
    purse: Purse,
    coming: Option<(Wish, Grant)>,
    failing: Vec<(Part, u32)>,
}

impl Process {
    fn new(quota: Quota, now: u64) -> Self {
        Self { purse: Purse::new(account(), quota, now), coming: None, failing: Vec::new() }
    }

    fn arrive(&mut self, now: u64) {
        if let Some((wish, grant)) = self.coming.take() {
            self.purse.deposit(wish, Some(grant), now);
        }
    }

    /// One call, as the gateway makes it: gives whether it was let in.
    fn call(&mut self, store: &QuotasInMemory, quota: Quota, now: u64, cost: u32, arrives: bool) -> bool {
        loop {
            match self.purse.take(quota, now, cost) {
                Taken::Paid(part) => {
                    if let Some(wish) = self.purse.wish(now, 0) {
                        self.coming = Some((wish.clone(), ask(store, wish)));
                    }
                    if !arrives {
                        self.failing.push((part, cost));
                    }
                    return true;
                }
                Taken::Dry(_) => return false,
                Taken::Ask => {
                    if let Some(wish) = self.purse.wish(now, cost) {
                        self.coming = Some((wish.clone(), ask(store, wish)));
                    }
                    self.arrive(now);
                }
                Taken::Owed(_) | Taken::Unknown => panic!("the store is there"),
            }
        }
    }

    /// Time has passed: answers came, and calls failed.
    fn settle(&mut self, now: u64) {
        self.arrive(now);
        for (part, cost) in self.failing.drain(..) {
            self.purse.refund(part, cost);
        }
    }

    fn stop(&mut self, store: &QuotasInMemory, now: u64) {
        self.settle(now);
        if let Some(wish) = self.purse.give_back(now, true) {
            let grant = ask(store, wish.clone());
            self.purse.deposit(wish, Some(grant), now);
        }
    }
}

fn run(period: Period, steps: &[Step]) -> Result<(), TestCaseError> {
    let store = QuotasInMemory::default();
    let (mut now, mut amount) = (START, 40);
    let new = |amount, now| Process::new(quota(amount, period), now);
    let mut processes: Vec<Process> = (0..3).map(|_| new(amount, now)).collect();
    let mut spent: Vec<(u64, u32, u32)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Call { process, cost } => {
                let arrives = number % 3 != 0;
                let quota = quota(amount, period);
                let admitted = processes[process].call(&store, quota, now, cost, arrives);
                if admitted && arrives {
                    spent.push((now, cost, amount));
                }
            }
            Step::Pass(ms) => now += ms,
            Step::Settle(process) => processes[process].settle(now),
            Step::Kill(process) => processes[process] = new(amount, now),
            Step::Stop(process) => processes[process].stop(&store, now),
            Step::Change(other) => amount = other,
        }
    }
    for (at, _, amount) in &spent {
        let slot = period.slot(*at);
        let from = if let Period::Rolling(length) = period {
            at.saturating_sub(u64::try_from(length.as_millis()).unwrap() - 1)
        } else {
            slot.start_ms
        };
        let sum: u64 = spent
            .iter()
            .filter(|(when, ..)| (from..=*at).contains(when))
            .map(|(_, cost, _)| u64::from(*cost))
            .sum();
        // What was spent while the quota was larger is spent; nothing more is let in.
        let most =
            spent.iter().filter(|(when, ..)| (from..=*at).contains(when)).map(|(.., most)| *most).max();
        prop_assert!(sum <= u64::from(most.unwrap_or(*amount)), "{sum} spent of {amount} until {at}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_calendar_quota_is_exceeded_whatever_happens(steps in steps()) {
        run(Period::Hour, &steps)?;
    }

    #[test]
    fn no_rolling_quota_is_exceeded_whatever_happens(steps in steps()) {
        run(Period::Rolling(Duration::from_secs(120)), &steps)?;
    }

    /// One process without a kill lets in as many as the quota says, not one fewer, at ten times the limit.
    #[test]
    fn a_quota_is_spent_to_the_last_call(amount in 1_u32..500, gap in 0_u64..20) {
        let store = QuotasInMemory::default();
        let quota = quota(amount, Period::Year);
        let mut process = Process::new(quota, START);
        let mut now = START;
        let mut admitted = 0;
        for _ in 0..amount * 10 {
            admitted += u32::from(process.call(&store, quota, now, 1, true));
            now += gap;
        }
        prop_assert_eq!(admitted, amount);
    }

    /// What a kill takes along is never more than a second's use at the pace so far.
    #[test]
    fn a_kill_loses_a_second_s_use_at_most(gap in 1_u64..200, calls in 20_u32..400) {
        let store = QuotasInMemory::default();
        let quota = quota(1_000_000, Period::Year);
        let mut process = Process::new(quota, START);
        let mut now = START;
        for _ in 0..calls {
            prop_assert!(process.call(&store, quota, now, 1, true));
            now += gap;
        }
        process.settle(now);
        let in_hand = process.purse.state.lock().unwrap().left;
        prop_assert!(u64::from(in_hand) <= 2 * (1_000 / gap).max(1) + 1, "{in_hand} in hand at one each {gap} ms");
    }
}

#[test]
fn a_store_that_is_away_lets_an_eighth_in_and_learns_later_what_was_spent() {
    let store = QuotasInMemory::default();
    let quota = quota(102, Period::Year);
    // Four processes, each of which had two calls before nobody answers any more.
    let mut processes: Vec<Process> = (0..4).map(|_| Process::new(quota, START)).collect();
    for process in &mut processes {
        for _ in 0..2 {
            assert!(process.call(&store, quota, START, 1, true));
            process.settle(START);
        }
    }
    let (mut now, mut admitted, mut counted) = (START, 8_usize, Vec::new());
    for process in &processes {
        let mut own = 0;
        loop {
            now += 1;
            match process.purse.take(quota, now, 1) {
                Taken::Paid(_) | Taken::Owed(_) => own += 1,
                Taken::Ask => {
                    let wish = process.purse.wish(now, 1).expect("nobody else asks");
                    process.purse.deposit(wish, None, now);
                }
                Taken::Unknown | Taken::Dry(_) => break,
            }
        }
        counted.push(own);
        admitted += own;
    }
    assert!(counted.iter().all(|own| (11..20).contains(own)), "calls go on: {counted:?}");
    assert!(admitted <= 102, "{admitted}, {counted:?}");
    // It is back: whoever asks now is told what all of them spent.
    for process in &processes {
        let wish = process.purse.wish(now + 2_000, 0).expect("it asks again");
        let grant = ask(&store, wish.clone());
        process.purse.deposit(wish, Some(grant), now + 2_000);
    }
    let mut late = Process::new(quota, now);
    let rest = (0..102).filter(|_| late.call(&store, quota, now + 3_000, 1, true)).count();
    assert!(admitted + rest <= 102, "{admitted} and {rest}");
}

#[test]
fn a_changed_amount_holds_at_the_next_call() {
    let store = QuotasInMemory::default();
    let (small, large) = (quota(3, Period::Year), quota(5, Period::Year));
    let mut process = Process::new(small, START);
    let mut admitted = |quota| (0..10).filter(|_| process.call(&store, quota, START, 1, true)).count();
    assert_eq!(admitted(small), 3);
    assert_eq!(admitted(large), 2, "it goes on from what was spent");
    assert_eq!(admitted(small), 0);
}
