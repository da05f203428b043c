//! `[consumers.NAME]`: consumers and digests of keys that are wholly in git.

use crate::key_scope::idle_words;
use crate::keys::{Keys, Text};
use crate::offer::plan_named;
use crate::plan::Planned;
use crate::report::Problem;
use crate::scope::Scope;
use crate::tree::{At, Entry, Node, Value};
use crate::{api, code};
use contract::Contract;
use exchange::{ConsumerName, ConsumerRow, KeyDigest, KeyRow, KeyScope};
use std::collections::HashMap;

/// Consumers that the board itself names; others live in the ledger.
#[derive(Clone, Debug, Default)]
pub struct BoardConsumers {
    /// The consumers.
    pub consumers: Vec<ConsumerRow>,
    /// What is written of each of them, in the same order.
    pub about: Vec<About>,
    /// Their keys, as digests.
    pub keys: Vec<KeyRow>,
}

/// What people write of a consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Whom to ask about it.
    pub owner: String,
    /// Anything else.
    pub notes: String,
}

/// What consumers are resolved with.
struct Around<'a> {
    plans: &'a [Planned<'a>],
    /// Names and contracts of APIs; none: one of them has a fault, and what a word names is not known.
    apis: Option<Vec<(&'a str, Option<&'a Contract>)>>,
}

/// Resolves `[consumers.*]`.
pub(crate) fn resolve(
    root: &Keys<'_, '_>,
    plans: &[Planned<'_>],
    apis: &[api::Resolved<'_>],
    scope: &Scope<'_>,
) -> BoardConsumers {
    // An API or a contract with a fault may be the one that a word is about; it was told.
    let complete = apis.len() == root.member_count("apis")
        && !scope.report.has(&[&code::CONTRACT_UNREADABLE, &code::BAD_OVERLAY]);
    let named = apis.iter().map(|one| (one.api.name.as_str(), one.api.contract.as_deref()));
    let around = Around { plans, apis: complete.then(|| named.collect()) };
    let mut all = BoardConsumers::default();
    let mut seen = HashMap::new();
    for (name, entry) in root.members("consumers") {
        consumer(name, entry, &around, &mut all, &mut seen, scope);
    }
    all
}

fn consumer<'t>(
    name: &str,
    entry: &'t Entry,
    around: &Around<'_>,
    all: &mut BoardConsumers,
    seen: &mut HashMap<KeyDigest, &'t At>,
    scope: &Scope<'_>,
) {
    let known = ["plans", "keys", "suspended", "owner", "notes"];
    let Some(keys) = Keys::open(format!("[consumers.{name}]"), entry, &known, &[], scope.report) else {
        return;
    };
    let name = ConsumerName::new(name);
    let held = keys.list("plans").unwrap_or_default();
    let held = held
        .into_iter()
        .filter_map(|text| plan_named(text, around.plans, scope))
        .map(|plan| plan.name.clone())
        .collect();
    let suspended = keys.flag("suspended").unwrap_or(false);
    all.consumers.push(ConsumerRow { name: name.clone(), plans: held, suspended, accepted: Vec::new() });
    let text = |key| keys.text(key).map(|text| text.text.to_owned()).unwrap_or_default();
    all.about.push(About { owner: text("owner"), notes: text("notes") });
    for node in keys.items("keys") {
        let Some((row, at)) = key(node, &name, around, scope) else { continue };
        if let Some(first) = seen.insert(row.digest, at) {
            scope.report.add(
                Problem::error(&code::KEY_TWICE, "one key stands twice".to_owned())
                    .at(at, "here again")
                    .at(first, "here first")
                    .help("give each consumer a key of its own"),
            );
            continue;
        }
        all.keys.push(row);
    }
}

/// A key: its digest, or a table with what it is narrowed to.
fn key<'t>(
    node: &'t Node,
    name: &ConsumerName,
    around: &Around<'_>,
    scope: &Scope<'_>,
) -> Option<(KeyRow, &'t At)> {
    if let Value::Text(text) = &node.value {
        let digest = digest(Text { text, at: &node.at }, name, scope)?;
        return Some((KeyRow::new(digest, name.clone()), &node.at));
    }
    let Value::Table(_) = &node.value else {
        scope.report.add(crate::keys::wrong_type(
            &format!("a key of consumer `{name}`"),
            node,
            "a digest or a table with one",
            "keys = [\"sha256:…\", { sha256 = \"…\", expires = \"2027-01-01\" }]",
        ));
        return None;
    };
    let entry = Entry { key: node.at.clone(), node: node.clone() };
    let known = ["sha256", "only", "api", "expires"];
    let keys = Keys::open(format!("a key of [consumers.{name}]"), &entry, &known, &[], scope.report)?;
    if keys.entry("sha256").is_none() {
        keys.missing("sha256", "\"…\"");
    }
    let written = keys.text("sha256")?;
    let with_prefix = format!("sha256:{}", written.text.trim_start_matches("sha256:"));
    let mut row =
        KeyRow::new(digest(Text { text: &with_prefix, at: written.at }, name, scope)?, name.clone());
    let words = |key| keys.texts(key).unwrap_or_default().iter().map(|text| text.text.to_owned()).collect();
    row.scope = KeyScope { only: words("only"), apis: words("api") };
    for idle in around.apis.iter().flat_map(|apis| idle_words(&row.scope, apis)) {
        let (list, code) =
            if idle.api { ("api", &code::UNKNOWN_API) } else { ("only", &code::UNKNOWN_OPERATION) };
        let texts = keys.texts(list).unwrap_or_default();
        let at = texts.iter().find(|text| text.text == idle.word).map_or(&node.at, |text| text.at);
        scope.report.add(Problem::error(code, format!("{idle}")).at(at, "names nothing").help(idle.help()));
    }
    if let Some(Text { text, at }) = keys.text("expires") {
        row.expires_ms = exchange::day_ms(text);
        if row.expires_ms.zip(scope.outside.now_ms()).is_some_and(|(end, now)| end <= now) {
            // It opens nothing, so the board is as good as without it.
            scope.report.add(
                Problem::warning(&code::ENDED_KEY, format!("a key of `{name}` has ended: it opens nothing"))
                    .at(at, "the first day on which it opened nothing (UTC)")
                    .help(format!("take it out; `switchboard key new {name} --in-file` makes another")),
            );
        }
        if row.expires_ms.is_none() {
            scope.report.add(
                Problem::error(&code::BAD_DATE, format!("`expires` of a key of `{name}` is no date"))
                    .at(at, "not a day of the calendar")
                    .help("write the first day on which it opens nothing (UTC): \"2027-01-01\""),
            );
        }
    }
    Some((row, &node.at))
}

fn digest(Text { text, at }: Text<'_>, name: &ConsumerName, scope: &Scope<'_>) -> Option<KeyDigest> {
    let digest = KeyDigest::parse(text);
    if digest.is_none() {
        // It may be the key itself.
        scope.report.hide(at);
        scope.report.add(
            Problem::error(&code::BAD_KEY, format!("a key of consumer `{name}` is no digest"))
                .at(at, "not `sha256:` and 64 hexadecimal digits")
                .help(format!(
                    "`switchboard key new {name} --in-file` makes a key, shows it once and prints its digest"
                )),
        );
    }
    digest
}
