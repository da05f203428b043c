//! Real servers from Debian on loopback, for as long as a test runs: tinyproxy, microsocks, nginx.

use std::fmt::Write as _;
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
    /// Where it listens.
    pub(crate) port: u16,
}

/// Whether there is such a program; says so if not.
pub(crate) fn is_here(program: &str) -> bool {
    let here = path_of(program).is_some();
    if !here {
        eprintln!("skipped: there is no {program} here (`e2e/install` gets it)");
    }
    here
}

fn path_of(program: &str) -> Option<PathBuf> {
    ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
}

/// A port that nobody has.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    fn start(program: &str, port: u16, folder: tempfile::TempDir, words: &[&str]) -> Self {
        let log = File::create(folder.path().join("log")).unwrap();
        let child = Command::new(path_of(program).unwrap())
            .args(words)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut own = Self { child, folder, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let over = own.child.try_wait().unwrap().is_some() || begun.elapsed() > Duration::from_secs(30);
            assert!(!over, "{program} does not listen: {}", own.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        own
    }

    /// An HTTP proxy; with a user, only for that one.
    pub(crate) fn tinyproxy(user: Option<(&str, &str)>) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let file = folder.path().join("conf");
        let mut text = format!("Port {port}\nListen 127.0.0.1\nMaxClients 20\nTimeout 30\nLogLevel Info\n");
        if let Some((name, password)) = user {
            let _ = writeln!(text, "BasicAuth {name} {password}");
        }
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap().to_owned();
        Self::start("tinyproxy", port, folder, &["-d", "-c", &file])
    }

    /// A SOCKS 5 proxy; with a user, only for that one.
    pub(crate) fn microsocks(user: Option<(&str, &str)>) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let port_text = port.to_string();
        let mut words = vec!["-i", "127.0.0.1", "-p", &port_text];
        if let Some((name, password)) = user {
            words.extend(["-u", name, "-P", password]);
        }
        Self::start("microsocks", port, folder, &words)
    }

    /// nginx with these `server` blocks; `FOLDER` is its own folder, with these files in it.
    pub(crate) fn nginx(port: u16, servers: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let here = folder.path().to_str().unwrap().to_owned();
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let mut temporary = String::new();
        for kind in kinds {
            let _ = write!(temporary, "{kind}_temp_path {here}/{kind};");
        }
        let text = format!(
            "daemon off; worker_processes 1; pid {here}/pid; error_log {here}/log;\n\
             events {{ worker_connections 64; }}\nhttp {{ access_log off; {temporary}\n{} }}\n",
            servers.replace("FOLDER", &here)
        );
        let file = folder.path().join("conf");
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap().to_owned();
        Self::start("nginx", port, folder, &["-c", &file, "-p", &here, "-e", &format!("{here}/log")])
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log")).unwrap_or_default())
            .into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx ends its workers only when it is asked to.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
