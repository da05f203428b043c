//! Secrets planted in every place of calls are found nowhere afterwards: headers, cookies, query, path, bodies of each media
//! type, packed ones, parts, credentials, redirects, what providers say back and what they say when they break.
//!
//! Details of every call are kept; looked through are the state folder, what the board printed, every way to ask for a
//! call, the archive, the console, the counts, and every answer that the board itself gave.

use crate::harness::{Running, curl, free_port, program};
use crate::keys::{done, new_key};
use crate::secrets::{IN_BASIC, IN_HEADER, IN_QUERY, Written, around, files, has};
use crate::served::{becomes, calls};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use demo::Provider;
use http::Response;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What is planted, each in places of its own.
const NAMED: [&str; 17] = [
    "plantedHeaderA1b2C3",
    "plantedCookieD4e5F6",
    "plantedQueryG7h8I9j0",
    "plantedPathK1l2M3n4",
    "plantedFormatO5p6Q7",
    "plantedBoardR8s9T0u1",
    "plantedOfApiV2w3X4y5",
    "plantedJsonZ6a7B8c9",
    "plantedInsideD0e1F2",
    "plantedFormG3h4I5j6",
    "plantedPartK7l8M9n0",
    "plantedPackedO1p2Q3",
    "plantedXmlR4s5T6u7V8",
    "plantedAttrW9x0Y1z2",
    "plantedPlainA3b4C5d6",
    "plantedBasicE7f8G9h0",
    "plantedWriteI1j2K3l4",
];
/// What a provider tells of itself.
const TOLD: [&str; 4] =
    ["plantedLocationM5n6", "plantedSetCookieO7", "plantedAnswerP8q9R0", "plantedUserinfoS1t2"];

const CONTRACT: &str = r##"openapi: 3.1.0
info: { title: Vault, version: "1" }
paths:
  /reset/{resetToken}:
    get:
      operationId: reset
      parameters:
        - { name: resetToken, in: path, required: true, schema: { type: string } }
        - { name: code, in: query, schema: { $ref: "#/components/schemas/Hidden" } }
      responses: { "200": { description: done } }
  /users:
    post:
      operationId: addUser
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/User" } } } }
      responses: { "200": { description: done } }
components:
  schemas:
    Hidden: { type: string, format: password }
    User:
      type: object
      properties:
        phrase: { $ref: "#/components/schemas/Hidden" }
        licenseKey: { type: string, writeOnly: true }
        name: { type: string }
"##;

/// What goes to the provider, and what it said back: its status does not matter.
fn sends(url: &str, words: &[&str]) {
    let answer = curl(&[words, &[url]].concat());
    assert!(answer.status >= 200, "{url}");
}

