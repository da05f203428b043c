//! How the picture of accounts is made: of all rows, or of the one before and what has changed since.
//!
//! What has not changed is the same allocation in both; meters and last uses are carried over.

use super::{Accounts, Consumer, ConsumerName, ConsumerRow, KeyEntry, KeyRow, PlanName, PolicyId};
use crate::KeyScope;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Consumers that have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Who: also those of whom there is no row any more.
    pub names: Vec<ConsumerName>,
    /// What they are now.
    pub consumers: Vec<ConsumerRow>,
    /// All keys that they have now.
    pub keys: Vec<KeyRow>,
}

impl Accounts {
    /// Makes the picture. `limits` says which limits a plan has; `before` is where meters are carried over from, and what
    /// has not changed.
    ///
    /// A key whose consumer is not among the rows is left out.
    pub fn new(
        consumers: Vec<ConsumerRow>,
        keys: Vec<KeyRow>,
        limits: impl Fn(&PlanName) -> Vec<PolicyId>,
        before: Option<&Self>,
    ) -> Self {
        let mut limits = Limits { of: limits, known: HashMap::new() };
        let by_name: HashMap<_, _> = consumers
            .into_iter()
            .map(|row| {
                let old = before.and_then(|before| before.by_name.get(&row.name));
                (row.name.clone(), consumer(row, &mut limits, old))
            })
            .collect();
        let (mut scopes, mut known) = (Vec::new(), HashMap::new());
        let by_key = keys
            .into_iter()
            .filter_map(|row| {
                let consumer = by_name.get(&row.consumer)?;
                let scope = (!row.scope.is_everything()).then(|| {
                    *known.entry(row.scope.clone()).or_insert_with(|| {
                        scopes.push(row.scope.clone());
                        scopes.len() - 1
                    })
                });
                let old = before.and_then(|before| before.by_key.get(&row.digest));
                Some((row.digest, entry(row, scope, consumer, old)))
            })
            .collect();
        let before = before.map(|before| &before.scopes).filter(|before| before[..] == scopes[..]);
        let scopes = before.map_or_else(|| scopes.into(), Arc::clone);
        Self { by_key, by_name, scopes }
    }

    /// The next picture, of this one and what has changed: the work is that of the change, but for two maps of pointers.
    ///
    /// `None`: a key is narrowed to what no key was before, or is somebody's already who has not changed; [`Self::new`]
    /// makes the picture then, of rows that were looked at as a whole.
    pub fn with(&self, changed: Changed, limits: impl Fn(&PlanName) -> Vec<PolicyId>) -> Option<Self> {
        let mut limits = Limits { of: limits, known: HashMap::new() };
        let (mut by_name, mut by_key) = (self.by_name.clone(), self.by_key.clone());
        let names: HashSet<_> = changed.names.iter().collect();
        by_key.retain(|_, entry| !names.contains(&entry.consumer.name));
        for name in &changed.names {
            by_name.remove(name);
        }
        for row in changed.consumers {
            let old = self.by_name.get(&row.name);
            by_name.insert(row.name.clone(), consumer(row, &mut limits, old));
        }
        for row in changed.keys {
            let Some(consumer) = by_name.get(&row.consumer) else { continue };
            if by_key.contains_key(&row.digest) {
                return None;
            }
            let scope = if row.scope.is_everything() { None } else { Some(self.scope(&row.scope)?) };
            let old = self.by_key.get(&row.digest);
            by_key.insert(row.digest, entry(row, scope, consumer, old));
        }
        Some(Self { by_key, by_name, scopes: Arc::clone(&self.scopes) })
    }

    /// The rows of which these consumers and their keys were made.
    pub fn rows(&self, of: impl Fn(&ConsumerName) -> bool) -> (Vec<ConsumerRow>, Vec<KeyRow>) {
        let consumers = self.by_name.values().filter(|consumer| of(&consumer.name));
        let keys = self.by_key.iter().filter(|(_, entry)| of(&entry.consumer.name));
        let mut keys: Vec<_> = keys.collect();
        // Scopes are numbered as they come: in this order they keep their numbers.
        keys.sort_by_key(|(_, entry)| entry.scope);
        let keys = keys.into_iter().map(|(digest, entry)| KeyRow {
            digest: *digest,
            consumer: entry.consumer.name.clone(),
            tail: entry.tail.as_deref().map(str::to_owned),
            scope: entry.scope.and_then(|scope| self.scopes.get(scope)).cloned().unwrap_or_default(),
            expires_ms: entry.expires_ms,
        });
        let consumers = consumers.map(|consumer| ConsumerRow {
            name: consumer.name.clone(),
            plans: consumer.plans.to_vec(),
            suspended: consumer.suspended,
            accepted: consumer.accepted.to_vec(),
        });
        (consumers.collect(), keys.collect())
    }

