//! `[apis.NAME.upstream]`: where an API's provider is, and how it is called.

use crate::keys::Keys;
use crate::listen::{bad_url, memmem};
use crate::report::Problem;
use crate::scope::{Scope, Sheet};
use crate::tree::{At, Entry};
use crate::{OAuth, ServerUrl, Serves, SigV4, code, credential, fingerprint, login};
use exchange::{Origin, Rate, Secret};
use http::HeaderName;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take, where nothing says so.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the first byte of an answer may take, where nothing says so.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Where a provider is, and how it is called.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its servers, at least one; taken in turn.
    pub servers: Vec<ServerUrl>,
    /// What it gave us to identify ourselves; [`choose`](crate::choose) says which go with a call.
    pub credentials: Vec<Credential>,
    /// A private certificate authority in PEM; none: the system's roots.
    pub authority: Option<Arc<[u8]>>,
    /// To the established connection, TLS included.
    pub connect_timeout: Duration,
    /// To the first byte of the answer.
    pub timeout: Duration,
    /// To the end of the answer's body.
    pub total_timeout: Option<Duration>,
    /// How fast we may call; a call waits for its turn.
    pub pace: Option<Rate>,
    /// How often a call that is safe to repeat may be repeated.
    pub retries: u32,
    /// What pools and meters are kept by: equal for equal settings, also after a reload.
    pub fingerprint: u64,
    /// Where it is written.
    pub origin: Origin,
}

/// What a provider gave us, and where it goes.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Where it goes.
    pub place: CredentialPlace,
    /// The text; for basic `user:password`.
    pub secret: Secret,
    /// The reference it came from, `env:WEATHER_KEY`: for messages and printed code.
    pub reference: String,
    /// What it is for.
    pub serves: Serves,
}

impl Credential {
    /// Everything of it that must not be shown: the text, the password in it, and what the place has beside it.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut all = vec![self.secret.clone()];
        match &self.place {
            CredentialPlace::Basic | CredentialPlace::Digest => {
                let password =
                    self.secret.reveal().split_once(':').map(|(_, password)| Secret::new(password));
                all.extend(password);
            }
            CredentialPlace::OAuth(oauth) => all.extend(oauth.client_secret.clone()),
            CredentialPlace::SigV4(sigv4) => {
                all.push(sigv4.key_id.clone());
                all.extend(sigv4.session.clone());
            }
            CredentialPlace::Header(_)
            | CredentialPlace::Query(_)
            | CredentialPlace::Cookie(_)
            | CredentialPlace::Bearer
            | CredentialPlace::Certificate(_) => {}
        }
        all.retain(|secret| !secret.reveal().is_empty());
        all
    }
}

/// Where a credential goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialPlace {
    /// A header field of its own.
    Header(HeaderName),
    /// A query parameter.
    Query(String),
    /// A cookie.
    Cookie(String),
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// `Authorization: Digest` (RFC 7616): the text answers the provider's challenge and is not sent.
    Digest,
    /// `Authorization: Bearer` with a token that is had by OAuth 2; the text is the client's secret.
    OAuth(Box<OAuth>),
    /// AWS Signature Version 4; the text is the secret key and is not sent.
    SigV4(Box<SigV4>),
    /// A certificate of ours in PEM, for the connection; the text is its key.
    Certificate(Secret),
}

const KNOWN: &[&str] =
    &["urls", "credential", "ca", "connect-timeout", "timeout", "total-timeout", "pace", "retries"];
const LATER: &[&str] = &["breaker", "health", "client-cert", "proxy", "cache", "version"];

