//! Methods that HTTP does not name itself: OpenAPI 3.2's `query`, and those of `additionalOperations`, through the client, a
//! mock, a gateway's check and samples.
#![expect(clippy::unwrap_used, reason = "a program that does not start fails the test")]

mod harness;

use harness::{Running, curl, program, stderr, stdout, switchboard};
use std::path::Path;
use std::process::Output;

const CONTRACT: &str = "openapi: 3.2.0
info: { title: Books, version: '1' }
paths:
  /books:
    query:
      operationId: searchBooks
      requestBody:
        required: true
        content:
          application/json:
            schema: { type: object, required: [title], properties: { title: { type: string, minLength: 2 }, most: { type: integer } } }
      responses:
        '200': { description: found, content: { application/json: { schema: { type: array, maxItems: 2, items: { $ref: '#/components/schemas/Book' } } } } }
  /books/{id}:
    get:
      operationId: getBook
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses: { '200': { description: it, content: { application/json: { schema: { $ref: '#/components/schemas/Book' } } } } }
    additionalOperations:
      COPY:
        operationId: copyBook
        parameters:
          - { name: id, in: path, required: true, schema: { type: integer } }
          - { name: Destination, in: header, required: true, schema: { type: string, minLength: 3 } }
        responses: { '201': { description: copied, content: { application/json: { schema: { $ref: '#/components/schemas/Book' } } } } }
      M-SEARCH:
        operationId: lookAround
        parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
        responses: { '204': { description: nothing } }
      checkOut:
        operationId: checkOutBook
        parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
        requestBody: { content: { application/json: { schema: { type: object, properties: { days: { type: integer, maximum: 30 } } } } } }
        responses: { '200': { description: out, content: { application/json: { schema: { $ref: '#/components/schemas/Book' } } } } }
components:
  schemas:
    Book: { type: object, required: [id, title], properties: { id: { type: integer }, title: { type: string } } }
";

fn written(folder: &Path) -> String {
    let file = folder.join("books.yaml");
    std::fs::write(&file, CONTRACT).unwrap();
    file.display().to_string()
}

fn mock(file: &str) -> (Running, String) {
    let mut running = Running::start(&["mock", file, "--listen", "127.0.0.1:0"]);
    let line = running.wait_for("curl -i");
    let start = line.find("http://127.0.0.1:").unwrap();
    let end = line[start + 7..].find(['/', '\'', ' ']).unwrap() + start + 7;
    let url = line[start..end].to_owned();
    (running, url)
}

fn run(home: &Path, words: &[&str]) -> Output {
    switchboard(home).current_dir(home).args(words).output().unwrap()
}

