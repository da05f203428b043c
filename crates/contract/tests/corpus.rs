//! Published contracts: every one loads, or says at which place it cannot.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that reads files"
)]

use contract::{Contract, Document, DocumentError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of the corpus, beside the project; without it these tests say that they were skipped.
fn corpus() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = own.ancestors().map(|folder| folder.join("shared/corpus")).find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no ../shared/corpus beside the project");
    }
    found
}

fn contracts(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("the folder is readable")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension().is_some_and(|ending| ending == "json" || ending == "yaml" || ending == "yml")
        })
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a file"))
        })
        .collect();
    found.sort();
    found
}

/// Versions as the index has them, by file.
fn versions(folder: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder.join("INDEX.csv")).expect("the index");
    let mut rows = text.lines().map(columns);
    let head = rows.next().expect("a head");
    let column = |name: &str| head.iter().position(|one| one == name).expect("the column");
    let (file, version) = (column("file"), column("version"));
    rows.filter_map(|row| Some((row.get(file)?.clone(), row.get(version)?.clone()))).collect()
}

/// The columns of one line of CSV; quotes are doubled inside quotes (RFC 4180 §2).
fn columns(line: &str) -> Vec<String> {
    let (mut columns, mut quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(String::new()),
            letter => columns.last_mut().expect("there is one").push(letter),
        }
    }
    columns
}

/// An operation as the list has it, and as we do.
type Listed = (Option<String>, String, String, bool);
type Row = (String, String, String, bool);

#[test]
fn operations_of_published_contracts_are_those_that_another_reader_found() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("openapi");
    let mut expected: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
    for line in std::fs::read_to_string(folder.join("operations.jsonl")).expect("the list").lines() {
        let row: Value = serde_json::from_str(line).expect("a row");
        let word = |name: &str| row[name].as_str().map(str::to_owned);
        expected.entry(word("file").expect("a file")).or_default().push((
            word("id"),
            word("method").expect("a method"),
            word("path").expect("a path"),
            row["deprecated"] == true,
        ));
    }
    let versions = versions(&folder);
    let (mut loaded, mut refused, mut operations) = (0, 0, 0);
    for (file, bytes) in contracts(&folder) {
        let read = Document::read(&file, &bytes);
        let version = versions.get(&file).expect("it is in the index");
        if !version.starts_with("3.0") && !version.starts_with("3.1") {
            let error = read.expect_err(&file);
            assert!(matches!(error, DocumentError::NotBuiltYet { .. }), "{file}: {error}");
            let at = error.at();
            let word = &String::from_utf8_lossy(&bytes)[at.start..at.end];
            assert!(word.contains("swagger") || word.contains("openapi"), "{file}: {word}");
            refused += 1;
            continue;
        }
        let document = read.unwrap_or_else(|error| unreachable!("{file}: {error}"));
        let (outline, _) = document.outline();
        let pointers: Vec<_> = outline.iter().map(|one| one.at.clone()).collect();
        assert!(
            document.lines(&pointers).iter().all(|line| *line > 0),
            "{file}: an operation without a line"
        );
        let mut found: Vec<Row> = Vec::new();
        for one in &outline {
            found.push((one.id.to_string(), one.method.to_string(), one.path.clone(), one.deprecated));
        }
        let mut wanted: Vec<Row> = Vec::new();
        let rows = expected.remove(&file).unwrap_or_default();
        assert_eq!(rows.len(), found.len(), "{file}");
        for (id, method, path, deprecated) in rows {
            // An id that was made, or that was taken, is ours: only then may the two differ.
            let ours = outline.iter().find(|one| one.method.as_str() == method && one.path == path);
            let id = match (id.filter(|id| !id.is_empty()), ours) {
                (None, Some(ours)) if !ours.id_declared => ours.id.to_string(),
                (Some(id), Some(ours)) if ours.id.as_str().strip_prefix(&id).is_some_and(is_number) => {
                    ours.id.to_string()
                }
                (id, _) => id.unwrap_or_default(),
            };
            wanted.push((id, method, path, deprecated));
        }
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{file}");
        operations += found.len();
        loaded += 1;
        let contract = document.contract();
        eprintln!(
            "{file}: {} of {} operations, {} warnings",
            contract.operations.len(),
            found.len(),
            contract.warnings.len()
        );
    }
    eprintln!("{loaded} loaded with {operations} operations, {refused} not built yet");
    assert!(loaded >= 80 && refused >= 30, "{loaded} {refused}");
}

/// `-2`: what is added to an id that was taken.
fn is_number(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn invalid_documents_give_a_place_or_warnings() {
    let Some(corpus) = corpus() else { return };
    for (file, bytes) in contracts(&corpus.join("openapi-invalid")) {
        match Contract::read(&file, &bytes) {
            Ok(contract) => {
                eprintln!("{file}: {} operations, {:?}", contract.operations.len(), contract.warnings);
            }
            Err(error) => {
                assert!(error.at().start <= bytes.len(), "{file}");
                eprintln!("{file}: {error} at {:?}", error.at());
            }
        }
    }
}

#[test]
fn every_schema_of_published_contracts_compiles() {
    let Some(corpus) = corpus() else { return };
    for folder in ["openapi", "openapi-invalid"] {
        for (file, bytes) in contracts(&corpus.join(folder)) {
            // The largest ones compile for minutes in a debug build; their schemas are looked at all the same.
            let Ok(contract) = Contract::read(&file, &bytes) else { continue };
            let told = contract.unenforced();
            if bytes.len() > 1 << 20 {
                eprintln!("{file}: {} not enforced, not compiled", told.len());
                continue;
            }
            let warnings = contract.warm();
            let broken: Vec<_> = warnings.iter().filter(|one| one.code == "schema-not-enforced").collect();
            assert!(broken.is_empty(), "{file}: {broken:?}");
            eprintln!(
                "{file}: {} operations, {} warnings, {} not enforced",
                contract.operations.len(),
                contract.warnings.len(),
                told.len()
            );
        }
    }
}
