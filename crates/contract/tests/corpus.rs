//! Published contracts: every one loads, or says at which place it cannot.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that reads files"
)]

#[path = "published/corpus.rs"]
mod corpus;

use contract::{Body, Contract, Document, Files, In, Outline, Reach};
use corpus::corpus;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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

/// A row of the index: what another program counted, by column.
type Facts = BTreeMap<String, String>;

/// The rows of the index, by file.
fn index(folder: &Path) -> BTreeMap<String, Facts> {
    let text = std::fs::read_to_string(folder.join("INDEX.csv")).expect("the index");
    let mut rows = text.lines().map(columns);
    let head = rows.next().expect("a head");
    let row = |row: Vec<String>| (row[0].clone(), head.iter().cloned().zip(row).collect());
    rows.map(row).collect()
}

fn count(facts: &Facts, name: &str) -> usize {
    facts[name].parse().unwrap_or_default()
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
    let index = index(&folder);
    let mut told = Vec::new();
    assert!(OTHERWISE.len() <= MOST_OTHERWISE, "{} exceptions", OTHERWISE.len());
    for (file, column, _) in OTHERWISE {
        assert!(index.get(file).is_some_and(|facts| facts.contains_key(column)), "{file} has no {column}");
    }
    let (mut loaded, mut operations) = (0, 0);
    for (file, bytes) in contracts(&folder) {
        let facts = &index[&file];
        let document = Document::read(&file, &bytes).unwrap_or_else(|error| unreachable!("{file}: {error}"));
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
        assert_eq!(rows.len() + count(facts, "additional_operations"), found.len(), "{file}");
        // The list has the methods with a member of their own only.
        let usual = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "QUERY"];
        found.retain(|(_, method, ..)| usual.contains(&method.as_str()));
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
        let lost = contract.warnings.iter().filter(|one| one.code == "path-template").count();
        assert_eq!(contract.operations.len() + lost, outline.len(), "{file}: {:?}", contract.warnings);
        let places: Vec<_> = contract.warnings.iter().map(|one| one.at.clone()).collect();
        for (warning, line) in contract.warnings.iter().zip(contract.lines(&places)) {
            assert!(line > 0, "{file}: a warning without a line: {warning:?}");
        }
        if facts["valid"] == "yes" {
            let odd = contract.warnings.iter().filter(|one| one.code.starts_with("member-"));
            told.extend(odd.map(|one| format!("{file}: valid, and {}: {}", one.at, one.text)));
        }
        told.extend(differences(&file, facts, &outline, &contract));
    }
    eprintln!("{loaded} loaded with {operations} operations");
    assert!(told.is_empty(), "{told:#?}");
    assert!(loaded >= 121 && expected.is_empty(), "{loaded} {:?}", expected.keys());
}

/// The methods that a path item has a member of its own for.
const USUAL: [&str; 9] = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "QUERY"];

/// Where we count something else, with the reason. The list is exact: a row that is not needed any more fails the
/// test, and so does one more row than [`MOST_OTHERWISE`].
const OTHERWISE: [(&str, &str, usize); 7] = [
    ("calorieninjas.com.yaml", "operations_with_id", 0), // an empty id is none
    ("import.io-data.yaml", "security_schemes", 0),      // its keys end in a quotation mark
    ("import.io-rss.yaml", "security_schemes", 0),       // the same
    ("jumpseller.com.yaml", "in_path", 147),             // two are not in the path
    ("jumpseller.com.yaml", "undeclared_path_params", 1), // the reference that declares it leads nowhere
    ("openapi3-examples-rapid7-java.json", "undeclared_path_params", 0), // the path is Java, not a template
    ("strava.com.yaml", "in_path", 23),                  // one is not in the path
];

/// How many rows [`OTHERWISE`] has: it may only become less.
const MOST_OTHERWISE: usize = 7;

/// Compares what was counted with what we made of the document; says what differs.
fn differences(file: &str, facts: &Facts, outline: &[Outline], contract: &Contract) -> Vec<String> {
    let code = |code: &str| contract.warnings.iter().filter(|one| one.code == code).count();
    let usual: Vec<_> =
        contract.operations.iter().filter(|one| USUAL.contains(&one.method().as_str())).collect();
    let declared = || usual.iter().flat_map(|one| one.parameters.iter().map(move |p| (one, p)));
    let placed = |place: In| declared().filter(|(one, p)| p.place == place && p.at != one.at).count();
    let inputs = || usual.iter().filter_map(|one| one.input.first());
    let listed = || outline.iter().filter(|one| USUAL.contains(&one.method.as_str()));
    let mut found = vec![
        ("operations_with_id", listed().filter(|one| one.id_declared).count()),
        ("duplicate_operation_ids", code("duplicate-operation-id")),
        ("schemas", contract.schemas.len()),
        ("security_schemes", contract.schemes.len()),
        ("in_path", placed(In::Path)),
        ("in_query", placed(In::Query)),
        ("in_cookie", placed(In::Cookie)),
        ("refs_unresolved", code("reference-nowhere")),
    ];
    if facts["version"].starts_with('2') {
        let form = |body: &&Body| body.shape.at().as_str().ends_with("/parameters");
        found.push(("in_body", inputs().filter(|body| !form(body)).count()));
        found.push(("in_formData", inputs().filter(form).map(|body| body.shape.members().len()).sum()));
    } else {
        found.push(("in_requestBody", inputs().count()));
    }
    if !contract.operations.iter().any(|one| one.template().as_str().contains("{+")) {
        found.push(("undeclared_path_params", code("parameter-undeclared")));
    }
    let mut told = Vec::new();
    for (name, found) in found {
        let other = OTHERWISE.iter().find(|(here, column, _)| *here == file && *column == name);
        if other.is_some() && found == count(facts, name) {
            told.push(format!("{file}: {name}: no exception is needed any more"));
        }
        let wanted = other.map_or_else(|| count(facts, name), |(.., count)| *count);
        if found != wanted {
            told.push(format!("{file}: {name}: {found} and not {wanted}"));
        }
    }
    // Accept, Content-Type and Authorization are declared and not ours to read.
    if placed(In::Header) > count(facts, "in_header") {
        told.push(format!("{file}: in_header: {}", placed(In::Header)));
    }
    told
}

