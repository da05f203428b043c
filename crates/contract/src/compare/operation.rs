//! Operations: which are gone, new, renamed, and what changed in those that stayed.
//!
//! Two operations are one if method and path are the same; what a parameter of the path is called does not count.

use super::judge::{Judge, Obstacles};
use super::{Finding, Verdict, answer, request, security};
use crate::schema::Side;
use crate::{Contract, Operation, Piece, Pointer, Server, Shape};
use std::collections::HashMap;
use std::sync::Arc;

/// Compares shapes on one side: both ways, in JSON and as text on the wire.
pub(super) struct Shapes {
    /// Forward and backward, for JSON; then for text.
    judges: [Judge; 4],
    side: Side,
    /// Schemas that could not be read, in either contract.
    lost: [Vec<Pointer>; 2],
}

impl Shapes {
    fn new(old: &Contract, new: &Contract, side: Side) -> Self {
        let judge = |forward, text| Judge::new(old, new, side, forward, text);
        let lost = |contract: &Contract| {
            let codes = ["reference-nowhere", "reference-outside", "schema-not-an-object", "not-an-object"];
            contract
                .warnings
                .iter()
                .filter(|one| codes.contains(&one.code))
                .map(|one| one.at.clone())
                .collect()
        };
        let judges = [judge(true, false), judge(false, false), judge(true, true), judge(false, true)];
        Self { judges, side, lost: [lost(old), lost(new)] }
    }

    /// What changed between two shapes; `text`: they are written as text.
    pub(super) fn compare(&mut self, old: &Shape, new: &Shape, text: bool) -> Vec<Finding> {
        for (shape, lost) in [old, new].into_iter().zip(&self.lost) {
            if shape.is_anything() && lost.iter().any(|at| at.as_str().starts_with(shape.at().as_str())) {
                let what = format!("{}: a schema could not be read", label(self.side, shape.at()));
                return vec![Finding::new(Verdict::Unknown, "schema", what).old(old.at()).new_at(new.at())];
            }
        }
        let at = if text { 2 } else { 0 };
        let forward: Obstacles = self.judges[at].shapes(old, new);
        let mut found: Vec<Finding> = forward.iter().map(|one| self.judges[at].finding(one)).collect();
        let backward = self.judges[at + 1].shapes(old, new);
        let stands = found.clone();
        // Where something stands in the way, nothing below it is called additive.
        let covered = |one: &Finding| {
            stands.iter().any(|known| {
                let below = |one: &Option<Pointer>, known: &Option<Pointer>| match (one, known) {
                    (Some(one), Some(known)) => {
                        one == known || one.as_str().starts_with(&format!("{known}/"))
                    }
                    _ => false,
                };
                (known.rule == one.rule && (known.old == one.old || known.new == one.new))
                    || below(&one.old, &known.old)
                    || below(&one.new, &known.new)
            })
        };
        for one in &backward {
            let finding = self.judges[at + 1].finding(one);
            if !covered(&finding) {
                found.push(finding);
            }
        }
        for finding in &mut found {
            let at = finding.new.as_ref().or(finding.old.as_ref());
            let place = at.map(|at| label(self.side, at)).unwrap_or_default();
            finding.what = format!("{place}: {}", finding.what);
        }
        found
    }
}

/// Where in a message a pointer of a schema leads: `request body Order.lines[]`.
fn label(side: Side, at: &Pointer) -> String {
    let tokens: Vec<String> = at.tokens().collect();
    let mut text = String::new();
    let mut index = 0;
    let mut named = false;
    while let Some(token) = tokens.get(index) {
        let next = tokens.get(index + 1).map(String::as_str).unwrap_or_default();
        match token.as_str() {
            "schemas" if index == 1 => {
                next.clone_into(&mut text);
                (index, named) = (index + 1, true);
            }
            "properties" if !next.is_empty() => {
                text.push('.');
                text.push_str(next);
                index += 1;
            }
            "items" => text.push_str("[]"),
            "additionalProperties" => text.push_str(".*"),
            "oneOf" | "anyOf" if !next.is_empty() => {
                let number = next.parse::<usize>().map_or(0, |one| one + 1);
                text.push_str("(alternative ");
                text.push_str(&number.to_string());
                text.push(')');
                index += 1;
            }
            _ => {}
        }
        index += 1;
    }
    let side = match (side, named) {
        (Side::Request, _) => "in requests",
        (Side::Response, _) => "in answers",
    };
    let text = text.trim_start_matches('.');
    if text.is_empty() { side.to_owned() } else { format!("{side}, {text}") }
}

