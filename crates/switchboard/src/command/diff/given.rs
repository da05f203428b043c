//! The world of a board that is only compared: its files are given, and nobody needs its secrets.

use crate::drive::{Disk, Need, remote, secrets_folder};
use board::{Outside, OutsideError};
use std::fmt;
use std::path::{Path, PathBuf};

/// Stands for every secret; has what is looked for in one: a colon, and the beginnings of PEM (RFC 7468 §2).
const NOT_NEEDED: &str = "not-needed:here -----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY-----";

/// How a file of the board is had.
type Read<'g> = Box<dyn Fn(&Path) -> Result<Vec<u8>, OutsideError> + 'g>;
/// How a document of another host is had.
type Fetch<'g> = Box<dyn Fn(&str) -> Result<Vec<u8>, OutsideError> + 'g>;

/// Files that are given, and stand-ins for secrets.
pub(super) struct Given<'g> {
    read: Read<'g>,
    fetch: Fetch<'g>,
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Given").finish_non_exhaustive()
    }
}

impl<'g> Given<'g> {
    /// Files as `read` gives them; documents of other hosts as they were fetched before.
    pub(super) fn new(read: impl Fn(&Path) -> Result<Vec<u8>, OutsideError> + 'g) -> Self {
        let fetch = |url: &str| remote::held(url).map_err(OutsideError);
        Self { read: Box::new(read), fetch: Box::new(fetch) }
    }

    /// Files as they lie on the disk.
    pub(super) fn disk(folder: &Path) -> Self {
        let disk = Disk { secrets: secrets_folder(folder), need: Need::Nothing };
        Self::new(move |path| disk.file(path))
    }

    /// With one file that stands for another one.
    pub(super) fn standing_for(self, other: PathBuf, own: PathBuf) -> Self {
        let read = self.read;
        let read = move |path: &Path| if path == other { read(&own) } else { read(path) };
        Self { read: Box::new(read), fetch: self.fetch }
    }

    /// With other documents of other hosts.
    pub(super) fn fetching(self, fetch: impl Fn(&str) -> Result<Vec<u8>, OutsideError> + 'g) -> Self {
        Self { fetch: Box::new(fetch), ..self }
    }
}

impl Outside for Given<'_> {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        (self.read)(path)
    }

    fn secret_file(&self, _: &Path) -> Result<Vec<u8>, OutsideError> {
        Ok(NOT_NEEDED.as_bytes().to_vec())
    }

    fn fetched(&self, url: &str) -> Result<Vec<u8>, OutsideError> {
        (self.fetch)(url)
    }

    fn variable(&self, _: &str) -> Option<String> {
        Some(NOT_NEEDED.to_owned())
    }

    fn stored(&self, _: &str) -> Result<String, OutsideError> {
        Ok(NOT_NEEDED.to_owned())
    }

    fn login(&self, _: &str) -> Result<Option<String>, OutsideError> {
        Ok(None)
    }
}
