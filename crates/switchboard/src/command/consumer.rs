//! `switchboard consumer`: the accounts that call, by name.

mod listed;
mod shown;

use crate::arguments::Global;
use crate::drive::{Books, author, board_folder, board_near_or_running, stored, with_ledger};
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use board::Board;
use clap::Subcommand;
use exchange::{ConsumerName, PlanName};
use ledger::{About, ConsumerInfo, Ledger};

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
        #[command(flatten)]
        about: Words,
    },
    /// Change what a consumer holds, or what is written of it
    Set {
        /// Its name
        name: String,
        /// A plan it holds from now on, and no others than those that are given
        #[arg(long = "plan")]
        plans: Vec<String>,
        #[command(flatten)]
        about: Words,
    },
    /// Note that a consumer has accepted the terms of a plan as they are now
    Accept {
        /// Its name
        name: String,
        /// The plan
        plan: String,
    },
    /// Who changed what, and when; newest first
    Audit {
        /// Only of this consumer
        name: Option<String>,
        /// How many changes, at most 10,000
        #[arg(short = 'n', long = "lines", default_value_t = 50, value_name = "COUNT",
              value_parser = clap::value_parser!(u32).range(1..=10_000))]
        lines: u32,
        #[command(flatten)]
        listing: Listing,
    },
    /// List consumers
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Show one consumer, its plans, its keys with their ends, and the terms it has accepted
    Show {
        /// Its name
        name: String,
        #[command(flatten)]
        listing: Listing,
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

/// What people write of a consumer.
#[derive(Debug, Default, clap::Args)]
struct Words {
    /// Whom to ask about it
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    /// Anything else
    #[arg(long = "note", value_name = "TEXT")]
    notes: Option<String>,
}

impl Words {
    /// What is said in place of what was there; an empty text takes it away.
    fn over(self, before: About) -> About {
        About { owner: self.owner.unwrap_or(before.owner), notes: self.notes.unwrap_or(before.notes) }
    }
}

impl Verb {
    /// Whether it changes nothing, so that a board that merely runs will do.
    const fn only_looks(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show { .. } | Self::Audit { .. })
    }
}

impl Consumer {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder =
            if self.verb.only_looks() { board_near_or_running(global)? } else { board_folder(global)? };
        let books = Books::open(&folder, global)?;
        with_ledger(&books, async |ledger| self.act(&books, ledger, global).await)
    }

    async fn act(self, books: &Books, ledger: &Ledger, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        match self.verb {
            Verb::Add { name, plans, about } => {
                let board = books.whole()?;
                let plans = known_plans(board, &plans)?;
                in_board(board, &name)?;
                let about = about.over(About::default());
                let made = ledger.add_described(&name, &plans, &about, author()).await;
                let name = made.map_err(|error| stored(&error))?;
                terminal.line(format!("added {name}"));
                terminal.say(format!("its first key: switchboard key new {name}"));
            }
            Verb::Set { name, plans, about } => {
                let board = books.whole()?;
                in_board(board, &name)?;
                let info = known(books, ledger, &name).await?;
                let plans = known_plans(board, &plans)?;
                let next = about.over(info.about.clone());
                if plans.is_empty() && next == info.about {
                    return Err(Failure::usage("nothing is to be changed")
                        .help("say what: `--plan PLAN`, `--owner WHO`, `--note TEXT`"));
                }
                if !plans.is_empty() {
                    let set = ledger.set_plans(&info.name, &plans, author()).await;
                    set.map_err(|error| stored(&error))?;
                }
                if next != info.about {
                    let set = ledger.describe(&info.name, &next, author()).await;
                    set.map_err(|error| stored(&error))?;
                }
                terminal.line(format!("changed {}", info.name));
            }
            Verb::Accept { name, plan } => accept(books, ledger, &name, &plan, terminal).await?,
            Verb::Audit { name, lines, listing } => {
                let entries = ledger.audit(name.as_deref(), lines).await;
                let entries = entries.map_err(|error| stored(&error))?;
                if entries.is_empty() && listing.is_text() {
                    terminal.say("nothing was changed");
                } else {
                    let rows = entries.iter().map(listed::audit_json).collect();
                    listing.print(rows, || listed::audit(&entries), terminal)?;
                }
            }
            Verb::List { listing } => {
                let consumers = ledger.list_consumers().await.map_err(|error| stored(&error))?;
                let consumers = listed::all(books.board(), consumers);
                if consumers.is_empty() && listing.is_text() {
                    terminal.say("no consumers yet: switchboard consumer add NAME --plan PLAN");
                } else {
                    let rows = consumers.iter().map(listed::as_json).collect();
                    listing.print(rows, || listed::table(&consumers), terminal)?;
                }
            }
            Verb::Show { name, listing } => {
                let all = ledger.list_consumers().await.map_err(|error| stored(&error))?;
                let all = listed::all(books.board(), all);
                let Some(found) = all.into_iter().find(|one| one.info.name.as_str() == name) else {
                    return Err(unknown(books, ledger, &name).await);
                };
                shown::Shown::read(found, books.board(), ledger).await?.print(listing, terminal)?;
            }
            Verb::Suspend { name, resume } => {
                let in_file = |row: &exchange::ConsumerRow| row.name.as_str() == name;
                if books.board().is_some_and(|board| board.consumers.consumers.iter().any(in_file)) {
                    return Err(Failure::usage(format!("`{name}` is in the board's file"))
                        .help(format!("write `suspended = {}` under `[consumers.{name}]`", !resume)));
                }
                let info = known(books, ledger, &name).await?;
                let changed = ledger.suspend(&info.name, !resume, author()).await;
                terminal.line(match (changed.map_err(|error| stored(&error))?, resume) {
                    (true, false) => format!("suspended {}", info.name),
                    (true, true) => format!("resumed {}", info.name),
                    (false, false) => format!("{} is suspended already", info.name),
                    (false, true) => format!("{} is not suspended", info.name),
                });
            }
        }
        Ok(Exit::Ok)
    }
}

