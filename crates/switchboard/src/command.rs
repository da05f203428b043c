//! The commands, one file each.

mod access;
mod add;
mod auth;
mod call;
mod check;
mod completion;
mod console;
mod consumer;
mod contract;
mod curl;
mod demo;
mod diff;
mod explain;
mod init;
mod key;
mod known;
mod limits;
mod log;
mod mock;
mod offer;
mod place;
mod proxy;
mod reload;
mod secret;
mod serve;
mod usage;

pub(crate) use explain::Question;
pub(crate) use known::{Named, known_plan};
pub(crate) use log::{Wanted, line_of, row_of};
use place::Place;
pub(crate) use reload::PATIENCE as RELOAD_PATIENCE;

use crate::arguments::Arguments;
use crate::exit::{Exit, Failure};
use crate::output::aligned as columns;

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// See it: two APIs, callers, a console; offline
    Demo(demo::Demo),
    /// Put a key and a limit before a server
    Proxy(proxy::Proxy),
    /// Answer as a contract says, without a provider
    Mock(mock::Mock),
    /// Make this folder a board
    Init(init::Init),
    /// Put an API on the board
    Add(add::Add),
    /// Offer an API of the board, or some of its operations, to holders of a plan
    Offer(offer::Offer),
    /// Find every problem of a board or a contract; sends nothing
    Check(check::Check),
    /// What changes for whom: the board here, and the one that runs, a revision of git, or another one
    Diff(diff::Diff),
    /// Run the board
    Serve(serve::Serve),
    /// Take over what the board's files say now, in every process that serves it
    Reload,
    /// Call a URL, or an operation of an API
    Call(call::Call),
    /// Take a curl command line and behave as curl does
    Curl(curl::Curl),
    /// What happens to a request, and which line says so; a call; a word
    Explain(explain::Explain),
    /// What limits stand at in the board that runs, for a consumer or an address
    Limits(limits::Limits),
    /// List calls, follow them, show one
    Log(log::Log),
    /// Add up what was called
    Usage(usage::Usage),
    /// Accounts that call
    Consumer(consumer::Consumer),
    /// Keys that we issue
    Key(key::Key),
    /// Plans that are asked for: ask, list, approve, deny
    Access(access::Access),
    /// Logins at providers: log in, look, forget
    Auth(auth::Auth),
    /// Secrets that providers gave us
    Secret(secret::Secret),
    /// What a contract says
    Contract(contract::Contract),
    /// The console of the board that runs
    Console(console::Console),
    /// A script that completes APIs, operations, items and consumers in a shell
    Completion(completion::Completion),
    #[command(hide = true)]
    Complete(completion::Complete),
}

/// Runs the command; failures are printed here.
pub(crate) fn run(arguments: Arguments) -> Exit {
    let global = &arguments.global;
    let result = match arguments.command {
        Command::Init(init) => init.run(global),
        Command::Add(add) => add.run(global),
        Command::Offer(offer) => offer.run(global),
        Command::Demo(demo) => demo.run(global),
        Command::Proxy(proxy) => proxy.run(global),
        Command::Mock(mock) => mock.run(global),
        Command::Serve(serve) => serve.run(global),
        Command::Reload => reload::run(global),
        Command::Explain(explain) => explain.run(global),
        Command::Console(console) => console.run(global),
        Command::Check(check) => check.run(global),
        Command::Diff(diff) => diff.run(global),
        Command::Call(call) => call.run(global),
        Command::Curl(curl) => curl.run(global),
        Command::Limits(limits) => limits.run(global),
        Command::Log(log) => log.run(global),
        Command::Usage(usage) => usage.run(global),
        Command::Consumer(consumer) => consumer.run(global),
        Command::Key(key) => key.run(global),
        Command::Access(access) => access.run(global),
        Command::Auth(auth) => auth.run(global),
        Command::Secret(secret) => secret.run(global),
        Command::Contract(contract) => contract.run(global),
        Command::Completion(completion) => Ok(completion.run(global)),
        Command::Complete(complete) => Ok(complete.run(global)),
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

/// A name that is longer is not compared.
const LONGEST_NAME: usize = 200;

/// The name nearest to what was typed, if one is near; capitals make no difference.
pub(crate) fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Nobody mistypes so much, and comparing takes the product of both lengths.
    if typed.len() > LONGEST_NAME {
        return None;
    }
    let lower = typed.to_lowercase();
    let near = |name: &&str| 1 + name.chars().count().max(typed.chars().count()) / 4;
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= near(name))
        .min()
        .map(|(_, name)| name)
}

/// A time of day with its date, as this machine's zone has it.
pub(crate) fn time_of(ms: u64) -> String {
    let moment =
        i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How this binary is called in lines to paste: by its name where the path finds it, else by its own path.
fn paste() -> String {
    let own = std::env::current_exe().unwrap_or_else(|_| "switchboard".into());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("switchboard"))
        .find(|candidate| candidate.is_file())
        .and_then(|candidate| candidate.canonicalize().ok());
    if found.is_some_and(|found| found == own) { "switchboard".to_owned() } else { own.display().to_string() }
}
