//! A table while it is read: which keys it may have, and their values by kind.
//!
//! A key that nobody knows, or a value of the wrong kind, is told and then taken as not written: reading goes on.

mod counted;

use crate::code;
use crate::quantity;
use crate::report::{Problem, Report, closest};
use crate::tree::{At, Entry, Node, Table, Value};
use std::time::Duration;

/// A table with a name for messages: `[apis.orders]`.
#[derive(Debug)]
pub(crate) struct Keys<'t, 'r> {
    pub(crate) name: String,
    pub(crate) at: &'t At,
    table: &'t Table,
    report: &'r Report,
}

/// A text and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'t> {
    pub(crate) text: &'t str,
    pub(crate) at: &'t At,
}

impl<'t, 'r> Keys<'t, 'r> {
    /// Opens a table: tells every key that is neither `known` nor `later`, which is known and not built yet.
    pub(crate) fn open(
        name: String,
        entry: &'t Entry,
        known: &[&str],
        later: &[&str],
        report: &'r Report,
    ) -> Option<Self> {
        let table = table(&name, entry, report)?;
        let keys = Self { name, at: &entry.key, table, report };
        keys.only(known, later);
        Some(keys)
    }

    /// The whole file.
    pub(crate) fn root(
        table: &'t Table,
        at: &'t At,
        known: &[&str],
        later: &[&str],
        report: &'r Report,
    ) -> Self {
        let keys = Self { name: "the board".to_owned(), at, table, report };
        keys.only(known, later);
        keys
    }

    fn only(&self, known: &[&str], later: &[&str]) {
        #[cfg(test)]
        seen::note(&self.name, known);
        for (key, entry) in self.table {
            if known.contains(&key.as_str()) {
                continue;
            }
            if later.contains(&key.as_str()) {
                self.report.add(not_built_yet(key, &entry.key));
                continue;
            }
            let problem = Problem::error(&code::UNKNOWN_KEY, format!("{} has no key `{key}`", self.name));
            self.report.add(match closest(key, known.iter().chain(later).copied()) {
                Some(word) => problem.at(&entry.key, "no such key").help(format!("write `{word}`")),
                None => problem.at(&entry.key, "no such key").help(format!("its keys are {}", list(known))),
            });
        }
    }

    /// The key with its value, whatever it is.
    pub(crate) fn entry(&self, key: &str) -> Option<&'t Entry> {
        self.table.get(key)
    }

    /// A string.
    pub(crate) fn text(&self, key: &str) -> Option<Text<'t>> {
        let node = &self.table.get(key)?.node;
        self.as_text(key, node)
    }

    fn as_text(&self, key: &str, node: &'t Node) -> Option<Text<'t>> {
        if let Value::Text(text) = &node.value {
            return Some(Text { text, at: &node.at });
        }
        self.wrong(key, node, "a string", "\"…\"");
        None
    }

    /// A string, or a list of strings.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<Text<'t>>> {
        let node = &self.table.get(key)?.node;
        match &node.value {
            Value::List(items) => Some(items.iter().filter_map(|item| self.as_text(key, item)).collect()),
            Value::Text(text) => Some(vec![Text { text, at: &node.at }]),
            _ => {
                self.wrong(key, node, "a string or a list of strings", "[\"…\"]");
                None
            }
        }
    }

    /// A list of strings and nothing else.
    pub(crate) fn list(&self, key: &str) -> Option<Vec<Text<'t>>> {
        let node = &self.table.get(key)?.node;
        match &node.value {
            Value::List(items) => Some(items.iter().filter_map(|item| self.as_text(key, item)).collect()),
            Value::Text(text) => {
                self.wrong(key, node, "a list of strings", &format!("[{}]", quoted(text)));
                None
            }
            _ => {
                self.wrong(key, node, "a list of strings", "[\"…\"]");
                None
            }
        }
    }

    /// A list of whatever.
    pub(crate) fn items(&self, key: &str) -> &'t [Node] {
        match self.table.get(key).map(|entry| &entry.node) {
            Some(Node { value: Value::List(items), .. }) => items,
            Some(node) => {
                self.wrong(key, node, "a list", "[\"…\"]");
                &[]
            }
            None => &[],
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        let node = &self.table.get(key)?.node;
        if let Value::Flag(flag) = node.value {
            return Some(flag);
        }
        self.wrong(key, node, "`true` or `false`", "true");
        None
    }

    /// A whole number from 0 to `most`.
    pub(crate) fn number(&self, key: &str, most: u32) -> Option<u32> {
        let node = &self.table.get(key)?.node;
        if let Value::Integer(number) = node.value
            && let Some(number) = u32::try_from(number).ok().filter(|number| *number <= most)
        {
            return Some(number);
        }
        self.wrong(key, node, &format!("a whole number from 0 to {most}"), "2");
        None
    }

    /// A duration.
    pub(crate) fn duration(&self, key: &str) -> Option<Duration> {
        let Text { text, at } = self.text(key)?;
        let read = quantity::duration(text);
        if read.is_none() {
            let headline = format!("`{key}` of {} is no duration", self.name);
            self.report.add(
                Problem::error(&code::BAD_DURATION, headline)
                    .at(at, "not a whole number with a unit")
                    .help("write it like `\"250ms\"`, `\"3s\"`, `\"15m\"`, `\"24h\"` or `\"7d\"`"),
            );
        }
        read
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], later: &[&str]) -> Option<T> {
        let Text { text, at } = self.text(key)?;
        if let Some((_, meant)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meant);
        }
        if later.contains(&text) {
            self.report.add(not_built_yet(text, at));
            return None;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.report.add(bad_word(&format!("`{key}` of {}", self.name), at, text, &known));
        None
    }

    /// Members of a table of named things, with their names checked.
    pub(crate) fn members(&self, key: &str) -> Vec<(&'t str, &'t Entry)> {
        let Some(entry) = self.table.get(key) else {
            return Vec::new();
        };
        let Some(table) = table(&format!("`{key}`"), entry, self.report) else {
            return Vec::new();
        };
        table
            .iter()
            .filter(|(name, entry)| good_name(name, entry, self.report))
            .map(|(name, entry)| (name.as_str(), entry))
            .collect()
    }

    /// How many members a table has, faulty ones included.
    pub(crate) fn member_count(&self, key: &str) -> usize {
        match self.table.get(key).map(|entry| &entry.node.value) {
            Some(Value::Table(table)) => table.len(),
            _ => 0,
        }
    }

    /// A key that has to be there is not.
    pub(crate) fn missing(&self, key: &str, example: &str) {
        self.report.add(
            Problem::error(&code::MISSING_KEY, format!("{} has no `{key}`", self.name))
                .at(self.at, format!("`{key}` is needed here"))
                .help(format!("add `{key} = {example}`")),
        );
    }

    /// Tells that a value is of the wrong kind.
    pub(crate) fn wrong(&self, key: &str, node: &Node, wanted: &str, example: &str) {
        self.report.add(wrong_type(
            &format!("`{key}` of {}", self.name),
            node,
            wanted,
            &format!("{key} = {example}"),
        ));
    }
}

