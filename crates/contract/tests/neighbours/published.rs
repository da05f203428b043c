//! The published contracts that are compared: fetched once with npm, kept under `target/octokit`.

use std::path::Path;
use std::process::Command;

pub(crate) const PACKAGE: &str = "@octokit/openapi";

/// The bytes of `file` in a version of the package; none, and a word about it, without npm or a network.
pub(crate) fn published(version: &str, file: &str) -> Option<Vec<u8>> {
    let found = fetched(version, file);
    if found.is_none() {
        eprintln!("skipped: {PACKAGE}@{version} cannot be fetched with npm here");
    }
    found
}

fn fetched(version: &str, file: &str) -> Option<Vec<u8>> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/octokit").join(version);
    let path = target.join("package/generated").join(file);
    if !path.is_file() {
        // Tests run side by side: each unpacks for itself, and the last step is one rename.
        let own = target.join(format!("{file}.{}", std::process::id()));
        std::fs::create_dir_all(&own).ok()?;
        let wanted = format!("{PACKAGE}@{version}");
        let packed =
            Command::new("npm").args(["pack", "--silent", &wanted]).current_dir(&own).output().ok()?;
        let name = String::from_utf8_lossy(&packed.stdout).trim().to_owned();
        let inner = format!("package/generated/{file}");
        let unpacked = Command::new("tar").args(["xzf", &name, &inner]).current_dir(&own).status().ok()?;
        if !packed.status.success() || !unpacked.success() {
            return None;
        }
        std::fs::create_dir_all(path.parent()?).ok()?;
        std::fs::rename(own.join(inner), &path).ok()?;
        std::fs::remove_dir_all(own).ok()?;
    }
    std::fs::read(&path).ok()
}
