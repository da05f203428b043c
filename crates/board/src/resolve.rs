//! From text to a running board: all problems at once, nothing left that must still be looked up.

use crate::keys::Keys;
use crate::made_of::MadeOf;
use crate::plan::Planned;
use crate::report::{Problem, Report};
use crate::scope::Scope;
use crate::secret::Secrets;
use crate::tree::{At, SourceFile, Table, merge, read};
use crate::{
    Alert, Api, BoardConsumers, ConsoleSettings, Diagnostics, Known, LedgerSettings, Listener, Outside, Plan,
    RecordSettings, Router, alert, api, code, console, consumer, ledger, listen, plan, record, webhook,
};
use contract::Span;
use exchange::{PlanName, PolicyId, Secret};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that a board is.
pub(crate) const FILE: &str = "switchboard.toml";
/// A board's text is written by people.
const LARGEST: usize = 4 * 1024 * 1024;
const KNOWN: &[&str] =
    &["listen", "apis", "plans", "consumers", "secrets", "console", "ledger", "record", "webhooks", "alerts"];
const LATER: &[&str] = &["issuers", "flows", "connections", "terms", "portal", "guard", "export"];

/// A resolved board: what runs.
#[derive(Clone, Debug)]
pub struct Board {
    /// The folder it lies in.
    pub folder: PathBuf,
    /// The overlay that was merged in (`--env`).
    pub env: Option<String>,
    /// Fingerprint of everything it was made from; shown in health and logs.
    pub revision: u64,
    /// Listeners, in file order.
    pub listeners: Vec<Listener>,
    /// One router for each listener.
    pub routers: Vec<Router>,
    /// APIs, in file order.
    pub apis: Vec<Arc<Api>>,
    /// Plans, in file order.
    pub plans: Vec<Arc<Plan>>,
    /// Consumers that the board itself names.
    pub consumers: BoardConsumers,
    /// Every secret that was resolved: for redaction by value.
    pub secrets: Vec<Secret>,
    /// Names under `[secrets]`: for completion.
    pub secret_names: Vec<String>,
    /// Where the ledger is.
    pub ledger: LedgerSettings,
    /// How much of calls is kept.
    pub record: RecordSettings,
    /// Thresholds, and who is told, in file order.
    pub alerts: Vec<Alert>,
    /// The console's listener; none: the console is off.
    pub console: Option<ConsoleSettings>,
    /// The texts it was made from.
    pub(crate) made_of: MadeOf,
    /// What somebody should know, though it runs.
    pub warnings: Diagnostics,
}

impl Board {
    /// The API of this name.
    pub fn api(&self, name: &str) -> Option<&Arc<Api>> {
        self.apis.iter().find(|api| api.name.as_str() == name)
    }

    /// Which limits a plan has: for [`exchange::Accounts::new`].
    pub fn limits_of(&self, plan: &PlanName) -> Vec<PolicyId> {
        let plan = self.plans.iter().find(|known| known.name == *plan);
        plan.map_or_else(Vec::new, |plan| plan.limits.iter().map(|limit| limit.policy.clone()).collect())
    }
}

/// Loads the board in `folder`: `switchboard.toml`, and `switchboard.ENV.toml` over it.
///
/// # Errors
/// All problems, when one of them is an error; warnings come with the board.
pub fn load(folder: &Path, env: Option<&str>, outside: &dyn Outside) -> Result<Board, Diagnostics> {
    load_with(folder, env, outside, None)
}

/// As [`load`], for a command that shows no warnings: `known` gives contracts that need not be read.
///
/// # Errors
/// Problems, without what only reading the contracts shows: for all of them there is [`load`].
pub fn look(
    folder: &Path,
    env: Option<&str>,
    outside: &dyn Outside,
    known: Known<'_>,
) -> Result<Board, Diagnostics> {
    load_with(folder, env, outside, Some(known))
}

fn load_with(
    folder: &Path,
    env: Option<&str>,
    outside: &dyn Outside,
    known: Option<Known<'_>>,
) -> Result<Board, Diagnostics> {
    let report = Report::default();
    let files = files(folder, env, outside, &report);
    resolve(Given { folder, base: folder, env, files: &files }, outside, known, report)
}

/// Where the ledger of the board in `folder` is, and what it keeps; APIs and contracts are not looked at: for a command that
/// only adds a call.
///
/// # Errors
/// Faults of the files, and of these two tables.
pub fn ledger_of(
    folder: &Path,
    env: Option<&str>,
    outside: &dyn Outside,
) -> Result<(LedgerSettings, RecordSettings), Diagnostics> {
    let report = Report::default();
    let files = files(folder, env, outside, &report);
    let Some((table, start)) = table(&Given { folder, base: folder, env, files: &files }, &report) else {
        return Err(report.finish());
    };
    let root = Keys::root(&table, &start, KNOWN, LATER, &report);
    let scope = Scope::new(outside, folder, &report, Secrets::new(&root, outside, folder, &report));
    let found = (ledger::resolve(&root, folder, &scope), record::resolve(&root, &scope));
    if report.any() { Err(report.finish()) } else { Ok(found) }
}

