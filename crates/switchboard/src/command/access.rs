//! `switchboard access`: plans that are asked for, and an owner's yes or no.

use super::consumer::known;
use super::known_plan;
use crate::arguments::Global;
use crate::drive::{Books, author, board_folder, board_near_or_running, stored, with_ledger};
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use board::{Board, Plan};
use clap::Subcommand;
use exchange::ConsumerName;
use ledger::{AccessRequest, AccessState, Ledger};
use serde_json::json;

/// Arguments of `access`.
#[derive(Debug, clap::Args)]
pub(crate) struct Access {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Ask for a plan for a consumer; it opens nothing until somebody approves
    Request {
        /// The consumer's name
        consumer: String,
        /// The plan
        plan: String,
        /// What it is for
        #[arg(long, default_value = "", value_name = "TEXT")]
        note: String,
    },
    /// List requests that nobody has decided
    List {
        /// Those that were decided, too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// Give the plan that was asked for
    Approve {
        /// The request's number
        id: u64,
    },
    /// Do not give it
    Deny {
        /// The request's number
        id: u64,
        /// Why not
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

impl Access {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let only_looks = matches!(self.verb, Verb::List { .. });
        let folder = if only_looks { board_near_or_running(global)? } else { board_folder(global)? };
        let books = Books::open(&folder, global)?;
        with_ledger(&books, async |ledger| self.act(&books, ledger, global).await)
    }

    async fn act(self, books: &Books, ledger: &Ledger, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        match self.verb {
            Verb::Request { consumer, plan, note } => {
                let board = books.whole()?;
                if board.consumers.consumers.iter().any(|row| row.name.as_str() == consumer) {
                    return Err(Failure::usage(format!("`{consumer}` is in the board's file"))
                        .help(format!("write the plan into `plans` of `[consumers.{consumer}]`")));
                }
                let info = known(books, ledger, &consumer).await?;
                let plan = known_plan(board, &plan)?;
                let made = ledger.request_access(&info.name, &plan.name, &note, author()).await;
                let made = made.map_err(|error| stored(&error))?;
                terminal.line(format!("request {}: {} for {}", made.id, plan.name, info.name));
                terminal.say(format!("it opens nothing until then: switchboard access approve {}", made.id));
            }
            Verb::List { all, listing } => {
                let requests = ledger.list_access(!all).await.map_err(|error| stored(&error))?;
                if requests.is_empty() && listing.is_text() {
                    terminal.say("no requests are pending");
                } else {
                    listing.print(requests.iter().map(as_json).collect(), || table(&requests), terminal)?;
                }
            }
            Verb::Approve { id } => {
                let board = books.whole()?;
                let all = ledger.list_access(false).await.map_err(|error| stored(&error))?;
                // A plan that the board has no more would give nothing, and nobody would know why.
                if let Some(request) = all.iter().find(|request| request.id == id) {
                    known_plan(board, request.plan.as_str())?;
                }
                let done = ledger.approve_access(id, author()).await.map_err(|error| stored(&error))?;
                terminal.line(format!("approved {id}: {} holds {}", done.consumer, done.plan));
                if let Some(plan) = board.plans.iter().find(|plan| plan.name == done.plan) {
                    for line in opened(board, plan) {
                        terminal.line(line);
                    }
                    tell_terms(plan, &done.consumer, ledger, terminal).await?;
                }
            }
            Verb::Deny { id, reason } => {
                let done = ledger.deny_access(id, &reason, author()).await.map_err(|error| stored(&error))?;
                terminal.line(format!("denied {id}: {} does not get {}", done.consumer, done.plan));
            }
        }
        Ok(Exit::Ok)
    }
}

/// What a plan opens: a line for each offer.
fn opened(board: &Board, plan: &Plan) -> Vec<String> {
    let offers = board.apis.iter().flat_map(|api| api.offers.iter().map(move |offer| (api, offer)));
    let of_plan = offers.filter(|(_, offer)| offer.plans.iter().any(|known| known.name == plan.name));
    let rows = of_plan.map(|(api, offer)| {
        let url = board.listeners.get(offer.listener).map_or("", |listener| &*listener.url);
        let all = api.contract.as_ref().map_or(0, |contract| contract.operations.len());
        let open = offer.opens.iter().filter(|open| **open).count();
        let what = match (all, open) {
            (0, _) => "everything".to_owned(),
            (all, open) if all == open => format!("{all} operations"),
            (all, open) => format!("{open} of {all} operations"),
        };
        vec!["  opens".to_owned(), offer.id.to_string(), format!("{url}{}", offer.at), what]
    });
    let text = super::columns(rows);
    if text.is_empty() {
        return vec![format!("  opens nothing: no offer names the plan `{}`", plan.name)];
    }
    text.lines().map(str::to_owned).collect()
}

async fn tell_terms(
    plan: &Plan,
    name: &ConsumerName,
    ledger: &Ledger,
    terminal: crate::terminal::Terminal,
) -> Result<(), Failure> {
    let Some(terms) = &plan.terms else { return Ok(()) };
    let accepted = ledger.terms_accepted().await.map_err(|error| stored(&error))?;
    let is_of = |one: &ledger::TermsAccepted| {
        one.consumer == *name && one.plan == plan.name && one.version == terms.version
    };
    if !accepted.iter().any(is_of) {
        terminal.say(format!(
            "nothing opens before its terms ({}) are accepted: switchboard consumer accept {name} {}",
            terms.address, plan.name
        ));
    }
    Ok(())
}

fn as_json(request: &AccessRequest) -> serde_json::Value {
    json!({
        "id": request.id,
        "consumer": request.consumer.as_str(),
        "plan": request.plan.as_str(),
        "note": request.note,
        "asked_by": request.asked_by,
        "asked_ms": request.asked_ms,
        "state": request.state.word(),
        "decided_by": (request.state != AccessState::Pending).then_some(&request.decided_by),
        "decided_ms": request.decided_ms,
        "reason": (!request.reason.is_empty()).then_some(&request.reason),
    })
}

fn table(requests: &[AccessRequest]) -> String {
    super::columns(requests.iter().map(|request| {
        let words = if request.reason.is_empty() { &request.note } else { &request.reason };
        vec![
            request.id.to_string(),
            request.consumer.to_string(),
            request.plan.to_string(),
            request.state.to_string(),
            super::time_of(request.asked_ms),
            request.asked_by.clone(),
            words.clone(),
        ]
    }))
}
