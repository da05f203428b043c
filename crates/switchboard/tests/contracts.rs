//! Contracts on the command line: two versions compared, fetched anew, learnt from calls.
#![expect(clippy::expect_used, reason = "a command that does not run fails the test")]

mod harness;

use harness::{Running, curl, program, stderr, stdout, switchboard};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

const OLD: &str = "openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders:
    get:
      operationId: listOrders
      parameters:
        - { name: limit, in: query, schema: { type: integer, maximum: 100 } }
      responses: { '200': { description: ok } }
";

#[test]
fn a_diff_names_lines_in_both_files_and_fails_only_when_asked() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("old.yaml"), OLD).expect("written");
    std::fs::write(home.path().join("new.yaml"), format!("# newer\n{}", OLD.replace("100", "50")))
        .expect("written");
    let run = |args: &[&str]| {
        let output =
            switchboard(home.path()).args(["contract", "diff"]).args(args).output().expect("the binary runs");
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, text, said) = run(&["old.yaml", "new.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    for part in [
        "breaking\n  listOrders: query parameter `limit`",
        "shown by",
        "old.yaml:8",
        "new.yaml:9",
        "1 breaking",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(run(&["old.yaml", "new.yaml", "--fail-on", "breaking"]).0, Some(12));
    assert_eq!(
        run(&["new.yaml", "old.yaml", "--fail-on", "breaking"]).0,
        Some(0),
        "the other way it only adds"
    );
    assert_eq!(run(&["new.yaml", "old.yaml", "--fail-on", "additive"]).0, Some(12));
    assert_eq!(run(&["old.yaml", "missing.yaml"]).0, Some(2));
    let (_, text, _) = run(&["old.yaml", "new.yaml", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&rows[0]["verdict"], &rows[0]["rule"]), (&"breaking".into(), &"maximum".into()));
    assert_eq!((&rows[0]["old"]["line"], &rows[0]["new"]["line"]), (&8.into(), &9.into()));
}

/// A provider of this test: gives `answer` the request line and the head's fields, sends what it says.
fn provider(answer: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> String {
    let answer = Arc::new(answer);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || {
                while let Some((line, fields)) = head(&mut stream) {
                    if stream.write_all(answer(&line, &fields).as_bytes()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    url
}

fn head(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut line, mut fields) = (String::new(), String::new());
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok()?;
        if field.trim().is_empty() {
            break;
        }
        fields.push_str(&field.to_lowercase());
    }
    let length = fields.lines().find_map(|field| field.strip_prefix("content-length:"));
    let mut body = vec![0; length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((line, fields))
}

fn answer(status: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{fields}\r\n{body}", body.len())
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = switchboard(folder).args(args).output().expect("the binary runs");
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn a_contract_is_fetched_anew_from_where_it_came() {
    let served = Arc::new(Mutex::new(OLD.to_owned()));
    let shown = Arc::clone(&served);
    let url = provider(move |_, fields| {
        let text = shown.lock().expect("no panic").clone();
        let etag = format!("\"{}\"", text.len());
        if fields.contains(&format!("if-none-match: {etag}")) {
            return answer("304 Not Modified", "", "");
        }
        answer("200 OK", &format!("ETag: {etag}\r\n"), &text)
    });
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path();
    assert_eq!(run(folder, &["init"]).0, Some(0));
    let (code, _, said) =
        run(folder, &["add", &format!("{url}/orders.yaml"), "--upstream", &url, "--offer", "free"]);
    assert_eq!(code, Some(0), "{said}");
    let file = folder.join("contracts/orders.yaml");
    let sources = std::fs::read_to_string(folder.join("contracts/sources.toml")).expect("where it came from");
    assert!(sources.contains(&format!("url = \"{url}/orders.yaml\"")), "{sources}");
    // The same, by its validator.
    let (code, text, said) = run(folder, &["contract", "update", "orders"]);
    assert_eq!((code, text.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("is as it was"), "{said}");
    // What breaks nothing is written.
    *served.lock().expect("no panic") = OLD.replace("100", "2000");
    let (code, text, said) = run(folder, &["contract", "update", "orders", "--dry-run"]);
    assert_eq!(
        (code, std::fs::read_to_string(&file).expect("it")),
        (Some(0), OLD.to_owned()),
        "{text} {said}"
    );
    let (code, text, said) = run(folder, &["contract", "update", "contracts/orders.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("1 additive") && said.contains("wrote"), "{text} {said}");
    assert!(std::fs::read_to_string(&file).expect("it").contains("2000"));
    // What breaks is not, unless it shall be.
    *served.lock().expect("no panic") = OLD.replace("100", "5");
    let (code, text, said) = run(folder, &["contract", "update", "orders"]);
    assert_eq!(code, Some(12), "{said}");
    assert!(text.contains("1 breaking") && said.contains("--write"), "{text} {said}");
    assert!(std::fs::read_to_string(&file).expect("it").contains("2000"), "nothing was written");
    assert_eq!(run(folder, &["contract", "update", "orders", "--write"]).0, Some(0));
    assert!(std::fs::read_to_string(&file).expect("it").contains("maximum: 5 "));
    // What the board cannot run with is not written, whatever is asked.
    let board = std::fs::read_to_string(folder.join("switchboard.toml")).expect("the board");
    let board = board.replace("at = \"/orders\"", "at = \"/orders\"\nonly = [\"listOrders\"]");
    std::fs::write(folder.join("switchboard.toml"), &board).expect("written");
    *served.lock().expect("no panic") = OLD.replace("listOrders", "orders_list");
    let (code, _, said) = run(folder, &["contract", "update", "orders", "--write"]);
    assert!(code == Some(2) && said.contains("nothing was changed"), "{code:?} {said}");
    assert!(std::fs::read_to_string(&file).expect("it").contains("maximum: 5 "));
    // What is no contract changes nothing; nor does what nobody can trust, or nobody knows.
    *served.lock().expect("no panic") = "<html>moved</html>".to_owned();
    assert_eq!(run(folder, &["contract", "update", "orders", "--write"]).0, Some(2));
    let (code, _, said) =
        run(folder, &["contract", "update", "orders", "--from", "http://api.acme.example/o.yaml"]);
    assert!(code == Some(2) && said.contains("https"), "{said}");
    std::fs::write(folder.join("own.yaml"), OLD).expect("written");
    let (code, _, said) = run(folder, &["contract", "update", "own.yaml"]);
    assert!(code == Some(2) && said.contains("--from URL"), "{said}");
}

const OPEN: &str = "console = false
[listen.edge]
bind = \"127.0.0.1:{port}\"
[apis.shop]
[apis.shop.upstream]
urls = \"PROVIDER/base\"
[apis.shop.offer.all]
at = \"/shop\"
plans = [\"open\"]
[plans.open]
auth = \"none\"
[record]
details = \"all\"
";

#[test]
fn a_contract_is_learnt_from_the_calls_of_an_open_api_and_then_serves_them() {
    if program("curl").is_none() {
        return;
    }
    let url = provider(|line, _| {
        let json = "Content-Type: application/json\r\n";
        match line.split(' ').nth(1).unwrap_or_default() {
            "/base/orders/999" => answer("404 Not Found", json, "{\"error\":\"no such order\"}"),
            path if path.starts_with("/base/orders/") => {
                let id = path.rsplit('/').next().unwrap_or_default();
                answer(
                    "200 OK",
                    json,
                    &format!("{{\"id\":{id},\"state\":\"open\",\"note\":\"for Ann Smith\"}}"),
                )
            }
            _ if line.starts_with("POST") => answer("201 Created", json, "{\"id\":5}"),
            _ => answer("200 OK", json, "[{\"id\":4021,\"state\":\"open\"}]"),
        }
    });
    let (running, gateway) = Running::serve(&OPEN.replace("PROVIDER", &url));
    for target in ["orders?limit=5", "orders?limit=7&state=open", "orders/4021", "orders/17", "orders/999"] {
        assert_ne!(curl(&[&format!("{gateway}/shop/{target}")]).status, 0);
    }
    for count in [1, 2] {
        let body = format!("{{\"sku\":\"Secret-{count}\",\"count\":{count}}}");
        let made =
            curl(&["-H", "Content-Type: application/json", "-d", &body, &format!("{gateway}/shop/orders")]);
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let learnt = running.command(&["contract", "learn", "shop", "--out", "learnt.yaml"]);
    assert_eq!(learnt.status.code(), Some(0), "{}", stderr(&learnt));
    assert!(stderr(&learnt).contains("3 operations from 6 calls"), "{}", stderr(&learnt));
    let text = std::fs::read_to_string(running.home.path().join("learnt.yaml")).expect("the draft");
    for part in [format!("{url}/base"), "/orders/{orderId}".to_owned(), "operationId: createOrder".to_owned()]
    {
        assert!(text.contains(&part), "{part} in {text}");
    }
    // A port may have any digits.
    let text = text.replace(&url, "");
    for value in ["4021", "Ann Smith", "Secret-1", "limit: 5"] {
        assert!(!text.contains(value), "{value} in {text}");
    }
    let checked = running.command(&["check", "learnt.yaml"]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", stdout(&checked), stderr(&checked));
    // Never over a file that is there.
    assert_eq!(
        running.command(&["contract", "learn", "shop", "--out", "learnt.yaml"]).status.code(),
        Some(1)
    );
    // The same calls through a gateway that blocks what breaks the contract, both ways.
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("learnt.yaml"), &text).expect("written");
    let board = OPEN.replace("PROVIDER", &url).replace(
        "[apis.shop]",
        "[apis.shop]\ncontract = \"learnt.yaml\"\ncheck = { requests = \"block\", responses = \"block\" }",
    );
    let (_running, gateway) = Running::serve_with(home, &board, &[]);
    for target in ["orders?limit=5", "orders?limit=7&state=open", "orders/4021", "orders/17"] {
        let answer = curl(&[&format!("{gateway}/shop/{target}")]);
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    }
    assert_eq!(curl(&[&format!("{gateway}/shop/orders?limit=many")]).slug(), "request-breaks-contract");
}

#[test]
fn a_contract_is_learnt_from_a_har_file() {
    let entry = |method: &str, url: &str, kind: &str, text: &str| {
        serde_json::json!({
            "request": {"method": method, "url": url, "headers": [{"name": "Authorization", "value": "Bearer abc.def"}]},
            "response": {"status": 200, "content": {"mimeType": kind, "text": text}},
        })
    };
    let json = "application/json; charset=utf-8";
    let har = serde_json::json!({"log": {"version": "1.2", "entries": [
        entry("GET", "https://shop.example/", "text/html", "<html>"),
        entry("GET", "https://cdn.example/app.js", "application/javascript", "1"),
        entry("GET", "https://api.shop.example/v1/carts/9f86d081884c?x=1", json, "{\"total\":1}"),
        entry("GET", "https://api.shop.example/v1/carts/9f86d081884d?x=2", json, "{\"total\":2.5}"),
        entry("GET", "https://other.example/ping", json, "{}"),
        entry("OPTIONS", "https://api.shop.example/v1/carts", "x-unknown", ""),
    ]}});
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("calls.har"), format!("\u{feff}{har}")).expect("written");
    let (code, text, said) = run(home.path(), &["contract", "learn", "--har", "calls.har"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("1 operations from 2 calls") && said.contains("4 calls that went elsewhere"),
        "{said}"
    );
    for part in ["https://api.shop.example", "/v1/carts/{cartId}", "operationId: getCart", "bearer"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("9f86d") && !text.contains("abc.def"), "{text}");
    std::fs::write(home.path().join("learnt.yaml"), &text).expect("written");
    assert_eq!(run(home.path(), &["check", "learnt.yaml"]).0, Some(0));
    assert_eq!(
        run(home.path(), &["contract", "learn", "--har", "calls.har"]).1,
        text,
        "the same calls, the same draft"
    );
    let (code, _, said) =
        run(home.path(), &["contract", "learn", "--har", "calls.har", "--origin", "https://no.example"]);
    assert!(code == Some(2) && said.contains("https://other.example"), "{said}");
    std::fs::write(home.path().join("broken.har"), "{\"log\":").expect("written");
    assert_eq!(run(home.path(), &["contract", "learn", "--har", "broken.har"]).0, Some(2));
}
