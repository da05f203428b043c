//! What resolving asks of the world: files, variables, stored secrets. The shell answers.

use std::path::Path;

/// Answers for files and secrets. The binary reads the real ones; tests hand in texts.
pub trait Outside {
    /// The bytes of a file; the path is absolute or relative to the board's folder as joined by the caller.
    ///
    /// # Errors
    /// In words: `no such file`, `permission denied`, `larger than 64 MiB`.
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError>;

    /// An environment variable (`env:NAME`).
    fn variable(&self, name: &str) -> Option<String>;

    /// A secret stored by `switchboard secret set NAME`, or another store (`keyring:`, `systemd:`).
    ///
    /// # Errors
    /// In words, with what to do.
    fn stored(&self, reference: &str) -> Result<String, OutsideError>;
}

/// Why something outside cannot be had, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OutsideError(pub String);

impl OutsideError {
    /// Nobody is logged in: no fault.
    pub fn nobody() -> Self {
        Self(NOBODY.to_owned())
    }

    /// Whether it only says that nobody is logged in.
    pub fn is_nobody(&self) -> bool {
        self.0 == NOBODY
    }
}

const NOBODY: &str = "nobody is logged in";