/// `-2`: what is added to an id that was taken.
fn is_number(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn invalid_documents_give_a_place_or_warnings() {
    let Some(corpus) = corpus() else { return };
    let mut silent: Vec<String> = Vec::new();
    for (file, bytes) in contracts(&corpus.join("openapi-invalid")) {
        match Contract::read(&file, &bytes) {
            Ok(contract) => {
                let mut warnings = contract.warnings.clone();
                warnings.extend(contract.unenforced());
                let places: Vec<_> = warnings.iter().map(|one| one.at.clone()).collect();
                let lines = contract.lines(&places);
                eprintln!("{file}: {} operations", contract.operations.len());
                for (warning, line) in warnings.iter().zip(lines) {
                    eprintln!("  {line}: {}: {}", warning.code, warning.text);
                    assert!(line > 0, "{file}: a warning without a line: {warning:?}");
                }
                silent.extend(warnings.is_empty().then_some(file));
            }
            Err(error) => {
                assert!(error.at().start <= bytes.len(), "{file}");
                eprintln!("{file}: {error} at {:?}", error.at());
            }
        }
    }
    assert!(silent.is_empty(), "nothing was said about {silent:?}");
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

/// The files of a folder, by name.
struct Folder(PathBuf, Reach);

impl Files for Folder {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(name)).map_err(|error| error.to_string())
    }

    fn reach(&self) -> &Reach {
        &self.1
    }
}

fn split(folder: &Path, name: &str) -> Contract {
    let bytes = std::fs::read(folder.join(name)).expect("the contract");
    let files = Folder(folder.to_owned(), Reach::around(name));
    Contract::read_with(name, &bytes, &files).expect("a contract")
}

#[test]
fn contracts_in_several_files_are_one_and_every_place_names_its_file() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("openapi/multi-file");
    for (name, operations) in
        [("petstore-separate-2.0/spec/swagger.json", 4), ("cafe-split-3.2/cafe.yaml", 12)]
    {
        let contract = split(&folder, name);
        assert_eq!(contract.warnings, [], "{name}");
        assert_eq!(contract.operations.len(), operations, "{name}");
        let shapes: Vec<_> = contract.shapes().map(|shape| shape.at().clone()).collect();
        let stands = contract.stands(&shapes);
        let lost = shapes.iter().zip(&stands).find(|(_, stand)| stand.is_none());
        assert_eq!(lost.map(|(at, _)| at), None, "{name}");
        assert_eq!(contract.warm(), [], "{name}");
    }
    let cafe = split(&folder, "cafe-split-3.2/cafe.yaml");
    let own = cafe.operations.iter().map(|one| cafe.stand(&one.at).expect("a place").file);
    assert!(
        own.clone().all(|file| file.starts_with("cafe-split-3.2/paths/")),
        "{:?}",
        own.collect::<Vec<_>>()
    );
}

#[test]
fn a_file_outside_the_folder_is_refused_at_the_place_that_names_it() {
    let Some(corpus) = corpus() else { return };
    let contract = split(&corpus.join("openapi/multi-file/petstore-separate-2.0/spec"), "swagger.json");
    let told: Vec<_> = contract.warnings.iter().map(|one| one.text.as_str()).collect();
    assert!(
        !told.is_empty() && told.iter().all(|text| text.contains("outside the contract's folder")),
        "{told:?}"
    );
    assert!(contract.warnings.iter().all(|one| contract.stand(&one.at).is_some()));
}

#[test]
fn a_contract_in_thousands_of_files_is_read() {
    let Some(corpus) = corpus() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let unpacked = std::process::Command::new("tar")
        .arg("xzf")
        .arg(corpus.join("openapi/multi-file/digitalocean.tar.gz"))
        .arg("-C")
        .arg(folder.path())
        .status();
    assert!(unpacked.is_ok_and(|status| status.success()), "tar unpacks it");
    let contract = split(folder.path(), "digitalocean/DigitalOcean-public.v2.yaml");
    let places: Vec<_> = contract.warnings.iter().map(|one| one.at.clone()).collect();
    for (warning, stand) in contract.warnings.iter().zip(contract.stands(&places)) {
        let stand = stand.expect("a place");
        eprintln!("{}:{}: {}: {}", stand.file, stand.line(), warning.code, warning.text);
    }
    assert_eq!(contract.operations.len(), 659);
    let nowhere = contract.warnings.iter().filter(|one| one.code.starts_with("reference")).count();
    assert_eq!(nowhere, 0);
}
