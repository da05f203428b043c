//! The world outside for commands that look at a board or call with it: contracts come from the board's index.
//!
//! What such a command does not show is not made: warnings about contracts. A board with an error is to be
//! loaded once more with [`Disk`], which tells all there is to tell.

use super::{Disk, Index};
use board::{Outside, OutsideError};
use contract::Contract;
use std::path::Path;

/// Files and secrets as [`Disk`] has them, and an index.
#[derive(Clone, Debug)]
pub(crate) struct Quick {
    pub(crate) disk: Disk,
    pub(crate) index: Index,
}

impl Outside for Quick {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        self.disk.file(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.disk.variable(name)
    }

    fn stored(&self, reference: &str) -> Result<String, OutsideError> {
        self.disk.stored(reference)
    }

    fn contract(&self, base: &Path, name: &str) -> Option<Contract> {
        self.index.contract(base, name)
    }
}
