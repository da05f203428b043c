//! Every status that callers meet: provoked, with its exact answer and its record.

use crate::harness::Reply;
use crate::orders::{self, KEY};
use demo::Provider;
use exchange::{Fault, Outcome, Reason};
use gateway::Settings;
use std::sync::Arc;

const JSON: &str = "X-Api-Key: key-of-globex\r\nContent-Type: application/json\r\n";

fn refused(reply: &Reply, status: u16, slug: &str) {
    assert_eq!((reply.status, reply.slug().as_str()), (status, slug), "{}", reply.text());
    assert_eq!(reply.field("content-type"), Some("application/problem+json"));
    let problem = reply.json();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["call"].as_str(), reply.field("x-request-id"));
    assert!(problem["type"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{problem}");
}

#[test]
fn a_right_call_passes_and_its_answer_is_untouched() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    let reply = gateway.with("/shop/orders?limit=5&open=True", KEY);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["target"], "/orders?limit=5&open=True", "bytes go on unchanged");
    let reply = gateway.post("/shop/orders", JSON, r#"{"item":"pen", "quantity":2}"#);
    assert_eq!(reply.json()["body"], r#"{"item":"pen", "quantity":2}"#);
    let calls = gateway.kept.closed(2);
    assert_eq!(calls[1].operation.as_deref(), Some("createOrder"));
    assert_eq!(calls[1].offer.as_deref(), Some("orders.public"));
    assert_eq!(calls[1].consumer.as_ref().map(exchange::ConsumerName::as_str), Some("globex"));
    assert_eq!(calls[1].plan.as_ref().map(exchange::PlanName::as_str), Some("free"));
    assert_eq!(calls[1].bytes_in, 28);
    let kept = gateway.kept.detail(calls[1].id).request.unwrap();
    assert_eq!((kept.body.as_str(), kept.size), (r#"{"item":"pen", "quantity":2}"#, 28));
}

#[test]
fn what_a_provider_says_passes_whatever_its_status() {
    for status in [200, 201, 204, 301, 304, 404, 409, 418, 429, 500, 503] {
        let provider = Provider::status(status).try_start().unwrap();
        let gateway = orders::start(&provider.url());
        let reply = gateway.with("/shop/orders", KEY);
        assert_eq!(reply.status, status);
        let expected = Outcome::of_status(status);
        assert_eq!(gateway.kept.closed(1)[0].outcome, expected, "{status}");
    }
}

#[test]
fn our_own_no_is_a_problem_document() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    refused(&gateway.get("/nowhere"), 404, "no-offer");
    refused(&gateway.with("/shop/nowhere", KEY), 404, "no-operation");
    refused(&gateway.get("/shop/orders"), 401, "key-missing");
    refused(&gateway.with("/shop/orders", "X-Api-Key: wrong\r\n"), 401, "key-unknown");
    refused(&gateway.with("/shop/orders", "X-Api-Key: key-of-initech\r\n"), 403, "plan-missing");
    refused(&gateway.with("/shop/orders?limit=101", KEY), 400, "request-breaks-contract");
    refused(
        &gateway.post("/shop/orders", "X-Api-Key: key-of-globex\r\nContent-Type: text/plain\r\n", "x"),
        415,
        "media-type-unsupported",
    );
    refused(&gateway.get("/shop/a%2Fb"), 400, "path-rejected");
    let delete = "DELETE /shop/orders/7 HTTP/1.1\r\nHost: a\r\nX-Api-Key: key-of-globex\r\n\r\n";
    refused(&gateway.send(delete), 403, "not-offered");
    let calls = gateway.kept.closed(9);
    assert!(calls.iter().all(|call| call.outcome == Outcome::Refused), "{calls:#?}");
    assert_eq!(provider.calls(), 0, "nothing was handed on");
}

#[test]
fn a_refusal_says_what_the_standards_demand() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    let reply = gateway.get("/shop/orders");
    let challenge = reply.field("www-authenticate").unwrap();
    assert!(challenge.contains("Bearer realm=\"orders\"") && !challenge.contains("error"), "{challenge}");
    let reply = gateway.with("/shop/orders", "Authorization: Bearer nonsense\r\n");
    assert!(reply.field("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    let reply = gateway.send("PATCH /shop/orders HTTP/1.1\r\nHost: a\r\nX-Api-Key: key-of-globex\r\n\r\n");
    refused(&reply, 405, "method-not-allowed");
    assert_eq!(reply.field("allow"), Some("GET, POST, HEAD"));
    let reply =
        gateway.post("/shop/orders", "X-Api-Key: key-of-globex\r\nContent-Type: text/xml\r\n", "<a/>");
    assert_eq!((reply.status, reply.field("accept")), (415, Some("application/json")));
    for method in ["TRACE", "CONNECT"] {
        let target = if method == "CONNECT" { "a.example:80" } else { "/shop/orders" };
        let reply = gateway.send(&format!("{method} {target} HTTP/1.1\r\nHost: a.example:80\r\n\r\n"));
        refused(&reply, 405, "method-not-allowed");
    }
    let mistyped =
        exchange::ApiKey::from_entropy(&[7; 32]).reveal().replace("sbk_1", "sbk_2").replace("sbk_0", "sbk_1");
    let reply = gateway.with("/shop/orders", &format!("X-Api-Key: {mistyped}\r\n"));
    assert!(reply.json()["detail"].as_str().unwrap().contains("checksum"), "{}", reply.text());
}

#[test]
fn every_problem_of_a_request_is_told_at_once() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    let reply = gateway.post("/shop/orders", JSON, r#"{"quantity": 0, "item": 5}"#);
    refused(&reply, 400, "request-breaks-contract");
    let problem = reply.json();
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{problem}");
    let pointers: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert!(pointers.contains(&"/quantity") && pointers.contains(&"/item"), "{pointers:?}");
    assert!(
        errors.iter().all(|error| error["in"] == "body"
            && error["rule"].as_str().unwrap().starts_with("/paths/~1orders/post"))
    );
    assert_eq!(problem["operation"], "orders.createOrder");
    let reply = gateway.with("/shop/orders?limit=many", KEY);
    let problem = reply.json();
    assert_eq!(problem["errors"][0]["in"], "query");
    assert_eq!(problem["errors"][0]["name"], "limit");
    assert!(!reply.text().contains("many"), "a caller's text is not sent back: {}", reply.text());
    assert_eq!(gateway.kept.closed(2)[0].breaks, 2);
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    let head = "POST /shop/orders HTTP/1.1\r\nHost: a\r\nX-Api-Key: key-of-globex\r\nContent-Type: application/json\r\n";
    let mut line = gateway.connect();
    line.write(format!("{head}Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n").as_bytes());
    refused(&line.reply(false), 413, "too-large");
    let mut line = gateway.connect();
    line.write(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes());
    for _ in 0..5 {
        line.write(b"4000\r\n");
        line.write(&[b' '; 0x4000]);
        line.write(b"\r\n");
    }
    refused(&line.reply(false), 413, "too-large");
    assert_eq!(provider.calls(), 0);
}

#[test]
fn xml_is_for_those_who_take_nothing_else() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    let reply = gateway.with("/nowhere", "Accept: application/xml\r\n");
    assert_eq!(reply.field("content-type"), Some("application/problem+xml"));
    assert!(reply.text().contains("<status>404</status>"), "{}", reply.text());
    let reply = gateway.with("/nowhere", "Accept: text/html, application/xml;q=0.9, */*;q=0.8\r\n");
    assert_eq!(reply.field("content-type"), Some("application/problem+json"));
    assert!(gateway.send("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").body.is_empty());
}

#[test]
fn a_bug_of_ours_is_a_500_and_takes_nothing_else_down() {
    let provider = Provider::echo().try_start().unwrap();
    let settings = Settings {
        on_stage: Some(Arc::new(|_, path| assert!(!path.ends_with("/planted"), "planted"))),
        ..Settings::default()
    };
    let gateway = orders::start_with(&provider.url(), settings);
    let mut other = gateway.connect();
    other.write(format!("GET /shop/orders HTTP/1.1\r\nHost: a\r\n{KEY}\r\n").as_bytes());
    assert_eq!(other.reply(false).status, 200);
    let reply = gateway.with("/shop/orders/planted", KEY);
    refused(&reply, 500, "internal");
    other.write(format!("GET /shop/orders HTTP/1.1\r\nHost: a\r\n{KEY}\r\n").as_bytes());
    assert_eq!(other.reply(false).status, 200, "another connection of the same thread lives on");
    let calls = gateway.kept.closed(3);
    assert_eq!((calls[1].outcome, calls[1].reason), (Outcome::Panicked, Some(Reason::Internal)));
}

#[test]
fn what_goes_wrong_with_a_provider_is_said_without_naming_it() {
    for (provider, status, slug, fault) in [
        (Provider::refusing(), 502, "provider-unreachable", Fault::Network),
        (Provider::garbage(), 502, "provider-broken", Fault::Provider),
        (Provider::raw(&b"HTTP/1.1 200 OK\r\nContent-Le"[..]), 502, "provider-broken", Fault::Provider),
    ] {
        let provider = provider.try_start().unwrap();
        let gateway = orders::start(&provider.url());
        let reply = gateway.with("/shop/orders", KEY);
        refused(&reply, status, slug);
        let port = provider.address().port().to_string();
        assert!(!reply.text().contains(&port), "{}", reply.text());
        assert_eq!(gateway.kept.closed(1)[0].outcome, Outcome::Failed(fault), "{slug}");
    }
}

#[test]
fn a_silent_provider_costs_the_caller_one_504() {
    let provider = Provider::silent().try_start().unwrap();
    let text = orders::text(&provider.url(), "", "", "").replace("\"5s\"", "\"50ms\"");
    let gateway = crate::harness::start(&text, &[("orders.yaml", orders::CONTRACT.as_bytes())]);
    refused(&gateway.with("/shop/orders", KEY), 504, "provider-silent");
    assert_eq!(provider.calls(), 1);
    assert_eq!(gateway.kept.closed(1)[0].outcome, Outcome::Failed(Fault::Provider));
}

#[test]
fn a_provider_that_refuses_our_credential_is_no_401_of_the_caller() {
    let provider = Provider::status(401).try_start().unwrap();
    let text = orders::text(&provider.url(), "", "", "").replace(
        "retries = 0",
        "retries = 0\ncredential = { header = \"X-Up\", value = \"env:CREDENTIAL\" }",
    );
    let gateway = crate::harness::start(&text, &[("orders.yaml", orders::CONTRACT.as_bytes())]);
    let reply = gateway.with("/shop/orders", KEY);
    refused(&reply, 502, "credential-refused");
    assert!(reply.field("www-authenticate").is_none());
    let own = orders::start(&provider.url());
    assert_eq!(
        own.with("/shop/orders", KEY).status,
        401,
        "without a credential of ours it is the provider's own word"
    );
}

#[test]
fn an_answer_that_breaks_its_contract_is_reported_or_held_back() {
    let wrong = || {
        Provider::answering(|_| {
            let body = bytes::Bytes::from_static(br#"{"method": 5, "secret": "hunter22"}"#);
            http::Response::builder().header("content-type", "application/json").body(body).unwrap()
        })
    };
    let provider = wrong().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    let reply = gateway.with("/shop/orders/7", KEY);
    assert_eq!(reply.status, 200, "under `report` it passes");
    let call = gateway.kept.closed(1).remove(0);
    assert_eq!(call.breaks, 1);
    let finding = gateway.kept.detail(call.id).findings.remove(0);
    assert_eq!((finding.direction.as_str(), finding.at.as_str()), ("response", "/method"));
    let gateway =
        orders::start_as(&provider.url(), "check = { requests = \"off\", responses = \"block\" }", "", "");
    let reply = gateway.with("/shop/orders/7", KEY);
    refused(&reply, 502, "response-breaks-contract");
    assert!(!reply.text().contains("hunter22"));
}

#[test]
fn a_compressed_answer_passes_as_it_is_and_is_checked() {
    let provider = Provider::answering(|_| {
        let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut coder, br#"{"method": 5}"#).unwrap();
        let body = bytes::Bytes::from(coder.finish().unwrap());
        let answer = http::Response::builder()
            .header("content-type", "application/json")
            .header("content-encoding", "gzip");
        answer.body(body).unwrap()
    });
    let provider = provider.try_start().unwrap();
    let gateway = orders::start(&provider.url());
    let reply = gateway.with("/shop/orders/7", &format!("{KEY}Accept-Encoding: gzip\r\n"));
    assert_eq!((reply.status, reply.field("content-encoding")), (200, Some("gzip")));
    assert_eq!(gateway.kept.closed(1)[0].breaks, 1);
}

#[test]
fn each_reason_has_a_page_that_its_type_leads_to() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    for reason in Reason::ALL {
        let path = format!("/.well-known/problems/{}", reason.slug());
        let page = gateway.get(&path);
        assert_eq!((page.status, page.json()["slug"].as_str()), (200, Some(reason.slug())));
        assert!(gateway.with(&path, "Accept: text/html\r\n").text().contains(reason.title()));
    }
    let offers = gateway.get("/").json();
    assert_eq!(offers["offers"][0]["name"], "orders.public");
    assert!(gateway.with("/", "Accept: text/html\r\n").text().contains("/shop"));
    assert_eq!(gateway.get("/.well-known/switchboard/health").json()["status"], "ok");
}
