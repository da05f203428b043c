//! What stands around the operations of a document: its servers and security schemes.
//!
//! Source: OpenAPI 3.0 and 3.1, Server Object, Security Scheme Object.

use super::outline::{lost_warning, warn};
use crate::reference;
use crate::{In, Pointer, SchemeKind, SecurityScheme, Warning};
use serde_json::{Map, Value};

/// The security schemes of a document.
pub(super) fn schemes(tree: &Value, warnings: &mut Vec<Warning>) -> Vec<SecurityScheme> {
    let at = Pointer::root().at("components").at("securitySchemes");
    let mut schemes = Vec::new();
    for (name, value) in tree.pointer(at.as_str()).and_then(Value::as_object).into_iter().flatten() {
        if name.starts_with("x-") {
            continue;
        }
        let (map, stands) = match reference::object(tree, value, at.at(name)) {
            Ok(found) => found,
            Err(lost) => {
                warnings.push(lost_warning(&lost, "the security scheme is left out", at.at(name)));
                continue;
            }
        };
        if let Some(kind) = scheme(map) {
            schemes.push(SecurityScheme { name: name.clone(), kind, at: stands });
        } else {
            let text = "this is no security scheme that is known: it is left out";
            warnings.push(warn("security-scheme", text, stands));
        }
    }
    schemes
}

/// Server URLs with their variables' defaults (OpenAPI 3.1, Server Object).
pub(super) fn servers(tree: &Value, warnings: &mut Vec<Warning>) -> Vec<String> {
    let at = Pointer::root().at("servers");
    let mut servers = Vec::new();
    for (index, server) in tree.get("servers").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = at.index(index);
        let Some(url) = server.get("url").and_then(Value::as_str) else {
            warnings.push(warn("server", "a server needs `url`: it is left out", at));
            continue;
        };
        let mut url = url.trim().to_owned();
        for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
            let text = |value: &Value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Bool(word) => Some(word.to_string()),
                _ => None,
            };
            let value = variable.get("default").and_then(text).or_else(|| {
                let text_of = |all: &Value| all.as_array()?.first().and_then(text);
                let at = at.at("variables").at(name);
                let told = "it has no default: its first choice, if any, is taken";
                warnings.push(warn("server-variable", told, at));
                variable.get("enum").and_then(text_of)
            });
            if let Some(value) = value {
                url = url.replace(&format!("{{{name}}}"), &value);
            }
        }
        if url.contains('{') {
            let told = "a variable of this URL has no value";
            warnings.push(warn("server-variable", told, at.at("url")));
        }
        servers.push(url);
    }
    servers
}

/// Reads a Security Scheme Object.
fn scheme(map: &Map<String, Value>) -> Option<SchemeKind> {
    let word = |name: &str| map.get(name).and_then(Value::as_str);
    Some(match word("type")? {
        "apiKey" => {
            let place = match word("in")? {
                "header" => In::Header,
                "query" => In::Query,
                "cookie" => In::Cookie,
                _ => return None,
            };
            SchemeKind::ApiKey { place, name: word("name")?.to_owned() }
        }
        "http" => match word("scheme")?.to_ascii_lowercase().as_str() {
            "basic" => SchemeKind::Basic,
            "bearer" => SchemeKind::Bearer,
            other => SchemeKind::Http(other.to_owned()),
        },
        "oauth2" => SchemeKind::OAuth2,
        "openIdConnect" => SchemeKind::OpenIdConnect,
        "mutualTLS" => SchemeKind::MutualTls,
        _ => return None,
    })
}
