//! Samples of published contracts: what the client would send is what the provider's check lets through, and back.
//!
//! Operations for which that does not hold stand in `samples-exceptions/`, with why in lines that begin with `#`;
//! the list is exact, so that it neither grows nor goes stale unseen. It is written anew by
//! `WRITE_EXCEPTIONS=1 cargo nextest run -p switchboard-contract --test samples`.
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
    Asked, Chunk, Contract, Head, Need, Operation, Payload, Violation, Want, check_answer, check_head,
    decode, encode, sample_answer, sample_request,
};
use corpus::corpus;
use http::{HeaderValue, header};
use shards::files;
use std::collections::BTreeSet;

fn told(found: &[Violation]) -> String {
    found.first().map_or_else(String::new, |one| {
        // The kind of violation and its place; words and values would make the list restless.
        format!("{} {} {}", one.code, one.place(), one.rule)
    })
}

fn request(operation: &Operation) -> Result<(), String> {
    let values = sample_request(operation, 7, Want::Plain).ok_or("no sample")?;
    let request = encode(operation, &values).map_err(|found| format!("encode: {}", told(&found)))?;
    let mut fields = request.fields.clone();
    let body = match &request.payload {
        Payload::Bytes(bytes) => bytes.clone(),
        Payload::Chunks(chunks) => {
            let held = |chunk: &Chunk| match chunk {
                Chunk::Held(bytes) => bytes.to_vec(),
                Chunk::Later(source) => unreachable!("a sample has no file {}", source.name),
            };
            chunks.iter().flat_map(held).collect::<Vec<u8>>().into()
        }
        _ => bytes::Bytes::new(),
    };
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let head = Head {
        method: &request.method,
        path: &request.path,
        query: request.query.as_deref(),
        fields: &fields,
    };
    decode(operation, &head, Some(&body)).map_err(|found| format!("decode: {}", told(&found)))?;
    let (mut found, need) = check_head(operation, &head);
    if let Need::Whole(check) | Need::Watch(check) = need {
        found.extend(check.whole(&body).found);
    }
    if found.is_empty() { Ok(()) } else { Err(format!("check: {}", told(&found))) }
}

fn answer(operation: &Operation) -> Result<(), String> {
    for output in &operation.outputs {
        let status = match output.status {
            contract::StatusRange::Exact(code) => code,
            contract::StatusRange::Class(class) => u16::from(class) * 100,
            contract::StatusRange::Default => 599,
        };
        if status < 200 {
            continue;
        }
        let asked = Asked { status: Some(status), seed: 7, ..Asked::default() };
        let sampled = sample_answer(operation, &asked).map_err(|why| format!("{status} {why}"))?;
        let mut fields = sampled.fields.clone();
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(sampled.body.len()));
        let (mut found, need) = check_answer(operation, sampled.status, &fields);
        if let Need::Whole(check) | Need::Watch(check) = need {
            found.extend(check.whole(&sampled.body).found);
        }
        if !found.is_empty() {
            return Err(format!("{status} {}", told(&found)));
        }
    }
    Ok(())
}

fn shard(shard: usize) {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("openapi");
    let (mut operations, mut exceptions) = (0_usize, BTreeSet::new());
    for path in files(&folder, shard) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).expect("a file");
        let Ok(contract) = Contract::read(&name, &bytes) else { continue };
        for operation in &contract.operations {
            operations += 1;
            for (side, result) in [("request", request(operation)), ("answer", answer(operation))] {
                if let Err(why) = result {
                    exceptions.insert(format!("{name}\t{side}\t{}\t{why}", operation.id));
                }
            }
        }
    }
    eprintln!("{operations} operations, {} exceptions", exceptions.len());
    exceptions::hold("samples-exceptions", shard, &exceptions);
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
    samples_of_published_contracts_go_round_0 0,
    samples_of_published_contracts_go_round_1 1,
    samples_of_published_contracts_go_round_2 2,
    samples_of_published_contracts_go_round_3 3,
    samples_of_published_contracts_go_round_4 4,
    samples_of_published_contracts_go_round_5 5,
    samples_of_published_contracts_go_round_6 6,
    samples_of_published_contracts_go_round_7 7
);