    fn scope(&self, scope: &KeyScope) -> Option<usize> {
        self.scopes.iter().position(|known| known == scope)
    }
}

/// The limits of plans, each asked for once: there are many consumers and few plans.
struct Limits<F> {
    of: F,
    known: HashMap<PlanName, Vec<PolicyId>>,
}

impl<F: Fn(&PlanName) -> Vec<PolicyId>> Limits<F> {
    fn of(&mut self, plans: &[PlanName]) -> Vec<PolicyId> {
        let mut all = Vec::new();
        for plan in plans {
            if let Some(known) = self.known.get(plan) {
                all.extend_from_slice(known);
                continue;
            }
            let limits = (self.of)(plan);
            all.extend_from_slice(&limits);
            self.known.insert(plan.clone(), limits);
        }
        all
    }
}

/// A consumer with its meters; the one that is there already where nothing of it has changed.
fn consumer(
    row: ConsumerRow,
    limits: &mut Limits<impl Fn(&PlanName) -> Vec<PolicyId>>,
    old: Option<&Arc<Consumer>>,
) -> Arc<Consumer> {
    let limits = limits.of(&row.plans);
    if let Some(old) = old.filter(|old| old.is(&row, &limits)) {
        return Arc::clone(old);
    }
    let meters = limits
        .into_iter()
        .map(|policy| {
            let kept = old.and_then(|old| old.meter(&policy)).cloned().unwrap_or_default();
            (policy, kept)
        })
        .collect();
    Arc::new(Consumer {
        name: row.name,
        plans: row.plans.into_boxed_slice(),
        suspended: row.suspended,
        accepted: row.accepted.into_boxed_slice(),
        meters,
    })
}

/// A key with its last use; the one that is there already where nothing of it has changed.
fn entry(
    row: KeyRow,
    scope: Option<usize>,
    consumer: &Arc<Consumer>,
    old: Option<&Arc<KeyEntry>>,
) -> Arc<KeyEntry> {
    if let Some(old) = old.filter(|old| old.is(&row, scope, consumer)) {
        return Arc::clone(old);
    }
    Arc::new(KeyEntry {
        tail: row.tail.map(String::into_boxed_str),
        consumer: Arc::clone(consumer),
        scope,
        expires_ms: row.expires_ms,
        used: AtomicU64::new(old.map_or(0, |old| old.used.load(Ordering::Relaxed))),
    })
}

#[cfg(test)]
mod tests {
    use super::{Accounts, Changed, ConsumerName, ConsumerRow, KeyRow, PlanName, PolicyId};
    use crate::{KeyDigest, Rate};
    use std::num::NonZeroU32;
    use std::sync::Arc;
    use std::time::Duration;

    fn picture(before: Option<&Accounts>) -> Accounts {
        let name = ConsumerName::new("globex");
        let row = row(&name);
        let key = KeyRow::new(KeyDigest::of("key"), name);
        let stray = KeyRow::new(KeyDigest::of("stray"), ConsumerName::new("nobody"));
        Accounts::new(vec![row], vec![key, stray], |plan| vec![PolicyId::new(plan, "h")], before)
    }

    fn row(name: &ConsumerName) -> ConsumerRow {
        ConsumerRow {
            name: name.clone(),
            plans: vec![PlanName::new("free")],
            suspended: false,
            accepted: Vec::new(),
        }
    }

