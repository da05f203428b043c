//! Which files a board was made of, and whether one of them has changed since.

use super::Disk;
use super::stamp::Stamp;
use board::{Outside, OutsideError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The real world, with a note of every file that was asked for.
#[derive(Debug)]
pub(crate) struct Traced {
    disk: Disk,
    files: RefCell<BTreeMap<PathBuf, Option<Stamp>>>,
}

/// Files as they were when they were read; `None`: it was not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(BTreeMap<PathBuf, Option<Stamp>>);

impl Traced {
    pub(crate) fn new(disk: Disk) -> Self {
        Self { disk, files: RefCell::default() }
    }

    /// What was asked for.
    pub(crate) fn into_files(self) -> Files {
        Files(self.files.into_inner())
    }
}

impl Files {
    /// A file that is not what it was.
    pub(crate) fn changed(&self) -> Option<&Path> {
        self.0.iter().find(|(path, stamp)| Stamp::of(path).ok() != **stamp).map(|(path, _)| path.as_path())
    }
}

impl Outside for Traced {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        // Before it is read: a change meanwhile is seen as one.
        self.files.borrow_mut().entry(path.to_owned()).or_insert_with(|| Stamp::of(path).ok());
        self.disk.file(path)
    }

    fn fetched(&self, url: &str) -> Result<Vec<u8>, OutsideError> {
        self.disk.fetched(url)
    }

    fn now_ms(&self) -> Option<u64> {
        self.disk.now_ms()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.disk.variable(name)
    }

    fn stored(&self, reference: &str) -> Result<String, OutsideError> {
        self.disk.stored(reference)
    }

    fn login(&self, name: &str) -> Result<Option<String>, OutsideError> {
        self.disk.login(name)
    }
}
