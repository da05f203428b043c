//! `call API --help` and `call API OPERATION --help`: an API and an operation as manual pages, from the contract.

mod operation;
mod words;

use super::Call;
use super::draft::Named;
use super::nearby::Nearby;
use super::target::{self, Target};
use crate::arguments::{Arguments, Global};
use crate::command::columns;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use clap::CommandFactory as _;
use contract::{Contract, Operation};
use std::fmt::Write as _;
use std::sync::Arc;
use words::{first_line, hanging, scheme, wrapped};

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
                terminal.data(page.operation(&words, &Named { api, operation, contract }));
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
        page += &hanging(&format!("{name} - {} {}", contract.title, contract.version), 2, 6);
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
            page += &listed(contract.operations.iter().filter(of_tag).map(|operation| {
                let gone = if operation.deprecated { "(deprecated) " } else { "" };
                [
                    operation.id.to_string(),
                    format!("{} {}", operation.method(), operation.template()),
                    format!("{gone}{}", first_line(&operation.summary)),
                ]
            }));
        }
        page
    }
}

/// Operations in columns; where these are too wide for the page, each over lines of its own.
fn listed(rows: impl Iterator<Item = [String; 3]>) -> String {
    let rows: Vec<[String; 3]> = rows.collect();
    let table =
        columns(rows.iter().map(|[id, way, summary]| vec![format!("  {id}"), way.clone(), summary.clone()]));
    if table.lines().all(|line| line.chars().count() <= words::width()) {
        return table;
    }
    let own = |[id, way, summary]: &[String; 3]| {
        [format!("  {id}\n"), hanging(way, 6, 8), wrapped(summary, 6)].concat()
    };
    rows.iter().map(own).collect::<Vec<_>>().concat()
}

/// `API.` or `FILE `: what comes before an operation's id.
fn before(name: &str, contract: &Contract) -> String {
    if contract.name == name { format!("{name} ") } else { format!("{name}.") }
}
