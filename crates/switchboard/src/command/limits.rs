//! `switchboard limits`: what limits stand at, for a consumer or an address, in the board that runs.
//!
//! Every process is asked. Calls at once are counted by each process for itself: what is used and what is left add up. A
//! rate and a quota are one for all: what the least of them is left with holds.

use super::columns;
use super::known::{Named, apart, key};
use super::known_plan;
use crate::arguments::Global;
use crate::drive::socket::{Route, ask_all};
use crate::drive::{Books, board_near_or_running, read_ledger, runtime};
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;

/// How long an answer may take: quotas may have to be asked of a database.
const PATIENCE: Duration = Duration::from_secs(20);

/// Arguments of `limits`.
#[derive(Debug, clap::Args)]
pub(crate) struct Limits {
    /// A consumer, or an address
    #[arg(value_name = "CONSUMER|IP")]
    whose: String,
    /// A consumer's limits per address, for this one
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Only of this plan
    #[arg(long)]
    plan: Option<String>,
    /// Only of what counts calls of this API
    #[arg(long)]
    api: Option<String>,
    /// Only of what counts calls of this operation
    #[arg(long)]
    operation: Option<String>,
    /// Only of what counts calls with this key: `k_…`
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    #[command(flatten)]
    listing: Listing,
}

/// What a process says.
#[derive(Debug, Deserialize)]
struct Said {
    pid: u32,
    limits: Vec<Row>,
    more: bool,
}

/// A limit as it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    plan: String,
    limit: String,
    at: String,
    kind: String,
    per: String,
    soft: bool,
    key: Option<String>,
    key_ending: Option<String>,
    api: Option<String>,
    operation: Option<String>,
    most: u64,
    used: u64,
    left: u64,
    more_in_ms: u64,
}

impl Limits {
    /// Runs it.
    pub(crate) fn run(mut self, global: &Global) -> Result<Exit, Failure> {
        let books = Books::open(&board_near_or_running(global)?, global)?;
        apart(&mut self.api, &mut self.operation, Some(&books));
        if let (Some(plan), Some(board)) = (&self.plan, books.board()) {
            known_plan(board, plan)?;
        }
        let (consumer, address) = match self.whose.parse::<IpAddr>() {
            Ok(address) => (None, Some(address)),
            Err(_) => (Some(self.whose.as_str()), self.address),
        };
        let question = json!({
            "consumer": consumer,
            "address": address,
            "plan": self.plan,
            "api": self.api,
            "operation": self.operation,
            "key": self.key,
        });
        let (said, alone) = runtime()?.block_on(async {
            let named = Named { api: self.api.as_deref(), operation: self.operation.as_deref(), consumer };
            let ledger = read_ledger(&books).await?;
            named.check(books.board(), &ledger).await?;
            if let Some(id) = &self.key {
                key(&books, &ledger, id, consumer).await?;
            }
            let said = self.ask(&books, &question).await?;
            let alone = if said.len() > 1 { alone(&books).await } else { None };
            Ok::<_, Failure>((said, alone))
        })?;
        let terminal = global.terminal();
        let (processes, more) = (said.len(), said.iter().any(|said| said.more));
        let limits = merged(said);
        if limits.is_empty() && self.listing.is_text() {
            terminal.say(format!("`{}` has no limits here", self.whose));
        } else {
            let rows = limits.iter().map(Merged::as_json).collect();
            self.listing.print(rows, || columns(limits.iter().map(Merged::words)), terminal)?;
        }
        if processes > 1 {
            let rates = if alone.is_none() { "rates and quotas" } else { "quotas" };
            terminal.say(format!(
                "  {processes} processes share {rates}; each lets in the whole of calls at once"
            ));
        }
        if let Some(why) = alone {
            terminal
                .say(format!("  rates are not shared at the moment, each process counts for itself: {why}"));
        }
        if more {
            terminal.say("  there are more: name an `--api` and an `--operation`, or a `--key`");
        }
        Ok(Exit::Ok)
    }

    async fn ask(&self, books: &Books, question: &Value) -> Result<Vec<Said>, Failure> {
        let mut all = Vec::new();
        for (_, answer) in ask_all(books.folder(), Route::Limits, question, PATIENCE).await {
            let said = serde_json::from_value(answer?);
            all.push(said.map_err(|_| Failure::run("the running board is of another version: restart it"))?);
        }
        if all.is_empty() {
            return Err(Failure::run("this board does not run, so nothing is counted: every rate is whole")
                .help("start it: switchboard serve"));
        }
        Ok(all)
    }
}

