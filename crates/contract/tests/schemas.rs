//! The official test suite of JSON Schema, its schemas standing in a contract.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that reads files"
)]

#[path = "published/corpus.rs"]
mod corpus;

use contract::Contract;
use corpus::corpus;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Where the suite's remote schemas are said to be.
const HOST: &str = "http://localhost:1234/";

/// The dialects, and where their meta-schemas stand in the corpus.
const DIALECTS: [(&str, &str, &str); 3] = [
    ("draft4", "http://json-schema.org/draft-04/schema#", "id"),
    ("draft7", "http://json-schema.org/draft-07/schema#", "$id"),
    ("draft2020-12", "https://json-schema.org/draft/2020-12/schema", "$id"),
];

/// Where the schema stands.
const AT: &str = "/paths/~1a/post/requestBody/content/application~1json/schema";

/// Groups in which we are of another mind or not as good, each with the number of its tests that fail.
///
/// A `*` stands for all groups of a file. `format` is asserted here where a document names a dialect, which
/// the required tests of 2020-12 have as notes; formats of names in all scripts are notes here; meta-schemas
/// that leave vocabularies out are not read.
const EXCEPTIONS: [(&str, &str, usize); 6] = [
    ("draft2020-12/format.json", "*", 17),
    ("draft2020-12/optional/format/idn-email.json", "*", 2),
    ("draft2020-12/optional/format/idn-hostname.json", "*", 54),
    (
        "draft2020-12/vocabulary.json",
        "schema that uses custom metaschema with with no validation vocabulary",
        1,
    ),
    ("draft7/optional/format/idn-email.json", "*", 2),
    ("draft7/optional/format/idn-hostname.json", "*", 54),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
    found.sort();
}

fn parsed(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

/// The schemas that the suite's references lead to, as components with names.
fn remotes(corpus: &Path, dialect: &str, uri: &str, id: &str) -> Map<String, Value> {
    let folder = corpus.join("json-schema-test-suite/remotes");
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let mut schemas = Map::new();
    for path in paths {
        let name = path.strip_prefix(&folder).expect("below").to_string_lossy().into_owned();
        let of_other = DIALECTS.iter().any(|(other, ..)| *other != dialect && name.starts_with(other));
        if of_other {
            continue;
        }
        let mut schema = parsed(&path);
        if let Some(map) = schema.as_object_mut() {
            let own = map.get(id).and_then(Value::as_str).is_some_and(|own| {
                own != format!("{HOST}{name}") && (own.contains("://") || own.starts_with("urn:"))
            });
            if own {
                // Had from one place, named by itself otherwise.
                schemas.insert(format!("again {name}"), json!({"$ref": map[id]}));
                if let Some(again) = schemas.get_mut(&format!("again {name}")).and_then(Value::as_object_mut)
                {
                    again.insert(id.to_owned(), json!(format!("{HOST}{name}")));
                }
            } else {
                map.insert(id.to_owned(), json!(format!("{HOST}{name}")));
            }
        }
        schemas.insert(name, schema);
    }
    let mut paths = Vec::new();
    files(&corpus.join("meta-schemas/json-schema"), &mut paths);
    for path in paths {
        let schema = parsed(&path);
        let old = schema["$schema"].as_str().unwrap_or_default().trim_end_matches('#');
        if schema.get(id).is_some() && old == uri.trim_end_matches('#') {
            schemas.insert(path.to_string_lossy().replace('/', " "), schema);
        }
    }
    schemas
}

#[test]
fn values_are_valid_where_the_suite_says_so() {
    let Some(corpus) = corpus() else { return };
    let (mut tests, mut wrong) = (0, std::collections::BTreeMap::<(String, String), Vec<String>>::new());
    for (dialect, uri, id) in DIALECTS {
        let remotes = remotes(&corpus, dialect, uri, id);
        let folder = corpus.join("json-schema-test-suite/tests").join(dialect);
        let mut paths = Vec::new();
        files(&folder, &mut paths);
        for path in paths {
            let file = format!("{dialect}/{}", path.strip_prefix(&folder).expect("below").display());
            for group in parsed(&path).as_array().expect("groups") {
                let mut schema = group["schema"].clone();
                // What has no name of its own stands at the place that its references count from.
                let mut written = schema.to_string();
                let named = written.contains(&format!("\"{id}\":"));
                if let Some(map) = schema
                    .as_object_mut()
                    .filter(|map| !named && (dialect == "draft2020-12" || !map.contains_key("$ref")))
                {
                    map.insert(id.to_owned(), json!("http://suite.example/schema"));
                } else if !named {
                    written = written.replace("\"$ref\":\"#/", &format!("\"$ref\":\"#{AT}/"));
                    written = written.replace("\"$ref\":\"#\"", &format!("\"$ref\":\"#{AT}\""));
                    written = written.replace("\"$dynamicRef\":\"#/", &format!("\"$dynamicRef\":\"#{AT}/"));
                    schema = serde_json::from_str(&written).expect("JSON");
                }
                let mut components = Map::new();
                if written.contains("://") || written.contains("urn:") {
                    components.clone_from(&remotes);
                }
                let document = json!({"openapi": "3.1.0", "jsonSchemaDialect": uri,
                    "components": {"schemas": components}, "paths": {"/a": {"post": {
                    "requestBody": {"content": {"application/json": {"schema": schema}}},
                }}}});
                let contract = Contract::read("suite", document.to_string().as_bytes()).expect("a contract");
                let shape = &contract.operations[0].input[0].shape;
                for test in group["tests"].as_array().into_iter().flatten() {
                    tests += 1;
                    let found = shape.check(&test["data"]);
                    if found.is_empty() != (test["valid"] == true) {
                        let group = group["description"].as_str().unwrap_or_default().to_owned();
                        let why = format!("{}: {found:?} {:?}", test["description"], shape.warm());
                        let all = EXCEPTIONS.iter().any(|one| one.0 == file && one.1 == "*");
                        let group = if all { "*".to_owned() } else { group };
                        wrong.entry((file.clone(), group)).or_default().push(why);
                    }
                }
            }
        }
    }
    eprintln!("{tests} tests");
    assert!(tests > 2800, "{tests}");
    for ((file, group), failed) in &wrong {
        eprintln!(
            "(\"{file}\", \"{group}\", {}), // {}",
            failed.len(),
            failed[0].chars().take(300).collect::<String>()
        );
    }
    let found: Vec<(&str, &str, usize)> =
        wrong.iter().map(|((file, group), failed)| (file.as_str(), group.as_str(), failed.len())).collect();
    assert_eq!(found, EXCEPTIONS, "groups that differ");
}
