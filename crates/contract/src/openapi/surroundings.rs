//! What stands around the operations of a document: its servers and security schemes.
//!
//! Source: OpenAPI 2.0 to 3.2, Server Object, Security Scheme Object.

use super::outline::{lost_warning, warn};
use super::read::Version;
use crate::reference;
use crate::{Flow, FlowKind, In, Pointer, SchemeKind, SecurityScheme, Server, ServerVariable, Warning};
use serde_json::{Map, Value};

/// The security schemes of a document.
pub(super) fn schemes(tree: &Value, version: Version, warnings: &mut Vec<Warning>) -> Vec<SecurityScheme> {
    let at = match version {
        Version::V2_0 => Pointer::root().at("securityDefinitions"),
        _ => Pointer::root().at("components").at("securitySchemes"),
    };
    let mut schemes = Vec::new();
    for (name, value) in tree.pointer(at.as_str()).and_then(Value::as_object).into_iter().flatten() {
        // `x-api-key` is a name here as any other; an extension has no `type`.
        if name.starts_with("x-") && value.get("type").is_none() {
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

/// The servers of a document, a path item or an operation (OpenAPI 3.1, Server Object).
pub(super) fn servers(holder: &Map<String, Value>, at: &Pointer, warnings: &mut Vec<Warning>) -> Vec<Server> {
    let at = at.at("servers");
    let mut servers = Vec::new();
    for (index, server) in holder.get("servers").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = at.index(index);
        let Some(url) = server.get("url").and_then(Value::as_str) else {
            warnings.push(warn("server", "a server needs `url`: it is left out", at));
            continue;
        };
        let declared = server.get("variables").and_then(Value::as_object);
        let variables = declared.into_iter().flatten();
        let variables = variables.map(|(name, value)| variable(name, value, &at, warnings)).collect();
        let description = server.get("description").and_then(Value::as_str).unwrap_or_default();
        let server =
            Server { url: url.trim().to_owned(), description: description.to_owned(), variables, at };
        if server.address().contains('{') {
            let told = "a variable of this URL has no value";
            warnings.push(warn("server-variable", told, server.at.at("url")));
        }
        servers.push(server);
    }
    servers
}

fn variable(name: &str, value: &Value, at: &Pointer, warnings: &mut Vec<Warning>) -> ServerVariable {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(word) => Some(word.to_string()),
        _ => None,
    };
    let choices: Vec<String> =
        value.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(text).collect();
    let default = value.get("default").and_then(text).or_else(|| {
        let told = "it has no default: its first choice, if any, is taken";
        warnings.push(warn("server-variable", told, at.at("variables").at(name)));
        choices.first().cloned()
    });
    ServerVariable { name: name.to_owned(), default, choices }
}

/// The flows of an OAuth 2 scheme (OpenAPI 3.2, OAuth Flows Object).
fn flows(map: &Map<String, Value>) -> Vec<Flow> {
    let kinds = [
        ("authorizationCode", FlowKind::AuthorizationCode),
        ("deviceAuthorization", FlowKind::DeviceAuthorization),
        ("clientCredentials", FlowKind::ClientCredentials),
        ("password", FlowKind::Password),
        ("implicit", FlowKind::Implicit),
    ];
    let flows = map.get("flows").and_then(Value::as_object);
    // OpenAPI 2.0, Security Scheme Object: one flow, its words beside `type`.
    let flow_of_2 = map.get("flow").and_then(Value::as_str);
    let found = kinds.into_iter().filter_map(|(name, kind)| {
        let of_2 = match kind {
            FlowKind::AuthorizationCode => "accessCode",
            FlowKind::ClientCredentials => "application",
            _ => name,
        };
        let flow = match flows {
            Some(flows) => flows.get(name)?.as_object()?,
            None => Some(map).filter(|_| flow_of_2 == Some(of_2))?,
        };
        let url = |name: &str| flow.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Flow {
            kind,
            authorization_url: url("authorizationUrl"),
            token_url: url("tokenUrl"),
            refresh_url: url("refreshUrl"),
            device_url: url("deviceAuthorizationUrl"),
            scopes: scopes(flow),
        })
    });
    found.collect()
}

/// Scopes with what is said of each.
fn scopes(flow: &Map<String, Value>) -> Vec<(String, String)> {
    let scopes = flow.get("scopes").and_then(Value::as_object).into_iter().flatten();
    scopes.map(|(name, said)| (name.clone(), said.as_str().unwrap_or_default().to_owned())).collect()
}

/// Reads a Security Scheme Object.
fn scheme(map: &Map<String, Value>) -> Option<SchemeKind> {
    let word = |name: &str| map.get(name).and_then(Value::as_str);
    Some(match word("type")? {
        // OpenAPI 2.0: what is `http` with the scheme `basic` from 3.0 on.
        "basic" => SchemeKind::Basic,
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
        "oauth2" => SchemeKind::OAuth2(flows(map)),
        "openIdConnect" => SchemeKind::OpenIdConnect(word("openIdConnectUrl").unwrap_or_default().to_owned()),
        "mutualTLS" => SchemeKind::MutualTls,
        _ => return None,
    })
}
