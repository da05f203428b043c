//! `only` and `except`: which operations an offer opens. Every word is checked against the contract.
//!
//! Words: an operation's id, `tag:NAME`, `METHOD *`, `METHOD /template`, `/prefix/*`.

use crate::code;
use crate::keys::{Keys, Text};
use crate::offer::Around;
use crate::report::{Problem, closest};
use crate::scope::{Scope, Sheet};
use crate::tree::At;
use contract::Operation;
use http::Method;
use std::sync::Arc;

/// What is opened by index, the rule as written, and where it is written.
pub(crate) fn resolve<'t>(
    keys: &Keys<'t, '_>,
    around: &Around<'_>,
    scope: &Scope<'_>,
) -> (Vec<bool>, String, Option<&'t At>) {
    let all = around.sheet.map_or(0, |sheet| sheet.contract.operations.len());
    let word = match (keys.entry("only"), keys.entry("except")) {
        (None, None) => return (vec![true; all], String::new(), None),
        (Some(only), Some(except)) => {
            scope.report.add(
                Problem::error(&code::ONLY_AND_EXCEPT, format!("{} has both `only` and `except`", keys.name))
                    .at(&except.key, "this one")
                    .at(&only.key, "and this one")
                    .help("keep one of them"),
            );
            return (vec![false; all], String::new(), None);
        }
        (Some(_), None) => "only",
        (None, Some(_)) => "except",
    };
    let at = keys.entry(word).map_or(keys.at, |entry| &entry.key);
    let texts = keys.list(word).unwrap_or_default();
    let written: Vec<&str> = texts.iter().map(|text| text.text).collect();
    let rule = format!("{word} = {}", list_of(&written));
    let Some(sheet) = around.sheet else {
        // A contract that is written and could not be read has been told already.
        if !around.contract_written {
            scope.report.add(without_contract(word, at, around));
        }
        return (Vec::new(), rule, Some(at));
    };
    let operations = &sheet.contract.operations;
    let mut named = vec![false; operations.len()];
    let mut faulty = false;
    for text in texts {
        match matching(text, sheet, around, scope) {
            Some(test) => {
                for (named, operation) in named.iter_mut().zip(operations) {
                    *named |= test.names(operation);
                }
            }
            None => faulty = true,
        }
    }
    let opens: Vec<bool> = named.iter().map(|named| *named == (word == "only")).collect();
    if !faulty && !opens.contains(&true) && !operations.is_empty() {
        scope.report.add(
            Problem::warning(&code::OPENS_NOTHING, format!("{} opens no operation", keys.name))
                .at(at, "nothing is left"),
        );
    }
    (opens, rule, Some(at))
}

/// A rule of an API without a contract.
pub(crate) fn without_contract(word: &str, at: &At, around: &Around<'_>) -> Problem {
    Problem::error(&code::RULE_WITHOUT_CONTRACT, format!("`{}` has no contract to choose from", around.api))
        .at(at, "nothing is known of its operations")
        .help(format!("give `[apis.{}]` a `contract`, or leave `{word}` out", around.api))
}

fn list_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| crate::keys::quoted(word)).collect();
    format!("[{}]", quoted.join(", "))
}

