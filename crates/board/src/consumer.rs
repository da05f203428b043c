//! `[consumers.NAME]`: consumers and digests of keys that are wholly in git.

use crate::code;
use crate::keys::{Keys, Text};
use crate::offer::plan_named;
use crate::plan::Planned;
use crate::report::Problem;
use crate::scope::Scope;
use crate::tree::{At, Entry};
use exchange::{ConsumerName, ConsumerRow, KeyDigest, KeyRow};
use std::collections::HashMap;

/// Consumers that the board itself names; others live in the ledger.
#[derive(Clone, Debug, Default)]
pub struct BoardConsumers {
    /// The consumers.
    pub consumers: Vec<ConsumerRow>,
    /// Their keys, as digests.
    pub keys: Vec<KeyRow>,
}

/// Resolves `[consumers.*]`.
pub(crate) fn resolve(root: &Keys<'_, '_>, plans: &[Planned<'_>], scope: &Scope<'_>) -> BoardConsumers {
    let mut all = BoardConsumers::default();
    let mut seen = HashMap::new();
    for (name, entry) in root.members("consumers") {
        consumer(name, entry, plans, &mut all, &mut seen, scope);
    }
    all
}

fn consumer<'t>(
    name: &str,
    entry: &'t Entry,
    plans: &[Planned<'_>],
    all: &mut BoardConsumers,
    seen: &mut HashMap<KeyDigest, &'t At>,
    scope: &Scope<'_>,
) {
    let known = ["plans", "keys"];
    let Some(keys) = Keys::open(format!("[consumers.{name}]"), entry, &known, &["suspended"], scope.report)
    else {
        return;
    };
    let name = ConsumerName::new(name);
    let held = keys.list("plans").unwrap_or_default();
    let held =
        held.into_iter().filter_map(|text| plan_named(text, plans, scope)).map(|plan| plan.name.clone());
    all.consumers.push(ConsumerRow { name: name.clone(), plans: held.collect(), suspended: false });
    for Text { text, at } in keys.list("keys").unwrap_or_default() {
        let Some(digest) = KeyDigest::parse(text) else {
            // It may be the key itself.
            scope.report.hide(at);
            scope.report.add(
                Problem::error(&code::BAD_KEY, format!("a key of consumer `{name}` is no digest"))
                    .at(at, "not `sha256:` and 64 hexadecimal digits")
                    .help(format!(
                        "`switchboard key new {name} --in-file` makes a key, shows it once and prints its digest"
                    )),
            );
            continue;
        };
        if let Some(first) = seen.insert(digest, at) {
            scope.report.add(
                Problem::error(&code::KEY_TWICE, "one key stands twice".to_owned())
                    .at(at, "here again")
                    .at(first, "here first")
                    .help("give each consumer a key of its own"),
            );
            continue;
        }
        all.keys.push(KeyRow { digest, consumer: name.clone(), tail: None });
    }
}
