//! `[apis.NAME]`: an API, ours or somebody else's.

use crate::keys::{Keys, Text, not_built_yet};
use crate::offer::{Around, Offered};
use crate::plan::Planned;
use crate::report::Problem;
use crate::scope::{Scope, Sheet, Sources, TOLD};
use crate::tree::{At, Entry, Value};
use crate::{
    BatchOperation, Listener, Mock, Offer, ServerUrl, Upstream, batch, code, mock, offer, trie, upstream,
};
use contract::{Contract, Operation};
use exchange::{ConsumerName, Origin};
use std::fmt;
use std::sync::Arc;

/// The name of an API on this board; has no dot and is no method.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiName(Arc<str>);

impl ApiName {
    /// Takes a checked name.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl Api {
    /// The provider as this consumer calls it: with the connection that names it, else with the API's own credential.
    pub fn upstream_of(&self, consumer: Option<&ConsumerName>) -> &Arc<Upstream> {
        let index = consumer.and_then(|name| self.chosen.iter().find(|(known, _)| known == name));
        index
            .and_then(|(_, index)| self.connections.get(*index))
            .map_or(&self.upstream, |(_, upstream)| upstream)
    }
}

impl fmt::Display for ApiName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// An API of the board.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its name.
    pub name: ApiName,
    /// Its contract; without one the API is open.
    pub contract: Option<Arc<Contract>>,
    /// What happens to paths that the contract lacks.
    pub undeclared: Undeclared,
    /// Whether messages are checked.
    pub checks: Checks,
    /// Where it is.
    pub upstream: Arc<Upstream>,
    /// Further accounts at its provider, by name.
    pub connections: Vec<(String, Arc<Upstream>)>,
    /// Which connection a consumer calls with, by its index; the others call with the upstream's own credential.
    pub chosen: Vec<(ConsumerName, usize)>,
    /// Operations of the API that take many of what others take one of.
    pub batches: Vec<BatchOperation>,
    /// Answers come from the contract instead of a provider.
    pub mock: Option<Mock>,
    /// To whom it is offered, in file order.
    pub offers: Vec<Arc<Offer>>,
    /// Names of fields, parameters and members whose values are not kept, in lower case: its own and its contract's.
    pub redact: Vec<String>,
    /// Where it is written.
    pub origin: Origin,
}

/// What happens to a path that the contract lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undeclared {
    /// It is refused.
    Refuse,
    /// It passes unchecked, and is recorded so.
    Pass,
}

/// What happens when a message breaks its contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckMode {
    /// It is refused.
    Block,
    /// It passes, and the finding joins the record.
    Report,
    /// It is not looked at.
    Off,
}

/// The check modes of both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Of requests.
    pub requests: CheckMode,
    /// Of responses.
    pub responses: CheckMode,
}

const KNOWN: &[&str] = &[
    "contract",
    "overlay",
    "refs-from",
    "undeclared",
    "check",
    "upstream",
    "offer",
    "connection",
    "mock",
    "batch",
    "redact",
];
const LATER: &[&str] = &["flow", "version", "owner", "title", "watch", "pii"];

/// An API with its offers, and where it is typed.
pub(crate) struct Resolved<'t> {
    pub(crate) api: Api,
    pub(crate) offered: Vec<Offered<'t>>,
}

/// Resolves `[apis.*]`.
///
/// An API with a fault is left out after its faults were told.
pub(crate) fn resolve<'t>(
    root: &Keys<'t, '_>,
    listeners: &[Listener],
    plans: &[Planned<'_>],
    scope: &Scope<'_>,
) -> Vec<Resolved<'t>> {
    root.members("apis")
        .into_iter()
        .filter_map(|(name, entry)| api(name, entry, listeners, plans, scope))
        .collect()
}

