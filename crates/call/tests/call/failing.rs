//! Providers that fail: each way has its kind, whose fault it is, and words.

use crate::caller::{broke_off, get, on_one_thread, post, providers, read, upstream};
use board::Upstream;
use call::{ErrorKind, Patience};
use demo::Provider;
use exchange::Fault;
use std::time::Duration;

#[test]
fn every_way_to_fail_has_a_kind() {
    on_one_thread(async {
        let refusing = Provider::refusing().start().await;
        let garbage = Provider::garbage().start().await;
        let closing = Provider::raw("").start().await;
        let half = Provider::raw("HTTP/1.1 200 OK\r\nContent-Le").start().await;
        let switching = Provider::raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").start().await;
        let coded = Provider::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx").start().await;
        for (url, kind, fault) in [
            (coded.url(), ErrorKind::Garbage, Fault::Provider),
            (refusing.url(), ErrorKind::Refused, Fault::Network),
            ("http://does-not-exist.invalid".to_owned(), ErrorKind::NameUnknown, Fault::Network),
            (garbage.url(), ErrorKind::Garbage, Fault::Provider),
            (closing.url(), ErrorKind::BrokenOff, Fault::Provider),
            (half.url(), ErrorKind::BrokenOff, Fault::Provider),
            (switching.url(), ErrorKind::Garbage, Fault::Provider),
        ] {
            let error = providers().send(&upstream(std::slice::from_ref(&url)), get("/")).await.unwrap_err();
            assert_eq!((error.kind, error.fault()), (kind, fault), "{error}");
            assert!(error.detail.starts_with(&url), "{error}");
        }
    });
}

#[test]
fn a_provider_that_hangs_is_silent_after_its_time() {
    on_one_thread(async {
        let provider = Provider::silent().start().await;
        let upstream =
            Upstream { timeout: Duration::from_millis(50), retries: 3, ..upstream(&[provider.url()]) };
        for outgoing in [get("/"), post("/", "{}")] {
            let error = providers().send(&upstream, outgoing).await.unwrap_err();
            assert_eq!((error.kind, error.attempts), (ErrorKind::Silent, 1), "{error}");
        }
        let upstream = Upstream { total_timeout: Some(Duration::from_millis(20)), ..upstream };
        let error = providers().send(&upstream, get("/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TotalTimeout, "{error}");
    });
}

#[test]
fn a_connection_that_is_never_made_times_out() {
    on_one_thread(async {
        // TLS towards somebody who accepts and says nothing.
        let provider = Provider::silent().start().await;
        let url = provider.url().replace("http:", "https:");
        let upstream = Upstream { connect_timeout: Duration::from_millis(50), ..upstream(&[url]) };
        let error = providers().send(&upstream, get("/")).await.unwrap_err();
        assert_eq!((error.kind, error.nothing_was_sent()), (ErrorKind::ConnectTimeout, true), "{error}");
    });
}

#[test]
fn a_body_that_breaks_off_says_so() {
    on_one_thread(async {
        let provider = Provider::closing_mid_body().start().await;
        let (providers, upstream) = (providers(), upstream(&[provider.url()]));
        let answer = providers.send(&upstream, get("/")).await.unwrap();
        assert_eq!(answer.status.as_u16(), 200);
        let error = read(answer).await.unwrap_err();
        assert_eq!(broke_off(&error).kind, ErrorKind::BrokenOff, "{error}");
        assert!(error.to_string().contains("after 10 bytes"), "{error}");
        assert_eq!(provider.calls(), 1, "what has begun to arrive is not asked for again");
    });
}

#[test]
fn the_total_time_ends_a_body_that_goes_on() {
    on_one_thread(async {
        for provider in [
            Provider::endless().start().await,
            Provider::slow_body(1000, Duration::from_millis(20)).start().await,
        ] {
            let upstream =
                Upstream { total_timeout: Some(Duration::from_millis(200)), ..upstream(&[provider.url()]) };
            let answer = providers().send(&upstream, get("/")).await.unwrap();
            let mut body = answer.body;
            let error = loop {
                match http_body_util::BodyExt::frame(&mut body).await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => break error,
                    None => panic!("the body ended"),
                }
            };
            assert_eq!(broke_off(&error).kind, ErrorKind::TotalTimeout, "{error}");
            assert!(http_body_util::BodyExt::frame(&mut body).await.is_none());
        }
    });
}

#[test]
fn a_body_that_stalls_ends_after_a_minute_and_an_event_stream_does_not() {
    on_one_thread(async {
        for (kind, stalls) in [("text/plain", true), ("text/event-stream; charset=utf-8", false)] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 9\r\n\r\nbegun");
            std::thread::spawn(move || {
                use std::io::{Read, Write};
                let (mut socket, _) = listener.accept().unwrap();
                let _ = socket.read(&mut [0; 4096]).unwrap();
                socket.write_all(head.as_bytes()).unwrap();
                let _ = socket.read(&mut [0; 16]); // until the caller closes
            });
            let mut answer = providers().send(&upstream(&[url]), get("/")).await.unwrap();
            let begun = http_body_util::BodyExt::frame(&mut answer.body).await.unwrap().unwrap();
            assert_eq!(begun.into_data().unwrap(), "begun");
            tokio::time::pause();
            let hour = Duration::from_secs(3600);
            let next = tokio::time::timeout(hour, http_body_util::BodyExt::frame(&mut answer.body)).await;
            match next {
                Ok(next) => {
                    assert!(stalls);
                    assert_eq!(broke_off(&next.unwrap().unwrap_err()).kind, ErrorKind::Silent);
                }
                Err(_) => assert!(!stalls),
            }
            tokio::time::resume();
        }
    });
}

