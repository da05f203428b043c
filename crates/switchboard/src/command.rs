//! The commands, one file each.

mod call;
mod curl;

use crate::arguments::Arguments;
use crate::exit::Exit;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Call a URL, or an operation of an API
    Call(call::Call),
    /// Take a curl command line and behave as curl does
    Curl(curl::Curl),
}

/// Runs the command; failures are printed here.
pub(crate) fn run(arguments: Arguments) -> Exit {
    let terminal = arguments.global.terminal();
    let result = match arguments.command {
        Command::Call(call) => call.run(&arguments.global),
        Command::Curl(curl) => curl.run(&arguments.global),
    };
    result.unwrap_or_else(|failure| {
        terminal.failure(&failure);
        failure.exit
    })
}
