//! Starts the real binary as its users do, on free ports and in folders of its own, and ends it.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    unreachable_pub,
    missing_docs,
    reason = "shared by several test binaries, none of which uses all of it"
)]

#[path = "harness/database.rs"]
pub mod database;
#[path = "../../ledger/tests/postgres.rs"]
pub mod postgres;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The binary that was built for this test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_switchboard");

/// A process that runs a board.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Lines of stdout since the start.
    lines: Receiver<String>,
    seen: Vec<String>,
    /// State folder of this user, and the working directory.
    pub home: TempDir,
}

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The path of a program, or none with a line that says what is skipped.
pub fn program(name: &str) -> Option<PathBuf> {
    let own = root().join("target/e2e/venv/bin").join(name);
    if name.starts_with("python") && own.is_file() {
        return Some(own);
    }
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        skipped(&format!("skipped: `{name}` is not installed; `make test` installs it"));
    }
    found
}

/// Says on stderr what a test leaves out, and why.
pub fn skipped(words: &str) {
    eprintln!("{words}");
}

/// A command of the binary for this user.
pub fn switchboard(home: &Path) -> Command {
    // `bench/counters` has another build of it.
    let binary = std::env::var_os("BINARY").unwrap_or_else(|| BINARY.into());
    let mut command = Command::new(binary);
    command
        .current_dir(home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CONFIG_HOME", home.join("config"));
    // The keyring of whoever runs the tests is no place for their secrets.
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("XDG_RUNTIME_DIR");
    command.env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
    command
}

/// stdout of a finished command as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// stderr of a finished command as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl Running {
    /// Starts a command that goes on; `args` as a user types them.
    pub fn start(args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), args)
    }

    /// The same in a folder that is there already.
    pub fn start_in(home: TempDir, args: &[&str]) -> Self {
        let mut child = switchboard(home.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let sources: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for source in sources {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(source).lines().map_while(Result::ok) {
                    if send.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Self { child, lines, seen: Vec::new(), home }
    }

    /// The demo on free ports; its callers stay quiet.
    pub fn demo() -> Self {
        let mut running = Self::start(&["--quiet", "demo", "--listen", "127.0.0.1:0"]);
        running.wait_for("Planted");
        running
    }

    /// A board from its text; `{port}` becomes a free port.
    pub fn serve(board: &str) -> (Self, String) {
        Self::serve_with(tempfile::tempdir().unwrap(), board, &[])
    }

    /// The same, with files beside the board and more arguments.
    pub fn serve_with(home: TempDir, board: &str, args: &[&str]) -> (Self, String) {
        let port = free_port();
        let text = board.replace("{port}", &port.to_string());
        let text = database::with_ledger(home.path(), &text);
        std::fs::write(home.path().join("switchboard.toml"), text).unwrap();
        let mut running = Self::start_in(home, &[&["serve"], args].concat());
        let url = format!("http://127.0.0.1:{port}");
        running.wait_for(&url);
        (running, url)
    }

    /// Waits until a line holds this; panics with all lines when the process ends or a minute has gone.
    pub fn wait_for(&mut self, text: &str) -> String {
        if let Some(line) = self.seen.iter().find(|line| line.contains(text)) {
            return line.clone();
        }
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("no line with `{text}` ({error}):\n{}", self.seen.join("\n")),
            }
        }
    }

    /// The word after this label in what was printed at the start.
    pub fn word_after(&mut self, label: &str) -> String {
        let line = self.wait_for(label);
        let rest = line.split_once(label).unwrap().1;
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs another command of the same user.
    pub fn command(&self, args: &[&str]) -> Output {
        switchboard(self.home.path()).args(args).output().unwrap()
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Asks it to stop and gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }

    /// Kills it, and gives its folder for another start.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.home, tempfile::tempdir().unwrap())
    }

    /// Resident memory in bytes (Linux).
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        database::end(self.home.path());
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What real curl got: status, fields in lower case, body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The last part of the problem's `type`.
    pub fn slug(&self) -> String {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "{}", self.body);
        let json = self.json();
        json["type"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }
}

/// Calls with real curl.
pub fn curl(args: &[&str]) -> Answer {
    let output = Command::new("curl").args(["-s", "-i", "-m", "20"]).args(args).output().unwrap();
    let text = stdout(&output);
    let mut rest = text.as_str();
    loop {
        let (head, body) =
            rest.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {args:?} {output:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        if status == 100 {
            rest = body;
            continue;
        }
        let fields = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        return Answer { status, fields, body: body.to_owned() };
    }
}
