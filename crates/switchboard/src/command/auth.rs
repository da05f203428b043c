//! `switchboard auth`: a person logs in at a provider; calls of the board use and renew what came of it.
//!
//! A pasted value comes from the terminal without echo or from `-`; OAuth asks the issuer. What is stored is bound to
//! the servers that the API has now. Secrets are never printed.

mod grant;
mod loopback;

use super::call::trip::on_one_thread;
use crate::arguments::Global;
use crate::drive::{Lies, Logins, Need, board_folder, load_board_with};
use crate::exit::{Exit, Failure};
use board::{Api, Grant, OAuth, Upstream};
use clap::{Subcommand, ValueEnum};
use contract::{FlowKind, In, SchemeKind};
use exchange::Secret;
use serde_json::{Map, Value, json};

/// Arguments of `auth`.
#[derive(Debug, clap::Args)]
pub(crate) struct Auth {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Log in at an API's provider, as its contract or the board says
    Login(Login),
    /// What is stored, and how long it lasts
    Status {
        /// The API; default: all of the board
        api: Option<String>,
    },
    /// Forget a login
    Logout {
        /// The API
        api: String,
        /// The account at the provider
        #[arg(long, value_name = "NAME")]
        connection: Option<String>,
    },
}

/// Arguments of `auth login`.
#[derive(Debug, clap::Args)]
struct Login {
    /// The API
    api: String,
    /// The account at the provider: a `[apis.NAME.connection.…]` of the board
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// The contract's scheme to log in by; default: the first that can be used
    #[arg(long, value_name = "NAME")]
    scheme: Option<String>,
    /// OAuth: how to log in
    #[arg(long, value_enum, value_name = "GRANT")]
    grant: Option<Way>,
    /// OAuth: who we are at the issuer
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// OAuth: whose discovery document says where tokens are had
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// OAuth: what the token shall be good for
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// A key, token or `user:password`: `@-` reads it from standard input
    #[arg(long, value_name = "@-")]
    value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// A browser says yes (authorization code with PKCE)
    Code,
    /// A code is typed elsewhere
    Device,
}

impl Auth {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder = board_folder(global)?;
        let logins = Logins::of(&folder);
        let board = load_board_with(&folder, global, Need::Nothing)?;
        let terminal = global.terminal();
        let api = |name: &str| super::known::api(&board, name).cloned();
        match self.verb {
            Verb::Login(login) => {
                let api = api(&login.api)?;
                let (name, upstream) = account(&api, login.connection.as_deref())?;
                let record = login.record(&api, &upstream, global)?;
                let text = Value::Object(record).to_string();
                terminal.line(match logins.store(&name, &text).map_err(Failure::run)? {
                    Lies::Keyring => "logged in: kept in the keyring".to_owned(),
                    Lies::File(path, why) => {
                        format!("logged in: kept in `{}` (only you may read it): {why}", path.display())
                    }
                });
            }
            Verb::Status { api: wanted } => {
                if let Some(name) = &wanted {
                    api(name)?;
                }
                for one in &board.apis {
                    if wanted.as_ref().is_some_and(|wanted| wanted != one.name.as_str()) {
                        continue;
                    }
                    let names = one.connections.iter().map(|(name, _)| format!("{}/{name}", one.name));
                    for name in std::iter::once(one.name.to_string()).chain(names) {
                        let login = format!("login:{name}");
                        let lies = if logins.in_keyring(&login) { "in the keyring" } else { "in a file" };
                        let said = match logins.stored(&login) {
                            Ok(Some(text)) => format!("{}, {lies}", said(&text)),
                            Ok(None) => "no login".to_owned(),
                            Err(why) => format!("a login in the keyring, but {why}"),
                        };
                        terminal.line(format!("{name}  {said}"));
                    }
                }
            }
            Verb::Logout { api: wanted, connection } => {
                let (name, _) = account(&*api(&wanted)?, connection.as_deref())?;
                if !logins.forget(&name).map_err(Failure::run)? {
                    return Err(Failure::usage(format!("nobody is logged in at `{wanted}`")));
                }
                terminal.line(format!("logged out of {wanted}"));
            }
        }
        Ok(Exit::Ok)
    }
}

/// The name a login is stored under, and the provider it is for.
fn account(api: &Api, connection: Option<&str>) -> Result<(String, Upstream), Failure> {
    let Some(name) = connection else {
        return Ok((format!("login:{}", api.name), (*api.upstream).clone()));
    };
    let upstream = super::call::connection(api, name)?;
    Ok((format!("login:{}/{name}", api.name), (**upstream).clone()))
}

/// A stored login in words, without its secrets.
fn said(text: &str) -> String {
    use std::fmt::Write as _;
    let record: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let of = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut words = format!("logged in by {}", of("kind"));
    if let Some(ends) = record.get("ends").and_then(Value::as_u64) {
        let _ = write!(words, ", token until {}", super::time_of(ends.saturating_mul(1000)));
        words.push_str(if record.contains_key("refresh") { ", then renewed" } else { ", then log in again" });
    }
    if !of("granted").is_empty() {
        let _ = write!(words, ", scopes {}", of("granted"));
    }
    words
}

