//! The life of a gateway: ports, a new board under load, calls from inside, the stop.

use crate::endings::open;
use crate::harness::{self, Line, now};
use crate::orders::{self, KEY};
use demo::Provider;
use exchange::{As, By, ConsumerName, Outcome, Stage};
use gateway::{Asked, Gateway, GatewayError, GatewayOptions, Settings};
use std::sync::Arc;
use std::time::Duration;

/// The stages of a call that goes all the way.
const EVERY: [Stage; 8] = [
    Stage::Listener,
    Stage::Offer,
    Stage::Operation,
    Stage::Caller,
    Stage::Permission,
    Stage::Limit,
    Stage::Request,
    Stage::Provider,
];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_taken_port_is_named_also_when_it_is_shared() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let taken = gateway.address();
    let text = orders::text(&provider.url(), "", "", "").replace("127.0.0.1:0", &taken.to_string());
    let board = Arc::new(harness::board(&text, &[("orders.yaml", orders::CONTRACT.as_bytes())]));
    let started = Gateway::start(GatewayOptions {
        accounts: Arc::new(harness::accounts(&board, None)),
        board,
        recorder: Arc::new(exchange::Discard),
        quotas: Arc::new(exchange::QuotasInMemory::default()),
        threads: 2,
        writer_ids: vec![1, 2],
        settings: Settings::default(),
    });
    let error = started.map(|_| ()).unwrap_err();
    assert!(error.is_taken() && matches!(error, GatewayError::Bind { .. }));
    assert!(
        error.to_string().contains(&taken.to_string()) && error.to_string().contains("`edge`"),
        "{error}"
    );
}

#[test]
fn several_threads_share_a_port() {
    let provider = Provider::echo().try_start().unwrap();
    let board = Arc::new(harness::board(
        &orders::text(&provider.url(), "", "", "limit = \"20/h\""),
        &[("orders.yaml", orders::CONTRACT.as_bytes())],
    ));
    let kept = Arc::new(harness::Kept::default());
    let running = Gateway::start(GatewayOptions {
        accounts: Arc::new(harness::accounts(&board, None)),
        board,
        recorder: kept.clone(),
        quotas: Arc::new(exchange::QuotasInMemory::default()),
        threads: 3,
        writer_ids: vec![1, 2, 3],
        settings: Settings::default(),
    })
    .unwrap();
    let statuses: Vec<u16> = (0..40)
        .map(|_| {
            let mut line = Line::to(running.addresses()[0].1);
            line.write(format!("GET /shop/orders HTTP/1.1\r\nHost: a\r\n{KEY}\r\n").as_bytes());
            line.reply(false).status
        })
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 20, "one limit over all threads");
    let mut ids: Vec<_> = kept.closed(40).iter().map(|call| call.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

#[test]
fn a_call_under_way_keeps_its_world() {
    let slow = Provider::late(Duration::from_millis(300)).try_start().unwrap();
    let other = Provider::status(418).try_start().unwrap();
    let gateway = orders::start_as(&slow.url(), "", "", "");
    let mut line = gateway.connect();
    line.write(format!("GET /shop/orders HTTP/1.1\r\nHost: a\r\n{KEY}\r\n").as_bytes());
    while slow.calls() == 0 {
        std::thread::yield_now();
    }
    let board = Arc::new(harness::board(
        &orders::text(&other.url(), "", "", ""),
        &[("orders.yaml", orders::CONTRACT.as_bytes())],
    ));
    gateway.running.swap(Arc::clone(&board), Arc::clone(&gateway.accounts)).unwrap();
    assert_eq!(gateway.with("/shop/orders", KEY).status, 418, "the next call sees the new world");
    assert_eq!(line.reply(false).status, 200, "the one under way is not dropped");
    line.write(format!("GET /shop/orders HTTP/1.1\r\nHost: a\r\n{KEY}\r\n").as_bytes());
    assert_eq!(line.reply(false).status, 418, "on the same connection");
    gateway.running.swap(board, Arc::new(exchange::Accounts::default())).unwrap();
    assert_eq!(gateway.with("/shop/orders", KEY).status, 401, "a revoked key opens nothing");
}

#[test]
fn a_stop_lets_calls_finish_and_takes_no_new_ones() {
    let provider = Provider::late(Duration::from_millis(300)).try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let (mut line, mut idle) = (gateway.connect(), gateway.connect());
    line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    while provider.calls() == 0 {
        std::thread::yield_now();
    }
    let address = gateway.address();
    let cut = runtime().block_on(gateway.running.drain(Duration::from_secs(20)));
    assert_eq!(cut, 0);
    let reply = line.reply(false);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.field("connection"), Some("close"));
    assert!(idle.is_closed());
    assert!(std::net::TcpStream::connect(address).is_err());
    assert_eq!(gateway.kept.closed(1)[0].outcome, Outcome::Succeeded);
}

