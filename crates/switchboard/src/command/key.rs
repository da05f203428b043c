//! `switchboard key`: the keys that we issue.

use crate::arguments::Global;
use crate::command::consumer::known;
use crate::drive::{
    author, board_folder, board_near_or_running, entropy, load_board, now_ms, open_ledger, period, runtime,
    stored,
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
    },
    /// List keys: their ids and last four characters
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
        if let Verb::New { consumer, in_file: true } = &self.verb {
            let key = ApiKey::from_entropy(&entropy()?);
            let terminal = global.terminal();
            terminal.line(key.reveal());
            terminal.say("shown once: keep it now. Write this into the board's file:");
            terminal.say(format!("\n[consumers.{consumer}]\nkeys = [\"{}\"]", key.digest()));
            return Ok(Exit::Ok);
        }
        let folder =
            if self.verb.only_looks() { board_near_or_running(global)? } else { board_folder(global)? };
        let board = load_board(&folder, global)?;
        runtime()?.block_on(async {
            let ledger = open_ledger(&board).await?;
            let done = self.act(&ledger, global).await;
            ledger.close().await.map_err(|error| stored(&error))?;
            done
        })
    }

    async fn act(self, ledger: &Ledger, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        match self.verb {
            Verb::New { consumer, .. } => {
                let info = known(ledger, &consumer).await?;
                let key =
                    ledger.new_key(&info.name, entropy()?, author()).await.map_err(|error| stored(&error))?;
                terminal.line(key.reveal());
                terminal.say(format!("a key of {}, shown once: keep it now", info.name));
            }
            Verb::List { consumer, listing } => {
                let of = match consumer {
                    Some(name) => Some(known(ledger, &name).await?.name),
                    None => None,
                };
                let keys = ledger.list_keys(of.as_ref()).await.map_err(|error| stored(&error))?;
                if keys.is_empty() && listing.is_text() {
                    terminal.say("no keys yet: switchboard key new CONSUMER");
                } else {
                    listing.print(keys.iter().map(as_json).collect(), || table(&keys), terminal)?;
                }
            }
            Verb::Rotate { id, overlap } => {
                let overlap_ms = u64::try_from(period(&overlap)?.as_millis()).unwrap_or(u64::MAX);
                let old = existing(ledger, &id).await?;
                let (key, old) = ledger
                    .rotate_key(&old.id, entropy()?, overlap_ms, author())
                    .await
                    .map_err(|error| stored(&error))?;
                terminal.line(key.reveal());
                let until = super::time_of(old.revoked_ms.unwrap_or_default());
                terminal.say(format!("a key of {}, shown once: keep it now", old.consumer));
                terminal.say(format!("{}, ending {}, works until {until}", old.id, old.tail));
            }
            Verb::Revoke { id } => {
                let key = revoke(ledger, &id).await?;
                terminal.line(format!("revoked {} of {}", key.id, key.consumer));
            }
        }
        Ok(Exit::Ok)
    }
}

async fn revoke(ledger: &Ledger, id: &str) -> Result<KeyInfo, Failure> {
    let key = existing(ledger, id).await?;
    ledger.revoke_key(&key.id, author()).await.map_err(|error| stored(&error))
}

/// The key of this id, or a failure that suggests one.
async fn existing(ledger: &Ledger, id: &str) -> Result<KeyInfo, Failure> {
    let keys = ledger.list_keys(None).await.map_err(|error| stored(&error))?;
    let failure = || {
        let failure = Failure::usage(format!("there is no key `{id}`"));
        match super::nearest(id, keys.iter().map(|key| key.id.0.as_str())) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("list them: switchboard key list"),
        }
    };
    keys.iter().find(|key| key.id.0 == id).cloned().ok_or_else(failure)
}

fn as_json(key: &KeyInfo) -> serde_json::Value {
    json!({
        "id": key.id.0,
        "consumer": key.consumer.as_str(),
        "tail": key.tail,
        "created_ms": key.created_ms,
        "revoked_ms": key.revoked_ms,
    })
}

fn table(keys: &[KeyInfo]) -> String {
    let rows = keys.iter().map(|key| {
        let state = match key.revoked_ms {
            None => String::new(),
            Some(from) if from <= now_ms() => "revoked".to_owned(),
            Some(from) => format!("until {}", super::time_of(from)),
        };
        vec![key.id.to_string(), key.consumer.to_string(), format!("ending {}", key.tail), state]
    });
    super::columns(rows)
}
