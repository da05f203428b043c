//! A board that serves one open API before one provider, and what its ledger says of calls and usage.

use crate::harness::{Running, free_port, stderr, stdout, switchboard};
use serde_json::Value;
use std::fmt::Debug;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
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

/// Another process on the board of the first, with a port of its own; ended when it is dropped.
pub(crate) struct Beside {
    child: Child,
    port: u16,
}

impl Beside {
    /// Writes the overlay that gives it its port, starts it, and waits until it listens.
    pub(crate) fn serve(first: &Running) -> Self {
        Self::serve_with(first, "")
    }

    /// The same with more tables in its overlay.
    pub(crate) fn serve_with(first: &Running, tables: &str) -> Self {
        Self::serve_at(first, free_port(), tables)
    }

    /// The same with a port that it had before.
    fn serve_at(first: &Running, port: u16, tables: &str) -> Self {
        let overlay = format!("[listen.edge]\nbind = \"127.0.0.1:{port}\"\n{tables}");
        std::fs::write(first.home.path().join("switchboard.second.toml"), overlay).unwrap();
        let child = switchboard(first.home.path())
            .args(["--env", "second", "serve", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let beside = Self { child, port };
        becomes(600, "the second process listens", true, || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        beside
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal by its name, as `STOP` and `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Another one in its place.
    pub(crate) fn again(&mut self, first: &Running) {
        *self = Self::serve_at(first, self.port, "");
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the board says of itself on `run.sock`.
pub(crate) fn health(running: &Running) -> Value {
    let socket = running.home.path().join(".switchboard/run.sock");
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let question = "GET /health HTTP/1.1\r\nHost: run.sock\r\nConnection: close\r\n\r\n";
    stream.write_all(question.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}
