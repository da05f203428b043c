//! What is handed on and what is not: keys, fields of the connection, paths.

use crate::harness::{self, Started};
use crate::orders::{self, KEY};
use demo::Provider;
use exchange::Outcome;

/// The fields the provider got, joined to `name: value` lines.
fn got(reply: &harness::Reply) -> Vec<String> {
    let echo = reply.json();
    let fields = echo["fields"].as_array().unwrap_or_else(|| panic!("{}", reply.text())).clone();
    fields
        .iter()
        .map(|pair| format!("{}: {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        .collect()
}

fn has(fields: &[String], text: &str) -> bool {
    fields.iter().any(|field| field.contains(text))
}

fn open(url: &str) -> Started {
    let text = format!(
        "[listen.edge]\nbind = \"127.0.0.1:0\"\n[apis.things]\n[apis.things.upstream]\nurls = [\"{url}\"]\n\
         [apis.things.offer.all]\nat = \"/things\"\nplans = [\"open\"]\n[plans.open]\nauth = \"none\"\n"
    );
    harness::start(&text, &[])
}

#[test]
fn nothing_of_a_callers_key_reaches_the_provider() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    for fields in [
        KEY,
        "Authorization: Bearer key-of-globex\r\n",
        "Authorization: Bearer key-of-globex\r\nX-Api-Key: key-of-globex\r\n",
        "X-Api-Key: key-of-globex\r\nAuthorization: Basic bm90LWEta2V5\r\n",
        "X-Api-Key: key-of-globex\r\nConnection: X-Api-Key\r\n",
    ] {
        let reply = gateway.with("/shop/orders", fields);
        assert_eq!(reply.status, 200, "{fields}: {}", reply.text());
        let fields = got(&reply);
        assert!(!has(&fields, "key-of-globex") && !has(&fields, "authorization"), "{fields:?}");
    }
    let different = "X-Api-Key: key-of-globex\r\nAuthorization: Bearer key-of-hooli\r\n";
    assert_eq!(gateway.with("/shop/orders", different).status, 401);
    let all = format!("{:?}", gateway.kept.details.lock().unwrap());
    assert!(!all.contains("key-of-globex"), "nor a record: {all}");
}

#[test]
fn without_keys_a_providers_own_login_passes() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url());
    let sent = "Authorization: Basic abc\r\nCookie: switchboard_console_8088=S; sid=1\r\n";
    let fields = got(&gateway.with("/things/", sent));
    assert!(has(&fields, "authorization: Basic abc") && has(&fields, "cookie: sid=1"), "{fields:?}");
    assert!(!has(&fields, "switchboard_console"), "the console's session is not a provider's: {fields:?}");
}

#[test]
fn fields_of_the_connection_stay_on_it() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url());
    let reply = gateway.with(
        "/things/",
        "Connection: close, X-Hop, Cookie\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nTE: trailers\r\n\
         Upgrade: h2c\r\nX-End: 2\r\nCookie: a=b\r\n",
    );
    let fields = got(&reply);
    for gone in ["x-hop", "keep-alive", "proxy-connection", "te:", "upgrade"] {
        assert!(!fields.iter().any(|field| field.starts_with(gone)), "{gone} in {fields:?}");
    }
    assert!(has(&fields, "x-end: 2") && has(&fields, "cookie: a=b"), "{fields:?}");
    assert!(has(&fields, &format!("host: {}", provider.address())), "{fields:?}");
}

#[test]
fn what_binds_a_provider_is_not_handed_back() {
    let provider = Provider::answering(|_| {
        let answer = http::Response::builder()
            .header("alt-svc", "h3=\":443\"")
            .header("x-ratelimit-remaining", "999")
            .header("ratelimit", "\"theirs\";r=9")
            .header("access-control-allow-origin", "*")
            .header("x-request-id", "theirs")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .header("x-own", "kept");
        answer.body(bytes::Bytes::new()).unwrap()
    });
    let provider = provider.try_start().unwrap();
    let reply = open(&provider.url()).get("/things/");
    for gone in ["alt-svc", "x-ratelimit-remaining", "ratelimit", "access-control-allow-origin"] {
        assert_eq!(reply.field(gone), None, "{gone}");
    }
    assert!(reply.field("x-request-id").unwrap().starts_with("c_"));
    assert_eq!(reply.all("set-cookie"), ["a=1", "b=2"], "never joined");
    assert_eq!(reply.field("x-own"), Some("kept"));
}

