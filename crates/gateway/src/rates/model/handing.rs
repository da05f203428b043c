//! A process with many meters hands them over while calls go on: nobody gets a burst anew, and no call waits for the end of it.

use super::store::{Trouble, machine};
use super::{Door, Keeper, Meters, Rates, rate, simulated};
use crate::rates::hand_over::{AT_ONCE, MOST};
use crate::rates::{ALONE, HANDING, SHARING};
use exchange::{Meter, Rate, RateStore};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const BURST: u32 = 5;
const MS: Duration = Duration::from_millis(1);

/// So much that nothing comes back in a test.
fn slowly() -> Rate {
    rate(1, 3_600, BURST)
}

/// Numbers of subjects lie far apart, as hashes do.
const fn subject(nth: u64) -> u64 {
    (nth + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) << 1
}

struct Many(Rc<Vec<Meter>>);

impl Meters for Many {
    fn each(&self, see: &mut dyn FnMut(u64, &Meter)) {
        (0..).zip(self.0.iter()).for_each(|(nth, meter)| see(subject(nth), meter));
    }

    fn raise(&self, arrivals: HashMap<u64, u64>) {
        for (nth, meter) in (0..).zip(self.0.iter()) {
            arrivals.get(&subject(nth)).iter().for_each(|arrival| meter.raise(**arrival));
        }
    }
}

/// A process with a meter for each of many subjects.
struct Crowd {
    rates: Rc<Rates>,
    meters: Rc<Vec<Meter>>,
    keeping: JoinHandle<()>,
}

impl Crowd {
    fn start(keeper: &Arc<Keeper>, id: u32, many: usize) -> Self {
        let door: Arc<dyn RateStore> = Arc::new(Door(Arc::clone(keeper), id));
        let rates = Rc::new(Rates::with_clock(keeper.epoch, Some(door), machine));
        let meters: Rc<Vec<Meter>> = Rc::new((0..many).map(|_| Meter::default()).collect());
        let (own, all) = (Rc::clone(&rates), Rc::clone(&meters));
        let keeping = tokio::task::spawn_local(async move {
            own.keep_company(|| Box::new(Many(Rc::clone(&all)))).await;
        });
        Self { rates, meters, keeping }
    }

    /// The same, alone, with so many of which everything is used.
    async fn start_used(keeper: &Arc<Keeper>, many: usize) -> Self {
        let one = Self::start(keeper, 1, many);
        tokio::time::sleep(10 * MS).await;
        assert!(one.is(ALONE));
        for meter in &*one.meters {
            assert!(meter.take(&slowly(), one.rates.now(), BURST).is_ok());
        }
        one
    }

    async fn call(&self, nth: usize) -> bool {
        let (meter, rate, now) = (&self.meters[nth], slowly(), self.rates.now());
        if self.rates.is_alone() {
            return crate::rates::own(meter, &rate, now, 1).is_ok();
        }
        self.rates.take(subject(nth as u64), meter, &rate, 1).await.is_ok()
    }

    /// How many calls were let in: one for each of these subjects.
    async fn press(&self, which: impl Iterator<Item = usize>) -> usize {
        let mut count = 0;
        for nth in which {
            count += usize::from(self.call(nth).await);
        }
        count
    }

    fn is(&self, mode: u8) -> bool {
        self.rates.mode.load(Ordering::Relaxed) == mode
    }

