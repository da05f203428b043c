//! Whether there is something left of the caller's limits.
//!
//! Rules are taken in order and given back when a later one says no: what a limit refuses costs
//! nothing. What is refused after this stage has paid the rate, and the quota only once the provider got the call.
//! A soft limit refuses nobody: who goes over it is noted. Source: RFC 6585 §4 (429).

mod subject;
mod words;

pub(crate) use subject::Subject;
pub use words::wait;
pub(crate) use words::words;

use crate::gauges::Place;
use crate::permit::Permitted;
use crate::purse::Standing;
use crate::purses::{NotPaid, Spent};
use crate::rates::{self, Paid};
use crate::seen::{Caller, Seen};
use crate::under_way::{Bound, Exchange};
use crate::world::{Served, ServedLimit, Shared, World};
use board::{Measure, Per};
use exchange::{Left, Meter, Rate, Refusal, Stage};
use std::num::NonZeroU32;
use std::time::Duration;
use words::{cannot_tell, crowded, over, used_up};

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
#[derive(Debug)]
struct Ticket<'m> {
    shared: &'m Shared,
    rates: Vec<Paid<'m>>,
    cost: u32,
    places: Vec<Place>,
    spent: Vec<Spent>,
}

impl Ticket<'_> {
    /// The rates are paid; places and quotas go with the call.
    fn spend(mut self) -> (Vec<Place>, Vec<Spent>) {
        self.rates.clear();
        (std::mem::take(&mut self.places), std::mem::take(&mut self.spent))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        for paid in &self.rates {
            self.shared.rates.refund(paid, self.cost);
        }
    }
}

/// Takes what the call costs from each limit, or from none.
pub(crate) async fn admit(call: &mut Exchange, permitted: Permitted) -> Result<Admitted, Refusal> {
    call.enter(Stage::Limit);
    let (world, worker) = (call.world.clone(), call.worker.clone());
    let (shared, seen) = (worker.shared(), &call.facts.seen);
    let (Some(served), Some(plan)) = (world.offer_of(seen), world.plan(seen)) else {
        return Ok(Admitted { permitted });
    };
    if plan.limits.is_empty() {
        return Ok(Admitted { permitted });
    }
    let cost = cost(served, seen);
    let mut left = Vec::with_capacity(plan.limits.len());
    let mut ticket = Ticket { shared, rates: Vec::new(), cost, places: Vec::new(), spent: Vec::new() };
    let (mut denied, mut passed) = (None, Vec::new());
    for (index, limit) in plan.limits.iter().enumerate() {
        if denied.is_some() {
            left.push(peek(served, limit, seen, shared));
            continue;
        }
        let taken = match limit.limit.measure {
            Measure::Rate(rate) => by_rate(&mut ticket, served, limit, seen, &rate).await,
            Measure::AtOnce(most) => at_once(&mut ticket, served, limit, seen, shared, most),
            Measure::Quota(quota) => {
                let subject = Subject::of(served, limit, seen);
                let (taken, standing) =
                    shared.purses.take(&subject, || subject.quota_account(), quota, cost).await;
                let left = in_quota(standing);
                taken.map(|spent| ticket.spent.extend(spent)).map(|()| left).map_err(|why| match why {
                    NotPaid::Dry(wait) => (left, wait),
                    NotPaid::Unknown => (left, Duration::ZERO),
                })
            }
        };
        match taken {
            Ok(now) => left.push(now),
            Err((now, _)) if limit.limit.soft => {
                left.push(now);
                passed.push(index);
                // What is granted of quotas is in the ledger.
                if !matches!(limit.limit.measure, Measure::Quota(_)) {
                    shared.over_soft.note(&world.board, &limit.limit, &Subject::of(served, limit, seen));
                }
            }
            Err((now, wait)) => {
                left.push(now);
                denied = Some(match limit.limit.measure {
                    Measure::Rate(_) => over(limit, wait),
                    Measure::AtOnce(most) => crowded(limit, most.get()),
                    Measure::Quota(_) if wait.is_zero() => cannot_tell(limit),
                    Measure::Quota(_) => used_up(limit, wait),
                });
            }
        }
    }
    let refused = match denied {
        None => {
            (call.facts.places, call.facts.spent) = ticket.spend();
            Ok(Admitted { permitted })
        }
        Some(refusal) => {
            drop(ticket);
            Err(refusal)
        }
    };
    call.facts.seen.left = left;
    call.facts.seen.passed = passed;
    refused
}

