//! A contract from its index answers as the one from its documents: over every published contract here.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that reads files"
)]

#[path = "published/corpus.rs"]
mod corpus;

use bytes::Bytes;
use contract::{
    Asked, Contract, Operation, Pointer, Recall, Shape, Stand, Want, sample_answer, sample_request,
};
use corpus::corpus;
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

/// Gives the one text there is.
struct Held(Arc<str>);

impl Recall for Held {
    fn text(&self, _: &str) -> Option<Arc<str>> {
        Some(Arc::clone(&self.0))
    }
}

/// Gives nothing: the file is gone or is another one by now.
struct Gone;

impl Recall for Gone {
    fn text(&self, _: &str) -> Option<Arc<str>> {
        None
    }
}

fn kept(contract: &Contract) -> Contract {
    let recall: Arc<dyn Recall> = Arc::new(Held(contract.text().into()));
    let bytes = Bytes::from(contract.to_index().expect("it can be kept"));
    Contract::from_index(&bytes, &recall).expect("it is what was written")
}

/// All that can be told of a shape without a value: what `--help`, completion and items ask of it.
fn told(shape: &Shape) -> String {
    let members: Vec<_> = shape
        .members()
        .iter()
        .map(|one| (&one.name, one.required, &one.description, one.shape.kind(), one.shape.at().clone()))
        .collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {members:?} {:?}",
        shape.at(),
        shape.kind(),
        shape.choices(),
        shape.default(),
        shape.example(),
        shape.description(),
        shape.items().kind()
    )
}

fn names(operation: &Operation) -> String {
    let all = operation.names();
    let one = |known: &contract::Named| {
        format!(
            "{:?} {} {} {} {:?} {}",
            known.place,
            known.name,
            known.required,
            known.description,
            known.at,
            told(&known.shape)
        )
    };
    all.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn shapes(operation: &Operation) -> Vec<&Shape> {
    let parameters = operation.parameters.iter().map(|one| &one.shape);
    let input = operation.input.iter().map(|one| &one.shape);
    let output = operation.outputs.iter().flat_map(|output| output.bodies.iter().map(|one| &one.shape));
    parameters.chain(input).chain(output).collect()
}

fn places(stands: &[Option<Stand>]) -> Vec<Option<(&str, usize, usize)>> {
    let place = |stand: &Stand| (stand.span.start, stand.span.end);
    stands.iter().map(|one| one.as_ref().map(|one| (one.file.as_str(), place(one).0, place(one).1))).collect()
}

#[test]
fn every_operation_of_a_kept_contract_answers_as_the_one_that_was_read() {
    let Some(folder) = corpus().map(|folder| folder.join("openapi")) else { return };
    let (mut contracts, mut operations, mut checks) = (0, 0, 0);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).expect("a file");
        let Ok(read) = Contract::read(&name, &bytes) else { continue };
        let kept = kept(&read);
        contracts += 1;
        // All that is plain data, pointers included.
        assert_eq!(format!("{:?}", kept.operations), format!("{:?}", read.operations), "{name}");
        assert_eq!(
            (
                &kept.name,
                &kept.title,
                &kept.version,
                &kept.servers,
                &kept.schemes,
                &kept.schemas,
                &kept.warnings
            ),
            (
                &read.name,
                &read.title,
                &read.version,
                &read.servers,
                &read.schemes,
                &read.schemas,
                &read.warnings
            ),
            "{name}"
        );
        assert_eq!(kept.to_index(), read.to_index(), "{name}: kept again");
        let mut wanted: Vec<Pointer> = read.warnings.iter().map(|one| one.at.clone()).collect();
        // Every schema of a large document compiled twice costs minutes in a build without optimisation.
        let every = 1 + read.operations.len() / 10;
        for (index, (kept, read)) in kept.operations.iter().zip(&read.operations).enumerate() {
            operations += 1;
            wanted.push(read.at.clone());
            wanted.extend(read.parameters.iter().map(|one| one.at.clone()));
            if index % every != 0 {
                continue;
            }
            assert_eq!(names(kept), names(read), "{name} {}", read.id);
            // A value that fits nothing tells the rules it breaks: their pointers and words.
            let odd = serde_json::json!({"amber": [1, {"x": null}], "id": "\u{e9}"});
            for (kept, read) in shapes(kept).iter().zip(shapes(read)) {
                checks += 1;
                assert_eq!(kept.check(&odd), read.check(&odd), "{name} {}", read.at());
            }
            let asked = Asked { status: None, seed: 1, accept: None, examples: None, example: None };
            let request = |operation: &Operation| format!("{:?}", sample_request(operation, 1, Want::Plain));
            assert_eq!(request(kept), request(read), "{name} {}", read.id);
            let answer = |operation: &Operation| format!("{:?}", sample_answer(operation, &asked));
            assert_eq!(answer(kept), answer(read), "{name} {}", read.id);
        }
        assert_eq!(places(&kept.stands(&wanted)), places(&read.stands(&wanted)), "{name}");
        assert_eq!(kept.lines(&wanted), read.lines(&wanted), "{name}");
    }
    eprintln!("{contracts} contracts, {operations} operations, {checks} values checked twice");
    assert!(contracts > 30);
}

const SMALL: &str = include_str!("shop.yaml");

#[test]
fn a_text_that_cannot_be_had_any_more_has_no_places_and_nothing_else_is_missing() {
    let read = Contract::read("shop.yaml", SMALL.as_bytes()).expect("a contract");
    let recall: Arc<dyn Recall> = Arc::new(Gone);
    let bytes = Bytes::from(read.to_index().expect("it can be kept"));
    let kept = Contract::from_index(&bytes, &recall).expect("it is what was written");
    let first = &kept.operations[0];
    assert_eq!((kept.line(&first.at), kept.text()), (None, ""));
    assert_eq!(names(first), names(&read.operations[0]));
}

#[test]
fn bytes_cut_short_at_any_place_give_nothing() {
    let bytes = Contract::read("shop.yaml", SMALL.as_bytes()).expect("a contract").to_index().expect("kept");
    let recall: Arc<dyn Recall> = Arc::new(Gone);
    // The texts come last: a cut in the very last of them is a cut that nothing refers to only if it is empty.
    for end in 0..bytes.len() {
        let cut = Bytes::copy_from_slice(&bytes[..end]);
        assert!(Contract::from_index(&cut, &recall).is_none(), "{end} of {}", bytes.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn bytes_that_were_changed_never_panic(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = Contract::read("shop.yaml", SMALL.as_bytes()).unwrap().to_index().unwrap();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let recall: Arc<dyn Recall> = Arc::new(Gone);
        if let Some(contract) = Contract::from_index(&Bytes::from(bytes), &recall) {
            for operation in &contract.operations {
                let _ = names(operation);
                for shape in shapes(operation) {
                    let _ = shape.check(&serde_json::json!({"a": 1}));
                }
            }
        }
    }
}
