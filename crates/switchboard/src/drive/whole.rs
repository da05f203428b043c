//! Files written whole or not at all: into a file beside the place, which is then renamed over it.
//!
//! Invariant: whoever reads the place sees all that one writer wrote. The file beside has a name of its own, so that
//! two processes that write the same one do not write into each other's. A link stays, and what it leads to is replaced;
//! what is no file (a terminal, a pipe, `/dev/null`) is written into.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Who may read and write what is kept for one person.
pub(crate) const PRIVATE: u32 = 0o600;

/// Who may read and write what is nobody's secret: whom the process's mask lets.
pub(crate) const SHARED: u32 = 0o666;

/// Replaces the file at `path` by what `write` writes. A new one gets this mode; one that is there keeps its own, but for
/// what is private, which is never less so.
///
/// # Errors
/// Those of the system; nothing is left behind then.
pub(crate) fn whole(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let there = match std::fs::metadata(path) {
        Ok(there) if there.is_file() => std::fs::canonicalize(path).ok().map(|path| (path, Some(there))),
        Ok(_) => None,
        // A link to where nothing is.
        Err(_) if path.is_symlink() => None,
        Err(_) => Some((path.to_path_buf(), None)),
    };
    let Some((path, there)) = there else {
        return write(&mut OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?);
    };
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let beside = path.with_extension(format!("{}.new", hex::encode(random)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    let kept = there.filter(|_| mode != PRIVATE).map(|there| there.permissions().mode() & 0o777);
    let kept = kept.map_or(Ok(()), |kept| file.set_permissions(Permissions::from_mode(kept)));
    let written = kept.and_then(|()| write(&mut file)).and_then(|()| std::fs::rename(&beside, path));
    written.inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

#[cfg(test)]
mod tests {
    use super::{PRIVATE, SHARED, whole};
    use crate::drive::write;
    use std::io::Write as _;
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};

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

    #[test]
    fn a_link_stays_a_mode_is_kept_and_what_is_no_file_is_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mode = |name: &str| std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
        std::fs::create_dir(at("elsewhere")).unwrap();
        std::fs::write(at("elsewhere/board.toml"), "old").unwrap();
        std::fs::set_permissions(at("elsewhere/board.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink("elsewhere/board.toml", at("link")).unwrap();
        write(&at("link"), b"new").unwrap();
        assert_eq!(std::fs::read(at("elsewhere/board.toml")).unwrap(), b"new");
        assert!(at("link").is_symlink(), "it is still a link");
        assert_eq!(mode("link"), 0o600, "nobody reads it who did not before");

        symlink("elsewhere/none", at("nowhere")).unwrap();
        write(&at("nowhere"), b"there").unwrap();
        assert_eq!(std::fs::read(at("elsewhere/none")).unwrap(), b"there");

        std::fs::write(at("open"), "old").unwrap();
        std::fs::set_permissions(at("open"), std::fs::Permissions::from_mode(0o664)).unwrap();
        whole(&at("open"), SHARED, |file| file.write_all(b"new")).unwrap();
        assert_eq!(mode("open"), 0o664, "whatever the mask is");
        whole(&at("open"), PRIVATE, |file| file.write_all(b"new")).unwrap();
        assert_eq!(mode("open"), 0o600, "what is private is private");

        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let pipe = at("pipe");
        let reader = std::thread::spawn(move || std::fs::read(pipe).unwrap());
        whole(&at("pipe"), SHARED, |file| file.write_all(b"through")).unwrap();
        assert!(std::fs::metadata(at("pipe")).unwrap().file_type().is_fifo(), "it is still a pipe");
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(whole(folder.path(), SHARED, |_| Ok(())).is_err(), "a folder is none");
    }
}
