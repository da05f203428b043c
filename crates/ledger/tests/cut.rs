//! A line to a PostgreSQL server that can be cut between a question and its answer.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// The name that PostgreSQL gives its socket.
const SOCKET: &str = ".s.PGSQL.5432";

/// The line.
#[derive(Debug)]
pub(crate) struct Line {
    folder: TempDir,
    armed: Arc<AtomicBool>,
}

impl Line {
    /// A line to the server whose socket is in this folder. Its threads end with the test.
    pub(crate) fn to(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let armed = Arc::new(AtomicBool::new(false));
        let (server, cut) = (server.join(SOCKET), Arc::clone(&armed));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), UnixStream::connect(&server).unwrap());
                let (from, to, cut) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(&cut));
                std::thread::spawn(move || carry(from, to, &cut));
                std::thread::spawn(move || carry(server, client, &AtomicBool::new(false)));
            }
        });
        Self { folder, armed }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://ledger@localhost/postgres?host={}", self.folder.path().display())
    }

    /// Cuts at the next `COMMIT`: it arrives, and its answer does not come back.
    pub(crate) fn cut_at_commit(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Whether it was cut.
    pub(crate) fn was_cut(&self) -> bool {
        !self.armed.load(Ordering::SeqCst)
    }
}

fn carry(mut from: UnixStream, mut to: UnixStream, cut: &AtomicBool) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count) = from.read(&mut bytes) {
        let some = &bytes[..count];
        let commits = some.windows(6).any(|word| word == b"COMMIT");
        if commits && cut.swap(false, Ordering::SeqCst) {
            // To the client first: what the server answers finds nobody.
            drop(from.shutdown(Shutdown::Both));
            drop(to.write_all(some));
            return;
        }
        if count == 0 || to.write_all(some).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}