/// What a limit has left; or what it has and when to come back.
type Tried = Result<Left, (Left, Duration)>;

async fn by_rate<'m>(
    ticket: &mut Ticket<'m>,
    served: &Served,
    limit: &ServedLimit,
    seen: &'m Seen,
    rate: &Rate,
) -> Tried {
    let shared = ticket.shared;
    let meter = meter(served, limit, seen, shared);
    let (left, paid) = if shared.rates.is_alone() {
        rates::own(meter, rate, seen.now, ticket.cost)?
    } else {
        let subject = Subject::of(served, limit, seen).number(shared);
        shared.rates.take(subject, meter, rate, ticket.cost).await?
    };
    ticket.rates.push(paid);
    Ok(left)
}

fn at_once(
    ticket: &mut Ticket<'_>,
    served: &Served,
    limit: &ServedLimit,
    seen: &Seen,
    shared: &Shared,
    most: NonZeroU32,
) -> Tried {
    let subject = shared.gauges.subject(Subject::of(served, limit, seen));
    let place = shared.gauges.enter(subject, most).ok_or((free(0), Duration::ZERO))?;
    let left = free(place.left);
    ticket.places.push(place);
    Ok(left)
}

/// What the limits have left, without taking; refused when one has too little.
pub(crate) fn decide(world: &World, seen: &mut Seen, shared: &Shared) -> Result<(), Refusal> {
    let (Some(served), Some(plan)) = (world.offer_of(seen), world.plan(seen)) else { return Ok(()) };
    let now: Vec<Left> = plan.limits.iter().map(|limit| peek(served, limit, seen, shared)).collect();
    let cost = cost(served, seen);
    let hard = plan.limits.iter().zip(&now).filter(|(limit, _)| !limit.limit.soft);
    let refused = hard.clone().find_map(|(limit, left)| match limit.limit.measure {
        Measure::AtOnce(most) => (left.remaining == 0).then(|| crowded(limit, most.get())),
        Measure::Rate(rate) => (left.remaining < cost).then(|| {
            let capacity = rate.period() * rate.burst() / rate.count();
            let step = rate.period() * cost / rate.count();
            over(limit, (left.full_in + step).saturating_sub(capacity))
        }),
        Measure::Quota(_) => (left.remaining < cost).then(|| used_up(limit, left.full_in)),
    });
    seen.left = now;
    refused.map_or(Ok(()), Err)
}

const fn free(remaining: u32) -> Left {
    Left { remaining, full_in: Duration::ZERO }
}

const fn in_quota(standing: Standing) -> Left {
    Left { remaining: standing.left, full_in: standing.more_in }
}

/// What a call of this operation takes.
fn cost(served: &Served, seen: &Seen) -> u32 {
    match seen.bound {
        Bound::One(index) => served.offer.costs.get(index).map_or(1, |cost| cost.get()),
        Bound::Unknown => 1,
    }
}

/// What a limit has left for this caller.
fn peek(served: &Served, limit: &ServedLimit, seen: &Seen, shared: &Shared) -> Left {
    match limit.limit.measure {
        Measure::Rate(rate) => {
            let meter = meter(served, limit, seen, shared);
            if shared.rates.is_alone() {
                return meter.peek(&rate, seen.now);
            }
            shared.rates.look(Subject::of(served, limit, seen).number(shared), meter, &rate)
        }
        Measure::AtOnce(most) => {
            let subject = shared.gauges.subject(Subject::of(served, limit, seen));
            free(most.get().saturating_sub(shared.gauges.inside(subject)))
        }
        Measure::Quota(quota) => {
            let subject = Subject::of(served, limit, seen);
            in_quota(shared.purses.look(&subject, || subject.quota_account(), quota))
        }
    }
}

/// The meter of a limit for this caller.
fn meter<'m>(served: &Served, limit: &ServedLimit, seen: &'m Seen, shared: &'m Shared) -> &'m Meter {
    let consumer = seen.caller.as_ref().and_then(Caller::consumer);
    if limit.limit.per == Per::Consumer
        && let Some(meter) = consumer.and_then(|consumer| consumer.meter(&limit.limit.policy))
    {
        return meter;
    }
    let subject = Subject::of(served, limit, seen);
    let table = if subject.is_address() { &shared.addresses } else { &shared.subjects };
    table.meter(subject.number(shared))
}
