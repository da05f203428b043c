//! How answers are shown: raw, laid out, formats, programs, heads, files, `-w`, envelopes, code.

use crate::harness::Place;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use serde_json::json;

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff";
const ORDERS: &str = r#"{"items":[{"id":1,"name":"a,b"},{"id":2,"name":"c"}],"next":null}"#;

async fn orders() -> Provider {
    Provider::answering(|_| {
        Response::builder()
            .header("content-type", "application/json")
            .body(Bytes::from_static(ORDERS.as_bytes()))
            .unwrap()
    })
    .start()
    .await
}

#[tokio::test]
async fn an_answer_is_given_as_it_came_and_in_other_formats() {
    let provider = orders().await;
    let url = provider.url();
    let place = Place::new();
    for (flags, expected) in [
        (vec![], ORDERS),
        (vec!["--format", "raw"], ORDERS),
        (vec!["--format", "ndjson"], "{\"id\":1,\"name\":\"a,b\"}\n{\"id\":2,\"name\":\"c\"}\n"),
        (vec!["--format", "csv"], "id,name\n1,\"a,b\"\n2,c\n"),
        (vec!["--jq", ".items[].name"], "a,b\nc\n"),
        (vec!["--jq", ".items[].name", "--format", "json"], "\"a,b\"\n\"c\"\n"),
        (vec!["--jq", ".items[0]"], "{\"id\":1,\"name\":\"a,b\"}\n"),
        (vec!["--jq", ".items", "--format", "csv"], "id,name\n1,\"a,b\"\n2,c\n"),
    ] {
        let words: Vec<&str> = ["call", &url].into_iter().chain(flags.iter().copied()).collect();
        assert_eq!(place.run(&words).ok(), expected, "{flags:?}");
    }
    let coloured = place.run(&["call", &url, "--color", "always"]).ok();
    assert!(coloured.contains("\n  \x1b[1;34m\"items\"\x1b[0m: [\n"), "{coloured}");
    place.run(&["call", &url, "--jq", ".items.a"]).ended(1, &["the jq program failed"]);
}

#[tokio::test]
async fn yaml_is_data_too_and_bytes_stay_away_from_a_terminal() {
    let yaml = Provider::answering(|_| {
        let body = "items:\n- id: 1\n  name: x\n";
        Response::builder().header("content-type", "application/yaml").body(Bytes::from(body)).unwrap()
    })
    .start()
    .await;
    let place = Place::new();
    assert_eq!(place.run(&["call", &yaml.url(), "--format", "csv"]).ok(), "id,name\n1,x\n");
    assert_eq!(place.run(&["call", &yaml.url(), "--jq", ".items[].name"]).ok(), "x\n");
    assert!(place.run(&["call", &yaml.url()]).ok().starts_with("items:\n- id"));

    let bytes = Provider::answering(|_| {
        Response::builder().header("content-type", "image/png").body(Bytes::from_static(PICTURE)).unwrap()
    })
    .start()
    .await;
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(["call", &bytes.url(), "--no-history"])
        .output()
        .unwrap();
    assert_eq!(ended.stdout, PICTURE, "a pipe gets what came");
    if std::process::Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: `script` is not installed, so there is no terminal");
        return;
    }
    let line = |more: &str| {
        format!("{} call {} --no-history {more}", env!("CARGO_BIN_EXE_switchboard"), bytes.url())
    };
    let shown = place.end("script", &["-qec", &line(""), "/dev/null"], "").ok();
    assert!(!shown.contains("PNG") && shown.contains("is not shown on a terminal"), "{shown}");
    assert!(place.end("script", &["-qec", &line("--format raw"), "/dev/null"], "").out.contains("PNG"));
    // On a terminal JSON is laid out and coloured, unless that is not wished.
    let json = orders().await;
    let line =
        |more: &str| format!("{more} {} call {} --no-history", env!("CARGO_BIN_EXE_switchboard"), json.url());
    assert!(place.end("script", &["-qec", &line(""), "/dev/null"], "").ok().contains("\x1b[1;34m\"items\""));
    for plain in ["NO_COLOR=1", "env NO_COLOR=yes"] {
        let shown = place.end("script", &["-qec", &line(plain), "/dev/null"], "").ok();
        assert!(shown.contains("  \"items\": [") && !shown.contains('\x1b'), "{shown}");
    }
}

