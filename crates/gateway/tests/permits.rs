//! What the tests of `board::changes` take for let in is what this gateway lets in: its own decisions, up to the permit.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and uses a part of what the board's tests are made of"
)]

#[path = "../../board/tests/board/opening/asking.rs"]
mod asking;
#[path = "../../board/tests/board/opening/boards.rs"]
mod boards;
#[path = "../../board/tests/board/harness.rs"]
mod harness;

use asking::{CALLS, ask};
use boards::pair;
use exchange::{Accounts, KeyDigest, Stage};
use gateway::{Asked, explain_cold};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use std::sync::Arc;

/// The key of a consumer, which the boards hold the digest of.
fn key_of(board: &board::Board, consumer: &str) -> Option<String> {
    let mut keys = (0..3).map(|number| format!("key-{number}"));
    keys.find(|key| {
        let digest = KeyDigest::of(key);
        board.consumers.keys.iter().any(|row| row.digest == digest && row.consumer.as_str() == consumer)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn routers_and_permits_are_asked_as_the_gateway_asks_them(
        (spec, _) in pair(),
        asked in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(0..3_usize)), 24),
    ) {
        let board = Arc::new(spec.world().board());
        let people = &board.consumers;
        let accounts = Accounts::new(people.consumers.clone(), people.keys.clone(), |plan| board.limits_of(plan), None);
        let accounts = Arc::new(accounts);
        for (index, caller) in asked {
            let call = index.get(&CALLS);
            let caller = caller.map(|number| ["x", "y", "z"][number]);
            let Some(listener) = board.listeners.iter().find(|listener| listener.bind.port() == call.port) else {
                continue;
            };
            let mut fields = HeaderMap::new();
            fields.insert("host", HeaderValue::from_static(call.host));
            if let Some(key) = caller.and_then(|name| key_of(&board, name)) {
                fields.insert("x-api-key", key.parse().unwrap());
            }
            let question = Asked {
                method: call.method.clone(),
                target: call.path.as_str().parse().unwrap(),
                fields,
                who: None,
                listener: Some(listener.name.to_string()),
            };
            let decisions = explain_cold(Arc::clone(&board), Arc::clone(&accounts), &question).unwrap();
            let early = [Stage::Listener, Stage::Offer, Stage::Operation, Stage::Caller, Stage::Permission];
            let refused = decisions.iter().any(|one| early.contains(&one.stage) && one.refused.is_some());
            // `GET /` where nothing stands is answered by the gateway itself, with what it offers.
            let own = decisions.iter().any(|one| one.words == "answered by the gateway itself");
            prop_assert_eq!(
                ask(&board, caller, call).is_some(),
                !refused && !own,
                "{:?} {:?} {:#?}", caller, call, decisions
            );
        }
    }
}
