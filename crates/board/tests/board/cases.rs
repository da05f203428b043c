//! Every folder of `tests/cases` is a board with a fault; what is told of it stands beside it.

use crate::harness::World;
use std::fs;
use std::path::{Path, PathBuf};

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn what_is_told_of_a_board_stands_beside_it() {
    let cases = cases();
    assert!(cases.len() >= 12, "{cases:?}");
    for case in cases {
        let mut world = World::default().file("../orders/openapi.yaml", include_str!("orders.yaml"));
        for file in fs::read_dir(&case).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if !name.starts_with("told.") {
                world = world.file(name, &fs::read_to_string(&path).unwrap());
            }
        }
        let env = case.join("switchboard.prod.toml").exists().then_some("prod");
        let told = world.load_env(env).map_or_else(|found| found, |board| board.warnings);
        assert!(!told.0.is_empty(), "{} has no fault", case.display());
        insta::with_settings!({
            snapshot_path => &case, prepend_module_to_snapshot => false, omit_expression => true,
        }, {
            insta::assert_snapshot!("told", told.render(false));
        });
        for diagnostic in &told.0 {
            assert!(board::explain(diagnostic.code).is_some(), "{} has no page", diagnostic.code);
        }
    }
}

#[test]
fn a_program_gets_the_same_as_json() {
    let told = World::with("[plans.free]\nauth = \"key\"\nlimit = \"0/min\"").told();
    let json = told.to_json();
    assert_eq!(json[0]["code"], "plan-never-offered");
    assert_eq!(json[1]["code"], "limit-of-zero");
    assert_eq!(json[1]["severity"], "error");
    assert_eq!((json[1]["file"].as_str(), json[1]["line"].as_u64()), (Some("switchboard.toml"), Some(3)));
    assert_eq!(json[1]["column"], 9);
    assert_eq!(json[1]["end"]["column"], 16);
}