/// Where the ledger of the board in `folder` is, also where the rest of the board is wrong: for a command that needs the ledger
/// and nothing else. `None`: the files do not say it beyond doubt; [`load`] tells why.
pub fn ledger_alone(folder: &Path, env: Option<&str>, outside: &dyn Outside) -> Option<LedgerSettings> {
    let (of_files, of_root, of_secrets, own) =
        (Report::default(), Report::default(), Report::default(), Report::default());
    let files = files(folder, env, outside, &of_files);
    let (table, start) = table(&Given { folder, base: folder, env, files: &files }, &of_files)?;
    let root = Keys::root(&table, &start, KNOWN, LATER, &of_root);
    let scope = Scope::new(outside, folder, &own, Secrets::new(&root, outside, folder, &of_secrets));
    let found = ledger::resolve(&root, folder, &scope);
    // A table that nobody knows may be a misspelt `[ledger]`, and a name under `[secrets]` the database's.
    let may_be_elsewhere =
        root.entry("ledger").is_none() && of_root.any() || found.postgres.is_some() && of_secrets.any();
    (!of_files.any() && !own.finish().has_errors() && !may_be_elsewhere).then_some(found)
}

/// The board's file, and the one that is laid over it.
fn files(folder: &Path, env: Option<&str>, outside: &dyn Outside, report: &Report) -> Vec<Arc<SourceFile>> {
    let mut files: Vec<Arc<SourceFile>> = text_of(folder, FILE, outside, report).into_iter().collect();
    if let Some(env) = env {
        if env.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) && !env.is_empty() {
            files.extend(text_of(folder, &format!("switchboard.{env}.toml"), outside, report));
        } else {
            report.add(Problem::error(
                &code::BAD_NAME,
                format!("`{env}` cannot be the name of an environment"),
            ));
        }
    }
    files
}

/// Loads a board from a text, as if it were the file in `folder`; paths in it are relative to `base`.
pub(crate) fn load_text(
    folder: &Path,
    base: &Path,
    text: &str,
    outside: &dyn Outside,
) -> Result<Board, Diagnostics> {
    let file = Arc::new(SourceFile { name: FILE.into(), text: text.into() });
    resolve(Given { folder, base, env: None, files: &[file] }, outside, None, Report::default())
}

fn text_of(folder: &Path, name: &str, outside: &dyn Outside, report: &Report) -> Option<Arc<SourceFile>> {
    let fault = match outside.file(&folder.join(name)) {
        Ok(bytes) if bytes.len() > LARGEST => "it is larger than 4 MiB".to_owned(),
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Some(Arc::new(SourceFile { name: name.into(), text: text.into() })),
            Err(error) => format!("it is no UTF-8 from byte {} on", error.utf8_error().valid_up_to()),
        },
        Err(why) => why.to_string(),
    };
    report.add(Problem::error(&code::UNREADABLE, format!("{name} cannot be read: {fault}")).help(
        if name == FILE {
            "`switchboard init` writes a new board; `--board DIR` names another folder".to_owned()
        } else {
            format!("`--env` lays `{name}` over the board: write that file, or leave `--env` out")
        },
    ));
    None
}

#[derive(Clone, Copy)]
struct Given<'g> {
    folder: &'g Path,
    base: &'g Path,
    env: Option<&'g str>,
    files: &'g [Arc<SourceFile>],
}

fn resolve(
    given: Given<'_>,
    outside: &dyn Outside,
    known: Option<Known<'_>>,
    report: Report,
) -> Result<Board, Diagnostics> {
    let Some((table, start)) = table(&given, &report) else {
        return Err(report.finish());
    };
    let mut board = resolve_table(&given, (&table, &start), outside, known, &report);
    let found = report.finish();
    if found.has_errors() {
        return Err(found);
    }
    board.warnings = found;
    Ok(board)
}

