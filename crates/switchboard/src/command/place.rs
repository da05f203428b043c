//! A folder for a board made on the spot: kept where the user says, else gone when the command ends.

use crate::drive::now_ms;
use crate::exit::Failure;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A folder for a board.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    kept: bool,
}

impl Place {
    /// The folder to keep, or a new one of our own among the temporary ones.
    pub(super) fn new(keep: Option<&Path>) -> Result<Self, Failure> {
        let (folder, kept) = if let Some(folder) = keep {
            (folder.to_path_buf(), true)
        } else {
            let name = format!("switchboard-{}-{}", std::process::id(), now_ms());
            (std::env::temp_dir().join(name), false)
        };
        std::fs::DirBuilder::new()
            .recursive(kept)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| Failure::run(format!("cannot make `{}`: {error}", folder.display())))?;
        Ok(Self { folder, kept })
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
