//! `call API --help` and `call API OPERATION --help`: an API and an operation as manual pages, from the contract.

use super::Call;
use super::draft::Named;
use super::nearby::Nearby;
use super::target::{self, Target};
use crate::arguments::{Arguments, Global};
use crate::command::columns;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use clap::CommandFactory as _;
use contract::{Contract, In, Kind, Operation, SchemeKind, Shape, StatusRange};
use std::fmt::Write as _;
use std::sync::Arc;

/// Columns of a page.
const WIDTH: usize = 100;
/// Choices that are listed.
const CHOICES: usize = 12;

impl Call {
    /// The page that `--help` asks for.
    pub(super) fn manual(&self, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        if self.words.is_empty() {
            let mut command = Arguments::command();
            command.build();
            if let Some(call) = command.find_subcommand_mut("call") {
                let page = call.render_long_help();
                terminal.data(if terminal.colour_out { page.ansi().to_string() } else { page.to_string() });
            }
            return Ok(Exit::Ok);
        }
        let nearby = Nearby::looking(global);
        let page = Page::new(terminal);
        if let Some((name, contract)) = target::whole(&self.words, &nearby)? {
            terminal.data(page.api(&name, &contract));
            return Ok(Exit::Ok);
        }
        match target::read(&self.words, &nearby)?.0 {
            Target::Operation(api, contract, operation) => {
                let words = match &api {
                    Some(api) => format!("{}.{}", api.name, operation.id),
                    None => format!("{} {}", contract.name, operation.id),
                };
                terminal.data(page.operation(&words, &Named { operation, contract }));
                Ok(Exit::Ok)
            }
            Target::Url(..) => Err(Failure::usage("a URL has no manual page").help(
                "`switchboard call --help` tells of the command, `switchboard call API --help` of an API",
            )),
        }
    }
}

/// How a page is written.
#[derive(Clone, Copy)]
struct Page {
    bold: (&'static str, &'static str),
}

impl Page {
    const fn new(terminal: Terminal) -> Self {
        Self { bold: if terminal.colour_out { ("\x1b[1m", "\x1b[0m") } else { ("", "") } }
    }

    fn heading(self, word: &str) -> String {
        format!("\n{}{word}{}\n", self.bold.0, self.bold.1)
    }

