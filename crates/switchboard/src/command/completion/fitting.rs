//! Which words fit at a place of the command line: commands, flags, APIs, operations, items, consumers.

use super::Candidate;
use crate::arguments::{Arguments, Global};
use crate::command::call::nearby::Nearby;
use crate::command::call::target;
use crate::drive::{board_near_or_running, load_board, read_ledger, runtime};
use clap::{ArgAction, Command, CommandFactory as _};
use contract::{Contract, Kind, Named, Operation};
use std::sync::Arc;

/// Words that are given at most: nobody reads more.
const MOST: usize = 2000;

/// The words before the one that is typed, and where they lead.
pub(super) struct Fitting<'g> {
    global: &'g Global,
    command: Command,
    /// Words of the command itself, its flags and their values left out.
    words: Vec<String>,
    /// The flag whose value is typed.
    open_flag: Option<String>,
}

impl<'g> Fitting<'g> {
    /// Walks down the commands.
    pub(super) fn new(global: &'g Global, before: &[String]) -> Self {
        let mut command = Arguments::command();
        command.build();
        let mut own = Self { global, command, words: Vec::new(), open_flag: None };
        for word in before {
            own.step(word);
        }
        own
    }

    fn step(&mut self, word: &str) {
        if self.open_flag.take().is_some() {
            return;
        }
        if word.starts_with('-') && word.len() > 1 {
            if !word.contains('=') && self.takes_value(word) {
                self.open_flag = Some(word.to_owned());
            }
        } else if let Some(sub) = self.command.find_subcommand(word).filter(|_| self.words.is_empty()) {
            self.command = sub.clone();
        } else {
            self.words.push(word.to_owned());
        }
    }

    fn takes_value(&self, flag: &str) -> bool {
        self.argument(flag).is_some_and(|argument| {
            matches!(argument.get_action(), ArgAction::Set | ArgAction::Append)
                && argument.get_num_args().is_none_or(|count| count.takes_values())
        })
    }

    fn argument(&self, flag: &str) -> Option<&clap::Arg> {
        let long = flag.strip_prefix("--");
        let short = flag.strip_prefix('-').and_then(|rest| rest.chars().last()).filter(|_| long.is_none());
        self.command.get_arguments().find(|argument| {
            (long.is_some() && argument.get_long() == long)
                || (short.is_some() && argument.get_short() == short)
        })
    }

    /// What fits to what was typed.
    pub(super) fn to(&self, typed: &str) -> Vec<Candidate> {
        let mut found = if let Some(flag) = &self.open_flag {
            self.values(flag)
        } else if typed.starts_with('-') {
            self.flags()
        } else {
            self.positional(typed)
        };
        found.retain(|one| one.word.starts_with(typed));
        found.truncate(MOST);
        found
    }

    fn flags(&self) -> Vec<Candidate> {
        let shown = self.command.get_arguments().filter(|argument| !argument.is_hide_set());
        let flags = shown.filter_map(|argument| {
            let about = argument.get_help().map(ToString::to_string).unwrap_or_default();
            Some(candidate(format!("--{}", argument.get_long()?), about))
        });
        flags.collect()
    }

