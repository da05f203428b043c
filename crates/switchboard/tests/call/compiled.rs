//! `--print go` and `--print rust`: the programs are compiled, all of them at once, run, and send what the call itself sends.
//!
//! Rust is compiled against the `reqwest` that was built with this test; a Go tool and its cache are the machine's.

use crate::harness::Place;
use crate::printed::{CALLS, differs, program};
use demo::Provider;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program with its first words.
type Run = (PathBuf, Vec<String>);

/// Prints all calls in a language, builds them, runs them, and compares what was sent.
async fn run(language: &str, build: impl Fn(&Path, &[String]) -> Vec<Run>) {
    let provider = Provider::echo().start().await;
    let url = format!("{}/a/b?c=d", provider.url());
    let place = Place::new().with("up.txt", "the file\n").with("pic.png", b"\x89PNG\r\n\x1a\n\0%\\'\xff");
    let mut codes = Vec::new();
    for items in CALLS {
        let words: Vec<&str> = ["call", &url].into_iter().chain(items.iter().copied()).collect();
        place.run(&words).ok();
        codes.push(place.run(&[&words[..], &["--print", language, "--show-secrets"]].concat()).ok());
    }
    // With references, which are the environment's: a login and a key in the query.
    let secret = ["call", &url, "-u", "me:hush-hush", "api_key==quiet-one", "X-Api-Key:abc", "a=1"];
    place.run(&secret).ok();
    codes.push(place.run(&[&secret[..], &["--print", language]].concat()).ok());
    assert!(!codes.last().unwrap().contains("hush-hush") && !codes.last().unwrap().contains("quiet-one"));
    let environment = [("AUTHORIZATION", "bWU6aHVzaC1odXNo"), ("API_KEY", "quiet-one"), ("X_API_KEY", "abc")];

    let folder = tempfile::tempdir().unwrap();
    let programs = build(folder.path(), &codes);
    assert_eq!(programs.len(), codes.len());
    let own = provider.requests();
    let mut different = Vec::new();
    for (nth, (program, words)) in programs.iter().enumerate() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let before = provider.calls();
        let ended = place.end_with(&program.display().to_string(), &words, "", &environment);
        let code = &codes[nth];
        if provider.calls() != before + 1 {
            different.push(format!("{:?}: nothing came: {ended:?}\n{code}", CALLS.get(nth)));
            continue;
        }
        let found = differs(&own[nth], provider.requests().last().unwrap());
        if !found.is_empty() {
            different.push(format!("{:?}: {found:?}\n{code}", CALLS.get(nth)));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n\n"));
}

fn built(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn printed_go_runs() {
    let Some(go) = program("go") else { return };
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/e2e/go");
    run("go", |folder, codes| {
        std::fs::write(folder.join("go.mod"), "module printed\n\ngo 1.18\n").unwrap();
        for (nth, code) in codes.iter().enumerate() {
            let of_one = folder.join(format!("c{nth}"));
            std::fs::create_dir(&of_one).unwrap();
            std::fs::write(of_one.join("main.go"), code).unwrap();
        }
        let bin = folder.join("bin");
        std::fs::create_dir(&bin).unwrap();
        built(
            Command::new(&go)
                // Without tables for debuggers linking takes half as long.
                .args(["build", "-ldflags=-s -w", "-o", "bin/", "./..."])
                .current_dir(folder)
                .env("GOCACHE", &cache)
                .env("GOPATH", folder.join("path"))
                .env("GOPROXY", "off")
                .env("GOTOOLCHAIN", "local"),
        );
        (0..codes.len()).map(|nth| (bin.join(format!("c{nth}")), Vec::new())).collect()
    })
    .await;
}

/// The newest library of this name that was built with this test.
fn library(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let files = std::fs::read_dir(here.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        file.starts_with(&format!("lib{name}-")) && path.extension().is_some_and(|kind| kind == "rlib")
    };
    files.filter(is_it).max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}

#[tokio::test]
async fn printed_rust_runs() {
    let rustc = std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from);
    run("rust", |folder, codes| {
        // One program for all: a module for each, chosen by its first word.
        let (mut modules, mut arms) = (String::new(), String::new());
        for (nth, code) in codes.iter().enumerate() {
            std::fs::write(folder.join(format!("c{nth}.rs")), code).unwrap();
            let _ = writeln!(
                modules,
                "mod c{nth} {{\n    include!(\"c{nth}.rs\");\n    pub fn run() -> Result<(), Box<dyn std::error::Error>> {{ main() }}\n}}"
            );
            let _ = writeln!(arms, "        Some(\"{nth}\") => c{nth}::run(),");
        }
        let main = format!(
            "{modules}\nfn main() -> Result<(), Box<dyn std::error::Error>> {{\n    match std::env::args().nth(1).as_deref() {{\n{arms}        _ => Err(\"which one?\".into()),\n    }}\n}}\n"
        );
        std::fs::write(folder.join("main.rs"), main).unwrap();
        let mut command = Command::new(&rustc);
        command.args(["--edition", "2024", "-o"]).arg(folder.join("run")).arg(folder.join("main.rs"));
        for name in ["reqwest", "base64"] {
            command.arg("--extern").arg(format!("{name}={}", library(name).display()));
        }
        let depended = library("reqwest").parent().unwrap().display().to_string();
        // From here, so that the pinned toolchain is the one that is used.
        built(command.arg("-L").arg(format!("dependency={depended}")).current_dir(env!("CARGO_MANIFEST_DIR")));
        (0..codes.len()).map(|nth| (folder.join("run"), vec![nth.to_string()])).collect()
    })
    .await;
}
