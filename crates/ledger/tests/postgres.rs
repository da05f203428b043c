//! A PostgreSQL server of a test's own: Debian's, on a socket in a temporary folder, ended with the test.
//!
//! `initdb` refuses root, so root becomes `nobody` for it. The empty database is made once and copied. The system ends the
//! server when the thread that started it ends (`PR_SET_PDEATHSIG`), also where a test is killed.
//! Deliberately absent: a server that tests share, which none of them could kill, fill or slow down.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "shared by several test binaries, none of which uses all of it"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// `nobody` and `nogroup` of Debian.
const NOBODY: u32 = 65_534;
/// Quick: nothing of a test must outlive a power cut.
const QUICK: [&str; 6] = [
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "autovacuum=off",
    "logging_collector=off",
    "unix_socket_permissions=0777",
];
/// The user `guest` needs a password, all others come in.
const WHO: &str = "local all guest scram-sha-256\nlocal all all trust\nhost all all 127.0.0.1/32 trust\n";

/// A server.
#[derive(Debug)]
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    settings: Vec<String>,
    port: u16,
    process: Option<Child>,
    held: Mutex<Option<Child>>,
}

impl Server {
    /// Starts one; `None`, and said, where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts one with more settings.
    pub(crate) fn start_with(settings: &[String]) -> Option<Self> {
        let mut server = Self::made(installed()?, settings.to_vec());
        server.go_on();
        Some(server)
    }

    fn made(programs: PathBuf, settings: Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let empty = empty(&programs);
        run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(empty).arg(folder.path().join("data")));
        Self { folder, programs, settings, port: 5432, process: None, held: Mutex::new(None) }
    }

    /// Starts one that also listens on a port of 127.0.0.1, and there speaks TLS.
    pub(crate) fn start_secure(port: u16, certificate: &Path, key: &Path) -> Option<Self> {
        let mut server = Self::made(installed()?, Vec::new());
        for (file, name) in [(certificate, "server.crt"), (key, "server.key")] {
            let own = server.folder.path().join("data").join(name);
            fs::copy(file, &own).unwrap();
            fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).unwrap();
            give(&own);
        }
        server.settings = vec!["listen_addresses=127.0.0.1".into(), format!("port={port}"), "ssl=on".into()];
        server.port = port;
        server.go_on();
        Some(server)
    }

    /// Starts it (again) with what it has, and waits until it answers.
    pub(crate) fn go_on(&mut self) {
        let began = Instant::now();
        loop {
            let mut command = as_nobody(&self.programs.join("postgres"));
            command.arg("-D").arg(self.folder.path().join("data")).args(["-c", "listen_addresses="]);
            command.arg("-c").arg(format!("unix_socket_directories={}", self.folder.path().display()));
            for setting in QUICK.into_iter().chain(self.settings.iter().map(String::as_str)) {
                command.args(["-c", setting]);
            }
            let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
            let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
            // Ends by itself while what was killed before it has not quite gone.
            while process.try_wait().unwrap().is_none() {
                if self.answers() {
                    self.process = Some(process);
                    return;
                }
                assert!(
                    began.elapsed() < Duration::from_secs(60),
                    "{}",
                    fs::read_to_string(self.log()).unwrap()
                );
                std::thread::sleep(Duration::from_millis(10));
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{}", fs::read_to_string(self.log()).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self) -> bool {
        let mut ready = Command::new(self.programs.join("pg_isready"));
        ready
            .args(["-q", "-t", "1", "-p", &self.port.to_string(), "-h"])
            .arg(self.folder.path())
            .args(["-d", "postgres", "-U", "ledger"]);
        ready.status().unwrap().success()
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> String {
        self.url_of("ledger")
    }

    /// The URL for this user (and password).
    pub(crate) fn url_of(&self, user: &str) -> String {
        format!("postgres://{user}@localhost/postgres?host={}", self.folder.path().display())
    }

    /// What the server said.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// A folder that the server may read.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs SQL as its owner; gives the answer.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let done = self.psql().args(["-c", sql]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Runs SQL in a transaction that stays open until [`Self::let_go`].
    pub(crate) fn hold(&self, sql: &str) {
        let mut child = self.psql().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "BEGIN; {sql}; SELECT 'held';").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "held");
        *self.held.lock().unwrap() = Some(child);
    }

    /// Ends that transaction.
    pub(crate) fn let_go(&self) {
        let mut child = self.held.lock().unwrap().take().unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    fn psql(&self) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-p",
            &self.port.to_string(),
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "ledger",
            "-d",
            "postgres",
            "-h",
        ]);
        psql.arg(self.folder.path());
        psql
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Holds it still, so that it answers nothing and nobody; `go: true` lets it go on.
    pub(crate) fn freeze(&self, go: bool) {
        let postmaster = self.process.as_ref().unwrap().id().to_string();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let signal = if go { "-CONT" } else { "-STOP" };
        let all = children.split_whitespace().chain([postmaster.as_str()]);
        // One that has ended meanwhile is no matter.
        let _ = Command::new("kill").arg(signal).args(all).stderr(Stdio::null()).status().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // SIGQUIT: at once, but with its shared memory given back.
        drop(Command::new("kill").args(["-QUIT", &process.id().to_string()]).status());
        drop(process.wait());
    }
}

/// As [`programs`], and said where they are not.
fn installed() -> Option<PathBuf> {
    let found = programs();
    if found.is_none() {
        eprintln!("skipped: PostgreSQL is not installed (sh e2e/install)");
    }
    found
}

/// The newest programs that are installed.
fn programs() -> Option<PathBuf> {
    let found = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<_> = found.filter_map(|version| Some(version.ok()?.path().join("bin"))).collect();
    found.retain(|bin| bin.join("initdb").exists() && bin.join("postgres").exists());
    found.sort();
    found.pop()
}

/// An empty database, made by the first test that needs it.
fn empty(programs: &Path) -> PathBuf {
    let version = programs.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("postgres-{version}"));
    if !place.is_dir() {
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let data = folder.path().join("data");
        let mut initdb = as_nobody(&programs.join("initdb"));
        initdb.args([
            "--no-sync",
            "--no-locale",
            "-E",
            "UTF8",
            "-U",
            "ledger",
            "-A",
            "trust",
            "--wal-segsize=1",
        ]);
        run(initdb.arg("-D").arg(&data));
        fs::write(data.join("pg_hba.conf"), WHO).unwrap();
        let beside = place.with_extension(std::process::id().to_string());
        run(Command::new("cp").arg("-a").arg(&data).arg(&beside));
        // Another test may have been faster: what is there is as good.
        if fs::rename(&beside, &place).is_err() {
            fs::remove_dir_all(&beside).unwrap();
        }
    }
    place
}

fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT"]).arg(program).current_dir("/");
    command
}

pub(crate) fn give(folder: &Path) {
    if is_root() {
        std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
