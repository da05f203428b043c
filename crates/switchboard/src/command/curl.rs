//! `switchboard curl`.

use crate::arguments::Global;
use crate::exit::{Exit, Failure};

/// Arguments of `curl`.
#[derive(Debug, clap::Args)]
pub(crate) struct Curl {}

impl Curl {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let _ = global;
        Err(Failure::usage("not built yet"))
    }
}
