//! No secret is shown or written, wherever it stood and however it came: whatever a call says and leaves is searched.
//!
//! Named exceptions: files of credentials and sessions that only their owner may read, and what was asked for in so
//! many words: `--show-secrets`, and the bytes of an answer handed on as they came (a pipe, `--format raw`, `-o`).

use crate::harness::{Ended, Place};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use std::fmt::Write as _;
use std::path::Path;

/// What is planted: each at its own place, so that a leak names the place it comes from.
const HEADER: &str = "headerSecret7Qz4Kp9Xw";
const QUERY: &str = "query/Secret3Vn8 Rt5Ym";
const PATH: &str = "pathSecret6Hd2Jc7Lb";
const COOKIE: &str = "cookieSecret9Wf4Gx8Zs";
const JSON: &str = "jsonSecret\"5Tk3\\Mv6Pq";
const FORM: &str = "formSecret2Bn7&Yc4Ue";
const PART: &str = "partSecret8Jq5Lw3Nd";
const XML: &str = "xmlSecret4Rm9<Fs2Kb";
const LOGIN: &str = "loginSecret3Gt6Dz8Vh";
/// The board's credentials, one for each kind.
const BOARD: &[(&str, &str)] = &[
    ("header", "boardHeaderSecret5Xp2"),
    ("query", "boardQuery/Secret8Ld4"),
    ("cookie", "boardCookieSecret7Zs9"),
    ("bearer", "boardBearerSecret3Kf6"),
    ("basic", "us:boardBasicSecret9Mw2"),
    ("digest", "us:boardDigestSecret4Hy8"),
    ("client", "boardClientSecret6Qj5"),
    ("aws-id", "AKIASECRETBOARDID7Tn3"),
    ("aws-key", "boardAwsSecret2Vr9"),
    ("aws-session", "boardAwsSession/Secret8Bc4"),
];
const ACCESS: &str = "issuedAccessSecret7Ln4Wd";
const REFRESH: &str = "issuedRefreshSecret3Pk8Xc";

const CONTRACT: &str = r#"{"openapi":"3.1.0","info":{"title":"Orders","version":"1"},"paths":{
  "/reset/{token}":{"post":{"operationId":"reset",
    "parameters":[{"name":"token","in":"path","required":true,"schema":{"type":"string"}},
                  {"name":"n","in":"query","schema":{"type":"integer"}}],
    "requestBody":{"content":{"application/json":{"schema":{"type":"object"}}}},
    "responses":{"200":{"description":"ok"}}}},
  "/list":{"get":{"operationId":"list","responses":{"200":{"description":"ok"}}}}}}"#;

/// Every secret, in clear and as it stands in a basic login.
fn all() -> Vec<String> {
    let mut all: Vec<String> = [HEADER, QUERY, PATH, COOKIE, JSON, FORM, PART, XML, LOGIN, ACCESS, REFRESH]
        .map(str::to_owned)
        .into();
    for (_, secret) in BOARD {
        all.push(secret.split_once(':').map_or(*secret, |(_, password)| password).to_owned());
        all.push(BASE64_STANDARD.encode(secret));
    }
    all.push(BASE64_STANDARD.encode(format!("me:{LOGIN}")));
    all
}

/// Which secret is in a text: the first twelve letters of one already give it away, in clear or percent-encoded.
fn found(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let plain = percent_encoding(&text);
    all().into_iter().find(|secret| {
        let told: String = secret.chars().take(12).collect();
        text.contains(&told) || plain.contains(&told)
    })
}

fn percent_encoding(text: &str) -> String {
    text.replace("%2F", "/")
        .replace("%2f", "/")
        .replace("%20", " ")
        .replace("%22", "\"")
        .replace("\\\"", "\"")
}

#[track_caller]
fn silent(what: &str, text: &[u8]) {
    if let Some(secret) = found(text) {
        panic!("{what} has `{secret}`: {}", String::from_utf8_lossy(text));
    }
}

