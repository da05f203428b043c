//! A contract's second use says what its first one said, and what it says where nothing can be kept.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "harness.rs"]
mod harness;

use harness::{root, skipped, switchboard};
use std::path::{Path, PathBuf};

/// A contract of the corpus that is large enough to be kept, as a copy of its own.
fn contract(home: &Path) -> Option<PathBuf> {
    let corpus = root().parent()?.join("shared/corpus/openapi");
    let Ok(entries) = std::fs::read_dir(corpus) else {
        skipped("skipped: there is no ../shared/corpus beside the project");
        return None;
    };
    let sized = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let size = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?.len();
        let readable = path.extension().is_some_and(|ending| ending == "json" || ending == "yaml");
        (readable && size > 200_000).then_some((size, path))
    });
    let (_, path) = sized.min()?;
    let copy = home.join(format!("api.{}", path.extension()?.to_string_lossy()));
    std::fs::copy(path, &copy).unwrap();
    Some(copy)
}

/// All that a command says: exit code, stdout, stderr.
fn said(home: &Path, state: &str, words: &[&str]) -> (Option<i32>, String, String) {
    let output = switchboard(home).env("XDG_STATE_HOME", home.join(state)).args(words).output().unwrap();
    (output.status.code(), harness::stdout(&output), harness::stderr(&output))
}

#[test]
fn pages_errors_and_completion_are_the_same_with_an_index_and_without() {
    let home = tempfile::tempdir().unwrap();
    let Some(file) = contract(home.path()) else { return };
    // Where the state folder should be stands a file: nothing can be kept.
    std::fs::write(home.path().join("nowhere"), "").unwrap();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let index = home.path().join("state/switchboard/index");
    let listed = said(home.path(), "nowhere", &["contract", "operations", &name]).1;
    let ids: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(ids.len() > 10, "{listed}");
    for id in ids.iter().step_by(1 + ids.len() / 8) {
        let commands: [&[&str]; 6] = [
            &["call", &name, id, "--help"],
            &["call", &name, id, "amber=7", "--dry-run", "--server", "http://127.0.0.1:9"],
            &["call", &name, id, "--sample", "--dry-run", "--server", "http://127.0.0.1:9"],
            &["call", &name, id, "--example"],
            &["complete", "fish", "--", "call", &name, id, ""],
            &["complete", "fish", "--", "call", &name, &id[..1]],
        ];
        for words in commands {
            let plain = said(home.path(), "nowhere", words);
            let _ = std::fs::remove_dir_all(&index);
            let first = said(home.path(), "state", words);
            assert_eq!(std::fs::read_dir(&index).unwrap().count(), 1, "{words:?} keeps what it read");
            let second = said(home.path(), "state", words);
            assert_eq!(first, plain, "{words:?}: the first use");
            assert_eq!(second, plain, "{words:?}: the second use");
        }
    }
}

#[test]
fn a_board_keeps_its_contracts_beside_its_state() {
    let home = tempfile::tempdir().unwrap();
    let Some(file) = contract(home.path()) else { return };
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let board = format!(
        "[apis.big]\ncontract = \"{name}\"\n\n[apis.big.upstream]\nurls = [\"http://127.0.0.1:9\"]\n"
    );
    std::fs::write(home.path().join("switchboard.toml"), &board).unwrap();
    let words = ["call", "big", "--help"];
    let first = said(home.path(), "state", &words);
    assert_eq!(first.0, Some(0), "{}", first.2);
    assert_eq!(std::fs::read_dir(home.path().join(".switchboard/index")).unwrap().count(), 1);
    assert_eq!(said(home.path(), "state", &words), first);
    // A board with a fault is told of as ever, with its warnings about the contract.
    std::fs::write(home.path().join("switchboard.toml"), format!("{board}\n[plans.a]\nlimit = \"0/min\"\n"))
        .unwrap();
    let kept = said(home.path(), "state", &words);
    std::fs::remove_dir_all(home.path().join(".switchboard")).unwrap();
    std::fs::write(home.path().join(".switchboard"), "").unwrap();
    assert_eq!(kept, said(home.path(), "state", &words));
    assert_eq!(kept.0, Some(2), "{}", kept.2);
}
