//! Answers that break their contract: reported by default, held back under `block`.

use crate::harness::Place;
use bytes::Bytes;
use demo::Provider;
use http::Response;

const NUMBERS: &str = r#"{"openapi":"3.0.3","info":{"title":"N","version":"1"},"paths":{"/n":{"get":{"operationId":"n","responses":{
"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}},
"401":{"description":"no"}}, "security":[{"key":["read"]}]}}},
"components":{"securitySchemes":{"key":{"type":"apiKey","in":"header","name":"X-Key"}}}}"#;

#[tokio::test]
async fn an_answer_that_breaks_its_contract_is_told() {
    let provider = Provider::answering(|_| {
        let body = Bytes::from_static(b"{\"n\":\"seven\"}");
        Response::builder().header("content-type", "application/json").body(body).unwrap()
    })
    .start()
    .await;
    let place = Place::new().with("n.json", NUMBERS);
    let url = provider.url();
    let call = |more: &[&'static str]| {
        let words: Vec<&str> =
            ["call", "n.json", "n", "--server", &url].into_iter().chain(more.iter().copied()).collect();
        place.run(&words)
    };
    let ended = call(&[]).ended(0, &["response breaks its contract: body /n", "n.json:2"]);
    assert_eq!(ended.out, "{\"n\":\"seven\"}");
    let ended = call(&["--check", "block"]).ended(11, &["response breaks its contract", "held back"]);
    assert_eq!(ended.out, "");
    assert_eq!(call(&["--check", "off"]).ended(0, &[]).err, "");
    let ended = call(&["--check", "block", "--format", "envelope"]).ended(11, &[]);
    let envelope: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(envelope["outcome"], "response-breaks-contract");
    assert_eq!(envelope["checks"]["response"][0]["pointer"], "/n");
    call(&["--check", "block", "--expect", "201"]).ended(12, &[]);
}

#[tokio::test]
async fn a_401_says_which_key_the_contract_wants() {
    let provider = Provider::status(401).start().await;
    let place = Place::new().with("n.json", NUMBERS);
    place
        .run(&["call", "n.json", "n", "--server", &provider.url()])
        .ended(4, &["401 Unauthorized", "`n` wants a key in header `X-Key`", "no credential was sent"]);
}