/// Says back everything it was sent, in its head and in its body; and where it is asked to, redirects with it.
async fn reflecting() -> Provider {
    Provider::answering(|request| {
        let mut said = format!("{} {}\n", request.method(), request.uri());
        for (name, value) in request.headers() {
            let _ = writeln!(said, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        }
        said.push_str(&String::from_utf8_lossy(request.body()));
        let back =
            |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("none");
        let events = request.uri().path().ends_with("/events");
        let mut answer = Response::builder()
            .header("content-type", if events { "text/event-stream" } else { "application/json" })
            .header("x-said", back("authorization"))
            .header("x-key-said", back("x-key"))
            .header("set-cookie", format!("sid={}", "cookieSecret9Wf4Gx8Zs"));
        if request.uri().path().ends_with("/away") {
            let to = format!("http://127.0.0.1:9/?{}", request.uri().query().unwrap_or_default());
            answer = answer.status(302).header("location", to);
        }
        if request.uri().path().ends_with("/no") {
            answer = answer.status(403);
        }
        if events {
            let event = format!("data: {}\n\n", serde_json::json!({ "said": said }));
            return answer.body(Bytes::from(event)).unwrap();
        }
        answer.body(Bytes::from(serde_json::json!({ "said": said }).to_string())).unwrap()
    })
    .start()
    .await
}

/// Gives tokens, and says what it was sent where it gives none.
async fn issuer() -> Provider {
    Provider::answering(|request| {
        if request.uri().path() == "/no" {
            let said = format!(
                "no: {} {}",
                request.headers().get("authorization").map_or("", |value| value.to_str().unwrap()),
                String::from_utf8_lossy(request.body())
            );
            let body =
                serde_json::json!({ "error": "invalid_client", "error_description": said }).to_string();
            return Response::builder().status(400).body(Bytes::from(body)).unwrap();
        }
        let body = serde_json::json!({
            "access_token": ACCESS, "refresh_token": REFRESH, "token_type": "Bearer", "expires_in": 3600
        });
        Response::new(Bytes::from(body.to_string()))
    })
    .start()
    .await
}

/// Every file below a folder but those that may hold secrets: 0600 credentials, logins, sessions.
fn left(folder: &Path, seen: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            if !["logins", "sessions", "given"].contains(&name.as_str()) {
                left(&path, seen);
            }
        } else {
            seen.push((path.display().to_string(), std::fs::read(path).unwrap()));
        }
    }
}

