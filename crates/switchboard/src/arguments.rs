//! The command line's global part: the flags that every command takes, and which command it is.

use crate::command::Command;
use crate::exit::Exit;
use crate::terminal::{Colour, Terminal};
use clap::Parser;
use std::ffi::OsString;
use std::path::PathBuf;

const FORMATS: &str =
    "Listings and answers take `--format`, before or after the command: text, json, ndjson, yaml, table, csv";

/// One binary for every API call an organisation makes or answers
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, about, max_term_width = 110, after_help = FORMATS)]
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

/// `--format` is each command's own, since each has its formats; before the command it means the same.
fn ordered(mut words: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        let takes = match word {
            "--format" => 2,
            word if word.starts_with("--format=") => 1,
            "--board" | "--env" | "--color" => {
                at += 2;
                continue;
            }
            word if word.starts_with('-') => {
                at += 1;
                continue;
            }
            _ => return words,
        };
        let end = (at + takes).min(words.len());
        let moved: Vec<OsString> = words.drain(at..end).collect();
        words.extend(moved);
        return words;
    }
    words
}

/// Reads the arguments; help, version and usage errors are printed here.
pub(crate) fn read() -> Result<Arguments, Exit> {
    Arguments::try_parse_from(ordered(std::env::args_os().collect())).map_err(|error| {
        let _ = error.print();
        if error.use_stderr() { Exit::Usage } else { Exit::Ok }
    })
}

#[cfg(test)]
mod tests {
    use super::ordered;

    #[test]
    fn a_format_before_the_command_is_the_commands() {
        for (words, expected) in [
            ("s --format json log -n 5", "s log -n 5 --format json"),
            ("s --board b --format=csv key list", "s --board b key list --format=csv"),
            ("s -q --format json --color never usage", "s -q --color never usage --format json"),
            ("s log --format json", "s log --format json"),
            ("s --format", "s --format"),
        ] {
            let words = words.split(' ').map(Into::into).collect();
            let expected: Vec<std::ffi::OsString> = expected.split(' ').map(Into::into).collect();
            assert_eq!(ordered(words), expected);
        }
    }
}