/// The merged files; `None`: one of them cannot be read, and it was told.
fn table(given: &Given<'_>, report: &Report) -> Option<(Table, At)> {
    let mut tables = Vec::new();
    for file in given.files {
        match read(file) {
            Ok(table) => tables.push(table),
            Err(faults) => {
                for fault in faults {
                    report.add(
                        Problem::error(&code::SYNTAX, format!("{} is not TOML: {}", file.name, fault.why))
                            .at(&fault.at, "here"),
                    );
                }
            }
        }
    }
    if tables.len() != given.files.len() || report.any() {
        return None;
    }
    let mut tables = tables.into_iter();
    let mut merged = tables.next()?;
    for over in tables {
        for at in merge(&mut merged, over) {
            report.add(
                Problem::error(&code::REMOVES_NOTHING, "there is nothing to remove".to_owned())
                    .at(&at, "not in the base file"),
            );
        }
    }
    Some((merged, At { file: Arc::clone(given.files.first()?), span: Span::default() }))
}

fn resolve_table(
    given: &Given<'_>,
    (table, start): (&Table, &At),
    outside: &dyn Outside,
    known: Option<Known<'_>>,
    report: &Report,
) -> Board {
    let root = Keys::root(table, start, KNOWN, LATER, report);
    let secrets = Secrets::new(&root, outside, given.base, report);
    let scope = Scope::new(outside, given.base, report, secrets).knowing(known);
    for file in given.files {
        scope.made_from(file.text.as_bytes());
    }
    let listeners = listen::resolve(&root, &scope);
    let plans = plan::resolve(&root, &scope);
    let apis = api::resolve(&root, &listeners, &plans, &scope);
    let consumers = consumer::resolve(&root, &plans, &apis, &scope);
    for listener in &listeners {
        if let Some(tls) = &listener.tls {
            scope.secrets.note(&tls.key);
        }
    }
    tell_idle(&apis, &plans, &consumers, &root, report);
    tell_shared_addresses(&apis, &listeners, report);
    let webhooks = webhook::resolve(&root, &scope);
    let routers =
        (0..listeners.len()).map(|listener| Router::new(listener, apis.iter().map(|api| &api.api))).collect();
    Board {
        folder: given.folder.to_owned(),
        env: given.env.map(str::to_owned),
        routers,
        apis: apis.into_iter().map(|api| Arc::new(api.api)).collect(),
        consumers,
        ledger: ledger::resolve(&root, given.folder, &scope),
        record: record::resolve(&root, &scope),
        alerts: alert::resolve(&root, &webhooks, &scope),
        console: console::resolve(&root, &listeners, &scope),
        revision: scope.revision(),
        secret_names: scope.secrets.names(),
        made_of: MadeOf { files: given.files.to_vec(), papers: scope.papers() },
        secrets: scope.secrets.finish(report),
        listeners,
        plans: plans.into_iter().map(|planned| planned.plan).collect(),
        warnings: Diagnostics::default(),
    }
}

/// Plans and APIs that nobody can reach.
fn tell_idle(
    apis: &[api::Resolved<'_>],
    plans: &[Planned<'_>],
    consumers: &BoardConsumers,
    root: &Keys<'_, '_>,
    report: &Report,
) {
    // An API that was left out for its faults may be the one that offers it.
    let complete = apis.len() == root.member_count("apis");
    let offers = || apis.iter().flat_map(|api| &api.offered);
    for planned in plans.iter().filter(|_| complete) {
        let named = |plan: &Arc<Plan>| plan.name == planned.plan.name;
        if !offers().any(|offered| offered.offer.plans.iter().any(named)) {
            let name = &planned.plan.name;
            let held = consumers.consumers.iter().any(|row| row.plans.contains(name));
            let words = if held { "consumers hold it, and it opens nothing" } else { "not in any offer" };
            report.add(
                Problem::warning(&code::PLAN_NEVER_OFFERED, format!("no offer names the plan `{name}`"))
                    .at(planned.at, words)
                    .help(format!("write `plans = [\"{name}\"]` in an offer, or take the plan away")),
            );
        }
    }
}

/// Two offers at one address.
fn tell_shared_addresses(apis: &[api::Resolved<'_>], listeners: &[Listener], report: &Report) {
    let offers: Vec<_> = apis.iter().flat_map(|api| &api.offered).collect();
    let mut seen = std::collections::HashMap::new();
    for offered in offers {
        let offer = &offered.offer;
        let Some(first) = seen.insert((offer.listener, offer.host.clone(), offer.at.clone()), offered) else {
            continue;
        };
        let listener = listeners.get(offer.listener).map_or("", |listener| &*listener.name);
        let shown = if offer.at.is_empty() { "/" } else { &offer.at };
        report.add(
            Problem::error(
                &code::OFFER_TWICE,
                format!("two offers stand at `{shown}` of listener `{listener}`"),
            )
            .at(offered.at, format!("`{}`", offer.id))
            .at(first.at, format!("`{}`", first.offer.id))
            .help("give one of them another `at`, `host` or `on`"),
        );
    }
}