#[test]
fn no_way_of_writing_a_path_leads_around_a_rule() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(&provider.url(), "", "", "");
    let delete = |path: &str| gateway.send(&format!("DELETE {path} HTTP/1.1\r\nHost: a\r\n{KEY}\r\n")).status;
    for (path, status) in [
        ("/shop/orders/7", 403),
        ("/shop/./orders/7", 403),
        ("/shop/x/../orders/7", 403),
        ("/shop/x/%2e%2e/orders/7", 403),
        ("/shop/%6frders/7", 403),
        ("/sh%6fp/orders/7", 403),
        ("http://other.example/shop/orders/7", 403),
        ("/shop/orders%2F7", 400),
        ("/shop/orders%5c7", 400),
        ("/shop/orders/7%00", 400),
        ("/shop/orders/7%3Bx", 400),
        ("/shop/../../orders/7", 400),
        ("/shop%2e/orders/7", 404),
        ("/shopping/orders/7", 404),
        ("//shop/orders/7", 404),
        ("/shop//orders/7", 404),
        ("/shop/ORDERS/7", 404),
    ] {
        assert_eq!(delete(path), status, "{path}");
    }
    assert_eq!(provider.calls(), 0);
}

#[test]
fn a_request_that_comes_back_is_a_loop() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url());
    let fields = got(&gateway.get("/things/"));
    let via = fields.iter().find_map(|field| field.strip_prefix("via: ")).unwrap();
    let reply = gateway.with("/things/", &format!("Via: 1.0 other, {via}\r\n"));
    assert_eq!((reply.status, reply.slug().as_str()), (508, "loop-detected"));
    let other = gateway.with("/things/", "Via: 1.1 switchboard-elsewhere\r\n");
    assert_eq!(other.status, 200);
}

#[test]
fn what_a_caller_claims_about_itself_is_replaced() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url());
    let fields = got(&gateway.with(
        "/things/",
        "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nConnection: X-Forwarded-For\r\n",
    ));
    assert!(
        has(&fields, "x-forwarded-for: 127.0.0.1") && has(&fields, "x-forwarded-host: gw.example"),
        "{fields:?}"
    );
    assert!(!has(&fields, "6.6.6.6"), "{fields:?}");
}

#[test]
fn an_address_of_the_provider_becomes_one_of_the_offer() {
    let provider = Provider::answering(|request| {
        let host = request.headers()["host"].to_str().unwrap();
        let answer =
            http::Response::builder().status(302).header("location", format!("http://{host}/there?x"));
        answer.header("set-cookie", "a=1; Path=/there").body(bytes::Bytes::new()).unwrap()
    });
    let provider = provider.try_start().unwrap();
    let reply = open(&provider.url()).get("/things/here");
    assert_eq!((reply.status, reply.field("location")), (302, Some("/things/there?x")));
    assert_eq!(reply.field("set-cookie"), Some("a=1; Path=/things/there"));
}

#[test]
fn options_is_answered_where_the_hops_end() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url());
    let options = |target: &str, fields: &str| {
        gateway.send(&format!("OPTIONS {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))
    };
    assert_eq!(options("*", "").status, 204);
    assert_eq!(options("/things/", "Max-Forwards: 0\r\n").status, 204);
    assert_eq!(provider.calls(), 0);
    let reply = options("/things/", "Max-Forwards: 3\r\n");
    assert!(has(&got(&reply), "max-forwards: 2"));
    assert!(gateway.kept.closed(3).iter().all(|call| call.outcome == Outcome::Succeeded));
}

#[test]
fn an_encoded_delimiter_is_no_way_to_an_operation_that_is_not_offered() {
    let contract = r#"{"openapi": "3.1.0", "paths": {
        "/orders/{id}": {"get": {"operationId": "read", "responses": {}}},
        "/orders/{id}:export": {"get": {"operationId": "export", "responses": {}}}}}"#;
    let provider = Provider::echo().try_start().unwrap();
    let text = format!(
        "[listen.edge]\nbind = \"127.0.0.1:0\"\n[apis.things]\ncontract = \"things.json\"\n\
         [apis.things.upstream]\nurls = [\"{}\"]\n[apis.things.offer.all]\nat = \"/things\"\n\
         plans = [\"open\"]\nexcept = [\"export\"]\n[plans.open]\nauth = \"none\"\n",
        provider.url()
    );
    let gateway = harness::start(&text, &[("things.json", contract.as_bytes())]);
    for (path, status) in [
        ("/things/orders/7", 200),
        ("/things/orders/a%20b%40c", 200),
        ("/things/orders/7:export", 403),
        ("/things/orders/7%3Aexport", 400),
        ("/things/orders/7%3aexport", 400),
        ("/things/orders/7%253Aexport", 200),
    ] {
        assert_eq!(gateway.with(path, "").status, status, "{path}");
    }
}
