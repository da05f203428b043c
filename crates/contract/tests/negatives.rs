//! Negative samples of published contracts: each breaks exactly one rule.
//!
//! Operations for which more are broken stand in `negatives-exceptions/`, with how many; so does the number of those
//! that refuse nothing that was tried (no parameter but free texts in a path). Both are exact, so that they neither grow nor go
//! stale unseen. They are written anew by `WRITE_EXCEPTIONS=1 cargo nextest run -p switchboard-contract --test negatives`.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that reads files"
)]

#[path = "published/corpus.rs"]
mod corpus;
#[path = "exceptions/list.rs"]
mod exceptions;
#[path = "published/shards.rs"]
mod shards;

use contract::{
    Chunk, Contract, Head, Need, Operation, Payload, Violation, Want, check_head, encode, sample_request,
};
use corpus::corpus;
use http::{HeaderValue, header};
use serde_json::json;
use shards::files;
use std::collections::BTreeSet;

/// What the client will not write, else what the provider refuses; `None` without a sample.
fn broken(operation: &Operation, turn: u64) -> Option<Vec<Violation>> {
    let values = sample_request(operation, 7, Want::Negative(turn))?;
    let request = match encode(operation, &values) {
        Ok(request) => request,
        Err(found) => return Some(found),
    };
    let body = match &request.payload {
        Payload::Bytes(bytes) => bytes.to_vec(),
        Payload::Chunks(chunks) => {
            let held = |chunk: &Chunk| match chunk {
                Chunk::Held(bytes) => bytes.to_vec(),
                Chunk::Later(source) => unreachable!("a sample has no file {}", source.name),
            };
            chunks.iter().flat_map(held).collect()
        }
        _ => Vec::new(),
    };
    let mut fields = request.fields.clone();
    if !body.is_empty() {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let head = Head {
        method: &request.method,
        path: &request.path,
        query: request.query.as_deref(),
        fields: &fields,
    };
    let (mut found, need) = check_head(operation, &head);
    if let Need::Whole(check) | Need::Watch(check) = need {
        found.extend(check.whole(&body).found);
    }
    Some(found)
}

fn shard(shard: usize) {
    let Some(corpus) = corpus() else { return };
    let (mut operations, mut nothing, mut exceptions) = (0_u64, 0_u64, BTreeSet::new());
    for path in files(&corpus.join("openapi"), shard) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).expect("a file");
        let Ok(contract) = Contract::read(&name, &bytes) else { continue };
        for operation in &contract.operations {
            operations += 1;
            match broken(operation, operations).map(|found| found.len()) {
                None => nothing += 1,
                Some(1) => {}
                Some(count) => drop(exceptions.insert(format!("{name}\t{}\t{count}", operation.id))),
            }
        }
    }
    exceptions.insert(format!("nothing to refuse\t{nothing}"));
    eprintln!("{operations} operations, {nothing} refuse nothing, {} exceptions", exceptions.len() - 1);
    exceptions::hold("negatives-exceptions", shard, &exceptions);
}

macro_rules! shards {
    ($($name:ident $number:expr),*) => {$(
        #[test]
        fn $name() {
            shard($number);
        }
    )*};
}

shards!(
    negative_samples_of_published_contracts_break_one_rule_0 0,
    negative_samples_of_published_contracts_break_one_rule_1 1,
    negative_samples_of_published_contracts_break_one_rule_2 2,
    negative_samples_of_published_contracts_break_one_rule_3 3,
    negative_samples_of_published_contracts_break_one_rule_4 4,
    negative_samples_of_published_contracts_break_one_rule_5 5,
    negative_samples_of_published_contracts_break_one_rule_6 6,
    negative_samples_of_published_contracts_break_one_rule_7 7
);

#[test]
fn every_rule_of_a_small_contract_is_broken_alone_by_some_turn() {
    let document = json!({"openapi": "3.1.0", "paths": {"/a/{id}": {"post": {
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1, "maximum": 9}},
            {"name": "q", "in": "query", "required": true, "schema": {"type": "string", "enum": ["up", "down"]}},
            {"name": "X-Tags", "in": "header", "schema": {"type": "array", "items": {"type": "integer"}, "maxItems": 3}},
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object", "additionalProperties": false, "required": ["name", "size"], "properties": {
                "name": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
                "size": {"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 0},
                "tags": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["a", "b"]}},
            },
        }}}},
    }}}});
    let contract = Contract::read("small", document.to_string().as_bytes()).expect("a contract");
    let operation = &contract.operations[0];
    let mut seen = BTreeSet::new();
    for turn in 0..200 {
        let found = broken(operation, turn).expect("something is refused");
        assert_eq!(found.len(), 1, "{turn}: {found:?}");
        seen.insert(format!("{} {}", found[0].place(), found[0].code));
    }
    let expected = [
        "body /name maxLength",
        "body /name minLength",
        "body /name pattern",
        "body /not-declared additionalProperties",
        "body /size exclusiveMinimum",
        "body /tags minItems",
        "body /tags type",
        "body /tags uniqueItems",
        "body /tags/0 enum",
        "body required",
        "body type",
        "header X-Tags maxItems",
        "header X-Tags type",
        "path parameter id maximum",
        "path parameter id minimum",
        "path parameter id type",
        "query parameter q enum",
        "query parameter q required",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
