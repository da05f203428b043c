//! `[apis.NAME.offer.NAME]`: an API made available to an audience at an address.

use crate::keys::{Keys, Text, bad_word, quoted};
use crate::plan::Planned;
use crate::report::{Problem, closest};
use crate::scope::{Scope, Sheet};
use crate::tree::{At, Entry};
use crate::{ApiName, Auth, Cors, Listener, NormalPath, Plan, Undeclared, code, cors, cost, quantity, rule};
use contract::{In, SchemeKind};
use exchange::{ByteCount, Origin};
use http::HeaderName;
use std::num::NonZeroU32;
use std::sync::Arc;

/// An API made available to an audience at an address.
#[derive(Clone, Debug)]
pub struct Offer {
    /// `orders.public`: API and offer.
    pub id: Arc<str>,
    /// The API.
    pub api: ApiName,
    /// Index of its listener in the board.
    pub listener: usize,
    /// The host name it is narrowed to, lower case, without port.
    pub host: Option<String>,
    /// The address: a normalised path without a slash at the end; empty for `/`.
    pub at: String,
    /// Who may enter, in the order of preference.
    pub plans: Vec<Arc<Plan>>,
    /// Operations it opens: by index into the contract's operations. Empty without a contract.
    pub opens: Vec<bool>,
    /// What each operation costs, by index into the contract's operations. Empty: each call costs one.
    pub costs: Vec<NonZeroU32>,
    /// Whether it opens paths that no contract declares: there is none, or `undeclared = "pass"` and neither `only`
    /// nor `except`.
    pub opens_undeclared: bool,
    /// Which pages may call it.
    pub cors: Cors,
    /// The largest body that is held.
    pub max_body: ByteCount,
    /// Upgrades it lets through.
    pub upgrade: Vec<Upgrade>,
    /// Where a key is looked for, in order; empty: nobody is asked.
    pub key_places: Vec<KeyPlace>,
    /// `only` or `except` as written, for `explain`; empty: everything.
    pub rule: String,
    /// Where it is written.
    pub origin: Origin,
    /// Where `only` or `except` is written, else as `origin`.
    pub rule_origin: Origin,
    /// Where `plans` is written.
    pub plans_origin: Origin,
}

/// A protocol that a connection may be upgraded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Upgrade {
    /// WebSocket (RFC 6455).
    WebSocket,
}

/// Where a key that we issued is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyPlace {
    /// A header field.
    Header(HeaderName),
    /// `Authorization: Bearer`.
    Bearer,
    /// A query parameter.
    Query(String),
    /// A cookie.
    Cookie(String),
}

const KNOWN: &[&str] =
    &["on", "at", "host", "plans", "only", "except", "cost", "cors", "max-body", "upgrade"];
const LATER: &[&str] = &[
    "hide",
    "version",
    "deprecated",
    "sunset",
    "terms",
    "mock",
    "flow",
    "batch",
    "scopes",
    "title",
    "rewrite",
];

/// What an offer is resolved with.
pub(crate) struct Around<'a> {
    pub(crate) api: &'a ApiName,
    pub(crate) sheet: Option<&'a Sheet>,
    /// Whether a contract is written, also when it could not be read.
    pub(crate) contract_written: bool,
    pub(crate) undeclared: Undeclared,
    pub(crate) listeners: &'a [Listener],
    pub(crate) plans: &'a [Planned<'a>],
}

/// An offer, and where its address is typed.
pub(crate) struct Offered<'t> {
    pub(crate) offer: Arc<Offer>,
    pub(crate) at: &'t At,
}

