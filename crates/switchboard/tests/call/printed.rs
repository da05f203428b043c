//! `--print`: the code is run where its language is installed, and sends what the call itself sends.

use crate::harness::Place;
use demo::{Provider, Recorded};
use std::path::{Path, PathBuf};

/// Items after `call URL`; the last words may name files of the place.
pub(crate) const CALLS: &[&[&str]] = &[
    &[],
    &["X-A:1", "X-B;", "X-D:a b; c=\"d\"", "-H", "X-C: =odd"],
    &["a=it's \"quoted\" $HOME `x` \\n", "n:=1", "nest[b][]=ü€𝄞"],
    &["q==a b&c", "r==ä", "x=1"],
    &["-X", "PUT", "-d", "x=1&y=%20"],
    &["-X", "DELETE"],
    &["-d", "line one\nline two\ttab"],
    &["-F", "a=1", "-F", "b=x y"],
    &["f@up.txt", "name=value"],
    &["f@up.txt", "f@pic.png", "name=one", "name=two"],
    &["--urlencoded", "a=b c", "ä=ö"],
    &["--raw", "{\"as\": \"it is\"}"],
    &["-H", "Authorization: Bearer hush-hush", "k==1", "a=1"],
    &["-u", "me:pass:word"],
    &["api_key==quiet-one"],
    &["-b", "a=1; b=2"],
    &["--json", "{\"a\": [1, null]}"],
    &["--data-urlencode", "q=a b&c", "--data-urlencode", "r=ä"],
    &["@pic.png"],
    &["-T", "up.txt", "-H", "Content-Type: text/plain"],
    &["-d", "%d %% \\n 'x'\u{1}\u{7f}"],
    &["a:=1.50", "b:=\"\\u0000\"", "$HOME=`id`"],
];

/// The program of a language: from the tests' own environment first.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/e2e/venv/bin").join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::iter::once(own).chain(std::env::split_paths(&path).map(|folder| folder.join(name)));
    let found = found.into_iter().find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: `{name}` is not installed; `make test` installs it");
    }
    found
}

/// A boundary is each tool's own.
fn body(request: &Recorded) -> String {
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let boundary = request.field("content-type").and_then(|media| media.split_once("boundary="));
    match boundary {
        // Names of a part's fields are case-insensitive, and their order and line are the tool's.
        Some((_, boundary)) => {
            let mut lines: Vec<&str> = text.lines().filter(|line| !line.contains(boundary)).collect();
            lines.retain(|line| !line.to_lowercase().starts_with("content-length"));
            lines.sort_unstable();
            lines.join("\n").to_lowercase()
        }
        None => text,
    }
}

/// What differs between the call and the printed code.
pub(crate) fn differs(own: &Recorded, theirs: &Recorded) -> Vec<String> {
    let mut found = Vec::new();
    let mut unequal = |what: &str, own: &str, their: &str| {
        if own != their {
            found.push(format!("{what}: {own:?} and {their:?}"));
        }
    };
    unequal("method", &own.method, &theirs.method);
    unequal("target", &own.target, &theirs.target);
    unequal("body", &body(own), &body(theirs));
    let names: Vec<&String> = own.fields.iter().map(|(name, _)| name).collect();
    for name in names {
        let form = own.field(name).is_some_and(|value| value.contains("boundary="));
        if !form && !matches!(name.as_str(), "content-length" | "host" | "user-agent") {
            unequal(name, own.field(name).unwrap_or("-"), theirs.field(name).unwrap_or("-"));
        }
    }
    for (name, value) in &theirs.fields {
        let tools_own = [
            "accept-encoding",
            "connection",
            "accept-language",
            "sec-fetch-mode",
            "content-length",
            "user-agent",
            "content-type",
            "transfer-encoding",
        ];
        if own.field(name).is_none() && !tools_own.contains(&name.as_str()) {
            found.push(format!("{name}: {value} is more than was asked for"));
        }
    }
    found
}

/// A form by a contract is sent as its encoding says, and printed so, boundary and all.
#[tokio::test]
async fn a_form_of_a_contract_is_printed_in_stretches() {
    let contract = "openapi: 3.0.0\ninfo: {title: Shop, version: 1.0.0}\npaths:\n  /up:\n    post:\n      \
        operationId: up\n      requestBody:\n        content:\n          multipart/form-data:\n            schema:\n              \
        type: object\n              properties:\n                n: {type: integer}\n                f: {type: string, format: binary}\n      \
        responses: {'200': {description: ok}}\n";
    let provider = Provider::echo().start().await;
    let place = Place::new().with("shop.yaml", contract).with("pic.png", b"\x89PNG\0\xff");
    let words = ["call", "shop.yaml", "up", "n=3", "f@pic.png", "--server", &provider.url(), "--print"];
    for (language, file, tool) in
        [("curl", "run.sh", "sh"), ("python", "run.py", "python"), ("javascript", "run.mjs", "node")]
    {
        let Some(tool) = program(tool) else { continue };
        let code = place.run(&[&words[..], &[language]].concat()).ok();
        std::fs::write(place.path().join(file), &code).unwrap();
        let before = provider.calls();
        let ended = place.end(&tool.display().to_string(), &[file], "");
        assert_eq!(provider.calls(), before + 1, "{language}: {ended:?}\n{code}");
        let sent = provider.requests().pop().unwrap();
        let boundary = sent.field("content-type").unwrap().split_once("boundary=").unwrap().1;
        assert!(sent.body.windows(4).any(|four| four == b"PNG\0"), "{language}: {code}");
        assert_eq!(String::from_utf8_lossy(&sent.body).matches(boundary).count(), 3, "{language}: {code}");
    }
}

