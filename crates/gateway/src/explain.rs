//! What would happen to a request, and which line of which file says so.
//!
//! The same decisions as those of the stages, made without taking anything: limits are looked at, the
//! body is not there, nothing is sent. It goes on after a no.

use crate::seen::{Caller, Seen};
use crate::under_way::Peer;
use crate::wire::Head;
use crate::world::{Served, Shared, World};
use crate::{admit, check, cors, forward, identify, permit, route};
use board::CheckMode;
use contract::Violation;
use exchange::{As, ConsumerName, Decision, Reason, Refusal, Stage};
use http::{HeaderMap, Method, Uri, Version};

/// A request to explain.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method.
    pub method: Method,
    /// Path and query, or a whole URL.
    pub target: Uri,
    /// Fields; without `Host` the listener's own name is taken.
    pub fields: HeaderMap,
    /// The consumer it is made as; none: it identifies itself by its fields, or not at all.
    pub who: Option<ConsumerName>,
    /// Name of the listener; none: the one whose port a whole URL has, else the board's first.
    pub listener: Option<String>,
}

/// Runs every decision.
pub(crate) fn explain(world: &World, shared: &Shared, asked: &Asked) -> Vec<Decision> {
    let listener = world.listener(asked.listener.as_deref(), asked.target.port_u16());
    let mut fields = asked.fields.clone();
    if !fields.contains_key(http::header::HOST) {
        let named = asked.target.authority().map(ToString::to_string);
        let own = || world.url(listener).rsplit('/').next().map(str::to_owned);
        if let Some(Ok(host)) = named.or_else(own).map(|host| host.parse()) {
            fields.insert(http::header::HOST, host);
        }
    }
    let head = Head::read(asked.method.clone(), asked.target.clone(), Version::HTTP_11, fields);
    let who = asked.who.clone().map_or(As::Nobody, As::Consumer);
    let peer = Peer { listener, address: None, https: false };
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let at_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let now = (shared.nanos(std::time::Instant::now()), at_ms);
    let mut seen = Seen::of(world, &head, peer, now, who);
    decide(world, shared, &head, &mut seen)
}

fn decide(world: &World, shared: &Shared, head: &Head, seen: &mut Seen) -> Vec<Decision> {
    let target = route::decide(world, head, seen);
    let mut out = route::words(world, seen);
    match target {
        Ok(route::Target::Api { .. }) => {}
        Ok(route::Target::Own(_)) => {
            out.push(said(Stage::Offer, "switchboard", "answered by the gateway itself"));
            return out;
        }
        Ok(route::Target::Preflight(_)) => {
            match cors::words(world, head, seen) {
                Ok(words) => out.push(said(Stage::Offer, "preflight", &words)),
                Err(refusal) => out.push(no(Stage::Offer, &refusal)),
            }
            return out;
        }
        Err(refusal) => {
            let stage = if seen.offer.is_some() { Stage::Operation } else { Stage::Offer };
            out.push(no(stage, &refusal));
            if seen.offer.is_none() {
                return out;
            }
        }
    }
    let caller = identify::decide(world, head, seen);
    let nobody = caller.is_err();
    let refused = caller.as_ref().err().map(|refusal| no(Stage::Caller, refusal));
    seen.caller = Some(caller.unwrap_or(Caller::Anonymous));
    let permitted = permit::decide(world, seen);
    seen.plan = permitted.as_ref().ok().copied().flatten();
    out.extend(refused.or_else(|| identify::words(world, seen)));
    match permitted {
        Ok(_) => out.extend(permit::words(world, seen)),
        // Who is not known has no plan either: that says nothing more.
        Err(refusal) if nobody && refusal.reason == Reason::PlanMissing => {}
        Err(refusal) => out.push(no(Stage::Permission, &refusal)),
    }
    let admitted = admit::decide(world, seen, shared);
    out.extend(admit::words(world, seen));
    out.extend(admitted.err().map(|refusal| no(Stage::Limit, &refusal)));
    let Some(served) = world.offer_of(seen) else { return out };
    match check::decide(served, seen.bound, head, seen.below) {
        Ok(_) => out.push(check::words(served, seen.bound, 0)),
        Err(refusal) => {
            let reported = served.api.checks.requests == CheckMode::Report;
            for (violation, rule) in refusal.violations.iter().zip(rules(served, &refusal.violations)) {
                let mut decision = no(Stage::Request, &refusal);
                decision.words = violation.to_string();
                decision.origin = rule.or(decision.origin);
                if reported {
                    decision.words.push_str(": passed on, reported");
                    decision.refused = None;
                }
                out.push(decision);
            }
        }
    }
    let mut provider = forward::words(served, None);
    let path = head.path.as_ref().map_or("/", |path| path.as_str());
    provider.subject.push_str(seen.below(path));
    "would be sent here".clone_into(&mut provider.words);
    out.push(provider);
    out
}

/// The contract's lines of rules, in one look at its text.
fn rules(served: &Served, broken: &[Violation]) -> Vec<Option<String>> {
    let Some(contract) = &served.api.contract else { return vec![None; broken.len()] };
    let pointers: Vec<_> = broken.iter().map(|violation| violation.rule.clone()).collect();
    let line = |line: u32| (line > 0).then(|| format!("{}:{line}", contract.name));
    contract.lines(&pointers).into_iter().map(line).collect()
}

fn said(stage: Stage, subject: &str, words: &str) -> Decision {
    Decision { stage, subject: subject.to_owned(), words: words.to_owned(), origin: None, refused: None }
}

/// A refusal as a decision.
pub(crate) fn no(stage: Stage, refusal: &Refusal) -> Decision {
    Decision {
        stage,
        subject: refusal.reason.title().to_owned(),
        words: refusal.detail.clone(),
        origin: refusal.origin.as_ref().map(ToString::to_string),
        refused: Some(refusal.reason.slug().to_owned()),
    }
}