fn board(place: Place, url: &str, token_url: &str) -> Place {
    let mut text = String::new();
    let mut api = |name: &str, credential: &str| {
        let _ = write!(
            text,
            "[apis.{name}]\ncontract = \"orders.json\"\n[apis.{name}.upstream]\nurls = \"{url}\"\nretries = 0\ncredential = {credential}\n"
        );
    };
    api("byheader", r#"{ header = "X-Key", value = "file:given/header" }"#);
    api("byquery", r#"{ query = "k", value = "file:given/query" }"#);
    api("bycookie", r#"{ cookie = "sid", value = "file:given/cookie" }"#);
    api("bybearer", r#"{ bearer = "file:given/bearer" }"#);
    api("bybasic", r#"{ basic = "file:given/basic" }"#);
    api("bydigest", r#"{ digest = "file:given/digest" }"#);
    let oauth = format!(
        "{{ oauth2 = {{ token-url = \"{token_url}\", client-id = \"us\", client-secret = \"file:given/client\" }} }}"
    );
    api("byoauth", &oauth);
    api(
        "bysigv4",
        r#"{ sigv4 = { region = "eu-central-1", service = "s3", key-id = "file:given/aws-id", secret = "file:given/aws-key", session = "file:given/aws-session" } }"#,
    );
    let mut place = place.with("orders.json", CONTRACT).with("switchboard.toml", text);
    for (name, secret) in BOARD {
        place = place.with(&format!("given/{name}"), secret);
    }
    place
}

const APIS: &[&str] =
    &["byheader", "byquery", "bycookie", "bybearer", "bybasic", "bydigest", "byoauth", "bysigv4"];

/// What a call may be asked to show, all of it laid out by us.
const SHOWN: &[&[&str]] = &[
    &["--format", "envelope"],
    &["--format", "json", "-v"],
    &["--format", "yaml"],
    &["--format", "table"],
    &["--jq", ".said"],
    &["--dry-run"],
    &["--print", "curl"],
    &["--print", "httpie"],
    &["--print", "python"],
    &["--print", "javascript"],
    &["--print", "go"],
    &["--print", "rust"],
    &["--print", "har"],
    &["-o", "/dev/null", "-w", "%{url} %{redirect_url} %{header_json}"],
];

fn shown(place: &Place, what: &str, words: &[&str]) -> Vec<Ended> {
    // Code is made of the request alone, whatever is answered.
    let most = if ["/no", "/away", "/events"].contains(&what) { 5 } else { SHOWN.len() };
    SHOWN
        .iter()
        .take(most)
        .map(|more| {
            let ended = place.run(&[words, more].concat());
            let what = format!("{what} {more:?} ({words:?})");
            silent(&format!("stdout of {what}"), ended.out.as_bytes());
            silent(&format!("stderr of {what}"), ended.err.as_bytes());
            assert_ne!(ended.code, 101, "{what}: {}", ended.err);
            ended
        })
        .collect()
}

#[tokio::test]
async fn a_token_that_was_had_on_the_way_is_hidden_like_a_secret_of_the_board() {
    let (provider, issuer) = (reflecting().await, issuer().await);
    let place = board(Place::new(), &provider.url(), &format!("{}/token", issuer.url()));
    for api in ["byoauth", "bysigv4"] {
        let envelope = shown(&place, api, &["call", &format!("{api}.list")]).remove(0);
        assert!(envelope.out.contains("***") && envelope.code == 0, "{envelope:?}");
    }
    let sent: Vec<_> = provider
        .requests()
        .iter()
        .filter_map(|seen| seen.field("authorization").map(str::to_owned))
        .collect();
    assert!(sent.iter().any(|sent| sent.ends_with(ACCESS)), "it was really sent: {sent:?}");
    assert!(sent.iter().any(|sent| sent.contains("AKIASECRETBOARDID7Tn3")), "{sent:?}");
}

#[tokio::test]
async fn no_secret_is_in_what_a_call_shows_or_leaves_behind() {
    let (provider, issuer) = (reflecting().await, issuer().await);
    let url = provider.url();
    let place = board(Place::new(), &url, &format!("{}/token", issuer.url()))
        .with("given/body.xml", format!("<o><password>{}</password></o>", XML.replace('<', "&lt;")));
    // The board's credentials, of every kind.
    for api in APIS {
        shown(&place, api, &["call", &format!("{api}.list")]);
        shown(&place, api, &["call", &format!("{api}.reset"), &format!("token={PATH}"), "n=1", "note=x"]);
    }
    // What the command line holds, in every place.
    let (header, cookie) = (format!("X-Api-Key: {HEADER}"), format!("session={COOKIE}"));
    let (login, key) = (format!("me:{LOGIN}"), format!("api_key=={QUERY}"));
    let (json, part) = (format!("password={JSON}"), format!("password={PART}"));
    let form = format!("client_secret={}", FORM.replace('&', "%26"));
    let bodies: &[&[&str]] = &[
        &[&json],
        &["-d", &form],
        &["-F", &part],
        &["-X", "POST", "-H", "Content-Type: application/xml", "--data-binary", "@given/body.xml"],
    ];
    for body in bodies {
        for path in ["/plain", "/no", "/away", "/events"] {
            let target = format!("{url}{path}");
            let start: &[&str] = &["call", &target, "-H", &header, "-b", &cookie, "-u", &login];
            let flags = if body[0].starts_with('-') { ["-G", "-s"] } else { [key.as_str(), "-s"] };
            let words =
                if flags[0] == "-G" { [start, body].concat() } else { [start, &flags[..1], body].concat() };
            shown(&place, path, &words);
        }
    }
    // What goes wrong names URLs.
    let refusing = Provider::refusing().start().await;
    let garbage = Provider::garbage().start().await;
    for other in [refusing.url(), garbage.url(), url.replace("http:", "https:")] {
        let target = format!("{other}/a?api_key={}", QUERY.replace(['/', ' '], "-"));
        let ended = place.run(&["call", &target, "-H", &header, "-u", &login, "--retry", "0", "-v"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        silent("stderr of a failure", ended.err.as_bytes());
    }
    for (api, more) in [("byquery", "-L"), ("byheader", "-v"), ("byoauth", "-L")] {
        let ended = place.run(&["call", &format!("{api}.list"), "--server", &format!("{url}/away?"), more]);
        silent("a server with a query", ended.err.as_bytes());
        let ended = place.run(&["call", &format!("{url}/away?token={PATH}"), more, "-H", &header]);
        silent("stderr of a redirect", ended.err.as_bytes());
    }
    // The issuer's own words say everything back.
    let place = board(place, &url, &format!("{}/no", issuer.url()));
    let ended = place.run(&["call", "byoauth.list", "-v"]);
    silent("what an issuer says", format!("{ended:?}").as_bytes());
    // Another place: the token of before is kept for another address.
    assert_eq!(ended.code, 14, "{ended:?}");
    // Sessions and cookies are kept where only their owner may read them.
    place.run(&["call", &format!("{url}/s"), "--session", "mine", "-H", &header, "-u", &login]).ok();
    shown(&place, "a session", &["call", &format!("{url}/s"), "--session", "mine"]);
    // A batch: results, journal and the failures summed up.
    let rows = format!("{{\"password\":\"{PART}\",\"n\":1}}\n{{\"password\":\"{FORM}\",\"n\":2}}\n");
    let place = place.with("given/rows.jsonl", rows);
    for path in ["/plain", "/no"] {
        let target = format!("{url}{path}");
        let words = ["call", "POST", &target, "-H", &header, "-u", &login, "--each", "given/rows.jsonl"];
        let ended = place.run(&[&words[..], &["--restart", "--jq", ".said"]].concat());
        silent("a batch", format!("{}{}", ended.out, ended.err).as_bytes());
        let ended = place.run(&[&words[..], &["--restart", "-o", "results.jsonl"]].concat());
        silent("a batch", format!("{}{}", ended.out, ended.err).as_bytes());
    }
    let down = refusing.url();
    let ended = place.run(&["call", "POST", &down, "-H", &header, "--each", "given/rows.jsonl", "--restart"]);
    silent("a batch that fails", format!("{}{}", ended.out, ended.err).as_bytes());
    place.run(&["auth", "status"]).ok();

    let mut files = Vec::new();
    left(place.path(), &mut files);
    for (name, bytes) in &files {
        silent(&format!("the file {name}"), bytes);
    }
    let kept = place.path().join(".local/state/switchboard");
    let mut private = Vec::new();
    private_files(&kept, &mut private);
    assert!(private.len() >= 2, "a session and a token are kept: {private:?}");
    for (name, mode) in private {
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let sent: Vec<String> = provider
        .requests()
        .iter()
        .map(|seen| format!("{} {:?} {:?}", seen.target, seen.fields, seen.body))
        .collect();
    let sent = percent_encoding(&sent.concat());
    for secret in [HEADER, COOKIE, PATH, PART, XML, "boardHeaderSecret5Xp2", "boardCookieSecret7Zs9", ACCESS]
    {
        assert!(sent.contains(&secret[..9]), "`{secret}` was really sent");
    }
}

fn private_files(folder: &Path, seen: &mut Vec<(String, u32)>) {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            private_files(&path, seen);
        } else if path
            .components()
            .any(|part| ["logins", "sessions"].contains(&part.as_os_str().to_str().unwrap()))
        {
            seen.push((path.display().to_string(), entry.metadata().unwrap().permissions().mode()));
        }
    }
}

#[tokio::test]
async fn what_was_asked_for_in_so_many_words_is_given() {
    let (provider, issuer) = (reflecting().await, issuer().await);
    let place = board(Place::new(), &provider.url(), &format!("{}/token", issuer.url()));
    let secret = "boardHeaderSecret5Xp2";
    for (words, given, told) in [
        (&["--format", "json"][..], false, true),
        (&["--jq", ".said"], false, true),
        (&["--format", "json", "--show-secrets"], true, false),
        (&["--jq", ".said", "--show-secrets"], true, false),
        (&["--format", "raw"], true, false),
        (&[], true, false),
        (&["--print", "curl"], false, false),
        (&["--print", "curl", "--show-secrets"], true, false),
        (&["--dry-run", "--show-secrets"], true, false),
    ] {
        let ended = place.run(&[&["call", "byheader.list"][..], words].concat());
        assert_eq!(ended.out.contains(secret), given, "{words:?}: {ended:?}");
        assert_eq!(ended.err.contains("--show-secrets"), told, "{words:?}: {ended:?}");
        assert!(!ended.err.contains(secret), "{words:?}: {ended:?}");
    }
}
