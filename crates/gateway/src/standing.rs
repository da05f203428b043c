//! What limits stand at, for a consumer or an address: looked at, nothing taken.
//!
//! The same look as an explanation takes, for everything that a limit counts apart: each key, each API, each operation.
//! Bounded: what there is no room for is said to be more.

use crate::admit;
use crate::seen::{Caller, Seen};
use crate::under_way::Bound;
use crate::world::{Served, ServedPlan, Shared, World};
use board::{Auth, Measure, Per};
use exchange::{As, ConsumerName, KeyId, PlanName};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Subjects that are looked at for one question; each may ask the store of quotas.
const MOST: usize = 2_000;
/// Keys of one consumer that are told apart.
const MOST_KEYS: usize = 100;

/// Whose limits are asked for. Without a consumer: those of callers whom nobody names, at an address.
#[derive(Clone, Debug, Default)]
pub struct LimitsOf {
    /// A consumer's.
    pub consumer: Option<String>,
    /// An address's; limits per address are left out without one.
    pub address: Option<IpAddr>,
    /// Only those of this plan.
    pub plan: Option<String>,
    /// Only those that count calls of this API.
    pub api: Option<String>,
    /// Only those that count calls of this operation; with [`LimitsOf::api`].
    pub operation: Option<String>,
    /// Only those that count calls with this key.
    pub key: Option<KeyId>,
}

/// What one limit stands at.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The plan that has the limit.
    pub plan: PlanName,
    /// As it is written: `60/min`.
    pub text: String,
    /// Where it is written.
    pub origin: String,
    /// What is measured.
    pub measure: Measure,
    /// Per what it counts.
    pub per: Per,
    /// Whether nobody is refused.
    pub soft: bool,
    /// Which key, where it counts per key, and its last four characters.
    pub key: Option<(KeyId, Option<String>)>,
    /// Which API, where it counts per API or operation.
    pub api: Option<String>,
    /// Which operation; none of what the contract does not have.
    pub operation: Option<String>,
    /// The most that may be had in one moment.
    pub most: u32,
    /// What is left of it.
    pub left: u32,
    /// Until all is back, or of a quota until there is more; zero of what has no time.
    pub more_in: Duration,
}

/// What there is to say.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    /// In the order of the board.
    pub limits: Vec<Standing>,
    /// Whether there are more than were looked at.
    pub more: bool,
}

/// Looks. Quotas that are not known yet are asked for, and known at the next look.
pub(crate) fn look(world: &World, shared: &Shared, of: &LimitsOf) -> Standings {
    let consumer = match &of.consumer {
        // Who is not known has used nothing, and has no plan.
        Some(name) => match world.accounts.by_name(name) {
            Some(consumer) => Some(consumer),
            None => return Standings::default(),
        },
        None => None,
    };
    let callers: Vec<Caller> = match (consumer, &of.consumer) {
        (Some(consumer), Some(name)) => {
            let mut keys: Vec<_> = world.accounts.keys_of(&ConsumerName::new(name)).collect();
            keys.sort_by_key(|(digest, _)| KeyId::of(digest));
            let keys = keys.into_iter().map(|(digest, entry)| Caller::Key(Arc::clone(entry), *digest));
            std::iter::once(Caller::Named(Arc::clone(consumer))).chain(keys).collect()
        }
        _ => vec![Caller::Anonymous],
    };
    let mut looking =
        Looking { world, shared, of, known: HashSet::new(), out: Standings::default(), looks: 0 };
    looking.out.more = callers.len() > MOST_KEYS;
    for (offer, served) in world.prepared.offers.iter().enumerate() {
        if of.api.as_deref().is_some_and(|api| api != served.api.name.as_str()) {
            continue;
        }
        for (index, plan) in
            served.plans.iter().enumerate().filter(|(_, plan)| wants(of, consumer.is_some(), plan))
        {
            for caller in callers.iter().take(MOST_KEYS) {
                if caller.consumer().is_none_or(|consumer| {
                    consumer.plans.contains(&plan.plan.name) || plan.plan.auth == Auth::None
                }) {
                    looking.plan(offer, served, (index, plan), caller);
                }
            }
        }
    }
    looking.out
}

