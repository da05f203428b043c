//! TLS towards a provider with a private authority: trusted, not trusted, for another name, out of date.

use crate::authorities::{authority, issued};
use crate::caller::{get, on_one_thread, providers, read, upstream};
use board::Upstream;
use call::{Dial, ErrorKind, Providers};
use demo::Provider;
use std::sync::Arc;

/// Its address under the name that is in its certificate.
fn by_name(provider: &Provider) -> String {
    format!("https://localhost:{}", provider.address().port())
}

fn pem(text: &str) -> Arc<[u8]> {
    Arc::from(text.as_bytes())
}

#[test]
fn a_certificate_is_trusted_or_the_error_says_why_not() {
    on_one_thread(async {
        let (ours, other) = (authority("Acme"), authority("Globex"));
        for (name, years, trusted, words) in [
            ("localhost", (2020, 2090), &ours, None),
            ("localhost", (2020, 2090), &other, Some("unknown issuer")),
            ("orders.example", (2020, 2090), &ours, Some("name mismatch")),
            ("localhost", (2020, 2021), &ours, Some("has expired")),
            ("localhost", (2080, 2090), &ours, Some("not valid yet")),
        ] {
            let (certificate, key) = issued(&ours, name, years);
            let provider = Provider::echo().with_tls(certificate, key).start().await;
            let upstream = Upstream {
                authority: Some(pem(&trusted.pem())),
                retries: 2,
                ..upstream(&[by_name(&provider)])
            };
            match (providers().send(&upstream, get("/")).await, words) {
                (Ok(answer), None) => {
                    assert_eq!(answer.status.as_u16(), 200);
                    read(answer).await.unwrap();
                }
                (Err(error), Some(words)) => {
                    assert_eq!((error.kind, error.nothing_was_sent()), (ErrorKind::Untrusted, true));
                    assert!(error.detail.contains(words), "{error}");
                    if words == "name mismatch" {
                        assert!(error.detail.contains("for `orders.example`, not `localhost`"), "{error}");
                    }
                    assert_eq!(provider.calls(), 0);
                    let insecure = Providers::new(Dial { insecure: true, ..Dial::default() });
                    assert!(insecure.send(&upstream, get("/")).await.is_ok(), "asked not to look");
                }
                (got, _) => panic!("{name} {years:?}: {got:?}"),
            }
        }
    });
}

#[test]
fn the_systems_roots_do_not_trust_a_private_authority() {
    on_one_thread(async {
        let (certificate, key) = issued(&authority("Acme"), "localhost", (2020, 2090));
        let provider = Provider::echo().with_tls(certificate, key).start().await;
        let error = providers().send(&upstream(&[by_name(&provider)]), get("/")).await.unwrap_err();
        // A machine without any roots says so instead.
        assert!(matches!(error.kind, ErrorKind::Untrusted | ErrorKind::Unusable), "{error}");
        assert_eq!(provider.calls(), 0);
    });
}

#[test]
fn connections_are_not_shared_between_those_who_trust_differently() {
    on_one_thread(async {
        let (ours, other) = (authority("Acme"), authority("Globex"));
        let (certificate, key) = issued(&ours, "localhost", (2020, 2090));
        let provider = Provider::echo().with_tls(certificate, key).start().await;
        let providers = providers();
        let trusting = Upstream { authority: Some(pem(&ours.pem())), ..upstream(&[by_name(&provider)]) };
        for reused in [false, true] {
            let answer = providers.send(&trusting, get("/")).await.unwrap();
            assert_eq!(answer.sent.reused, reused);
            read(answer).await.unwrap();
        }
        let mistrusting = Upstream { authority: Some(pem(&other.pem())), fingerprint: 8, ..trusting };
        assert_eq!(providers.send(&mistrusting, get("/")).await.unwrap_err().kind, ErrorKind::Untrusted);
    });
}

#[test]
fn what_is_no_tls_is_said_to_be_none() {
    on_one_thread(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 16]).unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            let _ = socket.read_to_end(&mut Vec::new()); // until the caller closes
        });
        let error = providers().send(&upstream(&[url]), get("/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TlsBroken, "{error}");
        assert!(error.detail.contains("is it plain `http`"), "{error}");
        let upstream =
            Upstream { authority: Some(pem("nothing")), ..upstream(&["https://127.0.0.1:9".to_owned()]) };
        let error = providers().send(&upstream, get("/")).await.unwrap_err();
        assert!(error.detail.contains("BEGIN CERTIFICATE"), "{error}");
    });
}

#[test]
fn a_wished_address_takes_the_place_of_a_lookup() {
    on_one_thread(async {
        let ours = authority("Acme");
        let (certificate, key) = issued(&ours, "orders.example", (2020, 2090));
        let provider = Provider::echo().with_tls(certificate, key).start().await;
        let resolve = vec![("Orders.example".to_owned(), 8443, provider.address())];
        let providers = Providers::new(Dial { resolve, ..Dial::default() });
        let upstream = Upstream {
            authority: Some(pem(&ours.pem())),
            ..upstream(&["https://orders.example:8443".to_owned()])
        };
        assert_eq!(providers.send(&upstream, get("/")).await.unwrap().status.as_u16(), 200);
        assert_eq!(provider.requests()[0].field("host"), Some("orders.example:8443"));
    });
}