#[test]
fn the_client_calls_them_and_a_mock_answers() {
    let home = tempfile::tempdir().unwrap();
    let file = written(home.path());
    let (_running, url) = mock(&file);
    let json = ["Content-Type: application/json"];
    for (words, status) in [
        (vec!["searchBooks", "title=Amber"], "200"),
        (vec!["copyBook", "id=7", "Destination=/books/8"], "201"),
        (vec!["lookAround", "id=7"], "204"),
        (vec!["checkOutBook", "id=7", "days=3"], "200"),
        (vec!["searchBooks", "--sample"], "200"),
        (vec!["checkOutBook", "--sample"], "200"),
    ] {
        let mut all = vec!["call", &file];
        all.extend(&words);
        all.extend(["--server", &url, "--expect", status]);
        let done = run(home.path(), &all);
        assert!(done.status.success(), "{words:?}\n{}{}", stdout(&done), stderr(&done));
        assert!(!stderr(&done).contains("breaks"), "{words:?}\n{}", stderr(&done));
    }
    for words in
        [vec!["searchBooks", "title=A"], vec!["checkOutBook", "id=7", "days=31"], vec!["copyBook", "id=7"]]
    {
        let mut all = vec!["call", &file];
        all.extend(&words);
        all.extend(["--server", &url]);
        let done = run(home.path(), &all);
        let refused = matches!(done.status.code(), Some(2 | 10));
        assert!(refused, "{words:?}\n{}{}", stdout(&done), stderr(&done));
    }
    if program("curl").is_none() {
        return;
    }
    let sent = |method: &str, path: &str, body: &str| {
        curl(&["-X", method, "-H", json[0], "--data", body, &format!("{url}{path}")])
    };
    assert_eq!(sent("QUERY", "/books", "{\"title\":\"Amber\"}").status, 200);
    assert_eq!(sent("QUERY", "/books", "{\"title\":\"A\"}").slug(), "request-breaks-contract");
    assert_eq!(sent("QUERY", "/books", "").slug(), "request-breaks-contract");
    assert_eq!(sent("checkOut", "/books/7", "{\"days\":30}").status, 200);
    assert_eq!(sent("checkOut", "/books/7", "{\"days\":31}").slug(), "request-breaks-contract");
    // Methods are told apart by case (RFC 9110 §9.1).
    let wrong = sent("CHECKOUT", "/books/7", "{}");
    assert_eq!(wrong.status, 405);
    let mut allowed: Vec<&str> = wrong.field("allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    for method in ["COPY", "GET", "HEAD", "M-SEARCH", "checkOut"] {
        assert!(allowed.contains(&method), "{method} in {allowed:?}");
    }
    assert_eq!(sent("GET", "/books", "").status, 405);
}

#[test]
fn a_url_may_be_called_with_any_of_them() {
    let home = tempfile::tempdir().unwrap();
    let file = written(home.path());
    let (_running, url) = mock(&file);
    let books = format!("{url}/books");
    let book = format!("{url}/books/7");
    for (words, status) in [
        (vec!["call", "QUERY", &books, "title=Amber"], "200"),
        (vec!["call", "COPY", &book, "Destination:/books/8"], "201"),
        (vec!["call", "-X", "M-SEARCH", &book], "204"),
        (vec!["call", "-X", "checkOut", &book, "days:=3"], "200"),
        (vec!["curl", "-X", "QUERY", "--json", "{\"title\":\"Amber\"}", &books], "200"),
    ] {
        let mut all = words.clone();
        if words[0] == "call" {
            all.extend(["--expect", status]);
        } else {
            all.push("-f");
        }
        let done = run(home.path(), &all);
        assert!(done.status.success(), "{words:?}\n{}{}", stdout(&done), stderr(&done));
    }
}

#[test]
fn a_gateway_checks_and_passes_them_on() {
    if program("curl").is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let file = written(home.path());
    let (_mock, url) = mock(&file);
    let board = format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n[apis.books]\ncontract = \"books.yaml\"\n\
         check = {{ requests = \"block\", responses = \"block\" }}\n[apis.books.upstream]\nurls = \"{url}\"\n\
         [apis.books.offer.all]\nat = \"/library\"\nplans = [\"open\"]\n[plans.open]\nauth = \"none\"\n[record]\ndetails = \"all\"\n"
    );
    let (running, gateway) = Running::serve_with(home, &board, &[]);
    let sent = |method: &str, path: &str, more: &[&str], body: &str| {
        let target = format!("{gateway}/library{path}");
        let mut words = vec!["-X", method, "-H", "Content-Type: application/json", "--data", body, &target];
        words.extend(more);
        curl(&words)
    };
    let found = sent("QUERY", "/books", &[], "{\"title\":\"Amber\"}");
    assert_eq!(found.status, 200, "{}", found.body);
    assert!(found.json().is_array());
    assert_eq!(sent("QUERY", "/books", &[], "{\"title\":7}").slug(), "request-breaks-contract");
    assert_eq!(sent("COPY", "/books/7", &["-H", "Destination: /books/8"], "").status, 201);
    assert_eq!(sent("COPY", "/books/7", &[], "").slug(), "request-breaks-contract");
    assert_eq!(sent("M-SEARCH", "/books/7", &[], "").status, 204);
    assert_eq!(sent("checkOut", "/books/7", &[], "{\"days\":30}").status, 200);
    assert_eq!(sent("checkOut", "/books/7", &[], "{\"days\":31}").slug(), "request-breaks-contract");
    assert_eq!(sent("checkout", "/books/7", &[], "{}").status, 405);
    let log = stdout(&running.command(&["log", "--format", "json"]));
    for method in ["QUERY", "COPY", "M-SEARCH", "checkOut"] {
        assert!(log.contains(&format!("\"{method}\"")), "{method} in {log}");
    }
    let explained = stdout(&running.command(&["explain", "QUERY", "/library/books"]));
    assert!(explained.contains("searchBooks"), "{explained}");
}

