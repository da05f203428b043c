//! `switchboard contract`: what a contract says.

use crate::arguments::Global;
use crate::drive::Reading;
use crate::exit::{Exit, Failure};
use clap::Subcommand;
use contract::Stand;
use std::path::PathBuf;

mod diff;
mod operations;
mod sample;

/// Arguments of `contract`.
#[derive(Debug, clap::Args)]
pub(crate) struct Contract {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the operations of a contract
    Operations {
        /// The contract's file
        file: PathBuf,
        /// How to print them
        #[arg(long, value_parser = ["text", "json"], default_value = "text")]
        format: String,
        #[command(flatten)]
        reading: Reading,
    },
    /// Compare two versions of a contract: what breaks callers, what does not, what cannot be told
    Diff(diff::Diff),
    /// Make a request or an answer of an operation, by examples and schemas
    Sample(sample::Sample),
}

impl Contract {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        match self.verb {
            Verb::Operations { file, format, reading } => operations::run(&file, &format, &reading, global),
            Verb::Diff(diff) => diff.run(global),
            Verb::Sample(sample) => sample.run(global),
        }
    }
}

/// File and line; of what stands nowhere, the contract's own name.
pub(super) fn place(stand: Option<&Stand>, name: &str) -> String {
    stand.map_or_else(|| format!("{name}:0"), |stand| format!("{}:{}", stand.file, stand.line()))
}
