//! `credential`: what a provider gave us, and where it goes: where the contract's scheme says, else as a bearer.

use crate::code;
use crate::keys::{Keys, Text, list, not_built_yet, wrong_type};
use crate::report::{Problem, closest};
use crate::scope::{Scope, Sheet};
use crate::tree::{At, Entry, Value};
use crate::{Credential, CredentialPlace, Grant, Serves, login, oauth};
use contract::{In, SchemeKind, SecurityScheme};
use exchange::Secret;
use http::HeaderName;

const FORMS: &[&str] = &[
    "header",
    "query",
    "cookie",
    "value",
    "basic",
    "bearer",
    "digest",
    "oauth2",
    "sigv4",
    "certificate",
    "key",
];
/// Of the forms, those that name where a credential goes.
const PLACES: &[&str] =
    &["header", "query", "cookie", "basic", "bearer", "digest", "oauth2", "sigv4", "certificate"];
const LATER: &[&str] = &["jwt"];

/// Resolves `credential` in all its forms; `login` is the name under which a person's login is stored.
pub(crate) fn resolve(
    entry: &Entry,
    (api, login): (&str, &str),
    sheet: Option<&Sheet>,
    scope: &Scope<'_>,
) -> Vec<Credential> {
    let maker = Maker { api, login, sheet, scope };
    black_out(entry, scope);
    match &entry.node.value {
        Value::Text(text) => maker.by_contract(Text { text, at: &entry.node.at }).into_iter().collect(),
        Value::Table(table) => {
            let schemes = maker.schemes();
            let by_scheme = !table.is_empty()
                && table.keys().all(|key| schemes.iter().any(|scheme| scheme.name == *key))
                || !table.keys().any(|key| FORMS.contains(&key.as_str()) || LATER.contains(&key.as_str()));
            if by_scheme { maker.by_name(entry) } else { maker.by_form(entry).into_iter().collect() }
        }
        _ => {
            scope.report.add(wrong_type(
                &format!("`credential` of [apis.{api}.upstream]"),
                &entry.node,
                "a reference or a table",
                "credential = \"env:NAME\"",
            ));
            Vec::new()
        }
    }
}

/// Whatever may be a secret in clear is not shown, whichever fault is told.
fn black_out(entry: &Entry, scope: &Scope<'_>) {
    match &entry.node.value {
        Value::Text(text) if !scope.secrets.is_shown(text) => scope.report.hide(&entry.node.at),
        Value::Table(table) => {
            for (key, entry) in table {
                // Of a client's registration only its secret may be one; of a signature's table, all but the place.
                if !SHOWN.contains(&key.as_str()) {
                    black_out(entry, scope);
                }
            }
        }
        _ => {}
    }
}

/// Keys whose texts are no secrets, whatever stands there.
const SHOWN: &[&str] = &[
    "header",
    "query",
    "cookie",
    "grant",
    "token-url",
    "issuer",
    "authorization-url",
    "device-url",
    "client-id",
    "scopes",
    "region",
    "service",
];

struct Maker<'m> {
    api: &'m str,
    login: &'m str,
    sheet: Option<&'m Sheet>,
    scope: &'m Scope<'m>,
}

