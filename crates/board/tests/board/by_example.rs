//! The board of the manual, word for word: it loads but for the words that are not built yet.

use crate::harness::World;
use board::{Auth, CheckMode, Credential, CredentialPlace, Found, KeyPlace, NormalPath, Per};
use http::Method;
use std::time::Duration;

/// As it stands in the manual.
const BY_EXAMPLE: &str = include_str!("by-example.toml");

fn world(text: &str) -> World {
    World::with(text)
        .file("../orders/openapi.yaml", include_str!("orders.yaml"))
        .file("contracts/weather.yaml", include_str!("weather.yaml"))
        .variable("WEATHER_KEY", "sunny")
}

#[test]
fn the_manual_s_board_has_no_fault_but_words_that_are_not_built_yet() {
    let told = world(BY_EXAMPLE).load().unwrap_err();
    let errors: Vec<&str> = told
        .0
        .iter()
        .filter(|diagnostic| diagnostic.severity == board::Severity::Error)
        .map(|diagnostic| diagnostic.headline.as_str())
        .collect();
    assert_eq!(
        errors,
        [
            "`auth = oidc:acme` is not built yet",
            "`auth = oidc:acme` is not built yet",
            "`issuers` is not built yet"
        ],
        "{}",
        told.render(false)
    );
    assert!(told.0.iter().all(|diagnostic| diagnostic.code != "unknown-key"));
}

#[test]
fn the_manual_s_board_without_them_means_what_the_manual_says() {
    let text =
        BY_EXAMPLE.replace("\"oidc:acme\"", "\"key\"").split("[issuers.acme]").next().unwrap().to_owned();
    let board = world(&text).board();
    assert_eq!(board.listeners.len(), 1);
    assert_eq!(board.listeners[0].url, "http://127.0.0.1:8080");
    assert_eq!(board.console.as_ref().unwrap().bind.to_string(), "127.0.0.1:8088");
    let orders = board.api("orders").unwrap();
    assert_eq!(orders.checks.requests, CheckMode::Block);
    assert_eq!(orders.checks.responses, CheckMode::Report);
    assert_eq!(orders.upstream.servers.len(), 2);
    assert_eq!(orders.upstream.timeout, Duration::from_secs(3));
    assert_eq!(orders.upstream.pace.unwrap().count(), 200);
    let public = &orders.offers[0];
    assert_eq!((&*public.id, &*public.at), ("orders.public", "/orders/v1"));
    assert_eq!(public.opens, [true, false, true], "tag, GET * and an id");
    assert_eq!(public.key_places, [KeyPlace::Header("x-orders-key".parse().unwrap()), KeyPlace::Bearer]);
    assert_eq!(public.plans.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), ["free", "partner"]);
    assert_eq!(public.plans_origin.to_string(), "switchboard.toml:17");
    let weather = board.api("weather").unwrap();
    let [Credential { place, secret, reference, .. }] = weather.upstream.credentials.as_slice() else {
        panic!()
    };
    assert_eq!(*place, CredentialPlace::Query("apikey".to_owned()));
    assert_eq!((secret.reveal(), reference.as_str()), ("sunny", "env:WEATHER_KEY"));
    assert!(weather.offers[0].cors.allows("https://shop.acme.example"));
    assert_eq!(weather.offers[0].plans[0].auth, Auth::None);
    assert_eq!(weather.offers[0].plans[0].limits[0].per, Per::Address);
    assert!(!format!("{board:?}").contains("sunny"), "no secret in Debug");
}

#[test]
fn the_router_finds_offer_and_operation() {
    let text =
        BY_EXAMPLE.replace("\"oidc:acme\"", "\"key\"").split("[issuers.acme]").next().unwrap().to_owned();
    let board = world(&text).board();
    let find = |method: Method, path: &str| {
        let path = NormalPath::parse(path).unwrap();
        match board.routers[0].find("127.0.0.1", &method, &path) {
            Found::Operation { offer, operation, below } => format!("{} {operation} {below}", offer.id),
            Found::OtherMethods { offer, methods, .. } => format!("{} not, but {methods:?}", offer.id),
            Found::Undeclared { offer, below } => format!("{} ? {below}", offer.id),
            Found::Nothing => "nothing".to_owned(),
        }
    };
    for (method, path, expected) in [
        (Method::GET, "/orders/v1/orders/7", "orders.public 2 /orders/7"),
        (Method::HEAD, "/orders/v1/orders/7", "orders.public 2 /orders/7"),
        (Method::GET, "/internal/orders/orders", "orders.internal 0 /orders"),
        (Method::DELETE, "/orders/v1/orders", "orders.public not, but [GET, POST]"),
        (Method::OPTIONS, "/orders/v1/orders", "orders.public not, but [GET, POST]"),
        (Method::GET, "/orders/v1/other", "orders.public ? /other"),
        (Method::GET, "/orders/v10/orders", "nothing"),
        (Method::GET, "/weather/v1/forecast", "weather.shop 0 /v1/forecast"),
    ] {
        assert_eq!(find(method.clone(), path), expected, "{method} {path}");
    }
}