#[tokio::test]
async fn secrets_planted_in_every_place_are_found_nowhere() {
    if program("curl").is_none() {
        return;
    }
    let [
        header,
        cookie,
        query,
        path,
        format,
        of_board,
        of_api,
        json,
        inside,
        form,
        part,
        packed,
        xml,
        attr,
        plain,
        basic,
        write,
    ] = NAMED;
    let [location, set_cookie, answered, userinfo] = TOLD;
    let echo = Provider::echo().start().await;
    let telling = Provider::answering(move |_| {
        let body = format!("{{\"access_token\":\"{answered}\",\"detail\":\"no {answered} today\"}}");
        Response::builder()
            .status(302)
            .header(
                "location",
                format!("https://me:{userinfo}@x.example/back?token={location}#access_token={location}"),
            )
            .header("set-cookie", format!("session={set_cookie}; Path=/"))
            .header("content-type", "application/json")
            .body(body.into())
            .unwrap()
    });
    let telling = telling.start().await;
    let broken =
        Provider::raw(format!("HTTP/1.1 999 {answered}\r\nX: {answered}\u{1}\r\n\r\n")).start().await;
    let refusing = Provider::refusing().start().await;

    let (home, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut board = format!(
        "[listen.edge]\nbind = \"127.0.0.1:{port}\"\n[console]\nbind = \"127.0.0.1:0\"\n\
         [plans.keyed]\nauth = \"key\"\n[plans.open]\nauth = \"none\"\n\
         [record]\ndetails = \"all\"\nrows = \"100000/s\"\nredact = [\"X-Vault\"]\n\
         [apis.vault]\ncontract = \"vault.yaml\"\ncheck = \"report\"\nundeclared = \"pass\"\nredact = [\"colour\"]\n"
    );
    for (name, url, credential, plan) in [
        ("vault", echo.url(), r#"{ header = "X-Acme", value = "env:ACME_HEADER" }"#, "keyed"),
        ("byquery", echo.url(), r#"{ query = "sig", value = "env:ACME_QUERY" }"#, "open"),
        ("bybasic", echo.url(), r#"{ basic = "env:ACME_BASIC" }"#, "open"),
        ("telling", telling.url(), r#"{ header = "X-Acme", value = "env:ACME_HEADER" }"#, "open"),
        ("broken", broken.url(), r#"{ query = "sig", value = "env:ACME_QUERY" }"#, "open"),
        ("refusing", refusing.url(), r#"{ basic = "env:ACME_BASIC" }"#, "open"),
    ] {
        let tables = format!(
            "[apis.{name}.upstream]\nurls = [\"{url}\"]\nretries = 0\ncredential = {credential}\n\
             [apis.{name}.offer.all]\nat = \"/{name}\"\nplans = [\"{plan}\"]\n"
        );
        board.push_str(&tables);
    }
    std::fs::write(home.path().join("switchboard.toml"), board).unwrap();
    std::fs::write(home.path().join("vault.yaml"), CONTRACT).unwrap();
    let mut child = Written::serve(home.path());
    let url = format!("http://127.0.0.1:{port}");
    becomes(100, "it listens", true, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let desk = Running::start_in(home, &["--help"]);
    done(&desk, &["consumer", "add", "globex", "--plan", "keyed"]);
    let key = new_key(&desk, "globex");
    let own = format!("X-Api-Key: {key}");
    becomes(50, "the key opens", 200, || curl(&["-H", &own, &format!("{url}/vault/users")]).status);

    // Each as its caller sends it; the echo says every word of it back inside JSON.
    let keyed = |words: &[&str], target: String| {
        sends(&format!("{url}/vault{target}"), &[&["-H", &own], words].concat());
    };
    keyed(
        &["-H", &format!("X-Auth-Token: {header}"), "-H", &format!("X-Vault: {of_board}")],
        "/users".to_owned(),
    );
    keyed(&["-b", &format!("a=1; sid={cookie}")], "/users".to_owned());
    keyed(&["-u", &format!("me:{basic}")], "/users".to_owned());
    keyed(&[], format!("/users?token={query}&page=2"));
    keyed(&[], format!("/reset/{path}?code={format}"));
    keyed(&[], format!("/users/{key}/x"));
    let of_json = |text: &str, target: &str| {
        keyed(&["-H", "Content-Type: application/json", "-d", text], target.to_owned());
    };
    of_json(&format!("{{\"password\":\"{json}\",\"colour\":[\"{of_api}\"]}}"), "/users");
    of_json(&format!("{{\"phrase\":\"{format}\",\"licenseKey\":\"{write}\"}}"), "/users");
    of_json(&format!("{{\"note\":\"{{\\\"api_key\\\":\\\"{inside}\\\"}}\"}}"), "/users");
    keyed(&["-d", &format!("a=1&user[password]={form}&colour={of_api}")], "/forms".to_owned());
    keyed(
        &[
            "-F",
            &format!("password={part}"),
            "-F",
            &format!("doc={{\"token\":\"{part}\"}};type=application/json"),
        ],
        "/parts".to_owned(),
    );
    let document = format!("<u xmlns:x=\"urn:x\"><x:password>{xml}</x:password><k secret='{attr}'/></u>");
    keyed(&["-H", "Content-Type: application/xml", "-d", &document], "/xml".to_owned());
    keyed(
        &["-H", "Content-Type: text/plain", "-d", &format!("hello\npassword: {plain}\ntoken={plain}")],
        "/plain".to_owned(),
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(format!("{{\"note\":\"{packed}\"}}").as_bytes()).unwrap();
    let file = desk.home.path().join("packed.gz");
    std::fs::write(&file, gzip.finish().unwrap()).unwrap();
    keyed(
        &[
            "-H",
            "Content-Encoding: gzip",
            "-H",
            "Content-Type: application/json",
            "--data-binary",
            &format!("@{}", file.display()),
        ],
        "/packed".to_owned(),
    );
    std::fs::remove_file(&file).unwrap();
    // Providers that know a credential of ours, and say it in their own way.
    let forms = [
        IN_HEADER.to_owned(),
        BASE64_STANDARD.encode(format!("globex:{IN_HEADER}")),
        format!("x?sig={IN_QUERY}"),
        BASE64_STANDARD.encode(format!("acme:{IN_BASIC}")),
        format!("the password is {IN_BASIC}"),
    ];
    for name in ["byquery", "bybasic", "telling", "broken", "refusing"] {
        sends(&format!("{url}/{name}/a?page=2"), &[]);
        for form in &forms {
            sends(
                &format!("{url}/{name}/a"),
                &["-H", "Content-Type: text/plain", "-d", &format!("said: {form}")],
            );
        }
    }
    // What the board answers itself: nobody's offer, a wrong key, no key.
    let mut shown: Vec<(String, String)> = Vec::new();
    for (words, target) in [
        (vec!["-H", own.as_str()], format!("/nowhere?token={query}")),
        (vec!["-H", "X-Api-Key: sbk_plantedwrongkeyplantedwrong"], "/vault/users".to_owned()),
        (vec!["-u", "me:plantedBasicE7f8G9h0"], "/vault/users".to_owned()),
    ] {
        let answer = curl(&[&words[..], &[&format!("{url}{target}")]].concat());
        assert!((400..500).contains(&answer.status), "{}", answer.body);
        shown.push((target, format!("{:?} {}", answer.fields, answer.body)));
    }
    let sent = echo.requests();
    let sent: Vec<String> = sent
        .iter()
        .map(|one| format!("{} {:?} {}", one.target, one.fields, String::from_utf8_lossy(&one.body)))
        .collect();
    // The wrong login went to nobody, the packed one as it was.
    for secret in NAMED.iter().filter(|secret| **secret != basic) {
        assert!(sent.iter().any(|one| one.contains(secret)), "{secret} was really sent: {sent:#?}");
    }

    // Every way to ask.
    for format in ["text", "json", "ndjson", "yaml", "table", "csv", "har"] {
        shown.push((
            format!("log --format {format}"),
            done(&desk, &["log", "--limit", "1000", "--format", format]),
        ));
    }
    for row in &calls(&desk) {
        let id = row["call"].as_str().unwrap();
        for words in [
            &["log", id][..],
            &["log", id, "--format", "json"],
            &["log", id, "--format", "har"],
            &["explain", id],
        ] {
            shown.push((words.join(" "), done(&desk, words)));
        }
    }
    for words in [&["usage", "--by", "operation,consumer"][..], &["key", "list", "globex"]] {
        shown.push((words.join(" "), done(&desk, words)));
    }
    let link = done(&desk, &["console", "link"]);
    let jar = desk.home.path().join("jar.txt").display().to_string();
    let page = |target: &str| {
        let words = ["-s", "-L", "-b", &jar, "-c", &jar, target];
        String::from_utf8_lossy(
            &Command::new("curl").args(words).stdin(Stdio::null()).output().unwrap().stdout,
        )
        .into_owned()
    };
    let console = link.trim().split("/in/").next().unwrap().to_owned();
    shown.push(("the console".to_owned(), page(link.trim())));
    for row in &calls(&desk) {
        shown.push((
            "a page of the console".to_owned(),
            page(&format!("{console}/calls/{}", row["call"].as_str().unwrap())),
        ));
    }
    assert!(
        shown.iter().any(|(name, text)| name.contains("page") && text.contains("x-auth-token")),
        "the console shows details"
    );

    Command::new("kill").arg(child.0.id().to_string()).status().unwrap();
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
    let mut places = files(desk.home.path());
    places.retain(|(name, _)| !name.ends_with("jar.txt"));
    places.extend(shown.into_iter().map(|(name, text)| (name, text.into_bytes())));
    let mut secrets: Vec<String> =
        [IN_HEADER, IN_QUERY, IN_BASIC].iter().chain(&NAMED).chain(&TOLD).map(ToString::to_string).collect();
    // Of base64 the end: its beginning is the name before the secret.
    secrets.extend(forms.iter().map(|form| form[form.len() - 16..].to_owned()));
    secrets.push(key[4..].to_owned());
    secrets.push("plantedwrongkeyplanted".to_owned());
    let mut leaks = Vec::new();
    for (name, bytes) in &places {
        for secret in &secrets {
            if has(bytes, secret) {
                leaks.push(format!("`{secret}` is in {name}: {}", around(bytes, secret)));
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.iter().take(12).map(String::as_str).collect::<Vec<_>>().join("\n---\n")
    );
}
