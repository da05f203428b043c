//! The page of an operation: what it does, what it takes and answers, what it wants, and lines to paste.

use super::Page;
use super::words::{hanging, kind, plain, scheme, status, what, wrapped};
use crate::command::call::draft::Named;
use crate::command::columns;
use contract::{In, Operation, Requirement, Want};
use serde_json::Value;
use std::fmt::Write as _;

impl Page {
    /// The page; `words` name the operation on the command line.
    pub(super) fn operation(self, words: &str, named: &Named) -> String {
        let operation = &named.operation;
        let mut page = self.heading("NAME").trim_start().to_owned();
        let gone = if operation.deprecated { " (deprecated)" } else { "" };
        let summary = super::words::first_line(&operation.summary);
        page +=
            &hanging(&format!("{words}{gone}{}{summary}", if summary.is_empty() { "" } else { " - " }), 2, 6);
        page += &self.heading("USE");
        page += &hanging(&format!("switchboard call {words} [ITEM…]"), 2, 6);
        page += &self.heading("REQUEST");
        let _ = writeln!(page, "  {} {}", operation.method(), operation.template());
        let _ = writeln!(page, "  {}", named.line(&operation.at));
        if !operation.description.is_empty() && operation.description != operation.summary {
            page += &self.heading("DESCRIPTION");
            page += &wrapped(&operation.description, 2);
        }
        page += &self.values(named);
        page += &self.heading("ANSWERS");
        page += &columns(operation.outputs.iter().map(|output| {
            let bodies: Vec<String> = output
                .bodies
                .iter()
                .map(|body| {
                    if body.shape.is_anything() {
                        body.media.clone()
                    } else {
                        format!("{}, {}", body.media, kind(&body.shape))
                    }
                })
                .collect();
            let line =
                named.contract.line(&output.at).map_or_else(String::new, |line| format!("line {line}"));
            vec![format!("  {}", status(output.status)), bodies.join("; "), line]
        }));
        page += &self.heading("CREDENTIALS");
        page += &credentials(named);
        page += &self.heading("EXAMPLE");
        let line = format!("switchboard call {words}{}{}", example(operation), server(named, words));
        let _ = writeln!(page, "  {line}");
        let _ = writeln!(page, "  {line} --dry-run");
        if !operation.input.is_empty() {
            let _ = writeln!(page, "  switchboard call {words} --example");
        }
        page
    }

    /// Parameters and members of the body, what is required first.
    fn values(self, named: &Named) -> String {
        let operation = &named.operation;
        let mut page = String::new();
        let names = operation.names();
        for (title, body) in [("PARAMETERS", false), ("BODY", true)] {
            let mut of: Vec<_> = names.iter().filter(|known| (known.place == In::Body) == body).collect();
            of.sort_by_key(|known| !known.required);
            let media: Vec<&str> = operation.input.iter().map(|one| one.media.as_str()).collect();
            if of.is_empty() && (!body || media.is_empty()) {
                continue;
            }
            page += &self.heading(title);
            if body {
                let must = if operation.input_required { "required" } else { "optional" };
                page += &hanging(&format!("{must}, {}", media.join(" or ")), 2, 6);
            }
            for known in of {
                let must = if known.required { ", required" } else { "" };
                let place = if body { String::new() } else { format!(", in {}", known.place) };
                let line =
                    named.contract.line(&known.at).map_or_else(String::new, |line| format!(" (line-{line})"));
                // `-` holds a place that must not be broken at, until the line is made.
                let text = format!("{}- {}{place}{must}{line}", known.name, what(&known.shape));
                let name = format!("{}{}{} ", self.bold.0, known.name, self.bold.1);
                page += &hanging(&text, 2, 6)
                    .replacen(&format!("{}-", known.name), &name, 1)
                    .replacen("(line-", "(line ", 1);
                page += &wrapped(&known.description, 6);
            }
        }
        page
    }
}

/// The ways to be let in, each with what its schemes want.
fn credentials(named: &Named) -> String {
    let ways = &named.operation.security.0;
    if ways.iter().all(Vec::is_empty) {
        return "  none is declared\n".to_owned();
    }
    let one = |requirement: &Requirement| {
        let known = named.contract.schemes.iter().find(|scheme| scheme.name == requirement.scheme);
        let how = known.map_or_else(String::new, |known| format!(": {}", scheme(&known.kind)));
        let scopes = if requirement.scopes.is_empty() {
            String::new()
        } else {
            format!(", scopes {}", requirement.scopes.join(" "))
        };
        format!("{}{how}{scopes}", requirement.scheme)
    };
    let way = |all: &Vec<Requirement>| match all.as_slice() {
        [] => "or nothing".to_owned(),
        all => all.iter().map(one).collect::<Vec<_>>().join("; and "),
    };
    ways.iter().map(|all| hanging(&way(all), 2, 6)).collect()
}

/// `--server`, where a contract by itself does not say whom to ask.
fn server(named: &Named, words: &str) -> &'static str {
    let by_file = words.starts_with(&format!("{} ", named.contract.name));
    let known = named.contract.servers.first().is_some_and(|server| server.address().contains("://"));
    if by_file && !known { " --server http://127.0.0.1:8080" } else { "" }
}

/// Items for what must be given: by examples where the contract has some, else made to fit it.
fn example(operation: &Operation) -> String {
    let names = operation.names();
    let made = contract::sample_request(operation, 0, Want::Minimal);
    let sampled = |place: In, name: &str| {
        let (_, _, value) = made.as_ref()?.0.iter().find(|(at, known, _)| match place {
            In::Body => *at == In::Body,
            _ => *at == place && known == name,
        })?;
        match value {
            contract::Value::Json(Value::Object(members)) if place == In::Body => members.get(name).cloned(),
            contract::Value::Json(_) if place == In::Body => None,
            contract::Value::Json(value) => Some(value.clone()),
            contract::Value::Text(text) => Some(text.as_str().into()),
            _ => None,
        }
    };
    let mut wanted: Vec<_> = names.iter().filter(|known| known.required).collect();
    if operation.input_required && !wanted.iter().any(|known| known.place == In::Body) {
        // A body must be there, though none of its members must.
        wanted.extend(names.iter().find(|known| known.place == In::Body));
    }
    let items = wanted.into_iter().map(|known| {
        let value = known.shape.example().filter(|value| known.shape.check(value).is_empty());
        let value = value
            .or_else(|| sampled(known.place, &known.name))
            .or_else(|| known.shape.sample(0, Want::Minimal));
        match value {
            Some(value @ (Value::Array(_) | Value::Object(_) | Value::Null)) => {
                quoted(&format!("{}:={value}", known.name))
            }
            Some(value) => quoted(&format!("{}={}", known.name, plain(&value))),
            None => format!("{}={}", known.name, kind(&known.shape).to_uppercase()),
        }
    });
    items.fold(String::new(), |words, item| words + " " + &item)
}

/// An item as a shell takes it; `name=value` needs no quotes where the value has nothing a shell knows.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "=_-.,:/@+%".contains(letter);
    if word.chars().all(plain) { word.to_owned() } else { shell_words::quote(word).into_owned() }
}
