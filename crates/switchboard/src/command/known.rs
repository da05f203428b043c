//! What a command names must be there: an API of the board, an operation of it; else the nearest one is suggested, with
//! the line that has it.

use crate::drive::{Books, stored};
use crate::exit::Failure;
use board::{Api, Board, Plan};
use contract::{Contract, Operation};
use exchange::KeyId;
use ledger::Ledger;
use std::sync::Arc;

/// The API of this name.
pub(super) fn api<'b>(board: &'b Board, name: &str) -> Result<&'b Arc<Api>, Failure> {
    if let Some(api) = board.api(name) {
        return Ok(api);
    }
    let names = || board.apis.iter().map(|api| api.name.as_str());
    let failure = Failure::usage(format!("there is no API `{name}` on this board"));
    Err(match super::nearest(name, names()) {
        Some(near) => failure.help(match board.api(near).map(|api| api.origin.to_string()) {
            Some(line) => format!("did you mean `{near}`? ({line})"),
            None => format!("did you mean `{near}`?"),
        }),
        None if board.apis.is_empty() => failure.help("it has none yet: switchboard add CONTRACT|URL"),
        None => failure.help(format!("there are {}", names().collect::<Vec<_>>().join(", "))),
    })
}

/// The plan of this name, or a failure that suggests one.
pub(crate) fn known_plan<'b>(board: &'b Board, name: &str) -> Result<&'b Arc<Plan>, Failure> {
    if let Some(plan) = board.plans.iter().find(|plan| plan.name.as_str() == name) {
        return Ok(plan);
    }
    let names = board.plans.iter().map(|plan| plan.name.as_str());
    let failure = Failure::usage(format!("there is no plan `{name}` on this board"));
    Err(match super::nearest(name, names.clone()) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("there are {}", names.collect::<Vec<_>>().join(", "))),
    })
}

/// The operation of this id; an API without a contract has whatever it is asked for.
pub(super) fn operation(api: &Api, id: &str) -> Result<(), Failure> {
    match &api.contract {
        Some(contract) => operation_of(contract, api.name.as_str(), id).map(|_| ()),
        None => Ok(()),
    }
}

/// The operation of this id in a contract, which is called `name` where it is used.
pub(super) fn operation_of<'c>(
    contract: &'c Contract,
    name: &str,
    id: &str,
) -> Result<&'c Arc<Operation>, Failure> {
    contract.operation(id).ok_or_else(|| {
        let failure = Failure::usage(format!("`{name}` has no operation `{id}` ({})", contract.name));
        let ids = || contract.operations.iter().map(|known| known.id.as_str());
        match super::nearest(id, ids()).and_then(|near| contract.operation(near)) {
            Some(near) => failure.help(match contract.line(&near.at) {
                Some(line) => format!("did you mean `{}`? ({}:{line})", near.id, contract.name),
                None => format!("did you mean `{}`?", near.id),
            }),
            None => failure.help(listed(ids())),
        }
    })
}

/// The first of these names, and how many more there are.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "it declares no operations".to_owned();
    }
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    format!("it has {}{more}", shown.join(", "))
}

/// Takes `API.OPERATION` apart, as `explain` and problems print it: no API has a dot in its name. An operation whose own id is
/// the whole word stays it. Without a board near (`None`) nothing is known of APIs, and nothing taken apart.
pub(super) fn apart(api: &mut Option<String>, operation: &mut Option<String>, books: Option<&Books>) {
    let (Some(word), Some(books)) = (operation.as_deref(), books) else { return };
    let Some((first, rest)) = word.split_once('.').filter(|(_, rest)| !rest.is_empty()) else { return };
    if api.as_deref().is_some_and(|api| api != first) {
        return;
    }
    let taken = books.board().is_none_or(|board| {
        let mut contracts = board.apis.iter().filter_map(|api| api.contract.as_ref());
        board.api(first).is_some() && !contracts.any(|contract| contract.operation(word).is_some())
    });
    if taken {
        (*api, *operation) = (Some(first.to_owned()), Some(rest.to_owned()));
    }
}

