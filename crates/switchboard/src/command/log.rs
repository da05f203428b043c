//! `switchboard log`: the latest calls, oldest first; follow them with `-f`; one whole by its id.

mod line;
mod whole;

pub(crate) use line::text as line_of;
pub(super) use whole::decisions;

use crate::arguments::Global;
use crate::drive::{board_near_or_running, load_board, now_ms, period, read_ledger, runtime, stored};
use crate::exit::{Exit, Failure};
use board::Board;
use exchange::{CallId, CallRecord, Detail, Outcome, Reason};
use ledger::{CallFilter, CallPage, Ledger, StatusFilter};
use std::time::Duration;

/// Arguments of `log`.
#[derive(Debug, clap::Args)]
pub(crate) struct Log {
    /// Show this call whole: `c_…`, as in `X-Request-Id`
    id: Option<String>,
    /// Go on showing calls as they come
    #[arg(short, long)]
    follow: bool,
    /// How far back: `90s`, `15m`, `24h`, `7d`
    #[arg(long, default_value = "24h", value_name = "PERIOD")]
    since: String,
    /// How many
    #[arg(short = 'n', long, default_value_t = 50, value_name = "COUNT")]
    limit: u32,
    /// Only of this API
    #[arg(long)]
    api: Option<String>,
    /// Only of this operation
    #[arg(long)]
    operation: Option<String>,
    /// Only of this consumer
    #[arg(long, visible_alias = "consumer")]
    who: Option<String>,
    /// Only with this status or class: `404`, `4xx`
    #[arg(long)]
    status: Option<String>,
    /// Only with this outcome
    #[arg(long, value_parser = Outcome::WORDS)]
    outcome: Option<String>,
    /// Only refused or failed for this reason: `over-limit`
    #[arg(long)]
    reason: Option<String>,
    /// Only where the path begins so
    #[arg(long)]
    path: Option<String>,
    /// Only those that took longer: `300ms`, `2s`
    #[arg(long, value_name = "TIME")]
    slower: Option<String>,
    /// Only those that break their contract
    #[arg(long)]
    broken: bool,
    /// Only older than this call: to go on where a listing ended
    #[arg(long, value_name = "ID")]
    before: Option<String>,
    /// Print JSON, one call a line
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

impl Log {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder = board_near_or_running(global)?;
        let board = load_board(&folder, global)?;
        runtime()?.block_on(async {
            let ledger = read_ledger(&board).await?;
            match &self.id {
                Some(id) => self.show(id, &board, &ledger, global).await,
                None => self.list(&ledger, global).await,
            }
        })
    }

    async fn show(&self, id: &str, board: &Board, ledger: &Ledger, global: &Global) -> Result<Exit, Failure> {
        let id = call_id(id)?;
        let Some((record, detail)) = ledger.call(id).await.map_err(|error| stored(&error))? else {
            return Err(Failure::run(format!("there is no call `{id}` in this ledger")).help(
                "its row may have been sampled away, or its day dropped: see `keep` under `[ledger]`",
            ));
        };
        let terminal = global.terminal();
        if self.format == "json" {
            terminal.line(whole::as_json(&record, detail.as_ref()).to_string());
        } else {
            terminal.data(whole::text(&record, detail.as_ref(), board, terminal.colour_out));
        }
        Ok(Exit::Ok)
    }

