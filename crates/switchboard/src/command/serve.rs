//! `switchboard serve`: runs the board until it is stopped.

use crate::arguments::Global;
use crate::drive::board_folder;
use crate::exit::{Exit, Failure};
use crate::run::{Plan, run};

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// How many threads serve; default: one for each core
    #[arg(long, value_name = "COUNT")]
    threads: Option<usize>,
    /// Take over changed files by themselves, as `switchboard reload` does
    #[arg(long)]
    watch: bool,
}

impl Serve {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let plan = Plan {
            what: "serve",
            folder: board_folder(global)?,
            threads: self.threads,
            lines: !global.quiet,
            watch: self.watch,
        };
        let terminal = global.terminal();
        run(&plan, global, |started| {
            for (name, url) in &started.listeners {
                terminal.say(format!("  {name:<9} {url}"));
            }
            if let Some(link) = &started.console {
                terminal.say(format!("  console   {link}   signs you in once"));
            }
            Ok(None)
        })
    }
}
