//! Rates of several processes on one store, against GCRA itself: a fake clock, processes that come and go and are killed, other
//! limits, a store that is slow or away.

mod comings;
mod handing;
mod pressed;
mod rollout;
mod store;
mod turns;

use super::{Meters, Rates};
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
        let (rates, meter) =
            (Rc::new(Rates::with_clock(keeper.epoch, Some(door), store::machine)), Rc::new(Meter::default()));
        let mut process = Self { rates, meter, id, keeping: tokio::task::spawn_local(async {}) };
        process.keep();
        process
    }

    fn keep(&mut self) {
        let (own, all) = (Rc::clone(&self.rates), Rc::clone(&self.meter));
        self.keeping = tokio::task::spawn_local(async move {
            own.keep_company(|| Box::new(One(Rc::clone(&all)))).await;
        });
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
        store::begin(epoch);
        let kept = Mutex::new(Kept { slow, ..Kept::default() });
        run(Arc::new(Keeper { epoch, kept })).await
    })
}
