//! On 401 and 403: which scheme the contract wants, and what was sent where, redacted.

use super::draft::Draft;
use board::CredentialPlace;
use contract::SchemeKind;
use http::StatusCode;
use http::header::AUTHORIZATION;

/// One line for stderr, where there is something to say.
pub(crate) fn hint(draft: &Draft, status: StatusCode) -> Option<String> {
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return None;
    }
    let mut sent: Vec<String> = draft
        .upstream
        .credentials
        .iter()
        .map(|credential| format!("`{}` ({})", place(&credential.place), credential.reference))
        .collect();
    if draft.fields.contains_key(AUTHORIZATION) {
        sent.push("`authorization: ***`".to_owned());
    }
    let sent = if sent.is_empty() {
        "no credential was sent".to_owned()
    } else {
        format!("sent was {}", sent.join(" and "))
    };
    let Some(named) = &draft.named else { return Some(sent) };
    let ways: Vec<String> = named
        .operation
        .security
        .0
        .iter()
        .map(|all| all.iter().map(|one| requirement(draft, one)).collect::<Vec<_>>().join(" and "))
        .filter(|way| !way.is_empty())
        .collect();
    if ways.is_empty() {
        return Some(format!("`{}` declares no security; {sent}", named.operation.id));
    }
    Some(format!("`{}` wants {}; {sent}", named.operation.id, ways.join(", or ")))
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
