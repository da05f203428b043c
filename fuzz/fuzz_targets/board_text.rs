//! Any text as a board: it resolves, or every problem can be shown; and never a panic.
//!
//! A line `---` parts the base file from the overlay of `--env prod`. The world outside has one contract
//! and one variable.
#![no_main]

use board::edit::{NewApi, add_api};
use board::{NormalPath, Outside, OutsideError, editor_schema, load};
use http::Method;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

struct World<'t> {
    base: &'t str,
    overlay: Option<&'t str>,
}

impl Outside for World<'_> {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        let text = match path.file_name().and_then(|name| name.to_str()) {
            Some("switchboard.toml") => Some(self.base),
            Some("switchboard.prod.toml") => self.overlay,
            Some("shop.yaml") => Some(include_str!("../../crates/contract/tests/shop.yaml")),
            _ => None,
        };
        text.map(|text| text.as_bytes().to_vec()).ok_or_else(|| OutsideError("no such file".to_owned()))
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "KEY").then(|| "value".to_owned())
    }

    fn stored(&self, _: &str) -> Result<String, OutsideError> {
        Err(OutsideError("nothing is stored here".to_owned()))
    }
}

fuzz_target!(|text: &str| {
    let (base, overlay) = match text.split_once("\n---\n") {
        Some((base, overlay)) => (base, Some(overlay)),
        None => (text, None),
    };
    let world = World { base, overlay };
    match load(Path::new("/board"), overlay.map(|_| "prod"), &world) {
        Ok(board) => {
            assert!(!board.warnings.has_errors());
            board.warnings.render(false);
            editor_schema(&board);
            assert_eq!(board.listeners.len(), board.routers.len());
            let paths = board.apis.iter().flat_map(|api| &api.offers).map(|offer| format!("{}/orders", offer.at));
            for path in paths.collect::<Vec<_>>() {
                let path = NormalPath::parse(&path).expect("an offer's address is normalised");
                for router in &board.routers {
                    let _ = router.find("", &Method::GET, &path);
                }
            }
        }
        Err(problems) => {
            assert!(problems.has_errors(), "a board was refused without an error");
            problems.render(true);
            problems.to_json();
        }
    }
    // A file that may be wrong in other places can still be added to.
    let api = NewApi { name: "added", contract: Some("shop.yaml"), upstream: None };
    let _ = add_api(base, &api);
});
