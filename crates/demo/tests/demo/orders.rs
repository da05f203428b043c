//! The orders provider keeps to its contract over a socket, and strays where it was told to.

use crate::wire::{call, get, json, raw, send};
use bytes::Bytes;
use demo::Provider;
use http::Request;
use serde_json::{Value, json as value};

fn draft() -> Value {
    value!({ "customer": "Acme Shop", "currency": "EUR", "items": [{ "sku": "TEA-1042", "quantity": 2 }] })
}

#[tokio::test]
async fn an_order_is_made_read_changed_and_forgotten() {
    let provider = Provider::faultless_orders().start().await;
    let made = call(&provider, "POST", "/orders", &[], draft()).await;
    assert_eq!(made.status(), 201);
    let order = json(&made);
    let at = format!("/orders/{}", order["id"]);
    assert_eq!(made.headers()["location"], at[1..], "relative to the list");
    assert_eq!(order["total"].as_u64().unwrap(), 2 * order["items"][0]["unitPrice"].as_u64().unwrap());
    assert_eq!(get(&provider, &at).await, (200, order));

    let changed = call(&provider, "PATCH", &at, &[], value!({ "status": "packed", "note": "Fragile" })).await;
    assert_eq!((&json(&changed)["status"], &json(&changed)["note"]), (&value!("packed"), &value!("Fragile")));
    let mut other = draft();
    other["items"][0]["quantity"] = value!(3);
    let replaced = json(&call(&provider, "PUT", &at, &[], other).await);
    assert_eq!((&replaced["items"][0]["quantity"], &replaced["note"]), (&value!(3), &Value::Null));
    let cancelled = call(&provider, "POST", &format!("{at}/cancel"), &[], Value::Null).await;
    assert_eq!(json(&cancelled)["status"], "cancelled");
    assert_eq!(call(&provider, "DELETE", &at, &[], Value::Null).await.status(), 204);
    assert_eq!(get(&provider, &at).await.0, 404);
}

#[tokio::test]
async fn the_order_of_all_examples_is_on_its_way_and_stays_there() {
    let provider = Provider::faultless_orders().start().await;
    assert_eq!(get(&provider, "/orders/4021").await.1["status"], "in_transit");
    for (method, target, body) in [
        ("POST", "/orders/4021/cancel", Value::Null),
        ("DELETE", "/orders/4021", Value::Null),
        ("PUT", "/orders/4021", draft()),
        ("PATCH", "/orders/4021", value!({ "status": "received" })),
    ] {
        let answer = call(&provider, method, target, &[], body).await;
        assert_eq!(answer.status(), 409, "{method} {target}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn pages_lead_to_the_end_and_a_status_narrows_them() {
    let provider = Provider::faultless_orders().start().await;
    for (query, total) in [("limit=100", 500), ("limit=7&status=in_transit", 0)] {
        let (mut target, mut ids) = (format!("/orders?{query}"), Vec::new());
        loop {
            let (status, page) = get(&provider, &target).await;
            assert_eq!(status, 200);
            ids.extend(page["items"].as_array().unwrap().iter().map(|order| order["id"].as_u64().unwrap()));
            let Some(next) = page["next"].as_str() else { break };
            target = format!("/orders?{query}&cursor={next}");
        }
        assert!(ids.is_sorted() && ids.contains(&4021));
        assert!(if total == 0 { ids.len() < 250 } else { ids.len() == total }, "{query}: {}", ids.len());
    }
    let answer = call(&provider, "GET", "/orders?limit=2&status=packed", &[], Value::Null).await;
    let link = answer.headers()["link"].to_str().unwrap();
    assert!(
        link.starts_with("<?limit=2&status=packed&cursor=o4") && link.ends_with(">; rel=\"next\""),
        "{link}"
    );
}

#[tokio::test]
async fn a_key_sent_twice_makes_one_order_and_another_body_is_refused() {
    let provider = Provider::faultless_orders().start().await;
    let key = [("idempotency-key", "\"8e03978e\"")];
    let first = call(&provider, "POST", "/orders", &key, draft()).await;
    let second = call(&provider, "POST", "/orders", &[("idempotency-key", "8e03978e")], draft()).await;
    assert_eq!((second.status(), second.body()), (first.status(), first.body()), "with or without quotes");
    assert_eq!(second.headers()["location"], first.headers()["location"]);
    let mut other = draft();
    other["currency"] = value!("USD");
    assert_eq!(call(&provider, "POST", "/orders", &key, other).await.status(), 422);
    let third = call(&provider, "POST", "/orders", &[], draft()).await;
    assert_ne!(json(&third)["id"], json(&first)["id"]);
}

#[tokio::test]
async fn wrong_calls_get_the_status_that_says_so() {
    let provider = Provider::faultless_orders().start().await;
    for (method, target, body, status) in [
        ("GET", "/orders?limit=0", Value::Null, 400),
        ("GET", "/orders?status=lost", Value::Null, 400),
        ("GET", "/orders?cursor=4021", Value::Null, 400),
        ("GET", "/orders/first", Value::Null, 400),
        ("GET", "/orders/9999", Value::Null, 404),
        ("GET", "/nothing", Value::Null, 404),
        ("DELETE", "/orders", Value::Null, 405),
        ("POST", "/orders", Value::Null, 415),
        ("POST", "/orders", value!({ "items": [] }), 422),
        ("GET", "/orders/5000", Value::Null, 500),
        ("GET", "/orders/5030", Value::Null, 503),
    ] {
        let answer = call(&provider, method, target, &[], body).await;
        assert_eq!(answer.status(), status, "{method} {target}");
        assert_eq!(json(&answer)["status"], status, "{method} {target}");
    }
    let broken = Request::post("/orders").header("host", "x").header("content-type", "application/json");
    let answer = send(&provider, broken.body(Bytes::from_static(b"{")).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 400);
    let unknown =
        value!({ "customer": "A", "currency": "EUR", "items": [{ "sku": "CAR-0001", "quantity": 1 }] });
    let answer = json(&call(&provider, "POST", "/orders", &[], unknown).await);
    assert_eq!(answer["errors"][0]["pointer"], "/items/0/sku");
    let silence = raw(&provider, b"GET /orders/5020 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap_or_default();
    assert!(silence.is_empty(), "test order 5020 breaks the connection");
}

#[tokio::test]
async fn three_of_a_hundred_answers_have_a_total_of_the_wrong_type() {
    let provider = Provider::orders().start().await;
    let mut wrong = 0;
    for call in 0..100 {
        let (_, answer) =
            get(&provider, if call % 2 == 0 { "/orders/4021" } else { "/orders?limit=1" }).await;
        let order = if call % 2 == 0 { &answer } else { &answer["items"][0] };
        wrong += usize::from(order["total"].is_string());
        assert!(order["total"].is_string() || order["total"].is_u64());
    }
    assert_eq!(wrong, 3);
}

#[tokio::test]
async fn the_export_that_no_contract_knows_is_there() {
    let provider = Provider::orders().start().await;
    let answer = call(&provider, "GET", "/export", &[], Value::Null).await;
    assert_eq!(answer.headers()["content-type"], "text/csv");
    assert_eq!(answer.body().split(|byte| *byte == b'\n').count(), 502, "a head, 500 orders, an end");
}
