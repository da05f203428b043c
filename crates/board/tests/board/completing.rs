//! The schema for editors takes the boards that load and marks typing errors.

use crate::harness::World;
use board::editor_schema;
use serde_json::{Value, json};

const BOARD: &str = include_str!("by-example.toml");

fn example() -> String {
    let text = BOARD.replace("quota = \"10000/month\"\n", "").replace("\"oidc:acme\"", "\"key\"");
    text.split("[issuers.acme]").next().unwrap().to_owned() + "\n[secrets]\nweather = 'env:WEATHER_KEY'\n"
}

fn as_json(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn the_schema_of_a_board_takes_it_and_marks_a_typing_error() {
    let text = example();
    let world = World::with(&text)
        .file("../orders/openapi.yaml", include_str!("orders.yaml"))
        .file("contracts/weather.yaml", include_str!("weather.yaml"))
        .variable("WEATHER_KEY", "sunny");
    let schema = editor_schema(&world.board());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let right = as_json(&text);
    let faults: Vec<String> = validator.iter_errors(&right).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    for (from, to) in [
        ("\"getOrder\"", "\"getOrdr\""),
        ("\"tag:public\"", "\"tag:pubic\""),
        ("[\"free\", \"partner\"]", "[\"fre\"]"),
        ("on    = \"edge\"", "on = \"egde\""),
        ("timeout = \"3s\"", "timeout = \"3\""),
        ("limit = \"60/min\"", "limit = \"60/week\""),
        ("limit = \"60/min\"", "limits = \"60/min\""),
        ("check    = {", "chek = {"),
        ("\"block\"", "\"blok\""),
        ("auth  = \"none\"", "auth = \"nobody\""),
        ("retries    = 2", "retries = \"2\""),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(!validator.is_valid(&as_json(&text.replacen(from, to, 1))), "{to} is not marked");
    }
    let only = &schema["properties"]["apis"]["properties"]["weather"]["properties"]["offer"]["additionalProperties"]
        ["properties"]["only"]["items"]["anyOf"][0]["enum"];
    assert_eq!(*only, json!(["forecast", "GET *", "GET /v1/forecast"]));
}