async fn run(language: &str, file: &str, command: impl Fn(&str) -> (String, Vec<String>)) {
    let provider = Provider::echo().start().await;
    let url = format!("{}/a/b?c=d", provider.url());
    let mut different = Vec::new();
    for items in CALLS {
        let place = Place::new().with("up.txt", "the file\n").with("pic.png", b"\x89PNG\r\n\x1a\n\0%\\'\xff");
        let words: Vec<&str> = ["call", &url].into_iter().chain(items.iter().copied()).collect();
        place.run(&words).ok();
        let asked: Vec<&str> = words.iter().copied().chain(["--print", language, "--show-secrets"]).collect();
        let code = place.run(&asked).ok();
        let place = place.with(file, &code);
        let (program, arguments) = command(&code);
        let before = provider.calls();
        let ended = place.end(&program, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), "");
        if provider.calls() != before + 1 {
            different.push(format!("{items:?}: nothing came: {ended:?}\n{code}"));
            continue;
        }
        let requests = provider.requests();
        let [.., own, theirs] = requests.as_slice() else { panic!("both were asked") };
        let found = differs(own, theirs);
        if !found.is_empty() {
            different.push(format!("{items:?}: {found:?}\n{code}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n\n"));
}

#[tokio::test]
async fn printed_curl_runs() {
    if program("curl").is_some() {
        run("curl", "run.sh", |_| ("sh".to_owned(), vec!["run.sh".to_owned()])).await;
    }
}

#[tokio::test]
async fn printed_httpie_runs() {
    let Some(http) = program("http") else { return };
    let folder = http.parent().unwrap().display().to_string();
    run("httpie", "run.sh", |_| {
        ("sh".to_owned(), vec!["-c".to_owned(), format!("PATH={folder}:$PATH; . ./run.sh")])
    })
    .await;
}

#[tokio::test]
async fn printed_python_runs() {
    let Some(python) = program("python") else { return };
    if !std::process::Command::new(&python).args(["-c", "import requests"]).status().unwrap().success() {
        eprintln!("skipped: `requests` is not installed; `make test` installs it");
        return;
    }
    run("python", "run.py", |_| (python.display().to_string(), vec!["run.py".to_owned()])).await;
}

#[tokio::test]
async fn printed_javascript_runs() {
    let Some(node) = program("node") else { return };
    run("javascript", "run.mjs", |_| (node.display().to_string(), vec!["run.mjs".to_owned()])).await;
}

#[test]
fn printed_har_keeps_its_schema() {
    let validator =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/e2e/har/node_modules/har-validator");
    let Some(node) = program("node").filter(|_| validator.is_dir()) else {
        eprintln!("skipped: `har-validator` is not installed; `make test` installs it");
        return;
    };
    let place = Place::new().with("up.txt", "the file\n").with("pic.png", b"\x89PNG\0\xff");
    let check = "const har = require(process.argv[1]), text = require('fs').readFileSync(0, 'utf8');\
        har.har(JSON.parse(text)).then(() => 0, error => { console.error(JSON.stringify(error.errors)); process.exit(1) })";
    let mut without_place = Vec::new();
    for items in CALLS {
        let words = [&["call", "http://a.example/a?c=d"], *items, &["--print", "har"]].concat();
        let printed = place.run(&words);
        if printed.code == 2 && printed.err.contains("HAR has no place") {
            without_place.push(items);
            continue;
        }
        let har = printed.ok();
        let words = ["-e", check, &validator.display().to_string()];
        let ended = place.end(&node.display().to_string(), &words, &har);
        assert_eq!(ended.code, 0, "{items:?}: {ended:?}\n{har}");
    }
    assert_eq!(without_place.len(), 2, "bytes and a streamed file: {without_place:?}");
}

#[test]
fn no_language_shows_a_secret_and_rust_is_rust() {
    let place = Place::new();
    let words =
        ["call", "http://a.example/?api_key=quiet-one", "-u", "me:hush-hush", "-b", "c=mumble", "a=\u{1}\"x"];
    for language in ["curl", "httpie", "python", "javascript", "go", "rust", "har"] {
        let code = place.run(&[&words[..], &["--print", language]].concat()).ok();
        for secret in ["quiet-one", "hush-hush", "mumble", "bWU6aHVzaC1odXNo"] {
            assert!(!code.contains(secret), "{language} shows {secret}: {code}");
        }
        assert!(code.contains("API_KEY"), "{language} has no reference: {code}");
    }
    let har = place.run(&[&words[..], &["--print", "har"]].concat()).json();
    assert_eq!(har["log"]["entries"][0]["request"]["postData"]["text"], "{\"a\":\"\\u0001\\\"x\"}");
    let Some(rustfmt) = program("rustfmt") else { return };
    let code = place.run(&[&words[..], &["--print", "rust"]].concat()).ok();
    let place = place.with("run.rs", &code);
    let ended =
        place.end(&rustfmt.display().to_string(), &["--edition", "2024", "--check", "-q", "run.rs"], "");
    assert!(!ended.err.contains("error"), "{ended:?}\n{code}");
}
