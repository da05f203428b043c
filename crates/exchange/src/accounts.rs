//! Accounts: who may call, by key and by name. An immutable picture; a change makes a new one.
//!
//! The meters of a consumer's limits hang on its entry and are carried over into the next picture, so
//! that a reload or a new key never resets a limit.

use crate::{KeyDigest, KeyId, Meter};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The name of a consumer: what people call the account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsumerName(Arc<str>);

/// The name of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlanName(Arc<str>);

macro_rules! name {
    ($name:ident) => {
        impl $name {
            /// Takes the text as it is; whoever reads it from outside checks it first.
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}
name!(ConsumerName);
name!(PlanName);

/// Which limit a meter belongs to: a plan and the position of the rule in it.
///
/// Not the rate itself: a changed limit holds at the next request and goes on from where the old one was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicyId {
    /// The plan.
    pub plan: PlanName,
    /// Position of the limit in the plan, from 0.
    pub rule: usize,
}

/// A consumer as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRow {
    /// Its name.
    pub name: ConsumerName,
    /// Plans it holds.
    pub plans: Vec<PlanName>,
    /// Whether it may call at the moment.
    pub suspended: bool,
}

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Digest of the key.
    pub digest: KeyDigest,
    /// Whose it is.
    pub consumer: ConsumerName,
    /// Its last four characters, where known (a board holds digests only).
    pub tail: Option<String>,
}

/// A consumer in the picture.
#[derive(Debug)]
pub struct Consumer {
    /// Its name.
    pub name: ConsumerName,
    /// Plans it holds.
    pub plans: Box<[PlanName]>,
    /// Whether it may call at the moment.
    pub suspended: bool,
    meters: Box<[(PolicyId, Arc<Meter>)]>,
}

impl Consumer {
    /// The meter of a limit for this consumer; there is one for each limit of each plan it holds.
    pub fn meter(&self, policy: &PolicyId) -> Option<&Arc<Meter>> {
        // A consumer has a handful of limits: a scan beats a hash.
        self.meters.iter().find(|(known, _)| known == policy).map(|(_, meter)| meter)
    }
}

/// A key in the picture.
#[derive(Debug)]
pub struct KeyEntry {
    /// Its public id.
    pub id: KeyId,
    /// Its last four characters, where known.
    pub tail: Option<String>,
    /// Whose it is.
    pub consumer: Arc<Consumer>,
}

/// Everybody who may call.
#[derive(Debug, Default)]
pub struct Accounts {
    by_key: HashMap<KeyDigest, KeyEntry>,
    by_name: HashMap<ConsumerName, Arc<Consumer>>,
}

impl Accounts {
    /// Makes the picture. `limits` says how many limits a plan has; `before` is where meters are carried over from.
    ///
    /// A key whose consumer is not among the rows is left out.
    pub fn new(
        consumers: Vec<ConsumerRow>,
        keys: Vec<KeyRow>,
        limits: impl Fn(&PlanName) -> usize,
        before: Option<&Self>,
    ) -> Self {
        let by_name: HashMap<_, _> = consumers
            .into_iter()
            .map(|row| {
                let old = before.and_then(|before| before.by_name.get(&row.name));
                let meters = row
                    .plans
                    .iter()
                    .flat_map(|plan| (0..limits(plan)).map(|rule| PolicyId { plan: plan.clone(), rule }))
                    .map(|policy| {
                        let kept = old.and_then(|old| old.meter(&policy)).cloned().unwrap_or_default();
                        (policy, kept)
                    })
                    .collect();
                let consumer = Consumer {
                    name: row.name.clone(),
                    plans: row.plans.into_boxed_slice(),
                    suspended: row.suspended,
                    meters,
                };
                (row.name, Arc::new(consumer))
            })
            .collect();
        let by_key = keys
            .into_iter()
            .filter_map(|row| {
                let consumer = Arc::clone(by_name.get(&row.consumer)?);
                Some((row.digest, KeyEntry { id: KeyId::of(&row.digest), tail: row.tail, consumer }))
            })
            .collect();
        Self { by_key, by_name }
    }

    /// Who holds the key with this digest.
    pub fn by_key(&self, digest: &KeyDigest) -> Option<&KeyEntry> {
        self.by_key.get(digest)
    }

    /// The consumer of this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Consumer>> {
        self.by_name.get(&ConsumerName::new(name))
    }

    /// How many consumers there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// All names, in no order: for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &ConsumerName> {
        self.by_name.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::{Accounts, ConsumerName, ConsumerRow, KeyRow, PlanName, PolicyId};
    use crate::{KeyDigest, Rate};
    use std::num::NonZeroU32;
    use std::time::Duration;

    fn picture(before: Option<&Accounts>) -> Accounts {
        let name = ConsumerName::new("globex");
        let row = ConsumerRow { name: name.clone(), plans: vec![PlanName::new("free")], suspended: false };
        let key = KeyRow { digest: KeyDigest::of("key"), consumer: name, tail: None };
        let stray =
            KeyRow { digest: KeyDigest::of("stray"), consumer: ConsumerName::new("nobody"), tail: None };
        Accounts::new(vec![row], vec![key, stray], |_| 1, before)
    }

    #[test]
    fn a_meter_outlives_the_picture_it_was_made_for() {
        let policy = PolicyId { plan: PlanName::new("free"), rule: 0 };
        let once = Rate::new(NonZeroU32::MIN, Duration::from_secs(60));
        let first = picture(None);
        let take = |accounts: &Accounts| {
            accounts.by_name("globex").unwrap().meter(&policy).unwrap().take(&once, 9, 1).is_ok()
        };
        assert!(take(&first));
        assert!(!take(&picture(Some(&first))), "the limit was not reset");
        assert!(take(&picture(None)));
    }

    #[test]
    fn a_key_without_its_consumer_opens_nothing() {
        assert!(picture(None).by_key(&KeyDigest::of("key")).is_some());
        assert!(picture(None).by_key(&KeyDigest::of("stray")).is_none());
    }
}