/// The consumer of this name, or a failure that suggests one.
pub(super) async fn known(books: &Books, ledger: &Ledger, name: &str) -> Result<ConsumerInfo, Failure> {
    let found = ledger.consumer(&ConsumerName::new(name)).await.map_err(|error| stored(&error))?;
    if let Some(info) = found {
        return Ok(info);
    }
    Err(unknown(books, ledger, name).await)
}

/// There is no consumer of this name; one of a like name is suggested.
async fn unknown(books: &Books, ledger: &Ledger, name: &str) -> Failure {
    // Without suggestions it is as true.
    let all = ledger.list_consumers().await.unwrap_or_default();
    let failure = Failure::usage(format!("there is no consumer `{name}`"));
    match super::nearest(name, all.iter().map(|info| info.name.as_str())) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None if books.board().is_none() => {
            failure.help("those of the board's file are not known while it does not load")
        }
        None => failure.help(format!("add it: switchboard consumer add {name} --plan PLAN")),
    }
}

fn known_plans(board: &Board, names: &[String]) -> Result<Vec<PlanName>, Failure> {
    let mut plans: Vec<PlanName> = Vec::new();
    for name in names {
        let plan = super::known_plan(board, name)?;
        if !plans.contains(&plan.name) {
            plans.push(plan.name.clone());
        }
    }
    Ok(plans)
}

/// A name in the board's file and in the ledger would be two accounts of one name.
fn in_board(board: &Board, name: &str) -> Result<(), Failure> {
    if board.consumers.consumers.iter().any(|row| row.name.as_str() == name) {
        return Err(Failure::usage(format!("the board's file has a consumer `{name}` already"))
            .help("choose another name, or remove it from `[consumers]`"));
    }
    Ok(())
}

/// Notes that terms are accepted, of whichever consumer there is.
async fn accept(
    books: &Books,
    ledger: &Ledger,
    name: &str,
    plan: &str,
    terminal: crate::terminal::Terminal,
) -> Result<(), Failure> {
    let board = books.whole()?;
    let in_file = board.consumers.consumers.iter().find(|row| row.name.as_str() == name);
    let (name, held) = match in_file {
        Some(row) => (row.name.clone(), row.plans.clone()),
        None => known(books, ledger, name).await.map(|info| (info.name, info.plans))?,
    };
    let plan = super::known_plan(board, plan)?;
    let Some(terms) = &plan.terms else {
        return Err(Failure::usage(format!("the plan `{}` has no terms", plan.name))
            .help("`terms` of a plan names them on the board; without them nothing has to be accepted"));
    };
    let accepted = ledger.accept_terms(&name, &plan.name, &terms.version, author()).await;
    accepted.map_err(|error| stored(&error))?;
    terminal.line(format!("{name} has accepted the terms of {}: {}", plan.name, terms.address));
    if !held.contains(&plan.name) {
        terminal.say(format!("it does not hold that plan: switchboard access request {name} {}", plan.name));
    }
    Ok(())
}
