//! Contracts that were read before: one file each, in the state folder of a board or of the user.
//!
//! An index is what lowering made of a contract (`contract::Contract::to_index`), with the stamps and sums of every
//! file that was asked for meanwhile. It is used when each of them is still what it was, this very program wrote
//! it, and its checksum is right; anything else is as if it were not there. Nothing depends on it: a folder that
//! cannot be written, a disk that is full, a file that was cut short cost time only.
//!
//! Deliberately without a lock: two processes that write the same index write the same bytes, and a file is put
//! into its place whole. Without `fsync` too: what a power cut leaves has a wrong checksum.

#[cfg(test)]
mod tests;
mod watching;

use super::stamp::{self, Stamp};
use super::whole::{PRIVATE, whole};
use super::{Disk, Need, now_ms};
use board::Outside as _;
use bytes::Bytes;
use contract::{Contract, Recall};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use watching::{Seen, Watching, is_absent, sum};

/// How a file begins; the number counts the forms it has had.
const MARK: &[u8; 8] = b"sbindex1";
/// A contract below this size is read as quickly as its index.
const SMALLEST: usize = 64 * 1024;
/// The largest index that is written or read.
const LARGEST: u64 = 64 * 1024 * 1024;
/// What one folder may hold; what was not used for the longest time goes first.
const MOST_FILES: usize = 64;
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// So often the time of an index says that it was used.
const USED: Duration = Duration::from_hours(24);

/// A folder of indexes.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    folder: PathBuf,
}

/// What stands before the contract in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    program: Stamp,
    /// When the files were read, in milliseconds since 1970.
    read_ms: u64,
    files: Vec<Seen>,
}

/// Whether an index may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// All files are what they were.
    Good,
    /// Their bytes are; how they look was not enough to tell, and is worth being noted anew.
    Refresh,
    /// They are not.
    Stale,
}

impl Index {
    /// That of a board.
    pub(crate) fn of_board(board: &Path) -> Self {
        Self { folder: board.join(".switchboard").join("index") }
    }

    /// That of the user, for contracts without a board; none where there is no home.
    pub(crate) fn of_user() -> Option<Self> {
        super::state_folder().ok().map(|folder| Self { folder: folder.join("index") })
    }

    /// The contract of this name, relative to `base`: as it was read before, else read now and kept.
    ///
    /// None where it cannot be read: whoever reads it without an index knows what to say.
    pub(crate) fn contract(&self, base: &Path, name: &str) -> Option<Contract> {
        let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
        let file = self.folder.join(format!("{}.index", key(base, name)?));
        if let Some(contract) = open(&file, base) {
            return Some(contract);
        }
        let read_ms = now_ms();
        let files = Watching::new(base, name);
        let bytes = files.read(name).ok()?;
        let contract = Contract::read_with(name, &bytes, &files).ok()?;
        drop(bytes);
        if files.bytes_read() >= SMALLEST
            && let (Some(program), Some(files), Some(kept)) =
                (stamp::program(), files.into_seen(), contract.to_index())
        {
            // An index is a convenience: where it cannot be written, the next use reads again.
            let _ = self.write(&file, &Head { program, read_ms, files }, &kept);
        }
        Some(contract)
    }

    fn write(&self, file: &Path, head: &Head, kept: &[u8]) -> std::io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        write(file, head, kept)?;
        prune(&self.folder)
    }
}

/// The name of an index: the folder that relative names begin at, and the name the contract was given by, since its
/// messages have that name.
fn key(base: &Path, name: &str) -> Option<String> {
    let mut sum = Sha256::new();
    if !name.starts_with('/') {
        sum.update(base.canonicalize().ok()?.as_os_str().as_encoded_bytes());
    }
    sum.update([0]);
    sum.update(name);
    Some(hex::encode(&sum.finalize()[..16]))
}

/// The contract that is kept in this file, if it is still the one that lies there.
fn open(file: &Path, base: &Path) -> Option<Contract> {
    let opened = std::fs::File::open(file).ok()?;
    let size = opened.metadata().ok()?.len();
    if size > LARGEST {
        return None;
    }
    // Room at once: a buffer that grows costs more than all that is done with it.
    let mut bytes = Vec::with_capacity(usize::try_from(size).ok()? + 1);
    opened.take(LARGEST).read_to_end(&mut bytes).ok()?;
    let (head, kept) = parts(&Bytes::from(bytes))?;
    let head: Head = serde_json::from_slice(&head).ok()?;
    if Some(&head.program) != stamp::program().as_ref() {
        return None;
    }
    let standing = standing(&head, base);
    if standing == Standing::Stale {
        return None;
    }
    let files =
        head.files.iter().filter_map(|seen| Some((seen.name.clone(), seen.found.as_ref()?.sum.clone())));
    let recall: Arc<dyn Recall> = Arc::new(Again { base: base.to_owned(), files: files.collect() });
    let contract = Contract::from_index(&kept, &recall)?;
    match standing {
        Standing::Refresh => drop(refresh(file, head, base, &kept)),
        _ => used(file),
    }
    Some(contract)
}

