//! Calls through proxies, through a socket of the file system, and to addresses of one kind only.

use crate::authorities::{authority, issued};
use crate::caller::{get, on_one_thread, read, upstream};
use crate::proxies;
use board::Upstream;
use call::{Dial, ErrorKind, Family, HttpVersion, NoProxy, Providers, Proxy};
use demo::Provider;
use exchange::Secret;
use std::sync::Arc;

fn by(proxy: &str) -> Providers {
    let proxies = Proxy::parse(proxy).unwrap().into();
    Providers::new(Dial { proxies, keep_head: true, idle_per_server: 4, ..Dial::default() })
}

#[test]
fn plain_http_asks_an_http_proxy_for_the_whole_url() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let proxy = proxies::Proxy::http(provider.address(), Some("Basic dTpwQHNz"));
        let providers = by(&format!("http://u:p%40ss@{}", proxy.address));
        let upstream = upstream(&["http://orders.example/v1".to_owned()]);
        for path in ["/a?b=1", "/c"] {
            let answer = providers.send(&upstream, get(path)).await.unwrap();
            assert_eq!(answer.status.as_u16(), 200);
            let (line, fields) = answer.sent.head.clone().unwrap();
            assert_eq!(line, format!("GET http://orders.example/v1{path} HTTP/1.1"));
            assert_eq!(fields["proxy-authorization"], "Basic ***");
            read(answer).await.unwrap();
        }
        assert_eq!(proxy.asked()[0], "GET http://orders.example/v1/a?b=1 HTTP/1.1 | Basic dTpwQHNz");
        let seen = &provider.requests()[0];
        assert_eq!(seen.field("host"), Some("orders.example"));
        assert_eq!(seen.field("proxy-authorization"), None);
    });
}

#[test]
fn https_goes_through_a_tunnel_and_the_proxy_sees_neither_path_nor_certificate() {
    on_one_thread(async {
        let ours = authority("Acme");
        let (certificate, key) = issued(&ours, "orders.example", (2020, 2090));
        let provider = Provider::echo().with_tls(certificate, key).start().await;
        let upstream = Upstream {
            authority: Some(Arc::from(ours.pem().as_bytes())),
            ..upstream(&["https://orders.example".to_owned()])
        };
        let http = proxies::Proxy::http(provider.address(), Some("Basic dTpw"));
        let socks = proxies::Proxy::socks(provider.address(), Some(("u", "p")));
        for (proxy, url, asked) in [
            (&http, "http", "CONNECT orders.example:443 HTTP/1.1 | Basic dTpw"),
            (&socks, "socks5h", "name orders.example 443"),
        ] {
            let providers = by(&format!("{url}://u:p@{}", proxy.address));
            for reused in [false, true] {
                let answer = providers.send(&upstream, get("/secret-path")).await.unwrap();
                assert_eq!((answer.status.as_u16(), answer.sent.reused), (200, reused), "{url}");
                assert_eq!(answer.sent.tls.is_zero(), reused);
                read(answer).await.unwrap();
            }
            assert_eq!(proxy.asked(), [asked]);
        }
        assert_eq!(provider.requests()[0].field("proxy-authorization"), None);
    });
}

#[test]
fn a_socks_proxy_gets_a_name_or_the_address_that_was_looked_up_here() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let port = provider.address().port();
        let proxy = proxies::Proxy::socks(provider.address(), None);
        for (kind, host, asked) in [
            ("socks5h", "orders.example", "name orders.example"),
            ("socks5", "127.0.0.1", "address 127.0.0.1"),
        ] {
            let providers = by(&format!("{kind}://{}", proxy.address));
            let upstream = upstream(&[format!("http://{host}:{port}")]);
            assert_eq!(providers.send(&upstream, get("/")).await.unwrap().status.as_u16(), 200);
            assert_eq!(proxy.asked().last(), Some(&format!("{asked} {port}")));
        }
    });
}

#[test]
fn a_proxy_that_refuses_is_told_from_the_provider_and_the_password_is_not_shown() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let http = proxies::Proxy::http(provider.address(), Some("Basic other"));
        let socks = proxies::Proxy::socks(provider.address(), Some(("u", "other")));
        let closed = Provider::refusing().start().await;
        for (proxy, words) in [
            (format!("http://{}", http.address), "wants a user and password (407)"),
            (format!("http://u:hunter22@{}", http.address), "does not accept its user or password (407)"),
            (format!("socks5h://{}", socks.address), "wants to know who calls"),
            (format!("socks5h://u:hunter22@{}", socks.address), "does not accept its user or password"),
            (format!("socks5h://{}", provider.address()), "does not speak SOCKS 5"),
            (format!("http://{}", closed.address()), "nobody listens at"),
        ] {
            let error = by(&proxy)
                .send(&upstream(&["https://orders.example".to_owned()]), get("/"))
                .await
                .unwrap_err();
            assert!(error.detail.contains(words) && error.detail.contains("the proxy"), "{proxy}: {error}");
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
            assert!(error.nothing_was_sent() || error.kind == ErrorKind::BrokenOff, "{error:?}");
        }
        assert_eq!(provider.calls(), 0);
    });
}

#[test]
fn hosts_in_the_list_are_called_without_the_proxy() {
    on_one_thread(async {
        let provider = Provider::echo().start().await;
        let proxy = proxies::Proxy::http(provider.address(), None);
        for (list, asked) in [("10.0.0.0/8", 1), ("127.0.0.0/8", 1), ("*", 1), ("", 2)] {
            let dial = Dial {
                proxies: Proxy::parse(&proxy.address.to_string())
                    .unwrap()
                    .with_user("u", Secret::new("p"))
                    .into(),
                no_proxy: NoProxy::parse(list),
                ..Dial::default()
            };
            Providers::new(dial).send(&upstream(&[provider.url()]), get("/")).await.unwrap();
            assert_eq!(proxy.asked().len(), asked, "{list}");
        }
    });
}

#[test]
fn a_socket_of_the_file_system_and_one_kind_of_address_are_enough() {
    on_one_thread(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            use std::io::{Read, Write};
            let (mut socket, _) = listener.accept().unwrap();
            let mut head = vec![0; 4096];
            let size = socket.read(&mut head).unwrap();
            socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            String::from_utf8_lossy(&head[..size]).into_owned()
        });
        let dial = Dial { unix_socket: Some(path), http: HttpVersion::Agreed, ..Dial::default() };
        let answer =
            Providers::new(dial).send(&upstream(&["http://daemon".to_owned()]), get("/x")).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.sent.peer), (204, None));
        assert!(server.join().unwrap().starts_with("GET /x HTTP/1.1\r\nhost: daemon\r\n"));

        let provider = Provider::echo().start().await;
        let only = |family| Providers::new(Dial { family: Some(family), ..Dial::default() });
        let upstream = upstream(&[provider.url()]);
        let answer = only(Family::V4).send(&upstream, get("/")).await.unwrap();
        assert_eq!(answer.sent.peer, Some(provider.address()));
        let error = only(Family::V6).send(&upstream, get("/")).await.unwrap_err();
        assert!(error.detail.contains("has no IPv6 address"), "{error}");
    });
}
