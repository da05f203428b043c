//! `switchboard contract`: what a contract says.

use crate::arguments::Global;
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use clap::Subcommand;
use contract::{DocumentError, Stand};
use std::path::PathBuf;

mod diff;
mod har;
mod learn;
mod operations;
mod sample;
mod update;

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
        #[command(flatten)]
        listing: Listing,
    },
    /// Compare two versions of a contract: what breaks callers, what does not, what cannot be told
    Diff(diff::Diff),
    /// Make a request or an answer of an operation, by examples and schemas
    Sample(sample::Sample),
    /// Draft a contract from calls: those of an API of the board, or those in a HAR file
    Learn(learn::Learn),
    /// Fetch a contract anew from where it came, and show what changed
    Update(update::Update),
}

impl Contract {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        match self.verb {
            Verb::Operations { file, listing } => operations::run(&file, listing, global),
            Verb::Diff(diff) => diff.run(global),
            Verb::Sample(sample) => sample.run(global),
            Verb::Learn(learn) => learn.run(global),
            Verb::Update(update) => update.run(global),
        }
    }
}

/// File and line; of what stands nowhere, the contract's own name.
pub(super) fn place(stand: Option<&Stand>, name: &str) -> String {
    stand.map_or_else(|| format!("{name}:0"), |stand| format!("{}:{}", stand.file, stand.line()))
}

/// The slug of a document's error.
pub(super) const fn code_of(error: &DocumentError) -> &'static str {
    match error {
        DocumentError::NotBuiltYet { .. } => "not-built-yet",
        DocumentError::TooLarge { .. } => "contract-too-large",
        _ => "contract-unreadable",
    }
}

/// A document's error with file, line and column.
pub(super) fn unreadable(error: &DocumentError, name: &str, bytes: &[u8]) -> Failure {
    let at = error.at();
    let code = code_of(error);
    let place = contract::place_of(&String::from_utf8_lossy(bytes), at.start);
    Failure::usage(format!("[{code}] {error}\n  --> {name}:{}:{}", place.line, place.column))
}