/// Head and contract of a file that is whole.
fn parts(bytes: &Bytes) -> Option<(Bytes, Bytes)> {
    let rest = bytes.strip_prefix(MARK)?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*checksum) != crc(rest) {
        return None;
    }
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|length| *length <= rest.len())?;
    let start = bytes.len() - rest.len();
    Some((bytes.slice(start..start + length), bytes.slice(start + length..)))
}

fn crc(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

fn write(file: &Path, head: &Head, kept: &[u8]) -> std::io::Result<()> {
    let head = serde_json::to_vec(head)?;
    let mut rest = (head.len() as u64).to_le_bytes().to_vec();
    rest.extend(head);
    rest.extend(kept);
    if rest.len() as u64 > LARGEST {
        return Ok(());
    }
    whole(file, PRIVATE, |new| {
        new.write_all(MARK)?;
        new.write_all(&crc(&rest).to_le_bytes())?;
        new.write_all(&rest)
    })
}

/// Whether the files are what they were.
fn standing(head: &Head, base: &Path) -> Standing {
    let mut standing = Standing::Good;
    for Seen { name, found } in &head.files {
        let path = base.join(name);
        let (now, found) = match (Stamp::of(&path), found) {
            (Ok(now), Some(found)) => (now, found),
            (Err(error), None) if is_absent(&error) => continue,
            _ => return Standing::Stale,
        };
        if now == found.stamp && now.is_settled(head.read_ms) {
            continue;
        }
        if !same_bytes(&path, &found.sum) {
            return Standing::Stale;
        }
        standing = Standing::Refresh;
    }
    standing
}

fn same_bytes(path: &Path, known: &str) -> bool {
    std::fs::File::open(path).and_then(watching::sum_of).is_ok_and(|sum| sum == known)
}

/// Notes how the files look now, where that is enough to tell from now on.
fn refresh(file: &Path, mut head: Head, base: &Path, kept: &[u8]) -> Option<()> {
    let read_ms = now_ms();
    for found in &mut head.files {
        let Some(known) = &mut found.found else { continue };
        let path = base.join(&found.name);
        let before = Stamp::of(&path).ok()?;
        // Between the stamp and the bytes nobody may have written: hence they are compared once more.
        if !before.is_settled(read_ms) || !same_bytes(&path, &known.sum) {
            return None;
        }
        known.stamp = before;
    }
    head.read_ms = read_ms;
    write(file, &head, kept).ok()
}

/// Says that an index was used, once a day.
fn used(file: &Path) {
    let now = SystemTime::now();
    let modified = std::fs::metadata(file).and_then(|found| found.modified());
    if modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > USED)) {
        let _ = std::fs::File::options().write(true).open(file).and_then(|file| file.set_modified(now));
    }
}

/// Removes what was not used for the longest time, until what is left is within bounds.
fn prune(folder: &Path) -> std::io::Result<()> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        if found.is_file() {
            files.push((found.modified()?, found.len(), entry.path()));
        }
    }
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, size, _)| size).sum();
    let mut count = files.len();
    for (_, size, path) in files {
        if count <= MOST_FILES && bytes <= MOST_BYTES {
            break;
        }
        // Another process may have removed it.
        let _ = std::fs::remove_file(path);
        bytes -= size;
        count -= 1;
    }
    Ok(())
}

/// The texts of a contract from an index: the files, as long as their bytes are those that were read.
#[derive(Debug)]
struct Again {
    base: PathBuf,
    files: Vec<(String, String)>,
}

impl Recall for Again {
    fn text(&self, name: &str) -> Option<Arc<str>> {
        let (_, known) = self.files.iter().find(|(own, _)| own == name)?;
        let disk = Disk { secrets: PathBuf::new(), need: Need::Nothing };
        let bytes = disk.file(&self.base.join(name)).ok()?;
        if sum(&bytes) != *known {
            return None;
        }
        String::from_utf8(bytes).ok().map(Arc::from)
    }
}
