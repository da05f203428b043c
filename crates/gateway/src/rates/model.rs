//! Rates of several processes on one store, against GCRA itself: a fake clock, processes that come and go and are killed, other
//! limits, a store that is slow or away.

mod store;

use super::{ALONE, JOINING, Meters, Paid, Rates};
use exchange::{Meter, Rate, RateStore};
use proptest::prelude::*;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Door, Keeper, Kept};
use tokio::task::{JoinHandle, LocalSet};

const SUBJECT: u64 = 2;
/// What processes that share may let in beyond the model.
const LEASED: u64 = 250_000_000;
struct One(Rc<Meter>);

impl Meters for One {
    fn each(&self, see: &mut dyn FnMut(u64, &Meter)) {
        see(SUBJECT, &self.0);
    }

    fn raise(&self, arrivals: HashMap<u64, u64>) {
        arrivals.get(&SUBJECT).iter().for_each(|arrival| self.0.raise(**arrival));
    }
}

/// A process that serves.
struct Process {
    rates: Rc<Rates>,
    meter: Rc<Meter>,
    id: u32,
    keeping: JoinHandle<()>,
}

impl Process {
    fn start(keeper: &Arc<Keeper>, id: u32) -> Self {
        let door: Arc<dyn RateStore> = Arc::new(Door(Arc::clone(keeper), id));
        let (rates, meter) = (Rc::new(Rates::new(keeper.epoch, Some(door))), Rc::new(Meter::default()));
        let (own, all) = (Rc::clone(&rates), Rc::clone(&meter));
        let keeping = tokio::task::spawn_local(async move {
            own.keep_company(|| Box::new(One(Rc::clone(&all)))).await;
        });
        Self { rates, meter, id, keeping }
    }

    async fn call(&self, rate: &Rate, cost: u32) -> bool {
        let now = self.rates.now();
        if self.rates.is_alone() {
            return super::own(&self.meter, rate, now, cost).is_ok();
        }
        self.rates.take(SUBJECT, &self.meter, rate, cost).await.is_ok()
    }

    fn is(&self, mode: u8) -> bool {
        self.rates.mode.load(Ordering::Relaxed) == mode
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

/// What the calls that were let in leave of GCRA, with what leases may let in more.
struct Model {
    rate: Rate,
    arrival: u64,
    admitted: u64,
}

impl Model {
    fn admit(&mut self, now: u64, cost: u32) -> Result<(), TestCaseError> {
        self.admitted += u64::from(cost);
        self.arrival = self.arrival.max(now) + self.rate.interval() * u64::from(cost);
        let (ahead, depth) = (self.arrival - now, self.rate.depth());
        prop_assert!(
            ahead <= depth + LEASED,
            "{} ms ahead of {} at {} ms",
            ahead / 1_000_000,
            depth / 1_000_000,
            now / 1_000_000
        );
        Ok(())
    }

    /// Of a limit that has changed at most everything is used.
    fn change(&mut self, rate: Rate, now: u64) {
        self.rate = rate;
        self.arrival = self.arrival.min(now + rate.depth());
    }
}

fn rate(count: u32, seconds: u64, burst: u32) -> Rate {
    Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_secs(seconds))
        .with_burst(NonZeroU32::new(burst).unwrap())
}

/// Runs on a clock that stands still while anything is to be done.
fn simulated<T>(slow: Duration, run: impl AsyncFnOnce(Arc<Keeper>) -> T) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        // Far from zero: nobody's clock begins where another's does.
        let epoch = tokio::time::Instant::now().into_std();
        tokio::time::advance(Duration::from_secs(100_000)).await;
        let kept = Mutex::new(Kept { slow, ..Kept::default() });
        run(Arc::new(Keeper { epoch, kept })).await
    })
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many calls of this cost at this process.
    Calls {
        process: usize,
        cost: u32,
        count: u32,
    },
    /// A call that a later limit refuses.
    Refused {
        process: usize,
        cost: u32,
    },
    Pass(u64),
    Kill(usize),
    Stop(usize),
    Start,
    Change(usize),
}

const RATES: [(u32, u64, u32); 5] = [(50, 1, 50), (600, 3_600, 20), (1_000, 1, 3), (10, 1, 1), (60, 60, 5)];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        30 => (0_usize..4, 1_u32..4, 1_u32..40).prop_map(|(process, cost, count)| Step::Calls { process, cost, count }),
        4 => (0_usize..4, 1_u32..4).prop_map(|(process, cost)| Step::Refused { process, cost }),
        20 => (0_u64..60).prop_map(Step::Pass),
        3 => (200_u64..3_000).prop_map(Step::Pass),
        1 => (5_000_u64..9_000).prop_map(Step::Pass),
        1 => (0_usize..4).prop_map(Step::Kill),
        1 => (0_usize..4).prop_map(Step::Stop),
        2 => Just(Step::Start),
        1 => (0_usize..RATES.len()).prop_map(Step::Change),
    ];
    prop::collection::vec(step, 1..250)
}

