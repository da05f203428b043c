//! Whether there is something left of the caller's limits.
//!
//! Rules are taken in order and given back when a later one says no: what a limit refuses costs
//! nothing. What is refused after this stage has paid the rate. Source: RFC 6585 §4 (429).

use crate::address_table::network;
use crate::permit::Permitted;
use crate::rate_fields::whole;
use crate::seen::{Caller, Seen};
use crate::under_way::{Bound, Exchange};
use crate::world::{Served, ServedLimit, Shared, World};
use board::Per;
use exchange::{Decision, Denied, Left, Meter, Rate, Reason, Refusal, Stage};
use std::fmt::Write as _;
use std::time::Duration;

/// The call was admitted by every limit.
#[derive(Debug)]
pub(crate) struct Admitted {
    permitted: Permitted,
}

impl Admitted {
    pub(crate) const fn offer(&self) -> usize {
        self.permitted.offer()
    }

    pub(crate) const fn bound(&self) -> Bound {
        self.permitted.bound()
    }
}

/// What was taken so far; dropped unspent it goes back.
#[derive(Debug, Default)]
struct Ticket<'m> {
    taken: Vec<(&'m Meter, Rate)>,
}

impl Ticket<'_> {
    fn spend(mut self) {
        self.taken.clear();
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        for (meter, rate) in &self.taken {
            meter.refund(rate, 1);
        }
    }
}

/// Takes one call from each limit, or from none.
pub(crate) fn admit(call: &mut Exchange, permitted: Permitted) -> Result<Admitted, Refusal> {
    call.enter(Stage::Limit);
    let (world, shared) = (call.world.clone(), call.worker.shared());
    let seen = &mut call.facts.seen;
    let (Some(served), Some(plan)) = (world.offer_of(seen), world.plan(seen)) else {
        return Ok(Admitted { permitted });
    };
    if plan.limits.is_empty() {
        return Ok(Admitted { permitted });
    }
    let mut left = Vec::with_capacity(plan.limits.len());
    let mut ticket = Ticket::default();
    let mut denied = None;
    for limit in &plan.limits {
        let rate = limit.limit.rate;
        let meter = meter(served, limit, seen, shared);
        if denied.is_some() {
            left.push(meter.peek(&rate, seen.now));
            continue;
        }
        match meter.take(&rate, seen.now, 1) {
            Ok(now) => {
                left.push(now);
                if plan.limits.len() > 1 {
                    ticket.taken.push((meter, rate));
                }
            }
            Err(no) => {
                left.push(Left { remaining: 0, full_in: no.full_in });
                denied = Some(refusal(limit, no));
            }
        }
    }
    if denied.is_none() {
        ticket.spend();
    } else {
        drop(ticket);
    }
    seen.left = left;
    denied.map_or(Ok(()), Err)?;
    Ok(Admitted { permitted })
}

/// What the limits have left, without taking; refused when one has nothing.
pub(crate) fn decide(world: &World, seen: &mut Seen, shared: &Shared) -> Result<(), Refusal> {
    let (Some(served), Some(plan)) = (world.offer_of(seen), world.plan(seen)) else { return Ok(()) };
    let now: Vec<Left> = plan
        .limits
        .iter()
        .map(|limit| meter(served, limit, seen, shared).peek(&limit.limit.rate, seen.now))
        .collect();
    let empty = plan.limits.iter().zip(&now).find(|(_, left)| left.remaining == 0);
    let refused = empty.map(|(limit, left)| {
        let rate = &limit.limit.rate;
        let capacity = rate.period() * rate.burst() / rate.count();
        let step = rate.period() / rate.count();
        let retry_in = (left.full_in + step).saturating_sub(capacity);
        refusal(limit, Denied { retry_in, full_in: left.full_in })
    });
    seen.left = now;
    refused.map_or(Ok(()), Err)
}

/// What the limits have left, in words.
pub(crate) fn words(world: &World, seen: &Seen) -> Vec<Decision> {
    let Some(plan) = world.plan(seen) else { return Vec::new() };
    plan.limits
        .iter()
        .zip(&seen.left)
        .map(|(served, left)| {
            let used = served.limit.rate.burst().saturating_sub(left.remaining);
            let mut words = format!("{used} used, {} left", left.remaining);
            if !left.full_in.is_zero() {
                let _ = write!(words, ", full again in {} s", whole(left.full_in));
            }
            Decision {
                stage: Stage::Limit,
                subject: served.limit.text.clone(),
                words,
                origin: Some(served.limit.origin.to_string()),
                refused: None,
            }
        })
        .collect()
}

fn refusal(served: &ServedLimit, denied: Denied) -> Refusal {
    let wait = denied.retry_in.max(Duration::from_nanos(1));
    let words = format!("the limit of {} is used up: try again in {} s", served.limit.text, whole(wait));
    Reason::OverLimit.because(words).retry_after(wait).origin(served.limit.origin.clone())
}

/// The meter of a limit for this caller.
fn meter<'m>(served: &'m Served, limit: &ServedLimit, seen: &'m Seen, shared: &'m Shared) -> &'m Meter {
    let policy = &limit.limit.policy;
    let consumer = seen.caller.as_ref().and_then(Caller::consumer);
    if limit.limit.per == Per::Consumer
        && let Some(meter) = consumer.and_then(|consumer| consumer.meter(policy))
    {
        return meter;
    }
    let address = network(seen.address);
    let name = consumer.map(|consumer| consumer.name.as_str());
    // Nobody by name: what counts per consumer counts per address.
    let per_address = limit.limit.per == Per::Address || name.is_none();
    let whose = name.ok_or(address);
    let table = if per_address { &shared.addresses } else { &shared.subjects };
    let subject = match (limit.limit.per, &seen.caller) {
        (Per::Address, _) => table.subject((policy, address)),
        (Per::Key, Some(Caller::Key(_, digest))) => table.subject((policy, digest)),
        (Per::Consumer | Per::Key, _) => table.subject((policy, whose)),
        (Per::Operation, _) => {
            let operation = match seen.bound {
                Bound::One(index) => Some(index),
                Bound::Unknown => None,
            };
            let id = operation.and_then(|index| served.operation(index)).map(|known| known.id.as_str());
            table.subject((policy, whose, served.api.name.as_str(), id))
        }
        (Per::Api, _) => table.subject((policy, whose, served.api.name.as_str())),
    };
    table.meter(subject, seen.now)
}
