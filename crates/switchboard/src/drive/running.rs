//! What runs: a list in the user's state folder, so that a second terminal finds a demo or a proxy.
//!
//! One file a process, named by its id, written anew when a reload moves it; an entry whose process is gone is removed when it
//! is seen.

use crate::drive::place::state_folder;
use crate::drive::socket;
use crate::exit::Failure;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// One thing that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// `demo`, `proxy` or `serve`.
    pub(crate) what: String,
    /// Process id.
    pub(crate) pid: u32,
    /// Folder of its board.
    pub(crate) board: PathBuf,
    /// What `--env` named.
    pub(crate) env: Option<String>,
    /// What callers see, the first listener first.
    pub(crate) urls: Vec<String>,
    /// The console's address.
    pub(crate) console: Option<String>,
    /// Its `run.sock`.
    pub(crate) socket: PathBuf,
    /// When it started, in milliseconds since 1970.
    pub(crate) since_ms: u64,
}

/// An entry that is there as long as this lives.
#[derive(Debug)]
pub(crate) struct Listed {
    file: PathBuf,
    entry: Entry,
}

impl Entry {
    /// Puts the entry on the list.
    pub(crate) fn enlist(self) -> Result<Listed, Failure> {
        let folder = state_folder()?.join("running");
        let file = folder.join(format!("{}.json", self.pid));
        // Whoever had our socket before was killed: its entry would now be taken for ours.
        for (other, entry) in entries(&folder) {
            if entry.socket == self.socket {
                let _ = std::fs::remove_file(other);
            }
        }
        let listed = Listed { file, entry: self };
        listed.write()?;
        Ok(listed)
    }
}

impl Listed {
    /// It can be found here from now on.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn moved(&mut self, urls: Vec<String>, console: Option<String>) -> Result<(), Failure> {
        if self.entry.urls == urls && self.entry.console == console {
            return Ok(());
        }
        (self.entry.urls, self.entry.console) = (urls, console);
        self.write()
    }

    fn write(&self) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(&self.entry).map_err(|error| Failure::run(error.to_string()))?;
        crate::drive::write_private(&self.file, &text)
            .map_err(|error| Failure::run(format!("cannot write `{}`: {error}", self.file.display())))
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// What runs on this machine for this user, the newest first.
pub(crate) fn list() -> Vec<Entry> {
    let Ok(folder) = state_folder().map(|folder| folder.join("running")) else { return Vec::new() };
    let mut found: Vec<Entry> = entries(&folder).filter_map(|(file, entry)| alive(&file, entry)).collect();
    found.sort_by_key(|entry| std::cmp::Reverse(entry.since_ms));
    found
}

/// Sockets of processes that run the board in `folder`: in its state folder, that is the usual one or `state`, and those that
/// enlisted themselves. Who was killed may have left one.
pub(crate) fn sockets_of(folder: &Path, state: Option<&Path>) -> Vec<PathBuf> {
    let same = |other: &Path| match (folder.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    let mut found: Vec<PathBuf> =
        list().into_iter().filter(|entry| same(&entry.board)).map(|entry| entry.socket).collect();
    found.extend(socket::all(&folder.join(".switchboard")));
    found.extend(state.map(socket::all).unwrap_or_default());
    let mut seen = Vec::new();
    found.retain(|path| {
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        let new = !seen.contains(&path);
        seen.push(path);
        new
    });
    found.sort();
    found
}

/// Every entry that can be read, with its file.
fn entries(folder: &Path) -> impl Iterator<Item = (PathBuf, Entry)> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|file| {
        let text = std::fs::read(file.path()).ok()?;
        Some((file.path(), serde_json::from_slice(&text).ok()?))
    })
}

fn alive(file: &Path, entry: Entry) -> Option<Entry> {
    // The socket answers a connection exactly as long as its process lives.
    if std::os::unix::net::UnixStream::connect(&entry.socket).is_err() {
        let _ = std::fs::remove_file(file);
        return None;
    }
    Some(entry)
}
