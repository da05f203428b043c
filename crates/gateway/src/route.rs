//! Which offer and operation a request is for.
//!
//! What is matched here is the normalised path that will be limited, recorded and forwarded.
//! Source: RFC 9110 §15.5.5, §15.5.6; §9.3.7 and §7.6.2 for `OPTIONS`.

use crate::cors;
use crate::local::{self, Local};
use crate::seen::Seen;
use crate::under_way::{Bound, Exchange, Way};
use crate::wire::Head;
use crate::world::World;
use board::{Found, Offer, Undeclared};
use exchange::{Decision, Reason, Refusal, Stage};
use http::Method;
use http::header::{ALLOW, HeaderName, HeaderValue};
use std::sync::Arc;

const MAX_FORWARDS: HeaderName = HeaderName::from_static("max-forwards");
/// What is said to be allowed where no contract says it.
const USUAL: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// The request has an offer; where the contract knows it, an operation.
#[derive(Debug)]
pub(crate) struct Routed {
    offer: usize,
    bound: Bound,
}

impl Routed {
    pub(crate) const fn offer(&self) -> usize {
        self.offer
    }

    pub(crate) const fn bound(&self) -> Bound {
        self.bound
    }
}

/// Where a request goes, as decided.
#[derive(Debug)]
pub(crate) enum Target {
    Api { offer: usize, bound: Bound },
    Preflight(usize),
    Own(Local),
}

/// Finds the way of a request.
pub(crate) fn route(call: &mut Exchange) -> Result<Way, Refusal> {
    call.enter(Stage::Offer);
    let decided = decide(&call.world, &call.head, &mut call.facts.seen)?;
    Ok(match decided {
        Target::Own(local) => Way::Own(local),
        Target::Preflight(offer) => Way::Preflight(offer),
        Target::Api { offer, bound } => Way::Api(Routed { offer, bound }),
    })
}

/// Finds the way of a request; what was found stays in `seen`, also when the answer is no.
pub(crate) fn decide(world: &World, head: &Head, seen: &mut Seen) -> Result<Target, Refusal> {
    if let Some(fault) = head.fault {
        let refusal = fault.reason.because(fault.words);
        return Err(match fault.reason {
            Reason::MethodNotAllowed => refusal.field(ALLOW, HeaderValue::from_static(USUAL)),
            _ => refusal,
        });
    }
    if head.is_asterisk() {
        // RFC 9112 §3.2.4: the asterisk form is for OPTIONS alone.
        return match head.method {
            Method::OPTIONS => Ok(Target::Own(Local::Options(HeaderValue::from_static(USUAL)))),
            _ => Err(Reason::Malformed.because("the request target `*` goes with `OPTIONS` only")),
        };
    }
    let path = match &head.path {
        Ok(path) => path,
        Err(error) => return Err(Reason::PathRejected.because(format!("the path is not passed on: {error}"))),
    };
    if let Some(own) = local::well_known(&world.board, path.as_str()) {
        return own_method(head).map(|()| Target::Own(own));
    }
    let Some(router) = world.board.routers.get(seen.listener) else {
        return Err(Reason::Internal.because("this listener has no offers any more"));
    };
    let said = (head.query(), &head.fields);
    let found = router.find_told(&head.host, &head.method, path, said);
    if let Some(other) = path.decoded_by_others()
        && !same(&found, &router.find_told(&head.host, &head.method, &other, said))
    {
        // RFC 3986 §2.2: to us `%3A` is not `:`, to a provider it may be, and then another operation.
        return Err(Reason::PathRejected
            .because("decoded, an encoded character in the path would make it another address"));
    }
    let (offer, below) = match &found {
        Found::Nothing if path.as_str() == "/" => {
            return own_method(head).map(|()| Target::Own(Local::Offers));
        }
        Found::Nothing => {
            return Err(Reason::NoOffer.because(format!("nothing is offered at `{}`", path.as_str())));
        }
        Found::Operation { offer, below, .. }
        | Found::OtherMethods { offer, below, .. }
        | Found::Undeclared { offer, below } => (*offer, *below),
    };
    let Some(index) = world.prepared.index(offer) else {
        return Err(Reason::Internal.because("the offer is not prepared"));
    };
    seen.offer = Some(index);
    seen.below = start_of(path.as_str(), below);
    let served = world.offer(index);
    if served.cors.is_on() && cors::is_preflight(head) {
        return Ok(Target::Preflight(index));
    }
    let refuses = served.api.contract.is_some() && served.api.undeclared == Undeclared::Refuse;
    let bound = match found {
        Found::Operation { operation, .. } => Bound::One(operation),
        Found::OtherMethods { methods, .. } if refuses => {
            return if last_hop(head) {
                Ok(Target::Own(Local::Options(allow(&methods))))
            } else {
                let words = format!("`{}` is not among the methods of this path", method_shown(&head.method));
                Err(refused(offer, Reason::MethodNotAllowed.because(words)).field(ALLOW, allow(&methods)))
            };
        }
        Found::Undeclared { .. } if refuses => {
            let words = format!("the API has no path `{}`", seen.below(path.as_str()));
            return Err(refused(offer, Reason::NoOperation.because(words)));
        }
        _ => Bound::Unknown,
    };
    seen.bound = bound;
    if last_hop(head) {
        return Ok(Target::Own(Local::Options(HeaderValue::from_static(USUAL))));
    }
    Ok(Target::Api { offer: index, bound })
}

