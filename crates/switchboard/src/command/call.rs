//! `switchboard call`: a URL, or an operation of an API, with items and curl's flags.

mod acting;
mod aim;
mod asked;
mod batch;
pub(crate) mod check;
mod conditional;
pub(crate) mod config;
pub(crate) mod cookie;
mod data;
pub(crate) mod deliver;
pub(crate) mod draft;
mod each;
mod edit;
mod ending;
mod envelope;
mod fill;
pub(crate) mod flag;
mod form;
pub(crate) mod free;
pub(crate) mod history;
mod input;
mod item;
mod login;
mod manual;
mod media;
mod mocked;
mod near;
pub(crate) mod nearby;
mod nest;
mod netrc;
pub(crate) mod outcome;
mod pages;
mod payload;
mod prepare;
mod print;
pub(crate) mod progress;
pub(crate) mod redact;
pub(crate) mod redirect;
pub(crate) mod session;
mod supplied;
pub(crate) mod target;
mod trace;
pub(crate) mod trip;
mod typed;
mod until;
pub(crate) mod url;
pub(crate) mod wanted;
pub(crate) mod write_out;

use crate::arguments::Global;
use crate::exit::{Exit, Failure};
use crate::output::Format;
pub(crate) use aim::connection;
use check::CheckMode;
use flag::Flags;
use nearby::Nearby;
use print::Language;
use std::sync::Arc;
use wanted::Wanted;

/// Arguments of `call`.
#[derive(Debug, clap::Args)]
#[command(after_help = ITEMS, override_usage = USAGE, disable_help_flag = true)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, on or off as the user wrote it"
)]
pub(crate) struct Call {
    /// What to call, then items
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Print help: of this command, or of the API or operation that is named
    #[arg(short, long)]
    help: bool,
    #[command(flatten)]
    flags: Flags,
    /// Show the request and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the request as code and send nothing
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    print: Option<Language>,
    /// Secrets themselves instead of references (`--print`, `--dry-run`) and of `***` (`--format`, `--jq`)
    #[arg(long)]
    show_secrets: bool,
    /// Give what this jq program gives for the answer
    #[arg(long, value_name = "PROGRAM")]
    jq: Option<String>,
    /// The answer's format; default: laid out on a terminal, as it came elsewhere
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// When a message breaks its contract; default: requests block, responses report
    #[arg(long, value_enum, value_name = "MODE")]
    check: Option<CheckMode>,
    /// Call this server instead of the contract's
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The status that is expected: `200`, `2xx`, `200,404`
    #[arg(long, value_name = "STATUS")]
    expect: Option<String>,
    /// Keep header fields and cookies under this name, from call to call
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Fill what was not given with samples of the contract
    #[arg(long)]
    sample: bool,
    /// With `--sample`: the same number gives the same values
    #[arg(long, value_name = "N", default_value_t = 0, requires = "sample")]
    seed: u64,
    /// Print a body to begin with, and send nothing
    #[arg(long)]
    example: bool,
    /// Call as this consumer, through the board that runs here; stands in its audit
    #[arg(long = "as", value_name = "CONSUMER", conflicts_with_all = ["server", "connection", "rows", "all", "limit", "most", "until"])]
    as_consumer: Option<String>,
    /// The account at the provider: a `[apis.NAME.connection.…]` of the board
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    reading: crate::drive::Reading,
    #[command(flatten)]
    each: batch::Each,
    #[command(flatten)]
    keeping: history::Keeping,
    #[command(flatten)]
    pages: pages::Pages,
    #[command(flatten)]
    until: until::Until,
    #[command(flatten)]
    conditional: conditional::Conditional,
    #[command(flatten)]
    editor: edit::Edit,
    /// The words of a call that is made again.
    #[arg(skip)]
    again: Option<Vec<String>>,
}

const USAGE: &str = "switchboard call [METHOD] URL [ITEM…]
       switchboard call API.OPERATION [ITEM…]
       switchboard call CONTRACT-FILE OPERATION [ITEM…]";

const ITEMS: &str = "Items:
  name=value    the contract decides where it goes and which type it has; without one, a string of the JSON body
  name:=json    raw JSON            name==value   into the query
  Name:value    a header            Name:         no such header      Name;   an empty one
  name@file     a file part         name=@file    the value is in a file
  @body.json    the whole body      @-            the whole body from standard input
  a[b][]=x      nested              \\             takes a separator's meaning away";

/// The API of this name on the board that lies near here, as `call` finds it.
pub(crate) fn nearby_api(name: &str, global: &Global) -> Result<Arc<board::Api>, Failure> {
    let nearby = Nearby::looking(global);
    if let Some(api) = nearby.api(name)? {
        return Ok(Arc::clone(api));
    }
    match nearby.board()? {
        Some(board) => super::known::api(board, name).cloned(),
        None => Err(Failure::usage(format!("`{name}` is no file, and there is no board here that has it"))),
    }
}

impl Call {
    /// The same call, made by these words.
    pub(crate) fn again(mut self, words: Vec<String>) -> Self {
        self.again = Some(words);
        self
    }

    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        if self.help {
            return self.manual(global);
        }
        let wanted = Wanted::read(&self.flags)?;
        let mut terminal = global.terminal();
        terminal.quiet |= wanted.silent;
        let loud = !wanted.silent || wanted.show_error;
        // `--url` is the first word, whatever is done with it.
        let words = wanted.transfer.urls.first().into_iter().chain(&self.words).cloned().collect();
        let (words, written) = self.edited(words, global)?;
        let result = self.prepared(global, (&words, wanted), terminal);
        let result = match written {
            Some(written) => written.ended(result, terminal),
            None => result,
        };
        match result {
            // `-s`: nothing on stderr, the exit code says it.
            Err(failure) if !loud && failure.exit != Exit::Usage => Ok(failure.exit),
            done => done,
        }
    }
}
