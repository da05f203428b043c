//! When a connection is used again, and when not.

use crate::caller::{get, on_one_thread, post, providers, read, upstream};
use board::Upstream;
use bytes::Bytes;
use call::{Dial, OutBody, Outgoing, Providers};
use demo::Provider;
use futures_util::future::join_all;
use http::Method;
use http_body_util::{BodyExt, StreamBody};
use std::time::Duration;

#[test]
fn a_connection_comes_back_when_the_body_has_ended_and_not_before() {
    on_one_thread(async {
        let provider = Provider::slow_body(3, Duration::from_millis(1)).start().await;
        let (providers, upstream) = (providers(), upstream(&[provider.url()]));
        let first = providers.send(&upstream, get("/1")).await.unwrap();
        let second = providers.send(&upstream, get("/2")).await.unwrap();
        assert!(!second.sent.reused, "the first body has not ended");
        read(first).await.unwrap();
        read(second).await.unwrap();
        let third = providers.send(&upstream, get("/3")).await.unwrap();
        assert!(third.sent.reused);
        drop(third); // in the middle of its body: this connection is closed
        let fourth = providers.send(&upstream, get("/4")).await.unwrap();
        assert!(fourth.sent.reused, "the other one is left");
        let fifth = providers.send(&upstream, get("/5")).await.unwrap();
        assert!(!fifth.sent.reused, "the one with an unread body is not used again");
        assert_eq!(provider.connections(), 3);
    });
}

#[test]
fn concurrent_calls_have_connections_of_their_own_and_keep_as_many_as_allowed() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let providers = Providers::new(Dial { idle_per_server: 4, ..Dial::default() });
        let upstream = upstream(&[provider.url()]);
        for (round, connections) in [(0, 10), (1, 16)] {
            let calls = (0..10).map(|n| {
                let (providers, upstream) = (&providers, &upstream);
                async move {
                    let answer = providers.send(upstream, get(&format!("/{round}/{n}"))).await.unwrap();
                    let seen: serde_json::Value =
                        serde_json::from_slice(&read(answer).await.unwrap()).unwrap();
                    assert_eq!(seen["target"], format!("/{round}/{n}"));
                }
            });
            join_all(calls).await;
            assert_eq!(provider.connections(), connections);
        }
    });
}

#[test]
fn what_is_not_used_any_more_is_let_go_at_once_and_a_call_under_way_keeps_its_own() {
    on_one_thread(async {
        let (replaced, kept) =
            (Provider::slow_body(3, Duration::from_millis(1)).start().await, Provider::echo().start().await);
        let providers = providers();
        let replaced_by = upstream(&[replaced.url()]);
        let other = Upstream { fingerprint: 8, ..upstream(&[kept.url()]) };
        for to in [&replaced_by, &other] {
            read(providers.send(to, get("/")).await.unwrap()).await.unwrap();
        }
        let under_way = providers.send(&replaced_by, get("/")).await.unwrap();
        assert!(under_way.sent.reused);
        providers.keep_only([&other]);
        assert!(!read(under_way).await.unwrap().is_empty(), "it goes on to its end");
        for (to, provider, reused) in [(&replaced_by, &replaced, false), (&other, &kept, true)] {
            let answer = providers.send(to, get("/")).await.unwrap();
            assert_eq!(answer.sent.reused, reused);
            read(answer).await.unwrap();
            assert_eq!(provider.connections(), if reused { 1 } else { 2 });
        }
    });
}

#[test]
fn heads_are_kept_from_when_they_are_wanted() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let (providers, upstream) = (Providers::new(Dial::default()), upstream(&[provider.url()]));
        for wanted in [false, true, false] {
            providers.keep_heads(wanted);
            let answer = providers.send(&upstream, get("/")).await.unwrap();
            assert_eq!(answer.sent.head.is_some(), wanted);
            read(answer).await.unwrap();
        }
    });
}

#[test]
fn nothing_is_kept_where_nothing_may_be() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let (providers, upstream) = (Providers::new(Dial::default()), upstream(&[provider.url()]));
        for _ in 0..3 {
            read(providers.send(&upstream, get("/")).await.unwrap()).await.unwrap();
        }
        assert_eq!(provider.connections(), 3);
    });
}