impl<'m> Maker<'m> {
    fn schemes(&self) -> &'m [SecurityScheme] {
        self.sheet.map(|sheet| sheet.contract.schemes.as_slice()).unwrap_or_default()
    }

    /// A bare reference: it goes where the contract says.
    fn by_contract(&self, text: Text<'_>) -> Option<Credential> {
        let chosen = self.sheet.and_then(likely);
        let place = chosen.map_or(CredentialPlace::Bearer, |(_, place)| place);
        let serves = login::serves(&place, self.sheet);
        self.make(place, text, serves)
    }

    /// A table from names of schemes to references.
    fn by_name(&self, entry: &Entry) -> Vec<Credential> {
        let Value::Table(table) = &entry.node.value else {
            return Vec::new();
        };
        let mut made = Vec::new();
        for (name, entry) in table {
            let Some(scheme) = self.schemes().iter().find(|scheme| scheme.name == *name) else {
                self.unknown_scheme(name, &entry.key);
                continue;
            };
            let serves = Serves::Schemes(vec![name.clone()]);
            if let Value::Table(table) = &entry.node.value
                && table.keys().any(|key| FORMS.contains(&key.as_str()))
            {
                made.extend(self.by_form(entry).map(|one| Credential { serves, ..one }));
                continue;
            }
            let Value::Text(text) = &entry.node.value else {
                let what = format!("credential `{name}` of `{}`", self.api);
                self.scope.report.add(wrong_type(
                    &what,
                    &entry.node,
                    "a reference",
                    &format!("{name} = \"env:NAME\""),
                ));
                continue;
            };
            match place(&scheme.kind) {
                Some(place) => {
                    made.extend(self.make(place, Text { text, at: &entry.node.at }, serves));
                }
                None if scheme.kind == SchemeKind::MutualTls => self.scope.report.add(
                    Problem::error(
                        &code::MISSING_KEY,
                        format!("`{name}` asks for a certificate and its key"),
                    )
                    .at(&entry.node.at, "one reference is not enough")
                    .help(format!(
                        "write `{name} = {{ certificate = \"file:client.pem\", key = \"file:client.key\" }}`"
                    )),
                ),
                None => self
                    .scope
                    .report
                    .add(not_built_yet(&format!("credential for scheme `{name}`"), &entry.key)),
            }
        }
        made
    }

    fn unknown_scheme(&self, name: &str, at: &At) {
        let known: Vec<&str> = self.schemes().iter().map(|scheme| scheme.name.as_str()).collect();
        let headline = format!("the contract of `{}` has no security scheme `{name}`", self.api);
        let mut problem =
            Problem::error(&code::UNKNOWN_SCHEME, headline).at(at, "no such scheme, and no place");
        let meant = closest(name, known.iter().copied());
        let scheme = self.schemes().iter().find(|scheme| Some(scheme.name.as_str()) == meant);
        if let Some(place) = scheme.and_then(|scheme| self.sheet?.at(&scheme.at)) {
            problem = problem.at(&place, "did you mean this one?");
        }
        self.scope.report.add(match (meant, known.is_empty()) {
            (Some(meant), _) => problem.help(format!("write `{meant}`")),
            (None, true) => problem.help("write `{ header = \"X-Key\", value = \"env:NAME\" }`, or with `query`, `cookie`, `basic`, `bearer`"),
            (None, false) => problem.help(format!("its schemes are {}", list(&known))),
        });
    }

    /// `{ header = …, value = … }` and the like.
    fn by_form(&self, entry: &Entry) -> Option<Credential> {
        let report = self.scope.report;
        let name = format!("`credential` of `{}`", self.api);
        let keys = Keys::open(name, entry, FORMS, LATER, report)?;
        let given: Vec<&str> = PLACES.iter().copied().filter(|form| keys.entry(form).is_some()).collect();
        let [form] = given.as_slice() else {
            if !(given.is_empty() && LATER.iter().any(|later| keys.entry(later).is_some())) {
                report.add(
                    Problem::error(&code::MISSING_KEY, format!("{} goes to one place", keys.name))
                        .at(
                            &entry.node.at,
                            if given.is_empty() { "no place is named" } else { "several places are named" },
                        )
                        .help("write `header`, `query` or `cookie` with `value`, or `basic`, or `bearer`"),
                );
            }
            return None;
        };
        if matches!(*form, "oauth2" | "sigv4" | "certificate") {
            return self.worked_out(form, &keys);
        }
        let named = keys.text(form)?;
        let place = match *form {
            "basic" => CredentialPlace::Basic,
            "digest" => CredentialPlace::Digest,
            "bearer" => CredentialPlace::Bearer,
            "query" if !named.text.is_empty() => CredentialPlace::Query(named.text.to_owned()),
            "cookie" if is_token(named.text) => CredentialPlace::Cookie(named.text.to_owned()),
            "header" => match HeaderName::try_from(named.text) {
                Ok(name) if !is_ours(&name) => CredentialPlace::Header(name),
                _ => return self.bad_field(form, named),
            },
            _ => return self.bad_field(form, named),
        };
        let serves = login::serves(&place, self.sheet);
        if matches!(*form, "basic" | "bearer" | "digest") {
            if let Some(value) = keys.entry("value") {
                report.add(
                    Problem::error(&code::UNKNOWN_KEY, format!("{} needs no `value`", keys.name))
                        .at(&value.key, "`basic`, `bearer` and `digest` have it themselves"),
                );
            }
            return self.make(place, named, serves);
        }
        if keys.entry("value").is_none() {
            keys.missing("value", "\"env:NAME\"");
        }
        self.make(place, keys.text("value")?, serves)
    }

    /// Forms whose secret is not what is sent.
    fn worked_out(&self, form: &str, keys: &Keys<'_, '_>) -> Option<Credential> {
        let made = |place, secret, reference| {
            let serves = login::serves(&place, self.sheet);
            Credential { place, secret, reference, serves }
        };
        match form {
            "oauth2" => oauth::oauth(keys, self.sheet, (self.api, self.login), self.scope).map(|oauth| {
                let secret = oauth.client_secret.clone().unwrap_or_else(|| Secret::new(""));
                let reference = match oauth.grant {
                    Grant::ClientCredentials => format!("client `{}`", oauth.client_id),
                    Grant::AuthorizationCode | Grant::Device => oauth.login.clone(),
                };
                made(CredentialPlace::OAuth(Box::new(oauth)), secret, reference)
            }),
            "sigv4" => oauth::sigv4(keys, self.api, self.scope).map(|(sigv4, secret, reference)| {
                made(CredentialPlace::SigV4(Box::new(sigv4)), secret, reference)
            }),
            _ => self.certificate(keys),
        }
    }

    /// A certificate of ours and its key (RFC 8446 §4.4.2): shown to the provider when a connection is made.
    fn certificate(&self, keys: &Keys<'_, '_>) -> Option<Credential> {
        if keys.entry("key").is_none() {
            keys.missing("key", "\"file:client.key\"");
        }
        let who = format!("the upstream of `{}`", self.api);
        let had = |key: &str| {
            let text = keys.text(key)?;
            let had =
                self.scope.secrets.get(text, &who, &format!("{}-{key}", self.api), self.scope.report)?;
            if !had.secret.reveal().contains("-----BEGIN ") {
                let headline = format!("`{key}` of {} is not PEM", keys.name);
                self.scope.report.add(
                    Problem::error(&code::BAD_AUTHORITY, headline).at(text.at, "no `-----BEGIN …` in it"),
                );
                return None;
            }
            Some(had)
        };
        let (chain, key) = (had("certificate"), had("key"));
        let (chain, key) = (chain?, key?);
        Some(Credential {
            place: CredentialPlace::Certificate(chain.secret),
            secret: key.secret,
            reference: key.reference,
            serves: self.mutual(),
        })
    }

    /// The contract's own schemes that ask for a certificate, else every call.
    fn mutual(&self) -> Serves {
        let is = |scheme: &&SecurityScheme| scheme.kind == SchemeKind::MutualTls;
        let named: Vec<String> = self.schemes().iter().filter(is).map(|scheme| scheme.name.clone()).collect();
        if named.is_empty() { Serves::Every } else { Serves::Schemes(named) }
    }

    fn bad_field(&self, form: &str, Text { text, at }: Text<'_>) -> Option<Credential> {
        self.scope.report.add(
            Problem::error(&code::BAD_FIELD, format!("`{text}` cannot be the name of a {form}"))
                .at(at, "not a name that may be sent")
                .help("names consist of letters, digits and hyphens, like `X-Api-Key`"),
        );
        None
    }

    fn make(&self, place: CredentialPlace, text: Text<'_>, serves: Serves) -> Option<Credential> {
        let who = format!("the upstream of `{}`", self.api);
        let had =
            self.scope.secrets.get(text, &who, &format!("{}-credential", self.api), self.scope.report)?;
        if let Err(why) = text_fits(&place, had.secret.reveal()) {
            let headline = format!("the secret `{}` cannot be sent", had.reference);
            let problem = Problem::error(&code::BAD_FIELD, headline).at(text.at, why);
            let pair = matches!(place, CredentialPlace::Basic | CredentialPlace::Digest);
            self.scope.report.add(if pair {
                problem.help("store it as `user:password` (RFC 7617)")
            } else {
                problem
            });
            return None;
        }
        Some(Credential { place, secret: had.secret, reference: had.reference, serves })
    }
}

