//! Files written whole or not at all: into a file beside the place, which is then renamed over it.
//!
//! Invariant: whoever reads the place sees all that one writer wrote. The file beside has a name of its own, so that
//! two processes that write the same one do not write into each other's.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Who may read and write what is kept for one person.
pub(crate) const PRIVATE: u32 = 0o600;

/// Who may read and write what is nobody's secret: whom the process's mask lets.
pub(crate) const SHARED: u32 = 0o666;

/// Replaces the file at `path` by what `write` writes; it gets this mode.
///
/// # Errors
/// Those of the system; nothing is left behind then.
pub(crate) fn whole(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let beside = path.with_extension(format!("{}.new", hex::encode(random)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    let written = write(&mut file).and_then(|()| std::fs::rename(&beside, path));
    written.inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

#[cfg(test)]
mod tests {
    use crate::drive::write;

    #[test]
    fn two_who_write_one_file_at_once_each_write_it_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("switchboard.toml");
        let texts = [vec![b'a'; 100_000], vec![b'b'; 70_000]];
        write(&path, &texts[0]).unwrap();
        std::thread::scope(|scope| {
            let writers = texts.each_ref().map(|text| {
                let path = &path;
                scope.spawn(move || (0..200).for_each(|_| write(path, text).unwrap()))
            });
            while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                let read = std::fs::read(&path).unwrap();
                assert!(texts.contains(&read), "{} bytes", read.len());
            }
        });
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    }
}
