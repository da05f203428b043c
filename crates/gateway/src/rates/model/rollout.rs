//! Processes with different limits, while a change goes from one to the next.

use super::{Keeper, Model, Process, rate, simulated};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

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