#[tokio::test]
async fn heads_files_and_write_out_are_curls() {
    let provider = orders().await;
    let url = format!("{}/list.json?a=1", provider.url());
    let place = Place::new();
    let shown = place.run(&["call", &url, "-i"]).ok();
    assert!(
        shown.starts_with("HTTP/1.1 200 OK\r\n") && shown.ends_with(&format!("\r\n\r\n{ORDERS}")),
        "{shown}"
    );
    let shown = place.run(&["call", &url, "-I"]).ok();
    assert!(shown.starts_with("HTTP/1.1 200 OK\r\n") && shown.ends_with("\r\n\r\n"), "{shown}");
    let written = place
        .run(&[
            "call",
            &url,
            "-o",
            "here.json",
            "-w",
            "%{http_code} %{size_download} %{filename_effective} %%\\n",
        ])
        .ok();
    assert_eq!(written, format!("200 {} here.json %\n", ORDERS.len()));
    assert_eq!(std::fs::read_to_string(place.path().join("here.json")).unwrap(), ORDERS);
    assert_eq!(place.run(&["call", &url, "-O"]).ok(), "");
    assert_eq!(std::fs::read_to_string(place.path().join("list.json")).unwrap(), ORDERS);
}

#[tokio::test]
async fn no_secret_is_shown() {
    let provider = Provider::echo().start().await;
    let place = Place::new();
    let url = format!("{}/?api_key=quiet-one", provider.url());
    let login = ["-u", "me:hush-hush", "-H", "X-Api-Key: mumble-mumble"];
    let words = |more: &[&'static str]| -> Vec<String> {
        ["call", &url].into_iter().chain(login).chain(more.iter().copied()).map(str::to_owned).collect()
    };
    let run = |more: &[&'static str]| {
        let words = words(more);
        place.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let secrets = ["hush-hush", "mumble-mumble", "quiet-one", "bWU6aHVzaC1odXNo"];
    let silent = |text: &str, what: &str| {
        for secret in secrets {
            assert!(!text.contains(secret), "{what} shows {secret}: {text}");
        }
    };
    let ended = run(&["-v"]);
    silent(&ended.err, "-v");
    assert!(ended.err.contains("> GET /?api_key=*** HTTP/1.1"), "{}", ended.err);
    assert!(
        ended.err.contains("> authorization: Basic ***") && ended.err.contains("< HTTP/1.1 200 OK"),
        "{}",
        ended.err
    );
    silent(&run(&["--dry-run"]).ok(), "--dry-run");
    silent(&run(&["--print", "curl"]).ok(), "--print curl");
    let envelope = run(&["--format", "envelope"]).ok();
    silent(&envelope, "the envelope");
    assert!(run(&["--dry-run", "--show-secrets"]).ok().contains("mumble-mumble"));
    assert!(run(&["--print", "curl", "--show-secrets"]).ok().contains("mumble-mumble"));
}

#[tokio::test]
async fn an_envelope_holds_the_whole_call() {
    let provider = orders().await;
    let place = Place::new();
    let envelope = place.run(&["call", &provider.url(), "--format", "envelope", "a=1"]).json();
    assert_eq!(envelope["outcome"], "ok");
    assert_eq!(envelope["request"]["method"], "POST");
    assert_eq!(envelope["request"]["body"], json!({"a": "1"}));
    assert_eq!(envelope["response"]["status"], 200);
    assert_eq!(envelope["response"]["body"]["items"][1]["name"], "c");
    assert_eq!((&envelope["attempts"], &envelope["retries"]), (&json!(1), &json!(0)));
    assert!(envelope["timings"]["total_ms"].as_f64().unwrap() > 0.0);
    let refusing = Provider::refusing().start().await;
    let ended =
        place.run(&["call", &refusing.url(), "--format", "envelope"]).ended(1, &["connection refused"]);
    let envelope: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((envelope["outcome"].as_str(), envelope["exit"].as_u64()), (Some("network"), Some(1)));
    assert!(envelope["response"].is_null() && envelope["error"]["message"].is_string());
}

#[tokio::test]
async fn a_printed_curl_line_sends_the_same_request() {
    let provider = Provider::echo().start().await;
    let place = Place::new();
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl here");
        return;
    }
    let url = format!("{}/a?b=c", provider.url());
    for items in
        [vec![], vec!["a=it's \"quoted\" $HOME `x`"], vec!["-X", "PUT", "-d", "x=1&y"], vec!["X-A:1", "X-B;"]]
    {
        let words: Vec<&str> = ["call", &url].into_iter().chain(items.iter().copied()).collect();
        let sent = place.run(&words).json();
        let words: Vec<&str> = words.into_iter().chain(["--print", "curl"]).collect();
        let line = place.run(&words).ok();
        let again = place
            .end(
                "sh",
                &["-c", &format!("{line} -s")[..].replace(" -s", "").replace("curl http", "curl -s http")],
                "",
            )
            .json();
        for part in ["method", "target", "body"] {
            assert_eq!(sent[part], again[part], "{items:?}: {line}");
        }
        for name in ["accept", "content-type", "x-a", "x-b"] {
            let of = |echo: &serde_json::Value| {
                echo["fields"].as_array().unwrap().iter().find(|pair| pair[0] == name).cloned()
            };
            assert_eq!(of(&sent), of(&again), "{name} of {items:?}: {line}");
        }
    }
}