/// Whether a text can be sent in this place.
pub(crate) fn text_fits(place: &CredentialPlace, text: &str) -> Result<(), String> {
    // It becomes part of a field or of a URL: a line feed in it would begin another field (RFC 9110 §5.5).
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("it holds a control character".to_owned());
    }
    if matches!(place, CredentialPlace::Basic | CredentialPlace::Digest) && !text.contains(':') {
        return Err("it has no colon, and is no `user:password`".to_owned());
    }
    Ok(())
}

/// Fields that frame a message are not for credentials.
fn is_ours(name: &HeaderName) -> bool {
    [
        http::header::HOST,
        http::header::CONTENT_LENGTH,
        http::header::TRANSFER_ENCODING,
        http::header::CONNECTION,
    ]
    .contains(name)
}

fn is_token(text: &str) -> bool {
    HeaderName::try_from(text).is_ok()
}

/// Where a scheme's credential goes; `None`: not built yet.
pub(crate) fn place(kind: &SchemeKind) -> Option<CredentialPlace> {
    Some(match kind {
        SchemeKind::ApiKey { place: In::Query, name } => CredentialPlace::Query(name.clone()),
        SchemeKind::ApiKey { place: In::Cookie, name } => CredentialPlace::Cookie(name.clone()),
        SchemeKind::ApiKey { name, .. } => CredentialPlace::Header(HeaderName::try_from(name.as_str()).ok()?),
        SchemeKind::Basic => CredentialPlace::Basic,
        SchemeKind::Bearer | SchemeKind::OAuth2(_) | SchemeKind::OpenIdConnect(_) => CredentialPlace::Bearer,
        SchemeKind::Http(scheme) if scheme == "digest" => CredentialPlace::Digest,
        SchemeKind::Http(_) | SchemeKind::MutualTls => return None,
    })
}

/// The scheme that opens most operations by itself; of equals the first of the document.
fn likely(sheet: &Sheet) -> Option<(&SecurityScheme, CredentialPlace)> {
    let opened = |scheme: &SecurityScheme| {
        let alone = |operation: &&std::sync::Arc<contract::Operation>| {
            operation
                .security
                .0
                .iter()
                .any(|all| matches!(all.as_slice(), [one] if one.scheme == scheme.name))
        };
        sheet.contract.operations.iter().filter(alone).count()
    };
    sheet
        .contract
        .schemes
        .iter()
        .filter_map(|scheme| Some((scheme, place(&scheme.kind)?)))
        .rev()
        .max_by_key(|(scheme, _)| opened(scheme))
}
