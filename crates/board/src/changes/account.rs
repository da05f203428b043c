//! Consumers and keys that stand in the board's file.

use super::words::list;
use super::{Change, Effect, Pair};
use crate::BoardConsumers;
use exchange::{ConsumerName, ConsumerRow, KeyDigest, KeyId, KeyRow, PlanName};
use std::collections::HashMap;

/// A consumer with its keys.
struct Account<'b> {
    row: &'b ConsumerRow,
    keys: Vec<KeyDigest>,
    rows: Vec<&'b KeyRow>,
}

fn accounts(consumers: &BoardConsumers) -> HashMap<&ConsumerName, Account<'_>> {
    let mut accounts: HashMap<_, _> = consumers
        .consumers
        .iter()
        .map(|row| (&row.name, Account { row, keys: Vec::new(), rows: Vec::new() }))
        .collect();
    for key in &consumers.keys {
        if let Some(account) = accounts.get_mut(&key.consumer) {
            account.keys.push(key.digest);
            account.rows.push(key);
        }
    }
    accounts
}

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    let (was, is) = (accounts(&pair.old.consumers), accounts(&pair.new.consumers));
    for row in &pair.new.consumers.consumers {
        let Some(new) = is.get(&row.name) else { continue };
        let mut tell = |(effect, rule), key: &str, what: String| {
            let at = pair.place(&["consumers", row.name.as_str(), key]);
            let change = Change::new(effect, rule, what).at(at);
            found.push(Change { consumer: Some(row.name.clone()), ..change });
        };
        let Some(old) = was.get(&row.name) else {
            let what = format!(
                "consumer `{}` is new: {}, {} in the file",
                row.name,
                plans(&row.plans),
                count(new.keys.len())
            );
            tell((Effect::Opens, "consumer-added"), "", what);
            continue;
        };
        both(old, new, &mut tell);
    }
    for row in &pair.old.consumers.consumers {
        if !is.contains_key(&row.name) {
            let what = format!("consumer `{}` is gone from the file, with its keys there", row.name);
            let at = pair.place(&["consumers", row.name.as_str()]);
            let change = Change::new(Effect::Closes, "consumer-removed", what).at(at);
            found.push(Change { consumer: Some(row.name.clone()), ..change });
        }
    }
}

/// Takes what a change does, the key it is written at, and its words.
type Tell<'t> = dyn FnMut((Effect, &'static str), &str, String) + 't;

fn both(old: &Account<'_>, new: &Account<'_>, tell: &mut Tell<'_>) {
    let name = &new.row.name;
    let beyond = |some: &ConsumerRow, known: &ConsumerRow| -> Vec<PlanName> {
        some.plans.iter().filter(|plan| !known.plans.contains(plan)).cloned().collect()
    };
    let (more, fewer) = (beyond(new.row, old.row), beyond(old.row, new.row));
    if !more.is_empty() {
        let what = format!("consumer `{name}` also holds {}", plans(&more));
        tell((Effect::Opens, "plan-held"), "plans", what);
    }
    if !fewer.is_empty() {
        let what = format!("consumer `{name}` does not hold {} any more", plans(&fewer));
        tell((Effect::Closes, "plan-taken"), "plans", what);
    }
    match (old.row.suspended, new.row.suspended) {
        (true, false) => {
            let what = format!("consumer `{name}` is not suspended any more");
            tell((Effect::Opens, "consumer-resumed"), "suspended", what);
        }
        (false, true) => {
            let what = format!("consumer `{name}` is suspended");
            tell((Effect::Closes, "consumer-suspended"), "suspended", what);
        }
        _ => {}
    }
    let beyond = |some: &[KeyDigest], known: &[KeyDigest]| -> Vec<String> {
        some.iter().filter(|key| !known.contains(key)).map(|key| KeyId::of(key).0).collect()
    };
    let (more, fewer) = (beyond(&new.keys, &old.keys), beyond(&old.keys, &new.keys));
    if !more.is_empty() {
        let narrow = |row: &&&KeyRow| !row.scope.is_everything() || row.expires_ms.is_some();
        let new = new.rows.iter().filter(|row| more.contains(&KeyId::of(&row.digest).0)).filter(narrow);
        let narrowed: Vec<String> =
            new.map(|row| format!("`{}` for {}", KeyId::of(&row.digest), rights(row))).collect();
        let narrowed = if narrowed.is_empty() { String::new() } else { format!(": {}", narrowed.join(", ")) };
        let what = format!("consumer `{name}` may show the key {}{narrowed}", list(&more));
        tell((Effect::Opens, "key-added"), "keys", what);
    }
    if !fewer.is_empty() {
        let what = format!("the key {} of consumer `{name}` is refused", list(&fewer));
        tell((Effect::Closes, "key-removed"), "keys", what);
    }
    for (was, is) in old.rows.iter().flat_map(|was| new.rows.iter().map(move |is| (was, is))) {
        if was.digest == is.digest && (was.scope != is.scope || was.expires_ms != is.expires_ms) {
            let what = format!(
                "the key `{}` of consumer `{name}` is for something else: {}, before {}",
                KeyId::of(&is.digest),
                rights(is),
                rights(was)
            );
            tell((scope_effect(was, is), "key-scope"), "keys", what);
        }
    }
}

/// What another scope or end of a key does; which of two narrow scopes has more in it is not looked at.
fn scope_effect(was: &KeyRow, is: &KeyRow) -> Effect {
    let end = |key: &KeyRow| key.expires_ms.unwrap_or(u64::MAX);
    let wider = was.scope != is.scope && is.scope.is_everything();
    if wider || end(is) > end(was) {
        Effect::Opens
    } else if was.scope == is.scope || was.scope.is_everything() {
        Effect::Closes
    } else {
        Effect::Unclear
    }
}

/// What a key is narrowed to, and until when.
fn rights(key: &KeyRow) -> String {
    let scope = if key.scope.is_everything() { "everything".to_owned() } else { key.scope.to_string() };
    match key.expires_ms {
        Some(end) => format!("{scope} until {}", exchange::minute_of(end)),
        None => scope,
    }
}

fn plans(names: &[PlanName]) -> String {
    let names: Vec<&str> = names.iter().map(PlanName::as_str).collect();
    match names.as_slice() {
        [] => "no plan".to_owned(),
        [_] => format!("plan {}", list(&names)),
        _ => format!("plans {}", list(&names)),
    }
}

fn count(keys: usize) -> String {
    if keys == 1 { "1 key".to_owned() } else { format!("{keys} keys") }
}