    /// An API: what it is, where it is, what it wants, and its operations by tag.
    fn api(self, name: &str, contract: &Contract) -> String {
        let mut page = self.heading("NAME").trim_start().to_owned();
        let _ = writeln!(page, "  {name} - {} {}", contract.title, contract.version);
        page += &self.heading("USE");
        let _ = writeln!(page, "  switchboard call {}OPERATION [ITEM…]", before(name, contract));
        let _ = writeln!(page, "  switchboard call {}OPERATION --help", before(name, contract));
        let servers: Vec<String> =
            contract.servers.iter().map(|one| format!("  {}\n", one.address())).collect();
        if !servers.is_empty() {
            page += &self.heading("SERVERS");
            page += &servers.concat();
        }
        if !contract.schemes.is_empty() {
            page += &self.heading("CREDENTIALS");
            page += &columns(
                contract.schemes.iter().map(|one| vec![format!("  {}", one.name), scheme(&one.kind)]),
            );
        }
        let mut tags: Vec<&str> = Vec::new();
        for operation in &contract.operations {
            let tag = operation.tags.first().map_or("", String::as_str);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        for tag in tags {
            let title = if tag.is_empty() { "OPERATIONS".to_owned() } else { format!("OPERATIONS: {tag}") };
            page += &self.heading(&title);
            let of_tag =
                |operation: &&Arc<Operation>| operation.tags.first().map_or("", String::as_str) == tag;
            page += &columns(contract.operations.iter().filter(of_tag).map(|operation| {
                let gone = if operation.deprecated { "(deprecated) " } else { "" };
                vec![
                    format!("  {}", operation.id),
                    format!("{} {}", operation.method(), operation.template()),
                    format!("{gone}{}", first_line(&operation.summary)),
                ]
            }));
        }
        page
    }

    /// An operation: what it does, what it takes, what it answers, what it wants, and a line to paste.
    fn operation(self, words: &str, named: &Named) -> String {
        let operation = &named.operation;
        let mut page = self.heading("NAME").trim_start().to_owned();
        let gone = if operation.deprecated { " (deprecated)" } else { "" };
        let _ = writeln!(page, "  {words}{gone}");
        page += &wrapped(&operation.summary, 2);
        page += &self.heading("REQUEST");
        let _ = writeln!(page, "  {} {}", operation.method(), operation.template());
        let _ = writeln!(page, "  {}", named.line(&operation.at));
        if !operation.description.is_empty() && operation.description != operation.summary {
            page += &self.heading("DESCRIPTION");
            page += &wrapped(&operation.description, 2);
        }
        let names = operation.names();
        for (title, body) in [("PARAMETERS", false), ("BODY", true)] {
            let of: Vec<_> = names.iter().filter(|known| (known.place == In::Body) == body).collect();
            let media: Vec<&str> = operation.input.iter().map(|one| one.media.as_str()).collect();
            if of.is_empty() && (!body || media.is_empty()) {
                continue;
            }
            page += &self.heading(title);
            if body {
                let must = if operation.input_required { "required" } else { "optional" };
                let _ = writeln!(page, "  {must}, {}", media.join(" or "));
            }
            for known in of {
                let must = if known.required { ", required" } else { "" };
                let place = if body { String::new() } else { format!(" in {}", known.place) };
                let _ = writeln!(
                    page,
                    "  {}{}{}  {}{place}{must}",
                    self.bold.0,
                    known.name,
                    self.bold.1,
                    what(&known.shape)
                );
                page += &wrapped(&known.description, 6);
            }
        }
        page += &self.heading("ANSWERS");
        page += &columns(operation.outputs.iter().map(|output| {
            let media: Vec<&str> = output.bodies.iter().map(|body| body.media.as_str()).collect();
            vec![format!("  {}", status(output.status)), media.join(", ")]
        }));
        let ways: Vec<String> = operation
            .security
            .0
            .iter()
            .map(|all| all.iter().map(|one| one.scheme.as_str()).collect::<Vec<_>>().join(" and "))
            .map(|way| if way.is_empty() { "nothing".to_owned() } else { way })
            .collect();
        if !ways.is_empty() {
            page += &self.heading("CREDENTIALS");
            let _ = writeln!(page, "  {}", ways.join(", or "));
        }
        page += &self.heading("EXAMPLE");
        let _ = writeln!(page, "  switchboard call {words}{}", example(operation));
        page
    }
}

/// `API.` or `FILE `: what comes before an operation's id.
fn before(name: &str, contract: &Contract) -> String {
    if contract.name == name { format!("{name} ") } else { format!("{name}.") }
}

/// Items for what must be given, with examples where the contract has some.
fn example(operation: &Operation) -> String {
    let required = operation.names().into_iter().filter(|known| known.required);
    let items = required.map(|known| {
        let value = known.shape.example();
        match value {
            Some(serde_json::Value::String(text)) => quoted(&format!("{}={text}", known.name)),
            Some(value @ (serde_json::Value::Array(_) | serde_json::Value::Object(_))) => {
                quoted(&format!("{}:={value}", known.name))
            }
            Some(value) => quoted(&format!("{}={value}", known.name)),
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

fn kind(shape: &Shape) -> &'static str {
    match shape.kind() {
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::String => "text",
        Kind::Array => "list",
        Kind::Object => "object",
        Kind::Any => "any",
    }
}

/// Kind, choices and default of a value.
fn what(shape: &Shape) -> String {
    let mut words = kind(shape).to_owned();
    let choices = shape.choices();
    if !choices.is_empty() {
        let shown: Vec<String> = choices.iter().take(CHOICES).map(plain).collect();
        let more = if choices.len() > CHOICES { ", …" } else { "" };
        let _ = write!(words, " ({}{more})", shown.join(", "));
    }
    if let Some(default) = shape.default() {
        let _ = write!(words, " = {}", plain(&default));
    }
    words
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn scheme(kind: &SchemeKind) -> String {
    match kind {
        SchemeKind::ApiKey { place, name } => format!("a key in {place} `{name}`"),
        SchemeKind::Basic => "name and password".to_owned(),
        SchemeKind::Bearer => "a bearer token".to_owned(),
        SchemeKind::Http(scheme) => format!("`Authorization: {scheme}`"),
        SchemeKind::OAuth2(_) => "a token by OAuth 2".to_owned(),
        SchemeKind::OpenIdConnect(_) => "a token by OpenID Connect".to_owned(),
        SchemeKind::MutualTls => "a client certificate".to_owned(),
    }
}

fn status(range: StatusRange) -> String {
    match range {
        StatusRange::Exact(status) => status.to_string(),
        StatusRange::Class(class) => format!("{class}XX"),
        StatusRange::Default => "any other".to_owned(),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

/// Text in lines of [`WIDTH`], indented; empty: nothing. Control characters of a contract never reach a terminal.
fn wrapped(text: &str, indent: usize) -> String {
    let mut page = String::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let word: String = word.chars().filter(|letter| !letter.is_control()).collect();
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH - indent {
                let _ = writeln!(page, "{:indent$}{line}", "");
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += &word;
        }
        if !line.is_empty() {
            let _ = writeln!(page, "{:indent$}{line}", "");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_long_text_is_wrapped_and_an_escape_is_no_escape() {
        let page = wrapped(&"word ".repeat(60), 4);
        assert!(
            page.lines().count() > 2
                && page.lines().all(|line| line.len() <= 100 && line.starts_with("    w"))
        );
        assert_eq!(wrapped("a\u{1b}[31mb", 0), "a[31mb\n");
    }
}
