//! The other files of a contract, read from the disk; no host is ever asked.

use super::{Disk, Need};
use board::Outside;
use contract::{Files, Reach};
use std::path::{Path, PathBuf};

/// The files that a contract given on the command line may refer to.
#[derive(Debug)]
pub(crate) struct Beside(Reach);

impl Beside {
    /// Those around the contract with this name.
    pub(crate) fn of(contract: &str) -> Self {
        Self(Reach::around(contract))
    }
}

impl Files for Beside {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        if name.contains("://") {
            return Err("no host is asked for a file of a contract".to_owned());
        }
        let disk = Disk { secrets: PathBuf::new(), need: Need::Nothing };
        disk.file(Path::new(name)).map_err(|error| error.to_string())
    }

    fn reach(&self) -> &Reach {
        &self.0
    }
}