#[test]
fn the_next_server_is_asked_when_one_cannot_be_reached() {
    on_one_thread(async {
        let (dead, alive) = (Provider::refusing().start().await, Provider::echo().start().await);
        let (providers, upstream) = (providers(), upstream(&[dead.url(), alive.url()]));
        for _ in 0..4 {
            let answer = providers.send(&upstream, post("/", "{}")).await.unwrap();
            assert_eq!((answer.sent.attempts, &answer.sent.server), (1, &upstream.servers[1]));
            read(answer).await.unwrap();
        }
        assert_eq!(alive.calls(), 4);
    });
}

#[test]
fn what_broke_off_is_repeated_as_often_as_allowed_and_where_harmless() {
    on_one_thread(async {
        for (outgoing, retries, calls) in [(get("/"), 0, 1), (get("/"), 2, 3), (post("/", "{}"), 2, 1)] {
            let provider = Provider::raw("").start().await;
            let upstream = Upstream { retries, ..upstream(&[provider.url()]) };
            let error = providers().send(&upstream, outgoing).await.unwrap_err();
            assert_eq!((error.kind, u64::from(error.attempts)), (ErrorKind::BrokenOff, calls));
            assert_eq!(provider.calls(), calls);
        }
    });
}

fn status(code: u16, retry_after: Option<&str>) -> http::Response<bytes::Bytes> {
    let mut response = http::Response::builder().status(code);
    if let Some(value) = retry_after {
        response = response.header("retry-after", value);
    }
    response.body(bytes::Bytes::new()).unwrap()
}

#[test]
fn a_status_is_an_answer_unless_patience_is_asked_for() {
    on_one_thread(async {
        let patience =
            Patience { times: 3, longest: Duration::from_secs(5), within: None, pause: None, any: false };
        for (answers, outgoing, patient, wanted, calls) in [
            (vec![status(503, None), status(200, None)], get("/"), false, 503, 1),
            (vec![status(503, None), status(200, None)], get("/"), true, 200, 2),
            (vec![status(429, Some("0")), status(502, None), status(200, None)], get("/"), true, 200, 3),
            (vec![status(504, None), status(200, None)], post("/", "{}"), true, 504, 1),
            (vec![status(429, Some("60")), status(200, None)], get("/"), true, 429, 1),
            (vec![status(503, None)], get("/"), true, 503, 4),
            (vec![status(500, None), status(200, None)], get("/"), true, 500, 1),
        ] {
            let provider = Provider::script(answers).start().await;
            let upstream = Upstream { retries: 2, ..upstream(&[provider.url()]) };
            let answer = if patient {
                providers().send_patiently(&upstream, outgoing, patience).await.unwrap()
            } else {
                providers().send(&upstream, outgoing).await.unwrap()
            };
            assert_eq!((answer.status.as_u16(), u64::from(answer.sent.attempts)), (wanted, calls));
            assert_eq!(provider.calls(), calls);
        }
    });
}
