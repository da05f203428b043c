//! Contracts in several documents on the command line: other files, overlays, and other hosts when allowed.
#![expect(clippy::expect_used, reason = "tests")]

mod harness;

use harness::{stderr, stdout, switchboard};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const ROOT: &str = "openapi: 3.1.0
info: { title: Orders, version: '1' }
servers: [{ url: 'https://api.acme.example/v1' }]
paths:
  /orders: { $ref: 'parts/paths.yaml#/orders' }
";

const PATHS: &str = "orders:
  get:
    operationId: listOrders
    parameters: [{ $ref: 'parameters.yaml#/limit' }]
    responses: { '200': { description: ok } }
";

const PARAMETERS: &str = "limit:
  name: limit
  in: query
  schema: { type: integer, maximum: 100 }
";

fn write(home: &Path, name: &str, text: &str) {
    let path = home.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

fn split() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    write(home.path(), "orders.yaml", ROOT);
    write(home.path(), "parts/paths.yaml", PATHS);
    write(home.path(), "parts/parameters.yaml", PARAMETERS);
    home
}

fn run(home: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = switchboard(home).args(args).output().expect("the binary runs");
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn operations_of_a_split_contract_are_listed_in_the_file_they_stand_in_and_called() {
    let home = split();
    let (code, text, said) = run(home.path(), &["contract", "operations", "orders.yaml"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(
        text.split_whitespace().collect::<Vec<_>>(),
        ["listOrders", "GET", "/orders", "parts/paths.yaml:3"]
    );

    let call = |items: &[&str]| {
        let mut args = vec!["call", "orders.yaml", "listOrders", "--dry-run"];
        args.extend(items);
        run(home.path(), &args)
    };
    let (code, text, said) = call(&["limit=5"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("/v1/orders?limit=5"), "{text}");
    let (code, _, said) = call(&["limit=500"]);
    assert_eq!(code, Some(10), "{said}");
    assert!(said.contains("limit") && said.contains("100"), "{said}");
    let (code, _, said) = call(&["limt=5"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("limit"), "{said}");
}

#[test]
fn overlays_are_laid_in_order_and_their_problems_stand_in_their_files() {
    let home = split();
    let over =
        |actions: &str| format!("overlay: 1.1.0\ninfo: {{ title: fix, version: '1' }}\nactions:\n{actions}");
    write(
        home.path(),
        "fix.yaml",
        &over(
            "- target: $.servers
  remove: true
- target: $
  update:
    servers: [{ url: 'https://staging.acme.example' }]
    paths:
      /ping:
        get: { operationId: ping, responses: { '200': { description: ok } } }
",
        ),
    );
    write(
        home.path(),
        "more.yaml",
        &over("- target: $.servers[0].url\n  update: https://last.acme.example\n"),
    );
    let both = ["--overlay", "fix.yaml", "--overlay", "more.yaml"];
    let with = |args: &[&str]| run(home.path(), &[args, &both[..]].concat());
    let (code, text, said) = with(&["contract", "operations", "orders.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("fix.yaml:11") && text.contains("parts/paths.yaml:3"), "{text}");
    let (code, text, said) = with(&["call", "orders.yaml", "ping", "--dry-run"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("last.acme.example"), "{text}");

    write(home.path(), "bad.yaml", &over("- target: $.paths./orders\n  remove: true\n"));
    write(home.path(), "idle.yaml", &over("- target: $.paths['/gone']\n  remove: true\n"));
    let (code, _, said) = run(home.path(), &["call", "orders.yaml", "listOrders", "--overlay", "bad.yaml"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("[bad-overlay]") && said.contains("--> bad.yaml:4:3"), "{said}");
    let (code, _, said) =
        run(home.path(), &["contract", "operations", "orders.yaml", "--overlay", "idle.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("warning[overlay-no-effect]: idle.yaml:4"), "{said}");

    // The same words on a board.
    let board = "[apis.orders]\ncontract = 'orders.yaml'\noverlay = ['fix.yaml', 'idle.yaml']\n\n[apis.orders.offer.all]\nat = '/'\nplans = ['open']\n\n[plans.open]\nauth = 'none'\n";
    write(home.path(), "switchboard.toml", board);
    let (code, _, said) = run(home.path(), &["check"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("idle.yaml:4") && said.contains("operations 2"), "{said}");
    let (_, text, said) = run(home.path(), &["call", "orders.ping", "--dry-run"]);
    assert!(text.contains("staging.acme.example"), "{text}{said}");
    write(home.path(), "switchboard.toml", &board.replace("idle.yaml", "bad.yaml"));
    let (code, _, said) = run(home.path(), &["check"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("error[bad-overlay]") && said.contains("bad.yaml:4:3"), "{said}");
}

/// A host with documents: what was asked for, and what it answers.
struct Host {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    /// How many asked so far: the text changes when this passes one.
    answers: Arc<AtomicUsize>,
}

/// Serves `parameters.yaml`, a document that leads on to `deep.yaml`, and one that redirects elsewhere.
fn host() -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let host = Host { address, asked: Arc::default(), answers: Arc::default() };
    let (asked, answers) = (Arc::clone(&host.asked), Arc::clone(&host.answers));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let fields = head.to_lowercase();
            assert!(!fields.contains("authorization:") && !fields.contains("cookie:"), "{head}");
            asked.lock().expect("no panic").push(path.clone());
            let most = if answers.fetch_add(1, Ordering::Relaxed) < 2 { 100 } else { 7 };
            let (status, body) = match path.as_str() {
                "/parameters.yaml" => ("200 OK", "limit: { $ref: './deep.yaml#/limit' }\n".to_owned()),
                "/deep.yaml" => ("200 OK", PARAMETERS.replace("100", &most.to_string())),
                "/away.yaml" => ("302 Found\r\nLocation: http://127.0.0.1:1/x", String::new()),
                _ => ("404 Not Found", String::new()),
            };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    host
}

#[test]
fn documents_on_other_hosts_are_fetched_only_where_they_are_allowed_and_only_once() {
    let home = split();
    let host = host();
    let asked = || host.asked.lock().expect("no panic").clone();
    let remote = PATHS.replace("parameters.yaml", &format!("http://{}/parameters.yaml", host.address));
    write(home.path(), "parts/paths.yaml", &remote);
    let listing = ["contract", "operations", "orders.yaml"];

    let (code, _, said) = run(home.path(), &listing);
    assert_eq!(code, Some(0), "{said}");
    let word = format!("refs-from = [\"{}\"]", host.address);
    assert!(said.contains("parts/paths.yaml:4") && said.contains(&word), "{said}");
    assert_eq!(asked(), Vec::<String>::new(), "nothing is asked that is not allowed");
    // Another port is another host.
    let (_, _, said) = run(home.path(), &[&listing[..], &["--refs-from", "127.0.0.1"]].concat());
    assert!(said.contains("is not read"), "{said}");
    assert_eq!(asked(), Vec::<String>::new());

    let allowed = ["--refs-from", host.address.as_str()];
    let call = |limit: &str, more: &[&str]| {
        let args = [&["call", "orders.yaml", "listOrders", "--dry-run", limit][..], &allowed, more].concat();
        run(home.path(), &args)
    };
    let (code, text, said) = call("limit=50", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("limit=50"), "{text}");
    assert_eq!(asked(), ["/parameters.yaml", "/deep.yaml"]);
    assert_eq!(call("limit=500", &[]).0, Some(10), "the schema of the other host counts");
    assert_eq!(asked().len(), 2, "what is kept is not asked for again");
    assert_eq!(call("limit=50", &["--fetch-refs"]).0, Some(10), "the host has another maximum by now");
    assert_eq!(asked().len(), 4);

    // What was kept and then changed on the disk is not believed.
    let kept = std::fs::read_dir(home.path().join("state/switchboard/refs")).expect("kept");
    for file in kept {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text").replace("maximum: 7", "maximum: 9");
        std::fs::write(path, text).expect("written");
    }
    assert_eq!(call("limit=8", &[]).0, Some(10));
    assert_eq!(asked().len(), 5, "one of the two was changed");

    // On a board the word stands in the API's table.
    let board = |more: &str| {
        format!(
            "[apis.orders]\ncontract = 'orders.yaml'\n{more}\n[apis.orders.offer.all]\nat = '/'\nplans = ['open']\n\n[plans.open]\nauth = 'none'\n"
        )
    };
    write(home.path(), "switchboard.toml", &board(""));
    let (code, _, said) = run(home.path(), &["check"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("parts/paths.yaml:4") && said.contains("refs-from"), "{said}");
    write(home.path(), "switchboard.toml", &board(&format!("refs-from = '{}'\n", host.address)));
    let (code, _, said) = run(home.path(), &["check"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("warnings 0"), "{said}");
    write(home.path(), "switchboard.toml", &board("refs-from = 'https://acme.example/x'\n"));
    let (code, _, said) = run(home.path(), &["check"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("error[bad-host]") && said.contains("write \"acme.example\""), "{said}");
}

#[test]
fn a_redirect_is_not_followed_and_a_missing_document_costs_the_reference_only() {
    let home = split();
    let host = host();
    for (name, words) in [("away.yaml", "302"), ("gone.yaml", "404")] {
        let remote = PATHS.replace("parameters.yaml", &format!("http://{}/{name}", host.address));
        write(home.path(), "parts/paths.yaml", &remote);
        let listing = ["contract", "operations", "orders.yaml", "--refs-from", &host.address];
        let (code, text, said) = run(home.path(), &listing);
        assert_eq!(code, Some(0), "{said}");
        assert!(text.contains("listOrders") && said.contains(words), "{said}");
    }
    assert_eq!(*host.asked.lock().expect("no panic"), ["/away.yaml", "/gone.yaml"]);
}

#[test]
fn a_text_that_stands_for_bytes_takes_a_file_and_a_keys_query_is_sent() {
    let home = tempfile::tempdir().expect("a folder");
    write(
        home.path(),
        "photos.yaml",
        "openapi: 3.0.0
info: { title: Photos, version: '1' }
servers: [{ url: 'https://api.acme.example' }]
paths:
  /rest?method=photos.add:
    post:
      operationId: addPhoto
      requestBody:
        content:
          application/json:
            schema: { type: object, properties: { photo: { type: string, format: byte }, name: { type: string } } }
      responses: { '200': { description: ok } }
",
    );
    std::fs::write(home.path().join("a.png"), b"\x89PNG\xff").expect("written");
    let args = ["call", "photos.yaml", "addPhoto", "photo@a.png", "name=x", "--dry-run"];
    let (code, text, said) = run(home.path(), &args);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("/rest?method=photos.add"), "{text}");
    let quotes = text.replace("\": \"", "\":\"");
    assert!(quotes.contains("\"photo\":\"iVBOR/8=\""), "{text}");
}
