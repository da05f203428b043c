//! `switchboard secret`: what providers gave us, kept beside the board and named in its file.

use crate::arguments::Global;
use crate::drive::{board_folder, secrets_folder, write_private};
use crate::exit::{Exit, Failure};
use clap::Subcommand;
use std::io::{IsTerminal, Read};

/// The longest secret that is stored: a private key in PEM fits.
const LONGEST: u64 = 64 * 1024;

/// Arguments of `secret`.
#[derive(Debug, clap::Args)]
pub(crate) struct Secret {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Store a secret, read from a terminal without echo or from `-` (standard input)
    Set {
        /// Its name: letters, digits, `-`, `_`, `.`
        name: String,
        /// `-`: read it from standard input
        from: Option<String>,
    },
    /// List names of stored secrets, never their values
    List,
}

impl Secret {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder = secrets_folder(&board_folder(global)?);
        let terminal = global.terminal();
        match self.verb {
            Verb::Set { name, from } => {
                let fine = !name.starts_with('.')
                    && !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
                if !fine {
                    return Err(Failure::usage("a secret's name has letters, digits, `-`, `_` and `.`"));
                }
                let value = read(&name, from.as_deref())?;
                let path = folder.join(&name);
                write_private(&path, value.as_bytes())
                    .map_err(|error| Failure::run(format!("cannot write `{}`: {error}", path.display())))?;
                terminal.line(format!("stored {name}"));
            }
            Verb::List => {
                let mut names: Vec<String> = std::fs::read_dir(&folder)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .filter_map(|file| file.file_name().into_string().ok())
                    .collect();
                names.sort();
                for name in names {
                    terminal.line(name);
                }
            }
        }
        Ok(Exit::Ok)
    }
}

/// Reads the value: only from where it was asked for.
pub(crate) fn read(name: &str, from: Option<&str>) -> Result<String, Failure> {
    let pipe = |words: String| {
        Failure::usage(words).help(format!("printf %s \"$VALUE\" | switchboard secret set {name} -"))
    };
    let mut value = String::new();
    match from {
        Some("-") => {
            let read = std::io::stdin().take(LONGEST + 1).read_to_string(&mut value);
            read.map_err(|error| Failure::run(format!("cannot read standard input: {error}")))?;
        }
        Some(_) => return Err(pipe("a secret on the command line stays in the shell's history".to_owned())),
        None if std::io::stdin().is_terminal() => value = silent(name)?,
        None => return Err(pipe("standard input is read only when asked for by `-`".to_owned())),
    }
    if value.len() as u64 > LONGEST {
        return Err(Failure::usage("a secret has at most 64 KiB"));
    }
    let value = value.trim_end_matches(['\r', '\n']).to_owned();
    if value.is_empty() { Err(Failure::usage("the secret is empty")) } else { Ok(value) }
}

/// Reads a line from the terminal with echo off. `stty` does it: no `unsafe` for one flag.
fn silent(name: &str) -> Result<String, Failure> {
    eprint_prompt(name);
    let echo = |on: bool| {
        let word = if on { "echo" } else { "-echo" };
        let _ = std::process::Command::new("stty").arg(word).status();
    };
    echo(false);
    let mut value = String::new();
    let read = std::io::stdin().read_line(&mut value);
    echo(true);
    eprint_prompt("");
    read.map_err(|error| Failure::run(format!("cannot read the terminal: {error}")))?;
    Ok(value)
}

fn eprint_prompt(name: &str) {
    use std::io::Write;
    let mut out = std::io::stderr().lock();
    let _ = if name.is_empty() { writeln!(out) } else { write!(out, "{name}: ") };
    let _ = out.flush();
}