/// Resolves `[apis.NAME.upstream]`; `api` is the API's own table.
pub(crate) fn resolve(
    api: &Keys<'_, '_>,
    name: &str,
    sheet: Option<&Sheet>,
    scope: &Scope<'_>,
) -> Option<Upstream> {
    let keys = match api.entry("upstream") {
        Some(entry) => {
            Some(Keys::open(format!("[apis.{name}.upstream]"), entry, KNOWN, LATER, scope.report)?)
        }
        None => None,
    };
    let keys = keys.as_ref();
    let servers = servers(api, keys, name, sheet, scope);
    let entry = keys.and_then(|keys| keys.entry("credential"));
    let known = servers.as_deref().unwrap_or_default();
    let credentials = credentials(entry, (name, None, api.at), known, sheet, scope);
    let pace = keys.and_then(|keys| {
        let written = keys.rate("pace")?;
        if written.per.is_none() {
            return Some(written.rate);
        }
        let at = keys.entry("pace").map_or(keys.at, |entry| &entry.node.at);
        scope.report.add(
            Problem::error(
                &code::BAD_RATE,
                format!("`pace` of {} counts for the provider as a whole", keys.name),
            )
            .at(at, "`per` belongs to limits")
            .help("leave `per …` out"),
        );
        None
    });
    let duration = |key| keys.and_then(|keys| keys.duration(key));
    // Without a server the rest is still read: its faults are told too.
    let faulty = servers.is_none();
    let mut upstream = Upstream {
        servers: servers.unwrap_or_default(),
        credentials,
        authority: keys.and_then(|keys| authority(keys, scope)),
        connect_timeout: duration("connect-timeout").unwrap_or(CONNECT_TIMEOUT),
        timeout: duration("timeout").unwrap_or(TIMEOUT),
        total_timeout: duration("total-timeout"),
        pace,
        retries: keys.and_then(|keys| keys.number("retries", 10)).unwrap_or(2),
        fingerprint: 0,
        origin: keys.map_or(api.at, |keys| keys.at).origin(),
    };
    upstream.fingerprint = upstream.print(name);
    (!faulty).then_some(upstream)
}

/// What is written, else what a person logged in with, under `API` or `API/CONNECTION`.
pub(crate) fn credentials(
    entry: Option<&Entry>,
    (api, connection, at): (&str, Option<&str>, &At),
    servers: &[ServerUrl],
    sheet: Option<&Sheet>,
    scope: &Scope<'_>,
) -> Vec<Credential> {
    let name = connection.map_or_else(|| api.to_owned(), |connection| format!("{api}/{connection}"));
    let login = format!("login:{name}");
    let noted = |made: Vec<Credential>| {
        made.iter().flat_map(Credential::secrets).for_each(|secret| scope.secrets.note(&secret));
        made
    };
    if let Some(entry) = entry {
        return noted(credential::resolve(entry, (api, &login), sheet, scope));
    }
    let read = match scope.outside.login(&login) {
        Ok(Some(stored)) => login::read(&stored, &login, servers, sheet),
        Ok(None) => return Vec::new(),
        Err(why) => Err(why.0),
    };
    match read {
        Ok(credential) => noted(vec![credential]),
        Err(why) => {
            scope.report.add(
                Problem::warning(
                    &code::LOGIN_ELSEWHERE,
                    format!("the login stored for `{name}` is not used"),
                )
                .at(at, why)
                .help(format!(
                    "log in again: `switchboard auth login {}`",
                    name.replace('/', " --connection ")
                )),
            );
            Vec::new()
        }
    }
}

impl Upstream {
    /// The same provider with another account.
    pub(crate) fn with(&self, credentials: Vec<Credential>, name: &str) -> Self {
        let mut other = Self { credentials, ..self.clone() };
        other.fingerprint = other.print(name);
        other
    }

    /// The API's name belongs to it: two APIs at one provider have pools and paces of their own.
    fn print(&self, api: &str) -> u64 {
        let mut sum = fingerprint::add(fingerprint::START, api.as_bytes());
        for server in &self.servers {
            sum = fingerprint::add(sum, server.to_string().as_bytes());
        }
        for credential in &self.credentials {
            let text = format!("{:?} {}", credential.place, credential.reference);
            sum = fingerprint::add(sum, text.as_bytes());
        }
        sum = fingerprint::add(sum, self.authority.as_deref().unwrap_or_default());
        let rest = (self.connect_timeout, self.timeout, self.total_timeout, self.pace, self.retries);
        fingerprint::add(sum, format!("{rest:?}").as_bytes())
    }
}

fn authority(keys: &Keys<'_, '_>, scope: &Scope<'_>) -> Option<Arc<[u8]>> {
    let text = keys.text("ca")?;
    let bytes = scope.paper(text, &code::BAD_AUTHORITY, "the certificate authority")?;
    if memmem(&bytes, b"-----BEGIN CERTIFICATE-----") {
        return Some(bytes);
    }
    scope.report.add(
        Problem::error(&code::BAD_AUTHORITY, format!("`ca` of {} holds no certificate in PEM", keys.name))
            .at(text.at, "no `-----BEGIN CERTIFICATE-----` in it"),
    );
    None
}

