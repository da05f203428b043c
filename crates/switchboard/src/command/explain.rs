//! `switchboard explain`: what happens to a request and which line says so; why a call went as it did; what
//! a word means.

use crate::arguments::Global;
use crate::command::log::{call_id, decisions, find};
use crate::command::nearest;
use crate::drive::{board_near_or_running, load_board, read_ledger, runtime, socket};
use crate::exit::{Exit, Failure};
use crate::run::People;
use board::Board;
use exchange::{ConsumerName, Decision, Reason, Stage};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// `[METHOD] /path?query`, an id `c_…`, or a word such as `over-limit`
    #[arg(required = true, num_args = 1..)]
    what: Vec<String>,
    /// As this consumer
    #[arg(long = "as", value_name = "CONSUMER")]
    caller: Option<String>,
    /// A field of the request: `Name: value`
    #[arg(short = 'H', value_name = "FIELD")]
    fields: Vec<String>,
    /// Print JSON
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

/// A request to be explained, on its way over `run.sock` or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    method: String,
    target: String,
    caller: Option<String>,
    fields: Vec<(String, String)>,
}

impl Question {
    /// Whether it can be asked.
    ///
    /// # Errors
    /// No method, no path, or a field that cannot be sent; which one.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.method.parse::<Method>().map_err(|_| {
            Failure::usage(format!("`{}` is no method", self.method)).help("a method is one word: `GET`")
        })?;
        let target: Result<Uri, _> = self.target.parse();
        let fine = target.is_ok_and(|target| target.path().starts_with('/'));
        fine.then_some(()).ok_or_else(|| {
            Failure::usage(format!("`{}` is no path", self.target))
                .help("a path begins with `/`: switchboard explain GET /orders/v1/orders")
        })?;
        for (name, value) in &self.fields {
            name.parse::<HeaderName>()
                .map_err(|_| Failure::usage(format!("`{name}` is no name of a field")))?;
            // A value may be a secret: it is not repeated.
            value
                .parse::<HeaderValue>()
                .map_err(|_| Failure::usage(format!("the value of `{name}` cannot stand in a field")))?;
        }
        Ok(())
    }

    /// What the gateway's stages are asked.
    pub(crate) fn request(&self) -> gateway::Asked {
        let fields: HeaderMap = self
            .fields
            .iter()
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?)))
            .collect();
        gateway::Asked {
            method: self.method.parse().unwrap_or(Method::GET),
            target: self.target.parse().unwrap_or_default(),
            fields,
            who: self.caller.as_deref().map(ConsumerName::new),
            listener: None,
        }
    }
}

