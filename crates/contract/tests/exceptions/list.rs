//! Lists of exceptions beside the tests, which may neither grow nor keep what is none any more.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Holds what a shard found against its list in this folder; `WRITE_EXCEPTIONS` writes it anew, its words kept.
pub(crate) fn hold(folder: &str, shard: usize, exceptions: &BTreeSet<String>) {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder).join(format!("{shard}.txt"));
    let text = std::fs::read_to_string(&list).unwrap_or_default();
    let is_word = |line: &&str| line.starts_with('#');
    if std::env::var("WRITE_EXCEPTIONS").is_ok() {
        let mut text: String = text.split_inclusive('\n').filter(is_word).collect();
        for line in exceptions {
            writeln!(text, "{line}").unwrap();
        }
        std::fs::create_dir_all(list.parent().unwrap()).unwrap();
        std::fs::write(&list, text).unwrap();
        return;
    }
    let known: BTreeSet<String> = text.lines().filter(|line| !is_word(line)).map(str::to_owned).collect();
    let new: Vec<_> = exceptions.difference(&known).collect();
    let stale: Vec<_> = known.difference(exceptions).collect();
    assert!(
        new.is_empty() && stale.is_empty(),
        "new exceptions: {new:#?}\nno exceptions any more: {stale:#?}"
    );
}