#[test]
fn a_stop_cuts_off_what_does_not_end() {
    let provider = Provider::endless().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let mut line = gateway.connect();
    line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(line.head().status, 200);
    let cut = runtime().block_on(gateway.running.drain(Duration::from_millis(50)));
    assert_eq!(cut, 1);
    assert_eq!(gateway.kept.closed(1)[0].outcome, Outcome::Aborted(By::Us));
}

#[test]
fn a_call_from_inside_goes_through_every_stage() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start(&provider.url());
    let dispatch = gateway.running.dispatch();
    let call = |target: &str, who: As| {
        runtime().block_on(async {
            let request = http::Request::get(target).body(bytes::Bytes::new()).unwrap();
            let mut response = dispatch.call(request, who).await.unwrap();
            let mut body = Vec::new();
            while let Some(piece) = response.body_mut().next().await {
                body.extend(piece.unwrap());
            }
            (response.status().as_u16(), String::from_utf8(body).unwrap())
        })
    };
    assert_eq!(call("/shop/orders", As::Nobody).0, 401);
    let globex = || As::Consumer(ConsumerName::new("globex"));
    assert_eq!(call("/shop/orders?limit=500", globex()).0, 400);
    let (status, body) = call("/shop/orders", globex());
    assert_eq!(status, 200, "{body}");
    assert_eq!(call("/shop/orders", As::Consumer(ConsumerName::new("initech"))).0, 403);
    let calls = gateway.kept.closed(4);
    assert_eq!(calls[2].consumer.as_ref().map(ConsumerName::as_str), Some("globex"));
    assert_eq!(calls[2].address, None);
}

#[test]
fn explain_says_what_the_stages_would_and_takes_nothing() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = orders::start_as(
        &provider.url(),
        "check = { requests = \"block\", responses = \"off\" }",
        "",
        "limit = \"3/h\"",
    );
    gateway.with("/shop/orders", KEY);
    let asked = |target: &str, who: Option<&str>| Asked {
        method: http::Method::GET,
        target: target.parse().unwrap(),
        fields: http::HeaderMap::new(),
        who: who.map(ConsumerName::new),
        listener: None,
    };
    for _ in 0..5 {
        let said = now(gateway.running.explain(&asked("/shop/orders/7", Some("globex"))));
        let stages: Vec<_> = said.iter().map(|decision| decision.stage).collect();
        assert_eq!(stages, EVERY);
        assert!(said.iter().all(|decision| decision.refused.is_none()), "{said:#?}");
        assert_eq!(said[2].subject, "orders.getOrder");
        assert!(said[2].origin.as_deref().unwrap().starts_with("orders.yaml:"), "{said:#?}");
        assert!(said[5].words.starts_with("1 used, 2 left"), "{}", said[5].words);
        assert!(said[7].subject.ends_with("/orders/7"));
    }
    let said = now(gateway.running.explain(&asked("/shop/orders?limit=101", None)));
    let noes: Vec<_> = said.iter().filter_map(|decision| decision.refused.as_deref()).collect();
    assert_eq!(noes, ["key-missing", "request-breaks-contract"], "it goes on after a no");
    let reports = orders::start_as(&provider.url(), "check = { requests = \"report\" }", "", "");
    let said = now(reports.running.explain(&asked("/shop/orders?limit=101", Some("globex"))));
    assert!(said.iter().all(|decision| decision.refused.is_none()), "{said:#?}");
    assert!(said.iter().any(|decision| decision.words.ends_with("passed on, reported")), "{said:#?}");
    assert_eq!(provider.calls(), 1);
    gateway.kept.closed(1);
    let cold =
        gateway::explain_cold(gateway.board.clone(), gateway.accounts.clone(), &asked("/nowhere", None))
            .unwrap();
    assert_eq!(cold.last().unwrap().refused.as_deref(), Some("no-offer"));
    let whole = now(gateway.running.explain(&asked("http://127.0.0.1/shop/orders/7", Some("globex"))));
    let stages: Vec<_> = whole.iter().map(|decision| decision.stage).collect();
    assert_eq!(stages, EVERY, "a whole URL names its own host");
}

