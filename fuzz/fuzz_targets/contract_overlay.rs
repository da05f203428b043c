//! Any bytes as an overlay over a fixed contract: laid or refused at a place; every place that is left is found.
#![no_main]

use contract::{Document, Files, Overlay, Reach};
use libfuzzer_sys::fuzz_target;

struct Alone(Reach);

impl Files for Alone {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        Err(format!("`{name}` is not here"))
    }

    fn reach(&self) -> &Reach {
        &self.0
    }
}

fuzz_target!(|bytes: &[u8]| {
    let base = include_bytes!("../bodies.yaml");
    let overlays = [Overlay { name: "over".to_owned(), bytes: bytes.to_vec() }];
    match Document::read_over("fuzz", base, &overlays, &Alone(Reach::around("fuzz"))) {
        Ok(document) => {
            let contract = document.contract();
            let places: Vec<_> = contract.warnings.iter().map(|one| one.at.clone()).collect();
            contract.stands(&places);
        }
        Err(error) => {
            let length = if error.name() == "over" { bytes.len() } else { base.len() };
            assert!(error.at().start <= length);
        }
    }
});
