//! Whether there is something left of the caller's limits.
//!
//! Rules are taken in order and given back when a later one says no: what a limit refuses costs
//! nothing. What is refused after this stage has paid the rate. Source: RFC 6585 §4 (429).

use crate::address_table::network;
use crate::gauges::Place;
use crate::permit::Permitted;
use crate::rate_fields::whole;
use crate::seen::{Caller, Seen};
use crate::under_way::{Bound, Exchange};
use crate::world::{Served, ServedLimit, Shared, World};
use board::{Measure, Per};
use exchange::{Decision, KeyDigest, Left, Meter, PolicyId, Rate, Reason, Refusal, Stage};
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

/// What was taken of rates so far; dropped unspent it goes back.
#[derive(Debug)]
struct Ticket<'m> {
    taken: Vec<(&'m Meter, Rate)>,
    cost: u32,
}

impl Ticket<'_> {
    fn spend(mut self) {
        self.taken.clear();
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        for (meter, rate) in &self.taken {
            meter.refund(rate, self.cost);
        }
    }
}

/// Takes what the call costs from each limit, or from none.
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
    let cost = cost(served, seen);
    let mut left = Vec::with_capacity(plan.limits.len());
    let mut ticket = Ticket { taken: Vec::new(), cost };
    let mut places: Vec<Place> = Vec::new();
    let mut denied = None;
    for limit in &plan.limits {
        if denied.is_some() {
            left.push(peek(served, limit, seen, shared));
            continue;
        }
        match limit.limit.measure {
            Measure::Rate(rate) => {
                let meter = meter(served, limit, seen, shared);
                match meter.take(&rate, seen.now, cost) {
                    Ok(now) => {
                        left.push(now);
                        if plan.limits.len() > 1 {
                            ticket.taken.push((meter, rate));
                        }
                    }
                    Err(no) => {
                        // A dear call may be refused while a cheap one would still be let in.
                        left.push(meter.peek(&rate, seen.now));
                        denied = Some(over(limit, no.retry_in));
                    }
                }
            }
            Measure::AtOnce(most) => {
                let subject = shared.gauges.subject(Subject::of(served, limit, seen));
                if let Some(place) = shared.gauges.enter(subject, most) {
                    left.push(at_once(place.left));
                    places.push(place);
                } else {
                    left.push(at_once(0));
                    denied = Some(crowded(limit, most.get()));
                }
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
    call.facts.places = places;
    Ok(Admitted { permitted })
}

/// What the limits have left, without taking; refused when one has too little.
pub(crate) fn decide(world: &World, seen: &mut Seen, shared: &Shared) -> Result<(), Refusal> {
    let (Some(served), Some(plan)) = (world.offer_of(seen), world.plan(seen)) else { return Ok(()) };
    let now: Vec<Left> = plan.limits.iter().map(|limit| peek(served, limit, seen, shared)).collect();
    let cost = cost(served, seen);
    let refused = plan.limits.iter().zip(&now).find_map(|(limit, left)| match limit.limit.measure {
        Measure::AtOnce(most) => (left.remaining == 0).then(|| crowded(limit, most.get())),
        Measure::Rate(rate) => (left.remaining < cost).then(|| {
            let capacity = rate.period() * rate.burst() / rate.count();
            let step = rate.period() * cost / rate.count();
            over(limit, (left.full_in + step).saturating_sub(capacity))
        }),
    });
    seen.left = now;
    refused.map_or(Ok(()), Err)
}

/// What the limits have left, in words.
pub(crate) fn words(world: &World, seen: &Seen) -> Vec<Decision> {
    let (Some(served), Some(plan)) = (world.offer_of(seen), world.plan(seen)) else { return Vec::new() };
    let cost = cost(served, seen);
    plan.limits
        .iter()
        .zip(&seen.left)
        .map(|(limit, left)| {
            let used = limit.limit.measure.most().saturating_sub(left.remaining);
            let mut words = match limit.limit.measure {
                Measure::Rate(_) => format!("{used} used, {} left", left.remaining),
                Measure::AtOnce(_) => format!("{used} running, {} free", left.remaining),
            };
            if cost > 1 && matches!(limit.limit.measure, Measure::Rate(_)) {
                let _ = write!(words, ", this call costs {cost}");
            }
            if !left.full_in.is_zero() {
                let _ = write!(words, ", full again in {} s", whole(left.full_in));
            }
            Decision {
                stage: Stage::Limit,
                subject: limit.limit.text.clone(),
                words,
                origin: Some(limit.limit.origin.to_string()),
                refused: None,
            }
        })
        .collect()
}

fn over(served: &ServedLimit, retry_in: Duration) -> Refusal {
    let wait = retry_in.max(Duration::from_nanos(1));
    let words = format!("the limit of {} is used up: try again in {} s", served.limit.text, whole(wait));
    Reason::OverLimit.because(words).retry_after(wait).origin(served.limit.origin.clone())
}

/// Nobody knows when a call under way ends: a second is a guess that spares both sides.
fn crowded(served: &ServedLimit, most: u32) -> Refusal {
    let calls = if most == 1 { "one call".to_owned() } else { format!("{most} calls") };
    let words = format!(
        "{calls} at once may run, and {} already: wait until one is over",
        if most == 1 { "it does" } else { "they do" }
    );
    Reason::OverLimit.because(words).retry_after(Duration::from_secs(1)).origin(served.limit.origin.clone())
}

const fn at_once(remaining: u32) -> Left {
    Left { remaining, full_in: Duration::ZERO }
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
        Measure::Rate(rate) => meter(served, limit, seen, shared).peek(&rate, seen.now),
        Measure::AtOnce(most) => {
            let subject = shared.gauges.subject(Subject::of(served, limit, seen));
            at_once(most.get().saturating_sub(shared.gauges.inside(subject)))
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
    let table = if matches!(subject.who, Who::Address(_)) { &shared.addresses } else { &shared.subjects };
    table.meter(table.subject(subject), seen.now)
}

/// Whom a limit counts for, and over what.
#[derive(Debug, Hash)]
pub(crate) struct Subject<'a> {
    policy: &'a PolicyId,
    who: Who<'a>,
    api: Option<&'a str>,
    operation: Option<&'a str>,
}

#[derive(Debug, Hash)]
enum Who<'a> {
    Name(&'a str),
    Key(&'a KeyDigest),
    /// Nobody by name: what counts per consumer counts per address.
    Address(u128),
}

impl<'a> Subject<'a> {
    /// A consumer over all that the plan opens.
    pub(crate) fn consumer(policy: &'a PolicyId, name: &'a str) -> Self {
        Self { policy, who: Who::Name(name), api: None, operation: None }
    }

    fn of(served: &'a Served, limit: &'a ServedLimit, seen: &'a Seen) -> Self {
        let limit = &limit.limit;
        let consumer = seen.caller.as_ref().and_then(Caller::consumer);
        let who = match (limit.per, &seen.caller, consumer) {
            (Per::Address, ..) | (_, _, None) => Who::Address(network(seen.address)),
            (Per::Key, Some(Caller::Key(_, digest)), _) => Who::Key(digest),
            (_, _, Some(consumer)) => Who::Name(consumer.name.as_str()),
        };
        let api = matches!(limit.per, Per::Operation | Per::Api).then(|| served.api.name.as_str());
        let operation = match (limit.per, seen.bound) {
            (Per::Operation, Bound::One(index)) => served.operation(index).map(|known| known.id.as_str()),
            _ => None,
        };
        Self { policy: &limit.policy, who, api, operation }
    }
}
