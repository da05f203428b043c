//! Compares two contracts and says how many changes of each kind there are, and how long it took.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a program, not the library")]

use contract::{Contract, Verdict, compare};
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [old, new] = arguments.as_slice() else {
        eprintln!("usage: compare OLD NEW");
        return ExitCode::from(2);
    };
    let read = |path: &String| {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        Contract::read(path, &bytes).map_err(|error| error.to_string())
    };
    let (old, new) = match (read(old), read(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    let changes = compare(&old, &new);
    let count = |verdict: Verdict| changes.iter().filter(|change| change.verdict == verdict).count();
    eprintln!(
        "{} breaking, {} unknown, {} additive, {} neutral, {:?}",
        count(Verdict::Breaking),
        count(Verdict::Unknown),
        count(Verdict::Additive),
        count(Verdict::Neutral),
        start.elapsed()
    );
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for change in &changes {
        let spot = |spot: &Option<contract::Spot>| {
            spot.as_ref().map_or_else(String::new, |spot| format!("{}:{}", spot.line, spot.at))
        };
        let row =
            [change.verdict.word(), change.rule, &change.what, change.proof.as_deref().unwrap_or_default()];
        let places = [spot(&change.old), spot(&change.new)].join(" -> ");
        let many = change.operations.len();
        if writeln!(out, "{} [{many}] {places}", row.join(" | ")).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
