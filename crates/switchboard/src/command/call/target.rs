//! The first words of `call`: what is called. The order is promised in the manual.
//!
//! An existing file is a contract; an upper-case method comes before a URL or a `/path` of this board;
//! then what looks like a URL; then an API of this board; then a host with a dot or a slash; else suggestions.

use super::near;
use super::nearby::Nearby;
use super::url::Url;
use super::wanted::method;
use crate::command::known::{listed, operation_of};
use crate::command::nearest;
use crate::exit::Failure;
use board::Api;
use contract::{Contract, Operation};
use http::Method;
use std::path::Path;
use std::sync::Arc;

/// What is called.
#[derive(Debug)]
pub(crate) enum Target {
    /// An address, with the method if one was named.
    Url(Option<Method>, Url),
    /// An operation of a contract, of an API of this board or of a file.
    Operation(Option<Arc<Api>>, Arc<Contract>, Arc<Operation>),
}

/// Reads the first words; gives the target and how many words it took.
pub(crate) fn read(words: &[String], nearby: &Nearby<'_>) -> Result<(Target, usize), Failure> {
    let Some(first) = words.first() else {
        return Err(Failure::usage("nothing to call")
            .help("switchboard call URL, switchboard call API.OPERATION, or switchboard call CONTRACT-FILE OPERATION"));
    };
    if Path::new(first).is_file() {
        let contract = nearby.reading().contract(Path::new(first))?;
        let operation = operation(&contract, words.get(1), first)?;
        return Ok((Target::Operation(None, Arc::new(contract), operation), 2));
    }
    if first.len() > 1 && first.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let Some(second) = words.get(1) else {
            return Err(Failure::usage(format!("`{first}` is a method: what is to be called?"))
                .help(format!("switchboard call {first} URL")));
        };
        let url = match address(second, nearby)? {
            Some(url) => url,
            None if second.contains(['.', '/']) => Url::read(second, "https")?,
            None => {
                return Err(Failure::usage(format!(
                    "after a method comes a URL or a path, and `{second}` is neither"
                )));
            }
        };
        return Ok((Target::Url(Some(method(first)?), url), 2));
    }
    if let Some(url) = address(first, nearby)? {
        return Ok((Target::Url(None, url), 1));
    }
    if let Some(found) = of_board(words, nearby)? {
        return Ok(found);
    }
    if let Some(failure) = slipped(first, nearby) {
        return Err(failure);
    }
    if first.contains(['.', '/']) {
        return Ok((Target::Url(None, Url::read(first, "https")?), 1));
    }
    Err(unknown(first, nearby))
}

/// The API or contract file that the words name as a whole, with its name: for a page about it.
pub(crate) fn whole(
    words: &[String],
    nearby: &Nearby<'_>,
) -> Result<Option<(String, Arc<Contract>)>, Failure> {
    let [name] = words else { return Ok(None) };
    if Path::new(name).is_file() {
        let contract = nearby.reading().contract(Path::new(name))?;
        return Ok(Some((name.clone(), Arc::new(contract))));
    }
    let api = nearby.api(name)?;
    Ok(api.and_then(|api| Some((name.clone(), Arc::clone(api.contract.as_ref()?)))))
}

/// What looks like a URL by itself: a scheme, a path, a port, localhost, or host and port.
fn address(word: &str, nearby: &Nearby<'_>) -> Result<Option<Url>, Failure> {
    if word.starts_with('/') {
        let listener = nearby.first_listener()?;
        return Url::read(&format!("{listener}{word}"), "http").map(Some);
    }
    let host = word.split(['/', '?', '#']).next().unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let looks = word.contains("://")
        || word.starts_with(':')
        || host == "localhost"
        || port.is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    looks.then(|| Url::read(word, "http")).transpose()
}

/// `API.OPERATION`, or `API OPERATION`.
fn of_board(words: &[String], nearby: &Nearby<'_>) -> Result<Option<(Target, usize)>, Failure> {
    let first = &words[0];
    let (api, named, taken) = match (nearby.api(first)?, first.split_once('.')) {
        (Some(api), _) => (api, words.get(1).cloned(), 2),
        (None, Some((api, operation))) => match nearby.api(api)? {
            Some(api) => (api, Some(operation.to_owned()), 1),
            None => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let Some(contract) = &api.contract else {
        let server = api.upstream.servers.first().map(ToString::to_string).unwrap_or_default();
        return Err(Failure::usage(format!(
            "API `{}` has no contract, so it has no operations to name",
            api.name
        ))
        .help(format!("call an address: switchboard call {server}/")));
    };
    let operation = operation(contract, named.as_ref(), api.name.as_str())?;
    Ok(Some((Target::Operation(Some(Arc::clone(api)), Arc::clone(contract), operation), taken)))
}

fn operation(contract: &Contract, named: Option<&String>, of: &str) -> Result<Arc<Operation>, Failure> {
    let Some(named) = named else {
        let ids = contract.operations.iter().map(|operation| operation.id.as_str());
        return Err(Failure::usage(format!("which operation of `{of}`?")).help(listed(ids)));
    };
    operation_of(contract, of, named).cloned()
}

/// `API.OPERATION` with a slip in the API's name; hosts look the same, so that the operation must fit too.
fn slipped(first: &str, nearby: &Nearby<'_>) -> Option<Failure> {
    let (name, id) = first.split_once('.')?;
    let apis = nearby.apis();
    let near = nearest(name, apis.iter().map(|api| api.name.as_str()))?;
    let api = apis.into_iter().find(|api| api.name.as_str() == near)?;
    let contract = api.contract.as_ref()?;
    let ids = contract.operations.iter().map(|operation| operation.id.as_str());
    let operation = nearest(id, ids).and_then(|near| contract.operation(near))?;
    let line = contract.line(&operation.at).map(|line| format!(" ({}:{line})", contract.name));
    Some(Failure::usage(format!("`{first}` is no API of this board, and no operation")).help(format!(
        "did you mean `{}.{}`?{} For a host of this name write its scheme: https://{first}/",
        api.name,
        operation.id,
        line.unwrap_or_default()
    )))
}

fn unknown(first: &str, nearby: &Nearby<'_>) -> Failure {
    let names: Vec<String> = nearby.api_names();
    let failure = Failure::usage(format!("`{first}` is no URL, no file, and no API of this board"));
    match near::meant(first, names.iter().map(String::as_str)) {
        Some(meant) => failure.help(meant),
        None if names.is_empty() => failure.help(format!("for a host write its scheme: https://{first}/")),
        None => {
            failure.help(listed(names.iter().map(String::as_str)).replacen("it has", "this board has", 1))
        }
    }
}
