//! The commands, one file each.

mod call;
mod check;
mod consumer;
mod contract;
mod curl;
mod key;
mod log;
mod secret;
mod usage;

use crate::arguments::Arguments;
use crate::exit::{Exit, Failure};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Find every problem of a board or a contract; sends nothing
    Check(check::Check),
    /// Call a URL, or an operation of an API
    Call(call::Call),
    /// Take a curl command line and behave as curl does
    Curl(curl::Curl),
    /// List calls, follow them, show one
    Log(log::Log),
    /// Add up what was called
    Usage(usage::Usage),
    /// Accounts that call
    Consumer(consumer::Consumer),
    /// Keys that we issue
    Key(key::Key),
    /// Secrets that providers gave us
    Secret(secret::Secret),
    /// What a contract says
    Contract(contract::Contract),
}

/// Runs the command; failures are printed here.
pub(crate) fn run(arguments: Arguments) -> Exit {
    let global = &arguments.global;
    let result = match arguments.command {
        Command::Check(check) => check.run(global),
        Command::Call(call) => call.run(global),
        Command::Curl(curl) => curl.run(global),
        Command::Log(log) => log.run(global),
        Command::Usage(usage) => usage.run(global),
        Command::Consumer(consumer) => consumer.run(global),
        Command::Key(key) => key.run(global),
        Command::Secret(secret) => secret.run(global),
        Command::Contract(contract) => contract.run(global),
    };
    result.unwrap_or_else(|failure| {
        global.terminal().failure(&failure);
        failure.exit
    })
}

/// A word of the manual that does nothing yet.
fn not_built_yet(what: &str) -> Failure {
    Failure::usage(format!("[not-built-yet] `{what}` is not built yet"))
}

/// The name nearest to what was typed, if one is near.
fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// Rows as aligned columns, two spaces between them.
fn columns(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(comfy_table::ContentArrangement::Disabled);
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A time of day with its date, as this machine's zone has it.
fn time_of(ms: u64) -> String {
    let moment =
        i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
