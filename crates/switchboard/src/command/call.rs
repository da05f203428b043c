//! `switchboard call`: a URL, or an operation of an API, with items and curl's flags.

mod acting;
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
use crate::output::{Format, jq};
use check::CheckMode;
use cookie::Cookies;
use draft::{Draft, Named};
use flag::Flags;
use item::Item;
use nearby::Nearby;
use print::Language;
use session::Session;
use std::sync::Arc;
use target::Target;
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
        let (words, written) = self.edited(global)?;
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

    fn prepared(
        &self,
        global: &Global,
        (words, mut wanted): (&[String], Wanted),
        terminal: crate::terminal::Terminal,
    ) -> Result<Exit, Failure> {
        if let Some(program) = &self.jq {
            jq::check(program)?;
        }
        let expected = self.expect.as_deref().map(ending::Expected::read).transpose()?;
        let nearby = Nearby::new(global).with(&self.reading);
        if self.example {
            let (target, _) = target::read(&self.words, &nearby)?;
            let Target::Operation(_, _, operation) = target else {
                return Err(Failure::usage("`--example` needs an operation: a URL has no contract"));
            };
            terminal.data(fill::skeleton(&operation)?);
            return Ok(Exit::Ok);
        }
        if let Some(file) = self.each.file()? {
            return self.each_row(file, &nearby, &wanted, terminal, expected);
        }
        let mut draft = self.draft(&nearby, words, &mut wanted)?;
        let from = deliver::resume::ask(&mut draft, &wanted, true)?;
        let mut cookies = Cookies::read(&wanted.transfer)?;
        let session = self.session.as_deref().map(|name| Session::open(name, &draft)).transpose()?;
        if let Some(session) = &session {
            session.apply(&mut draft, &wanted, &mut cookies)?;
        }
        draft.cookies(&cookies, true)?;
        let redaction = draft.redaction();
        redaction.learn();
        call::learn(&wanted.connection.secrets());
        let keeper = self.conditional.apply(&mut draft, &wanted, terminal)?;
        let request_mode = self.check.unwrap_or(CheckMode::Block);
        let found = if request_mode == CheckMode::Off { Vec::new() } else { check::request(&draft) };
        if !found.is_empty() {
            let lines = envelope::lines(&found, &draft);
            if request_mode == CheckMode::Block && self.print.is_none() {
                return Err(Failure::usage(format!(
                    "the request breaks its contract, nothing was sent\n  {}",
                    lines.join("\n  ")
                ))
                .exit(Exit::RequestBreaks)
                .help(check::help(&found, &draft, &self.words)));
            }
            for line in lines {
                terminal.say(format!("request breaks its contract: {line}"));
            }
        }
        if self.dry_run {
            terminal.data(trace::request(&draft, &redaction, self.show_secrets));
            if let Some(plan) = self.pages.plan(&draft, &wanted, self.format)? {
                terminal.say(plan.words(&draft));
            }
            return Ok(Exit::Ok);
        }
        if let Some(language) = self.print {
            let code = print::code(language, &draft, &wanted, self.show_secrets)?;
            if !self.show_secrets && code.contains("***") {
                terminal
                    .say("a secret of the body stands as `***`: put it in, or print with `--show-secrets`");
            }
            terminal.line(code);
            return Ok(Exit::Ok);
        }
        let asked = asked::Asked {
            format: self.format,
            jq: self.jq.as_deref(),
            responses: self.check.unwrap_or(CheckMode::Report),
            expected,
            request_breaks: found,
            from,
            history: self.keeping.begin(&draft, &nearby, self.command_line()).into(),
            redaction,
            show_secrets: self.show_secrets,
            keeper,
        };
        let sent = match &self.as_consumer {
            Some(name) => acting::send(name, &draft, &nearby, &wanted, terminal, &asked, &mut cookies),
            None => self.sent(&draft, &wanted, terminal, &asked, &mut cookies),
        };
        cookies.save(&wanted.transfer)?;
        if let Some(session) = session {
            session.save(&draft, &wanted, &cookies)?;
        }
        sent
    }

    /// Sends the draft: once, until something holds, or page by page.
    fn sent(
        &self,
        draft: &Draft,
        wanted: &Wanted,
        terminal: crate::terminal::Terminal,
        asked: &asked::Asked<'_>,
        cookies: &mut Cookies,
    ) -> Result<Exit, Failure> {
        if let Some(until) = self.until.condition(draft)? {
            return until::poll(&until, draft, wanted, terminal, asked, cookies);
        }
        // A condition is about one answer, and so is what it says.
        let plan =
            if self.conditional.if_changed { None } else { self.pages.plan(draft, wanted, self.format)? };
        match plan {
            Some(plan) => pages::walk(&plan, draft, wanted, terminal, asked, cookies),
            None => outcome::send(draft, wanted, terminal, asked, cookies),
        }
    }

    /// What the words and flags make.
    fn draft(&self, nearby: &Nearby<'_>, words: &[String], wanted: &mut Wanted) -> Result<Draft, Failure> {
        let mut words = words.to_vec();
        if let Some(url) = wanted.transfer.urls.first() {
            words.insert(0, url.clone());
        }
        let (target, taken) = target::read(&words, nearby)?;
        let rest = &words[taken.min(words.len())..];
        match target {
            Target::Url(method, url) => {
                if self.sample {
                    return Err(Failure::usage("`--sample` needs an operation: a URL has no contract"));
                }
                if self.server.is_some() {
                    return Err(Failure::usage(
                        "`--server` needs an operation: a URL names its server itself",
                    ));
                }
                let items = rest.iter().map(|word| Item::read(word, &[])).collect::<Result<Vec<_>, _>>()?;
                free::draft(method, url, items, wanted, outcome::RETRIES)
            }
            Target::Operation(api, contract, operation) => {
                let seed = self.sample.then_some(self.seed);
                let named = Named { api, operation, contract };
                if let Some(name) = &self.as_consumer {
                    let offered = acting::offered(&named, nearby, name)?;
                    // What the provider's credential gives is not asked of the consumer, and not sent.
                    let credentials = named.api.as_ref().map(|api| api.upstream.credentials.clone());
                    let upstream =
                        board::Upstream { credentials: credentials.unwrap_or_default(), ..offered };
                    let mut draft = typed::draft(named, upstream, rest, wanted, seed)?;
                    draft.upstream.credentials.clear();
                    return Ok(draft);
                }
                let upstream = self.upstream(named.api.as_deref(), &named.contract, wanted)?;
                let mut draft = typed::draft(named, upstream, rest, wanted, seed)?;
                draft.login =
                    self.login(draft.named.as_ref().and_then(|named| named.api.as_ref()), nearby)?;
                draft.choose();
                Ok(draft)
            }
        }
    }

    /// Where an operation is called: `--server`, else the API's provider, else the contract's first server.
    fn upstream(
        &self,
        api: Option<&board::Api>,
        contract: &contract::Contract,
        wanted: &Wanted,
    ) -> Result<board::Upstream, Failure> {
        let named = |text: &str| {
            let mut url = url::Url::read(text, "https")?;
            url.server.base = url.path.trim_end_matches('/').into();
            Ok::<_, Failure>(url.server)
        };
        let Some(api) = api else {
            if self.connection.is_some() {
                return Err(Failure::usage("`--connection` needs an API of the board"));
            }
            let first = contract.servers.first().map(contract::Server::address);
            let server = match (&self.server, &first) {
                (Some(server), _) => named(server)?,
                (None, Some(server)) if server.contains("://") => named(server)?,
                _ => {
                    return Err(Failure::usage(format!("`{}` names no server", contract.name))
                        .help("name it: `--server URL`"));
                }
            };
            return Ok(draft::upstream(server, wanted, outcome::RETRIES));
        };
        let mut upstream = match &self.connection {
            Some(name) => (**connection(api, name)?).clone(),
            None => (*api.upstream).clone(),
        };
        if let Some(authority) = &wanted.authority {
            upstream.authority = Some(Arc::from(authority.as_slice()));
        }
        upstream.total_timeout = wanted.max_time.or(upstream.total_timeout);
        if self.server.is_none() {
            mocked::nowhere(api)?;
        }
        if let Some(server) = &self.server {
            let server = named(server)?;
            // A credential never follows to another origin (RFC 6454 §4).
            let same = |known: &board::ServerUrl| {
                known.https == server.https && known.host == server.host && known.port == server.port
            };
            if !upstream.servers.iter().any(same) {
                upstream.credentials.clear();
            }
            upstream.servers = vec![server];
        }
        Ok(upstream)
    }

    /// The words that make this call again.
    fn command_line(&self) -> Vec<String> {
        let own = || std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        self.again.clone().unwrap_or_else(own)
    }

    /// The words that log in at an API; tells of a login that is there and of no use.
    fn login(&self, api: Option<&Arc<board::Api>>, nearby: &Nearby<'_>) -> Result<Option<String>, Failure> {
        let Some((api, board)) = api.and_then(|api| Some((api, nearby.board_of(api)?))) else {
            return Ok(None);
        };
        let name = self.connection.as_deref();
        login::look(api, name, board, nearby.terminal())?;
        let flag = name.map_or(String::new(), |name| format!(" --connection {name}"));
        Ok(Some(format!("{}{flag}", api.name)))
    }
}

/// The provider of an API with the account of this name.
pub(crate) fn connection<'a>(api: &'a board::Api, name: &str) -> Result<&'a Arc<board::Upstream>, Failure> {
    if let Some((_, upstream)) = api.connections.iter().find(|(known, _)| known == name) {
        return Ok(upstream);
    }
    let names = || api.connections.iter().map(|(known, _)| known.as_str());
    let failure = Failure::usage(format!("`{}` has no connection `{name}`", api.name));
    Err(match near::meant(name, names()) {
        Some(meant) => failure.help(meant),
        None => failure.help(format!("write `[apis.{}.connection.{name}]` into the board", api.name)),
    })
}
