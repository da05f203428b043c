//! The official test suite of JSON Schema, as far as its schemas can stand in a contract.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a test that reads files")]

use contract::Contract;
use serde_json::{Value, json};
use std::path::Path;

/// References count from the document in a contract, and from the schema in the suite; dynamic ones
/// and other dialects are not read; formats are asserted here where the suite has them as notes.
const LEFT_OUT: [&str; 8] =
    ["$ref", "$dynamicRef", "$id", "$anchor", "$schema", "$vocabulary", "\"format\"", "\"content"];

#[test]
fn values_are_valid_where_the_suite_says_so() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder =
        own.ancestors().map(|folder| folder.join("shared/corpus/json-schema-test-suite/tests/draft2020-12"));
    let Some(folder) = folder.into_iter().find(|folder| folder.is_dir()) else {
        eprintln!("skipped: there is no ../shared/corpus beside the project");
        return;
    };
    let (mut tests, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let groups: Vec<Value> = serde_json::from_str(&text).expect("a list of groups");
        for group in groups {
            let mut schema = group["schema"].clone();
            if let Some(map) = schema.as_object_mut() {
                map.remove("$schema");
            }
            let written = schema.to_string();
            // An empty list of choices is a fault here, which drops the word with a warning.
            if group["description"] == "empty enum" {
                continue;
            }
            if LEFT_OUT.iter().any(|word| written.contains(word)) {
                continue;
            }
            let document = json!({"openapi": "3.1.0", "paths": {"/a": {"post": {
                "requestBody": {"content": {"application/json": {"schema": schema}}},
            }}}});
            let contract = Contract::read("suite", document.to_string().as_bytes()).expect("a contract");
            let shape = &contract.operations[0].input[0].shape;
            for test in group["tests"].as_array().into_iter().flatten() {
                tests += 1;
                let found = shape.check(&test["data"]);
                if found.is_empty() != (test["valid"] == true) {
                    wrong.push(format!(
                        "{}: {}: {}: {found:?}",
                        path.display(),
                        group["description"],
                        test["description"]
                    ));
                }
            }
        }
    }
    eprintln!("{tests} tests");
    assert!(tests > 700, "{tests}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