/// Method and path without the names of its parameters.
fn key(operation: &Operation) -> String {
    let mut key = operation.method().as_str().to_owned();
    for segment in operation.template().segments() {
        key.push('/');
        for piece in &segment.0 {
            match piece {
                Piece::Literal(text) => key.push_str(text),
                Piece::Parameter(_) => key.push_str("{}"),
                Piece::Rest(_) => key.push_str("{+}"),
            }
        }
    }
    key
}

fn shown(operation: &Operation) -> String {
    format!("{} {}", operation.method(), operation.template())
}

/// Every difference, each with the id of its operation.
pub(super) fn all(old: &Contract, new: &Contract) -> Vec<(Option<String>, Finding)> {
    let mut found: Vec<(Option<String>, Finding)> = Vec::new();
    let told = servers("", &old.servers, &new.servers, &Pointer::root());
    found.extend(told.into_iter().map(|one| (None, one)));
    let mut news: HashMap<String, &Arc<Operation>> = HashMap::new();
    for operation in &new.operations {
        news.entry(key(operation)).or_insert(operation);
    }
    let mut shapes = [Shapes::new(old, new, Side::Request), Shapes::new(old, new, Side::Response)];
    let mut kept = std::collections::HashSet::new();
    for before in &old.operations {
        let id = before.id.to_string();
        let Some(after) = news.get(&key(before)) else {
            let what = format!("operation `{}` is gone", shown(before));
            let gone = Finding::new(Verdict::Breaking, "operation-removed", what).old(&before.at);
            found.push((Some(id), gone));
            continue;
        };
        kept.insert(key(before));
        let mut one = operation(before, after);
        let [requests, answers] = &mut shapes;
        one.extend(request::compare(before, after, requests));
        one.extend(answer::compare(before, after, answers));
        one.extend(security::compare((old, before), (new, after)));
        if !before.servers.is_empty() || !after.servers.is_empty() {
            let pick = |own: &Operation, all: &Contract| {
                if own.servers.is_empty() { all.servers.clone() } else { own.servers.clone() }
            };
            one.extend(servers("of this operation ", &pick(before, old), &pick(after, new), &after.at));
        }
        found.extend(one.into_iter().map(|one| (Some(id.clone()), one)));
    }
    for operation in &new.operations {
        if !kept.contains(&key(operation)) {
            let what = format!("operation `{}` is new", shown(operation));
            let one = Finding::new(Verdict::Additive, "operation-added", what).new_at(&operation.at);
            found.push((Some(operation.id.to_string()), one));
        }
    }
    found
}

/// What is said of the operation itself.
fn operation(old: &Operation, new: &Operation) -> Vec<Finding> {
    let mut found = Vec::new();
    if old.id != new.id {
        let what = format!("operation `{}` is called `{}`: calls by its name do not find it", old.id, new.id);
        let one = Finding::new(Verdict::Unknown, "operation-id", what);
        found.push(one.old(&old.at.at("operationId")).new_at(&new.at.at("operationId")));
    }
    match (old.deprecated, new.deprecated) {
        (false, true) => {
            let one =
                Finding::new(Verdict::Neutral, "deprecated", "the operation is announced as going away");
            found.push(one.old(&old.at).new_at(&new.at.at("deprecated")));
        }
        (true, false) => {
            let one = Finding::new(
                Verdict::Neutral,
                "deprecated",
                "the operation is no longer announced as going away",
            );
            found.push(one.old(&old.at.at("deprecated")).new_at(&new.at));
        }
        _ => {}
    }
    found
}

/// Addresses: nobody can tell from a contract whether one that is gone still answers.
fn servers(whose: &str, old: &[Server], new: &[Server], near: &Pointer) -> Vec<Finding> {
    let has = |all: &[Server], one: &Server| all.iter().any(|other| same_server(one, other));
    let mut found = Vec::new();
    for server in old.iter().filter(|server| !has(new, server)) {
        let what = format!("server {whose}`{}` is no longer named", server.url);
        found.push(Finding::new(Verdict::Unknown, "server-removed", what).old(&server.at).new_at(near));
    }
    for server in new.iter().filter(|server| !has(old, server)) {
        let what = format!("server {whose}`{}` is new", server.url);
        found.push(Finding::new(Verdict::Additive, "server-added", what).new_at(&server.at));
    }
    found
}

fn same_server(one: &Server, other: &Server) -> bool {
    one.url == other.url
        && one.variables.len() == other.variables.len()
        && one.variables.iter().all(|variable| other.variables.contains(variable))
}