/// The servers that are written down, else those of the contract.
fn servers(
    api: &Keys<'_, '_>,
    keys: Option<&Keys<'_, '_>>,
    name: &str,
    sheet: Option<&Sheet>,
    scope: &Scope<'_>,
) -> Option<Vec<ServerUrl>> {
    let Some((keys, typed)) = keys.and_then(|keys| Some((keys, keys.entry("urls")?))) else {
        return from_contract(api, name, sheet, scope);
    };
    let texts = keys.texts("urls")?;
    let mut servers = Vec::new();
    for text in &texts {
        match ServerUrl::parse(text.text) {
            Ok(server) => {
                if let Some(sheet) = sheet {
                    warn_of_base(&server, text.at, sheet, name, scope);
                }
                servers.push(server);
            }
            Err(why) => scope.report.add(bad_url(text.text, text.at, &why, scope)),
        }
    }
    if texts.is_empty() {
        scope.report.add(no_upstream(name, typed));
    }
    (!servers.is_empty()).then_some(servers)
}

fn no_upstream(name: &str, entry: &Entry) -> Problem {
    Problem::error(&code::NO_UPSTREAM, format!("nobody says where `{name}` is"))
        .at(&entry.node.at, "no server")
        .help("write `urls = \"https://api.acme.example\"`")
}

fn from_contract(
    api: &Keys<'_, '_>,
    name: &str,
    sheet: Option<&Sheet>,
    scope: &Scope<'_>,
) -> Option<Vec<ServerUrl>> {
    // A contract that could not be read was told; its servers are not known.
    if sheet.is_none() && api.entry("contract").is_some() {
        return None;
    }
    let listed = sheet.map(|sheet| sheet.contract.servers.as_slice()).unwrap_or_default();
    let listed: Vec<String> = listed.iter().map(contract::Server::address).collect();
    let servers: Vec<ServerUrl> = listed.iter().filter_map(|url| ServerUrl::parse(url).ok()).collect();
    if !servers.is_empty() {
        return Some(servers);
    }
    let at = api.entry("upstream").map_or(api.at, |entry| &entry.key);
    let example = format!("[apis.{name}.upstream]\nurls = \"https://api.acme.example\"");
    scope.report.add(match listed.iter().find(|url| url.as_str() != "/") {
        Some(url) => Problem::error(
            &code::RELATIVE_SERVER,
            format!("the contract of `{name}` says where it is by `{url}` only"),
        )
        .at(at, "this API has no `urls`")
        .help(format!(
            "write its whole address:\n{}",
            example
                .replace(".example\"", &format!(".example{}\"", if url.starts_with('/') { url } else { "" }))
        )),
        None => Problem::error(&code::NO_UPSTREAM, format!("nobody says where `{name}` is"))
            .at(at, "neither `urls` nor a contract with a server")
            .help(format!("add\n{example}")),
    });
    None
}

/// The URL replaces the contract's server with its path: tells when that drops a `/v1`.
fn warn_of_base(server: &ServerUrl, at: &At, sheet: &Sheet, name: &str, scope: &Scope<'_>) {
    let paths = sheet.contract.servers.iter().map(|server| base_of(&server.address()));
    let Some(dropped) = paths.into_iter().find(|path| !path.is_empty()) else {
        return;
    };
    if !server.base.is_empty() {
        return;
    }
    scope.report.add(
        Problem::warning(
            &code::BASE_PATH_DROPPED,
            format!("the contract of `{name}` is served below `{dropped}`, this URL is not"),
        )
        .at(at, format!("calls go to `{server}/…`"))
        .help(format!("if the provider has that path: \"{server}{dropped}\"")),
    );
}

/// The path of a contract's server, relative or not, without a slash at its end.
fn base_of(url: &str) -> String {
    match ServerUrl::parse(url) {
        Ok(server) => server.base.to_string(),
        Err(_) if url.starts_with('/') => url.trim_end_matches('/').to_owned(),
        Err(_) => String::new(),
    }
}
