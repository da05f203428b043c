//! What `switchboard auth login` stored, as a credential: used where the board writes none.
//!
//! It is bound to the servers it was had for: a board that calls elsewhere does without it.

use crate::credential::{place, text_fits};
use crate::scope::Sheet;
use crate::{Credential, CredentialPlace, Grant, OAuth, ServerUrl, Serves};
use exchange::Secret;
use http::HeaderName;
use serde_json::{Map, Value};

/// Reads a stored login: JSON, an object.
///
/// # Errors
/// In words, when it is not one or not for these servers.
pub(crate) fn read(
    stored: &str,
    name: &str,
    servers: &[ServerUrl],
    sheet: Option<&Sheet>,
) -> Result<Credential, String> {
    let login: Map<String, Value> =
        serde_json::from_str(stored).map_err(|_| "what is stored is no login".to_owned())?;
    let text = |key: &str| login.get(key).and_then(Value::as_str);
    let list = |key: &str| -> Vec<String> {
        let all = login.get(key).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let origins = list("origins");
    if let Some(other) = servers.iter().find(|server| !origins.contains(&server.origin())) {
        return Err(format!("the login was had for {}, not for {}", origins.join(", "), other.origin()));
    }
    let secret = text("value").unwrap_or_default();
    let kind = text("kind").unwrap_or_default();
    let place = match kind {
        "oauth2" => CredentialPlace::OAuth(Box::new(OAuth {
            grant: Grant::AuthorizationCode,
            token_url: text("token_url").map(str::to_owned),
            issuer: None,
            authorization_url: None,
            device_url: None,
            client_id: text("client_id").unwrap_or_default().to_owned(),
            client_secret: text("client_secret").map(Secret::new),
            scopes: list("scopes"),
            login: name.to_owned(),
        })),
        "basic" => CredentialPlace::Basic,
        "digest" => CredentialPlace::Digest,
        "bearer" => CredentialPlace::Bearer,
        "header" => CredentialPlace::Header(
            HeaderName::try_from(text("name").unwrap_or_default())
                .map_err(|_| "it names no field".to_owned())?,
        ),
        "query" => CredentialPlace::Query(text("name").unwrap_or_default().to_owned()),
        "cookie" => CredentialPlace::Cookie(text("name").unwrap_or_default().to_owned()),
        _ => return Err("what is stored is no login that is known".to_owned()),
    };
    if kind != "oauth2" {
        text_fits(&place, secret)?;
    }
    let serves = match (text("scheme"), sheet) {
        (Some(scheme), _) => Serves::Schemes(vec![scheme.to_owned()]),
        (None, sheet) => serves(&place, sheet),
    };
    Ok(Credential { place, secret: Secret::new(secret), reference: name.to_owned(), serves })
}

/// What a credential in this place is for, by the contract.
pub(crate) fn serves(at: &CredentialPlace, sheet: Option<&Sheet>) -> Serves {
    let Some(sheet) = sheet else { return Serves::Every };
    let operations = &sheet.contract.operations;
    if operations.iter().all(|operation| operation.security.0.iter().all(Vec::is_empty)) {
        return Serves::Every;
    }
    let like = |kind| match (place(kind), at) {
        // However a token is had, it is sent in the same way (RFC 6750 §2.1).
        (Some(CredentialPlace::Bearer), CredentialPlace::OAuth(_)) => true,
        // AWS declares its signature as a key in this field.
        (Some(CredentialPlace::Header(name)), CredentialPlace::SigV4(_)) => {
            name == http::header::AUTHORIZATION
        }
        (Some(place), at) => place == *at,
        (None, _) => false,
    };
    let schemes: Vec<String> = sheet
        .contract
        .schemes
        .iter()
        .filter(|scheme| like(&scheme.kind))
        .map(|scheme| scheme.name.clone())
        .collect();
    if schemes.is_empty() { Serves::Asking } else { Serves::Schemes(schemes) }
}