    async fn becomes(&self, mode: u8) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.is(mode) {
            assert!(Instant::now() < until, "{mode} and not {:?}", self.rates.mode);
            tokio::time::sleep(MS).await;
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

#[test]
fn whatever_the_store_does_in_the_middle_of_it_nobody_gets_a_burst_anew() {
    const MANY: usize = 20_000;
    let slow = Trouble::Slow(60 * MS);
    for (what, troubles) in [
        ("nothing", vec![]),
        ("slow", vec![(8, slow), (9, slow)]),
        ("failing", vec![(10, Trouble::Fails)]),
        ("failing twice", vec![(10, Trouble::Fails), (11, Trouble::Fails)]),
        ("slow and failing", vec![(3, slow), (5, Trouble::Fails)]),
    ] {
        simulated(2 * MS, async |keeper| {
            let one = Crowd::start_used(&keeper, MANY).await;
            keeper.kept.lock().unwrap().troubles = troubles.into_iter().collect();
            let two = Crowd::start(&keeper, 2, MANY);
            // Where it has just begun, and where it will end.
            let (first, last) = tokio::join!(two.press(0..20), two.press(MANY - 20..MANY));
            assert_eq!((first, last), (0, 0), "{what}");
            assert!(one.is(SHARING) && two.is(SHARING), "{what}");
            let carried = keeper.kept.lock().unwrap().carried.clone();
            assert_eq!(carried.iter().sum::<usize>(), MANY, "{what}: none goes over twice");
            assert!(carried.iter().all(|count| *count <= AT_ONCE), "{what}: {carried:?}");
            keeper.kept.lock().unwrap().slow = Duration::ZERO;
            let (here, there) = tokio::join!(one.press(0..MANY), two.press((0..MANY).rev()));
            assert_eq!((here, there), (0, 0), "{what}");
        });
    }
}

#[test]
fn calls_do_not_wait_for_it_and_take_their_meters_with_them() {
    const MANY: usize = 20_000;
    simulated(Duration::ZERO, async |keeper| {
        let one = Crowd::start_used(&keeper, MANY).await;
        // Five seconds, longer than somebody silent is taken for there.
        keeper.kept.lock().unwrap().troubles = (0..100).map(|nth| (nth, Trouble::Slow(125 * MS))).collect();
        let two = Crowd::start(&keeper, 2, MANY);
        one.becomes(HANDING).await;
        let begun = Instant::now();
        // The first ones go last.
        assert_eq!(one.press(0..500).await, 0, "all was used before");
        assert!(begun.elapsed() < 10 * MS, "{:?}", begun.elapsed());
        two.becomes(SHARING).await;
        assert!(one.is(HANDING), "the other one waits for a second, and no longer");
        assert_eq!(two.press(0..500).await, 0, "what was called for here went over with the calls");
        // Whom nobody asked for yet, and who is not over: once more there, and never more than that.
        let mut anew = 0;
        for _ in 0..2 * BURST {
            anew += two.press(500..700).await;
        }
        assert!(anew <= 200 * BURST as usize, "{anew}");
        assert_eq!(one.press(500..700).await, 0);
        one.becomes(SHARING).await;
        assert!(begun.elapsed() > Duration::from_secs(4), "{:?}", begun.elapsed());
        let (here, there) = tokio::join!(one.press(700..MANY), two.press(700..MANY));
        assert_eq!((here, there), (0, 0), "when it is over, nobody");
    });
}

#[test]
fn what_is_counted_while_the_store_fails_in_the_middle_is_handed_over_too() {
    const MANY: usize = 5_000;
    simulated(2 * MS, async |keeper| {
        let one = Crowd::start(&keeper, 1, MANY);
        tokio::time::sleep(10 * MS).await;
        for meter in &*one.meters {
            assert!(meter.take(&slowly(), one.rates.now(), 2).is_ok());
        }
        keeper.kept.lock().unwrap().troubles = [(3, Trouble::Away(2_000 * MS))].into_iter().collect();
        let two = Crowd::start(&keeper, 2, MANY);
        one.becomes(HANDING).await;
        while one.rates.standing().away.is_none() {
            tokio::time::sleep(MS).await;
        }
        // Each for itself: of those that are over already, and of those that are not.
        let mut alone = 0;
        for _ in 0..BURST {
            alone += one.press((0..100).chain(MANY - 100..MANY)).await;
        }
        assert_eq!(alone, 200 * 3);
        assert!(one.rates.standing().away.is_some());
        one.becomes(SHARING).await;
        tokio::time::sleep(1_000 * MS).await;
        assert!(one.rates.standing().away.is_none() && two.rates.standing().away.is_none());
        assert_eq!(two.press((0..100).chain(MANY - 100..MANY)).await, 0, "it is known there");
        let mut rest = 0;
        for _ in 0..BURST {
            rest += two.press(1_000..1_100).await;
        }
        assert_eq!(rest, 100 * 3, "and the others have what was left");
    });
}

#[test]
fn of_more_subjects_than_a_store_keeps_the_furthest_go_over_and_the_others_are_counted() {
    const MORE: usize = 1_000;
    simulated(MS, async |keeper| {
        let one = Crowd::start(&keeper, 1, MOST + MORE);
        tokio::time::sleep(10 * MS).await;
        let now = one.rates.now();
        for (nth, meter) in (1..).zip(one.meters.iter()) {
            meter.raise(now + 3_600_000_000_000 + nth);
        }
        let two = Crowd::start(&keeper, 2, 1);
        one.becomes(SHARING).await;
        assert_eq!(one.rates.standing().beyond, MORE as u64);
        assert_eq!(two.rates.standing().beyond, 0);
        let kept = keeper.kept.lock().unwrap();
        assert_eq!(kept.carried.iter().sum::<usize>(), MOST);
        assert!(kept.carried.iter().all(|count| *count <= AT_ONCE), "{:?}", kept.carried);
        let is_over = |nth: usize| kept.subjects.contains_key(&subject(nth as u64));
        assert_eq!([MORE - 1, MORE].map(is_over), [false, true]);
    });
}
