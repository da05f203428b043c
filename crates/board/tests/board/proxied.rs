//! `switchboard proxy`: flags become a board, and the text of the file that says the same.

use crate::harness::World;
use board::{Auth, Board, CredentialPlace, Per, ProxyFlags, proxy};
use std::path::Path;

fn flags() -> ProxyFlags {
    ProxyFlags {
        url: "http://127.0.0.1:3000".to_owned(),
        contract: None,
        overlays: Vec::new(),
        refs_from: Vec::new(),
        key: false,
        limit: None,
        cors: Vec::new(),
        credential: None,
        listen: "127.0.0.1:8080".parse().unwrap(),
        folder: "/state/proxy".into(),
    }
}

/// What matters of a board, in words.
fn gist(board: &Board) -> String {
    let apis: Vec<_> = board
        .apis
        .iter()
        .map(|api| {
            let upstream = &api.upstream;
            (&api.name, api.undeclared, api.checks, &upstream.servers, upstream.fingerprint, &api.offers)
        })
        .collect();
    let bind: Vec<_> = board.listeners.iter().map(|listener| (listener.bind, &listener.url)).collect();
    format!(
        "{apis:?} {bind:?} {:?} {:?} {:?}",
        board.plans,
        board.console.as_ref().map(|console| console.bind),
        board.record
    )
}

#[test]
fn flags_and_the_file_they_amount_to_are_one_board() {
    let world =
        World::default().variable("K", "secret").file("../contract.yaml", include_str!("orders.yaml"));
    let full = ProxyFlags {
        url: "https://api.weather.example/v1/".to_owned(),
        contract: Some("/contract.yaml".into()),
        key: true,
        limit: Some("60/min burst 5".to_owned()),
        cors: vec!["https://shop.acme.example".to_owned(), "*".to_owned()],
        credential: Some("env:K".to_owned()),
        ..flags()
    };
    for flags in [flags(), full] {
        let (board, text) = proxy(&flags, &world).unwrap_or_else(|told| panic!("{}", told.render(false)));
        let again =
            World::with(&text).variable("K", "secret").file("../contract.yaml", include_str!("orders.yaml"));
        assert_eq!(gist(&board), gist(&again.board()), "{text}");
        assert_eq!(board.ledger.folder, Path::new("/state/proxy"));
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn without_a_key_a_limit_counts_per_address() {
    let flags = ProxyFlags { limit: Some("60/min".to_owned()), ..flags() };
    let (board, _) = proxy(&flags, &World::default()).unwrap();
    let plan = &board.apis[0].offers[0].plans[0];
    assert_eq!((plan.auth, plan.limits[0].per), (Auth::None, Per::Address));
    assert!(board.apis[0].offers[0].key_places.is_empty());
}

#[test]
fn a_credential_without_a_contract_is_a_bearer() {
    let flags = ProxyFlags { credential: Some("env:K".to_owned()), key: true, ..flags() };
    let (board, _) = proxy(&flags, &World::default().variable("K", "secret")).unwrap();
    assert_eq!(board.apis[0].upstream.credentials[0].place, CredentialPlace::Bearer);
    assert_eq!(board.plans[0].auth, Auth::Key);
    assert_eq!(board.apis[0].name.as_str(), "api");
}

#[test]
fn faults_of_flags_are_told() {
    for (flags, code) in [
        (ProxyFlags { url: "127.0.0.1:3000".to_owned(), ..flags() }, "bad-flag"),
        (ProxyFlags { limit: Some("60".to_owned()), ..flags() }, "bad-rate"),
        (ProxyFlags { credential: Some("sk_live_1234".to_owned()), ..flags() }, "literal-secret"),
        (ProxyFlags { cors: vec!["shop".to_owned()], ..flags() }, "bad-origin"),
        (ProxyFlags { contract: Some("/nowhere.yaml".into()), ..flags() }, "contract-unreadable"),
    ] {
        let told = proxy(&flags, &World::default()).unwrap_err();
        assert_eq!(told.0[0].code, code);
        assert!(!told.render(false).contains("sk_live_1234"));
    }
}
