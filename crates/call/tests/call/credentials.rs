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