/// Callers whom nobody names have the plans that ask for no key.
fn wants(of: &LimitsOf, named: bool, plan: &ServedPlan) -> bool {
    of.plan.as_deref().is_none_or(|wanted| wanted == plan.plan.name.as_str())
        && (named || plan.plan.auth == Auth::None)
}

/// What tells two standings apart.
type Apart<'w> = (&'w str, Option<KeyId>, Option<&'w str>, Option<usize>);

struct Looking<'w> {
    world: &'w World,
    shared: &'w Shared,
    of: &'w LimitsOf,
    known: HashSet<Apart<'w>>,
    out: Standings,
    looks: usize,
}

impl<'w> Looking<'w> {
    fn plan(
        &mut self,
        offer: usize,
        served: &'w Served,
        (index, plan): (usize, &'w ServedPlan),
        caller: &Caller,
    ) {
        let key = match caller {
            Caller::Key(entry, digest) => Some((KeyId::of(digest), entry.tail.as_deref().map(str::to_owned))),
            _ => None,
        };
        let per = |per: Per| plan.limits.iter().any(|limit| limit.limit.per == per);
        if key.is_some() && !per(Per::Key) {
            return;
        }
        let mut bounds = vec![Bound::Unknown];
        if per(Per::Operation) && key.is_none() {
            let open = (0..served.offer.opens.len()).filter(|at| served.offer.opens[*at]);
            let wanted = |at: &usize| {
                let id = served.operation(*at).map(|operation| operation.id.as_str());
                self.of.operation.as_deref().is_none_or(|wanted| id == Some(wanted))
            };
            bounds.extend(open.filter(wanted).map(Bound::One));
        }
        for bound in bounds {
            if self.looks == MOST {
                self.out.more = true;
                return;
            }
            self.looks += 1;
            let mut seen = self.seen(offer, index, caller, bound);
            // Whether it would be refused is not the question.
            let _ = admit::decide(self.world, &mut seen, self.shared);
            for (limit, left) in plan.limits.iter().zip(&seen.left) {
                let limit = &limit.limit;
                let whose = match limit.per {
                    Per::Address => self.of.address.is_some() && key.is_none(),
                    Per::Key => {
                        key.as_ref().is_some_and(|(id, _)| self.of.key.as_ref().is_none_or(|of| of == id))
                    }
                    _ => key.is_none() && self.of.key.is_none(),
                };
                let (api, operation) = match (limit.per, bound) {
                    (Per::Operation, Bound::One(at)) => (Some(served.api.name.as_str()), Some(at)),
                    // What the contract does not have counts together, where it is let through.
                    (Per::Operation, Bound::Unknown) if !served.offer.opens_undeclared => continue,
                    (Per::Operation | Per::Api, _) => (Some(served.api.name.as_str()), None),
                    _ => (None, None),
                };
                let most = limit.measure.most();
                // Of a thousand operations those that were called are worth a line.
                let untouched = limit.per == Per::Operation && left.remaining >= most;
                let known = (&**limit.policy.text(), key.as_ref().map(|(id, _)| id.clone()), api, operation);
                if !whose || untouched && self.of.operation.is_none() || !self.known.insert(known) {
                    continue;
                }
                let operation =
                    operation.and_then(|at| served.operation(at)).map(|known| known.id.to_string());
                self.out.limits.push(Standing {
                    plan: plan.plan.name.clone(),
                    text: limit.text.clone(),
                    origin: limit.origin.to_string(),
                    measure: limit.measure,
                    per: limit.per,
                    soft: limit.soft,
                    key: key.clone().filter(|_| limit.per == Per::Key),
                    api: api.map(str::to_owned),
                    operation,
                    most,
                    left: left.remaining,
                    more_in: left.full_in,
                });
            }
        }
    }

    /// A call that might be made.
    fn seen(&self, offer: usize, plan: usize, caller: &Caller, bound: Bound) -> Seen {
        Seen {
            now: self.shared.nanos(Instant::now()),
            at_ms: 0,
            address: self.of.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            trusted: true,
            from_outside: false,
            https: false,
            listener: 0,
            who: As::Nobody,
            offer: Some(offer),
            bound,
            below: 0,
            caller: Some(caller.clone()),
            plan: Some(plan),
            left: Vec::new(),
            passed: Vec::new(),
        }
    }
}
