//! No secret is written anywhere: not into the state folder, not onto stdout or stderr, whatever goes well or wrong.
//!
//! Credentials of providers, keys of callers, and what callers call by a secret's name; details of every call are kept.

use crate::harness::{BINARY, Running, curl, free_port, program};
use crate::keys::{done, new_key};
use crate::served::becomes;
use base64::Engine as _;
use demo::Provider;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) const IN_HEADER: &str = "headerSecret7Qz4Kp9Xw";
pub(crate) const IN_QUERY: &str = "querySecret3Vn8Rt5Ym";
pub(crate) const IN_BASIC: &str = "basicSecret6Hd2Jc7Lb";
const IN_BODY: &str = "bodySecret9Wf4Gx8Zs";
const WRONG_KEY: &str = "sbk_wrongSecret5Tk3Mv6Pq";
/// So much of a secret already gives it away.
const TOLD: usize = 12;

/// A board whose output goes to files.
pub(crate) struct Written(pub(crate) Child);

impl Written {
    pub(crate) fn serve(home: &Path) -> Self {
        let file = |name: &str| Stdio::from(File::create(home.join(name)).unwrap());
        let child = Command::new(BINARY)
            .arg("serve")
            .current_dir(home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("ACME_HEADER", IN_HEADER)
            .env("ACME_QUERY", IN_QUERY)
            .env("ACME_BASIC", format!("acme:{IN_BASIC}"))
            .stdin(Stdio::null())
            .stdout(file("stdout.txt"))
            .stderr(file("stderr.txt"))
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn board(port: u16, providers: &[(&str, String, &str)]) -> String {
    let mut text = format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{port}\"\n\
         [plans.keyed]\nauth = \"key\"\n[record]\ndetails = \"all\"\nrows = \"1000/s\"\n"
    );
    for (name, url, credential) in providers {
        let tables = format!(
            "[apis.{name}.upstream]\nurls = [\"{url}\"]\ntimeout = \"300ms\"\nretries = 0\ncredential = {credential}\n\
             [apis.{name}.offer.all]\nat = \"/{name}\"\nplans = [\"keyed\"]\n"
        );
        text.push_str(&tables);
    }
    text
}

/// Every file below a folder, with its bytes.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push((path.display().to_string(), std::fs::read(path).unwrap()));
        }
    }
    found
}

pub(crate) fn has(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(TOLD).any(|window| window == &secret.as_bytes()[..TOLD])
}

#[tokio::test]
async fn no_secret_is_in_any_file_or_in_what_is_printed() {
    if program("curl").is_none() {
        return;
    }
    // It says back what it was sent, and at the end of what is kept of a body it begins to once more.
    let reflecting = Provider::echo().start().await;
    let cut = Provider::raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{}{IN_HEADER}",
        " ".repeat(16 * 1024 - TOLD - 2)
    ));
    let (cut, refusing) = (cut.start().await, Provider::refusing().start().await);
    let (silent, garbage) = (Provider::silent().start().await, Provider::garbage().start().await);
    let no = Provider::status(401).start().await;
    let header = r#"{ header = "X-Acme", value = "env:ACME_HEADER" }"#;
    let query = r#"{ query = "token", value = "env:ACME_QUERY" }"#;
    let basic = r#"{ basic = "env:ACME_BASIC" }"#;
    let providers = [
        ("echoheader", reflecting.url(), header),
        ("echoquery", reflecting.url(), query),
        ("echobasic", reflecting.url(), basic),
        ("cut", cut.url(), header),
        ("refusing", refusing.url(), query),
        ("silent", silent.url(), query),
        ("garbage", garbage.url(), basic),
        ("no", no.url(), header),
    ];
    let (home, port) = (tempfile::tempdir().unwrap(), free_port());
    std::fs::write(home.path().join("switchboard.toml"), board(port, &providers)).unwrap();
    let mut child = Written::serve(home.path());
    let url = format!("http://127.0.0.1:{port}");
    becomes(100, "it listens", true, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());

    // Commands of the same user, in the same folder.
    let desk = Running::start_in(home, &["--help"]);
    done(&desk, &["consumer", "add", "globex", "--plan", "keyed"]);
    let key = new_key(&desk, "globex");
    let (as_field, as_bearer) = (format!("X-Api-Key: {key}"), format!("Authorization: Bearer {key}"));
    becomes(50, "the key opens", 200, || curl(&["-H", &as_field, &format!("{url}/echoheader")]).status);
    for (name, ..) in &providers {
        for field in [&as_field, &as_bearer] {
            let answer = curl(&["-H", field, &format!("{url}/{name}/a?page=2")]);
            assert!(answer.status == 200 || answer.status >= 500, "{name}: {}", answer.body);
            let target = format!("{url}/{name}/a?password={IN_BODY}&page=2");
            let form = format!("client_secret={IN_BODY}");
            curl(&["-H", field, "-d", &form, &target]);
            let json = format!("{{\"password\":\"{IN_BODY}\",\"page\":2}}");
            curl(&["-H", field, "-H", "Content-Type: application/json", "-d", &json, &target]);
        }
    }
    assert!(reflecting.requests().iter().any(|request| request.field("x-acme") == Some(IN_HEADER)));
    assert!(
        reflecting.requests().iter().any(|request| request.target.contains(IN_QUERY)),
        "they were really sent"
    );
    assert!(reflecting.requests().iter().all(|request| !format!("{:?}", request.fields).contains(&key)));
    assert!(cut.calls() > 0);
    for field in [format!("X-Api-Key: {WRONG_KEY}"), format!("Authorization: Bearer {WRONG_KEY}")] {
        assert_eq!(curl(&["-H", &field, &format!("{url}/echoquery")]).status, 401);
    }

    // What is asked for is cleaned as well: details lie packed on the disk.
    let mut shown = done(&desk, &["log", "--format", "ndjson", "--limit", "1000"]);
    let rows = crate::served::calls(&desk);
    assert!(rows.len() > 30, "{}", rows.len());
    for row in &rows {
        let id = row["call"].as_str().unwrap();
        shown += &done(&desk, &["log", id, "--format", "json"]);
        shown += &done(&desk, &["explain", id]);
    }
    Command::new("kill").arg(child.0.id().to_string()).status().unwrap();
    assert_eq!(child.0.wait().unwrap().code(), Some(0));

    let mut places = files(desk.home.path());
    assert!(
        places.iter().any(|(name, bytes)| name.contains("calls-") && bytes.len() > 10_000),
        "{}",
        places.len()
    );
    places.push(("what log and explain show".to_owned(), shown.into_bytes()));
    let encoded = base64::prelude::BASE64_STANDARD.encode(format!("acme:{IN_BASIC}"));
    for (name, bytes) in &places {
        for secret in [IN_HEADER, IN_QUERY, IN_BASIC, &encoded, IN_BODY, &WRONG_KEY[4..], &key[4..]] {
            assert!(!has(bytes, secret), "`{secret}` is in {name}: {}", around(bytes, secret));
        }
    }
}

pub(crate) fn around(bytes: &[u8], secret: &str) -> String {
    let at = bytes.windows(TOLD).position(|window| window == &secret.as_bytes()[..TOLD]).unwrap_or(0);
    String::from_utf8_lossy(&bytes[at.saturating_sub(300)..(at + 60).min(bytes.len())]).into_owned()
}
