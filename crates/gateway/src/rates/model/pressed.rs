//! Three processes that are pressed by far more than the limit: nobody starves, and the store is not asked too often.

use super::{Model, Process, rate, simulated};
use crate::rates::SHARING;
use exchange::{Meter, Rate};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Three processes, each pressed by ten times the rate between them: what is let in, and what GCRA would.
fn pressed(rate: Rate, cost: u32, seconds: u64, slow: u64) -> (u64, u64, u32) {
    simulated(Duration::from_millis(slow), async |keeper| {
        let processes: Vec<Rc<Process>> = (1..=3).map(|id| Rc::new(Process::start(&keeper, id))).collect();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(processes.iter().all(|process| process.is(SHARING)));
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
