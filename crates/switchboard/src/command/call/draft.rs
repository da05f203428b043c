//! A request that is ready to be shown, printed as code, or sent.

use super::cookie::{Cookies, Place};
use super::payload::Payload;
use super::redact::Redaction;
use super::wanted::{FieldWish, Wanted};
use crate::exit::Failure;
use base64::Engine as _;
use board::{Api, ServerUrl, Upstream};
use call::Outgoing;
use contract::{Contract, Operation, Repeat};
use exchange::{Origin, Secret};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, RANGE, REFERER, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::sync::Arc;
use std::time::Duration;

/// A request that is ready.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    /// Where it goes, and how.
    pub(crate) upstream: Upstream,
    /// Path below the server's base.
    pub(crate) path: String,
    /// Query without `?`.
    pub(crate) query: Option<String>,
    pub(crate) fields: HeaderMap,
    pub(crate) payload: Payload,
    pub(crate) repeat: Repeat,
    /// What it calls, where a contract says so.
    pub(crate) named: Option<Named>,
    /// Values that are secret by the name of their parameter: in a path nothing says so any more.
    pub(crate) secrets: Vec<Secret>,
    /// What `auth login` is given to log in at its provider: the board's API, and its connection.
    pub(crate) login: Option<String>,
}

/// An operation and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The API of a board whose contract it is; none: a file's.
    pub(crate) api: Option<Arc<Api>>,
    pub(crate) operation: Arc<Operation>,
    pub(crate) contract: Arc<Contract>,
}

impl Named {
    /// `orders.yaml:41`, or the file alone.
    pub(crate) fn line(&self, at: &contract::Pointer) -> String {
        match self.contract.line(at) {
            Some(line) => format!("{}:{line}", self.contract.name),
            None => self.contract.name.clone(),
        }
    }
}

impl Draft {
    /// The server that is called first.
    pub(crate) fn server(&self) -> Option<&ServerUrl> {
        self.upstream.servers.first()
    }

    /// Path and query below the host, as they stand in the request line.
    pub(crate) fn target(&self) -> String {
        let base = self.server().map_or("", |server| &server.base);
        match &self.query {
            Some(query) => format!("{base}{}?{query}", self.path),
            None => format!("{base}{}", self.path),
        }
    }

    /// The whole address, without a login.
    pub(crate) fn url(&self) -> String {
        match self.server() {
            Some(server) => format!(
                "http{}://{}{}",
                if server.https { "s" } else { "" },
                server.authority(),
                self.target()
            ),
            None => self.target(),
        }
    }

    /// Where it goes, as cookies see it.
    pub(crate) fn place(&self) -> Place {
        let target = self.target();
        let path = target.split('?').next().unwrap_or_default();
        self.server().map_or_else(
            || Place::new("", path, false),
            |server| Place::new(&server.host, path, server.https),
        )
    }

    /// Whether it goes to where the other goes: the same scheme, host and port.
    pub(crate) fn is_of_same_origin(&self, other: &Self) -> bool {
        matches!((self.server(), other.server()), (Some(one), Some(two)) if call::redirect::same_origin(one, two))
    }

    /// Adds the cookies that belong to it, unless the field was given as such; `first`: also those of `-b`.
    pub(crate) fn cookies(&mut self, cookies: &Cookies, first: bool) -> Result<(), Failure> {
        if !self.fields.contains_key(COOKIE)
            && let Some(value) = cookies.field(&self.place(), first)?
        {
            self.fields.insert(COOKIE, value);
        }
        Ok(())
    }

    /// Leaves the credentials that its operation asks for.
    pub(crate) fn choose(&mut self) {
        let asked = self.named.as_ref().map(|named| &named.operation.security);
        let chosen = board::choose(&self.upstream.credentials, asked);
        let mut index = 0;
        self.upstream.credentials.retain(|credential| {
            index += 1;
            let connection = matches!(credential.place, board::CredentialPlace::Certificate(_));
            chosen.has(index - 1) || connection
        });
    }

    /// Its secrets.
    pub(crate) fn redaction(&self) -> Redaction {
        Redaction::of(self)
    }

    /// Sets a field where it is not there yet.
    pub(crate) fn default_field(&mut self, name: HeaderName, value: HeaderValue) {
        self.fields.entry(name).or_insert(value);
    }

