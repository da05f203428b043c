//! Tokens of a real issuer: a code that is typed elsewhere, renewal by several processes at once, and its end.

use crate::harness::switchboard;
use crate::issuer::issuer;
use demo::Provider;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn board(home: &Path, url: &str, issuer: &str) {
    let contract = r#"{"openapi":"3.1.0","info":{"title":"Orders","version":"1"},
      "components":{"securitySchemes":{"o":{"type":"openIdConnect","openIdConnectUrl":"ISSUER/.well-known/openid-configuration"}}},
      "security":[{"o":["read"]}],
      "paths":{"/orders":{"get":{"operationId":"list","responses":{"200":{"description":"all"}}}}}}"#;
    std::fs::write(home.join("orders.json"), contract.replace("ISSUER", issuer)).unwrap();
    // Nothing of the login is written: the contract says where, the flags say who.
    let text =
        format!("[apis.orders]\ncontract = \"orders.json\"\n[apis.orders.upstream]\nurls = \"{url}\"\n");
    std::fs::write(home.join("switchboard.toml"), text).unwrap();
}

/// A page as a browser gets it: where it ended, and its text.
fn browse(home: &Path, words: &[&str]) -> (String, String) {
    let all = [&["-sS", "-L", "-b", "jar", "-c", "jar", "-w", "\n%{url_effective}"], words].concat();
    let output = Command::new("curl").args(all).current_dir(home).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (page, at) = text.rsplit_once('\n').unwrap();
    (at.to_owned(), page.to_owned())
}

