//! Whether the caller may use this operation: suspension, plan and its terms, what the offer opens, what the key is for.
//!
//! A consumer with several of the offer's plans is charged by the first that the offer lists. A plan whose terms it has not
//! accepted opens nothing, as if it were not held.

use crate::identify::Identified;
use crate::local;
use crate::seen::{Caller, Seen};
use crate::under_way::{Bound, Exchange};
use crate::world::World;
use board::{Auth, Plan};
use exchange::{Decision, Reason, Refusal, Stage};

/// The caller may use the operation, under a plan.
#[derive(Debug)]
pub(crate) struct Permitted {
    identified: Identified,
}

impl Permitted {
    pub(crate) const fn offer(&self) -> usize {
        self.identified.offer()
    }

    pub(crate) const fn bound(&self) -> Bound {
        self.identified.bound()
    }
}

/// Lets the caller in, or not.
pub(crate) fn permit(call: &mut Exchange, identified: Identified) -> Result<Permitted, Refusal> {
    call.enter(Stage::Permission);
    call.facts.seen.plan = decide(&call.world, &call.facts.seen)?;
    Ok(Permitted { identified })
}

/// The plan that is charged (none: the offer has none), or why the caller may not.
pub(crate) fn decide(world: &World, seen: &Seen) -> Result<Option<usize>, Refusal> {
    let (Some(served), Some(caller)) = (world.offer_of(seen), &seen.caller) else {
        return Err(Reason::Internal.because("no caller was named before"));
    };
    // A plan that is held, whose terms are not accepted.
    let mut closed = None;
    let plan = match caller.consumer() {
        Some(consumer) if consumer.suspended => {
            return Err(Reason::Suspended.because("the account is suspended: ask whoever gave you the key"));
        }
        Some(consumer) => {
            let held = served.plans.iter().position(|plan| {
                let asked = plan.plan.auth == Auth::Key || matches!(caller, Caller::Named(_));
                let held = asked && consumer.plans.contains(&plan.plan.name);
                let accepted = plan
                    .plan
                    .terms
                    .as_ref()
                    .is_none_or(|terms| consumer.has_accepted(&plan.plan.name, &terms.version));
                if held && !accepted {
                    closed = closed.or(Some(&plan.plan));
                }
                held && accepted
            });
            held.or(served.open_plan)
        }
        None => served.open_plan,
    };
    if let (None, Some(closed)) = (plan, closed) {
        return Err(unaccepted(world, seen, closed));
    }
    if plan.is_none() && !served.plans.is_empty() {
        let words = "the account has none of the plans that open this API";
        return Err(Reason::PlanMissing.because(words).origin(served.offer.plans_origin.clone()));
    }
    let open = match seen.bound {
        Bound::One(index) => served.offer.opens.get(index).copied().unwrap_or(false),
        Bound::Unknown => served.offer.opens_undeclared,
    };
    if !open {
        let words = "this operation is not among those that are offered here";
        return Err(Reason::NotOffered.because(words).origin(served.offer.rule_origin.clone()));
    }
    if let (Caller::Key(key, _), Some(offer)) = (caller, seen.offer)
        && let Some(scope) = key.scope
        && !world.scopes.open(scope, offer, seen.bound)
    {
        let scope = world.scopes.words(scope);
        let words = format!(
            "this key is for something else ({scope}): use another key, or ask whoever gave it to you for one"
        );
        return Err(Reason::OutsideScope.because(words).origin(served.offer.plans_origin.clone()));
    }
    Ok(plan)
}

/// The plan is held, and its terms are not accepted.
fn unaccepted(world: &World, seen: &Seen, plan: &Plan) -> Refusal {
    let name = &plan.name;
    let Some(terms) = &plan.terms else { return Reason::Internal.because("the plan has no terms") };
    let address = match &terms.text {
        None => terms.address.clone(),
        Some(_) => format!("{}{}{name}", world.url(seen.listener), local::TERMS),
    };
    let words = format!(
        "the terms of plan `{name}` are not accepted as they are now: read {address}, then tell whoever gave you the key"
    );
    Reason::TermsNotAccepted.because(words).origin(plan.origin.clone())
}

/// What was decided, in words.
pub(crate) fn words(world: &World, seen: &Seen) -> Option<Decision> {
    let served = world.offer_of(seen)?;
    let plan = world.plan(seen)?;
    Some(Decision {
        stage: Stage::Permission,
        subject: plan.plan.name.to_string(),
        words: if served.offer.rule.is_empty() {
            "everything is open".to_owned()
        } else {
            served.offer.rule.clone()
        },
        origin: Some(served.offer.rule_origin.to_string()),
        refused: None,
    })
}
