//! Whatever opens is told as opening: pairs of small boards made at random, and every call that one refuses and the other takes.
//!
//! Routers are asked as the gateway asks them, permits as `gateway::permit` decides.

mod boards;

use crate::changing::line;
use board::{Auth, Board, Change, Effect, Found, NormalPath, Offer, Undeclared, changes};
use boards::pair;
use exchange::ConsumerRow;
use http::Method;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

/// A call: an address, a host, a method and a path.
#[derive(Debug)]
struct Call {
    port: u16,
    host: &'static str,
    method: Method,
    path: NormalPath,
}

static CALLS: LazyLock<Vec<Call>> = LazyLock::new(calls);

fn calls() -> Vec<Call> {
    let paths = [
        "/",
        "/a",
        "/a/b",
        "/a/c",
        "/c/b",
        "/c/d",
        "/a/c.csv",
        "/x/y/z",
        "/v",
        "/v/a",
        "/v/a/b",
        "/v/a/c",
        "/v/c/b",
        "/v/a/c.csv",
        "/v/x/y/z",
        "/v/w",
        "/v/w/a/b",
        "/v/w/a/c",
        "/v/w/c/b",
        "/v/w/x/y/z",
        "/a/a",
        "/a/a/b",
        "/a/a/c",
        "/a/x/y/z",
    ];
    let mut calls = Vec::new();
    for port in [8080, 8081, 8082] {
        for host in ["h.example", "other.example"] {
            for method in [Method::GET, Method::POST, Method::HEAD, Method::DELETE] {
                calls.extend(paths.iter().map(|path| Call {
                    port,
                    host,
                    method: method.clone(),
                    path: NormalPath::parse(path).unwrap(),
                }));
            }
        }
    }
    calls
}

/// How a call is let in: by which offer, which operation, under which plan.
#[derive(Debug)]
struct In<'b> {
    offer: &'b Arc<Offer>,
    operation: Option<&'b str>,
    /// `None`: anybody is let in.
    plan: Option<&'b str>,
    listener: &'b str,
}

fn ask<'b>(board: &'b Board, caller: Option<&str>, call: &Call) -> Option<In<'b>> {
    let listener = board.listeners.iter().position(|listener| listener.bind.port() == call.port)?;
    let found = board.routers[listener].find(call.host, &call.method, &call.path);
    let (offer, operation) = match found {
        Found::Operation { offer, operation, .. } => (offer, Some(operation)),
        Found::OtherMethods { offer, .. } | Found::Undeclared { offer, .. } => (offer, None),
        Found::Nothing => return None,
    };
    let api = board.api(offer.api.as_str()).unwrap();
    if operation.is_none() && api.contract.is_some() && api.undeclared == Undeclared::Refuse {
        return None;
    }
    let open = operation.map_or(offer.opens_undeclared, |index| offer.opens[index]);
    if !open {
        return None;
    }
    let held: Option<&ConsumerRow> = caller.and_then(|name| {
        let rows = &board.consumers;
        let has_key = rows.keys.iter().any(|key| key.consumer.as_str() == name);
        rows.consumers.iter().find(|row| row.name.as_str() == name && has_key && !row.suspended)
    });
    let anybody = offer.plans.iter().any(|plan| plan.auth == Auth::None);
    let holds = |plan: &str| held.is_some_and(|row| row.plans.iter().any(|name| name.as_str() == plan));
    let plan = offer.plans.iter().find(|plan| plan.auth == Auth::Key && holds(plan.name.as_str()));
    if !anybody && plan.is_none() {
        return None;
    }
    let operation =
        operation.and_then(|index| Some(api.contract.as_ref()?.operations.get(index)?.id.as_str()));
    let plan = if anybody { None } else { plan.map(|plan| plan.name.as_str()) };
    Some(In { offer, operation, plan, listener: &board.listeners[listener].name })
}

/// Whether a line tells that this way in has opened, to this caller.
fn tells(change: &Change, way: &In<'_>, caller: Option<&str>) -> bool {
    if change.effect != Effect::Opens {
        return false;
    }
    if let (Some(consumer), Some(caller)) = (&change.consumer, caller) {
        return consumer.as_str() == caller;
    }
    let place = change.listener.as_deref() == Some(way.listener);
    let offer = change.offers.contains(&way.offer.id);
    let operation = change.operations.is_empty()
        || way.operation.map_or(change.rule == "operation-unchecked", |id| {
            change.operations.iter().any(|known| known == id)
        });
    let whom = change.whom.anybody
        || way.plan.is_some_and(|plan| change.whom.plans.iter().any(|name| name.as_str() == plan));
    offer && (place || change.listener.is_none() && operation) && whom && REACH.contains(&change.rule)
}

/// Kinds of changes that are about who may call what: more calls or fewer checks open something else.
const REACH: [&str; 14] = [
    "listener-added",
    "address-opened",
    "offer-added",
    "plan-enters",
    "auth-dropped",
    "operation-opened",
    "operation-added",
    "operation-unchecked",
    "undeclared-passes",
    "contract-removed",
    "path-falls",
    "consumer-added",
    "plan-held",
    "key-added",
];

proptest! {
    // `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(500)))]

    #[test]
    fn a_call_that_is_taken_and_was_refused_has_a_line_that_says_what_opened((old, new) in pair()) {
        let (old_world, new_world) = (old.world(), new.world());
        // Two boards that do not load are nobody's change.
        let (Ok(before), Ok(after)) = (old_world.load(), new_world.load()) else {
            prop_assert!(false, "{}{}", old_world.told().render(false), new_world.told().render(false));
            return Ok(());
        };
        let found = changes(&before, &after, &[]);
        for call in CALLS.iter() {
            for caller in [None, Some("x"), Some("y"), Some("z")] {
                let Some(way) = ask(&after, caller, call) else { continue };
                if ask(&before, caller, call).is_none() {
                    prop_assert!(
                        found.iter().any(|change| tells(change, &way, caller)),
                        "{caller:?} {call:?} {way:?}\n{}",
                        found.iter().map(line).collect::<Vec<_>>().join("\n")
                    );
                }
            }
        }
        // Nothing opens in a board that stayed as it was.
        prop_assert!(changes(&after, &after, &[]).is_empty());
    }
}
