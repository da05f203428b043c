//! How many calls run at once, by subject. A place is taken at admission and free again when the call is over.
//!
//! Only subjects with a call under way are kept, so the space is bounded by the calls under way. What is shared
//! outlives a reload: a new board does not let anybody in twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

/// Threads that count different subjects rarely wait for each other.
const SHARDS: usize = 64;

/// The calls under way of each subject.
#[derive(Debug)]
pub(crate) struct Gauges {
    shards: Box<[Mutex<HashMap<u64, u32>>]>,
    hasher: RandomState,
}

/// A call's place among those that run; dropped, it is free.
#[derive(Debug)]
pub(crate) struct Place {
    gauges: Arc<Gauges>,
    subject: u64,
    /// How many more could have come in.
    pub(crate) left: u32,
}

impl Gauges {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// A number for a subject. Keyed, so that nobody can choose subjects that share one.
    pub(crate) fn subject(&self, subject: impl Hash) -> u64 {
        self.hasher.hash_one(subject)
    }

    /// Takes a place, unless `most` calls of the subject run already.
    pub(crate) fn enter(self: &Arc<Self>, subject: u64, most: NonZeroU32) -> Option<Place> {
        let mut inside = self.shard(subject).lock().unwrap_or_else(PoisonError::into_inner);
        let count = inside.entry(subject).or_default();
        let left = most.get().checked_sub(*count + 1)?;
        *count += 1;
        Some(Place { gauges: Arc::clone(self), subject, left })
    }

    /// How many calls of the subject run.
    pub(crate) fn inside(&self, subject: u64) -> u32 {
        let inside = self.shard(subject).lock().unwrap_or_else(PoisonError::into_inner);
        inside.get(&subject).copied().unwrap_or(0)
    }

    fn shard(&self, subject: u64) -> &Mutex<HashMap<u64, u32>> {
        &self.shards[usize::try_from(subject >> 32).unwrap_or(0) % SHARDS]
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.gauges.shard(self.subject).lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = inside.entry(self.subject) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gauges;
    use proptest::prelude::*;
    use std::num::NonZeroU32;
    use std::sync::Arc;

    proptest! {
        /// Against a model: whoever comes in when fewer than `most` run gets a place, and nobody else does.
        #[test]
        fn as_many_as_may_run_do(
            most in 1_u32..5,
            steps in prop::collection::vec((0_u64..4, any::<bool>()), 1..300),
        ) {
            let gauges = Arc::new(Gauges::new());
            let most = NonZeroU32::new(most).unwrap();
            let mut running: Vec<Vec<super::Place>> = (0..4).map(|_| Vec::new()).collect();
            for (who, comes) in steps {
                let own = &mut running[usize::try_from(who).unwrap()];
                let subject = gauges.subject(who);
                if comes {
                    let place = gauges.enter(subject, most);
                    prop_assert_eq!(place.is_some(), own.len() < most.get() as usize);
                    if let Some(place) = place {
                        prop_assert_eq!(place.left as usize, most.get() as usize - own.len() - 1);
                        own.push(place);
                    }
                } else {
                    own.pop();
                }
                prop_assert_eq!(gauges.inside(subject) as usize, own.len());
            }
            drop(running);
            prop_assert!(gauges.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
        }
    }

    #[test]
    fn threads_that_press_in_are_never_more_than_may() {
        let gauges = Arc::new(Gauges::new());
        let most = NonZeroU32::new(3).unwrap();
        let inside = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        let Some(_place) = gauges.enter(7, most) else { continue };
                        let now = inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                        assert!(now <= 3, "{now} at once");
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(gauges.inside(7), 0);
    }
}
