//! Path templates from paths: which segments are values, told by their form, or by answers that look alike.
//!
//! A segment is a value if it has the form of one (a number, a UUID, a hash, a key with digits), or if many
//! words stand at its place and the answers behind all of them have the same members.

use super::text::{self, Form};
use super::{Heard, document};
use percent_encoding::percent_decode_str;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Words at one place that make it a value, if their answers look alike.
const MANY_WORDS: usize = 4;

/// Segments of a path that are looked at; the rest of a longer one stays as it is.
const DEEPEST: usize = 40;

/// A path with its values taken out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Template(pub(super) Vec<Piece>);

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Piece {
    /// As it was written, percent-encoded.
    Word(String),
    /// A value of this name.
    Value(String),
}

impl fmt::Display for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Word(word) => write!(out, "/{word}")?,
                Piece::Value(name) => write!(out, "/{{{name}}}")?,
            }
        }
        if self.0.is_empty() { out.write_str("/") } else { Ok(()) }
    }
}

impl Template {
    /// The values that a path has at the places of this template, decoded.
    pub(super) fn values<'p>(&'p self, path: &'p str) -> impl Iterator<Item = (&'p str, String)> + 'p {
        segments(path).into_iter().zip(&self.0).filter_map(|(segment, piece)| match piece {
            Piece::Value(name) => Some((name.as_str(), decoded(segment))),
            Piece::Word(_) => None,
        })
    }
}

/// The template of each call, in their order.
pub(super) fn templates(calls: &[&Heard]) -> Vec<Template> {
    let paths: Vec<Vec<&str>> = calls.iter().map(|call| segments(&call.path)).collect();
    let mut found: Vec<Vec<Piece>> = vec![Vec::new(); calls.len()];
    let all: Vec<usize> = (0..calls.len()).collect();
    let mut open = vec![all];
    // Level by level: calls with the same template so far are looked at together.
    while let Some(group) = open.pop() {
        let depth = group.first().map_or(0, |one| found[*one].len());
        let mut words: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for call in group {
            if let Some(segment) = paths[call].get(depth) {
                words.entry(segment).or_default().push(call);
            }
        }
        let values = values(&words, depth, &paths, calls);
        let name = name(words.values().flatten().next().map(|one| found[*one].as_slice()), &values);
        let mut together = Vec::new();
        for (word, members) in words {
            let is_value = values.contains(word);
            for call in &members {
                let piece = if is_value { Piece::Value(name.clone()) } else { Piece::Word(word.to_owned()) };
                found[*call].push(piece);
            }
            if is_value {
                together.extend(members);
            } else {
                open.push(members);
            }
        }
        open.push(together);
        open.retain(|group| !group.is_empty());
    }
    found.into_iter().map(Template).collect()
}

/// Which of the segments at one place are values.
fn values<'w>(
    words: &BTreeMap<&'w str, Vec<usize>>,
    depth: usize,
    paths: &[Vec<&str>],
    calls: &[&Heard],
) -> BTreeSet<&'w str> {
    if depth >= DEEPEST {
        return BTreeSet::new();
    }
    let formed: BTreeSet<&str> = words
        .keys()
        .copied()
        .filter(|word| {
            let form = text::form(&decoded(word));
            match form {
                // `/1/cards`, `/2024-04-01/accounts`: the only one at the root is a version.
                Form::Number | Form::Date => {
                    depth > 0 || words.keys().filter(|one| text::form(&decoded(one)) == form).count() > 1
                }
                Form::Word => false,
                Form::Uuid | Form::Key => true,
            }
        })
        .collect();
    let plain: Vec<(&str, &Vec<usize>)> = words
        .iter()
        .filter(|(word, _)| !formed.contains(*word))
        .map(|(word, calls)| (*word, calls))
        .collect();
    if plain.len() < MANY_WORDS {
        return formed;
    }
    // What the answers behind a word look like: method, what follows in the path, the members.
    let looks = |members: &[usize]| -> BTreeSet<(u8, Vec<String>, Vec<String>)> {
        let look = |call: &usize| {
            let rest = paths[*call][depth + 1..].iter().map(|segment| match text::form(&decoded(segment)) {
                Form::Word => (*segment).to_owned(),
                _ => "{}".to_owned(),
            });
            Some((document::rank(&calls[*call].method), rest.collect(), members_of(calls[*call])?))
        };
        members.iter().filter_map(look).collect()
    };
    let looks: Vec<(&str, BTreeSet<_>)> =
        plain.into_iter().map(|(word, members)| (word, looks(members))).collect();
    let mut best: BTreeSet<&str> = BTreeSet::new();
    let kinds: BTreeSet<_> = looks.iter().flat_map(|(_, looks)| looks.iter()).collect();
    for kind in kinds {
        let alike: BTreeSet<&str> =
            looks.iter().filter(|(_, looks)| looks.contains(kind)).map(|(word, _)| *word).collect();
        if alike.len() > best.len() {
            best = alike;
        }
    }
    if best.len() >= MANY_WORDS { formed.union(&best).copied().collect() } else { formed }
}

/// The names of the members of what a call answered with, if it went well and that was an object with some.
fn members_of(call: &Heard) -> Option<Vec<String>> {
    let bytes = call.answer.bytes.as_ref().filter(|_| (200..300).contains(&call.status))?;
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let first = value.as_array().map_or(Some(&value), |items| items.first())?;
    let mut names: Vec<String> = first.as_object()?.keys().cloned().collect();
    names.sort_unstable();
    (names.len() > 1).then_some(names)
}

/// What a value is called: after the word before it, `orderId` behind `/orders`.
fn name(before: Option<&[Piece]>, values: &BTreeSet<&str>) -> String {
    let before = before.unwrap_or_default();
    let date = !values.is_empty() && values.iter().all(|word| text::form(&decoded(word)) == Form::Date);
    let kind = if date { "date" } else { "id" };
    let name = match before.last() {
        Some(Piece::Word(word)) if kind == "id" => {
            let stem = document::singular(&document::camel(&decoded(word)));
            if stem.is_empty() { kind.to_owned() } else { format!("{stem}Id") }
        }
        _ => kind.to_owned(),
    };
    let taken = |name: &str| before.iter().any(|piece| matches!(piece, Piece::Value(known) if known == name));
    let mut number = 1;
    let mut unique = name.clone();
    while taken(&unique) {
        number += 1;
        unique = format!("{name}{number}");
    }
    unique
}

fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/')
        .filter(|rest| !rest.is_empty())
        .map(|rest| rest.split('/').collect())
        .unwrap_or_default()
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
