//! What stands where in a board's files: lines for changes, and every key with its value.

use crate::Board;
use crate::tree::{At, Table, Value, merge, read};
use exchange::Origin;
use std::collections::BTreeMap;

/// The merged tables of a board's files.
pub(super) struct Written(Table);

impl Written {
    /// Reads the files once more; a board that was resolved has readable ones.
    pub(super) fn of(board: &Board) -> Self {
        let mut tables = board.made_of.files.iter().filter_map(|file| read(file).ok());
        let mut table = tables.next().unwrap_or_default();
        for over in tables {
            merge(&mut table, over);
        }
        Self(table)
    }

    /// Where this key is written.
    pub(super) fn exact(&self, path: &[&str]) -> Option<Origin> {
        let (at, found) = self.walk(path)?;
        (found == path.len()).then(|| at.origin())
    }

    /// Where it would be: the innermost table that is written.
    pub(super) fn near(&self, path: &[&str]) -> Option<Origin> {
        self.walk(path).map(|(at, _)| at.origin())
    }

    /// The innermost key of a path that is written, and how deep that is.
    fn walk(&self, path: &[&str]) -> Option<(&At, usize)> {
        let mut table = &self.0;
        let mut found = None;
        for (index, key) in path.iter().enumerate() {
            let Some(entry) = table.get(*key) else { break };
            found = Some((&entry.key, index + 1));
            let Value::Table(below) = &entry.node.value else { break };
            table = below;
        }
        found
    }

    /// The texts of a list, or of one text.
    pub(super) fn texts(&self, path: &[&str]) -> Vec<String> {
        let mut value = None;
        let mut table = &self.0;
        for key in path {
            let Some(entry) = table.get(*key) else { return Vec::new() };
            value = Some(&entry.node.value);
            if let Value::Table(below) = &entry.node.value {
                table = below;
            }
        }
        let text = |value: &Value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
        match value {
            Some(Value::List(items)) => items.iter().filter_map(|item| text(&item.value)).collect(),
            Some(value) => text(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Every key that holds no table, by its path, with its value in a form that can be compared and is not shown.
    pub(super) fn leaves(&self) -> BTreeMap<Vec<String>, String> {
        let mut leaves = BTreeMap::new();
        gather(&self.0, &mut Vec::new(), &mut leaves);
        leaves
    }
}

fn gather(table: &Table, path: &mut Vec<String>, leaves: &mut BTreeMap<Vec<String>, String>) {
    for (key, entry) in table {
        path.push(key.clone());
        match &entry.node.value {
            Value::Table(below) if !below.is_empty() => gather(below, path, leaves),
            value => drop(leaves.insert(path.clone(), form(value))),
        }
        path.pop();
    }
}

fn form(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::List(items) => items.iter().map(|item| form(&item.value)).collect::<Vec<_>>().join(","),
        Value::Table(_) | Value::Other(_) => value.kind().to_owned(),
    }
}