/// The table that `entry` is, or a problem.
fn table<'t>(name: &str, entry: &'t Entry, report: &Report) -> Option<&'t Table> {
    if let Value::Table(table) = &entry.node.value {
        return Some(table);
    }
    report.add(
        Problem::error(&code::WRONG_TYPE, format!("{name} is {}, not a table", entry.node.value.kind()))
            .at(&entry.node.at, "a table is wanted here"),
    );
    None
}

/// A value of the wrong kind.
pub(crate) fn wrong_type(what: &str, node: &Node, wanted: &str, example: &str) -> Problem {
    Problem::error(&code::WRONG_TYPE, format!("{what} is not {wanted}"))
        .at(&node.at, format!("this is {}", node.value.kind()))
        .help(format!("write `{example}`"))
}

/// A word that is known and not built yet.
pub(crate) fn not_built_yet(word: &str, at: &At) -> Problem {
    Problem::error(&code::NOT_BUILT_YET, format!("`{word}` is not built yet"))
        .at(at, "part of the language, not of this version")
        .help("leave it out for now")
}

/// A word that is none of the few.
pub(crate) fn bad_word(what: &str, at: &At, typed: &str, known: &[&str]) -> Problem {
    let help = closest(typed, known.iter().copied())
        .map_or_else(|| format!("write {}", list_or(known)), |word| format!("write \"{word}\""));
    Problem::error(&code::BAD_WORD, format!("{what} cannot be `{typed}`"))
        .at(at, format!("{} is wanted", list_or(known)))
        .help(help)
}

/// `` `a`, `b` ``.
pub(crate) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn list_or(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
}

/// A text as a TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

/// Names are words for a command line, a log and a URL.
fn good_name(name: &str, entry: &Entry, report: &Report) -> bool {
    let fault = if name.is_empty() {
        "a name is not empty"
    } else if name.len() > 64 {
        "a name has at most 64 characters"
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        "a name consists of letters, digits, `-` and `_`"
    } else {
        return true;
    };
    report.add(
        Problem::error(&code::BAD_NAME, format!("`{name}` cannot be a name"))
            .at(&entry.key, fault)
            .help(format!("write `{}`", mended(name))),
    );
    false
}

fn mended(name: &str) -> String {
    let mended: String = name
        .chars()
        .take(64)
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' })
        .collect();
    if mended.is_empty() { "name".to_owned() } else { mended }
}

/// Which keys each table knows, as boards are read: for the test that compares them with the editor's schema.
#[cfg(test)]
pub(crate) mod seen {
    use std::cell::RefCell;

    type Seen = Vec<(String, Vec<String>)>;

    thread_local! {
        static SEEN: RefCell<Seen> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn note(name: &str, known: &[&str]) {
        let known = known.iter().map(|&key| key.to_owned()).collect();
        SEEN.with_borrow_mut(|seen| seen.push((name.to_owned(), known)));
    }

    /// What was read on this thread since the last time.
    pub(crate) fn take() -> Seen {
        SEEN.take()
    }
}
