//! The tests' upstreams do what their names say, right or wrong.

use crate::wire::{call, get, json, raw, send};
use bytes::Bytes;
use demo::Provider;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json as value};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn an_echo_tells_what_it_was_sent() {
    let provider = Provider::echo().start().await;
    let answer =
        call(&provider, "PATCH", "/a%2Fb?c=d", &[("x-one", "1"), ("x-one", "2")], value!({ "e": "é" })).await;
    let echo = json(&answer);
    assert_eq!((&echo["method"], &echo["target"]), (&value!("PATCH"), &value!("/a%2Fb?c=d")));
    assert_eq!((&echo["body"], &echo["length"]), (&value!("{\"e\":\"é\"}"), &value!(10)));
    let fields = echo["fields"].as_array().unwrap();
    assert!(fields.contains(&value!(["x-one", "1"])) && fields.contains(&value!(["x-one", "2"])));

    let seen = provider.requests();
    assert_eq!((provider.calls(), provider.connections(), provider.received()), (1, 1, 10));
    assert_eq!((seen[0].target.as_str(), seen[0].field("X-One")), ("/a%2Fb?c=d", Some("1")));
    assert_eq!(seen[0].body, "{\"e\":\"é\"}");
}

#[tokio::test]
async fn a_script_is_played_and_its_last_answer_stays() {
    let answers = [503, 200].map(|status| Response::builder().status(status).body(Bytes::new()).unwrap());
    let provider = Provider::script(answers.into()).start().await;
    for status in [503, 200, 200] {
        assert_eq!(get(&provider, "/").await.0, status);
    }
    let provider =
        Provider::answering(|request| Response::new(request.uri().path().to_owned().into())).start().await;
    assert_eq!(call(&provider, "GET", "/x", &[], Value::Null).await.body(), "/x");
    let provider = Provider::status(418).start().await;
    assert_eq!(get(&provider, "/").await, (418, value!({ "status": 418 })));
}

