//! Where a call goes: what its words and flags make, whose provider that is, and by which account.

use super::draft::{self, Draft, Named};
use super::fill::Sampling;
use super::item::Item;
use super::nearby::Nearby;
use super::target::{self, Target};
use super::wanted::Wanted;
use super::{Call, acting, free, login, mocked, near, outcome, typed, url};
use crate::exit::Failure;
use call::redirect::same_origin;
use std::sync::Arc;

impl Call {
    /// What the words and flags make.
    pub(super) fn draft(
        &self,
        nearby: &Nearby<'_>,
        words: &[String],
        wanted: &mut Wanted,
    ) -> Result<Draft, Failure> {
        let (target, taken) = target::read(words, nearby)?;
        let rest = &words[taken.min(words.len())..];
        match target {
            Target::Url(method, url) => {
                if self.sample {
                    return Err(Failure::usage("`--sample` needs an operation: a URL has no contract"));
                }
                if self.server.is_some() {
                    return Err(Failure::usage(
                        "`--server` needs an operation: a URL names its server itself",
                    ));
                }
                let items = rest.iter().map(|word| Item::read(word, &[])).collect::<Result<Vec<_>, _>>()?;
                free::draft(method, url, items, wanted, outcome::RETRIES)
            }
            Target::Operation(api, contract, operation) => {
                let sampling = self.sample.then(|| Sampling::of(&contract, self.seed));
                let sampling = sampling.as_ref();
                let named = Named { api, operation, contract };
                if let Some(name) = &self.as_consumer {
                    let offered = acting::offered(&named, nearby, name)?;
                    // What the provider's credential gives is not asked of the consumer, and not sent.
                    let credentials = named.api.as_ref().map(|api| api.upstream.credentials.clone());
                    let upstream =
                        board::Upstream { credentials: credentials.unwrap_or_default(), ..offered };
                    let mut draft = typed::draft(named, upstream, rest, wanted, sampling)?;
                    draft.upstream.credentials.clear();
                    return Ok(draft);
                }
                let upstream = self.upstream(named.api.as_deref(), &named.contract, wanted)?;
                let mut draft = typed::draft(named, upstream, rest, wanted, sampling)?;
                draft.login =
                    self.login(draft.named.as_ref().and_then(|named| named.api.as_ref()), nearby)?;
                draft.choose();
                Ok(draft)
            }
        }
    }

    /// Where an operation is called: `--server`, else the API's provider, else the contract's first server.
    pub(super) fn upstream(
        &self,
        api: Option<&board::Api>,
        contract: &contract::Contract,
        wanted: &Wanted,
    ) -> Result<board::Upstream, Failure> {
        let named = |text: &str| {
            let mut url = url::Url::read(text, "https")?;
            url.server.base = url.path.trim_end_matches('/').into();
            Ok::<_, Failure>(url.server)
        };
        let Some(api) = api else {
            if self.connection.is_some() {
                return Err(Failure::usage("`--connection` needs an API of the board"));
            }
            let first = contract.servers.first().map(contract::Server::address);
            let server = match (&self.server, &first) {
                (Some(server), _) => named(server)?,
                (None, Some(server)) if server.contains("://") => named(server)?,
                _ => {
                    return Err(Failure::usage(format!("`{}` names no server", contract.name))
                        .help("name it: `--server URL`"));
                }
            };
            return Ok(draft::upstream(server, wanted, outcome::RETRIES));
        };
        let mut upstream = match &self.connection {
            Some(name) => (**connection(api, name)?).clone(),
            None => (*api.upstream).clone(),
        };
        if let Some(authority) = &wanted.authority {
            upstream.authority = Some(Arc::from(authority.as_slice()));
        }
        upstream.total_timeout = wanted.max_time.or(upstream.total_timeout);
        if self.server.is_none() {
            mocked::nowhere(api)?;
        }
        if let Some(server) = &self.server {
            let server = named(server)?;
            // A credential never follows to another origin (RFC 6454 §4).
            if !upstream.servers.iter().any(|known| same_origin(known, &server)) {
                upstream.credentials.clear();
            }
            upstream.servers = vec![server];
        }
        Ok(upstream)
    }

    /// The words that log in at an API; tells of a login that is there and of no use.
    pub(super) fn login(
        &self,
        api: Option<&Arc<board::Api>>,
        nearby: &Nearby<'_>,
    ) -> Result<Option<String>, Failure> {
        let Some((api, board)) = api.and_then(|api| Some((api, nearby.board_of(api)?))) else {
            return Ok(None);
        };
        let name = self.connection.as_deref();
        login::look(api, name, board, nearby.terminal())?;
        let flag = name.map_or(String::new(), |name| format!(" --connection {name}"));
        Ok(Some(format!("{}{flag}", api.name)))
    }
}

/// The provider of an API with the account of this name.
pub(crate) fn connection<'a>(api: &'a board::Api, name: &str) -> Result<&'a Arc<board::Upstream>, Failure> {
    if let Some((_, upstream)) = api.connections.iter().find(|(known, _)| known == name) {
        return Ok(upstream);
    }
    let names = || api.connections.iter().map(|(known, _)| known.as_str());
    let failure = Failure::usage(format!("`{}` has no connection `{name}`", api.name));
    Err(match near::meant(name, names()) {
        Some(meant) => failure.help(meant),
        None => failure.help(format!("write `[apis.{}.connection.{name}]` into the board", api.name)),
    })
}
