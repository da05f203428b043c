//! `switchboard consumer`: the accounts that call, by name.

use crate::arguments::Global;
use crate::drive::{
    author, board_folder, board_near_or_running, load_board, now_ms, open_ledger, runtime, stored,
};
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use board::Board;
use clap::Subcommand;
use exchange::{ConsumerName, PlanName};
use ledger::{ConsumerInfo, Ledger};
use serde_json::json;

/// Arguments of `consumer`.
#[derive(Debug, clap::Args)]
pub(crate) struct Consumer {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a consumer that holds these plans
    Add {
        /// Its name: `a-z 0-9 . _ -`
        name: String,
        /// A plan it holds; may be given several times
        #[arg(long = "plan", required = true)]
        plans: Vec<String>,
    },
    /// List consumers
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one consumer, its plans and keys
    Show {
        /// Its name
        name: String,
    },
    /// Let a consumer call no more; `suspend NAME --resume` undoes it
    Suspend {
        /// Its name
        name: String,
        /// Let it call again
        #[arg(long)]
        resume: bool,
    },
}

impl Verb {
    /// Whether it changes nothing, so that a board that merely runs will do.
    const fn only_looks(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show { .. })
    }
}

impl Consumer {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder =
            if self.verb.only_looks() { board_near_or_running(global)? } else { board_folder(global)? };
        let board = load_board(&folder, global)?;
        runtime()?.block_on(async {
            let ledger = open_ledger(&board).await?;
            let done = self.act(&board, &ledger, global).await;
            ledger.close().await.map_err(|error| stored(&error))?;
            done
        })
    }

    async fn act(self, board: &Board, ledger: &Ledger, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        match self.verb {
            Verb::Add { name, plans } => {
                let plans =
                    plans.iter().map(|plan| known_plan(board, plan)).collect::<Result<Vec<_>, _>>()?;
                in_board(board, &name)?;
                let name =
                    ledger.add_consumer(&name, &plans, author()).await.map_err(|error| stored(&error))?;
                terminal.line(format!("added {name}"));
                terminal.say(format!("its first key: switchboard key new {name}"));
            }
            Verb::List { listing } => {
                let consumers = ledger.list_consumers().await.map_err(|error| stored(&error))?;
                if consumers.is_empty() && listing.is_text() {
                    terminal.say("no consumers yet: switchboard consumer add NAME --plan PLAN");
                } else {
                    let rows = consumers.iter().map(as_json).collect();
                    listing.print(rows, || table(&consumers), terminal)?;
                }
            }
            Verb::Show { name } => {
                let info = known(ledger, &name).await?;
                let keys = ledger.list_keys(Some(&info.name)).await.map_err(|error| stored(&error))?;
                terminal.data(table(std::slice::from_ref(&info)));
                for key in keys {
                    let state = if key.is_revoked(now_ms()) { "revoked" } else { "valid" };
                    terminal.line(format!("  {}  ending {}  {state}", key.id, key.tail));
                }
            }
            Verb::Suspend { name, resume } => {
                let info = known(ledger, &name).await?;
                ledger.suspend(&info.name, !resume, author()).await.map_err(|error| stored(&error))?;
                terminal.line(format!("{} {}", if resume { "resumed" } else { "suspended" }, info.name));
            }
        }
        Ok(Exit::Ok)
    }
}

/// The consumer of this name, or a failure that suggests one.
pub(super) async fn known(ledger: &Ledger, name: &str) -> Result<ConsumerInfo, Failure> {
    let found = ledger.consumer(&ConsumerName::new(name)).await.map_err(|error| stored(&error))?;
    if let Some(info) = found {
        return Ok(info);
    }
    let all = ledger.list_consumers().await.map_err(|error| stored(&error))?;
    let failure = Failure::usage(format!("there is no consumer `{name}`"));
    Err(match super::nearest(name, all.iter().map(|info| info.name.as_str())) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("add it: switchboard consumer add {name} --plan PLAN")),
    })
}

fn known_plan(board: &Board, name: &str) -> Result<PlanName, Failure> {
    if let Some(plan) = board.plans.iter().find(|plan| plan.name.as_str() == name) {
        return Ok(plan.name.clone());
    }
    let names = board.plans.iter().map(|plan| plan.name.as_str());
    let failure = Failure::usage(format!("there is no plan `{name}` on this board"));
    Err(match super::nearest(name, names.clone()) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("there are: {}", names.collect::<Vec<_>>().join(", "))),
    })
}

/// A name in the board's file and in the ledger would be two accounts of one name.
fn in_board(board: &Board, name: &str) -> Result<(), Failure> {
    if board.consumers.consumers.iter().any(|row| row.name.as_str() == name) {
        return Err(Failure::usage(format!("the board's file has a consumer `{name}` already"))
            .help("choose another name, or remove it from `[consumers]`"));
    }
    Ok(())
}

fn as_json(info: &ConsumerInfo) -> serde_json::Value {
    json!({
        "name": info.name.as_str(),
        "plans": info.plans.iter().map(PlanName::as_str).collect::<Vec<_>>(),
        "suspended": info.suspended,
        "keys": info.keys,
        "created_ms": info.created_ms,
    })
}

fn table(consumers: &[ConsumerInfo]) -> String {
    let rows = consumers.iter().map(|info| {
        let plans = info.plans.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ");
        let state = if info.suspended { "suspended" } else { "" };
        vec![
            info.name.to_string(),
            plans,
            format!("{} {}", info.keys, if info.keys == 1 { "key" } else { "keys" }),
            state.to_owned(),
        ]
    });
    super::columns(rows)
}
