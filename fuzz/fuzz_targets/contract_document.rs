//! Any bytes as a contract: they are read or refused at a place, and never panic.
#![no_main]

use contract::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Document::read("fuzz", bytes) {
        Ok(document) => {
            let (outline, _) = document.outline();
            let pointers: Vec<_> = outline.iter().map(|one| one.at.clone()).collect();
            document.lines(&pointers);
            document.contract().warm();
        }
        Err(error) => assert!(error.at().start <= bytes.len()),
    }
});
