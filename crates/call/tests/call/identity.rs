//! Mutual TLS: a provider that wants to see a client's certificate, and clients with the right one, another and none.

use crate::authorities::{authority, issued};
use crate::caller::{get, on_one_thread, upstream};
use crate::two;
use board::Upstream;
use call::{Dial, ErrorKind, HttpVersion, Identity, Providers, TlsVersion};
use exchange::Secret;
use std::sync::Arc;

fn pem(text: &str) -> Arc<[u8]> {
    Arc::from(text.as_bytes())
}

#[test]
fn a_client_is_let_in_by_its_certificate_and_else_is_told_why_not() {
    on_one_thread(async {
        let (ours, other) = (authority("Acme"), authority("Globex"));
        let server = two::Server::start(&ours, Some(&ours)).await;
        let upstream = Upstream { authority: Some(pem(&ours.pem())), ..upstream(&[server.url()]) };
        let (right, wrong) =
            (issued(&ours, "client.example", (2020, 2090)), issued(&other, "client.example", (2020, 2090)));
        let identity = |(certificate, key): &(String, String)| {
            Some(Identity { certificates: pem(certificate), key: Secret::new(key.clone()) })
        };
        for http in [HttpVersion::One, HttpVersion::Agreed] {
            let by = |identity| Providers::new(Dial { identity, http, ..Dial::default() });
            let answer = by(identity(&right)).send(&upstream, get("/")).await.unwrap();
            assert_eq!(answer.status.as_u16(), 200);
            for (shown, words) in [(None, "client's certificate"), (identity(&wrong), "TLS handshake")] {
                let error = by(shown).send(&upstream, get("/")).await.unwrap_err();
                assert!(error.detail.contains(words), "{http:?} {error:?}");
                assert_eq!(error.kind, ErrorKind::TlsBroken, "{error:?}");
            }
        }
        // What cannot be shown is said before anything is sent, and without the key.
        let (certificate, key) = &right;
        for (identity, words) in [
            (Identity { certificates: pem("x"), key: Secret::new(key.clone()) }, "certificate is missing"),
            (Identity { certificates: pem(certificate), key: Secret::new("x") }, "key is missing"),
            (
                Identity {
                    certificates: pem(certificate),
                    key: Secret::new(
                        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
                    ),
                },
                "is encrypted",
            ),
            (
                Identity { certificates: pem(certificate), key: Secret::new(wrong.1.clone()) },
                "do not go together",
            ),
        ] {
            let providers = Providers::new(Dial { identity: Some(identity), ..Dial::default() });
            let error = providers.send(&upstream, get("/")).await.unwrap_err();
            assert!(error.kind == ErrorKind::Unusable && error.detail.contains(words), "{error:?}");
        }
    });
}

#[test]
fn an_authority_beside_the_others_and_the_oldest_tls_are_wishes() {
    on_one_thread(async {
        let (ours, other) = (authority("Acme"), authority("Globex"));
        let server = two::Server::start(&ours, None).await;
        for (own, more, trusted) in [
            (Some(&other), Some(&ours), true),
            (Some(&other), None, false),
            (None, Some(&ours), true),
            (None, None, false),
        ] {
            let upstream =
                Upstream { authority: own.map(|one| pem(&one.pem())), ..upstream(&[server.url()]) };
            let dial = Dial {
                authority: more.map(|one| pem(&one.pem())),
                oldest_tls: Some(TlsVersion::Tls13),
                ..Dial::default()
            };
            assert_eq!(Providers::new(dial).send(&upstream, get("/")).await.is_ok(), trusted);
        }
    });
}