impl Login {
    fn record(&self, api: &Api, upstream: &Upstream, global: &Global) -> Result<Map<String, Value>, Failure> {
        let origins: Vec<String> = upstream.servers.iter().map(board::ServerUrl::origin).collect();
        let mut record = Map::new();
        record.insert("origins".to_owned(), json!(origins));
        let scheme = self.scheme(api)?;
        if let Some(scheme) = scheme {
            record.insert("scheme".to_owned(), json!(scheme.name));
        }
        if let Some(oauth) = self.oauth(upstream, scheme)? {
            let upstream = Upstream { credentials: Vec::new(), ..upstream.clone() };
            let had = on_one_thread(grant::log_in(&upstream, &oauth, global.terminal()))??;
            record.extend(had);
            return Ok(record);
        }
        let (kind, name) = match scheme.map(|scheme| &scheme.kind) {
            Some(SchemeKind::ApiKey { place: In::Query, name }) => ("query", Some(name)),
            Some(SchemeKind::ApiKey { place: In::Cookie, name }) => ("cookie", Some(name)),
            Some(SchemeKind::ApiKey { name, .. }) => ("header", Some(name)),
            Some(SchemeKind::Basic) => ("basic", None),
            Some(SchemeKind::Http(scheme)) if scheme == "digest" => ("digest", None),
            Some(SchemeKind::Http(_) | SchemeKind::MutualTls) => {
                return Err(Failure::usage(
                    "this scheme has no login: write its `credential` into the board",
                ));
            }
            _ => ("bearer", None),
        };
        let from = match self.value.as_deref() {
            None => None,
            Some("@-") => Some("-"),
            // Never on the command line: it stays in the shell's history.
            Some(_) => Some("given"),
        };
        let asked = if matches!(kind, "basic" | "digest") { "user:password" } else { "key or token" };
        let value = super::secret::read(asked, from)?;
        if matches!(kind, "basic" | "digest") && !value.contains(':') {
            return Err(Failure::usage("what was given is no `user:password`: it has no colon"));
        }
        if value.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Failure::usage("what was given cannot be sent: a control character is in it"));
        }
        record.insert("kind".to_owned(), json!(kind));
        record.extend(name.map(|name| ("name".to_owned(), json!(name))));
        record.insert("value".to_owned(), json!(value));
        Ok(record)
    }

    fn scheme<'a>(&self, api: &'a Api) -> Result<Option<&'a contract::SecurityScheme>, Failure> {
        let schemes = api.contract.as_ref().map(|contract| contract.schemes.as_slice()).unwrap_or_default();
        let Some(wanted) = &self.scheme else {
            let can = |scheme: &&contract::SecurityScheme| !matches!(scheme.kind, SchemeKind::MutualTls);
            return Ok(schemes.iter().find(can));
        };
        let names: Vec<&str> = schemes.iter().map(|scheme| scheme.name.as_str()).collect();
        schemes.iter().find(|scheme| scheme.name == *wanted).map(Some).ok_or_else(|| {
            let failure = Failure::usage(format!("the contract of `{}` has no scheme `{wanted}`", api.name));
            match super::nearest(wanted, names.iter().copied()) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help(format!("its schemes are {}", names.join(", "))),
            }
        })
    }

    /// How to log in by OAuth: as the board says, else as the contract and the flags say.
    fn oauth(
        &self,
        upstream: &Upstream,
        scheme: Option<&contract::SecurityScheme>,
    ) -> Result<Option<OAuth>, Failure> {
        if self.value.is_some() {
            return Ok(None);
        }
        let written = upstream.credentials.iter().find_map(|credential| match &credential.place {
            board::CredentialPlace::OAuth(oauth) => Some((**oauth).clone()),
            _ => None,
        });
        if let Some(mut oauth) = written {
            oauth.client_id = self.client_id.clone().unwrap_or(oauth.client_id);
            if let Some(way) = self.grant {
                oauth.grant = if way == Way::Device { Grant::Device } else { Grant::AuthorizationCode };
            }
            return Ok(Some(oauth));
        }
        let (flows, issuer) = match scheme.map(|scheme| &scheme.kind) {
            Some(SchemeKind::OAuth2(flows)) => (flows.as_slice(), None),
            Some(SchemeKind::OpenIdConnect(url)) => (&[][..], url.split("/.well-known/").next()),
            _ if self.issuer.is_some() => (&[][..], None),
            _ => return Ok(None),
        };
        let device = self.grant == Some(Way::Device)
            || self.grant.is_none()
                && !flows.iter().any(|flow| flow.kind == FlowKind::AuthorizationCode)
                && flows.iter().any(|flow| flow.kind == FlowKind::DeviceAuthorization);
        let kind = if device { FlowKind::DeviceAuthorization } else { FlowKind::AuthorizationCode };
        let flow = flows.iter().find(|flow| flow.kind == kind);
        let client_id = self.client_id.clone().ok_or_else(|| {
            Failure::usage("who are we at the issuer?")
                .help("`--client-id ID`; or paste a token: `--value @-`")
        })?;
        let of = |url: fn(&contract::Flow) -> Option<&String>| flow.and_then(url).cloned();
        Ok(Some(OAuth {
            grant: if device { Grant::Device } else { Grant::AuthorizationCode },
            token_url: of(|flow| flow.token_url.as_ref()).filter(|_| self.issuer.is_none()),
            issuer: self.issuer.clone().or_else(|| issuer.map(str::to_owned)),
            authorization_url: of(|flow| flow.authorization_url.as_ref()),
            device_url: of(|flow| flow.device_url.as_ref()),
            client_id,
            client_secret: None::<Secret>,
            scopes: self.scope.clone(),
            login: String::new(),
        }))
    }
}