/// Why a process counts rates for itself, if one does.
async fn alone(books: &Books) -> Option<String> {
    let said = ask_all(books.folder(), Route::Health, &Value::Null, PATIENCE).await;
    said.into_iter().find_map(|(_, health)| match health {
        Ok(health) => Some(health["rates"]["away"].as_str()?.to_owned()),
        Err(failure) => Some(failure.message),
    })
}

/// One limit, by what all processes say of it.
#[derive(Debug)]
struct Merged {
    row: Row,
    by: Vec<(u32, u64, u64)>,
}

fn merged(said: Vec<Said>) -> Vec<Merged> {
    let mut all: Vec<Merged> = Vec::new();
    for Said { pid, limits, .. } in said {
        for row in limits {
            let by = (pid, row.used, row.left);
            let Some(known) = all.iter_mut().find(|known| known.row.same(&row)) else {
                all.push(Merged { row, by: vec![by] });
                continue;
            };
            known.by.push(by);
            let sum = &mut known.row;
            sum.more_in_ms = sum.more_in_ms.max(row.more_in_ms);
            if row.kind == "at-once" {
                sum.used += row.used;
                sum.left += row.left;
                sum.most += row.most;
            } else {
                sum.left = sum.left.min(row.left);
                sum.used = sum.used.max(row.used);
            }
        }
    }
    all
}

impl Row {
    /// Whether it is the same limit, for the same key and operation; after half a reload it is another one.
    fn same(&self, other: &Self) -> bool {
        let of = |row: &Self| {
            (
                row.plan.clone(),
                row.limit.clone(),
                row.at.clone(),
                row.key.clone(),
                row.api.clone(),
                row.operation.clone(),
            )
        };
        of(self) == of(other)
    }
}

impl Merged {
    fn as_json(&self) -> Value {
        let by: Vec<Value> = self
            .by
            .iter()
            .map(|(pid, used, left)| json!({ "pid": pid, "used": used, "left": left }))
            .collect();
        let mut row = serde_json::to_value(&self.row).unwrap_or_default();
        row["processes"] = by.into();
        row
    }

    fn words(&self) -> Vec<String> {
        let row = &self.row;
        let mut of = match (&row.api, &row.operation) {
            (Some(api), Some(operation)) => format!("{api}.{operation}"),
            (Some(api), None) => api.clone(),
            _ => String::new(),
        };
        if let Some(key) = &row.key {
            let ending = row.key_ending.as_ref().map(|tail| format!(", ending {tail}")).unwrap_or_default();
            of = format!("key {key}{ending}");
        }
        let more = match row.more_in_ms {
            0 => String::new(),
            ms => {
                let what = if row.kind == "quota" { "more" } else { "full again" };
                format!("{what} in {}", gateway::wait(Duration::from_millis(ms)))
            }
        };
        let (used, left) = match row.kind.as_str() {
            "at-once" => ("running", "free"),
            _ => ("used", "left"),
        };
        let soft = if row.soft { "soft: nobody is refused" } else { "" };
        vec![
            row.plan.clone(),
            row.limit.clone(),
            of,
            format!("{} {used}", row.used),
            format!("{} {left}", row.left),
            more,
            soft.to_owned(),
            row.at.clone(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, Said, merged};

    #[test]
    fn calls_at_once_of_processes_add_up_and_a_rate_and_a_quota_are_one_for_all() {
        let row = |kind: &str, key: Option<&str>, most, used| Row {
            plan: "free".into(),
            limit: kind.into(),
            at: "switchboard.toml:9".into(),
            kind: kind.into(),
            per: "consumer".into(),
            soft: false,
            key: key.map(str::to_owned),
            key_ending: None,
            api: None,
            operation: None,
            most,
            used,
            left: most - used,
            more_in_ms: used,
        };
        let said = |pid, limits| Said { pid, limits, more: false };
        let all = merged(vec![
            said(
                1,
                vec![
                    row("at-once", None, 60, 10),
                    row("quota", None, 1000, 70),
                    row("rate", Some("k_1"), 5, 1),
                ],
            ),
            said(
                2,
                vec![
                    row("at-once", None, 60, 4),
                    row("quota", None, 1000, 90),
                    row("rate", Some("k_1"), 5, 2),
                ],
            ),
        ]);
        let told: Vec<_> = all
            .iter()
            .map(|one| (one.row.kind.as_str(), one.row.most, one.row.used, one.row.left, one.by.len()))
            .collect();
        assert_eq!(told, [("at-once", 120, 14, 106, 2), ("quota", 1000, 90, 910, 2), ("rate", 5, 2, 3, 2)]);
        assert_eq!(all[0].row.more_in_ms, 10);
    }
}
