//! On 401 and 403: which scheme the contract wants, what was sent where (redacted), which scopes are missing, and how to
//! log in where nobody is.

use super::draft::Draft;
use super::redact::is_secret_name;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use board::{Api, Board, CredentialPlace};
use contract::SchemeKind;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use std::fmt::Write as _;

/// One line for stderr, where there is something to say.
pub(crate) fn hint(draft: &Draft, status: StatusCode, answer: &HeaderMap) -> Option<String> {
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return None;
    }
    let sent = sent(draft);
    let nothing = sent.is_empty();
    let mut said = if nothing {
        "no credential was sent".to_owned()
    } else {
        format!("sent was {}", sent.join(" and "))
    };
    if let Some(missing) = missing(draft, answer) {
        let _ = write!(said, "; missing of the scopes: {missing}");
    }
    let Some(named) = &draft.named else { return Some(said) };
    let ways: Vec<String> = named
        .operation
        .security
        .0
        .iter()
        .map(|all| all.iter().map(|one| requirement(draft, one)).collect::<Vec<_>>().join(" and "))
        .filter(|way| !way.is_empty())
        .collect();
    if let Some(api) = draft.login.as_ref().filter(|_| nothing) {
        let _ = write!(said, "; to log in: `switchboard auth login {api}`");
    }
    if ways.is_empty() {
        return Some(format!("`{}` declares no security; {said}", named.operation.id));
    }
    Some(format!("`{}` wants {}; {said}", named.operation.id, ways.join(", or ")))
}

/// What was sent that could be a credential: places and references, never the secret.
fn sent(draft: &Draft) -> Vec<String> {
    let of_board = draft
        .upstream
        .credentials
        .iter()
        .map(|credential| format!("`{}` ({})", place(&credential.place), credential.reference));
    let mut sent: Vec<String> = of_board.collect();
    for (name, value) in &draft.fields {
        if *name == AUTHORIZATION {
            let scheme =
                value.to_str().ok().and_then(|value| value.split_once(' ')).map(|(scheme, _)| scheme);
            sent.push(format!(
                "`authorization: {}***`",
                scheme.map_or(String::new(), |scheme| format!("{scheme} "))
            ));
        } else if value.is_sensitive() || is_secret_name(name.as_str()) {
            sent.push(format!("`{name}: ***`"));
        }
    }
    for pair in draft.query.as_deref().unwrap_or_default().split('&') {
        if let Some((name, _)) = pair.split_once('=').filter(|(name, _)| is_secret_name(name)) {
            sent.push(format!("`?{name}=***`"));
        }
    }
    sent
}

/// Scopes that the answer or the contract asks for and nobody asked the issuer for (RFC 6750 §3).
fn missing(draft: &Draft, answer: &HeaderMap) -> Option<String> {
    let had: Vec<&str> = draft
        .upstream
        .credentials
        .iter()
        .filter_map(|credential| match &credential.place {
            CredentialPlace::OAuth(oauth) => Some(oauth.scopes.iter().map(String::as_str)),
            _ => None,
        })
        .flatten()
        .collect();
    let of_answer = answer.get_all(WWW_AUTHENTICATE).iter().find_map(|value| {
        let text = value.to_str().ok()?;
        Some(text.split_once("scope=\"")?.1.split('"').next()?.to_owned())
    });
    let oauth = draft.upstream.credentials.iter().any(|one| matches!(one.place, CredentialPlace::OAuth(_)));
    let of_contract = || {
        let all = draft.named.as_ref().filter(|_| oauth)?.operation.security.0.iter().flatten();
        Some(all.flat_map(|one| one.scopes.iter().cloned()).collect::<Vec<_>>().join(" "))
    };
    let asked = of_answer.or_else(of_contract)?;
    let mut lacking: Vec<&str> = Vec::new();
    for scope in asked.split_ascii_whitespace().take(20) {
        if !had.contains(&scope) && !lacking.contains(&scope) {
            lacking.push(scope);
        }
    }
    let lacking: String = lacking.join(" ").chars().filter(|letter| !letter.is_control()).take(200).collect();
    (!lacking.is_empty()).then_some(lacking)
}

/// What the board says of a login that is there and cannot be used.
///
/// # Errors
/// It lies in a keyring that does not give it: exit 14, for a call without it would be refused in other words.
pub(crate) fn look(
    api: &Api,
    connection: Option<&str>,
    board: &Board,
    terminal: Terminal,
) -> Result<(), Failure> {
    let name =
        connection.map_or_else(|| api.name.to_string(), |connection| format!("{}/{connection}", api.name));
    let about = format!("the login stored for `{name}` is not used");
    let Some(warning) = board.warnings.0.iter().find(|one| one.headline == about) else { return Ok(()) };
    let why = warning.labels.first().map_or("", |label| label.words.as_str());
    let said = format!("{about}: {why}");
    if !why.contains("keyring") {
        terminal.say(said);
        return Ok(());
    }
    let failure = Failure::run(said).exit(Exit::Unauthorised);
    Err(match &warning.help {
        Some(help) => failure.help(help),
        None => failure,
    })
}

fn requirement(draft: &Draft, one: &contract::Requirement) -> String {
    let scheme = draft
        .named
        .as_ref()
        .and_then(|named| named.contract.schemes.iter().find(|scheme| scheme.name == one.scheme));
    let how = match scheme.map(|scheme| &scheme.kind) {
        Some(SchemeKind::ApiKey { place, name }) => format!("a key in {place} `{name}`"),
        Some(SchemeKind::Basic) => "a name and password (`-u NAME:PASSWORD`)".to_owned(),
        Some(SchemeKind::Bearer) => "a bearer token (`Authorization:\"Bearer …\"`)".to_owned(),
        Some(SchemeKind::Http(scheme)) => format!("`Authorization: {scheme}`"),
        Some(SchemeKind::OAuth2(_) | SchemeKind::OpenIdConnect(_)) => "a bearer token by OAuth".to_owned(),
        Some(SchemeKind::MutualTls) => "a client certificate".to_owned(),
        None => format!("`{}`", one.scheme),
    };
    if one.scopes.is_empty() { how } else { format!("{how} with {}", one.scopes.join(" ")) }
}

fn place(place: &CredentialPlace) -> String {
    match place {
        CredentialPlace::Header(name) => format!("{name}: ***"),
        CredentialPlace::Query(name) => format!("?{name}=***"),
        CredentialPlace::Cookie(name) => format!("cookie: {name}=***"),
        CredentialPlace::Bearer => "authorization: Bearer ***".to_owned(),
        CredentialPlace::Digest => "authorization: Digest ***".to_owned(),
        CredentialPlace::OAuth(_) => "authorization: Bearer ***, by OAuth".to_owned(),
        CredentialPlace::SigV4(_) => "authorization: AWS4-HMAC-SHA256 ***".to_owned(),
        CredentialPlace::Certificate(_) => "a client certificate".to_owned(),
        CredentialPlace::Basic => "authorization: Basic ***".to_owned(),
    }
}