    async fn list(&self, ledger: &Ledger, global: &Global) -> Result<Exit, Failure> {
        let filter = self.filter()?;
        let page = ledger.calls(&filter).await.map_err(|error| stored(&error))?;
        let terminal = global.terminal();
        // Whether somebody still reads.
        let print = |page: &CallPage| {
            page.rows.iter().rev().all(|record| {
                terminal.still_read(if self.format == "json" {
                    format!("{}\n", line::as_json(record))
                } else {
                    line::text(record, terminal.colour_out)
                })
            })
        };
        if !print(&page) {
            return Ok(Exit::Ok);
        }
        if self.follow {
            return self.follow(ledger, filter, print).await;
        }
        if page.rows.is_empty() {
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

    /// Asks again twice a second for what came since; ends when it is interrupted.
    async fn follow(
        &self,
        ledger: &Ledger,
        mut filter: CallFilter,
        print: impl Fn(&CallPage) -> bool,
    ) -> Result<Exit, Failure> {
        let mut seen: std::collections::BTreeSet<CallId> = std::collections::BTreeSet::new();
        let first = ledger.calls(&filter).await.map_err(|error| stored(&error))?;
        seen.extend(first.rows.iter().map(|record| record.id));
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
            // Rows are written when calls end, so an older id may come later: look a little back.
            filter.since_ms = Some(now_ms().saturating_sub(60_000));
            filter.limit = ledger::MOST_ROWS;
            let mut page = ledger.calls(&filter).await.map_err(|error| stored(&error))?;
            page.rows.retain(|record| seen.insert(record.id));
            if !print(&page) {
                return Ok(Exit::Ok);
            }
            let old = CallId::first_at(now_ms().saturating_sub(120_000));
            seen = seen.split_off(&old);
        }
    }

    fn filter(&self) -> Result<CallFilter, Failure> {
        let since = u64::try_from(period(&self.since)?.as_millis()).unwrap_or(u64::MAX);
        let status = match &self.status {
            Some(text) => Some(StatusFilter::parse(text).ok_or_else(|| {
                Failure::usage(format!("`{text}` is no status")).help("write `404` or `4xx`")
            })?),
            None => None,
        };
        let reason = match &self.reason {
            Some(slug) => Some(Reason::from_slug(slug).ok_or_else(|| {
                let failure = Failure::usage(format!("there is no reason `{slug}`"));
                match super::nearest(slug, Reason::ALL.iter().map(|reason| reason.slug())) {
                    Some(near) => failure.help(format!("did you mean `{near}`?")),
                    None => failure,
                }
            })?),
            None => None,
        };
        Ok(CallFilter {
            since_ms: Some(now_ms().saturating_sub(since)),
            until_ms: None,
            api: self.api.clone(),
            operation: self.operation.clone(),
            consumer: self.who.clone(),
            outcome: self.outcome.clone(),
            status,
            reason,
            path_prefix: self.path.clone(),
            took_over_us: self.slower.as_deref().map(micros).transpose()?,
            breaks_only: self.broken,
            before: self.before.as_deref().map(call_id).transpose()?,
            limit: self.limit.clamp(1, ledger::MOST_ROWS),
        })
    }
}

/// The call of this id. One that has only just ended may still be on its way to the disk: it is waited for.
pub(super) async fn find(ledger: &Ledger, id: CallId) -> Result<(CallRecord, Option<Detail>), Failure> {
    const ON_ITS_WAY_MS: u64 = 2_000;
    loop {
        if let Some(found) = ledger.call(id).await.map_err(|error| stored(&error))? {
            return Ok(found);
        }
        if now_ms() > id.at_ms() + ON_ITS_WAY_MS {
            return Err(Failure::run(format!("there is no call `{id}` in this ledger")).help(
                "its row may have been sampled away, or its day dropped: see `keep` under `[ledger]`",
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Reads a call's id.
pub(super) fn call_id(text: &str) -> Result<CallId, Failure> {
    CallId::parse(text).ok_or_else(|| {
        Failure::usage(format!("`{text}` is no id of a call")).help("an id is `c_` and 13 characters")
    })
}

fn micros(text: &str) -> Result<u64, Failure> {
    let wrong = || Failure::usage(format!("`{text}` is no time")).help("write `300ms` or `2s`");
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1_000),
        (None, Some(number)) => (number, 1_000_000),
        (None, None) => return Err(wrong()),
    };
    number.parse::<u32>().map(|number| u64::from(number) * unit).map_err(|_| wrong())
}
