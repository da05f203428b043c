//! What a file looked like when it was read: enough to tell, without reading it, that it is the same still.
//!
//! Device, inode, size, both times. Nobody can set the time of change (`st_ctime`, POSIX.1-2017 §4.9) but through the
//! system's clock, so that a file which was written anew has another one, whatever was done to the time of
//! modification. It counts in ticks: two writes within one look the same. Hence a stamp is believed only when the
//! file had been left alone for a while before it was read ([`Stamp::is_settled`]); until then its bytes are compared.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How long before a file was read it must have been left alone: longer than any file system's ticks, and than
/// a file server's clock may differ from ours.
const SETTLED_MS: i64 = 60_000;

/// A file as its directory entry describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of what stands at this path; links are followed.
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        std::fs::metadata(path).map(|found| Self::new(&found))
    }

    fn new(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    /// Whether a file with this stamp that was read at that time cannot be another one with the same stamp.
    pub(super) fn is_settled(&self, read_ms: u64) -> bool {
        let changed = self.changed.0.saturating_mul(1000).saturating_add(self.changed.1 / 1_000_000);
        i64::try_from(read_ms).is_ok_and(|read| changed.saturating_add(SETTLED_MS) < read)
    }
}

/// The stamp of the program that runs: what another one wrote is not read.
pub(super) fn program() -> Option<Stamp> {
    Stamp::of(&std::env::current_exe().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn a_file_written_anew_with_its_old_size_and_time_has_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "one").unwrap();
        let before = Stamp::of(&path).unwrap();
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        // The clock that files are stamped with has ticks: this waits for the next.
        let after = loop {
            std::fs::write(&path, "two").unwrap();
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
            let after = Stamp::of(&path).unwrap();
            if after.changed != before.changed {
                break after;
            }
        };
        assert_eq!((after.size, after.modified, after.inode), (before.size, before.modified, before.inode));
        assert_ne!(after, before);
        let read = |seconds: i64| u64::try_from(before.changed.0 + seconds).unwrap() * 1000;
        assert!(!before.is_settled(read(0)) && !before.is_settled(read(50)) && before.is_settled(read(70)));
    }
}
