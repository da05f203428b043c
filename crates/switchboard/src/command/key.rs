//! `switchboard key`: the keys that we issue.

mod wished;

use crate::arguments::Global;
use crate::command::consumer::known;
use crate::command::known::no_key;
use crate::drive::{
    Books, author, board_folder, board_near_or_running, entropy, now_ms, period, stored, with_ledger,
};
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use clap::Subcommand;
use exchange::ApiKey;
use ledger::{KeyInfo, Ledger};
use serde_json::json;

/// Arguments of `key`.
#[derive(Debug, clap::Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key for a consumer; it is shown once
    New {
        /// The consumer's name
        consumer: String,
        /// For `[consumers]` in the board's file: print the digest to write there, store nothing
        #[arg(long)]
        in_file: bool,
        #[command(flatten)]
        wish: wished::Wish,
    },
    /// List keys: ids, last four characters, scope, end and last use
    List {
        /// Only of this consumer
        consumer: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Make a key's successor, which is shown once; the old key stays valid for a while
    Rotate {
        /// The key's id, `k_…`
        id: String,
        /// How long the old key stays valid: `0s`, `15m`, `24h`, `7d`
        #[arg(long, default_value = "24h", value_name = "PERIOD")]
        overlap: String,
        /// How long the successor works, as of `key new`; without it as long as the old key would have
        #[arg(long, value_name = "END", allow_hyphen_values = true)]
        expires: Option<String>,
    },
    /// Make a key invalid, within a second on a running board
    Revoke {
        /// The key's id, `k_…`
        id: String,
    },
}

impl Verb {
    /// Whether it changes nothing, so that a board that merely runs will do.
    const fn only_looks(&self) -> bool {
        matches!(self, Self::List { .. })
    }
}

impl Key {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        if let Verb::New { consumer, in_file: true, wish } = &self.verb {
            let narrowed = wish.in_file()?;
            let key = ApiKey::from_entropy(&entropy()?);
            let terminal = global.terminal();
            terminal.line(key.reveal());
            terminal.say("shown once: keep it now. Write this into the board's file:");
            let digest = key.digest().to_string();
            let entry = match digest.strip_prefix("sha256:") {
                Some(digits) if !narrowed.is_empty() => format!("{{ sha256 = \"{digits}\"{narrowed} }}"),
                _ => format!("\"{digest}\""),
            };
            terminal.say(format!("\n[consumers.{consumer}]\nkeys = [{entry}]"));
            return Ok(Exit::Ok);
        }
        let folder =
            if self.verb.only_looks() { board_near_or_running(global)? } else { board_folder(global)? };
        let books = Books::open(&folder, global)?;
        with_ledger(&books, async |ledger| self.act(&books, ledger, global).await)
    }

    async fn act(self, books: &Books, ledger: &Ledger, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        match self.verb {
            Verb::New { consumer, wish, .. } => {
                let board = books.whole()?;
                if board.consumers.consumers.iter().any(|row| row.name.as_str() == consumer) {
                    return Err(Failure::usage(format!(
                        "`{consumer}` is in the board's file, and its keys are"
                    ))
                    .help(format!("switchboard key new {consumer} --in-file")));
                }
                let wish = wish.read(board)?;
                let info = known(books, ledger, &consumer).await?;
                let key = ledger.new_narrow_key(&info.name, entropy()?, &wish, author()).await;
                let key = key.map_err(|error| stored(&error))?;
                terminal.line(key.reveal());
                terminal.say(format!("a key of {}, shown once: keep it now", info.name));
                if !wish.scope.is_everything() {
                    terminal.say(format!("it opens {}", wish.scope));
                }
                if let Some(end) = wish.expires_ms {
                    terminal.say(format!("it works until {}", super::time_of(end)));
                }
            }
            Verb::List { consumer, listing } => {
                let of = match consumer {
                    Some(name) => Some(known(books, ledger, &name).await?.name),
                    None => None,
                };
                let keys = ledger.list_keys(of.as_ref()).await.map_err(|error| stored(&error))?;
                if keys.is_empty() && listing.is_text() {
                    terminal.say("no keys yet: switchboard key new CONSUMER");
                } else {
                    listing.print(keys.iter().map(as_json).collect(), || table(&keys), terminal)?;
                }
            }
            Verb::Rotate { id, overlap, expires } => {
                let expires_ms = expires.as_deref().map(wished::end).transpose()?;
                let overlap_ms = u64::try_from(period(&overlap)?.as_millis()).unwrap_or(u64::MAX);
                let old = existing(ledger, &id).await?;
                let (key, old) = ledger
                    .rotate_key(&old.id, entropy()?, overlap_ms, expires_ms, author())
                    .await
                    .map_err(|error| stored(&error))?;
                terminal.line(key.reveal());
                let until = super::time_of(old.revoked_ms.unwrap_or_default());
                terminal.say(format!("a key of {}, shown once: keep it now", old.consumer));
                terminal.say(format!("{}, ending {}, works until {until}", old.id, old.tail));
            }
            Verb::Revoke { id } => {
                let by = author();
                let id = existing(ledger, &id).await?.id;
                let key = ledger.revoke_key(&id, by).await.map_err(|error| stored(&error))?;
                terminal.line(match key.revoked_ms.filter(|from| *from != by.at_ms) {
                    None => format!("revoked {} of {}", key.id, key.consumer),
                    Some(at) => {
                        format!(
                            "{} of {} is revoked already, since {}",
                            key.id,
                            key.consumer,
                            super::time_of(at)
                        )
                    }
                });
            }
        }
        Ok(Exit::Ok)
    }
}

/// The key of this id, or a failure that suggests one.
async fn existing(ledger: &Ledger, id: &str) -> Result<KeyInfo, Failure> {
    let keys = ledger.list_keys(None).await.map_err(|error| stored(&error))?;
    let found = keys.iter().find(|key| key.id.0 == id).cloned();
    found.ok_or_else(|| no_key(id, keys.iter().map(|key| &*key.id.0)))
}

/// A key as data.
pub(super) fn as_json(key: &KeyInfo) -> serde_json::Value {
    json!({
        "id": key.id.0,
        "consumer": key.consumer.as_str(),
        "tail": key.tail,
        "created_ms": key.created_ms,
        "revoked_ms": key.revoked_ms,
        "only": key.scope.only,
        "apis": key.scope.apis,
        "expires_ms": key.expires_ms,
        "used_ms": key.used_ms,
    })
}

/// Keys for people.
pub(super) fn table(keys: &[KeyInfo]) -> String {
    let rows = keys.iter().map(|key| {
        let state = match key.revoked_ms {
            None => String::new(),
            Some(from) if from <= now_ms() => "revoked".to_owned(),
            Some(from) => format!("until {}", super::time_of(from)),
        };
        let end = match key.expires_ms {
            None => String::new(),
            Some(_) if key.is_expired(now_ms()) => "ended".to_owned(),
            Some(end) => format!("ends {}", super::time_of(end)),
        };
        let used = key.used_ms.map_or_else(|| "not used".to_owned(), |at| format!("used {}", minute(at)));
        vec![
            key.id.to_string(),
            key.consumer.to_string(),
            format!("ending {}", key.tail),
            used,
            state,
            end,
            key.scope.to_string(),
        ]
    });
    super::columns(rows)
}

/// A time to the minute, as this machine's zone has it.
fn minute(ms: u64) -> String {
    let mut text = super::time_of(ms);
    // Uses are kept to the minute: seconds would say more than is known.
    text.truncate(text.len().saturating_sub(3));
    text
}