/// Whether there is such a key, and whether it is of this consumer.
pub(super) async fn key(books: &Books, ledger: &Ledger, id: &str, of: Option<&str>) -> Result<(), Failure> {
    let mut known: Vec<(KeyId, String)> = Vec::new();
    for key in ledger.list_keys(None).await.map_err(|error| stored(&error))? {
        known.push((key.id, key.consumer.to_string()));
    }
    let in_file = books.board().into_iter().flat_map(|board| &board.consumers.keys);
    known.extend(in_file.map(|key| (KeyId::of(&key.digest), key.consumer.to_string())));
    let Some((_, holder)) = known.iter().find(|(known, _)| *known.0 == *id) else {
        // Those of a file that does not load are not known.
        return if books.board().is_some() {
            Err(no_key(id, known.iter().map(|(id, _)| &*id.0)))
        } else {
            Ok(())
        };
    };
    match of.filter(|of| of != holder) {
        Some(of) => Err(Failure::usage(format!("the key `{id}` is of `{holder}`, not of `{of}`"))
            .help(format!("list those of `{of}`: switchboard key list {of}"))),
        None => Ok(()),
    }
}

/// There is no key of this id; a like one is suggested.
pub(super) fn no_key<'k>(id: &str, known: impl Iterator<Item = &'k str>) -> Failure {
    let failure = Failure::usage(format!("there is no key `{id}`"));
    match super::nearest(id, known) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("list them: switchboard key list"),
    }
}

/// What a listing was asked for by name.
pub(crate) struct Named<'n> {
    pub(crate) api: Option<&'n str>,
    pub(crate) operation: Option<&'n str>,
    pub(crate) consumer: Option<&'n str>,
}

impl Named<'_> {
    /// Whether what a listing found nothing of is there at all.
    ///
    /// Of a board that does not load nothing is known, and nothing said to be missing.
    pub(crate) async fn check(&self, board: Option<&Board>, ledger: &Ledger) -> Result<(), Failure> {
        let Some(board) = board else { return Ok(()) };
        self.on(board)?;
        self.in_ledger(board, ledger).await
    }

    /// As [`Named::check`], but for what only the ledger knows.
    pub(crate) fn on(&self, board: &Board) -> Result<(), Failure> {
        if let Some(name) = self.api {
            let found = api(board, name)?;
            if let Some(id) = self.operation {
                operation(found, id)?;
            }
        } else if let Some(id) = self.operation {
            let all = || board.apis.iter().filter_map(|api| api.contract.as_ref());
            if let (Some(first), false) =
                (all().next(), all().any(|contract| contract.operation(id).is_some()))
            {
                let ids = || all().flat_map(|contract| &contract.operations).map(|known| known.id.as_str());
                let holds = |near: &str| all().find(|contract| contract.operation(near).is_some());
                let contract = super::nearest(id, ids()).and_then(holds).unwrap_or(first);
                operation_of(contract, "this board", id)?;
            }
        }
        Ok(())
    }

    async fn in_ledger(&self, board: &Board, ledger: &Ledger) -> Result<(), Failure> {
        let Some(name) = self.consumer else { return Ok(()) };
        let in_board = board.consumers.consumers.iter().map(|row| row.name.to_string());
        let in_ledger = ledger.list_consumers().await.map_err(|error| stored(&error))?;
        let names: Vec<String> = in_board.chain(in_ledger.iter().map(|info| info.name.to_string())).collect();
        if names.iter().any(|known| known == name) {
            return Ok(());
        }
        let failure = Failure::usage(format!("there is no consumer `{name}`"));
        Err(match super::nearest(name, names.iter().map(String::as_str)) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("list them: switchboard consumer list"),
        })
    }
}