/// The value of a hidden field of a form.
fn hidden(page: &str, name: &str) -> String {
    let from = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no `{name}` in {page}"));
    let rest = &page[from..];
    rest.split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

/// Logs in by a code that a person types in a browser elsewhere.
fn logged_in(home: &Path, issuer: &str) {
    let mut login = switchboard(home)
        .args(["auth", "login", "orders", "--grant", "device", "--client-id", "device"])
        .args(["--scope", "openid", "--scope", "offline_access"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(login.stderr.take().unwrap()).lines().map_while(Result::ok);
    let said = lines.find(|line| line.starts_with("open ")).unwrap_or_default();
    let mut words = said.split_whitespace();
    let (at, code) =
        (words.nth(1).unwrap_or_default().to_owned(), words.last().unwrap_or_default().to_owned());
    assert!(at.starts_with(issuer) && code.len() > 3, "{said}");
    let (_, page) = browse(home, &[&at]);
    let typed = format!("user_code={code}");
    let (_, page) = browse(home, &["-d", &format!("xsrf={}", hidden(&page, "xsrf")), "-d", &typed, &at]);
    let confirmed = format!("xsrf={}", hidden(&page, "xsrf"));
    let (mut at, _) = browse(home, &["-d", &confirmed, "-d", &typed, "-d", "confirm=yes", &at]);
    for form in ["prompt=login&login=ada&password=x", "prompt=consent"] {
        assert!(at.contains("/interaction/"), "{at}");
        at = browse(home, &["-d", form, &at]).0;
    }
    let output = login.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?} {:?}", lines.collect::<Vec<_>>());
}

fn login_file(home: &Path) -> PathBuf {
    let folder = home.join("state/switchboard/logins");
    let mut all = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    all.find(|path| path.extension().is_some_and(|kind| kind == "json")).unwrap()
}

#[tokio::test]
async fn a_code_typed_elsewhere_logs_in_and_processes_take_turns_to_renew() {
    let Some(issuer) = issuer() else { return };
    let provider = Provider::echo().start().await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    board(home, &provider.url(), &issuer.url);
    // Without a login it is said how to have one.
    let refused = Provider::status(401).start().await;
    board(home, &refused.url(), &issuer.url);
    let output = switchboard(home).args(["call", "orders.list"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("`switchboard auth login orders`")
            && said.contains("a bearer token by OAuth with read"),
        "{said}"
    );
    board(home, &provider.url(), &issuer.url);
    logged_in(home, &issuer.url);
    let call = || switchboard(home).args(["call", "orders.list"]).output().unwrap();
    assert_eq!(call().status.code(), Some(0), "{:?}", call());

    // Its tokens last a second, its refresh tokens are good for one use, and one that comes twice ends the login.
    let together = || -> Vec<Output> {
        let spawn = || {
            switchboard(home)
                .args(["call", "orders.list"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let all: Vec<_> = (0..6).map(|_| spawn()).collect();
        all.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
    };
    for output in together() {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let before = provider.calls();
    assert!(
        provider
            .requests()
            .iter()
            .all(|seen| seen.field("authorization").is_some_and(|value| value.starts_with("Bearer ")))
    );

    // A refresh token that the issuer does not know: said, with what to do, and nothing of it shown.
    let file = login_file(home);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
    record["refresh"] = "revokedRefresh7Kq3Xw9Zt".into();
    record["ends"] = 1.into();
    std::fs::write(&file, record.to_string()).unwrap();
    let output = switchboard(home).args(["call", "orders.list", "-v"]).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(14), "{said}");
    assert!(said.contains("invalid_grant") && said.contains("switchboard auth login orders"), "{said}");
    assert!(!said.contains("revokedRefresh"), "{said}");
    // No refresh token at all.
    record["refresh"].take();
    std::fs::write(&file, record.to_string()).unwrap();
    let output = call();
    assert_eq!(output.status.code(), Some(14), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("has ended: run `switchboard auth login orders`"),
        "{output:?}"
    );
    assert_eq!(provider.calls(), before, "nothing went without a token");
    // Logged in once more, it works again.
    let _ = std::fs::remove_file(home.join("jar"));
    logged_in(home, &issuer.url);
    assert_eq!(call().status.code(), Some(0));
}

#[tokio::test]
async fn a_clock_that_goes_wrong_costs_one_more_request_and_no_answer() {
    let issued = std::sync::atomic::AtomicU32::new(0);
    let issuer = Provider::answering(move |_| {
        let nth = issued.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        let body = format!(
            "{{\"access_token\":\"token-number-{nth}\",\"token_type\":\"Bearer\",\"expires_in\":600}}"
        );
        http::Response::new(bytes::Bytes::from(body))
    })
    .start()
    .await;
    let provider = Provider::answering(|request| {
        let good =
            request.headers().get("authorization").is_some_and(|value| value == "Bearer token-number-2");
        http::Response::builder().status(if good { 200 } else { 401 }).body(bytes::Bytes::new()).unwrap()
    })
    .start()
    .await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let text = format!(
        "[apis.orders]\ncontract = \"orders.json\"\n[apis.orders.upstream]\nurls = \"{}\"\n\
         credential = {{ oauth2 = {{ token-url = \"{}/token\", client-id = \"us\", client-secret = \"file:secret\" }} }}\n",
        provider.url(),
        issuer.url()
    );
    board(home, "http://127.0.0.1:9", "http://127.0.0.1:9");
    std::fs::write(home.join("secret"), "clientSecret4Nd8").unwrap();
    std::fs::write(home.join("switchboard.toml"), text).unwrap();
    let call = || switchboard(home).args(["call", "orders.list"]).output().unwrap();
    // The provider's clock says that the first token has ended, ours that it has ten minutes: one 401, then a new one.
    assert_eq!(call().status.code(), Some(0));
    assert_eq!((issuer.calls(), provider.calls()), (2, 2));
    // Ours goes an hour ahead: the token that is kept seems to have ended, and another one is had.
    let file = login_file(home);
    let mut record: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(record["access"], "token-number-2");
    record["ends"] = 1.into();
    std::fs::write(&file, record.to_string()).unwrap();
    let output = call();
    assert_eq!(
        output.status.code(),
        Some(4),
        "the third token is not the one this provider takes: {output:?}"
    );
    assert_eq!(issuer.calls(), 4, "one for the clock, one for the 401, and no more");
}

/// An issuer whose document is of this name and lies at this path only; tokens are had at `/token`.
async fn documented(path: &'static str, of: &'static str, token: &'static str) -> Provider {
    Provider::answering(move |request| {
        let host = request.headers().get("host").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = if request.uri().path() == path {
            let token = if token.is_empty() { format!("http://{host}/token") } else { token.to_owned() };
            serde_json::json!({ "issuer": format!("http://{host}{of}"), "token_endpoint": token })
        } else if request.uri().path() == "/token" {
            serde_json::json!({ "access_token": "had", "token_type": "Bearer", "expires_in": 600 })
        } else {
            return http::Response::builder().status(404).body(bytes::Bytes::new()).unwrap();
        };
        http::Response::new(bytes::Bytes::from(body.to_string()))
    })
    .start()
    .await
}

#[tokio::test]
async fn an_issuer_is_found_by_either_document_and_by_no_other_s() {
    const OPENID: &str = "/tenant/.well-known/openid-configuration";
    const OAUTH: &str = "/.well-known/oauth-authorization-server/tenant";
    for (path, of, token, code, words) in [
        (OPENID, "/tenant", "", 0, ""),             // OpenID Connect Discovery 1.0 §4
        (OAUTH, "/tenant", "", 0, ""),              // RFC 8414 §3.1
        (OPENID, "/other", "", 14, "answered 404"), // RFC 8414 §3.3
        (OAUTH, "/other", "", 14, "is of another issuer"),
        ("/elsewhere", "/tenant", "", 14, "answered 404"),
        (OAUTH, "/tenant", "http://login.example/token", 14, "not https"), // RFC 6749 §3.2
    ] {
        let (provider, issuer) = (Provider::echo().start().await, documented(path, of, token).await);
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        board(home, "http://127.0.0.1:9", "http://127.0.0.1:9");
        let text = format!(
            "[apis.orders]\ncontract = \"orders.json\"\n[apis.orders.upstream]\nurls = \"{}\"\n\
             credential = {{ oauth2 = {{ issuer = \"{}/tenant\", client-id = \"us\", client-secret = \"file:secret\" }} }}\n",
            provider.url(),
            issuer.url()
        );
        std::fs::write(home.join("secret"), "clientSecret4Nd8").unwrap();
        std::fs::write(home.join("switchboard.toml"), text).unwrap();
        let output = switchboard(home).args(["call", "orders.list"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{path} {of}: {said}");
        assert!(said.contains(words), "{path} {of}: {said}");
        assert_eq!(provider.calls(), u64::from(code == 0), "{path} {of}");
    }
}