    #[test]
    fn a_meter_outlives_the_picture_it_was_made_for() {
        let policy = PolicyId::new(&PlanName::new("free"), "h");
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

    #[test]
    fn what_has_not_changed_is_not_made_anew_and_what_has_changed_is() {
        let (acme, globex) = (ConsumerName::new("acme"), ConsumerName::new("globex"));
        let key = |text: &str, of: &ConsumerName, word: &str| {
            let mut key = KeyRow::new(KeyDigest::of(text), of.clone());
            key.scope.only.extend((!word.is_empty()).then(|| word.to_owned()));
            key
        };
        let keys = || vec![key("1", &acme, ""), key("2", &globex, "GET *"), key("3", &globex, "GET *")];
        let first = Accounts::new(vec![row(&acme), row(&globex)], keys(), |_| Vec::new(), None);
        assert_eq!(first.scopes().len(), 1, "the same scope is kept once");
        let suspended = ConsumerRow { suspended: true, ..row(&globex) };
        let next = Accounts::new(vec![row(&acme), suspended], keys(), |_| Vec::new(), Some(&first));
        let same = |key: &str, next: &Accounts| {
            let digest = KeyDigest::of(key);
            Arc::ptr_eq(first.by_key(&digest).unwrap(), next.by_key(&digest).unwrap())
        };
        assert!(same("1", &next) && !same("2", &next));
        assert!(next.by_key(&KeyDigest::of("2")).unwrap().consumer.suspended);
        assert!(Arc::ptr_eq(first.scopes(), next.scopes()));
        let other = Accounts::new(
            vec![row(&acme), row(&globex)],
            vec![key("1", &acme, "POST *"), key("2", &globex, "GET *")],
            |plan| vec![PolicyId::new(plan, "h")],
            Some(&first),
        );
        assert!(!same("1", &other));
        assert_eq!(other.scopes().len(), 2);
        let limit = PolicyId::new(&PlanName::new("free"), "h");
        assert!(other.by_name("acme").unwrap().meter(&limit).is_some(), "a limit more has its meter");
    }

    #[test]
    fn of_its_own_rows_a_picture_is_made_again() {
        let (acme, globex) = (ConsumerName::new("acme"), ConsumerName::new("globex"));
        let limits = |plan: &PlanName| vec![PolicyId::new(plan, "h")];
        let keys = (0..50).map(|number| {
            let mut key = KeyRow::new(KeyDigest::of(&number.to_string()), globex.clone());
            if number % 3 > 0 {
                key.scope.only.push(format!("GET /{}", number % 7));
                (key.expires_ms, key.tail) = (Some(number), Some(format!("{number:04}")));
            }
            key
        });
        let own = KeyRow::new(KeyDigest::of("acme's"), acme.clone());
        let first = Accounts::new(
            vec![row(&acme), ConsumerRow { suspended: true, ..row(&globex) }],
            keys.chain([own]).collect(),
            limits,
            None,
        );
        let (consumers, keys) = first.rows(|name| *name == globex);
        assert_eq!((consumers.len(), keys.len()), (1, 50), "only those that were asked for");
        let again = Accounts::new(consumers, keys, limits, Some(&first));
        assert!(Arc::ptr_eq(first.scopes(), again.scopes()), "scopes keep their numbers");
        for (digest, entry) in first.keys_of(&globex) {
            assert!(Arc::ptr_eq(entry, again.by_key(digest).unwrap()), "nothing has changed");
        }
        assert!(again.by_name("acme").is_none());
    }

    #[test]
    fn a_use_is_told_once_a_minute_also_when_the_picture_changes() {
        let first = picture(None);
        let entry = |accounts: &Accounts| Arc::clone(accounts.by_key(&KeyDigest::of("key")).unwrap());
        assert!(entry(&first).is_first_in(7) && !entry(&first).is_first_in(7));
        assert!(!entry(&picture(Some(&first))).is_first_in(7));
        assert!(entry(&first).is_first_in(8));
    }

    #[test]
    fn a_picture_with_a_change_is_the_one_that_all_rows_would_make() {
        let (acme, globex) = (ConsumerName::new("acme"), ConsumerName::new("globex"));
        let key = |text: &str, of: &ConsumerName| KeyRow::new(KeyDigest::of(text), of.clone());
        let limits = |plan: &PlanName| vec![PolicyId::new(plan, "h")];
        let mut narrow = key("3", &globex);
        narrow.scope.only.push("GET *".to_owned());
        let keys = vec![key("1", &acme), key("2", &globex), narrow.clone()];
        let first = Accounts::new(vec![row(&acme), row(&globex)], keys, limits, None);
        let meter = |of: &Accounts| {
            Arc::clone(of.by_name("globex").unwrap().meter(&limits(&PlanName::new("free"))[0]).unwrap())
        };
        let changed = |consumers: Vec<ConsumerRow>, keys: Vec<KeyRow>| Changed {
            names: vec![globex.clone()],
            consumers,
            keys,
        };
        // One key is revoked, one is there, one is new; and the consumer is suspended.
        let suspended = ConsumerRow { suspended: true, ..row(&globex) };
        narrow.expires_ms = Some(9);
        let next = first.with(changed(vec![suspended], vec![narrow, key("4", &globex)]), limits).unwrap();
        let entry = |text: &str| next.by_key(&KeyDigest::of(text));
        assert!(entry("2").is_none(), "it is revoked");
        assert!(entry("4").unwrap().consumer.suspended);
        assert_eq!((entry("3").unwrap().scope, entry("3").unwrap().expires_ms), (Some(0), Some(9)));
        assert!(Arc::ptr_eq(entry("1").unwrap(), first.by_key(&KeyDigest::of("1")).unwrap()));
        assert!(Arc::ptr_eq(first.scopes(), next.scopes()));
        assert!(Arc::ptr_eq(&meter(&first), &meter(&next)), "limits go on");
        assert!(first.with(changed(vec![row(&globex)], vec![key("1", &globex)]), limits).is_none(), "acme's");
        // Nobody is left of it; and a scope that no key had.
        let gone = next.with(changed(Vec::new(), Vec::new()), limits).unwrap();
        assert!(gone.by_name("globex").is_none() && gone.by_key(&KeyDigest::of("4")).is_none());
        let mut other = key("5", &globex);
        other.scope.only.push("POST *".to_owned());
        assert!(gone.with(changed(vec![row(&globex)], vec![other]), limits).is_none());
    }
}
