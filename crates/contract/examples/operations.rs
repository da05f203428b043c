//! Lists the operations of a contract as JSON lines: the smallest use of this crate, and what is timed.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a program, not the library")]

use contract::Document;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: operations FILE");
        return ExitCode::from(2);
    };
    let read = std::fs::read(&path).map_err(|error| error.to_string());
    let document =
        match read.and_then(|bytes| Document::read(&path, &bytes).map_err(|error| error.to_string())) {
            Ok(document) => document,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        };
    let (found, warnings) = document.outline();
    let pointers: Vec<_> = found.iter().map(|one| one.at.clone()).collect();
    let lines = document.lines(&pointers);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (one, line) in found.iter().zip(lines) {
        let row = serde_json::json!({
            "id": one.id.as_str(), "method": one.method.as_str(), "path": one.path, "line": line,
        });
        if writeln!(out, "{row}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    eprintln!("{} warnings", warnings.len());
    ExitCode::SUCCESS
}
