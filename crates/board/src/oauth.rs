//! `{ oauth2 = { … } }` and `{ sigv4 = { … } }`: credentials that are worked out for each call or had from elsewhere.
//!
//! Addresses that get a secret are `https`, or loopback (RFC 6749 §3.2, RFC 8252 §8.3). What the table leaves out
//! is the contract's: its flows say where tokens are had.

use crate::ServerUrl;
use crate::code;
use crate::keys::{Keys, Text};
use crate::listen::bad_url;
use crate::report::{Problem, Report};
use crate::scope::{Scope, Sheet};
use contract::{Flow, FlowKind, SchemeKind};
use exchange::Secret;

/// How a token is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth {
    /// By which grant.
    pub grant: Grant,
    /// Where tokens are had; without one it is discovered at the issuer.
    pub token_url: Option<String>,
    /// Whose discovery documents say where (RFC 8414 §3, OpenID Connect Discovery §4).
    pub issuer: Option<String>,
    /// Where a person says yes.
    pub authorization_url: Option<String>,
    /// Where a device asks for its code (RFC 8628 §3.1).
    pub device_url: Option<String>,
    /// Who we are.
    pub client_id: String,
    /// What proves it, if anything does.
    pub client_secret: Option<Secret>,
    /// What the token shall be good for.
    pub scopes: Vec<String>,
    /// Name of what `auth login` stored, where a person logs in.
    pub login: String,
}

/// A grant of OAuth 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// RFC 6749 §4.4: the credential itself is enough.
    ClientCredentials,
    /// RFC 6749 §4.1 with PKCE (RFC 7636): a person logged in with a browser.
    AuthorizationCode,
    /// RFC 8628: a person logged in elsewhere.
    Device,
}

/// AWS Signature Version 4: what a signature is for. The secret key is the credential's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigV4 {
    /// `eu-central-1`.
    pub region: String,
    /// `execute-api`, `s3`.
    pub service: String,
    /// The access key's id.
    pub key_id: Secret,
    /// Of temporary credentials.
    pub session: Option<Secret>,
}

const OAUTH: &[&str] = &[
    "grant",
    "token-url",
    "issuer",
    "authorization-url",
    "device-url",
    "client-id",
    "client-secret",
    "scopes",
];

/// Reads the table of `oauth2`.
pub(crate) fn oauth(
    around: &Keys<'_, '_>,
    sheet: Option<&Sheet>,
    (api, login): (&str, &str),
    scope: &Scope<'_>,
) -> Option<OAuth> {
    let report = scope.report;
    let entry = around.entry("oauth2")?;
    let keys = Keys::open(format!("`oauth2` of `{api}`"), entry, OAUTH, &["jwt", "audience"], report)?;
    let grants = [
        ("client-credentials", Grant::ClientCredentials),
        ("authorization-code", Grant::AuthorizationCode),
        ("device", Grant::Device),
    ];
    let grant = keys.word("grant", &grants, &[]).unwrap_or(Grant::ClientCredentials);
    let kind = match grant {
        Grant::ClientCredentials => FlowKind::ClientCredentials,
        Grant::AuthorizationCode => FlowKind::AuthorizationCode,
        Grant::Device => FlowKind::DeviceAuthorization,
    };
    let flow = sheet.and_then(|sheet| flow(sheet, kind));
    let url = |key: &str, of_flow: fn(&Flow) -> Option<&String>| -> Option<String> {
        match keys.text(key) {
            Some(text) => safe(text, scope),
            None => flow.and_then(of_flow).filter(|url| is_safe(url)).cloned(),
        }
    };
    let issuer = match keys.text("issuer") {
        Some(text) => safe(text, scope),
        None => sheet.and_then(issuer).filter(|url| is_safe(url)),
    };
    let token_url = url("token-url", |flow| flow.token_url.as_ref());
    if token_url.is_none() && issuer.is_none() && keys.entry("token-url").is_none() {
        keys.missing("token-url", "\"https://login.acme.example/token\"");
        return None;
    }
    if keys.entry("client-id").is_none() {
        keys.missing("client-id", "\"our-client\"");
    }
    let who = format!("the upstream of `{api}`");
    let secret = match keys.text("client-secret") {
        Some(text) => Some(scope.secrets.get(text, &who, &format!("{api}-client-secret"), report)?.secret),
        None if grant == Grant::ClientCredentials => {
            keys.missing("client-secret", "\"env:NAME\"");
            return None;
        }
        None => None,
    };
    let scopes = keys.texts("scopes").unwrap_or_default();
    Some(OAuth {
        grant,
        token_url,
        issuer,
        authorization_url: url("authorization-url", |flow| flow.authorization_url.as_ref()),
        device_url: url("device-url", |flow| flow.device_url.as_ref()),
        client_id: keys.text("client-id")?.text.to_owned(),
        client_secret: secret,
        scopes: scopes.iter().map(|text| text.text.to_owned()).collect(),
        login: login.to_owned(),
    })
}