/// What routing found, in words.
pub(crate) fn words(world: &World, seen: &Seen) -> Vec<Decision> {
    let mut out = Vec::new();
    if let Some(listener) = world.board.listeners.get(seen.listener) {
        out.push(Decision {
            stage: Stage::Listener,
            subject: listener.name.to_string(),
            words: String::new(),
            origin: Some(listener.origin.to_string()),
            refused: None,
        });
    }
    let Some(served) = world.offer_of(seen) else { return out };
    let rule = if served.offer.rule.is_empty() { "everything".to_owned() } else { served.offer.rule.clone() };
    out.push(Decision {
        stage: Stage::Offer,
        subject: served.offer.id.to_string(),
        words: rule,
        origin: Some(served.offer.origin.to_string()),
        refused: None,
    });
    let operation = match seen.bound {
        Bound::One(index) => served.operation(index),
        Bound::Unknown => None,
    };
    let place = match (seen.bound, &served.api.contract) {
        (Bound::One(index), Some(contract)) => contract.operation_place(index),
        _ => None,
    };
    out.push(Decision {
        stage: Stage::Operation,
        subject: operation
            .map_or_else(|| "unchecked".to_owned(), |known| format!("{}.{}", served.api.name, known.id)),
        words: match (operation, &served.api.contract) {
            (Some(known), _) => format!("{} {}", known.method(), known.template()),
            (None, Some(_)) => "the contract has no such path".to_owned(),
            (None, None) => "the API has no contract".to_owned(),
        },
        origin: place.map(|(file, line)| format!("{file}:{line}")),
        refused: None,
    });
    out
}

/// Whether two paths lead to the same offer and the same of its operations.
fn same(one: &Found<'_, '_>, other: &Found<'_, '_>) -> bool {
    let place = |found: &Found<'_, '_>| match found {
        Found::Operation { offer, operation, .. } => Some((Arc::as_ptr(offer), Some(*operation))),
        Found::OtherMethods { offer, .. } | Found::Undeclared { offer, .. } => {
            Some((Arc::as_ptr(offer), None))
        }
        Found::Nothing => None,
    };
    place(one) == place(other)
}

/// Only reading is offered on our own pages.
fn own_method(head: &Head) -> Result<(), Refusal> {
    if matches!(head.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let refusal = Reason::MethodNotAllowed.because("this page can only be read");
    Err(refusal.field(ALLOW, HeaderValue::from_static("GET, HEAD")))
}

/// `Max-Forwards: 0` on OPTIONS: we are the last who may answer (RFC 9110 §7.6.2).
fn last_hop(head: &Head) -> bool {
    head.method == Method::OPTIONS && head.text(&MAX_FORWARDS) == Some("0")
}

fn refused(offer: &Arc<Offer>, refusal: Refusal) -> Refusal {
    refusal.origin(offer.origin.clone())
}

fn allow(methods: &[Method]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") && !names.contains(&"HEAD") {
        names.push("HEAD");
    }
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(USUAL))
}

/// A caller's method, short enough for a message.
fn method_shown(method: &Method) -> &str {
    method.as_str().get(..32).unwrap_or(method.as_str())
}

/// Where `below` begins in `path`; at the end where it is the `/` of a bare address.
fn start_of(path: &str, below: &str) -> usize {
    if path.ends_with(below) { path.len() - below.len() } else { path.len() }
}
