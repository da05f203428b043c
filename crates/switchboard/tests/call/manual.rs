//! Manual pages of real contracts, on a terminal of 80 columns: they keep within it, and their examples run.

use crate::harness::Place;
use std::path::{Path, PathBuf};

/// Contracts, and how many of their operations are looked at.
const CONTRACTS: &[(&str, usize)] = &[
    ("petstore-3.0.yaml", 8),
    ("open-meteo-forecast.yml", 1),
    ("spotify-official.yml", 4),
    ("discord.json", 1),
    ("museum.yaml", 8),
    ("realworld.yml", 8),
];

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/openapi");
    if !folder.is_dir() {
        eprintln!("skipped: the corpus is not here");
        return None;
    }
    Some(folder)
}

#[test]
fn pages_of_real_contracts_keep_within_the_terminal_and_their_examples_run() {
    let Some(corpus) = corpus() else { return };
    let mut bad = Vec::new();
    for (name, most) in CONTRACTS {
        let place = Place::new().with(name, std::fs::read(corpus.join(name)).unwrap());
        let page = |words: &[&str]| {
            let words = words.iter().map(|word| shell(word)).collect::<Vec<_>>().join(" ");
            let line = format!("COLUMNS=80 {} call {words} --help", env!("CARGO_BIN_EXE_switchboard"));
            place.end("sh", &["-c", &line], "").ok()
        };
        let listed = place.run(&["contract", "operations", name, "--format", "json"]).json();
        let whole = page(&[name]);
        too_wide(&whole, name, &mut bad);
        for operation in listed.as_array().unwrap().iter().take(*most) {
            let id = operation["id"].as_str().unwrap();
            assert!(whole.contains(id), "{id} is missing in {whole}");
            let page = page(&[name, id]);
            too_wide(&page, id, &mut bad);
            for part in ["NAME\n", "USE\n", "REQUEST\n", "ANSWERS\n", "CREDENTIALS\n", "EXAMPLE\n"] {
                assert!(page.contains(part), "{part} is missing in {page}");
            }
            let line = page.lines().find(|line| line.ends_with(" --dry-run")).unwrap();
            let line = line.trim().replacen("switchboard", env!("CARGO_BIN_EXE_switchboard"), 1);
            let ended = place.end("sh", &["-c", &line], "");
            if ended.code != 0 {
                bad.push(format!("{id}: {line}: {}", ended.err));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// A word as the shell takes it.
fn shell(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Lines that do not fit, but for those that cannot be broken: lines to paste, addresses, long names.
fn too_wide(page: &str, of: &str, bad: &mut Vec<String>) {
    for line in page.lines().filter(|line| line.chars().count() > 80) {
        let breakable = line.split_whitespace().all(|word| word.chars().count() < 60);
        if breakable && !line.trim_start().starts_with("switchboard call") {
            bad.push(format!("{of}: too wide: {line}"));
        }
    }
}