fn api<'t>(
    name: &str,
    entry: &'t Entry,
    listeners: &[Listener],
    plans: &[Planned<'_>],
    scope: &Scope<'_>,
) -> Option<Resolved<'t>> {
    let keys = Keys::open(format!("[apis.{name}]"), entry, KNOWN, LATER, scope.report)?;
    check_name(name, &entry.key, scope);
    let name = ApiName::new(name);
    let sheet = contract(&keys, name.as_str(), scope);
    let sheet = sheet.as_deref();
    let undeclared = keys
        .word("undeclared", &[("refuse", Undeclared::Refuse), ("pass", Undeclared::Pass)], &[])
        .unwrap_or(Undeclared::Refuse);
    let contract_written = keys.entry("contract").is_some();
    let checks = checks(&keys, name.as_str(), contract_written, scope);
    let mock = mock::resolve(&keys, name.as_str(), scope);
    let upstream = match &mock {
        Some(_) if keys.entry("upstream").is_none() => Some(mock::upstream(&keys)),
        _ => upstream::resolve(&keys, name.as_str(), sheet, scope),
    };
    if let Some(sheet) = sheet {
        tell_ambiguous(sheet, scope);
    }
    let around = Around { api: &name, sheet, contract_written, undeclared, listeners, plans };
    let members = keys.members("offer");
    let offered: Vec<Offered<'t>> =
        members.iter().filter_map(|(name, entry)| offer::resolve(name, entry, &around, scope)).collect();
    let (connections, chosen) = connections(&keys, name.as_str(), upstream.as_ref(), sheet, scope);
    let api = Api {
        contract: sheet.map(|sheet| Arc::clone(&sheet.contract)),
        undeclared,
        checks,
        connections,
        chosen,
        batches: batch::resolve(&keys, &name, sheet, scope),
        upstream: Arc::new(upstream?),
        mock,
        offers: offered.iter().map(|offered| Arc::clone(&offered.offer)).collect(),
        redact: redact(&keys, sheet),
        origin: entry.key.origin(),
        name,
    };
    Some(Resolved { api, offered })
}

/// What is not kept of its calls: what the board names, and what the contract calls secret.
fn redact(keys: &Keys<'_, '_>, sheet: Option<&Sheet>) -> Vec<String> {
    let own =
        keys.list("redact").unwrap_or_default().into_iter().map(|Text { text, .. }| text.to_lowercase());
    own.chain(sheet.into_iter().flat_map(|sheet| sheet.contract.secrets.iter().cloned())).collect()
}

/// `call orders getOrder` must not be read as `call GET …`.
fn check_name(name: &str, at: &At, scope: &Scope<'_>) {
    if is_method(name) {
        scope.report.add(
            Problem::error(&code::BAD_NAME, format!("`{name}` cannot be an API's name"))
                .at(at, "it is an HTTP method")
                .help(format!("write `{}-api`", name.to_lowercase())),
        );
    }
}

/// Whether a name is that of a method, in any case.
pub(crate) fn is_method(name: &str) -> bool {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "QUERY"];
    methods.iter().any(|method| method.eq_ignore_ascii_case(name))
}

/// Accounts at one provider, and who calls with which.
type Connections = (Vec<(String, Arc<Upstream>)>, Vec<(ConsumerName, usize)>);

pub(crate) const CONNECTION: &[&str] = &["credential", "consumers"];

/// `[apis.NAME.connection.*]`: the provider is the same, the account is another.
fn connections(
    keys: &Keys<'_, '_>,
    api: &str,
    upstream: Option<&Upstream>,
    sheet: Option<&Sheet>,
    scope: &Scope<'_>,
) -> Connections {
    let (mut made, mut chosen) = (Vec::new(), Vec::new());
    let mut known: Vec<(String, At)> = Vec::new();
    for (name, entry) in keys.members("connection") {
        let whole = format!("[apis.{api}.connection.{name}]");
        let Some(keys) = Keys::open(whole, entry, CONNECTION, &["urls"], scope.report) else { continue };
        let servers = upstream.map(|upstream| upstream.servers.as_slice()).unwrap_or_default();
        let entry = keys.entry("credential");
        let credentials = upstream::credentials(entry, (api, Some(name), keys.at), servers, sheet, scope);
        for Text { text, at } in keys.list("consumers").unwrap_or_default() {
            if let Some((_, first)) = known.iter().find(|(known, _)| known == text) {
                scope.report.add(
                    Problem::error(
                        &code::CONNECTION_TWICE,
                        format!("`{text}` calls `{api}` with two connections"),
                    )
                    .at(at, "here again")
                    .at(first, "here first")
                    .help("leave one of them out"),
                );
                continue;
            }
            known.push((text.to_owned(), at.clone()));
            chosen.push((ConsumerName::new(text), made.len()));
        }
        if let Some(upstream) = upstream {
            made.push((name.to_owned(), Arc::new(upstream.with(credentials, &format!("{api}/{name}")))));
        }
    }
    (made, chosen)
}

/// The contract, with what is laid over it and where its references may lead.
fn contract(keys: &Keys<'_, '_>, name: &str, scope: &Scope<'_>) -> Option<std::rc::Rc<Sheet>> {
    let Some(text) = keys.text("contract") else {
        if keys.entry("contract").is_none()
            && let Some((word, entry)) =
                ["overlay", "refs-from"].into_iter().find_map(|word| Some((word, keys.entry(word)?)))
        {
            scope.report.add(
                Problem::error(
                    &code::OVERLAY_WITHOUT_CONTRACT,
                    format!("`{name}` has no contract for `{word}`"),
                )
                .at(&entry.key, "it is about a contract")
                .help(format!("give `[apis.{name}]` a `contract`, or leave `{word}` out")),
            );
        }
        return None;
    };
    let hosts = keys.texts("refs-from").unwrap_or_default();
    let hosts = hosts.iter().filter_map(|host| allowed_host(*host, scope)).collect();
    contract_at(
        &Sources { contract: text, overlays: keys.texts("overlay").unwrap_or_default(), hosts },
        scope,
    )
}