#[test]
fn a_connection_with_bytes_that_nobody_asked_for_is_not_used_again() {
    on_one_thread(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = std::thread::spawn(move || {
            use std::io::{Read, Write};
            let mut connections = Vec::new();
            for _ in 0..2 {
                let (mut socket, _) = listener.accept().unwrap();
                let _ = socket.read(&mut [0; 4096]).unwrap();
                socket
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
                    .unwrap();
                connections.push(socket); // stays open: the caller has to close it
            }
        });
        let (providers, upstream) = (providers(), upstream(&[url]));
        for _ in 0..2 {
            let answer = providers.send(&upstream, get("/")).await.unwrap();
            assert!(!answer.sent.reused);
            assert_eq!(read(answer).await.unwrap(), "ok");
        }
        provider.join().unwrap();
    });
}

#[test]
fn a_connection_whose_request_was_not_sent_whole_is_not_used_again() {
    on_one_thread(async {
        // Answers before it has the body, and stays: the rest of the body would be read as the next request.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            let mut connections = Vec::new();
            for _ in 0..2 {
                let (mut socket, _) = listener.accept().unwrap();
                let _ = socket.read(&mut [0; 4096]).unwrap();
                socket.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").unwrap();
                connections.push(socket);
            }
        });
        let upstream = Upstream { timeout: Duration::from_secs(5), ..upstream(&[url]) };
        let providers = providers();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let body = futures_util::stream::once(async {
            let _ = ended.await;
            Ok(http_body::Frame::data(Bytes::from_static(b"late")))
        });
        let body = OutBody::Stream(Box::pin(StreamBody::new(body)));
        let outgoing = Outgoing { body, ..crate::caller::request(Method::POST, "/") };
        let answer = providers.send(&upstream, outgoing).await.unwrap();
        assert_eq!(answer.status.as_u16(), 413);
        assert_eq!(read(answer).await.unwrap(), "no");
        drop(end);
        // Time for a connection that was given back wrongly to look as if it were free.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let answer = providers.send(&upstream, get("/")).await.unwrap();
        assert!(!answer.sent.reused);
    });
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_replaced_for_any_method() {
    on_one_thread(async {
        for outgoing in [get("/"), post("/", "{}")] {
            let provider = Provider::closing_after_answer().start().await;
            let (providers, upstream) = (providers(), upstream(&[provider.url()]));
            for _ in 0..3 {
                let answer = providers.send(&upstream, outgoing.again().unwrap()).await.unwrap();
                read(answer).await.unwrap();
                // The end of the connection has to arrive: only then nothing is written to it.
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            assert_eq!((provider.calls(), provider.connections()), (3, 3), "{}", outgoing.method);
        }
    });
}

#[test]
fn a_reset_on_reuse_is_repeated_once_where_that_is_harmless_and_only_there() {
    on_one_thread(async {
        // A stream that was touched cannot be sent again, whatever its method.
        let stream = || {
            OutBody::Stream(Box::pin(
                http_body_util::Full::new(Bytes::from("x")).map_err(|never| match never {}),
            ))
        };
        let put = || crate::caller::request(Method::PUT, "/");
        for (outgoing, calls, succeeds) in [
            (get("/"), 3, true),
            (put(), 3, true),
            (post("/", "{}"), 2, false),
            (Outgoing { body: stream(), ..put() }, 2, false),
        ] {
            let name = format!("{} {:?}", outgoing.method, outgoing.body);
            let provider = Provider::resetting_on_reuse().start().await;
            let (providers, upstream) = (providers(), upstream(&[provider.url()]));
            read(providers.send(&upstream, get("/")).await.unwrap()).await.unwrap();
            match providers.send(&upstream, outgoing).await {
                Ok(answer) => {
                    assert!(succeeds, "{name}");
                    assert_eq!((answer.sent.attempts, answer.sent.reused), (2, false), "{name}");
                    read(answer).await.unwrap();
                }
                Err(error) => {
                    assert!(!succeeds, "{name}: {error}");
                    assert_eq!((error.kind, error.attempts), (call::ErrorKind::BrokenOff, 1), "{name}");
                }
            }
            assert_eq!(provider.calls(), calls, "{name}");
        }
    });
}

#[test]
fn an_idle_connection_is_closed_after_a_minute() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let (providers, upstream) = (providers(), upstream(&[provider.url()]));
        read(providers.send(&upstream, get("/")).await.unwrap()).await.unwrap();
        tokio::time::pause();
        tokio::time::sleep(Duration::from_secs(50)).await;
        tokio::time::resume();
        let answer = providers.send(&upstream, get("/")).await.unwrap();
        assert!(answer.sent.reused);
        read(answer).await.unwrap();
        tokio::time::pause();
        tokio::time::sleep(Duration::from_secs(80)).await;
        tokio::time::resume();
        assert!(!providers.send(&upstream, get("/")).await.unwrap().sent.reused);
    });
}
