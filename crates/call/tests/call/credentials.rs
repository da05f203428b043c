//! A provider's credentials on the wire: where they belong, once, and nowhere else.

use crate::caller::{get, on_one_thread, providers, upstream};
use board::{Credential, CredentialPlace, Upstream};
use demo::Provider;
use exchange::Secret;

fn credential(place: CredentialPlace, secret: &str) -> Credential {
    Credential {
        place,
        secret: Secret::new(secret),
        reference: "env:KEY".to_owned(),
        serves: board::Serves::Every,
    }
}

#[test]
fn a_credential_stands_in_its_place_and_replaces_the_callers() {
    on_one_thread(async {
        let name = http::HeaderName::from_static("x-key");
        for (place, secret, target, field, value) in [
            (CredentialPlace::Header(name), "geheim", "/a?q=1&k=mine", "x-key", "geheim"),
            (CredentialPlace::Query("k".to_owned()), "ge/heim&", "/a?q=1&k=ge%2Fheim%26", "x-key", "mine"),
            (
                CredentialPlace::Cookie("sid".to_owned()),
                "geheim",
                "/a?q=1&k=mine",
                "cookie",
                "a=1; sid=geheim",
            ),
            (CredentialPlace::Bearer, "geheim", "/a?q=1&k=mine", "authorization", "Bearer geheim"),
            (CredentialPlace::Basic, "me:geheim", "/a?q=1&k=mine", "authorization", "Basic bWU6Z2VoZWlt"),
        ] {
            let provider = Provider::echo().start().await;
            let upstream =
                Upstream { credentials: vec![credential(place, secret)], ..upstream(&[provider.url()]) };
            let mut outgoing = get("/a?q=1&k=mine");
            for (name, value) in [
                ("x-key", "mine"),
                ("x-key", "too"),
                ("cookie", "a=1; sid=mine"),
                ("authorization", "Bearer mine"),
            ] {
                outgoing.fields.append(name, value.parse().unwrap());
            }
            let answer = providers().send(&upstream, outgoing).await.unwrap();
            let seen = &provider.requests()[0];
            assert_eq!(seen.target, target);
            assert_eq!(seen.field(field), Some(value));
            let as_often = seen.fields.iter().filter(|(name, _)| name == field).count();
            assert_eq!(as_often, if value == "mine" { 2 } else { 1 });

            let shown = format!("{:?}", answer.sent.head.clone().unwrap());
            for hidden in ["geheim", "heim%26", "bWU6Z2VoZWlt"] {
                assert!(!shown.contains(hidden), "{shown}");
            }
            assert!(shown.contains("***") || shown.contains("Sensitive"), "{shown}");
        }
    });
}

#[test]
fn a_credential_that_cannot_be_sent_is_named_and_not_shown() {
    on_one_thread(async {
        for (place, secret) in [
            (CredentialPlace::Bearer, "gehe\nim"),
            (CredentialPlace::Basic, "geheim"),
            (CredentialPlace::Cookie("sid".to_owned()), "gehe;im"),
        ] {
            let upstream = Upstream {
                credentials: vec![credential(place, secret)],
                ..upstream(&["http://127.0.0.1:9".to_owned()])
            };
            let error = providers().send(&upstream, get("/")).await.unwrap_err();
            assert_eq!(error.kind, call::ErrorKind::Unusable);
            assert!(error.detail.contains("`env:KEY`") && !error.detail.contains("gehe"), "{error}");
        }
    });
}

#[test]
fn equal_fingerprints_do_not_send_a_credential_to_anothers_server() {
    on_one_thread(async {
        let (mine, other) = (Provider::echo().start().await, Provider::echo().start().await);
        let providers = providers();
        let with = Upstream {
            credentials: vec![credential(CredentialPlace::Bearer, "geheim")],
            ..upstream(&[mine.url()])
        };
        providers.send(&with, get("/")).await.unwrap();
        providers.send(&upstream(&[other.url()]), get("/")).await.unwrap();
        assert_eq!(other.requests()[0].field("authorization"), None);
        assert_eq!((mine.calls(), other.calls()), (1, 1));
        providers.send(&upstream(&[mine.url()]), get("/")).await.unwrap();
        assert_eq!((mine.calls(), other.calls()), (2, 1));
        assert_eq!(mine.requests()[1].field("authorization"), None);
    });
}

fn oauth(token_url: String) -> Credential {
    credential(
        CredentialPlace::OAuth(Box::new(board::OAuth {
            grant: board::Grant::ClientCredentials,
            token_url: Some(token_url),
            issuer: None,
            authorization_url: None,
            device_url: None,
            client_id: "acme".to_owned(),
            client_secret: Some(Secret::new("gehe:im")),
            scopes: vec!["read".to_owned(), "write".to_owned()],
            login: "login:orders".to_owned(),
        })),
        "gehe:im",
    )
}