/// A host, perhaps with a port; never a pattern or a URL.
fn allowed_host(Text { text, at }: Text<'_>, scope: &Scope<'_>) -> Option<String> {
    let parsed = ServerUrl::parse(&format!("https://{text}"));
    if parsed.is_ok() && !text.is_empty() && !text.contains(['/', '@', '?', '#', '*', ' ']) {
        return Some(text.to_ascii_lowercase());
    }
    let host = text.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default();
    scope.report.add(
        Problem::error(&code::BAD_HOST, format!("`{text}` is no host"))
            .at(at, "a host alone is wanted here")
            .help(format!(
                "write \"{}\"",
                if host.is_empty() || host.contains('*') { "schemas.acme.example" } else { host }
            )),
    );
    None
}

fn contract_at(sources: &Sources<'_>, scope: &Scope<'_>) -> Option<std::rc::Rc<Sheet>> {
    let text = sources.contract;
    if text.text.starts_with("http://") || text.text.starts_with("https://") {
        scope.report.add(not_built_yet("a contract by URL", text.at).help(format!(
            "run `curl -o contracts/NAME.yaml {}` and name that file, or `switchboard add {}`",
            text.text, text.text
        )));
        return None;
    }
    scope.contract(sources)
}

fn checks(keys: &Keys<'_, '_>, name: &str, contract_written: bool, scope: &Scope<'_>) -> Checks {
    let off = Checks { requests: CheckMode::Off, responses: CheckMode::Off };
    let mut checks = Checks { requests: CheckMode::Block, responses: CheckMode::Report };
    let modes = [("block", CheckMode::Block), ("report", CheckMode::Report), ("off", CheckMode::Off)];
    if let Some(entry) = keys.entry("check") {
        if let Value::Text(_) = entry.node.value {
            let both = keys.word("check", &modes, &[]).unwrap_or(CheckMode::Block);
            checks = Checks { requests: both, responses: both };
        } else {
            let known = ["requests", "responses"];
            if let Some(keys) =
                Keys::open(format!("`check` of [apis.{name}]"), entry, &known, &["security"], scope.report)
            {
                checks.requests = keys.word("requests", &modes, &[]).unwrap_or(checks.requests);
                checks.responses = keys.word("responses", &modes, &[]).unwrap_or(checks.responses);
            }
        }
        if !contract_written && checks != off {
            scope.report.add(
                Problem::error(
                    &code::CHECKS_WITHOUT_CONTRACT,
                    format!("`{name}` has no contract to check against"),
                )
                .at(&entry.key, "there is nothing to check by")
                .help(format!("give `[apis.{name}]` a `contract`, or leave `check` out")),
            );
        }
    }
    if contract_written { checks } else { off }
}

/// Templates that differ in the names of their parameters only.
fn tell_ambiguous(sheet: &Sheet, scope: &Scope<'_>) {
    let operations = &sheet.contract.operations;
    for operation in
        operations.iter().filter(|operation| operation.template().segments().len() > trie::DEEPEST)
    {
        let headline =
            format!("`{}` cannot be called: its path has more than {} segments", operation.id, trie::DEEPEST);
        let problem = Problem::warning(&code::CONTRACT_WARNING, headline);
        scope.report.add(match sheet.at_operation(operation) {
            Some(place) => problem.at(&place, "this one"),
            None => problem,
        });
    }
    let pairs = trie::ambiguous(operations);
    let told: Vec<&Operation> = pairs
        .iter()
        .take(TOLD)
        .flat_map(|(first, second)| [&*operations[*first], &*operations[*second]])
        .collect();
    let places = sheet.at_operations(&told);
    for (pair, places) in told.chunks(2).zip(places.chunks(2)) {
        let [first, second] = pair else { continue };
        let headline = format!("`{}` can never be called: `{}` takes the same paths", second.id, first.id);
        let mut problem = Problem::warning(&code::AMBIGUOUS_PATHS, headline);
        for (place, words) in places.iter().rev().zip(["this one is out of reach", "this one stands first"]) {
            if let Some(place) = place {
                problem = problem.at(place, words);
            }
        }
        let paths = format!("{} {} and {}", first.method(), first.template(), second.template());
        scope.report.add(problem.help(format!("no path can tell {paths} apart: give one another path")));
    }
}
