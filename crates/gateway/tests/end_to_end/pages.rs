//! Pages of other origins: the CORS protocol of the Fetch standard, case by case.

use crate::harness::Reply;
use crate::orders::{self, KEY};
use demo::Provider;

const SHOP: &str = "https://shop.example";

fn preflight(gateway: &crate::harness::Started, path: &str, origin: &str, method: &str) -> Reply {
    gateway.send(&format!(
        "OPTIONS {path} HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: {method}\r\n\
         Access-Control-Request-Headers: x-api-key, content-type\r\n\r\n"
    ))
}

#[test]
fn a_preflight_is_answered_from_the_contract_before_anybody_is_asked() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", &format!("cors = [\"{SHOP}\"]"), "limit = \"1/h\"");
    for _ in 0..3 {
        let reply = preflight(&gateway, "/shop/orders", SHOP, "POST");
        assert_eq!(reply.status, 204, "{}", reply.text());
        assert_eq!(reply.field("access-control-allow-origin"), Some(SHOP));
        assert_eq!(reply.field("access-control-allow-methods"), Some("GET, POST"));
        let names = reply.field("access-control-allow-headers").unwrap();
        assert!(
            names.contains("x-api-key") && names.contains("content-type") && names.contains("authorization"),
            "{names}"
        );
        assert!(!names.contains('*'));
        assert!(reply.all("vary").contains(&"Origin"));
        assert_eq!(reply.field("access-control-allow-credentials"), None);
    }
    for (path, origin, method, status) in [
        ("/shop/nowhere", SHOP, "GET", 404),
        ("/shop/orders", "https://evil.example", "GET", 403),
        ("/shop/orders", "null", "GET", 403),
        ("/shop/orders", "https://shop.example.evil", "GET", 403),
        ("/shop/orders", "https://SHOP.example", "GET", 403),
    ] {
        let reply = preflight(&gateway, path, origin, method);
        assert_eq!(reply.status, status, "{path} {origin}");
        if origin != SHOP {
            assert_eq!(reply.field("access-control-allow-origin"), None);
        }
    }
    let reply = preflight(&gateway, "/shop/orders/7", SHOP, "DELETE");
    assert_eq!(
        reply.field("access-control-allow-methods"),
        Some("GET"),
        "what the offer does not open is not allowed"
    );
    assert_eq!(provider.calls(), 0);
}

/// Operations that only the query tells apart: the preflight comes without it in mind, so all of them count.
#[test]
fn a_preflight_knows_all_operations_of_its_path() {
    const CONTRACT: &str = r#"
openapi: 3.1.0
info: { title: Photos, version: "1" }
paths:
  /rest?method=list:
    get:
      operationId: list
      parameters: [{ name: X-Page, in: header, schema: { type: integer } }]
      responses: { "200": { description: ok } }
  /rest?method=find:
    get:
      operationId: find
      parameters: [{ name: X-Words, in: header, schema: { type: string } }]
      responses: { "200": { description: ok } }
  /rest?method=add:
    post:
      operationId: add
      requestBody: { content: { application/json: { schema: { type: object } } } }
      responses: { "200": { description: ok } }
  /rest?method=drop:
    delete:
      operationId: drop
      responses: { "200": { description: ok } }
  /rest?method=empty:
    delete:
      operationId: empty
      parameters: [{ name: X-Sure, in: header, schema: { type: boolean } }]
      responses: { "200": { description: ok } }
"#;
    let provider = Provider::echo().try_start().unwrap();
    let start = |except: &str| {
        let text = format!(
            "[listen.edge]\nbind = \"127.0.0.1:0\"\n[apis.photos]\ncontract = \"photos.yaml\"\n\
             [apis.photos.upstream]\nurls = \"{}\"\n[apis.photos.offer.all]\nat = \"/\"\nplans = [\"free\"]\n\
             cors = [\"{SHOP}\"]\nexcept = [{except}]\n[plans.free]\nauth = \"none\"\n",
            provider.url()
        );
        crate::harness::start(&text, &[("photos.yaml", CONTRACT.as_bytes())])
    };
    // The first of a method may be closed while another is open, and the other way round.
    for (except, methods, names, not) in [
        ("", "GET, POST, DELETE", vec!["x-page", "x-words", "x-sure", "content-type"], vec![]),
        ("\"list\", \"drop\"", "GET, POST, DELETE", vec!["x-words", "x-sure"], vec!["x-page"]),
        ("\"find\", \"add\", \"empty\"", "GET, DELETE", vec!["x-page"], vec!["x-words", "x-sure"]),
        ("\"list\", \"find\"", "POST, DELETE", vec!["x-sure"], vec!["x-page", "x-words"]),
    ] {
        let gateway = start(except);
        for method in ["GET", "POST"] {
            let reply = preflight(&gateway, "/rest?method=find", SHOP, method);
            assert_eq!(reply.status, 204, "{}", reply.text());
            assert_eq!(reply.field("access-control-allow-methods"), Some(methods), "{except}");
            let allowed: Vec<&str> =
                reply.field("access-control-allow-headers").unwrap().split(", ").collect();
            assert!(names.iter().all(|name| allowed.contains(name)), "{except}: {allowed:?}");
            assert!(!not.iter().any(|name| allowed.contains(name)), "{except}: {allowed:?}");
        }
    }
    assert_eq!(provider.calls(), 0);
}

#[test]
fn a_page_reads_answers_and_refusals_alike() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", &format!("cors = [\"{SHOP}\"]"), "limit = \"2/h\"");
    for (fields, status) in [
        (format!("Origin: {SHOP}\r\n{KEY}"), 200),
        (format!("Origin: {SHOP}\r\n"), 401),
        (format!("Origin: {SHOP}\r\n{KEY}"), 200),
        (format!("Origin: {SHOP}\r\n{KEY}"), 429),
    ] {
        let reply = gateway.with("/shop/orders", &fields);
        assert_eq!(reply.status, status);
        assert_eq!(reply.all("access-control-allow-origin"), [SHOP], "{status}");
        let exposed = reply.field("access-control-expose-headers").unwrap();
        assert!(
            exposed.contains("RateLimit")
                && exposed.contains("Retry-After")
                && exposed.contains("X-Request-Id")
        );
        assert!(reply.all("vary").contains(&"Origin"));
    }
    let reply = gateway.with("/shop/orders", "X-Api-Key: key-of-hooli\r\n");
    assert_eq!(reply.field("access-control-allow-origin"), None);
    assert!(reply.all("vary").contains(&"Origin"), "also when no origin was sent");
}

#[test]
fn any_page_means_a_star_and_never_credentials() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", "cors = [\"*\"]", "");
    let reply = gateway.with("/shop/orders", &format!("Origin: https://any.example\r\n{KEY}"));
    assert_eq!(reply.field("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.field("access-control-allow-credentials"), None);
}

#[test]
fn an_options_that_is_no_preflight_is_a_call() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", &format!("cors = [\"{SHOP}\"]"), "");
    let reply = gateway.send(&format!("OPTIONS /shop/orders HTTP/1.1\r\nHost: a\r\nOrigin: {SHOP}\r\n\r\n"));
    assert_eq!(reply.status, 405, "the contract declares no OPTIONS");
}
