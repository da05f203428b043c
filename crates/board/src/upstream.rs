//! `[apis.NAME.upstream]`: where an API's provider is, and how it is called.

use crate::keys::Keys;
use crate::listen::{bad_url, memmem};
use crate::report::Problem;
use crate::scope::{Scope, Sheet};
use crate::tree::{At, Entry};
use crate::{OAuth, Serves, SigV4, code, credential, fingerprint, login};
use exchange::{Origin, Rate, Secret};
use http::HeaderName;
use std::fmt;
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

/// The address of a server: scheme, host, port and base path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerUrl {
    /// Whether TLS is spoken.
    pub https: bool,
    /// Host name or address, without brackets.
    pub host: Arc<str>,
    /// Port.
    pub port: u16,
    /// Path that comes before every operation's, without a slash at the end; may be empty.
    pub base: Arc<str>,
}

impl ServerUrl {
    /// Reads `http://host:port/base` or `https://…`.
    ///
    /// # Errors
    /// In words: what is wrong with it, for a diagnostic or the command line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: http::Uri = text.parse().map_err(|_| format!("`{text}` is no URL"))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(other) => return Err(format!("`{other}` is not spoken here: use http or https")),
            None => return Err(format!("`{text}` has no scheme: write `http://{text}`")),
        };
        let authority = uri.authority().ok_or_else(|| format!("`{text}` names no host"))?;
        if authority.as_str().contains('@') {
            return Err("a URL must not hold a password: use `credential`".to_owned());
        }
        if uri.query().is_some() {
            return Err("a server's URL has no query: use `credential` for a key in the query".to_owned());
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(format!("`{text}` names no host"));
        }
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Ok(Self { https, host: host.into(), port, base: uri.path().trim_end_matches('/').into() })
    }

    /// Scheme, host and port (RFC 6454 §4): `https://api.acme.example`.
    pub fn origin(&self) -> String {
        format!("http{}://{}", if self.https { "s" } else { "" }, self.authority().to_ascii_lowercase())
    }

    /// `host` or `host:port` as the `Host` field has it (RFC 9110 §7.2): no default port.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_string() };
        match (self.https, self.port) {
            (false, 80) | (true, 443) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http{}://{}{}", if self.https { "s" } else { "" }, self.authority(), self.base)
    }
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

#[cfg(test)]
mod tests {
    use super::ServerUrl;

    #[test]
    fn a_url_comes_back_without_what_is_default() {
        for (text, shown) in [
            ("http://127.0.0.1:9001/", "http://127.0.0.1:9001"),
            ("https://weather.example:443/v1/", "https://weather.example/v1"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(ServerUrl::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_server_is_said_in_words() {
        for text in
            ["weather.example", "ftp://weather.example", "http://me:secret@weather.example", "http://a/?k=1"]
        {
            let said = ServerUrl::parse(text).unwrap_err();
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
