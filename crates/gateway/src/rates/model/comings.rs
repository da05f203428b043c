//! Processes that come and go and are killed, with a limit that changes, against GCRA.

use super::store::{set_skew, skew};
use super::{Keeper, Model, Process, SUBJECT, rate, simulated};
use crate::rates::{ALONE, HANDING, Paid};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

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
    /// The machine sleeps for so many seconds.
    Sleep(u64),
    /// Its clock is set back by so many.
    Back(u64),
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
        2 => prop_oneof![Just(10_u64), Just(3_600), 6_u64..30].prop_map(Step::Sleep),
        1 => prop_oneof![Just(10_u64), Just(3_600)].prop_map(Step::Back),
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
    // By which time in truth is ahead of that of processes.
    let (mut next, mut slept, mut awake) = (2, 0, 0_u64);
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
                        model.admit(keeper.now() + slept, cost)?;
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
                if gone.is(ALONE) || gone.is(HANDING) {
                    // What it alone knows is gone with it.
                    model.arrival = 0;
                }
                if matches!(step, Step::Stop(_)) {
                    gone.rates.give_back();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    keeper.kept.lock().unwrap().sharers.remove(&gone.id);
                }
            }
            Step::Start if processes.len() < 4 => {
                // Whoever comes before those who slept have met takes them for gone.
                tokio::time::sleep(Duration::from_millis(awake.saturating_sub(keeper.now() / 1_000_000)))
                    .await;
                processes.push(Process::start(&keeper, next));
                next += 1;
            }
            // Not before the machine was started.
            Step::Back(seconds) if skew() > -80_000_000_000_000 => {
                set_skew(skew().strict_sub_unsigned(seconds * 1_000_000_000));
            }
            Step::Start | Step::Back(_) => {}
            Step::Sleep(seconds) => {
                // Who has just been started has met the others.
                tokio::time::sleep(Duration::from_millis(50)).await;
                slept += seconds * 1_000_000_000;
                awake = keeper.now() / 1_000_000 + 600;
                set_skew(skew().strict_add_unsigned(seconds * 1_000_000_000));
            }
            Step::Change(index) => {
                model.change(of(index), keeper.now() + slept);
                let most = keeper.now() + slept + model.rate.depth();
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
