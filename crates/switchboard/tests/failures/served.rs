//! A board that serves one open API before one provider, and what its ledger says of calls and usage.

use crate::harness::{Running, stderr, stdout};
use serde_json::Value;
use std::fmt::Debug;
use std::io::{Read as _, Write as _};
use std::time::Duration;

/// An open API at `/` without contract; lines for its upstream, and whole tables.
pub(crate) fn board(provider: &str, upstream: &str, tables: &str) -> String {
    format!(
        "console = false\n\
         [listen.edge]\nbind = \"127.0.0.1:{{port}}\"\nhead-timeout = \"1s\"\n\
         [apis.acme.upstream]\nurls = [\"{provider}\"]\n{upstream}\n\
         [apis.acme.offer.open]\nat = \"/\"\nplans = [\"open\"]\n\
         [plans.open]\nauth = \"none\"\n\
         [record]\ndetails = \"all\"\nrows = \"100000/s\"\n{tables}\n"
    )
}

/// Runs it.
pub(crate) fn serve(provider: &str, upstream: &str) -> (Running, String) {
    Running::serve(&board(provider, upstream, ""))
}

/// The row of a call, by the id that its answer named.
pub(crate) fn call(running: &Running, id: &str) -> Value {
    let output = running.command(&["log", id, "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// The last rows, the oldest first.
pub(crate) fn calls(running: &Running) -> Vec<Value> {
    let output = running.command(&["log", "--format", "ndjson", "--limit", "1000"]);
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many calls `usage` counts.
pub(crate) fn counted(running: &Running) -> u64 {
    let output = running.command(&["usage", "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows: Vec<Value> = serde_json::from_str(&stdout(&output)).unwrap();
    rows.iter().map(|row| row["calls"].as_u64().unwrap()).sum()
}

/// Asks until this is the answer, at most `times`, with a tenth of a second between two questions.
#[expect(clippy::needless_pass_by_value, reason = "what is wanted is written where it is asked for")]
pub(crate) fn becomes<T: PartialEq + Debug>(times: u32, what: &str, wanted: T, mut ask: impl FnMut() -> T) {
    let mut last = ask();
    for _ in 1..times {
        if last == wanted {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
        last = ask();
    }
    assert_eq!(last, wanted, "asked {times} times: {what}");
}

/// What the board says of itself on `run.sock`.
pub(crate) fn health(running: &Running) -> Value {
    let socket = running.home.path().join(".switchboard/run.sock");
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let question =
        "POST /health HTTP/1.1\r\nHost: run.sock\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(question.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}
