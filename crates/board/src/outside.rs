//! What resolving asks of the world: files, variables, stored secrets. The shell answers.

use contract::Contract;
use std::path::Path;

/// Answers for files and secrets. The binary reads the real ones; tests hand in texts.
pub trait Outside {
    /// The bytes of a file; the path is absolute or relative to the board's folder as joined by the caller.
    ///
    /// # Errors
    /// In words: `no such file`, `permission denied`, `larger than 64 MiB`.
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError>;

    /// The bytes of a file that a secret lies in (`file:PATH`). Whoever only compares boards needs none.
    ///
    /// # Errors
    /// As [`Outside::file`].
    fn secret_file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        self.file(path)
    }

    /// The bytes of a document that a contract refers to by an `http(s)` URL, whose host the
    /// board allows; without a credential, and no redirect is followed.
    ///
    /// # Errors
    /// In words, with what to do. Whoever has no network says so.
    fn fetched(&self, url: &str) -> Result<Vec<u8>, OutsideError> {
        Err(OutsideError(format!("`{url}` is not fetched here")))
    }

    /// The time, in milliseconds since 1970: what has ended is warned of. Whoever compares boards has none.
    fn now_ms(&self) -> Option<u64> {
        None
    }

    /// An environment variable (`env:NAME`).
    fn variable(&self, name: &str) -> Option<String>;

    /// A secret stored by `switchboard secret set NAME`, or another store (`keyring:`, `systemd:`).
    ///
    /// # Errors
    /// In words, with what to do.
    fn stored(&self, reference: &str) -> Result<String, OutsideError>;

    /// What a person stored by logging in, under `login:API` or `login:API/CONNECTION`; none: nobody did.
    ///
    /// # Errors
    /// In words: there is a login, and it cannot be had.
    fn login(&self, name: &str) -> Result<Option<String>, OutsideError> {
        Ok(self.stored(name).ok())
    }
}

/// Gives a contract of the board that needs not be read, by the folder that its name is relative to and what the board
/// calls it; none: the board reads the file.
pub type Known<'k> = &'k dyn Fn(&Path, &str) -> Option<Contract>;

/// Why something outside cannot be had, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OutsideError(pub String);
