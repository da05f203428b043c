//! Logging in at a provider, and calls that use what came of it: against a real issuer where node is installed.

use crate::harness::{Ended, Place};
use crate::issuer::issuer;
use demo::Provider;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn board(url: &str, credential: &str) -> String {
    format!(
        "[apis.orders]\ncontract = \"orders.json\"\n[apis.orders.upstream]\nurls = \"{url}\"\n{credential}\n"
    )
}

const CONTRACT: &str = r#"{"openapi":"3.1.0","info":{"title":"Orders","version":"1"},
    "components":{"securitySchemes":{"key":{"type":"apiKey","in":"header","name":"X-Key"}}},
    "security":[{"key":[]}],
    "paths":{"/orders":{"get":{"operationId":"list","responses":{"200":{"description":"all"}}}},
             "/health":{"get":{"operationId":"health","security":[],"responses":{"200":{"description":"well"}}}}}}"#;

async fn echo() -> Provider {
    Provider::echo().start().await
}

fn started<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_pasted_key_is_used_where_the_contract_says_and_nowhere_else() {
    let (mine, other) = (started(echo()), started(echo()));
    let place = Place::new().with("orders.json", CONTRACT).with("switchboard.toml", board(&mine.url(), ""));
    let said = place.run_with(&["auth", "login", "orders", "--value", "@-"], "geheim-1234\n");
    assert!(!format!("{said:?}").contains("geheim"), "{said:?}");
    said.ok();
    let status = place.run(&["auth", "status"]).ok();
    assert!(status.contains("logged in by header") && !status.contains("geheim"), "{status}");
    place.run(&["call", "orders.list"]).ok();
    place.run(&["call", "orders.health"]).ok();
    assert_eq!(mine.requests()[0].field("x-key"), Some("geheim-1234"));
    assert_eq!(mine.requests()[1].field("x-key"), None, "`security: []` sends none");

    let place = place.with("switchboard.toml", board(&other.url(), ""));
    place.run(&["call", "orders.list"]).ok();
    assert_eq!(other.requests()[0].field("x-key"), None, "never to another origin");
    place.run(&["auth", "logout", "orders"]).ok();
    assert!(place.run(&["auth", "status"]).ok().contains("no login"));
}

#[test]
fn a_connection_is_another_account_at_the_same_provider() {
    let provider = started(echo());
    let text = format!(
        "{}[apis.orders.connection.acme]\ncredential = \"file:acme.key\"\n",
        board(&provider.url(), "credential = \"file:own.key\"")
    );
    let place = Place::new()
        .with("orders.json", CONTRACT)
        .with("own.key", "own-key")
        .with("acme.key", "acme-key")
        .with("switchboard.toml", text);
    place.run(&["call", "orders.list"]).ok();
    place.run(&["call", "orders.list", "--connection", "acme"]).ok();
    let keys: Vec<_> =
        provider.requests().iter().map(|seen| seen.field("x-key").map(str::to_owned)).collect();
    assert_eq!(keys, [Some("own-key".to_owned()), Some("acme-key".to_owned())]);
    place.run(&["call", "orders.list", "--connection", "acmee"]).ended(2, &["acmee", "acme"]);
}

#[test]
fn client_credentials_get_a_token_of_a_real_issuer_once() {
    let Some(issuer) = issuer() else { return };
    let provider = started(echo());
    let credential = format!(
        "credential = {{ oauth2 = {{ issuer = \"{}\", client-id = \"machine\", client-secret = \"file:secret\" }} }}",
        issuer.url
    );
    let place = Place::new()
        .with("orders.json", CONTRACT)
        .with("secret", "machine-secret-1")
        .with("switchboard.toml", board(&provider.url(), &credential));
    for _ in 0..2 {
        let ended = place.run(&["call", "orders.list", "-v"]);
        assert!(!ended.err.contains("machine-secret-1"), "{ended:?}");
        ended.ok();
    }
    let seen = provider.requests();
    let token = seen[0].field("authorization").unwrap();
    assert!(token.starts_with("Bearer ") && token.len() > 20, "{token}");
    assert_eq!(seen[1].field("authorization"), Some(token), "the next process has it too");
    let place = place.with("secret", "wrong").with("orders.json", CONTRACT);
    place.run(&["call", "orders.list"]).ended(14, &["invalid_client"]);
}

#[test]
fn a_person_says_yes_in_a_browser_and_the_token_is_renewed() {
    let Some(issuer) = issuer() else { return };
    let provider = started(echo());
    let credential = format!(
        "credential = {{ oauth2 = {{ grant = \"authorization-code\", issuer = \"{}\", client-id = \"person\", scopes = [\"openid\", \"offline_access\"] }} }}",
        issuer.url
    );
    let place = Place::new()
        .with("orders.json", CONTRACT)
        .with("switchboard.toml", board(&provider.url(), &credential));
    place.run(&["call", "orders.list"]).ended(14, &["switchboard auth login orders"]);
    let mut login = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(["auth", "login", "orders"])
        .current_dir(place.path())
        .env_remove("XDG_STATE_HOME")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("XDG_RUNTIME_DIR")
        .env("HOME", place.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(login.stderr.take().unwrap()).lines();
    let url = lines.map_while(Result::ok).find(|line| line.starts_with("http")).unwrap();
    assert!(url.contains("code_challenge_method=S256"), "{url}");
    // What a person does: follow to the form, sign in, allow.
    let browse = |words: &[&str]| {
        let all = [&["-sS", "-L", "-b", "jar", "-c", "jar", "-w", "\n%{url_effective}"], words].concat();
        let Ended { out, err, .. } = place.end("curl", &all, "");
        assert!(err.is_empty(), "{err}");
        out.lines().last().unwrap_or_default().to_owned()
    };
    let mut at = browse(&[&url]);
    for form in ["prompt=login&login=ada&password=x", "prompt=consent"] {
        assert!(at.contains("/interaction/"), "{at}: {:?}", place.end("curl", &["-sS", "-i", &at], ""));
        at = browse(&["-d", form, &at]);
    }
    assert!(at.starts_with("http://127.0.0.1:") && at.contains("/callback?code="), "{at}");
    assert!(login.wait().unwrap().success());
    // Tokens of this issuer last a second: each call finds its own ended and has it renewed.
    place.run(&["call", "orders.list"]).ok();
    place.run(&["call", "orders.list"]).ok();
    let seen = provider.requests();
    let token = |index: usize| seen[index].field("authorization").unwrap().to_owned();
    assert!(token(0).starts_with("Bearer ") && token(0) != token(1), "{} {}", token(0), token(1));
}
