//! A credential never goes to another origin: not by a redirect, not by `--server`, not by an address, whatever kind it is.

use crate::harness::switchboard;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use rcgen::{CertificateParams, KeyPair};
use std::fmt::Write as _;
use std::path::Path;

const SECRET: &str = "planted7Secret";

const KINDS: &[(&str, &str)] = &[
    ("byheader", r#"{ header = "X-Acme", value = "file:text" }"#),
    ("byquery", r#"{ query = "k", value = "file:text" }"#),
    ("bycookie", r#"{ cookie = "sid", value = "file:text" }"#),
    ("bybearer", r#"{ bearer = "file:text" }"#),
    ("bybasic", r#"{ basic = "file:pair" }"#),
    ("bydigest", r#"{ digest = "file:pair" }"#),
    ("byoauth", "OAUTH"),
    ("bysigv4", r#"{ sigv4 = { region = "r", service = "s", key-id = "file:text", secret = "file:text" } }"#),
];

/// Sends whoever comes to where the query says.
async fn redirecting() -> Provider {
    Provider::answering(|request| {
        let query = request.uri().query().unwrap_or_default();
        let to = query.split('&').find_map(|pair| pair.strip_prefix("to="));
        let code = query.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap_or("302");
        match to {
            Some(to) => {
                let to = to.replace("%3A", ":").replace("%2F", "/");
                Response::builder().status(code).header("location", to).body(Bytes::new()).unwrap()
            }
            None => Response::new(Bytes::from_static(b"here")),
        }
    })
    .start()
    .await
}

/// What a provider was shown of ours.
fn shown(provider: &Provider) -> Vec<String> {
    let told = |text: &str| {
        text.contains(SECRET)
            || text.contains("cGxhbnRlZDdTZWNyZXQ")
            || text.contains("dXM6cGxhbnRlZDdTZWNyZXQ")
    };
    let mut found = Vec::new();
    for seen in provider.requests() {
        if told(&seen.target) {
            found.push(seen.target.clone());
        }
        for (name, value) in &seen.fields {
            if told(value) || name == "authorization" || name.starts_with("x-amz") {
                found.push(format!("{name}: {value}"));
            }
        }
    }
    found
}

fn board(home: &Path, url: &str, token_url: &str, other: &str) {
    let contract = format!(
        r#"{{"openapi":"3.1.0","info":{{"title":"O","version":"1"}},"servers":[{{"url":"{url}"}}],"paths":{{
          "/go":{{"get":{{"operationId":"go","parameters":[{{"name":"to","in":"query","schema":{{"type":"string"}}}},{{"name":"code","in":"query","schema":{{"type":"string"}}}}],"responses":{{"default":{{"description":"ok"}}}}}}}},
          "/own":{{"get":{{"operationId":"own","servers":[{{"url":"{other}"}}],"responses":{{"default":{{"description":"ok"}}}}}}}}}}}}"#
    );
    std::fs::write(home.join("o.json"), contract).unwrap();
    let mut text = String::new();
    for (name, credential) in KINDS {
        let oauth = format!(
            "{{ oauth2 = {{ token-url = \"{token_url}\", client-id = \"us\", client-secret = \"file:client\" }} }}"
        );
        let credential = if *credential == "OAUTH" { &oauth } else { *credential };
        let _ = write!(
            text,
            "[apis.{name}]\ncontract = \"o.json\"\n[apis.{name}.upstream]\nretries = 0\ncredential = {credential}\n"
        );
    }
    std::fs::write(home.join("switchboard.toml"), text).unwrap();
    std::fs::write(home.join("text"), SECRET).unwrap();
    std::fs::write(home.join("pair"), format!("us:{SECRET}")).unwrap();
    std::fs::write(home.join("client"), "clientSecret9").unwrap();
}

#[tokio::test]
async fn no_kind_of_credential_goes_to_another_origin() {
    let (own, other) = (redirecting().await, redirecting().await);
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let secure = redirecting_over_tls(certificate.pem(), key.serialize_pem()).await;
    let token = format!("{{\"access_token\":\"{SECRET}\",\"token_type\":\"Bearer\",\"expires_in\":600}}");
    let issuer = Provider::answering(move |_| Response::new(Bytes::from(token.clone()))).start().await;
    let home = tempfile::tempdir().unwrap();
    board(home.path(), &own.url(), &format!("{}/token", issuer.url()), &other.url());
    let run = |words: &[&str]| {
        let output = switchboard(home.path()).args(words).output().unwrap();
        assert_ne!(output.status.code(), Some(2), "{words:?} {output:?}");
    };
    let by_name = own.url().replace("127.0.0.1", "localhost");
    for (name, _) in KINDS {
        let (go, operation) = (format!("{name}.go"), format!("{name}.own"));
        // Another port, another scheme, another name of the same machine, and a way back.
        for code in ["301", "302", "303", "307", "308"] {
            run(&["call", &go, &format!("to={}/x", other.url()), &format!("code={code}"), "-L"]);
        }
        run(&["call", &go, &format!("to={}/x", secure.url()), "-L", "-k"]);
        run(&["call", &go, &format!("to={}/x?to={}/y", other.url(), other.url()), "-L"]);
        run(&["call", &go, "--server", &other.url()]);
        run(&["call", &go, "--server", &secure.url(), "-k"]);
        run(&["call", &format!("{}/go", other.url())]);
        run(&["call", &operation]);
        assert_eq!(shown(&other), Vec::<String>::new(), "{name}");
        assert_eq!(shown(&secure), Vec::<String>::new(), "{name}");
        // To its own it was sent, also after a redirect within it.
        let before = shown(&own).len();
        run(&["call", &go, &format!("to={}/x", own.url()), "-L"]);
        if *name != "bydigest" {
            assert!(shown(&own).len() >= before + 2, "{name} {:?}", shown(&own));
        }
        // The same port under another name is another origin (RFC 6454 §4).
        let before = shown(&own).len();
        run(&["call", &go, "--server", &by_name]);
        assert_eq!(shown(&own).len(), before, "{name}");
    }
    // What the command line gave goes nowhere else either.
    let to = format!("{}/go?to={}/x", own.url(), other.url());
    run(&[
        "call",
        &to,
        "-L",
        "-u",
        &format!("us:{SECRET}"),
        "-H",
        &format!("X-Api-Key: {SECRET}"),
        "-b",
        &format!("sid={SECRET}"),
    ]);
    assert_eq!(shown(&other), Vec::<String>::new());
    assert!(other.calls() > 50 && secure.calls() >= 16, "{} {}", other.calls(), secure.calls());
}

async fn redirecting_over_tls(certificate: String, key: String) -> Provider {
    Provider::answering(|_| Response::new(Bytes::from_static(b"secure")))
        .with_tls(certificate, key)
        .start()
        .await
}
