//! What a new key may open and how long, as flags say it; and what of that cannot be.

use crate::drive::{now_ms, period};
use crate::exit::Failure;
use board::Board;
use exchange::KeyScope;
use ledger::NewKey;

/// What a new key is narrowed to.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Wish {
    /// An operation it is for, as in an offer's `only`: an id, `tag:NAME`, `GET *`, `/path/*`; may be given several times
    #[arg(long = "only", value_name = "WORD")]
    only: Vec<String>,
    /// An API it is for; may be given several times
    #[arg(long = "api", value_name = "API")]
    apis: Vec<String>,
    /// How long it works: `90d`, or the first day on which it does not (UTC): `2027-01-01`
    #[arg(long, value_name = "END", allow_hyphen_values = true)]
    expires: Option<String>,
}

impl Wish {
    /// What is asked for, on this board.
    ///
    /// # Errors
    /// A word that names nothing on the board, an end that is none or has passed.
    pub(super) fn read(self, board: &Board) -> Result<NewKey, Failure> {
        let scope = KeyScope { only: self.only, apis: self.apis };
        let apis: Vec<_> =
            board.apis.iter().map(|api| (api.name.as_str(), api.contract.as_deref())).collect();
        if let Some(word) = scope.only.iter().chain(&scope.apis).find(|word| word.contains(['\n', '\r'])) {
            return Err(Failure::usage(format!("`{}` is more than one line", word.escape_debug())));
        }
        if let Some(idle) = board::idle_words(&scope, &apis).first() {
            return Err(Failure::usage(idle.to_string()).help(idle.help()));
        }
        Ok(NewKey { scope, expires_ms: self.expires.as_deref().map(end).transpose()? })
    }

    /// Its lines beside the digest in a board's file; empty: nothing is asked for.
    pub(super) fn in_file(&self) -> Result<String, Failure> {
        let list = |words: &[String]| {
            let quoted = words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>();
            format!("[{}]", quoted.join(", "))
        };
        let mut parts = Vec::new();
        if !self.only.is_empty() {
            parts.push(format!(", only = {}", list(&self.only)));
        }
        if !self.apis.is_empty() {
            parts.push(format!(", api = {}", list(&self.apis)));
        }
        if let Some(text) = &self.expires {
            end(text)?;
            if exchange::day_ms(text).is_none() {
                return Err(Failure::usage("a key in a file ends on a day")
                    .help("write the first day on which it does not work: `--expires 2027-01-01`"));
            }
            parts.push(format!(", expires = \"{text}\""));
        }
        Ok(parts.concat())
    }
}

/// The end of a key, in milliseconds since 1970.
pub(super) fn end(text: &str) -> Result<u64, Failure> {
    let help = "write how long it works (`90d`), or the first day on which it does not: `2027-01-01`";
    if text.starts_with('-') {
        return Err(Failure::usage(format!("a key cannot end {text} from now")).help(help));
    }
    let now = now_ms();
    let end = match exchange::day_ms(text) {
        Some(day) => day,
        None if text.contains('-') => {
            return Err(Failure::usage(format!("`{text}` is no day of the calendar")).help(help));
        }
        None => now.saturating_add(u64::try_from(period(text)?.as_millis()).unwrap_or(u64::MAX)),
    };
    if end <= now {
        return Err(Failure::usage(format!(
            "a key that ended at {} would open nothing",
            exchange::minute_of(end)
        ))
        .help(help));
    }
    Ok(end)
}
