//! `switchboard call`.

use crate::arguments::Global;
use crate::exit::{Exit, Failure};

/// Arguments of `call`.
#[derive(Debug, clap::Args)]
pub(crate) struct Call {}

impl Call {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let _ = global;
        Err(Failure::usage("not built yet"))
    }
}
