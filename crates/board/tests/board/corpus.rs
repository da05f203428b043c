//! Published contracts on a board: every one that reads is offered, and each of its operations is found.

use crate::harness::World;
use board::{Found, NormalPath};
use contract::{Contract, Operation, Piece};
use std::path::Path;
use std::time::Instant;

/// A path that the template matches, with `7` for every parameter.
fn sample(operation: &Operation) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Parameter(_) | Piece::Rest(_) => "7".to_owned(),
    };
    operation
        .template()
        .segments()
        .iter()
        .fold(String::new(), |path, segment| path + "/" + &segment.0.iter().map(piece).collect::<String>())
}

#[test]
fn every_operation_of_every_published_contract_is_found() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder =
        own.ancestors().map(|folder| folder.join("shared/corpus/openapi")).find(|folder| folder.is_dir());
    let Some(folder) = folder else {
        eprintln!("skipped: there is no ../shared/corpus beside the project");
        return;
    };
    let (mut boards, mut operations, mut others) = (0, 0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Ok(bytes) = std::fs::read(&path) else {
            continue; // a folder of a contract in several files
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let begun = Instant::now();
        if Contract::read(&name, text.as_bytes()).is_err() {
            continue;
        }
        let read = begun.elapsed();
        let board = format!(
            "[apis.it]\ncontract = '{name}'\nupstream.urls = 'http://127.0.0.1:9001'\n\
             offer.all = {{ at = '/it', plans = ['web'] }}\n[plans.web]\nauth = 'none'"
        );
        let world = World::with(&board).file(&name, &text);
        let begun = Instant::now();
        let board = world.board();
        let took = begun.elapsed();
        if took.as_millis() > 500 {
            eprintln!("{name}: {took:?} (reading alone {read:?}), {} warnings", board.warnings.0.len());
        }
        boards += 1;
        let contract = board.apis[0].contract.as_ref().unwrap();
        for (index, operation) in contract.operations.iter().enumerate() {
            let Ok(path) = NormalPath::parse(&format!("/it{}", sample(operation))) else {
                others += 1;
                continue;
            };
            operations += 1;
            match board.routers[0].find("127.0.0.1", operation.method(), &path) {
                Found::Operation { operation: found, below, .. } => {
                    let found_one = &contract.operations[found];
                    assert!(
                        found_one.template().capture(below).is_some(),
                        "{name}: {} for {below}",
                        found_one.id
                    );
                    others += usize::from(found != index);
                }
                other => panic!("{name}: {} {path}: {other:?}", operation.id),
            }
        }
    }
    eprintln!(
        "{boards} contracts, {operations} operations, {others} behind another one or not to be written as a path"
    );
    assert!(boards > 50 && others * 50 < operations, "{others} of {operations} in {boards}");
}
