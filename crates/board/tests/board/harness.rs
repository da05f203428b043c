//! A world in memory: files, variables and stored secrets that a test hands in.

use board::{Board, Diagnostics, Outside, OutsideError};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The world of one test; the board lies in `/board`.
#[derive(Debug, Default)]
pub(crate) struct World {
    files: HashMap<PathBuf, Vec<u8>>,
    variables: HashMap<String, String>,
    stored: HashMap<String, String>,
}

impl World {
    /// A world with this board in it.
    pub(crate) fn with(board: &str) -> Self {
        Self::default().file("switchboard.toml", board)
    }

    /// With a file, by its path from the board's folder.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(tidy(&Path::new("/board").join(path)), text.as_bytes().to_vec());
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn stored(mut self, name: &str, value: &str) -> Self {
        self.stored.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn load(&self) -> Result<Board, Diagnostics> {
        self.load_env(None)
    }

    pub(crate) fn load_env(&self, env: Option<&str>) -> Result<Board, Diagnostics> {
        board::load(Path::new("/board"), env, self)
    }

    /// The board, which has no error.
    pub(crate) fn board(&self) -> Board {
        self.load().unwrap_or_else(|found| panic!("{}", found.render(false)))
    }

    /// What is told, errors and warnings alike.
    pub(crate) fn told(&self) -> Diagnostics {
        self.load().map_or_else(|found| found, |board| board.warnings)
    }

    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.told().0.iter().map(|diagnostic| diagnostic.code).collect()
    }
}

/// Takes `..` out, as a file system would.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path {
        if part == ".." {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}

impl Outside for World {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        self.files.get(&tidy(path)).cloned().ok_or_else(|| OutsideError("no such file".to_owned()))
    }

    fn now_ms(&self) -> Option<u64> {
        // 2026-11-21, whenever the tests run.
        Some(1_795_219_200_000)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn stored(&self, reference: &str) -> Result<String, OutsideError> {
        self.stored.get(reference).cloned().ok_or_else(|| OutsideError("not stored".to_owned()))
    }
}