fn answer(status: u16, fields: &[(&str, &str)], body: &str) -> http::Response<bytes::Bytes> {
    let mut answer = http::Response::builder().status(status);
    for (name, value) in fields {
        answer = answer.header(*name, *value);
    }
    answer.body(bytes::Bytes::from(body.to_owned())).unwrap()
}

#[test]
fn a_digest_challenge_is_met_once_and_its_nonce_is_counted() {
    on_one_thread(async {
        let challenge = "Digest realm=\"acme\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";
        let provider = Provider::script(vec![
            answer(401, &[("www-authenticate", challenge)], ""),
            answer(200, &[], "in"),
            answer(200, &[], "in"),
            answer(401, &[("www-authenticate", &challenge.replace("n1", "n2"))], ""),
            answer(401, &[("www-authenticate", challenge)], ""),
        ])
        .start()
        .await;
        let credentials = vec![credential(CredentialPlace::Digest, "me:geheim")];
        let upstream = Upstream { credentials, ..upstream(&[provider.url()]) };
        let providers = providers();
        let first = providers.send(&upstream, crate::caller::post("/a?b=c", "body")).await.unwrap();
        assert_eq!((first.status.as_u16(), first.sent.attempts), (200, 2));
        let said = |index: usize| provider.requests()[index].field("authorization").map(str::to_owned);
        assert_eq!(said(0), None);
        let met = said(1).unwrap();
        assert!(met.contains("uri=\"/a?b=c\"") && met.contains("nc=00000001"), "{met}");
        assert!(!met.contains("geheim"), "{met}");
        assert_eq!(providers.send(&upstream, get("/a")).await.unwrap().status, 200);
        assert!(said(2).unwrap().contains("nc=00000002"));
        // A wrong password is told once more and not for ever.
        assert_eq!(providers.send(&upstream, get("/a")).await.unwrap().status, 401);
        assert!(said(4).unwrap().contains("nonce=\"n2\""));
        assert_eq!(provider.calls(), 5);
    });
}

#[test]
fn a_token_is_had_once_for_many_calls_and_renewed_after_one_401() {
    on_one_thread(async {
        let token = |text: &str| {
            format!("{{\"access_token\":\"{text}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}")
        };
        let issuer =
            Provider::script(vec![answer(200, &[], &token("first")), answer(200, &[], &token("second"))])
                .start()
                .await;
        let provider = Provider::answering(|request| {
            let good = request.headers().get("authorization").is_some_and(|value| value == "Bearer second");
            answer(if good { 200 } else { 401 }, &[], "")
        })
        .start()
        .await;
        let credentials = vec![oauth(format!("{}/token?tenant=acme", issuer.url()))];
        let upstream = Upstream { credentials, ..upstream(&[provider.url()]) };
        let providers = providers();
        let (a, b, c) = tokio::join!(
            providers.send(&upstream, get("/a")),
            providers.send(&upstream, get("/b")),
            providers.send(&upstream, get("/c"))
        );
        for answer in [a, b, c] {
            let answer = answer.unwrap();
            assert_eq!(answer.status, 200);
            assert!(!format!("{:?}", answer.sent).contains("second"));
        }
        assert_eq!(issuer.calls(), 2, "one flight for each token");
        let asked = &issuer.requests()[0];
        assert_eq!(asked.target, "/token?tenant=acme");
        assert_eq!(asked.field("authorization"), Some("Basic YWNtZTpnZWhlJTNBaW0="), "RFC 6749 §2.3.1");
    });
}

#[test]
fn a_token_that_cannot_be_had_is_said_without_the_secret() {
    on_one_thread(async {
        let echo = "{\"error\":\"invalid_client\",\"error_description\":\"wrong secret gehe:im\"}";
        let issuer = Provider::script(vec![answer(401, &[], echo)]).start().await;
        let provider = Provider::echo().start().await;
        for (url, words) in [
            (format!("{}/token", issuer.url()), "invalid_client"),
            ("http://login.acme.example/token".to_owned(), "not https"),
        ] {
            let upstream = Upstream { credentials: vec![oauth(url)], ..upstream(&[provider.url()]) };
            let error = providers().send(&upstream, get("/")).await.unwrap_err();
            assert_eq!(error.kind, call::ErrorKind::Unauthorised);
            assert!(error.detail.contains(words) && !error.detail.contains("gehe"), "{error}");
        }
        assert_eq!(provider.calls(), 0);
    });
}
