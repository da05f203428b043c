//! `switchboard contract`: what a contract says.

use crate::arguments::Global;
use crate::drive::Reading;
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use clap::Subcommand;
use contract::Stand;
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
        #[command(flatten)]
        reading: Reading,
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
            Verb::Operations { file, listing, reading } => operations::run(&file, listing, &reading, global),
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