#[test]
fn a_board_allows_some_of_them_by_method() {
    if program("curl").is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    written(home.path());
    let board = "console = false\n[listen.edge]\nbind = \"127.0.0.1:{port}\"\n[apis.books]\ncontract = \"books.yaml\"\nmock = true\n\
         [apis.books.offer.all]\nat = \"/library\"\nplans = [\"open\"]\nonly = [\"QUERY *\", \"COPY *\", \"checkOutBook\"]\n[plans.open]\nauth = \"none\"\n";
    let (_running, gateway) = Running::serve_with(home, board, &[]);
    let sent = |method: &str, path: &str| {
        curl(&[
            "-X",
            method,
            "-H",
            "Destination: /books/8",
            "-H",
            "Content-Type: application/json",
            "--data",
            "{\"title\":\"Amber\"}",
            &format!("{gateway}/library{path}"),
        ])
        .status
    };
    assert_eq!(sent("QUERY", "/books"), 200);
    assert_eq!(sent("COPY", "/books/7"), 201);
    assert_eq!(sent("checkOut", "/books/7"), 200);
    assert!([403, 404, 405].contains(&sent("M-SEARCH", "/books/7")));
}

#[test]
fn samples_and_listings_have_them() {
    let home = tempfile::tempdir().unwrap();
    let file = written(home.path());
    for (operation, start) in [
        ("searchBooks", "QUERY /books HTTP/1.1\n"),
        ("copyBook", "COPY /books/"),
        ("lookAround", "M-SEARCH /books/"),
        ("checkOutBook", "checkOut /books/"),
    ] {
        for more in [&[][..], &["--boundary"], &["--negative", "--seed", "1"], &["--answer", "any"]] {
            let mut words = vec!["contract", "sample", &file, operation];
            words.extend(more);
            let done = run(home.path(), &words);
            assert!(done.status.success(), "{words:?} {}", stderr(&done));
            let text = stdout(&done);
            let good =
                text.starts_with(start) || more == ["--answer", "any"] && text.starts_with("HTTP/1.1 20");
            assert!(good || more.contains(&"--negative"), "{words:?}\n{text}");
        }
    }
    let listed = stdout(&run(home.path(), &["contract", "operations", &file]));
    for word in ["QUERY", "COPY", "M-SEARCH", "checkOut"] {
        assert!(listed.contains(word), "{listed}");
    }
    let help = stdout(&run(home.path(), &["call", &file, "searchBooks", "--help"]));
    assert!(help.contains("QUERY") && help.contains("title"), "{help}");
}

#[test]
fn two_versions_of_them_are_compared() {
    let home = tempfile::tempdir().unwrap();
    let old = written(home.path());
    let new = home.path().join("new.yaml");
    let text = CONTRACT.replace("maximum: 30", "maximum: 20").replace(
        "      M-SEARCH:\n        operationId: lookAround",
        "      LOOK:\n        operationId: lookAround",
    );
    std::fs::write(&new, text).unwrap();
    let done =
        run(home.path(), &["contract", "diff", &old, &new.display().to_string(), "--fail-on", "breaking"]);
    let told = stdout(&done);
    assert_eq!(done.status.code(), Some(12), "{told}");
    assert!(told.contains("checkOut") && told.contains("maximum") && told.contains("M-SEARCH"), "{told}");
}