    fn values(&self, flag: &str) -> Vec<Candidate> {
        let name = self.argument(flag).and_then(clap::Arg::get_long).unwrap_or_default();
        match name {
            "who" | "as" | "consumer" => return self.consumers(),
            "api" => return self.apis(),
            _ => {}
        }
        let values = self.argument(flag).map(clap::Arg::get_possible_values).unwrap_or_default();
        values
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| {
                let about = value.get_help().map(ToString::to_string).unwrap_or_default();
                candidate(value.get_name().to_owned(), about)
            })
            .collect()
    }

    fn positional(&self, typed: &str) -> Vec<Candidate> {
        let subcommands = self.command.get_subcommands().filter(|sub| !sub.is_hide_set());
        let commands: Vec<Candidate> = subcommands
            .filter(|sub| self.words.is_empty() && sub.get_name() != "help")
            .map(|sub| {
                let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
                candidate(sub.get_name().to_owned(), about)
            })
            .collect();
        if !commands.is_empty() {
            return commands;
        }
        let wants = self.command.get_positionals().nth(self.words.len()).map(|one| one.get_id().as_str());
        match (self.command.get_name(), wants) {
            ("call", _) => self.called(typed),
            (_, Some("consumer" | "name" | "who")) => self.consumers(),
            (_, Some("api")) => self.apis(),
            (_, Some("shell")) => {
                let shells = self.command.get_positionals().flat_map(clap::Arg::get_possible_values);
                shells.map(|value| candidate(value.get_name().to_owned(), String::new())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Words of `call`: an API, an operation, then items.
    fn called(&self, typed: &str) -> Vec<Candidate> {
        let nearby = Nearby::looking(self.global);
        if self.words.is_empty() {
            let Some((api, _)) = typed.split_once('.') else {
                let mut apis = self.apis();
                for api in &mut apis {
                    api.word.push('.');
                }
                return apis;
            };
            let Ok(Some((_, contract))) = target::whole(&[api.to_owned()], &nearby) else {
                return Vec::new();
            };
            return operations(&contract, &format!("{api}."));
        }
        if let [only] = self.words.as_slice()
            && let Ok(Some((_, contract))) = target::whole(std::slice::from_ref(only), &nearby)
        {
            return operations(&contract, "");
        }
        match target::read(&self.words, &nearby) {
            Ok((target::Target::Operation(_, _, operation), taken)) => {
                items(&operation, typed, self.words.get(taken..).unwrap_or_default())
            }
            _ => Vec::new(),
        }
    }

    fn apis(&self) -> Vec<Candidate> {
        let nearby = Nearby::looking(self.global);
        let title = |api: &board::Api| api.contract.as_ref().map(|one| one.title.clone()).unwrap_or_default();
        nearby.apis().into_iter().map(|api| candidate(api.name.to_string(), title(api))).collect()
    }

    /// Consumers of the ledger and of the board's file; none where they cannot be read.
    fn consumers(&self) -> Vec<Candidate> {
        let found = board_near_or_running(self.global).and_then(|folder| load_board(&folder, self.global));
        let Ok(board) = found else { return Vec::new() };
        let Ok(runtime) = runtime() else { return Vec::new() };
        let known = runtime.block_on(async { read_ledger(&board).await.ok()?.list_consumers().await.ok() });
        let known = known.unwrap_or_default();
        let plans =
            |one: &ledger::ConsumerInfo| one.plans.iter().map(ToString::to_string).collect::<Vec<_>>();
        known.iter().map(|one| candidate(one.name.to_string(), plans(one).join(" "))).collect()
    }
}

fn candidate(word: String, about: String) -> Candidate {
    Candidate { word, about }
}

fn operations(contract: &Contract, before: &str) -> Vec<Candidate> {
    let all = contract.operations.iter();
    all.map(|one| candidate(format!("{before}{}", one.id), one.summary.clone())).collect()
}

/// Names that were not given yet, with `=`; after it, the values that a name may have.
fn items(operation: &Arc<Operation>, typed: &str, given: &[String]) -> Vec<Candidate> {
    let names = operation.names();
    if let Some((name, _)) = typed.split_once('=') {
        let Some(known) = names.iter().find(|known| known.name == name) else { return Vec::new() };
        return values(known);
    }
    let is_given = |known: &Named| {
        known.shape.kind() != Kind::Array
            && given
                .iter()
                .any(|word| word.strip_prefix(&known.name).is_some_and(|rest| rest.starts_with(['=', ':'])))
    };
    let (must, may): (Vec<&Named>, Vec<&Named>) =
        names.iter().filter(|known| !is_given(known)).partition(|known| known.required);
    let all = must.into_iter().chain(may);
    all.map(|known| {
        let must = if known.required { "required; " } else { "" };
        candidate(format!("{}=", known.name), format!("{must}{}", known.description))
    })
    .collect()
}

fn values(known: &Named) -> Vec<Candidate> {
    let shape = if known.shape.kind() == Kind::Array { known.shape.items() } else { known.shape.clone() };
    let mut choices = shape.choices();
    if choices.is_empty() && shape.kind() == Kind::Boolean {
        choices = vec![true.into(), false.into()];
    }
    let text = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    choices
        .into_iter()
        .map(|value| candidate(format!("{}={}", known.name, text(value)), String::new()))
        .collect()
}
