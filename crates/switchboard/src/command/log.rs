//! `switchboard log`: the latest calls, oldest first; follow them with `-f`; one whole by its id; made again; two compared.

mod compare;
mod follow;
mod form;
mod har;
mod ledgers;
mod line;
mod lost;
mod repeat;
mod wanted;
mod whole;

pub(crate) use line::{as_json as row_of, text as line_of};
pub(crate) use wanted::Wanted;
pub(super) use whole::decisions;

use super::known::apart;
use crate::arguments::Global;
use crate::drive::{Books, now_ms, period, runtime};
use crate::exit::{Exit, Failure};
use crate::output::listing::Layout;
use exchange::{CallId, CallRecord, Detail};
use form::Form;
use ledger::{CallFilter, CallPage, Ledger};
use ledgers::Ledgers;
use std::collections::HashSet;

/// Arguments of `log`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Log {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Show this call whole: `c_…`, as in `X-Request-Id`
    id: Option<String>,
    /// Go on showing calls as they come
    #[arg(short, long)]
    follow: bool,
    /// How far back: `90s`, `15m`, `24h`, `7d`
    #[arg(long, default_value = "24h", value_name = "PERIOD")]
    since: String,
    /// How many, at most 1,000; with `-f` before it follows
    #[arg(short = 'n', long, default_value_t = 50, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(0..=i64::from(ledger::MOST_ROWS)))]
    limit: u32,
    #[command(flatten)]
    wanted: Wanted,
    /// Only older than this call: to go on where a listing ended
    #[arg(long, value_name = "ID")]
    before: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Form::As(Layout::Text), value_name = "FORMAT")]
    format: Form,
}

/// What is done with calls, beside looking at them.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a call of `switchboard call` again; its credentials are filled in anew
    Repeat(repeat::Repeat),
    /// Compare two calls: status, fields, bodies, times
    Diff(compare::Compare),
}

impl Log {
    /// Runs it.
    pub(crate) fn run(mut self, global: &Global) -> Result<Exit, Failure> {
        if self.follow && !matches!(self.format, Form::As(Layout::Text | Layout::Ndjson)) {
            return Err(Failure::usage("what has no end is no list, table or archive")
                .help("follow with `--format ndjson`: an object a line"));
        }
        let runtime = runtime()?;
        let (ledgers, books) = Ledgers::near(global, &runtime)?;
        apart(&mut self.wanted.api, &mut self.wanted.operation, books.as_ref());
        match &self.verb {
            Some(Verb::Repeat(repeat)) => {
                let (_, detail) = runtime.block_on(ledgers.find(call_id(repeat.id())?))?;
                drop(runtime);
                repeat.run(detail, global)
            }
            Some(Verb::Diff(compare)) => runtime.block_on(compare.run(&ledgers, global)),
            None => runtime.block_on(async {
                match &self.id {
                    Some(id) => self.show(id, books.as_ref(), &ledgers, global).await,
                    None => self.list(&ledgers, books.as_ref(), global).await,
                }
            }),
        }
    }

    async fn show(
        &self,
        id: &str,
        books: Option<&Books>,
        ledgers: &Ledgers,
        global: &Global,
    ) -> Result<Exit, Failure> {
        let (record, detail) = ledgers.find(call_id(id)?).await?;
        let lost = ledgers.lost(std::slice::from_ref(&record), books).await?;
        let board = books.and_then(Books::board);
        let terminal = global.terminal();
        let row = || row_in(&record, &lost);
        match self.format {
            Form::As(Layout::Text) => {
                let line = text_in(&record, terminal.colour_out, &lost);
                terminal.data(whole::text(line, &record, detail.as_ref(), board));
            }
            // One call is one document.
            Form::As(Layout::Json) => terminal.line(whole::as_json(row(), detail.as_ref()).to_string()),
            Form::As(_) => {
                let whole = vec![whole::as_json(row(), detail.as_ref())];
                terminal.data(self.format.listing().data(whole, terminal)?.unwrap_or_default());
            }
            Form::Har => {
                let mut archive = har::Archive::default();
                archive.add(&record, detail.as_ref());
                terminal.data(archive.document(None));
            }
        }
        Ok(Exit::Ok)
    }

