//! Who calls: by the key they hold. Each kind of proof has a file; today there is one.
//!
//! Source: RFC 9110 §11.6.1, §11.6.2; RFC 6750 §2, §3.

pub(crate) mod key;

use crate::guesses;
use crate::route::Routed;
use crate::seen::{Caller, Seen};
use crate::under_way::{Bound, Exchange};
use crate::wire::Head;
use crate::world::World;
use board::{KeyPlace, Offer};
use exchange::{As, Decision, KeyDigest, Reason, Refusal, Stage};
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

/// The caller is known, or nobody had to be.
#[derive(Debug)]
pub(crate) struct Identified {
    routed: Routed,
}

impl Identified {
    pub(crate) const fn offer(&self) -> usize {
        self.routed.offer()
    }

    pub(crate) const fn bound(&self) -> Bound {
        self.routed.bound()
    }
}

/// Names the caller. Wrong keys are paid for by the address they come from.
pub(crate) fn identify(call: &mut Exchange, routed: Routed) -> Result<Identified, Refusal> {
    call.enter(Stage::Caller);
    let asks = call.world.offer(routed.offer()).asks_for_a_key();
    if asks {
        guesses::look(&call.world, &call.facts.seen, call.worker.shared())?;
    }
    match decide(&call.world, &call.head, &call.facts.seen) {
        Ok(caller) => {
            let minute = call.facts.seen.at_ms / 60_000;
            if let Caller::Key(entry, digest) = &caller
                && entry.is_first_in(minute)
            {
                call.worker.recorder().key_used(*digest, minute);
            }
            call.facts.seen.caller = Some(caller);
            Ok(Identified { routed })
        }
        // Who holds a key of ours did not guess.
        Err(refusal) if refusal.reason == Reason::KeyExpired => Err(refusal),
        Err(refusal) => {
            guesses::pay(&call.world, &call.facts.seen, call.worker.shared());
            Err(refusal)
        }
    }
}

/// Names the caller, or says why not. Pure: accounts are given.
pub(crate) fn decide(world: &World, head: &Head, seen: &Seen) -> Result<Caller, Refusal> {
    let Some(served) = world.offer_of(seen) else {
        return Err(Reason::Internal.because("no offer was found before"));
    };
    if let As::Consumer(name) = &seen.who {
        return match world.accounts.by_name(name.as_str()) {
            Some(consumer) => Ok(Caller::Named(consumer.clone())),
            None => Err(Reason::KeyUnknown.because(format!("there is no consumer `{name}`"))),
        };
    }
    if !served.asks_for_a_key() {
        return Ok(Caller::Anonymous);
    }
    let challenged = |refusal: Refusal, value: HeaderValue| {
        refusal.field(WWW_AUTHENTICATE, value).origin(served.offer.plans_origin.clone())
    };
    let key = match key::find(&served.offer.key_places, head) {
        Ok(Some(key)) => key,
        Ok(None) if served.open_plan.is_some() => return Ok(Caller::Anonymous),
        Ok(None) => {
            let words = format!("send your key in {}", places(&served.offer));
            return Err(challenged(Reason::KeyMissing.because(words), served.challenge.clone()));
        }
        Err(key::Different) => {
            // RFC 6750 §2: one method per request.
            let words = "different keys were sent in different places: send one";
            return Err(challenged(Reason::KeyUnknown.because(words), invalid(&served.offer)));
        }
    };
    let digest = KeyDigest::of(&key);
    if let Some(entry) = world.accounts.by_key(&digest) {
        if let Some(end) = entry.expires_ms.filter(|end| *end <= seen.at_ms) {
            // Only who holds the key gets here: strangers learn nothing.
            let ended = exchange::minute_of(end);
            let words = format!("the key ended at {ended}: ask whoever gave it to you for its successor");
            return Err(challenged(Reason::KeyExpired.because(words), invalid(&served.offer)));
        }
        return Ok(Caller::Key(entry.clone(), digest));
    }
    let words = match exchange::ApiKey::parse(&key) {
        Err(exchange::KeyError::Checksum) => exchange::KeyError::Checksum.to_string(),
        _ => "no such key, or it was revoked".to_owned(),
    };
    Err(challenged(Reason::KeyUnknown.because(words), invalid(&served.offer)))
}

/// Who calls, in words.
pub(crate) fn words(world: &World, seen: &Seen) -> Option<Decision> {
    let served = world.offer_of(seen)?;
    let plan = world.plan(seen).map(|plan| format!("plan {}", plan.plan.name));
    let join = |first: &str| match &plan {
        Some(plan) if first.is_empty() => plan.clone(),
        Some(plan) => format!("{first}, {plan}"),
        None => first.to_owned(),
    };
    let (subject, words) = match seen.caller.as_ref()? {
        Caller::Anonymous => ("anybody".to_owned(), join("")),
        Caller::Named(consumer) => (consumer.name.to_string(), join("by name, without a key")),
        Caller::Key(entry, digest) => {
            let mut key = match &entry.tail {
                None => format!("key {}", exchange::KeyId::of(digest)),
                Some(tail) => format!("key ending {tail}"),
            };
            if let Some(scope) = entry.scope {
                key.push(' ');
                key.push_str(&world.scopes.words(scope));
            }
            (entry.consumer.name.to_string(), join(&key))
        }
    };
    let origin = Some(served.offer.plans_origin.to_string());
    Some(Decision { stage: Stage::Caller, subject, words, origin, refused: None })
}

/// The challenge of an offer (RFC 9110 §11.6.1), without an error where no key was sent (RFC 6750 §3).
pub(crate) fn challenge(offer: &Offer) -> HeaderValue {
    HeaderValue::from_str(&challenges(offer, "")).unwrap_or(HeaderValue::from_static("Bearer"))
}

fn invalid(offer: &Offer) -> HeaderValue {
    HeaderValue::from_str(&challenges(offer, ", error=\"invalid_token\""))
        .unwrap_or(HeaderValue::from_static("Bearer"))
}

fn challenges(offer: &Offer, error: &str) -> String {
    let realm = offer.api.as_str();
    let each = offer.key_places.iter().map(|place| match place {
        KeyPlace::Bearer => format!("Bearer realm=\"{realm}\"{error}"),
        KeyPlace::Header(name) => format!("ApiKey realm=\"{realm}\", in=\"header\", name=\"{name}\""),
        KeyPlace::Query(name) => format!("ApiKey realm=\"{realm}\", in=\"query\", name=\"{name}\""),
        KeyPlace::Cookie(name) => format!("ApiKey realm=\"{realm}\", in=\"cookie\", name=\"{name}\""),
    });
    each.collect::<Vec<_>>().join(", ")
}

/// Where an offer takes a key, in words.
pub(crate) fn places(offer: &Offer) -> String {
    let each = offer.key_places.iter().map(|place| match place {
        KeyPlace::Bearer => "`Authorization: Bearer …`".to_owned(),
        KeyPlace::Header(name) => format!("the header `{name}`"),
        KeyPlace::Query(name) => format!("the query parameter `{name}`"),
        KeyPlace::Cookie(name) => format!("the cookie `{name}`"),
    });
    each.collect::<Vec<_>>().join(" or ")
}