/// Resolves `[apis.NAME.offer.NAME]`.
pub(crate) fn resolve<'t>(
    name: &str,
    entry: &'t Entry,
    around: &Around<'_>,
    scope: &Scope<'_>,
) -> Option<Offered<'t>> {
    let api = around.api;
    let keys = Keys::open(format!("[apis.{api}.offer.{name}]"), entry, KNOWN, LATER, scope.report)?;
    if keys.entry("at").is_none() {
        keys.missing("at", &format!("\"/{api}\""));
    }
    let address = keys.text("at").and_then(|text| address(text, scope));
    let plans = plans(&keys, around.plans, scope);
    let (opens, rule, rule_at) = rule::resolve(&keys, around, scope);
    let listener = listener(&keys, around.listeners, scope)?;
    let key_places =
        if plans.iter().any(|plan| plan.auth == Auth::Key) { key_places(around.sheet) } else { Vec::new() };
    let offer = Offer {
        id: format!("{api}.{name}").into(),
        api: api.clone(),
        listener,
        host: keys.text("host").and_then(|text| host(text, scope)),
        at: address?,
        costs: cost::resolve(&keys, around, &plans, scope),
        plans,
        opens_undeclared: around.sheet.is_none()
            || around.undeclared == Undeclared::Pass
                // Beside `except` too: a provider may read `/admin/` or `POST /admin` as what was kept back.
                && keys.entry("only").is_none()
                && keys.entry("except").is_none(),
        opens,
        cors: cors::resolve(&keys, scope),
        max_body: max_body(&keys, scope),
        upgrade: upgrade(&keys, scope),
        key_places,
        rule,
        origin: entry.key.origin(),
        rule_origin: rule_at.map_or_else(|| entry.key.origin(), At::origin),
        plans_origin: keys.entry("plans").map_or_else(|| entry.key.origin(), |entry| entry.key.origin()),
    };
    let at = keys.entry("at").map_or(&entry.key, |entry| &entry.node.at);
    Some(Offered { offer: Arc::new(offer), at })
}

fn address(Text { text, at }: Text<'_>, scope: &Scope<'_>) -> Option<String> {
    let fault = match NormalPath::parse(text) {
        Ok(path) => return Some(path.as_str().trim_end_matches('/').to_owned()),
        Err(fault) => fault,
    };
    let problem =
        Problem::error(&code::BAD_PATH, format!("`{text}` cannot be an address")).at(at, fault.to_string());
    scope.report.add(if text.starts_with('/') {
        problem
    } else {
        problem.help(format!("write {}", quoted(&format!("/{text}"))))
    });
    None
}

fn host(Text { text, at }: Text<'_>, scope: &Scope<'_>) -> Option<String> {
    let is_host = !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
        && (!text.contains(':') || text.starts_with('[') && text.ends_with(']'));
    if !is_host {
        scope.report.add(
            Problem::error(&code::BAD_URL, format!("`{text}` is no host name"))
                .at(at, "not a host name without a port")
                .help("write it like \"api.acme.example\""),
        );
        return None;
    }
    Some(text.to_ascii_lowercase())
}

fn listener(keys: &Keys<'_, '_>, listeners: &[Listener], scope: &Scope<'_>) -> Option<usize> {
    let Some(Text { text, at }) = keys.text("on") else {
        // Without any listener its fault was told.
        return (!listeners.is_empty()).then_some(0);
    };
    let found = listeners.iter().position(|listener| &*listener.name == text);
    if found.is_none() {
        let known: Vec<&str> = listeners.iter().map(|listener| &*listener.name).collect();
        let problem = Problem::error(&code::UNKNOWN_LISTENER, format!("there is no listener `{text}`"))
            .at(at, format!("no `[listen.{text}]`"));
        scope.report.add(match closest(text, known.iter().copied()).or(known.first().copied()) {
            Some(word) => problem.help(format!("write \"{word}\"")),
            None => problem,
        });
    }
    found
}

