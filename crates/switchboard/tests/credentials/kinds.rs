//! Every kind of credential on the gateway's side of a provider: what the provider sees, and that nothing is written.

use crate::harness::{Running, curl};
use base64::Engine as _;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use std::fmt::Write as _;
use std::path::Path;

const CLIENT: &str = "clientSecret6Qj5Wd8";
const ACCESS: &str = "accessToken3Lf9Kz2";

/// Each kind: how the board writes it, its secrets, and what the provider has to see.
const KINDS: &[(&str, &str, &str, &str)] = &[
    (
        "header",
        r#"{ header = "X-Acme", value = "file:header" }"#,
        "headerSecret7Qz4Kp9",
        "x-acme: headerSecret7Qz4Kp9",
    ),
    ("byquery", r#"{ query = "k", value = "file:byquery" }"#, "query/Secret3Vn8", "?k=query%2FSecret3Vn8"),
    (
        "cookie",
        r#"{ cookie = "sid", value = "file:cookie" }"#,
        "cookieSecret9Wf4",
        "cookie: sid=cookieSecret9Wf4",
    ),
    ("bearer", r#"{ bearer = "file:bearer" }"#, "bearerSecret5Tk3", "authorization: Bearer bearerSecret5Tk3"),
    (
        "basic",
        r#"{ basic = "file:basic" }"#,
        "us:basicSecret6Hd2",
        "authorization: Basic dXM6YmFzaWNTZWNyZXQ2SGQy",
    ),
    (
        "digest",
        r#"{ digest = "file:digest" }"#,
        "us:digestSecret2Bn7",
        "authorization: Digest username=\"us\"",
    ),
    ("oauth", "OAUTH", CLIENT, "authorization: Bearer accessToken3Lf9Kz2"),
    (
        "sigv4",
        r#"{ sigv4 = { region = "eu-central-1", service = "s3", key-id = "file:awsid", secret = "file:sigv4", session = "file:awssession" } }"#,
        "awsSecret8Jq5Lw",
        "authorization: AWS4-HMAC-SHA256 Credential=AKIDSECRET4Rm9/",
    ),
];

/// Says back all it was sent; challenges whoever asks for `/digest`.
async fn provider() -> Provider {
    Provider::answering(|request| {
        let mut said = format!("{} {}\n", request.method(), request.uri());
        for (name, value) in request.headers() {
            let _ = writeln!(said, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        }
        let answer = Response::builder().header("content-type", "text/plain");
        if request.uri().path().starts_with("/digest") && !said.contains("authorization:") {
            let challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
            return answer.status(401).header("www-authenticate", challenge).body(Bytes::new()).unwrap();
        }
        answer.header("x-said", said.replace('\n', "|")).body(Bytes::from(said)).unwrap()
    })
    .start()
    .await
}

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // A token that a machine had is kept where only its owner may read.
        if path.is_dir() && !path.ends_with("logins") {
            files(&path, found);
        } else if path.is_file() {
            found.push((path.display().to_string(), std::fs::read(path).unwrap()));
        }
    }
}

#[tokio::test]
async fn every_kind_is_sent_by_the_gateway_and_written_nowhere() {
    let provider = provider().await;
    let token = format!("{{\"access_token\":\"{ACCESS}\",\"token_type\":\"Bearer\",\"expires_in\":600}}");
    let issuer = Provider::answering(move |_| Response::new(Bytes::from(token.clone()))).start().await;
    let home = tempfile::tempdir().unwrap();
    let mut board =
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{port}\"\n[plans.open]\nauth = \"none\"\n\
                     [record]\ndetails = \"all\"\nrows = \"1000/s\"\n"
            .to_owned();
    let oauth = format!(
        "{{ oauth2 = {{ token-url = \"{}/token\", client-id = \"us\", client-secret = \"file:oauth\" }} }}",
        issuer.url()
    );
    let given = home.path().join("given");
    std::fs::create_dir(&given).unwrap();
    for (name, credential, secret, _) in KINDS {
        let credential = if *name == "oauth" { &oauth } else { *credential };
        let _ = write!(
            board,
            "[apis.{name}.upstream]\nurls = [\"{}/{name}\"]\ncredential = {}\n[apis.{name}.offer.all]\nat = \"/{name}\"\nplans = [\"open\"]\n",
            provider.url(),
            credential.replace("file:", "file:given/"),
        );
        std::fs::write(given.join(name), secret).unwrap();
    }
    std::fs::write(given.join("awsid"), "AKIDSECRET4Rm9").unwrap();
    std::fs::write(given.join("awssession"), "awsSession/Secret8Bc").unwrap();
    let (running, url) = Running::serve_with(home, &board, &[]);
    for (name, _, _, seen) in KINDS {
        for _ in 0..2 {
            let answer = curl(&["-H", "Authorization: Bearer callersOwn", &format!("{url}/{name}/a")]);
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            assert!(answer.body.contains(seen), "{name}: {}", answer.body);
            assert_eq!(
                answer.body.matches("callersOwn").count(),
                usize::from(["header", "byquery", "cookie"].contains(name)),
                "{name}: {}",
                answer.body
            );
        }
    }
    assert_eq!(issuer.calls(), 1, "one token for all calls");
    // Rows and details, as they are asked for and as they lie.
    let log = running.command(&["log", "--format", "ndjson", "--limit", "100"]);
    let mut shown = String::from_utf8_lossy(&log.stdout).into_owned();
    let ids: Vec<String> = shown
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|row| row["call"].as_str().map(str::to_owned))
        .collect();
    assert!(ids.len() >= 2 * KINDS.len(), "{shown}");
    for id in &ids {
        shown += &String::from_utf8_lossy(&running.command(&["log", id, "--format", "json"]).stdout);
        shown += &String::from_utf8_lossy(&running.command(&["explain", id]).stdout);
    }
    assert!(shown.contains("***") && shown.contains("x-said"), "details are there: {shown}");
    running.signal("TERM");
    let mut places = vec![("what log and explain show".to_owned(), shown.into_bytes())];
    std::fs::remove_dir_all(&given).unwrap();
    files(running.home.path(), &mut places);
    let mut secrets: Vec<String> =
        KINDS.iter().map(|(_, _, secret, _)| secret.rsplit(':').next().unwrap().to_owned()).collect();
    secrets
        .extend([ACCESS, "AKIDSECRET4Rm9", "awsSession/Secret8Bc", "query%2FSecret3Vn8"].map(str::to_owned));
    secrets.push(base64::prelude::BASE64_STANDARD.encode("us:basicSecret6Hd2"));
    for (name, bytes) in &places {
        let text = String::from_utf8_lossy(bytes);
        for secret in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "`{secret}` is in {name}: {}",
                &text[..text.len().min(2000)]
            );
        }
    }
}
