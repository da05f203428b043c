//! When an index is used and when it is as if it were not there.

use super::{Head, Index, MOST_FILES, Standing, key, open, parts, prune, standing, write};
use crate::drive::now_ms;
use bytes::Bytes;
use contract::Contract;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A contract that is large enough to be kept; `more` stands in the first operation.
fn text(more: &str) -> String {
    let mut text = format!(
        "openapi: 3.1.0\ninfo: {{title: Large, version: '1'}}\npaths:\n  /first:\n    get:\n      operationId: first\n{more}"
    );
    for number in 0..500 {
        let _ = write!(
            text,
            "  /things/{number}/{{id}}:\n    get:\n      operationId: thing{number}\n      summary: {}\n      parameters:\n        - {{name: id, in: path, required: true, schema: {{type: integer}}}}\n      responses: {{'200': {{description: ok}}}}\n",
            "word ".repeat(12)
        );
    }
    text
}

struct Place {
    folder: TempDir,
    index: Index,
}

impl Place {
    fn new(first: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), text(first)).unwrap();
        let index = Index { folder: folder.path().join("index") };
        Self { folder, index }
    }

    fn base(&self) -> &Path {
        self.folder.path()
    }

    fn read(&self) -> Contract {
        self.index.contract(self.base(), "a.yaml").unwrap()
    }

    fn file(&self) -> PathBuf {
        self.index.folder.join(format!("{}.index", key(self.base(), "a.yaml").unwrap()))
    }

    fn kept(&self) -> Option<Contract> {
        open(&self.file(), self.base())
    }

    fn head(&self) -> Head {
        let (head, _) = parts(&Bytes::from(std::fs::read(self.file()).unwrap())).unwrap();
        serde_json::from_slice(&head).unwrap()
    }

    /// Changes what the index says of itself.
    fn rewrite(&self, change: impl FnOnce(&mut Head)) {
        let (_, kept) = parts(&Bytes::from(std::fs::read(self.file()).unwrap())).unwrap();
        let mut head = self.head();
        change(&mut head);
        write(&self.file(), &head, &kept).unwrap();
    }
}

const PLAIN: &str = "      responses: {'200': {description: ok}}\n";

#[test]
fn what_was_read_once_is_kept_for_its_owner_alone_and_had_again() {
    let place = Place::new(PLAIN);
    let read = place.read();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.file()), mode(&place.index.folder)), (0o600, 0o700));
    let kept = place.kept().unwrap();
    assert_eq!(kept.to_index(), read.to_index());
    let at = &read.operation("thing9").unwrap().at;
    assert_eq!((kept.line(at), kept.line(at).is_some()), (read.line(at), true));
    assert_eq!(std::fs::read_dir(&place.index.folder).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn a_small_contract_is_not_kept() {
    let place = Place::new(PLAIN);
    std::fs::write(
        place.base().join("a.yaml"),
        "openapi: 3.1.0\ninfo: {title: Small, version: '1'}\npaths: {}\n",
    )
    .unwrap();
    assert_eq!(place.read().title, "Small");
    assert!(!place.file().exists());
}

#[test]
fn a_contract_that_changed_is_read_anew_also_with_its_old_size_and_time() {
    let place = Place::new(PLAIN);
    let path = place.base().join("a.yaml");
    let before = std::fs::metadata(&path).unwrap();
    place.read();
    let other = text(PLAIN).replace("title: Large", "title: Other");
    std::fs::write(&path, &other).unwrap();
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(before.modified().unwrap())
        .unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), before.len());
    assert!(place.kept().is_none());
    assert_eq!(place.read().title, "Other");
    assert_eq!(place.kept().unwrap().title, "Other");
}

#[test]
fn a_stamp_is_believed_only_of_a_file_that_was_left_alone_for_a_while() {
    let place = Place::new(PLAIN);
    place.read();
    // Just written: another write within the same tick would look the same, so the bytes are compared.
    assert_eq!(standing(&place.head(), place.base()), Standing::Refresh);
    place.rewrite(|head| head.read_ms += 120_000);
    assert_eq!(standing(&place.head(), place.base()), Standing::Good);
    // The same bytes in another file, as after a checkout.
    let path = place.base().join("a.yaml");
    std::fs::write(place.base().join("b.yaml"), text(PLAIN)).unwrap();
    std::fs::rename(place.base().join("b.yaml"), &path).unwrap();
    assert_eq!(standing(&place.head(), place.base()), Standing::Refresh);
    assert!(place.kept().is_some());
}

#[test]
fn an_index_that_is_damaged_or_of_another_program_is_as_none_and_written_anew() {
    let place = Place::new(PLAIN);
    place.read();
    let good = std::fs::read(place.file()).unwrap();
    for at in [0, 9, 20, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        std::fs::write(place.file(), &bad).unwrap();
        assert!(place.kept().is_none(), "byte {at}");
    }
    for length in [0, 5, 30, good.len() / 2, good.len() - 1] {
        std::fs::write(place.file(), &good[..length]).unwrap();
        assert!(place.kept().is_none(), "{length} bytes");
    }
    assert_eq!(place.read().title, "Large");
    assert!(place.kept().is_some());
    let path = place.base().join("other");
    std::fs::write(&path, "another program").unwrap();
    place.rewrite(|head| head.program = super::Stamp::of(&path).unwrap());
    assert!(place.kept().is_none());
}

#[test]
fn a_file_that_is_referred_to_counts_whether_it_is_there_or_not() {
    let first = "      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: 'b.yaml'}}}}}\n";
    let place = Place::new(first);
    let missing = place.read();
    let told = |contract: &Contract| contract.warnings.iter().any(|one| one.code == "reference-outside");
    assert!(told(&missing) && told(&place.kept().unwrap()), "{:?}", missing.warnings);
    std::fs::write(place.base().join("b.yaml"), "type: string\n").unwrap();
    assert!(place.kept().is_none(), "the file is there now");
    assert!(!told(&place.read()) && !told(&place.kept().unwrap()));
    std::fs::write(place.base().join("b.yaml"), "type: number\n").unwrap();
    assert!(place.kept().is_none(), "the file says something else now");
    std::fs::remove_file(place.base().join("b.yaml")).unwrap();
    assert!(place.kept().is_none(), "the file is gone");
}

#[test]
fn a_folder_that_cannot_be_written_costs_nothing_but_time() {
    let place = Place::new(PLAIN);
    std::fs::write(&place.index.folder, "a file where the folder should be").unwrap();
    assert_eq!(place.read().title, "Large");
}

#[test]
fn a_folder_holds_a_bounded_number_and_what_was_not_used_goes_first() {
    let place = Place::new(PLAIN);
    place.read();
    let old = now_ms() / 1000 - 1_000_000;
    for number in 0..MOST_FILES as u64 + 5 {
        let path = place.index.folder.join(format!("{number:03}.index"));
        std::fs::write(&path, "x").unwrap();
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(old + number);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
    }
    prune(&place.index.folder).unwrap();
    let mut left: Vec<String> = std::fs::read_dir(&place.index.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left.len(), MOST_FILES);
    assert!(!left.contains(&"005.index".to_owned()) && left.contains(&"006.index".to_owned()), "{left:?}");
    assert!(place.kept().is_some());
}
