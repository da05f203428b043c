//! What the providers answer is what their contracts promise, judged by a JSON Schema library of others.

use crate::wire::call;
use bytes::Bytes;
use demo::Provider;
use demo::board::{ORDERS_YAML, WEATHER_YAML};
use http::Response;
use serde_json::{Value, json};

/// A contract, and the operation under a path and method of it.
struct Contract(Value);

impl Contract {
    fn read(text: &str) -> Self {
        Self(serde_saphyr::from_str(text).expect("YAML"))
    }

    /// Follows a reference into the same document.
    fn seen<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(target) = value["$ref"].as_str() else { return value };
        self.0.pointer(target.trim_start_matches('#')).expect("a reference that leads somewhere")
    }

    /// Says what does not fit: the status, the media type, or the body.
    fn check(&self, path: &str, method: &str, answer: &Response<Bytes>) -> Result<(), String> {
        let status = answer.status().as_str().to_owned();
        let responses = &self.0["paths"][path][method]["responses"];
        let declared = responses.get(&status).ok_or(format!("{status} is not declared"))?;
        let Some(content) = self.seen(declared).get("content") else {
            return if answer.body().is_empty() { Ok(()) } else { Err(format!("{status} has no body")) };
        };
        let media = answer.headers()["content-type"].to_str().unwrap();
        let mut schema = content.get(media).ok_or(format!("{status} is no {media}"))?["schema"].clone();
        // References point into `components` of the document, so the schema takes them along.
        schema["components"] = self.0["components"].clone();
        let validator =
            jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let wrong: Vec<_> =
            validator.iter_errors(&body).map(|error| format!("{} {error}", error.instance_path())).collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("{status}: {}", wrong.join("; "))) }
    }
}

#[tokio::test]
async fn every_answer_of_the_weather_fits_its_contract() {
    let contract = Contract::read(WEATHER_YAML);
    let provider = Provider::weather().start().await;
    let mut statuses = Vec::new();
    for query in
        ["latitude=51.5&longitude=-0.1&current_weather=True", "latitude=-90&longitude=180", "latitude=north"]
            .iter()
            .cycle()
            .take(40)
    {
        let answer = call(&provider, "GET", &format!("/v1/forecast?{query}"), &[], Value::Null).await;
        assert_eq!(contract.check("/v1/forecast", "get", &answer), Ok(()));
        statuses.push(answer.status().as_u16());
        if answer.status() == 429 {
            break;
        }
    }
    assert!([200, 400, 429].iter().all(|status| statuses.contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn every_answer_of_the_orders_fits_their_contract() {
    let contract = Contract::read(ORDERS_YAML);
    let provider = Provider::faultless_orders().start().await;
    let draft =
        json!({ "customer": "Acme", "currency": "EUR", "items": [{ "sku": "TEA-1042", "quantity": 2 }] });
    let unknown =
        json!({ "customer": "Acme", "currency": "EUR", "items": [{ "sku": "CAR-0001", "quantity": 2 }] });
    let one = "/orders/{orderId}";
    for (path, method, target, body, status) in [
        ("/orders", "GET", "/orders?limit=100", Value::Null, 200),
        ("/orders", "GET", "/orders?limit=100&cursor=o4490", Value::Null, 200),
        ("/orders", "GET", "/orders?limit=101", Value::Null, 400),
        ("/orders", "POST", "/orders", draft.clone(), 201),
        ("/orders", "POST", "/orders", unknown.clone(), 422),
        ("/orders", "POST", "/orders", Value::Null, 415),
        (one, "GET", "/orders/6001", Value::Null, 200),
        (one, "GET", "/orders/1", Value::Null, 404),
        (one, "GET", "/orders/x", Value::Null, 400),
        (one, "GET", "/orders/5000", Value::Null, 500),
        (one, "GET", "/orders/5030", Value::Null, 503),
        (one, "PUT", "/orders/6001", draft, 200),
        (one, "PUT", "/orders/6001", unknown, 422),
        (one, "PATCH", "/orders/6001", json!({ "note": "n" }), 200),
        (one, "PATCH", "/orders/4021", json!({ "status": "received" }), 409),
        (one, "PATCH", "/orders/6001", json!({}), 422),
        ("/orders/{orderId}/cancel", "POST", "/orders/6001/cancel", Value::Null, 200),
        ("/orders/{orderId}/cancel", "POST", "/orders/4021/cancel", Value::Null, 409),
        (one, "DELETE", "/orders/4021", Value::Null, 409),
        (one, "DELETE", "/orders/6001", Value::Null, 204),
    ] {
        let answer = call(&provider, method, target, &[], body).await;
        assert_eq!(answer.status(), status, "{method} {target}");
        assert_eq!(contract.check(path, &method.to_lowercase(), &answer), Ok(()), "{method} {target}");
    }
}

#[tokio::test]
async fn a_planted_total_does_not_fit() {
    let contract = Contract::read(ORDERS_YAML);
    let provider = Provider::orders().start().await;
    let mut wrong = Vec::new();
    for _ in 0..33 {
        let answer = call(&provider, "GET", "/orders/4021", &[], Value::Null).await;
        wrong.extend(contract.check("/orders/{orderId}", "get", &answer).err());
    }
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].contains("/total") && wrong[0].contains("integer"), "{wrong:?}");
}
