//! Numbers that neither 64 bits nor a float hold, and texts that stand for bytes, from a command line through a gateway to a
//! mock and back.
#![expect(clippy::unwrap_used, reason = "a program that does not start fails the test")]

mod harness;

use harness::{Running, curl, program, stderr, stdout, switchboard};
use std::path::Path;
use std::process::Output;

const LONG: &str = "123456789012345678901234";

const CONTRACT: &str = "openapi: 3.1.0
info: { title: Sums, version: '1' }
paths:
  /sums/{id}:
    put:
      operationId: putSum
      parameters: [{ name: id, in: path, required: true, schema: { type: integer, maximum: 123456789012345678901234 } }]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              properties:
                amount: { type: number, multipleOf: 0.000000000000000001 }
                receipt: { type: string, contentEncoding: base64 }
      responses:
        '200': { description: it, content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: integer, const: 123456789012345678901234 } } } } } }
";

fn run(home: &Path, words: &[&str]) -> Output {
    switchboard(home).current_dir(home).args(words).output().unwrap()
}

#[test]
fn every_digit_arrives_is_checked_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("sums.yaml"), CONTRACT).unwrap();
    std::fs::write(home.path().join("r.bin"), b"\x00\xffreceipt").unwrap();
    let board = "console = false\n[listen.edge]\nbind = \"127.0.0.1:{port}\"\n[apis.sums]\ncontract = \"sums.yaml\"\nmock = true\n\
         check = { requests = \"block\", responses = \"block\" }\n[apis.sums.offer.all]\nat = \"/s\"\nplans = [\"open\"]\n\
         [plans.open]\nauth = \"none\"\n[record]\ndetails = \"all\"\n";
    let (running, gateway) = Running::serve_with(home, board, &[]);
    let server = format!("{gateway}/s");
    let home = running.home.path();
    let call = |id: &str, more: &[&str]| {
        let id = format!("id={id}");
        run(home, &[&["call", "sums.yaml", "putSum", &id, "--server", &server], more].concat())
    };
    let done = call(LONG, &["amount:=98765432109876543210.123456789012345678", "receipt@r.bin"]);
    assert!(done.status.success(), "{}{}", stdout(&done), stderr(&done));
    assert!(stdout(&done).contains(LONG), "{}", stdout(&done));
    for format in ["yaml", "table", "csv"] {
        let done = call(LONG, &["amount:=1", "--format", format]);
        assert!(stdout(&done).contains(LONG), "{format}: {}{}", stdout(&done), stderr(&done));
    }
    for (id, more) in [
        ("123456789012345678901235", &["amount:=1"][..]),
        (LONG, &["amount:=0.0000000000000000001"]),
        (LONG, &["receipt=no base64!"]),
    ] {
        let done = call(id, more);
        assert_eq!(done.status.code(), Some(10), "{id} {more:?} {}{}", stdout(&done), stderr(&done));
    }
    if program("curl").is_none() {
        return;
    }
    let put = |id: &str, body: &str| {
        curl(&[
            "-X",
            "PUT",
            "-H",
            "Content-Type: application/json",
            "--data",
            body,
            &format!("{server}/sums/{id}"),
        ])
    };
    assert_eq!(put(LONG, "{\"amount\":98765432109876543210.123456789012345678}").status, 200);
    for (id, body) in [
        ("123456789012345678901235", "{}"),
        (LONG, "{\"amount\":98765432109876543210.1234567890123456789}"),
        (LONG, "{\"amount\":{\"$serde_json::private::Number\":\"1\"}}"),
        (LONG, "{\"receipt\":\"no base64!\"}"),
    ] {
        assert_eq!(put(id, body).slug(), "request-breaks-contract", "{id} {body}");
    }
}
