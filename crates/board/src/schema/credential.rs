//! `credential` for editors: every form of it, and the contract's schemes by name.

use super::{reference, table, text};
use contract::{Contract, SchemeKind};
use serde_json::{Map, Value, json};

/// A secret: a reference, or the name of one that is stored.
pub(super) fn secret(names: &[String]) -> Value {
    json!({ "anyOf": [reference("A reference."), { "enum": names }, { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }] })
}

/// `credential`, for an API with this contract.
pub(super) fn credential(names: &[String], contract: Option<&Contract>) -> Value {
    let secret = secret(names);
    let schemes: Map<String, Value> = contract
        .map(|contract| contract.schemes.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|scheme| {
            let mut forms = forms(&secret);
            if scheme.kind == SchemeKind::MutualTls {
                forms.retain(|form| form["properties"].get("certificate").is_some());
            }
            (scheme.name.clone(), json!({ "anyOf": forms }))
        })
        .collect();
    let mut all = forms(&secret);
    if !schemes.is_empty() {
        all.push(table(&Value::Object(schemes), &[]));
    }
    json!({ "anyOf": all })
}

fn forms(secret: &Value) -> Vec<Value> {
    let placed =
        |place: &str| table(&json!({ place: { "type": "string" }, "value": secret }), &[place, "value"]);
    let alone = |place: &str, words: &str| {
        let mut secret = secret.clone();
        secret["description"] = words.into();
        table(&json!({ place: secret }), &[place])
    };
    vec![
        secret.clone(),
        placed("header"),
        placed("query"),
        placed("cookie"),
        alone("basic", "`user:password`."),
        alone("bearer", "What follows `Authorization: Bearer`."),
        alone("digest", "`user:password`, which answers a challenge and is not sent."),
        table(&json!({ "certificate": secret, "key": secret }), &["certificate", "key"]),
        table(&json!({ "oauth2": oauth(secret) }), &["oauth2"]),
        table(&json!({ "sigv4": sigv4(secret) }), &["sigv4"]),
    ]
}

fn oauth(secret: &Value) -> Value {
    let url = |words: &str| json!({ "type": "string", "pattern": "^https?://", "description": words, "examples": ["https://login.acme.example/token"] });
    table(
        &json!({
            "grant": { "enum": ["client-credentials", "authorization-code", "device"], "default": "client-credentials" },
            "token-url": url("Where tokens are had; default: the contract's."),
            "issuer": url("Whose discovery document says where."),
            "authorization-url": url("Where a person says yes."),
            "device-url": url("Where a device asks for its code."),
            "client-id": text("Who we are.", "our-client"),
            "client-secret": secret,
            "scopes": { "type": "array", "items": { "type": "string" } },
        }),
        &["client-id"],
    )
}

fn sigv4(secret: &Value) -> Value {
    table(
        &json!({
            "region": text("Where it is.", "eu-central-1"),
            "service": text("What is called.", "execute-api"),
            "key-id": secret,
            "secret": secret,
            "session": secret,
        }),
        &["region", "service", "key-id", "secret"],
    )
}
