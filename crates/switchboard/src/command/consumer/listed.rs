//! Consumers and their audit as lists show them: those of the ledger, and those that the board's file names.

use crate::command::{columns, time_of};
use board::Board;
use exchange::{ConsumerName, PlanName};
use ledger::{AuditEntry, ConsumerInfo};
use serde_json::{Value, json};
use std::collections::HashMap;

/// A consumer, and whether the board's file names it.
pub(super) struct Listed {
    pub(super) info: ConsumerInfo,
    in_file: bool,
}

/// Consumers of the ledger and of the file, by name; of the ledger alone where the file does not load.
pub(super) fn all(board: Option<&Board>, ledger: Vec<ConsumerInfo>) -> Vec<Listed> {
    let of_ledger = ledger.into_iter().map(|info| Listed { info, in_file: false });
    let known = board.map(|board| &board.consumers);
    let mut keys: HashMap<&ConsumerName, u32> = HashMap::new();
    for key in known.iter().flat_map(|known| &known.keys) {
        *keys.entry(&key.consumer).or_default() += 1;
    }
    let in_file = known.into_iter().flat_map(|known| known.consumers.iter().zip(&known.about));
    let of_file = in_file.map(|(row, about)| Listed {
        info: ConsumerInfo {
            name: row.name.clone(),
            plans: row.plans.clone(),
            suspended: row.suspended,
            created_ms: 0,
            keys: keys.get(&row.name).copied().unwrap_or_default(),
            about: ledger::About { owner: about.owner.clone(), notes: about.notes.clone() },
        },
        in_file: true,
    });
    let mut all: Vec<Listed> = of_ledger.chain(of_file).collect();
    all.sort_by(|one, other| one.info.name.cmp(&other.info.name));
    all
}

/// A consumer as data.
pub(super) fn as_json(listed: &Listed) -> Value {
    let info = &listed.info;
    json!({
        "name": info.name.as_str(),
        "plans": info.plans.iter().map(PlanName::as_str).collect::<Vec<_>>(),
        "suspended": info.suspended,
        "keys": info.keys,
        "created_ms": info.created_ms,
        "owner": info.about.owner,
        "notes": info.about.notes,
        "in_file": listed.in_file,
    })
}

/// Consumers for people.
pub(super) fn table(consumers: &[Listed]) -> String {
    let rows = consumers.iter().map(|Listed { info, in_file }| {
        let plans = info.plans.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ");
        let state = match (info.suspended, in_file) {
            (true, true) => "suspended, in the file",
            (true, false) => "suspended",
            (false, true) => "in the file",
            (false, false) => "",
        };
        vec![
            info.name.to_string(),
            plans,
            format!("{} {}", info.keys, if info.keys == 1 { "key" } else { "keys" }),
            state.to_owned(),
            info.about.owner.clone(),
            info.about.notes.clone(),
        ]
    });
    columns(rows)
}

/// A line of the audit as data.
pub(super) fn audit_json(entry: &AuditEntry) -> Value {
    json!({
        "at_ms": entry.at_ms,
        "who": entry.who,
        "what": entry.what,
        "subject": entry.subject,
        "detail": entry.detail,
    })
}

/// The audit for people.
pub(super) fn audit(entries: &[AuditEntry]) -> String {
    columns(entries.iter().map(|entry| {
        let AuditEntry { at_ms, who, what, subject, detail } = entry.clone();
        vec![time_of(at_ms), who, what, subject, detail]
    }))
}