    async fn list(&self, ledgers: &Ledgers, books: Option<&Books>, global: &Global) -> Result<Exit, Failure> {
        let filter = self.filter()?;
        let terminal = global.terminal();
        // Before the listing is made: no call falls between the two.
        let mut following = if self.follow { Some(ledgers.follow(books, &self.wanted).await?) } else { None };
        let mut page = if self.limit == 0 {
            CallPage { rows: Vec::new(), searched_to_ms: 0, next: None }
        } else {
            ledgers.calls(&filter).await?
        };
        let lost = ledgers.lost(&page.rows, books).await?;
        if self.wanted.open {
            page.rows.retain(|row| !lost.contains(&row.id));
        }
        let by_line = matches!(self.format, Form::As(Layout::Text | Layout::Ndjson));
        if !by_line {
            if self.format == Form::Har {
                let mut archive = har::Archive::default();
                for record in page.rows.iter().rev() {
                    let detail = if archive.is_full() { None } else { ledgers.detail(record.id).await? };
                    archive.add(record, detail.as_ref());
                }
                terminal.data(archive.document(page.next));
            } else {
                let rows = page.rows.iter().rev().map(|row| row_in(row, &lost)).collect();
                terminal.data(self.format.listing().data(rows, terminal)?.unwrap_or_default());
            }
        }
        // Whether somebody still reads.
        let print = |record: &CallRecord| {
            terminal.still_read(if self.format == Form::As(Layout::Text) {
                text_in(record, terminal.colour_out, &lost)
            } else {
                format!("{}\n", row_in(record, &lost))
            })
        };
        if by_line && !page.rows.iter().rev().all(print) {
            return Ok(Exit::Ok);
        }
        if let Some(mut following) = following.take() {
            page.rows.iter().for_each(|record| following.was_shown(record));
            return tokio::select! {
                _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
                ended = following.go_on(terminal, print) => ended.map(|()| Exit::Ok),
            };
        }
        // A search that was broken off says nothing of what is there.
        if page.rows.is_empty() && page.next.is_none() && self.limit > 0 {
            if let (Some(books), Some(ledger)) = (books, ledgers.of_board()) {
                let named = super::known::Named {
                    api: self.wanted.api.as_deref(),
                    operation: self.wanted.operation.as_deref(),
                    consumer: self.wanted.who.as_deref(),
                };
                named.check(books.board(), ledger).await?;
            }
            terminal.say(format!("no such calls in the last {}", self.since));
        }
        if let Some(next) = page.next {
            terminal.say(format!(
                "searched back to {}; go on: switchboard log --before {next}",
                super::time_of(page.searched_to_ms)
            ));
        }
        Ok(Exit::Ok)
    }

    fn filter(&self) -> Result<CallFilter, Failure> {
        let since = u64::try_from(period(&self.since)?.as_millis()).unwrap_or(u64::MAX);
        Ok(CallFilter {
            since_ms: Some(now_ms().saturating_sub(since)),
            before: self.before.as_deref().map(call_id).transpose()?,
            limit: self.limit,
            ..self.wanted.filter()?
        })
    }
}

/// What became of a call whose process was killed.
const LOST: &str = "lost";

/// The row as JSON, by what is known of calls that no process has any more.
fn row_in(record: &CallRecord, lost: &HashSet<CallId>) -> serde_json::Value {
    let mut row = line::as_json(record);
    if lost.contains(&record.id) {
        row["state"] = LOST.into();
    }
    row
}

/// The line of a call, by the same.
fn text_in(record: &CallRecord, colour: bool, lost: &HashSet<CallId>) -> String {
    if lost.contains(&record.id) { line::text_as(record, colour, LOST) } else { line::text(record, colour) }
}

/// The call of this id in one ledger.
pub(super) async fn find(ledger: &Ledger, id: CallId) -> Result<(CallRecord, Option<Detail>), Failure> {
    Ledgers::of(ledger.clone()).find(id).await
}

/// Reads a call's id.
pub(super) fn call_id(text: &str) -> Result<CallId, Failure> {
    CallId::parse(text).ok_or_else(|| {
        Failure::usage(format!("`{text}` is no id of a call")).help("an id is `c_` and 13 characters")
    })
}