impl Explain {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let first = self.what.first().map(String::as_str).unwrap_or_default();
        if self.what.len() == 1 && first.starts_with("c_") {
            return self.call(first, global);
        }
        if self.what.len() == 1 && !first.contains('/') {
            return word(first, global);
        }
        self.request(global)
    }

    fn question(&self) -> Result<Question, Failure> {
        let (method, target) = match self.what.as_slice() {
            [target] => ("GET", target.as_str()),
            [method, target] => (method.as_str(), target.as_str()),
            _ => return Err(Failure::usage("a request is `METHOD /path`, and nothing more")),
        };
        let fields = self.fields.iter().map(|field| {
            let (name, value) = field.split_once(':').ok_or_else(|| {
                Failure::usage(format!("`{field}` is no field")).help("write `Name: value`")
            })?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        });
        let question = Question {
            method: method.to_owned(),
            target: target.to_owned(),
            caller: self.caller.clone(),
            fields: fields.collect::<Result<_, Failure>>()?,
        };
        question.check()?;
        Ok(question)
    }

    fn request(&self, global: &Global) -> Result<Exit, Failure> {
        let question = self.question()?;
        let board = load_board(&board_near_or_running(global)?, global)?;
        let (decisions, live) = runtime()?.block_on(decide(&question, board))?;
        self.print(&decisions, global);
        let terminal = global.terminal();
        if !live {
            terminal.say("  counters: not running");
        }
        let refused = decisions.iter().find_map(|decision| decision.refused.as_deref());
        if let Some(reason) = refused.and_then(Reason::from_slug) {
            terminal.say(format!("  → would be refused: {} {reason}", reason.status().as_u16()));
        }
        Ok(Exit::Ok)
    }

    fn call(&self, id: &str, global: &Global) -> Result<Exit, Failure> {
        let id = call_id(id)?;
        let board = load_board(&board_near_or_running(global)?, global)?;
        let (record, detail) = runtime()?.block_on(async {
            let ledger = read_ledger(&board).await?;
            find(&ledger, id).await
        })?;
        let Some(detail) = detail else {
            global.terminal().data(super::line_of(&record, global.terminal().colour_out));
            global.terminal().say("  its decisions were not kept: see `details` under `[record]`");
            return Ok(Exit::Ok);
        };
        self.print(&detail.decisions, global);
        if !detail.command.is_empty() {
            global.terminal().say(format!("  made from here, by no board: switchboard log {id}"));
        }
        if let Some(reason) = record.reason {
            global.terminal().say(format!("  → {} {reason}: {}", record.status, reason.title()));
        } else {
            global.terminal().say(format!("  → {} {}", record.status, record.outcome));
        }
        Ok(Exit::Ok)
    }

    fn print(&self, made: &[Decision], global: &Global) {
        let terminal = global.terminal();
        if self.format == "json" {
            terminal.line(serde_json::to_string(made).unwrap_or_default());
        } else {
            terminal.data(decisions(made));
        }
    }
}

/// What the stages decide, with live counts where the board runs.
async fn decide(question: &Question, board: Board) -> Result<(Vec<Decision>, bool), Failure> {
    let board = Arc::new(board);
    let ledger = read_ledger(&board).await?;
    let accounts = People::read(&board, &ledger, None).await?.accounts;
    if let Some(name) = &question.caller
        && accounts.by_name(name).is_none()
    {
        let failure = Failure::usage(format!("there is no consumer `{name}`"));
        return Err(match nearest(name, accounts.names().map(ConsumerName::as_str)) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("list them: switchboard consumer list"),
        });
    }
    let asked = serde_json::to_value(question).unwrap_or_default();
    if let Some(said) = socket::ask(&board.ledger.folder, socket::Route::Explain, &asked).await {
        let decisions = serde_json::from_value(said?["decisions"].clone())
            .map_err(|_| Failure::run("the running board is of another version: restart it"))?;
        return Ok((decisions, true));
    }
    let mut decisions = gateway::explain_cold(board, accounts, &question.request())
        .map_err(|error| Failure::run(error.to_string()))?;
    for decision in &mut decisions {
        if decision.stage == Stage::Limit {
            "counters: not running".clone_into(&mut decision.words);
        }
    }
    Ok((decisions, false))
}

/// The page of a reason, or of a diagnostic's code.
fn word(word: &str, global: &Global) -> Result<Exit, Failure> {
    let terminal = global.terminal();
    if let Some(reason) = Reason::from_slug(word) {
        terminal.line(format!("{} {word}: {}\n", reason.status().as_u16(), reason.title()));
        let (means, remedy) = gateway::explained(reason);
        terminal.line(format!("{means}\n\n{remedy}"));
        return Ok(Exit::Ok);
    }
    if let Some(page) = board::explain(word) {
        terminal.line(format!("{word}\n\n{page}"));
        return Ok(Exit::Ok);
    }
    let known =
        Reason::ALL.iter().map(|reason| reason.slug()).chain(board::CODES.iter().map(|(slug, _)| *slug));
    let failure = Failure::usage(format!("there is no page for `{word}`"));
    Err(match nearest(word, known) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("a request begins with `/`: switchboard explain GET /orders/v1/orders"),
    })
}
