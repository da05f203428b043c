//! `switchboard log repeat ID`: the words of a call once more. Credentials come from where they came from the first time;
//! secrets that stood on the command line were not kept, so such a call is given back to be completed.

use crate::arguments::{Arguments, Global};
use crate::command::Command;
use crate::exit::{Exit, Failure};
use clap::Parser as _;
use exchange::Detail;

/// Arguments of `log repeat`.
#[derive(Debug, clap::Args)]
pub(super) struct Repeat {
    /// The call, `c_…`
    id: String,
    /// Words to add: `--dry-run`, `-H 'X-Trace: 1'`, `count=3`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    more: Vec<String>,
}

impl Repeat {
    /// The call that is made again.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Makes it again.
    pub(super) fn run(&self, detail: Option<Detail>, global: &Global) -> Result<Exit, Failure> {
        let words = detail.map(|detail| detail.command).unwrap_or_default();
        if words.is_empty() {
            return Err(Failure::usage(format!("what made `{}` was not kept", self.id)).help(
                "only calls of `switchboard call` and `curl` are made again, and those only where `[record] details` is not \"none\"",
            ));
        }
        let words: Vec<String> = words.into_iter().chain(self.more.iter().cloned()).collect();
        if words.iter().any(|word| word.contains("***")) {
            let line = shell_words::join(std::iter::once(&"switchboard".to_owned()).chain(&words));
            return Err(Failure::usage(format!(
                "`{}` had secrets on its command line, which are not kept",
                self.id
            ))
            .help(format!("put them in where `***` stands: {line}")));
        }
        let line = std::iter::once("switchboard".to_owned()).chain(words.iter().cloned());
        let arguments = Arguments::try_parse_from(line).map_err(|error| {
            Failure::usage(format!("`{}` cannot be made again: {}", self.id, error.render()))
        })?;
        let mut then = arguments.global;
        then.board = then.board.or_else(|| global.board.clone());
        then.env = then.env.or_else(|| global.env.clone());
        then.color = global.color;
        then.quiet |= global.quiet;
        match arguments.command {
            Command::Call(call) => call.again(words).run(&then),
            Command::Curl(curl) => curl.run(&then),
            _ => Err(Failure::usage(format!("`{}` was no `switchboard call`", self.id))),
        }
    }
}
