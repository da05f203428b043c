//! Logins and tokens of one person: a login lies in the keyring where one answers, else in a file (0600) in the state
//! folder; by board, API and connection.
//!
//! The file is there in both cases: it says where the login lies, so that a call without a login asks no keyring. Tokens
//! that a machine had for itself are had again any time, and lie in files. A name is part of a digest and never of a
//! path: whatever an API is called, the file stays in its folder.

use super::keyring::{self, Attributes};
use super::outside::write_private;
use super::place::state_folder;
use call::token::Keep;
use exchange::Secret;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The longest login that is read.
const LONGEST: u64 = 256 * 1024;

/// What a file says whose login lies in the keyring.
const ELSEWHERE: &str = "{\"in\":\"keyring\"}";

/// The logins of one board.
#[derive(Clone, Debug)]
pub(crate) struct Logins {
    board: PathBuf,
}

/// Where a login lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lies {
    /// In the desktop's keyring.
    Keyring,
    /// In this file, because no keyring took it.
    File(PathBuf, String),
}

impl Logins {
    /// Those of the board in this folder.
    pub(crate) fn of(board: &Path) -> Self {
        Self { board: board.canonicalize().unwrap_or_else(|_| board.to_owned()) }
    }

    /// Makes them what tokens are kept in by this process.
    pub(crate) fn keep(&self) {
        call::token::keep_with(Box::new(self.clone()));
    }

    fn digits(&self, name: &str) -> String {
        let mut sum = Sha256::new();
        sum.update(self.board.as_os_str().as_encoded_bytes());
        sum.update([0]);
        sum.update(name.as_bytes());
        hex::encode(&sum.finalize()[..16])
    }

    /// The file of a name.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        Some(state_folder().ok()?.join("logins").join(format!("{}.json", self.digits(name))))
    }

    /// What its item in the keyring is found by.
    fn attributes(&self, name: &str) -> Attributes {
        vec![("application", "switchboard".to_owned()), ("login", self.digits(name))]
    }

    fn file(&self, name: &str) -> Option<String> {
        use std::io::Read as _;
        let file = std::fs::File::open(self.path(name)?).ok()?;
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// What is stored under a name.
    ///
    /// # Errors
    /// In words: it lies in a keyring that does not give it.
    pub(crate) fn stored(&self, name: &str) -> Result<Option<String>, String> {
        match self.file(name) {
            Some(text) if text == ELSEWHERE => {
                let had = keyring::get(self.attributes(name))?;
                Ok(had.map(|secret| secret.reveal().to_owned()))
            }
            other => Ok(other),
        }
    }

    /// Keeps it, and says where.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn store(&self, name: &str, text: &str) -> Result<Lies, String> {
        let path = self.path(name).ok_or_else(|| "neither `XDG_STATE_HOME` nor `HOME` is set".to_owned())?;
        let write = |text: &str| {
            write_private(&path, text.as_bytes()).map_err(|error| format!("`{}`: {error}", path.display()))
        };
        if !name.starts_with("login:") {
            write(text)?;
            return Ok(Lies::File(path, String::new()));
        }
        let label = format!("switchboard {}", name.trim_start_matches("login:"));
        match keyring::set(self.attributes(name), label, Secret::new(text)) {
            Ok(()) => {
                write(ELSEWHERE)?;
                Ok(Lies::Keyring)
            }
            Err(why) => {
                write(text)?;
                Ok(Lies::File(path, why))
            }
        }
    }

    /// Whether a login lies in the keyring.
    pub(crate) fn in_keyring(&self, name: &str) -> bool {
        self.file(name).is_some_and(|text| text == ELSEWHERE)
    }

    /// Forgets it; false: there was none.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn forget(&self, name: &str) -> Result<bool, String> {
        let Some(path) = self.path(name).filter(|path| path.is_file()) else { return Ok(false) };
        if self.in_keyring(name) {
            keyring::remove(self.attributes(name))?;
        }
        std::fs::remove_file(&path)
            .map_err(|error| format!("cannot remove `{}`: {error}", path.display()))?;
        let _ = std::fs::remove_file(path.with_extension("lock"));
        Ok(true)
    }
}

impl Keep for Logins {
    fn load(&self, name: &str) -> Option<String> {
        self.stored(name).ok().flatten()
    }

    fn save(&self, name: &str, text: &str) -> Result<(), String> {
        self.store(name, text).map(drop)
    }

    fn lease(&self, name: &str) -> Option<Box<dyn Send>> {
        let free: Option<Box<dyn Send>> = Some(Box::new(()));
        // Where no lock can be kept, the worst is a token that is had twice.
        let Some(path) = self.path(name).map(|path| path.with_extension("lock")) else { return free };
        if !path.exists() && write_private(&path, b"").is_err() {
            return free;
        }
        let Ok(file) = std::fs::File::open(&path) else { return free };
        match file.try_lock() {
            Ok(()) => Some(Box::new(file)),
            Err(std::fs::TryLockError::WouldBlock) => None,
            Err(std::fs::TryLockError::Error(_)) => free,
        }
    }
}
