//! Turns at a provider's pace that a process takes from a store it shares with others: several at once, off its threads.
//!
//! The store may lie on a disk. So it is asked on a thread of its own, by one request at a time for each owner, and for
//! as many turns as there are calls waiting; the calls wait without holding a thread. A process that made many calls in
//! the last [`AHEAD`] takes so many more for the next one: they are used in order, and what is left of them then is lost.
//! The rule by which turns are given is [`next_turn`](crate::next_turn), the same for every process.

use crate::{Allowances, Owner};
use aws_lc_rs::digest::{SHA256, digest};
use exchange::Rate;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Turns are taken for this long at once.
const AHEAD: Duration = Duration::from_millis(250);

/// Whoever made fewer calls in that time asks for each of them.
const FEW: u32 = 8;

/// Turns that are asked for at once, at the most.
const MOST: usize = 1024;

/// Owners that nobody uses any more are dropped when there are more than this.
const MANY: usize = 1024;

/// The turns of a process, shared by its threads.
#[derive(Debug)]
pub struct Leases {
    store: Arc<dyn Allowances>,
    owners: Mutex<HashMap<Key, Arc<Owned>>>,
}

/// A digest: a secret is no key of a map.
type Key = [u8; 32];

/// What one owner has.
#[derive(Debug)]
struct Owned {
    owner: Owner,
    rate: Rate,
    state: Mutex<State>,
}

/// A turn's moment, or how long it would be.
type Told = Result<Instant, Duration>;

#[derive(Debug)]
struct State {
    waiting: VecDeque<oneshot::Sender<Told>>,
    /// Turns that were taken ahead, and until when they are good.
    spare: VecDeque<Instant>,
    spare_until: Instant,
    /// Whether the store is being asked.
    asking: bool,
    /// Calls since this moment, and in the stretch before it.
    since: Instant,
    calls: u32,
    before: u32,
}

impl Leases {
    /// Turns from this store.
    pub fn new(store: Arc<dyn Allowances>) -> Self {
        Self { store, owners: Mutex::default() }
    }

    /// Waits for the next turn; gives the time waited.
    ///
    /// # Errors
    /// How long it would have been, when that is longer than `longest`.
    pub(crate) async fn turn(
        &self,
        owner: Owner,
        rate: &Rate,
        longest: Duration,
    ) -> Result<Duration, Duration> {
        let begun = Instant::now();
        let owned = self.owned(owner, rate);
        let told = match owned.take(begun) {
            Ok(moment) => Ok(moment),
            Err((told, asks)) => {
                if asks {
                    let (owned, store) = (Arc::clone(&owned), Arc::clone(&self.store));
                    // To its end, whoever of those that wait gives up.
                    tokio::task::spawn_blocking(move || owned.ask(&*store, longest));
                }
                // Nobody answers only when the process ends.
                told.await.unwrap_or(Err(longest))
            }
        };
        let moment = told?;
        let wait = moment.saturating_duration_since(Instant::now());
        if begun.elapsed() + wait > longest {
            return Err(wait);
        }
        tokio::time::sleep(wait).await;
        Ok(begun.elapsed())
    }

    fn owned(&self, owner: Owner, rate: &Rate) -> Arc<Owned> {
        let mut text = owner.origin.clone().into_bytes();
        text.push(0);
        text.extend(owner.credential.reveal().as_bytes());
        // Another pace after a reload is another line.
        text.extend(format!("\0{rate:?}").into_bytes());
        let key: Key = digest(&SHA256, &text).as_ref().try_into().unwrap_or_default();
        let mut owners = held(&self.owners);
        if owners.len() >= MANY {
            owners.retain(|_, owned| Arc::strong_count(owned) > 1);
        }
        let made = || Arc::new(Owned { owner, rate: *rate, state: Mutex::new(State::new(Instant::now())) });
        Arc::clone(owners.entry(key).or_insert_with(made))
    }
}

impl Owned {
    /// A turn that is there already; else where one will be told, and whether the store has to be asked.
    fn take(&self, now: Instant) -> Result<Instant, (oneshot::Receiver<Told>, bool)> {
        let mut state = held(&self.state);
        state.count(now);
        if now >= state.spare_until {
            state.spare.clear();
        }
        if state.waiting.is_empty()
            && let Some(moment) = state.spare.pop_front()
        {
            return Ok(moment);
        }
        let (tell, told) = oneshot::channel();
        state.waiting.push_back(tell);
        Err((told, !std::mem::replace(&mut state.asking, true)))
    }

