//! The board that is written is the one that is embedded, with the addresses of the run.

use demo::board::{Addresses, CONSUMERS, ORDERS_YAML, SWITCHBOARD_TOML, WEATHER_YAML, write};
use serde_json::Value;

fn addresses() -> Addresses<'static> {
    Addresses {
        weather: "http://127.0.0.1:8088",
        orders: "http://127.0.0.1:7002",
        gateway: "127.0.0.1:9001".parse().unwrap(),
        console: "127.0.0.1:7088".parse().unwrap(),
    }
}

#[test]
fn a_written_board_has_the_addresses_of_its_run_and_nothing_else_changed() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &addresses()).expect("an empty folder");
    let board = std::fs::read_to_string(folder.path().join("switchboard.toml")).unwrap();
    let changed =
        board.lines().zip(SWITCHBOARD_TOML.lines()).filter(|(new, old)| new != old).map(|(new, _)| new);
    assert_eq!(
        changed.collect::<Vec<_>>(),
        [
            "bind = \"127.0.0.1:9001\"",
            "urls    = [\"http://127.0.0.1:8088\"]",
            "urls    = [\"http://127.0.0.1:7002\"]",
            "bind = \"127.0.0.1:7088\"",
        ]
    );
    for (name, text) in [("weather.yaml", WEATHER_YAML), ("orders.yaml", ORDERS_YAML)] {
        assert_eq!(std::fs::read_to_string(folder.path().join("contracts").join(name)).unwrap(), text);
    }
    let readme = std::fs::read_to_string(folder.path().join("README.md")).unwrap();
    assert!(readme.contains("http://127.0.0.1:9001/orders/v1/orders/4021"), "{readme}");
}

#[test]
fn a_board_that_is_there_already_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("switchboard.toml"), "mine").unwrap();
    let error = write(folder.path(), &addresses()).unwrap_err();
    assert!(error.to_string().contains("switchboard.toml`: choose an empty folder"), "{error}");
    assert_eq!(std::fs::read_to_string(folder.path().join("switchboard.toml")).unwrap(), "mine");
}

#[test]
fn every_consumer_holds_a_plan_of_the_board() {
    for (consumer, plan) in CONSUMERS {
        assert!(SWITCHBOARD_TOML.contains(&format!("[plans.{plan}]")), "{consumer}: {plan}");
    }
}

#[test]
fn contracts_are_documents_whose_references_lead_somewhere() {
    for (text, version, operations) in [
        (WEATHER_YAML, "3.0.3", &["forecast"][..]),
        (
            ORDERS_YAML,
            "3.1.0",
            &[
                "listOrders",
                "createOrder",
                "getOrder",
                "replaceOrder",
                "updateOrder",
                "deleteOrder",
                "cancelOrder",
            ],
        ),
    ] {
        let document: Value = serde_saphyr::from_str(text).expect("YAML");
        assert_eq!(document["openapi"], version);
        let mut ids = Vec::new();
        walk(&document, &mut |name, value| match (name, value) {
            ("operationId", Value::String(id)) => ids.push(id.clone()),
            ("$ref", Value::String(target)) => {
                let found = document.pointer(target.trim_start_matches('#'));
                assert!(found.is_some(), "{target} leads nowhere");
            }
            ("description" | "summary", value) => assert!(value.is_string(), "{value}"),
            _ => {}
        });
        assert_eq!(ids, operations);
    }
}

fn walk(value: &Value, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            see(name, value);
            walk(value, see);
        }),
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        _ => {}
    }
}
