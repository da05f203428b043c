//! The command line's global part: the flags that every command takes, and which command it is.

use crate::command::Command;
use crate::exit::Exit;
use crate::terminal::{Colour, Terminal};
use clap::Parser;
use std::path::PathBuf;

/// One binary for every API call an organisation makes or answers
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, about, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// The board's folder; default: the nearest one with a `switchboard.toml`, upwards from here
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) board: Option<PathBuf>,
    /// Lay `switchboard.NAME.toml` over the board
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Colour,
    /// Say only what was asked for, and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

impl Global {
    /// What this process writes to.
    pub(crate) fn terminal(&self) -> Terminal {
        Terminal::new(self.color, self.quiet)
    }
}

/// Reads the arguments; help, version and usage errors are printed here.
pub(crate) fn read() -> Result<Arguments, Exit> {
    Arguments::try_parse().map_err(|error| {
        let _ = error.print();
        if error.use_stderr() { Exit::Usage } else { Exit::Ok }
    })
}