/// `together`: the limit holds for all of them. Otherwise, as when the store is away, for each.
async fn follow(
    keeper: Arc<Keeper>,
    first: usize,
    steps: Vec<Step>,
    together: bool,
) -> Result<(), TestCaseError> {
    let of = |index: usize| rate(RATES[index].0, RATES[index].1, RATES[index].2);
    let mut model = Model { rate: of(first), arrival: 0, admitted: 0 };
    let mut arrivals: HashMap<u32, u64> = HashMap::new();
    let mut processes = vec![Process::start(&keeper, 1)];
    let mut next = 2;
    for step in steps {
        let at = |process: usize, all: &[Process]| (!all.is_empty()).then(|| process % all.len().max(1));
        match step {
            Step::Calls { process, cost, count } => {
                let Some(process) = at(process, &processes) else { continue };
                for _ in 0..count {
                    if processes[process].call(&model.rate, cost).await {
                        if !together {
                            model.arrival = arrivals.get(&processes[process].id).copied().unwrap_or(0);
                        }
                        model.admit(keeper.now(), cost)?;
                        arrivals.insert(processes[process].id, model.arrival);
                    }
                }
            }
            Step::Refused { process, cost } => {
                let Some(process) = at(process, &processes) else { continue };
                let Process { rates, meter, .. } = &processes[process];
                if let Ok((_, paid)) = rates.take(SUBJECT, meter, &model.rate, cost).await {
                    let wait = if cost == 2 { 200 } else { 0 };
                    if matches!(paid, Paid::Shared(..)) {
                        tokio::time::sleep(Duration::from_millis(wait)).await;
                    }
                    rates.refund(&paid, cost);
                }
            }
            Step::Pass(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Step::Kill(process) | Step::Stop(process) => {
                let Some(process) = at(process, &processes) else { continue };
                let gone = processes.swap_remove(process);
                if gone.is(ALONE) {
                    // A process that is the only one begins anew.
                    model.arrival = 0;
                }
                if matches!(step, Step::Stop(_)) {
                    gone.rates.give_back();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    keeper.kept.lock().unwrap().sharers.remove(&gone.id);
                }
            }
            Step::Start if processes.len() < 4 => {
                processes.push(Process::start(&keeper, next));
                next += 1;
            }
            Step::Start => {}
            Step::Change(index) => {
                model.change(of(index), keeper.now());
                let most = keeper.now() + model.rate.depth();
                for arrival in arrivals.values_mut() {
                    *arrival = (*arrival).min(most);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Whatever comes and goes, never more is let in than by GCRA and 250 ms of the rate.
    #[test]
    fn processes_that_share_let_in_no_more_than_one(
        first in 0_usize..RATES.len(), slow in 0_u64..12, steps in steps(),
    ) {
        simulated(Duration::from_millis(slow), |keeper| follow(keeper, first, steps, true))?;
    }

    /// A store that is too slow is as good as away: each for itself, and no more than that.
    #[test]
    fn of_a_store_that_is_too_slow_each_process_keeps_the_limit(
        first in 0_usize..RATES.len(), slow in prop_oneof![Just(80_u64), Just(200), Just(600)], steps in steps(),
    ) {
        simulated(Duration::from_millis(slow), |keeper| follow(keeper, first, steps, false))?;
    }
}

/// What happens next while processes have different limits: calls at one of them, time, another limit for one of them.
#[derive(Clone, Copy, Debug)]
enum Rollout {
    Calls(usize, u32),
    Pass(u64),
    Change(usize, usize),
}

/// Limits of one pace.
const BURSTS: [u32; 4] = [10, 20, 50, 100];

async fn roll_out(keeper: Arc<Keeper>, steps: Vec<Rollout>) -> Result<(), TestCaseError> {
    let of = |index: usize| rate(10, 1, BURSTS[index]);
    let processes: Vec<Process> = (1..=3).map(|id| Process::start(&keeper, id)).collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut has = [of(1), of(1), of(3)];
    // As deep as the deepest of them.
    let mut model = Model { rate: of(3), arrival: 0, admitted: 0 };
    for step in steps {
        match step {
            Rollout::Calls(process, count) => {
                for _ in 0..count {
                    if processes[process].call(&has[process], 1).await {
                        model.admit(keeper.now(), 1)?;
                    }
                }
            }
            Rollout::Pass(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Rollout::Change(process, index) => has[process] = of(index),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// While a change goes from one process to the next, no more is let in than by the deepest of the limits.
    #[test]
    fn processes_with_different_limits_let_in_no_more_than_the_deepest(
        steps in prop::collection::vec(prop_oneof![
            8 => (0_usize..3, 1_u32..120).prop_map(|(process, count)| Rollout::Calls(process, count)),
            8 => (0_u64..600).prop_map(Rollout::Pass),
            1 => (0_usize..3, 0..BURSTS.len()).prop_map(|(process, index)| Rollout::Change(process, index)),
        ], 1..120),
    ) {
        simulated(Duration::from_millis(1), |keeper| roll_out(keeper, steps))?;
    }
}

/// Three processes, each pressed by ten times the rate between them: what is let in, and what GCRA would.
fn pressed(rate: Rate, cost: u32, seconds: u64, slow: u64) -> (u64, u64, u32) {
    simulated(Duration::from_millis(slow), async |keeper| {
        let processes: Vec<Rc<Process>> = (1..=3).map(|id| Rc::new(Process::start(&keeper, id))).collect();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(processes.iter().all(|process| process.is(super::SHARING)));
        keeper.kept.lock().unwrap().asked = 0;
        let gap =
            Duration::from_nanos(rate.interval() * 3 * u64::from(cost) / 10).max(Duration::from_millis(1));
        let gap_nanos = u64::try_from(gap.as_nanos()).unwrap();
        let many = (gap_nanos * 10 / (rate.interval() * 3 * u64::from(cost))).max(1);
        let model = Rc::new(std::cell::RefCell::new(Model { rate, arrival: 0, admitted: 0 }));
        let (one, may) = (Rc::new(Meter::default()), Rc::new(std::cell::Cell::new(0)));
        let end = tokio::time::Instant::now() + Duration::from_secs(seconds);
        let calling: Vec<_> = processes
            .iter()
            .map(|process| {
                let (process, model, keeper) = (Rc::clone(process), Rc::clone(&model), Arc::clone(&keeper));
                let (one, may) = (Rc::clone(&one), Rc::clone(&may));
                tokio::task::spawn_local(async move {
                    while tokio::time::Instant::now() < end {
                        for _ in 0..many {
                            let lets_in = one.take(&rate, keeper.now(), cost).is_ok();
                            may.set(may.get() + if lets_in { u64::from(cost) } else { 0 });
                            if process.call(&rate, cost).await {
                                model.borrow_mut().admit(keeper.now(), cost).unwrap();
                            }
                        }
                        tokio::time::sleep(gap).await;
                    }
                })
            })
            .collect();
        for calls in calling {
            calls.await.unwrap();
        }
        let asked = keeper.kept.lock().unwrap().asked;
        (model.borrow().admitted, may.get(), asked)
    })
}

#[test]
fn nobody_starves_at_ten_times_the_limit() {
    for (count, seconds, burst, cost, time) in [
        (50, 1, 50, 1, 20),
        (50, 1, 5, 1, 20),
        (100, 1, 100, 4, 20),
        (10_000, 1, 1, 1, 5),
        (2_000, 1, 2_000, 1, 5),
        (600, 3_600, 20, 1, 600),
        (60, 60, 6, 5, 300),
        (1, 1, 1, 1, 60),
    ] {
        for slow in [0, 3] {
            let (admitted, most, asked) = pressed(rate(count, seconds, burst), cost, time, slow);
            let what = format!(
                "{count} in {seconds} s, burst {burst}, cost {cost}, {slow} ms: {admitted} of {most}, {asked} questions"
            );
            assert!(admitted * 10 >= most * 9, "{what}");
            assert!(u64::from(asked) <= time * 3 * 500 + 100, "{what}");
        }
    }
}

#[test]
fn who_comes_and_who_stays_get_no_burst_anew() {
    simulated(Duration::from_millis(1), async |keeper| {
        let rate = rate(600, 3_600, 100);
        let count = async |process: &Process| {
            let mut count = 0;
            for _ in 0..150 {
                count += u32::from(process.call(&rate, 1).await);
            }
            count
        };
        let one = Process::start(&keeper, 1);
        assert_eq!(count(&one).await, 100);
        assert!(one.is(ALONE));
        assert_eq!(keeper.kept.lock().unwrap().asked, 0, "alone, the store is not asked");
        let two = Process::start(&keeper, 2);
        assert!(two.is(JOINING));
        assert_eq!(count(&two).await, 0, "the first one has used it up");
        assert!(one.is(super::SHARING) && two.is(super::SHARING));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(count(&two).await, 10, "ten came back in a minute");
        drop(two);
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert!(one.is(ALONE), "the other one has not been heard of");
        assert_eq!(count(&one).await, 1, "one came back since");
    });
}

#[test]
fn while_the_store_is_away_each_goes_on_from_where_it_was() {
    simulated(Duration::ZERO, async |keeper| {
        let rate = rate(600, 3_600, 100);
        let (one, two) = (Process::start(&keeper, 1), Process::start(&keeper, 2));
        tokio::time::sleep(Duration::from_secs(2)).await;
        for _ in 0..60 {
            assert!(one.call(&rate, 1).await);
        }
        // What it has in hand goes back.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(two.rates.look(SUBJECT, &two.meter, &rate).remaining, 40);
        keeper.kept.lock().unwrap().away = true;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(one.rates.standing().away.as_deref(), Some("away"));
        let (mut first, mut second) = (0, 0);
        for _ in 0..100 {
            first += u32::from(one.call(&rate, 1).await);
            second += u32::from(two.call(&rate, 1).await);
        }
        assert_eq!((first, second), (40, 40), "each for itself, from what it had heard");
        keeper.kept.lock().unwrap().away = false;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(one.rates.standing(), super::RatesStanding { shared: true, away: None });
        assert!(!one.call(&rate, 1).await && !two.call(&rate, 1).await, "what was used meanwhile is known");
    });
}

#[test]
fn a_first_question_that_is_never_answered_gives_no_burst_anew() {
    for looks_first in [false, true] {
        simulated(Duration::ZERO, async |keeper| {
            let rate = rate(600, 3_600, 100);
            let one = Process::start(&keeper, 1);
            tokio::time::sleep(Duration::from_secs(1)).await;
            for _ in 0..60 {
                assert!(one.call(&rate, 1).await);
            }
            let two = Process::start(&keeper, 2);
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert!(one.is(super::SHARING) && two.is(super::SHARING));
            keeper.kept.lock().unwrap().hangs = true;
            if looks_first {
                one.rates.look(SUBJECT, &one.meter, &rate);
            }
            let mut count = 0;
            for _ in 0..100 {
                count += u32::from(one.call(&rate, 1).await);
            }
            assert_eq!(count, 40, "the other sixty were let in before");
            assert_eq!(one.rates.standing().away.as_deref(), Some("no answer in time"));
        });
    }
}

#[test]
fn a_store_that_answers_too_late_is_away_and_refuses_nobody() {
    for slow in [100, 200, 600] {
        simulated(Duration::ZERO, async |keeper| {
            let rate = rate(600, 3_600, 100);
            let (one, two) = (Process::start(&keeper, 1), Process::start(&keeper, 2));
            tokio::time::sleep(Duration::from_secs(2)).await;
            for _ in 0..60 {
                assert!(one.call(&rate, 1).await);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(two.rates.look(SUBJECT, &two.meter, &rate).remaining, 40);
            keeper.kept.lock().unwrap().slow = Duration::from_millis(slow);
            let begun = keeper.now();
            for call in 0..40 {
                assert!(one.call(&rate, 1).await, "{slow} ms: {call}");
            }
            let longest = (2 * slow).min(1_000) * 1_000_000;
            assert!(keeper.now() - begun <= longest, "{slow} ms: it waits for one answer only");
            assert!(!one.call(&rate, 1).await, "it goes on from where it was");
            let away = one.rates.standing().away;
            let why = if slow == 600 { "no answer in time" } else { "slow: " };
            assert!(away.as_ref().is_some_and(|said| said.starts_with(why)), "{slow} ms: {away:?}");
            tokio::time::sleep(Duration::from_secs(5)).await;
            assert!(one.rates.standing().away.is_some(), "{slow} ms: it stays so while it is slow");
            keeper.kept.lock().unwrap().slow = Duration::from_millis(3);
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert_eq!(one.rates.standing(), super::RatesStanding { shared: true, away: None });
            // What it counted for itself is known to the other one.
            assert!(!one.call(&rate, 1).await || !one.call(&rate, 1).await, "{slow} ms");
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert!(!two.call(&rate, 1).await || !two.call(&rate, 1).await, "{slow} ms");
        });
    }
}