#[test]
fn a_stage_that_says_no_is_one_line_with_what_it_found() {
    let provider = Provider::echo().try_start().unwrap();
    let text = orders::text(
        &provider.url(),
        "check = { requests = \"block\", responses = \"off\" }",
        "",
        "limit = \"1/h\"",
    );
    let gateway = harness::start(&text, &[("orders.yaml", orders::CONTRACT.as_bytes())]);
    let fields = "X-Api-Key: key-of-globex\r\nContent-Type: application/json\r\n";
    let refused = |nth: usize, status: u16, stage: Stage| {
        let reply = gateway.post("/shop/orders", fields, r#"{"item":"pen-7","quantity":0}"#);
        assert_eq!(reply.status, status);
        let call = gateway.kept.closed(nth).pop().unwrap();
        let decisions = gateway.kept.detail(call.id).decisions;
        let of: Vec<_> = decisions.iter().filter(|decision| decision.stage == stage).collect();
        let [one] = of.as_slice() else { panic!("{stage:?} once in {decisions:?}") };
        assert!(one.refused.is_some() && one.origin.is_some(), "{one:?}");
    };
    refused(1, 400, Stage::Request);
    refused(2, 429, Stage::Limit);
}

#[test]
fn a_detail_tells_the_call_and_no_secret() {
    let provider = Provider::answering(|request| {
        let told = request.headers().get("x-up").cloned().unwrap();
        http::Response::builder()
            .header("content-type", "application/json")
            .header("x-told", told)
            .body(bytes::Bytes::from_static(b"{}"))
            .unwrap()
    });
    let provider = provider.try_start().unwrap();
    let text = orders::text(
        &provider.url(),
        "check = { requests = \"report\", responses = \"report\" }",
        "",
        "limit = \"5/h\"",
    )
    .replace("retries = 0", "retries = 0\ncredential = { header = \"X-Up\", value = \"env:CREDENTIAL\" }")
    .replace("details = \"all\"", "details = \"all\"\nredact = [\"item\"]");
    let gateway = harness::start(&text, &[("orders.yaml", orders::CONTRACT.as_bytes())]);
    let fields = "X-Api-Key: key-of-globex\r\nContent-Type: application/json\r\n";
    let reply = gateway.post(
        "/shop/orders?token=t0p",
        fields,
        r#"{"item":"pen-7","quantity":0,"password":"hunter22"}"#,
    );
    assert_eq!(reply.status, 200);
    assert_eq!(reply.field("x-told"), Some("provider-secret"), "the credential was sent");
    let call = gateway.kept.closed(1).remove(0);
    let detail = gateway.kept.detail(call.id);
    let text = format!("{detail:?}");
    for secret in ["key-of-globex", "hunter22", "pen-7", "t0p", "provider-secret"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(call.breaks, 1);
    assert_eq!(detail.findings[0].at, "/quantity");
    let request = detail.request.unwrap();
    assert!(request.line.starts_with("POST /shop/orders?token=***"), "{}", request.line);
    assert!(request.body.contains("quantity"), "{}", request.body);
    assert!(detail.response.unwrap().line.contains("200"));
    let stages: Vec<_> = detail.decisions.iter().map(|decision| decision.stage).collect();
    assert!(stages.contains(&Stage::Limit) && stages.contains(&Stage::Provider), "{stages:?}");
    assert!(detail.timing.iter().any(|timing| timing.part == "provider"));
}

#[test]
fn tls_listeners_speak_tls() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Provider::echo().try_start().unwrap();
    let text = orders::text(&provider.url(), "", "", "")
        .replace("trust =", "tls = { cert = \"cert.pem\", key = \"file:key.pem\" }\ntrust =");
    let files: [(&str, &[u8]); 3] = [
        ("orders.yaml", orders::CONTRACT.as_bytes()),
        ("cert.pem", certified.cert.pem().leak().as_bytes()),
        ("key.pem", certified.signing_key.serialize_pem().leak().as_bytes()),
    ];
    let gateway = harness::start(&text, &files);
    let address = gateway.address();
    let certificate = certified.cert.der().clone();
    let answer = runtime().block_on(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let mut stream =
            tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let request = format!("GET /shop/orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{KEY}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    });
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut plain = gateway.connect();
    plain.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let reply = plain.reply(false);
    assert_ne!(reply.status, 200);
}
