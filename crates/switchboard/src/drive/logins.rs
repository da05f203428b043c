//! Logins and tokens of one person, one file each (0600) in the state folder, by board, API and connection.
//!
//! A name is part of a digest and never of a path: whatever an API is called, the file stays in its folder.

use super::outside::write_private;
use super::place::state_folder;
use call::token::Keep;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The longest login that is read.
const LONGEST: u64 = 256 * 1024;

/// The logins of one board.
#[derive(Clone, Debug)]
pub(crate) struct Logins {
    board: PathBuf,
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

    /// The file of a name.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let mut sum = Sha256::new();
        sum.update(self.board.as_os_str().as_encoded_bytes());
        sum.update([0]);
        sum.update(name.as_bytes());
        let digits = sum.finalize().iter().take(16).fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        });
        Some(state_folder().ok()?.join("logins").join(format!("{digits}.json")))
    }
}

impl Keep for Logins {
    fn load(&self, name: &str) -> Option<String> {
        use std::io::Read as _;
        let file = std::fs::File::open(self.path(name)?).ok()?;
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        Some(text)
    }

    fn save(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.path(name).ok_or_else(|| "neither `XDG_STATE_HOME` nor `HOME` is set".to_owned())?;
        write_private(&path, text.as_bytes()).map_err(|error| format!("`{}`: {error}", path.display()))
    }
}