    /// Adds what every request has, then what the flags say of fields; they win.
    pub(crate) fn dress(
        &mut self,
        wanted: &Wanted,
        user: Option<&Secret>,
        accept: &'static str,
    ) -> Result<(), Failure> {
        let given = wanted.user.as_ref().or(user);
        let host = self.server().map(|server| Arc::clone(&server.host));
        let known = match host.filter(|_| wanted.transfer.netrc && given.is_none()) {
            Some(host) => super::netrc::login(&host)?,
            None => None,
        };
        if let Some(user) = given.or(known.as_ref()) {
            self.fields.insert(AUTHORIZATION, basic(user)?);
        }
        for wish in &wanted.fields {
            self.fields.remove(wish.name());
        }
        for wish in &wanted.fields {
            if let FieldWish::Set(name, value) = wish {
                self.fields.append(name, value.clone());
            }
        }
        let removed = |name: &HeaderName| wanted.fields.contains(&FieldWish::Remove(name.clone()));
        let transfer = &wanted.transfer;
        let value = |name: &str, text: &str| super::wanted::field_value(name, text);
        match transfer.agent.as_deref() {
            Some("") => {}
            Some(agent) if !removed(&USER_AGENT) => {
                self.default_field(USER_AGENT, value("user-agent", agent)?);
            }
            None if !removed(&USER_AGENT) => {
                self.default_field(USER_AGENT, HeaderValue::from_static(AGENT));
            }
            _ => {}
        }
        if let Some(referer) = transfer.referer.as_deref().filter(|_| !removed(&REFERER)) {
            self.default_field(REFERER, value("referer", referer)?);
        }
        if let Some(range) = &transfer.range {
            // RFC 9110 §14.2: it means nothing elsewhere.
            let asks = matches!(wanted.kind(), Method::GET | Method::HEAD);
            if !asks && !wanted.strict {
                return Err(Failure::usage(
                    "`-r` asks for a part of an answer to GET, and there is a body to send",
                ));
            }
            if asks {
                self.default_field(RANGE, value("range", &format!("bytes={range}"))?);
            }
        }
        if transfer.compressed && !removed(&ACCEPT_ENCODING) {
            self.default_field(ACCEPT_ENCODING, HeaderValue::from_static(super::deliver::unpack::ACCEPTED));
        }
        if !removed(&ACCEPT) {
            self.default_field(ACCEPT, HeaderValue::from_static(accept));
        }
        Ok(())
    }

    /// Asks for JSON where nothing else was asked for; gives its media type.
    pub(crate) fn json(&mut self) -> String {
        self.default_field(ACCEPT, HeaderValue::from_static("application/json"));
        "application/json".to_owned()
    }

    /// Says what the body is, where nothing else did.
    pub(crate) fn media(&mut self, media: &str) -> Result<(), Failure> {
        let value = HeaderValue::from_str(media)
            .map_err(|_| Failure::usage(format!("`{media}` is no media type")))?;
        self.default_field(CONTENT_TYPE, value);
        Ok(())
    }

    /// As the sending room takes it.
    pub(crate) fn outgoing(&self) -> Outgoing<'static> {
        let mut fields = self.fields.clone();
        // An empty body that was asked for is announced (RFC 9110 §8.6).
        if self.payload.len() == 0 && self.payload != Payload::Empty {
            fields.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Outgoing {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            fields,
            body: self.payload.clone().into_body(),
            repeat: self.repeat.clone(),
            upgrade: false,
            // What is left of the credentials is what it asks for.
            operation: None,
        }
    }
}

/// How we name ourselves.
pub(crate) const AGENT: &str = concat!("switchboard/", env!("CARGO_PKG_VERSION"));

/// `Authorization: Basic` (RFC 7617 §2).
fn basic(user: &Secret) -> Result<HeaderValue, Failure> {
    let text = format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(user.reveal()));
    let mut value = HeaderValue::from_str(&text).map_err(|_| Failure::usage("this login cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where a server without a board is, and how it is called.
pub(crate) fn upstream(server: ServerUrl, wanted: &Wanted, retries: u32) -> Upstream {
    // Longer than anybody waits: `-m` is the limit, as with curl.
    const PATIENCE: Duration = Duration::from_hours(24);
    Upstream {
        servers: vec![server],
        credentials: Vec::new(),
        authority: wanted.authority.as_deref().map(Arc::from),
        connect_timeout: wanted.connection.timeout.unwrap_or(Duration::from_secs(120)),
        timeout: PATIENCE,
        total_timeout: wanted.max_time,
        pace: None,
        retries: wanted.transfer.retry.filter(|_| retries > 0).unwrap_or(retries),
        fingerprint: 0,
        origin: Origin { file: "the command line".into(), line: 1 },
    }
}

/// What HTTP says of sending a method again (RFC 9110 §9.2.2); an Idempotency-Key makes any request repeatable.
pub(crate) fn repeat(method: &Method, fields: &HeaderMap) -> Repeat {
    let key = HeaderName::from_static("idempotency-key");
    if method.is_safe() {
        Repeat::Safe
    } else if method.is_idempotent() {
        Repeat::Idempotent
    } else if fields.contains_key(&key) {
        Repeat::WithKey(key)
    } else {
        Repeat::Never
    }
}
