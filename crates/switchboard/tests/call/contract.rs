//! Calls by contract: names are routed and typed, wrong ones are told before anything is sent.

use crate::harness::Place;
use demo::Provider;
use serde_json::{Value, json};

const SHOP: &str = r#"openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: SERVER}]
paths:
  /orders/{id}/lines:
    post:
      operationId: addLine
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - {name: dry, in: query, schema: {type: boolean}}
        - {name: tag, in: query, schema: {type: array, items: {type: string}}}
        - {name: X-Shop, in: header, schema: {type: integer}}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [sku]
              properties:
                sku: {type: string}
                count: {type: integer, maximum: 9}
                id: {type: string}
                size: {type: object, properties: {width: {type: number}}}
                marks: {type: array, items: {type: integer}}
      responses:
        "200": {description: ok}
  /ping:
    get:
      operationId: ping
      responses:
        "200": {description: ok}
"#;

async fn shop() -> (Provider, Place) {
    let provider = Provider::echo().start().await;
    let place = Place::new().with("shop.yaml", SHOP.replace("SERVER", &format!("{}/base", provider.url())));
    (provider, place)
}

#[tokio::test]
async fn names_are_routed_and_typed_by_the_contract() {
    let (_provider, place) = shop().await;
    let echo = place
        .run(&[
            "call",
            "shop.yaml",
            "addLine",
            "id=7",
            "dry=True",
            "tag=a",
            "tag=b c",
            "X-Shop:3",
            "sku=12",
            "count=3",
            "body[id]=x",
            "size[width]=1.5",
            "marks=1",
            "marks=2",
            "extra==y",
        ])
        .json();
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["target"], "/base/orders/7/lines?dry=true&tag=a&tag=b%20c&extra=y");
    let body: Value = serde_json::from_str(echo["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, json!({"sku": "12", "count": 3, "id": "x", "size": {"width": 1.5}, "marks": [1, 2]}));
    assert!(echo["fields"].as_array().unwrap().contains(&json!(["x-shop", "3"])), "{echo}");
    let echo = place.run(&["call", "shop.yaml", "addLine", "id=7", "-d", "{\"sku\":\"a\"}"]).json();
    assert_eq!(echo["body"], "{\"sku\":\"a\"}");
    assert_eq!(place.run(&["call", "shop.yaml", "ping"]).json()["target"], "/base/ping");
}

#[tokio::test]
async fn what_the_contract_does_not_know_is_told_before_anything_is_sent() {
    let (provider, place) = shop().await;
    for (words, code, said) in [
        (vec!["addLine"], 2, vec!["`addLine` also needs", "id in the path (shop.yaml:9)", "sku in the body"]),
        (vec!["addLin"], 2, vec!["has no operation `addLin`", "did you mean `addLine`?"]),
        (vec!["ping", "x=1"], 2, vec!["takes no values"]),
        (
            vec!["addLine", "id=7", "skuu=1"],
            2,
            vec!["has no `skuu` (shop.yaml:6)", "did you mean `sku`? (shop.yaml:21)"],
        ),
        (
            vec!["addLine", "id=seven", "sku=1"],
            2,
            vec!["`id` must be a whole number, and `seven` is not (shop.yaml:9)"],
        ),
        (vec!["addLine", "id=7", "dry=perhaps", "sku=1"], 2, vec!["`dry` must be true or false"]),
        (vec!["addLine", "id=7", "id=8", "sku=1"], 2, vec!["`id` is given twice"]),
        (vec!["addLine", "id=7", "sku=1", "-d", "{}"], 2, vec!["no items can be added"]),
        (
            vec!["addLine", "id=7", "sku=1", "count=10"],
            10,
            vec!["10 is more than", "shop.yaml:22", "--check report"],
        ),
        (vec!["addLine", "id=7", "-d", "{}"], 10, vec!["sku"]),
    ] {
        let words: Vec<&str> = ["call", "shop.yaml"].into_iter().chain(words).collect();
        place.run(&words).ended(code, &said);
    }
    assert_eq!(provider.calls(), 0);
    place.run(&["call", "shop.yaml"]).ended(2, &["which operation", "`addLine`, `ping`"]);
    let words = ["call", "shop.yaml", "addLine", "id=7", "sku=1", "count=10", "--check"];
    let with = |mode: &'static str| words.into_iter().chain([mode]).collect::<Vec<_>>();
    place.run(&with("report")).ended(0, &["request breaks its contract", "10 is more than"]);
    assert_eq!(place.run(&with("off")).ended(0, &[]).err, "");
    assert_eq!(provider.calls(), 2);
}

#[tokio::test]
async fn a_boards_api_is_called_with_its_credential() {
    let provider = Provider::echo().start().await;
    let elsewhere = Provider::echo().start().await;
    let board = format!(
        "[apis.shop]\ncontract = \"shop.yaml\"\n[apis.shop.upstream]\nurls = [\"{}/base\"]\n\
         credential = {{ header = \"X-Shop-Key\", value = \"env:SHOP_KEY\" }}\n",
        provider.url()
    );
    let place = Place::new().with("shop.yaml", SHOP).with("switchboard.toml", board);
    let run = |words: &str| {
        place.end(
            "sh",
            &["-c", &format!("SHOP_KEY=open-sesame '{}' {words}", env!("CARGO_BIN_EXE_switchboard"))],
            "",
        )
    };
    for words in ["call shop.ping", "call shop ping"] {
        let echo = run(words).json();
        assert_eq!(echo["target"], "/base/ping");
        assert!(echo["fields"].as_array().unwrap().contains(&json!(["x-shop-key", "open-sesame"])), "{echo}");
    }
    let shown = run("call shop.ping --print curl").ok();
    assert!(shown.contains("\"x-shop-key: ${SHOP_KEY}\"") && !shown.contains("open-sesame"), "{shown}");
    let away = run(&format!("call shop.ping --server {}", elsewhere.url())).json();
    assert!(!away.to_string().contains("open-sesame"), "a credential went elsewhere: {away}");
    run("call shp").ended(2, &["did you mean `shop`?"]);
}
