//! The house itself: arrows between rooms, file headers, names, lengths, pages for every code.
#![expect(clippy::expect_used, clippy::panic, reason = "a tidy test that cannot read the tree has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project's root")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `folder` with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !path.ends_with("target") && !path.ends_with("node_modules") {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The drawing in ARCHITECTURE.md: lines of the form ` ├ room ─► other, other   words`.
fn drawing() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let mut rooms = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(" ├ ").or_else(|| line.strip_prefix(" └ ")) else { continue };
        let mut words = rest.split_whitespace();
        let Some(room) = words.next() else { continue };
        let mut arrows = BTreeSet::new();
        if rest.contains('►') {
            let after = rest.split_once('►').map_or("", |(_, after)| after);
            for word in after.split_whitespace() {
                arrows.insert(word.trim_end_matches(',').to_owned());
                if !word.ends_with(',') {
                    break;
                }
            }
        }
        rooms.insert(room.to_owned(), arrows);
    }
    rooms
}

fn reach(rooms: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(room) = open.pop() {
        for next in rooms.get(room).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    seen
}

#[test]
fn each_manifest_has_only_the_doors_that_are_drawn() {
    let rooms = drawing();
    assert!(rooms.len() >= 8, "the drawing in ARCHITECTURE.md was found: {rooms:?}");
    let mut wrong = Vec::new();
    for (room, arrows) in &rooms {
        let manifest = read(&root().join("crates").join(room).join("Cargo.toml"));
        let own = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let own = own.split("\n[").next().unwrap_or_default();
        let imports: BTreeSet<String> = own
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| rooms.contains_key(*name))
            .map(str::to_owned)
            .collect();
        let allowed = reach(&rooms, room);
        for import in imports.difference(&allowed) {
            wrong.push(format!("`{room}` imports `{import}`, and no arrow leads there"));
        }
        for arrow in arrows.difference(&imports) {
            wrong.push(format!("the arrow from `{room}` to `{arrow}` is drawn and not used"));
        }
    }
    for entry in fs::read_dir(root().join("crates")).expect("crates").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "switchboard" && !rooms.contains_key(&name) {
            wrong.push(format!("the room `{name}` is not in the drawing"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent: Vec<_> = files(&root().join("crates"), "rs")
        .into_iter()
        .filter(|path| !read(path).starts_with("//! "))
        .collect();
    assert!(silent.is_empty(), "these do not begin with `//! `: {silent:#?}");
}

#[test]
fn no_file_is_named_for_sharing_and_none_holds_two_ideas() {
    const BANNED: [&str; 10] =
        ["util", "utils", "common", "helper", "helpers", "misc", "core", "types", "manager", "mod"];
    let mut wrong = Vec::new();
    for path in files(&root().join("crates"), "rs") {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if BANNED.contains(&name.as_str()) || name.ends_with("_impl") {
            wrong.push(format!("{}: a banned name", path.display()));
        }
        let lines = read(&path).lines().count();
        if lines > 600 {
            wrong.push(format!("{}: {lines} lines hold two ideas", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_of_the_machine_it_was_written_on_is_left_in_the_tree() {
    // Put together here so that this file does not find itself.
    let strange = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["TO", "DO"].concat()];
    let mut wrong = Vec::new();
    for ending in ["rs", "md", "toml", "yaml", "sh", "sql", "js", "mjs", "css"] {
        for path in files(&root(), ending) {
            let text = read(&path);
            for (number, line) in text.lines().enumerate() {
                if strange.iter().any(|word| line.contains(word.as_str())) {
                    wrong.push(format!("{}:{}: {line}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_that_the_manual_names_is_there() {
    let mut wrong = Vec::new();
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(&root().join(page));
        for word in text.split(|letter: char| letter.is_whitespace() || "`()[],;|".contains(letter)) {
            let path = word.trim_end_matches(['.', ':']);
            let named =
                ["crates/", "docs/", "bench/", "fuzz/", "e2e/"].iter().any(|start| path.starts_with(start));
            if named && !path.contains("NAME") && !root().join(path).exists() {
                wrong.push(format!("{page} names `{path}`, which is not there"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
