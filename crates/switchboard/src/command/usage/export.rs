//! `switchboard usage export`: what each consumer owes for a period, with the same bytes however often it runs.
//!
//! A line is a consumer, a plan and a price: all its calls by outcome, those that are billed, the price they were counted with,
//! the exact amount and what is due of it. Of a period that has ended nothing in it is of the moment in which it runs, nor of
//! the board, nor of the database.

use super::period::{Period, instant};
use super::priced::{BILLED, Priced, Sums};
use super::settled;
use crate::arguments::Global;
use crate::drive::{self, board_near_or_running, load_board, now_ms, read_ledger, runtime, stored};
use crate::exit::{Exit, Failure};
use crate::output::csv;
use exchange::Outcome;
use ledger::{Group, UsageFilter};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::path::PathBuf;

/// Arguments of `usage export`.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// Which one, in UTC: `2026`, `2026-10`, `2026-10-03`, `2026-10-03T14`
    #[arg(long)]
    period: String,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Shape::Csv)]
    format: Shape,
    /// Write it into this file, whole or not at all; default: stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also of a period that has not ended, or is not wholly counted: what was counted so far, marked `open`
    #[arg(long)]
    open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Shape {
    /// A line each, with a head (RFC 4180)
    Csv,
    /// One document: lines and their sums
    Json,
}

/// What is said of rounding.
const ROUNDING: &str = "`amount` is exact; `due` is `amount` in the currency's minor unit (ISO 4217), half to even, once for each line";

impl Export {
    /// Runs it.
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let period = Period::read(&self.period)?;
        let runs = period.runs(now_ms());
        if let Some(why) = runs.as_ref().filter(|_| !self.open) {
            return Err(Failure::usage(why.clone()).help(
                "wait for its end: what is billed must not change; `--open` exports what was counted so far",
            ));
        }
        let folder = board_near_or_running(global)?;
        let board = load_board(&folder, global)?;
        let (rows, ended) = runtime()?.block_on(async {
            let written = settled::written(&board, &period).await;
            let ledger = read_ledger(&board).await?;
            let settled = written.and(settled::heard(&ledger, &period).await);
            let ended = runs.is_none() && settled.is_ok();
            if !self.open {
                settled?;
            }
            let filter = UsageFilter {
                since_ms: Some(period.since_ms),
                until_ms: Some(period.until_ms),
                group_by: vec![Group::Consumer, Group::Plan, Group::Price],
                ..UsageFilter::default()
            };
            let rows = ledger.usage(&filter).await.map_err(|error| stored(&error))?;
            Ok::<_, Failure>((rows, ended))
        })?;
        let rows = Priced::read(rows)?;
        let terminal = global.terminal();
        let state = if ended { "ended" } else { "open" };
        let bytes = match self.format {
            Shape::Csv => lines(&period, state, &rows)?,
            Shape::Json => document(&period, state, &rows)?,
        };
        match &self.output {
            Some(path) => {
                drive::whole(path, drive::SHARED, |file| file.write_all(bytes.as_bytes()))
                    .map_err(|error| Failure::run(format!("cannot write `{}`: {error}", path.display())))?;
                terminal.say(format!("{} lines of {} in `{}`", rows.len(), period.text, path.display()));
            }
            None => terminal.data(bytes),
        }
        Ok(Exit::Ok)
    }
}

fn line(row: &Priced) -> Map<String, Value> {
    let mut line = Map::new();
    let mut set = |name: &str, value: Value| drop(line.insert(name.to_owned(), value));
    // Nobody has no name: null, and nothing in CSV, as `usage` has it.
    let name = |name: &Option<String>| json!(name.as_ref().filter(|name| !name.is_empty()));
    set("consumer", name(&row.consumer));
    set("plan", name(&row.plan));
    set("calls", json!(row.calls));
    for word in Outcome::WORDS {
        set(word, json!(row.calls_that(word)));
    }
    set("billed", json!(row.billed()));
    set("price", json!(row.price.map(|price| price.to_string())));
    set("currency", json!(row.price.map(|price| price.currency())));
    set("amount", json!(row.amount().map(|amount| amount.to_string())));
    set("due", json!(row.due().map(|due| due.to_string())));
    line
}

fn lines(period: &Period, state: &str, rows: &[Priced]) -> Result<String, Failure> {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut all = Map::new();
            for (name, value) in [
                ("period", period.text.clone()),
                ("from", instant(period.since_ms)),
                ("until", instant(period.until_ms)),
                ("state", state.to_owned()),
                ("billed_outcomes", BILLED.join("+")),
            ] {
                all.insert(name.to_owned(), value.into());
            }
            all.extend(line(row));
            all.into()
        })
        .collect();
    if rows.is_empty() {
        // A file without a line still says what its columns would be.
        return csv(&[lines_head()])
            .map(|text| text.lines().next().map_or_else(String::new, |head| format!("{head}\n")));
    }
    csv(&rows)
}

/// A line of nothing: for the names of its columns.
fn lines_head() -> Value {
    let names = ["period", "from", "until", "state", "billed_outcomes", "consumer", "plan", "calls"];
    let end = ["billed", "price", "currency", "amount", "due"];
    let all = names.into_iter().chain(Outcome::WORDS).chain(end);
    Value::Object(all.map(|name| (name.to_owned(), Value::Null)).collect())
}

fn document(period: &Period, state: &str, rows: &[Priced]) -> Result<String, Failure> {
    let sums = Sums::of(rows)?;
    let not_billed: Vec<_> = Outcome::WORDS.into_iter().filter(|word| !BILLED.contains(word)).collect();
    let document = json!({
        "period": period.text,
        "from": instant(period.since_ms),
        "until": instant(period.until_ms),
        "state": state,
        "billed_outcomes": BILLED,
        "not_billed": not_billed,
        "rounding": ROUNDING,
        "lines": rows.iter().map(|row| line(row).into()).collect::<Vec<Value>>(),
        "totals": {
            "calls": sums.calls,
            "billed": sums.billed,
            "amounts": sums.amounts.iter().map(|(currency, (amount, due))| {
                json!({ "currency": currency, "amount": amount.to_string(), "due": due.to_string() })
            }).collect::<Vec<_>>(),
        },
    });
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::run(error.to_string()))?;
    Ok(format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::lines_head;
    use crate::command::usage::period::Period;

    #[test]
    fn an_export_without_lines_has_the_head_of_one_with_lines() {
        let period = Period::read("2026-10").unwrap();
        let row =
            ledger::UsageRow { consumer: Some("globex".into()), calls: 1, ..ledger::UsageRow::default() };
        let rows = super::Priced::read(vec![row]).unwrap();
        let head = |text: String| text.lines().next().unwrap().to_owned();
        let with = head(super::lines(&period, "ended", &rows).unwrap());
        assert_eq!(head(super::lines(&period, "ended", &[]).unwrap()), with);
        assert!(lines_head().is_object());
    }
}