/// What one word of a rule names.
pub(crate) enum Test<'t> {
    Id(&'t str),
    Tag(&'t str),
    Method(Method),
    Path(Method, &'t str),
    Below(&'t str),
}

impl<'t> Test<'t> {
    /// What a word means, whether it names anything or not; `None`: it begins with no method.
    pub(crate) fn of(word: &'t str) -> Option<Self> {
        Some(if let Some(tag) = word.strip_prefix("tag:") {
            Self::Tag(tag)
        } else if word.starts_with('/') {
            Self::Below(word.strip_suffix("/*").unwrap_or(word))
        } else if let Some((method, path)) = word.split_once(' ') {
            let method = Method::from_bytes(method.as_bytes()).ok()?;
            if path == "*" { Self::Method(method) } else { Self::Path(method, path) }
        } else {
            Self::Id(word)
        })
    }

    /// Whether the word names this operation.
    pub(crate) fn names(&self, operation: &Operation) -> bool {
        match self {
            Self::Id(id) => operation.id.as_str() == *id,
            Self::Tag(tag) => operation.tags.iter().any(|own| own == tag),
            Self::Method(method) => operation.method() == method,
            Self::Path(method, path) => {
                operation.method() == method && operation.template().as_str() == *path
            }
            Self::Below(prefix) => operation
                .template()
                .as_str()
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

/// What a word names, or a problem.
pub(crate) fn matching<'t>(
    text: Text<'t>,
    sheet: &Sheet,
    around: &Around<'_>,
    scope: &Scope<'_>,
) -> Option<Test<'t>> {
    let operations = &sheet.contract.operations;
    let word = text.text;
    if let (false, Some((method, _))) =
        (word.starts_with(['/']) || word.starts_with("tag:"), word.split_once(' '))
    {
        method_named(method, operations, text.at, scope)?;
    }
    let test = Test::of(word)?;
    if operations.iter().any(|operation| test.names(operation)) || matches!(test, Test::Method(_)) {
        return Some(test);
    }
    let problem = match &test {
        Test::Tag(tag) => unknown_tag(tag, text.at, sheet, around),
        _ => unknown_operation(word, text.at, sheet, around),
    };
    scope.report.add(problem);
    None
}

/// A method that HTTP names, or that the contract does (OpenAPI 3.2, `additionalOperations`).
fn method_named(text: &str, operations: &[Arc<Operation>], at: &At, scope: &Scope<'_>) -> Option<Method> {
    let own = operations.iter().map(|one| one.method()).find(|method| method.as_str() == text);
    if let Some(own) = own {
        return Some(own.clone());
    }
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"];
    if known.contains(&text) {
        return Method::from_bytes(text.as_bytes()).ok();
    }
    let problem =
        Problem::error(&code::BAD_METHOD, format!("`{text}` is no HTTP method")).at(at, "begins with it");
    scope.report.add(match closest(text, known) {
        Some(word) => problem.help(format!("write `{word}`")),
        None => problem.help("methods are written in capitals: `GET *`"),
    });
    None
}

fn unknown_tag(tag: &str, at: &At, sheet: &Sheet, around: &Around<'_>) -> Problem {
    let mut known: Vec<&str> = sheet
        .contract
        .operations
        .iter()
        .flat_map(|operation| operation.tags.iter().map(String::as_str))
        .collect();
    known.sort_unstable();
    known.dedup();
    let problem = Problem::error(
        &code::UNKNOWN_TAG,
        format!("no operation of `{}` carries the tag `{tag}`", around.api),
    )
    .at(at, format!("not in {}", sheet.contract.name));
    match closest(tag, known.iter().copied()) {
        Some(meant) => problem.help(format!("write \"tag:{meant}\"")),
        None if known.is_empty() => problem.help("the contract has no tags: name operations by their ids"),
        None => problem.help(format!("its tags are {}", crate::keys::list(&known[..known.len().min(12)]))),
    }
}

fn unknown_operation(word: &str, at: &At, sheet: &Sheet, around: &Around<'_>) -> Problem {
    let by_path = word.contains('/');
    // What an operation would be called in this form.
    let called = |operation: &Arc<Operation>| match (by_path, word.starts_with('/')) {
        (false, _) => operation.id.to_string(),
        (true, true) => operation.template().to_string(),
        (true, false) => format!("{} {}", operation.method(), operation.template()),
    };
    let names: Vec<String> = sheet.contract.operations.iter().map(called).collect();
    let meant = closest(word, names.iter().map(String::as_str));
    let problem = Problem::error(
        &code::UNKNOWN_OPERATION,
        format!("there is no operation `{word}` in the contract of `{}`", around.api),
    )
    .at(at, format!("not in {}", sheet.contract.name));
    let Some(meant) = meant else {
        return problem.help(format!("`switchboard contract operations {}` lists them", sheet.contract.name));
    };
    let operation =
        names.iter().position(|name| name == meant).and_then(|at| sheet.contract.operations.get(at));
    let problem = match operation.and_then(|operation| sheet.at_operation(operation)) {
        Some(place) => problem.at(&place, "did you mean this one?"),
        None => problem,
    };
    problem.help(format!("write \"{meant}\""))
}
