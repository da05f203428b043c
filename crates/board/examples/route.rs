//! Times the router: `cargo run --release --example route`. What is fast here is no test: machines differ.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a measurement at a terminal"
)]

use board::{Found, NormalPath, Outside, OutsideError};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// A board and a contract with 500 operations.
struct World(String);

impl Outside for World {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        let board = "[apis.many]\ncontract = 'many.yaml'\nupstream.urls = 'http://127.0.0.1:9001'\n\
                     offer.all = { at = '/many/v1', plans = ['web'] }\n[plans.web]\nauth = 'none'";
        Ok(if path.ends_with("many.yaml") { self.0.clone().into_bytes() } else { board.into() })
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn stored(&self, reference: &str) -> Result<String, OutsideError> {
        Err(OutsideError(format!("`{reference}` is not stored")))
    }
}

fn main() {
    let mut contract = String::from("openapi: 3.0.3\ninfo: { title: Many, version: '1' }\npaths:\n");
    for kind in 0..125 {
        let get = "{ responses: { '200': { description: ok } } }";
        let id = "parameters: [{ name: id, in: path, required: true, schema: { type: string } }]";
        let _ = writeln!(contract, "  /things-{kind}:\n    get: {get}\n    post: {get}");
        let _ = writeln!(contract, "  /things-{kind}/{{id}}:\n    {id}\n    get: {get}\n    put: {get}");
    }
    let board = board::load(Path::new(""), None, &World(contract)).map_err(|told| told.render(true)).unwrap();
    let paths: Vec<NormalPath> =
        (0..125).map(|kind| NormalPath::parse(&format!("/many/v1/things-{kind}/12345")).unwrap()).collect();
    let rounds = 40_000;
    let begun = Instant::now();
    for _ in 0..rounds {
        for path in &paths {
            let found = board.routers[0].find("127.0.0.1", &http::Method::GET, black_box(path));
            assert!(matches!(black_box(found), Found::Operation { .. }));
        }
    }
    println!("{} ns", begun.elapsed().as_nanos() / (rounds * paths.len() as u128));
}
