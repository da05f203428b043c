//! Reading the files of a contract while noting which they were: what an index is valid for.

use crate::drive::stamp::Stamp;
use crate::drive::{Disk, Need};
use board::Outside as _;
use contract::{Files, Reach};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::cell::{Cell, RefCell};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Its name, as the contract has it.
    pub(super) name: String,
    /// What it was; none: there was no such file, and the contract was read without it.
    pub(super) found: Option<Found>,
}

/// A file that was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) stamp: Stamp,
    pub(super) sum: String,
}

/// SHA-256 of bytes, as digits.
pub(super) fn sum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// SHA-256 of what stands in a file, which is not held.
pub(super) fn sum_of(mut file: std::fs::File) -> std::io::Result<String> {
    let mut sum = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(sum.finalize())),
            count => sum.update(&piece[..count]),
        }
    }
}

/// The files around a contract, and which of them were asked for so far.
#[derive(Debug)]
pub(super) struct Watching<'b> {
    base: &'b Path,
    reach: Reach,
    seen: RefCell<Vec<Seen>>,
    /// Something was met that an index cannot be held against.
    unfit: Cell<bool>,
    /// Bytes that were read.
    bytes: Cell<usize>,
}

impl<'b> Watching<'b> {
    /// Those around the contract of this name; relative names begin at `base`.
    pub(super) fn new(base: &'b Path, name: &str) -> Self {
        Self {
            base,
            reach: Reach::around(name),
            seen: RefCell::default(),
            unfit: Cell::new(false),
            bytes: Cell::new(0),
        }
    }

    /// The bytes of a file, whether the contract may refer to it or not.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = self.base.join(name);
        let before = Stamp::of(&path);
        let disk = Disk { secrets: PathBuf::new(), need: Need::Nothing };
        let read = disk.file(&path).map_err(|error| error.to_string());
        let found = match (&read, before, Stamp::of(&path)) {
            (Ok(bytes), Ok(before), Ok(after)) if before == after => {
                self.bytes.set(self.bytes.get().saturating_add(bytes.len()));
                Some(Found { stamp: after, sum: sum(bytes) })
            }
            (Err(_), Err(before), Err(after)) if is_absent(&before) && is_absent(&after) => None,
            _ => {
                self.unfit.set(true);
                return read;
            }
        };
        self.seen.borrow_mut().push(Seen { name: name.to_owned(), found });
        read
    }

    /// How much was read.
    pub(super) fn bytes_read(&self) -> usize {
        self.bytes.get()
    }

    /// All that was asked for; none where an index would not know when it is out of date.
    pub(super) fn into_seen(self) -> Option<Vec<Seen>> {
        (!self.unfit.get()).then(|| self.seen.into_inner())
    }
}

/// Whether an error says that there is no such file.
pub(super) fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

impl Files for Watching<'_> {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        if name.contains("://") {
            self.unfit.set(true);
            return Err("no host is asked for a file of a contract".to_owned());
        }
        self.read(name)
    }

    fn reach(&self) -> &Reach {
        &self.reach
    }
}
