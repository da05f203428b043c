//! Loads a contract as a gateway would, and says what stays in memory; `--warm` compiles every schema,
//! `--again` loads it four times more.
#![expect(clippy::print_stderr, clippy::disallowed_methods, reason = "a program, not the library")]

use contract::Contract;
use std::process::ExitCode;
use std::time::Instant;

fn resident() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    text.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS: unknown here").to_owned()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(path) = arguments.first() else {
        eprintln!("usage: load FILE [--warm] [--again]");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    let read = std::fs::read(path).map_err(|error| error.to_string());
    let contract =
        match read.and_then(|bytes| Contract::read(path, &bytes).map_err(|error| error.to_string())) {
            Ok(contract) => contract,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        };
    eprintln!(
        "{} operations, {} warnings, {:?}, {}",
        contract.operations.len(),
        contract.warnings.len(),
        start.elapsed(),
        resident()
    );
    let start = Instant::now();
    let told = contract.unenforced();
    eprintln!("{} not enforced, {:?}, {}", told.len(), start.elapsed(), resident());
    if arguments.iter().any(|argument| argument == "--warm") {
        let start = Instant::now();
        let told = contract.warm();
        eprintln!("compiled, {} not enforced, {:?}, {}", told.len(), start.elapsed(), resident());
    }
    if arguments.iter().any(|argument| argument == "--again") {
        // What was freed after the first is used again: the growth is nearer to what a contract holds.
        let mut more = Vec::new();
        for _ in 0..4 {
            more.push(std::fs::read(path).ok().and_then(|bytes| Contract::read(path, &bytes).ok()));
            eprintln!("and once more, {}", resident());
        }
        drop(more);
    }
    ExitCode::SUCCESS
}