/// Reads the table of `sigv4`; the secret key comes beside it.
pub(crate) fn sigv4(around: &Keys<'_, '_>, api: &str, scope: &Scope<'_>) -> Option<(SigV4, Secret, String)> {
    let entry = around.entry("sigv4")?;
    let known = ["region", "service", "key-id", "secret", "session"];
    let keys = Keys::open(format!("`sigv4` of `{api}`"), entry, &known, &[], scope.report)?;
    for (key, example) in [
        ("region", "\"eu-central-1\""),
        ("service", "\"execute-api\""),
        ("key-id", "\"env:AWS_ACCESS_KEY_ID\""),
        ("secret", "\"env:AWS_SECRET_ACCESS_KEY\""),
    ] {
        if keys.entry(key).is_none() {
            keys.missing(key, example);
        }
    }
    let who = format!("the upstream of `{api}`");
    let had = |key: &str| scope.secrets.get(keys.text(key)?, &who, &format!("{api}-{key}"), scope.report);
    let (id, secret) = (had("key-id"), had("secret"));
    let session = if keys.entry("session").is_some() { Some(had("session")?.secret) } else { None };
    let region = keys.text("region")?.text.to_owned();
    let (id, secret) = (id?, secret?);
    let made = SigV4 { region, service: keys.text("service")?.text.to_owned(), key_id: id.secret, session };
    Some((made, secret.secret, secret.reference))
}

/// The contract's own way by this grant.
fn flow(sheet: &Sheet, kind: FlowKind) -> Option<&Flow> {
    sheet.contract.schemes.iter().find_map(|scheme| match &scheme.kind {
        SchemeKind::OAuth2(flows) => flows.iter().find(|flow| flow.kind == kind),
        _ => None,
    })
}

/// The contract's OpenID issuer: its discovery document's address without the well-known part.
fn issuer(sheet: &Sheet) -> Option<String> {
    sheet.contract.schemes.iter().find_map(|scheme| match &scheme.kind {
        SchemeKind::OpenIdConnect(url) => {
            Some(url.split("/.well-known/").next().unwrap_or(url).trim_end_matches('/').to_owned())
        }
        _ => None,
    })
}

fn safe(text: Text<'_>, scope: &Scope<'_>) -> Option<String> {
    // An address may have a query (RFC 6749 §3.1), which a server's may not.
    let bare = text.text.split('?').next().unwrap_or_default();
    match ServerUrl::parse(bare) {
        Ok(_) if is_safe(text.text) => return Some(text.text.to_owned()),
        Ok(_) => insecure(text, scope.report),
        Err(why) => scope.report.add(bad_url(text.text, text.at, &why, scope)),
    }
    None
}

fn insecure(text: Text<'_>, report: &Report) {
    report.add(
        Problem::error(&code::BAD_URL, format!("secrets would go to `{}` in clear", text.text))
            .at(text.at, "not https")
            .help("write `https://…`; `http://` is for loopback only"),
    );
}

/// Whether a secret may go there: over TLS, or not out of this machine.
pub fn is_safe(url: &str) -> bool {
    ServerUrl::parse(url.split('?').next().unwrap_or_default()).is_ok_and(|server| server.is_safe())
}
