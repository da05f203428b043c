//! Calling an API that its board only mocks: there is no provider, so the call goes to where the board serves it.

use crate::exit::Failure;
use board::Api;

/// Refuses a call that would go nowhere, and says where the mock answers.
///
/// # Errors
/// The API is a mock without an upstream of its own (`mock.invalid`, RFC 6761 §6.4).
pub(super) fn nowhere(api: &Api) -> Result<(), Failure> {
    let nowhere = api.upstream.servers.iter().all(|server| server.host.ends_with(".invalid"));
    if api.mock.is_none() || !nowhere {
        return Ok(());
    }
    let at = api.offers.first().map_or_else(String::new, |offer| offer.at.clone());
    let running = crate::drive::running().into_iter().find_map(|entry| entry.urls.first().cloned());
    let help = match running {
        Some(url) => format!("the board that runs may have it: `--server {url}{at}`"),
        None => format!("start it with `switchboard serve`, then name it: `--server URL{at}`"),
    };
    Err(Failure::usage(format!("API `{}` is a mock: it has no provider to call", api.name)).help(help))
}
