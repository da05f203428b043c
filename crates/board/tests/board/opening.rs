//! Whatever opens is told as opening: pairs of small boards made at random, and every call that one refuses and the other takes.

mod asking;
mod boards;

use crate::changing::line;
use asking::{CALLS, In, ask};
use board::{Change, Effect, changes};
use boards::pair;
use proptest::prelude::*;

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