#[tokio::test]
async fn nobody_listens_where_a_provider_refuses() {
    let provider = Provider::refusing().start().await;
    let error = TcpStream::connect(provider.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_port_is_free_again_when_its_provider_is_dropped() {
    let provider = Provider::silent().start().await;
    let address = provider.address();
    let mut open = TcpStream::connect(address).await.unwrap();
    drop(provider);
    assert!(matches!(open.read(&mut [0; 1]).await, Ok(0) | Err(_)), "its connections end with it");
    let again = Provider::echo().listen(address).try_start().expect("the port is free");
    let error = Provider::echo().listen(again.address()).try_start().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on `{address}`: choose another address, or port 0 for any free one")
    );
}

#[tokio::test]
async fn a_silent_provider_reads_and_says_nothing() {
    let provider = Provider::silent().start().await;
    let answer = tokio::time::timeout(Duration::from_millis(100), raw(&provider, GET)).await;
    assert!(answer.is_err(), "{answer:?}");
    while provider.calls() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(provider.calls(), 1);
}

#[tokio::test]
async fn garbage_is_no_http() {
    let provider = Provider::garbage().start().await;
    assert!(!raw(&provider, GET).await.unwrap().starts_with(b"HTTP"));
    let request = Request::get("/").header("host", "x").body(Bytes::new()).unwrap();
    assert!(send(&provider, request).await.unwrap_err().is_parse());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_90_bytes_short() {
    let provider = Provider::closing_mid_body().start().await;
    let answer = raw(&provider, GET).await.unwrap();
    assert!(answer.ends_with(b"Content-Length: 100\r\n\r\n0123456789"));
    let request = Request::get("/").header("host", "x").body(Bytes::new()).unwrap();
    send(&provider, request).await.expect_err("a body of 100 bytes cannot be had");
}

#[tokio::test]
async fn a_reused_connection_is_reset_and_a_fresh_one_works() {
    let provider = Provider::resetting_on_reuse().start().await;
    for _ in 0..2 {
        let mut stream = TcpStream::connect(provider.address()).await.unwrap();
        stream.write_all(GET).await.unwrap();
        let mut answer = [0; 256];
        let count = stream.read(&mut answer).await.unwrap();
        assert!(answer[..count].starts_with(b"HTTP/1.1 200 OK") && answer[..count].ends_with(b"ok\n"));
        stream.write_all(GET).await.unwrap();
        assert_eq!(stream.read(&mut answer).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!((provider.calls(), provider.connections()), (4, 2));
}

#[tokio::test]
async fn a_stale_connection_promised_to_stay() {
    let provider = Provider::closing_after_answer().start().await;
    let answer = raw(&provider, GET).await.unwrap();
    assert!(answer.ends_with(b"ok\n") && !answer.windows(5).any(|five| five == b"close"));
}

#[tokio::test]
async fn slow_bodies_and_events_come_in_parts_and_end() {
    let provider = Provider::slow_body(3, Duration::from_millis(1)).start().await;
    let answer = call(&provider, "GET", "/", &[], Value::Null).await;
    assert_eq!(answer.body(), "chunk        0.\nchunk        1.\nchunk        2.\n");

    let provider = Provider::server_sent_events(2, Duration::from_millis(1)).start().await;
    let answer = call(&provider, "GET", "/", &[], Value::Null).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(
        answer.body(),
        "id: 0\nevent: tick\ndata: {\"n\":0}\n\nid: 1\nevent: tick\ndata: {\"n\":1}\n\n"
    );

    let provider = Provider::late(Duration::from_millis(1)).start().await;
    assert_eq!(call(&provider, "GET", "/", &[], Value::Null).await.body(), "late\n");
}

#[tokio::test]
async fn an_endless_body_goes_on_while_it_is_read() {
    let provider = Provider::endless().start().await;
    let mut stream = TcpStream::connect(provider.address()).await.unwrap();
    stream.write_all(GET).await.unwrap();
    let mut taken = vec![0; 1 << 20];
    for _ in 0..8 {
        stream.read_exact(&mut taken).await.expect("more");
    }
}

#[tokio::test]
async fn a_sink_counts_an_upload_of_any_size() {
    const SIZE: usize = 64 << 20;
    let provider = Provider::sink().start().await;
    let mut stream = TcpStream::connect(provider.address()).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {SIZE}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![7; 1 << 20];
    for _ in 0..64 {
        stream.write_all(&chunk).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with(&format!("{{\"received\":{SIZE}}}")), "{answer}");
    assert_eq!(provider.received(), 64 << 20);
}

#[tokio::test]
async fn a_held_body_has_an_end() {
    let provider = Provider::echo().start().await;
    let request = Request::post("/").header("host", "x").body(vec![0; (16 << 20) + 1].into()).unwrap();
    // The answer may come while the upload still runs; either way it is not taken.
    if let Ok(answer) = send(&provider, request).await {
        assert_eq!(answer.status(), 413);
    }
    assert_eq!(provider.received(), 0);
}

#[tokio::test]
async fn a_websocket_switches_and_echoes_bytes() {
    let provider = Provider::websocket_echo().start().await;
    let stream = TcpStream::connect(provider.address()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    let request = Request::get("/")
        .header("host", "x")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(http_body_util::Empty::<Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 101);
    assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let mut tunnel = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    tunnel.write_all(b"\x81\x05hello").await.unwrap();
    let mut back = [0; 7];
    tunnel.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"\x81\x05hello");
    assert_eq!(get(&provider, "/").await.0, 426);
}

#[tokio::test]
async fn a_provider_speaks_tls_with_the_certificate_it_was_given() {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let start =
        |unstarted: demo::Unstarted| unstarted.with_tls(pair.cert.pem(), pair.signing_key.serialize_pem());
    let provider = start(Provider::echo()).start().await;
    let port = provider.address().port();
    assert_eq!(provider.url(), format!("https://127.0.0.1:{port}"));
    assert_eq!(provider.url_as("localhost"), format!("https://localhost:{port}"));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(pair.cert.der().clone()).unwrap();
    let suite = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(suite)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    for provider in [&provider, &start(Provider::garbage()).start().await] {
        let stream = TcpStream::connect(provider.address()).await.unwrap();
        let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request =
            Request::get("/").header("host", "x").body(http_body_util::Empty::<Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await;
        assert_eq!(provider.calls(), 1);
        if let Ok(answer) = answer {
            assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
        }
    }
    let error = Provider::echo().with_tls("no pem", "").try_start().unwrap_err();
    assert_eq!(error.to_string(), "the provider's certificate or key cannot be used");
}
