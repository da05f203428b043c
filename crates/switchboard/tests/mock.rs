//! A mock of a contract: real `curl` gets its answers, and our own client finds nothing wrong on either side.
#![expect(clippy::unwrap_used, reason = "starting a mock that does not start fails the test")]

mod harness;

use harness::{Running, curl, program, root, skipped, stderr, stdout};
use std::path::PathBuf;
use std::process::Command;

fn corpus(file: &str) -> Option<PathBuf> {
    let root = root();
    let found = root
        .ancestors()
        .map(|folder| folder.join("shared/corpus/openapi").join(file))
        .find(|path| path.is_file());
    if found.is_none() {
        skipped("skipped: there is no ../shared/corpus beside the project");
    }
    found
}

/// A mock of this contract, and its address.
fn mock(file: &std::path::Path, more: &[&str]) -> (Running, String, String) {
    let path = file.display().to_string();
    let mut words = vec!["mock", &path, "--listen", "127.0.0.1:0"];
    words.extend(more);
    let mut running = Running::start(&words);
    let line = running.wait_for("curl -i");
    let start = line.find("http://127.0.0.1:").unwrap();
    let end = line[start + 7..].find(['/', '\'']).unwrap() + start + 7;
    let (url, line) = (line[start..end].to_owned(), line[line.find("curl -i").unwrap()..].to_owned());
    (running, url, line)
}

#[test]
fn the_line_to_paste_works_for_published_contracts() {
    if program("curl").is_none() {
        return;
    }
    for file in ["petstore-3.0.yaml", "museum.yaml", "figma.yaml", "openfga.json", "docker-engine.yaml"] {
        let Some(file) = corpus(file) else { return };
        let bytes = std::fs::read(&file).unwrap();
        if contract::Contract::read("it", &bytes).is_err() {
            continue;
        }
        let (_running, _, line) = mock(&file, &[]);
        let done = Command::new("sh").args(["-c", &format!("{line} -s")]).output().unwrap();
        let text = stdout(&done);
        assert!(text.starts_with("HTTP/1.1 2"), "{}: {line}\n{text}", file.display());
    }
}

#[test]
fn a_caller_asks_for_status_example_delay_and_fault() {
    let Some(_) = program("curl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cats.yaml");
    std::fs::write(&file, CATS).unwrap();
    let (running, url, _) = mock(&file, &["--seed", "3"]);
    let cat = format!("{url}/cats/7");
    let plain = curl(&[&cat]);
    assert_eq!((plain.status, plain.body.as_str()), (200, "{\"name\":\"Tom\"}"));
    let named = curl(&["-H", "Prefer: example=felix", &cat]);
    assert_eq!(named.body, "{\"name\":\"Felix\"}");
    assert_eq!(named.field("preference-applied"), Some("example=felix"));
    let missing = curl(&["-H", "Prefer: code=404", &cat]);
    assert_eq!((missing.status, missing.field("content-type")), (404, Some("text/plain")));
    assert_eq!(curl(&["-H", "Prefer: code=418", &cat]).status, 400);
    assert_eq!(curl(&["-H", "Accept: image/png", &cat]).status, 406);
    assert_eq!(curl(&["-H", "Prefer: fault=error", &cat]).status, 500);
    assert_eq!(curl(&[&format!("{url}/cats/many")]).slug(), "request-breaks-contract");
    assert_eq!(curl(&[&format!("{url}/dogs")]).status, 404);
    // The same seed makes the same values, `dynamic` others.
    let seeded = |seed: &str| curl(&["-H", &format!("Prefer: dynamic, seed={seed}"), &cat]).body;
    assert_eq!(seeded("5"), seeded("5"));
    assert_ne!(seeded("5"), seeded("6"));
    // A page may call.
    let page = curl(&["-H", "Origin: https://page.example", &cat]);
    assert_eq!(page.field("access-control-allow-origin"), Some("*"));
    // The head says more than comes (curl's 18: partial file).
    let broken = Command::new("curl").args(["-sS", "-H", "Prefer: fault=drop", &cat]).output().unwrap();
    assert_eq!(broken.status.code(), Some(18), "{}", stderr(&broken));
    let log = stdout(&running.command(&["log", "--format", "ndjson"]));
    assert!(log.contains("mock") && log.contains("404"), "{log}");
}

#[test]
fn our_client_and_the_mock_of_the_same_contract_find_nothing_wrong() {
    for file in ["petstore-3.0.yaml", "museum.yaml", "learn.openapis.org-uspto.yaml", "openfga.json"] {
        let Some(file) = corpus(file) else { return };
        let bytes = std::fs::read(&file).unwrap();
        let Ok(contract) = contract::Contract::read("it", &bytes) else { continue };
        let (running, url, _) = mock(&file, &[]);
        let mut called = 0;
        for operation in &contract.operations {
            // What cannot be written yet is no question of the mock.
            let writable =
                |body: &contract::Body| matches!(body.codec, contract::Codec::Json | contract::Codec::Form);
            if operation.input_required && !operation.input.iter().any(writable) {
                continue;
            }
            let path = file.display().to_string();
            let id = operation.id.as_str();
            let done =
                running.command(&["call", &path, id, "--sample", "--server", &url, "--check", "block"]);
            assert_eq!(
                done.status.code(),
                Some(0),
                "{} {}: {}{}",
                file.display(),
                operation.id,
                stdout(&done),
                stderr(&done)
            );
            called += 1;
        }
        assert!(called > 1, "{}", file.display());
    }
}

const CATS: &str = r#"
openapi: 3.1.0
info: { title: Cats, version: "1" }
paths:
  /cats/{id}:
    get:
      operationId: getCat
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses:
        "200":
          description: A cat.
          content:
            application/json:
              schema: { type: object, required: [name], properties: { name: { type: string, minLength: 3, maxLength: 40, pattern: "^[A-Z][a-z]*$" } } }
              examples:
                tom: { value: { name: Tom } }
                felix: { value: { name: Felix } }
        "404": { description: None., content: { text/plain: { schema: { type: string } } } }
"#;
