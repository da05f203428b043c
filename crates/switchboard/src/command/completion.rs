//! `switchboard completion SHELL`: a script that asks this binary what fits; and the answer it then gets.
//!
//! What fits comes from local files alone: the board and its contracts, the ledger's consumers. Nothing is sent.

mod fitting;
mod script;

use crate::arguments::Global;
use crate::exit::Exit;
use fitting::Fitting;

/// Shells that are completed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    Power,
}

/// Arguments of `completion`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completion {
    /// The shell that the script is for
    shell: Shell,
}

impl Completion {
    /// Runs it.
    pub(crate) fn run(&self, global: &Global) -> Exit {
        global.terminal().data(script::of(self.shell));
        Exit::Ok
    }
}

/// Arguments of `complete`, which the scripts call.
#[derive(Debug, clap::Args)]
pub(crate) struct Complete {
    /// How the answer is written
    shell: Shell,
    /// The words after `switchboard`, the last one as far as it was typed
    #[arg(last = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl Complete {
    /// Runs it. Whatever is wrong here is no reason to write into somebody's command line.
    pub(crate) fn run(self, global: &Global) -> Exit {
        let (typed, before) = match self.words.split_last() {
            Some((typed, before)) => (typed.as_str(), before),
            None => ("", &[][..]),
        };
        let mut global = global.clone();
        global.quiet = true;
        let found = Fitting::new(&global, before).to(typed);
        global.terminal().data(script::answer(self.shell, typed, &found));
        Exit::Ok
    }
}

/// A word that fits, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    word: String,
    about: String,
}