fn plans(keys: &Keys<'_, '_>, known: &[Planned<'_>], scope: &Scope<'_>) -> Vec<Arc<Plan>> {
    let named = keys.list("plans");
    if named.as_ref().map_or(keys.entry("plans").is_none(), Vec::is_empty) {
        let at = keys.entry("plans").map_or(keys.at, |entry| &entry.node.at);
        let example = known.first().map_or("NAME", |plan| plan.plan.name.as_str());
        scope.report.add(
            Problem::error(&code::OFFER_WITHOUT_PLANS, format!("{} lets nobody in", keys.name))
                .at(at, "no plan")
                .help(format!(
                    "write `plans = [\"{example}\"]`; for everybody, a plan with `auth = \"none\"`"
                )),
        );
    }
    let mut plans: Vec<Arc<Plan>> = Vec::new();
    for text in named.unwrap_or_default() {
        let Some(plan) = plan_named(text, known, scope) else { continue };
        if plans.iter().any(|other| other.name == plan.name) {
            scope.report.add(
                Problem::warning(&code::PLAN_TWICE, format!("plan `{}` stands twice", plan.name))
                    .at(text.at, "again"),
            );
            continue;
        }
        plans.push(plan);
    }
    plans
}

/// The plan of this name, or a problem.
pub(crate) fn plan_named(
    Text { text, at }: Text<'_>,
    known: &[Planned<'_>],
    scope: &Scope<'_>,
) -> Option<Arc<Plan>> {
    if let Some(found) = known.iter().find(|plan| plan.plan.name.as_str() == text) {
        return Some(Arc::clone(&found.plan));
    }
    let problem =
        Problem::error(&code::UNKNOWN_PLAN, format!("there is no plan `{text}`")).at(at, "not on this board");
    let meant = closest(text, known.iter().map(|plan| plan.plan.name.as_str()));
    let meant = meant.and_then(|name| known.iter().find(|plan| plan.plan.name.as_str() == name));
    scope.report.add(match meant {
        Some(plan) => {
            problem.at(plan.at, "did you mean this one?").help(format!("write \"{}\"", plan.plan.name))
        }
        None => problem.help(format!("add\n[plans.{text}]\nauth = \"key\"")),
    });
    None
}

fn max_body(keys: &Keys<'_, '_>, scope: &Scope<'_>) -> ByteCount {
    let by_default = ByteCount::mib(1);
    let Some(Text { text, at }) = keys.text("max-body") else {
        return by_default;
    };
    quantity::size(text).unwrap_or_else(|| {
        scope.report.add(
            Problem::error(&code::BAD_SIZE, format!("`max-body` of {} is no size", keys.name))
                .at(at, "not a whole number with a unit")
                .help("write it like \"64KiB\" or \"1MiB\""),
        );
        by_default
    })
}

fn upgrade(keys: &Keys<'_, '_>, scope: &Scope<'_>) -> Vec<Upgrade> {
    let mut known = Vec::new();
    for Text { text, at } in keys.list("upgrade").unwrap_or_default() {
        if text == "websocket" {
            known.push(Upgrade::WebSocket);
        } else {
            scope.report.add(bad_word(&format!("`upgrade` of {}", keys.name), at, text, &["websocket"]));
        }
    }
    known
}

/// Where a key that we issued is looked for: where the contract's schemes say, else `Authorization` and `X-Api-Key`.
fn key_places(sheet: Option<&Sheet>) -> Vec<KeyPlace> {
    let mut places: Vec<KeyPlace> = Vec::new();
    for scheme in sheet.map(|sheet| sheet.contract.schemes.as_slice()).unwrap_or_default() {
        let place = match &scheme.kind {
            SchemeKind::ApiKey { place: In::Query, name } => Some(KeyPlace::Query(name.clone())),
            SchemeKind::ApiKey { place: In::Cookie, name } => Some(KeyPlace::Cookie(name.clone())),
            SchemeKind::ApiKey { place: In::Header, name } => match HeaderName::try_from(name.as_str()) {
                // An API key in `Authorization` is a bearer with or without the word.
                Ok(name) if name == http::header::AUTHORIZATION => Some(KeyPlace::Bearer),
                Ok(name) => Some(KeyPlace::Header(name)),
                Err(_) => None,
            },
            SchemeKind::Bearer | SchemeKind::OAuth2(_) | SchemeKind::OpenIdConnect(_) => {
                Some(KeyPlace::Bearer)
            }
            _ => None,
        };
        places.extend(place.filter(|place| !places.contains(place)));
    }
    if places.is_empty() {
        places = vec![KeyPlace::Bearer, KeyPlace::Header(HeaderName::from_static("x-api-key"))];
    }
    places
}
