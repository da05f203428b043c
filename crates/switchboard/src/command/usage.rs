//! `switchboard usage`: how much was called, counted for every call.

mod export;
mod period;
mod priced;
mod settled;

use crate::arguments::Global;
use crate::drive::{self, Books, board_near_or_running, now_ms, read_ledger, runtime, stored};
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use exchange::Outcome;
use ledger::{Group, UsageFilter, UsageRow};
use period::Period;
use priced::Priced;
use serde_json::json;

/// Arguments of `usage`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Usage {
    #[command(subcommand)]
    then: Option<Then>,
    /// How far back: `90s`, `15m`, `24h`, `7d`
    #[arg(long, default_value = "24h", value_name = "TIME")]
    since: String,
    /// Of a period of the calendar, in UTC: `2026`, `2026-10`, `2026-10-03`, `2026-10-03T14`
    #[arg(long, conflicts_with = "since")]
    period: Option<String>,
    /// Also what it costs: by plan, exactly
    #[arg(long)]
    prices: bool,
    /// Only of this API
    #[arg(long)]
    api: Option<String>,
    /// Only of this operation
    #[arg(long)]
    operation: Option<String>,
    /// Only of this consumer
    #[arg(long, visible_alias = "who")]
    consumer: Option<String>,
    /// What to add up by, in this order
    #[arg(long, value_delimiter = ',', default_value = "api,operation,consumer", value_name = "NAMES",
          value_parser = ["minute", "hour", "day", "api", "operation", "consumer", "plan", "price", "class"])]
    by: Vec<String>,
    #[command(flatten)]
    listing: Listing,
}

/// What else can be done with usage.
#[derive(Debug, clap::Subcommand)]
enum Then {
    /// A period for a bill: the same bytes however often it runs
    Export(export::Export),
}

impl Usage {
    /// Runs it.
    pub(crate) fn run(mut self, global: &Global) -> Result<Exit, Failure> {
        if let Some(Then::Export(export)) = self.then {
            return export.run(global);
        }
        let period = self.period.as_deref().map(Period::read).transpose()?;
        if self.prices {
            // A price is a plan's: rows of several plans have none. It has a column of its own.
            self.by.retain(|name| name != "price");
            if !self.by.iter().any(|name| name == "plan") {
                self.by.push("plan".to_owned());
            }
        }
        let folder = board_near_or_running(global)?;
        let books = Books::open(&folder, global)?;
        super::known::apart(&mut self.api, &mut self.operation, Some(&books));
        let since_ms = if let Some(period) = &period {
            period.since_ms
        } else {
            let back = drive::period(&self.since)?.as_millis();
            now_ms().saturating_sub(u64::try_from(back).unwrap_or(u64::MAX))
        };
        let filter = UsageFilter {
            since_ms: Some(since_ms),
            until_ms: period.as_ref().map(|period| period.until_ms),
            consumer: self.consumer,
            api: self.api,
            operation: self.operation,
            group_by: self
                .by
                .iter()
                .filter_map(|name| group(name))
                .chain(self.prices.then_some(Group::Price))
                .collect(),
        };
        let rows = runtime()?.block_on(async {
            let ledger = read_ledger(&books).await?;
            let rows = ledger.usage(&filter).await.map_err(|error| stored(&error))?;
            if rows.is_empty() {
                let named = super::known::Named {
                    api: filter.api.as_deref(),
                    operation: filter.operation.as_deref(),
                    consumer: filter.consumer.as_deref(),
                };
                named.check(books.board(), &ledger).await?;
            }
            Ok::<_, Failure>(rows)
        })?;
        let terminal = global.terminal();
        if rows.is_empty() && self.listing.is_text() {
            terminal.say(match &period {
                Some(period) => format!("no calls in {}", period.text),
                None => format!("no calls in the last {}", self.since),
            });
        } else {
            let rows = Priced::read(rows)?;
            let data = rows.iter().map(|row| as_json(row, &self.by, self.prices)).collect();
            self.listing.print(data, || table(&rows, &self.by, self.prices), terminal)?;
        }
        Ok(Exit::Ok)
    }
}

fn group(name: &str) -> Option<Group> {
    Some(match name {
        "minute" => Group::Minute,
        "hour" => Group::Hour,
        "day" => Group::Day,
        "api" => Group::Api,
        "operation" => Group::Operation,
        "consumer" => Group::Consumer,
        "plan" => Group::Plan,
        "price" => Group::Price,
        "class" => Group::Class,
        _ => return None,
    })
}

/// The text of one group of a row; what is not known is `-`.
fn cell(row: &UsageRow, by: &str) -> String {
    let text = |value: &Option<String>| {
        value.clone().filter(|value| !value.is_empty()).unwrap_or_else(|| "-".to_owned())
    };
    match by {
        "api" => text(&row.api),
        "operation" => text(&row.operation),
        "consumer" => text(&row.consumer),
        "plan" => text(&row.plan),
        "price" => text(&row.price),
        "class" => row.class.map_or_else(|| "-".to_owned(), |class| format!("{class}xx")),
        _ => row.at_ms.map_or_else(|| "-".to_owned(), super::time_of),
    }
}

fn as_json(row: &Priced, by: &[String], prices: bool) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    for name in by {
        let value = if let ("minute" | "hour" | "day", Some(at)) = (name.as_str(), row.at_ms) {
            json!(at)
        } else {
            match cell(row, name).as_str() {
                "-" => serde_json::Value::Null,
                text => json!(text),
            }
        };
        object.insert(name.clone(), value);
    }
    object.insert("calls".to_owned(), json!(row.calls));
    for word in Outcome::WORDS {
        object.insert(word.to_owned(), json!(row.calls_that(word)));
    }
    object.insert("bytes".to_owned(), json!(row.bytes));
    object.insert("time_us".to_owned(), json!(row.time_us));
    if prices {
        object.insert("billed".to_owned(), json!(row.billed()));
        object.insert("price".to_owned(), json!(row.price.map(|price| price.to_string())));
        object.insert("amount".to_owned(), json!(row.amount().map(|amount| amount.to_string())));
        object.insert("currency".to_owned(), json!(row.price.map(|price| price.currency())));
    }
    object.into()
}

fn table(rows: &[Priced], by: &[String], prices: bool) -> String {
    let mut head: Vec<String> = by.to_vec();
    head.push("calls".to_owned());
    head.extend(Outcome::WORDS.map(str::to_owned));
    head.push("mean ms".to_owned());
    if prices {
        head.extend(["billed", "price", "amount"].map(str::to_owned));
    }
    let body = rows.iter().map(|row| {
        let mut cells: Vec<String> = by.iter().map(|name| cell(row, name)).collect();
        cells.push(row.calls.to_string());
        cells.extend(Outcome::WORDS.map(|word| row.calls_that(word).to_string()));
        let mean = row.time_us / row.calls.max(1);
        cells.push(format!("{}.{}", mean / 1000, mean % 1000 / 100));
        if prices {
            cells.push(row.billed().to_string());
            match row.price.zip(row.amount()) {
                Some((price, amount)) => {
                    cells.extend([price.to_string(), format!("{amount} {}", price.currency())]);
                }
                None => cells.extend(["-", "-"].map(str::to_owned)),
            }
        }
        cells
    });
    super::columns(std::iter::once(head).chain(body))
}
