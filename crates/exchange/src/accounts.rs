//! Accounts: who may call, by key and by name. An immutable picture; a change makes a new one.
//!
//! The meters of a consumer's limits hang on its entry and are carried over into the next picture, so
//! that a reload or a new key never resets a limit.

mod picture;

pub use picture::Changed;

use crate::{KeyDigest, KeyScope, Meter};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Which limit something is counted for: its plan, what it measures in which time, and per what: `free/month/key`.
///
/// Not how much, so that a changed limit goes on from where the old one was; and not its place in the plan, so that limits
/// may come and go around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicyId(Arc<str>);

impl PolicyId {
    /// A limit of a plan, by what no other limit of that plan is called.
    pub fn new(plan: &PlanName, limit: &str) -> Self {
        Self(format!("{plan}/{limit}").into())
    }

    /// The same as text; it is the same in every process.
    pub const fn text(&self) -> &Arc<str> {
        &self.0
    }
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
    /// The terms it has accepted.
    pub accepted: Vec<Acceptance>,
}

/// Terms that a consumer has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The plan they are of.
    pub plan: PlanName,
    /// Which version of them.
    pub version: String,
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
    /// What it is narrowed to.
    pub scope: KeyScope,
    /// From when on it opens nothing, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
}

impl KeyRow {
    /// A key that opens what its consumer may, without an end.
    pub const fn new(digest: KeyDigest, consumer: ConsumerName) -> Self {
        let scope = KeyScope { only: Vec::new(), apis: Vec::new() };
        Self { digest, consumer, tail: None, scope, expires_ms: None }
    }
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
    accepted: Box<[Acceptance]>,
    meters: Box<[(PolicyId, Arc<Meter>)]>,
}

impl Consumer {
    /// The meter of a limit for this consumer; there is one for each limit of each plan it holds.
    pub fn meter(&self, policy: &PolicyId) -> Option<&Arc<Meter>> {
        // A consumer has a handful of limits: a scan beats a hash.
        self.meters.iter().find(|(known, _)| known == policy).map(|(_, meter)| meter)
    }

    /// Whether it has accepted this version of a plan's terms.
    pub fn has_accepted(&self, plan: &PlanName, version: &str) -> bool {
        self.accepted.iter().any(|known| known.plan == *plan && known.version == version)
    }

    fn is(&self, row: &ConsumerRow, limits: &[PolicyId]) -> bool {
        *self.plans == *row.plans
            && self.suspended == row.suspended
            && *self.accepted == *row.accepted
            && self.meters.iter().map(|(limit, _)| limit).eq(limits)
    }
}

/// A key in the picture.
#[derive(Debug)]
pub struct KeyEntry {
    /// Its last four characters, where known.
    pub tail: Option<Box<str>>,
    /// Whose it is.
    pub consumer: Arc<Consumer>,
    /// What it is narrowed to, by index into [`Accounts::scopes`].
    pub scope: Option<usize>,
    /// From when on it opens nothing, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
    /// The last minute in which a use of it was told.
    used: AtomicU64,
}

impl KeyEntry {
    /// Whether this use, in this minute since 1970, is the first one in it: who keeps last uses is told once.
    pub fn is_first_in(&self, minute: u64) -> bool {
        // Looked at before it is written: a line of memory that is only read is shared by all cores.
        self.used.load(Ordering::Relaxed) != minute && self.used.swap(minute, Ordering::Relaxed) != minute
    }

    fn is(&self, row: &KeyRow, scope: Option<usize>, consumer: &Arc<Consumer>) -> bool {
        self.tail.as_deref() == row.tail.as_deref()
            && self.scope == scope
            && self.expires_ms == row.expires_ms
            && Arc::ptr_eq(&self.consumer, consumer)
    }
}

/// Everybody who may call.
#[derive(Debug, Default)]
pub struct Accounts {
    by_key: HashMap<KeyDigest, Arc<KeyEntry>>,
    by_name: HashMap<ConsumerName, Arc<Consumer>>,
    scopes: Arc<[KeyScope]>,
}

impl Accounts {
    /// What keys are narrowed to, each once; the same allocation as before where nothing of it has changed.
    pub const fn scopes(&self) -> &Arc<[KeyScope]> {
        &self.scopes
    }

    /// Who holds the key with this digest.
    pub fn by_key(&self, digest: &KeyDigest) -> Option<&Arc<KeyEntry>> {
        self.by_key.get(digest)
    }

    /// The keys of a consumer, in no order. Looks at all keys there are: for questions of people, not for calls.
    pub fn keys_of(&self, name: &ConsumerName) -> impl Iterator<Item = (&KeyDigest, &Arc<KeyEntry>)> {
        self.by_key.iter().filter(move |(_, entry)| entry.consumer.name == *name)
    }

    /// The consumer of this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Consumer>> {
        self.by_name.get(&ConsumerName::new(name))
    }

    /// Every meter of every consumer.
    pub fn meters(&self) -> impl Iterator<Item = (&ConsumerName, &PolicyId, &Arc<Meter>)> {
        self.by_name
            .values()
            .flat_map(|consumer| consumer.meters.iter().map(|(limit, meter)| (&consumer.name, limit, meter)))
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