    /// Asks the store until nobody waits. On a thread that may wait for a disk.
    fn ask(&self, store: &dyn Allowances, longest: Duration) {
        loop {
            let count = {
                let mut state = held(&self.state);
                state.waiting.retain(|tell| !tell.is_closed());
                if state.waiting.is_empty() {
                    state.asking = false;
                    return;
                }
                (state.waiting.len() + state.ahead()).min(MOST)
            };
            let taken =
                store.turns(&self.owner, &self.rate, longest, u32::try_from(count).unwrap_or(u32::MAX));
            let now = Instant::now();
            let mut state = held(&self.state);
            match taken {
                Ok(waits) => {
                    let mut turns: VecDeque<Instant> = waits.into_iter().map(|wait| now + wait).collect();
                    while let Some(moment) = turns.pop_front() {
                        if !state.give(moment) {
                            turns.push_front(moment);
                            break;
                        }
                    }
                    state.spare = turns;
                    state.spare_until = now + AHEAD;
                }
                Err(wait) => {
                    for tell in state.waiting.drain(..) {
                        // Whoever gave up needs no answer.
                        let _ = tell.send(Err(wait));
                    }
                }
            }
        }
    }
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            waiting: VecDeque::new(),
            spare: VecDeque::new(),
            spare_until: now,
            asking: false,
            since: now,
            calls: 0,
            before: 0,
        }
    }

    /// Gives a turn to the first that still waits; false: nobody does. One that gave up leaves it to the next.
    fn give(&mut self, moment: Instant) -> bool {
        while let Some(tell) = self.waiting.pop_front() {
            if tell.send(Ok(moment)).is_ok() {
                return true;
            }
        }
        false
    }

    fn count(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if passed >= AHEAD {
            self.before = if passed < AHEAD * 2 { self.calls } else { 0 };
            (self.since, self.calls) = (now, 0);
        }
        self.calls = self.calls.saturating_add(1);
    }

    /// How many turns are taken for calls that are not there yet.
    fn ahead(&self) -> usize {
        if self.before < FEW { 0 } else { self.before.saturating_sub(self.calls) as usize }
    }
}

/// A panic elsewhere leaves the maps whole: every change to them is a single one.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Leases;
    use crate::{Allowance, Allowances, Owner, next_turns};
    use exchange::{Rate, Secret};
    use futures_util::future::join_all;
    use std::num::NonZeroU32;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use tokio::time::Instant;

    /// A store as a disk is: slow, and the same for all.
    #[derive(Debug)]
    struct Slow {
        begun: std::time::Instant,
        booked: Mutex<u64>,
        asked: AtomicU32,
    }

    impl Slow {
        fn new() -> Arc<Self> {
            let begun = std::time::Instant::now();
            Arc::new(Self { begun, booked: Mutex::default(), asked: AtomicU32::new(0) })
        }
    }

    impl Allowances for Slow {
        fn take(&self, _: &Owner) -> Option<Duration> {
            None
        }

        fn learn(&self, _: &Owner, _: Allowance) {}

        fn turns(
            &self,
            _: &Owner,
            rate: &Rate,
            most: Duration,
            many: u32,
        ) -> Result<Vec<Duration>, Duration> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(20));
            let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap();
            let mut booked = self.booked.lock().unwrap();
            let (until, waits) = next_turns(*booked, rate, now, most, many)?;
            *booked = until;
            Ok(waits)
        }
    }

    fn owner() -> Owner {
        Owner { origin: "https://api.acme.example".to_owned(), credential: Secret::new("k") }
    }

    #[tokio::test]
    async fn two_processes_share_turns_and_ask_for_many_at_once() {
        let store = Slow::new();
        let rate =
            Rate::new(NonZeroU32::new(100).unwrap(), Duration::from_secs(1)).with_burst(NonZeroU32::MIN);
        let processes = [Leases::new(Arc::clone(&store) as _), Leases::new(Arc::clone(&store) as _)];
        let (begun, longest) = (Instant::now(), Duration::from_secs(10));
        let calls = (0..60).map(|nth| processes[nth % 2].turn(owner(), &rate, longest));
        let waited = join_all(calls).await;
        assert!(waited.iter().all(Result::is_ok), "{waited:?}");
        // 60 at 100 a second: the last one comes 590 ms after the first one.
        assert!(begun.elapsed() >= Duration::from_millis(585), "{:?}", begun.elapsed());
        let asked = store.asked.load(Ordering::Relaxed);
        assert!(asked <= 8, "60 calls asked the store {asked} times");
    }

    #[tokio::test]
    async fn a_call_that_gives_up_leaves_its_turn_and_one_that_cannot_wait_is_told() {
        let store = Slow::new();
        let leases = Leases::new(Arc::clone(&store) as _);
        let rate = Rate::new(NonZeroU32::MIN, Duration::from_secs(5)).with_burst(NonZeroU32::MIN);
        let soon = Duration::from_millis(5);
        let long = Duration::from_secs(1);
        let given_up = tokio::time::timeout(soon, leases.turn(owner(), &rate, long)).await;
        assert!(given_up.is_err(), "the store takes longer");
        leases.turn(owner(), &rate, long).await.unwrap();
        let told = leases.turn(owner(), &rate, long).await.unwrap_err();
        assert!(told > Duration::from_secs(4), "{told:?}");
    }

    #[tokio::test]
    async fn a_busy_process_takes_turns_ahead() {
        let store = Slow::new();
        let leases = Leases::new(Arc::clone(&store) as _);
        let rate = Rate::new(NonZeroU32::new(1_000).unwrap(), Duration::from_secs(1))
            .with_burst(NonZeroU32::new(100).unwrap());
        let begun = Instant::now();
        let mut made = 0;
        while begun.elapsed() < Duration::from_secs(1) {
            leases.turn(owner(), &rate, Duration::from_secs(1)).await.unwrap();
            made += 1;
        }
        let asked = store.asked.load(Ordering::Relaxed);
        assert!(made > 2 * asked, "{made} calls one after the other asked {asked} times");
        assert!(made <= 1_100, "{made} calls in a second, at 1,000");
    }
}
