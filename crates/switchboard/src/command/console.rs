//! `switchboard console link`: a new link that signs in to the console of the board that runs.

use crate::arguments::Global;
use crate::drive::{board_near_or_running, load_board, runtime, socket};
use crate::exit::{Exit, Failure};
use clap::Subcommand;
use serde_json::json;

/// Arguments of `console`.
#[derive(Debug, clap::Args)]
pub(crate) struct Console {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print a link that signs in once, within half an hour
    Link,
}

impl Console {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let Verb::Link = self.verb;
        let board = load_board(&board_near_or_running(global)?, global)?;
        let said =
            runtime()?.block_on(socket::ask(&board.ledger.folder, socket::Route::ConsoleLink, &json!({})));
        let said = said.ok_or_else(|| {
            Failure::run("this board does not run, so it has no console").help("start it: switchboard serve")
        })??;
        let link = said["link"].as_str().ok_or_else(|| Failure::run("the running board gave no link"))?;
        global.terminal().line(link);
        Ok(Exit::Ok)
    }
}
