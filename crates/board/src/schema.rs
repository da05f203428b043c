//! A JSON Schema for editors, specialised to one board: its operations, plans, listeners and secrets as words.
//!
//! Written beside the board by `switchboard check`; a line `#:schema` in the file makes an editor complete and
//! mark. It is a convenience: what counts is [`crate::load`].

mod credential;

use crate::{Api, Board};
use contract::Contract;
use serde_json::{Map, Value, json};

/// The schema (2020-12) for this board's file.
pub fn editor_schema(board: &Board) -> Value {
    let plans: Vec<&str> = board.plans.iter().map(|plan| plan.name.as_str()).collect();
    let listeners: Vec<&str> = board.listeners.iter().map(|listener| &*listener.name).collect();
    let words = Words { plans: &plans, listeners: &listeners, secrets: &board.secret_names };
    let apis: Map<String, Value> =
        board.apis.iter().map(|api| (api.name.to_string(), words.api(Some(api)))).collect();
    let named = |schema: &Value| json!({ "type": "object", "additionalProperties": schema });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "switchboard.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "listen": named(&words.listen()),
            "apis": { "type": "object", "properties": apis, "additionalProperties": words.api(None) },
            "plans": named(&plan()),
            "consumers": named(&words.consumer()),
            "secrets": named(&reference("Where the secret lies.")),
            "console": { "anyOf": [{ "const": false }, table(&json!({ "bind": address() }), &[])] },
            "ledger": table(&json!({
                "folder": text("The state folder.", ".switchboard"),
                "postgres": {
                    "description": "The URL of a PostgreSQL database that keeps calls, usage and accounts: a secret.",
                    "anyOf": [credential::secret(&board.secret_names)],
                },
                "keep": duration("How long rows and details of calls are kept.", "30d"),
                "minutes": duration("How long counts are kept by the minute; by hour and day they stay.", "62d"),
            }), &[]),
            "webhooks": named(&table(&json!({
                "url": { "type": "string", "pattern": "^https?://.+$", "description": "Where news are sent; https, or loopback." },
                "secret": {
                    "description": "What they are signed with (`whsec_…`): a secret.",
                    "anyOf": [credential::secret(&board.secret_names)],
                },
            }), &["url", "secret"])),
            "alerts": named(&table(&json!({
                "when": {
                    "type": "string",
                    "pattern": "^\\s*(quota\\s+[0-9.]+%|errors\\s+[0-9.]+%\\s+in\\s+[0-9]+[smhd]+|drift(\\s+[0-9.]+%\\s+in\\s+[0-9]+[smhd]+)?|soft-limit)\\s*$",
                    "description": "The threshold.",
                    "examples": ["quota 80%", "errors 5% in 5m", "drift", "soft-limit"],
                },
                "to": text("The webhook that is called.", "ops"),
            }), &["when", "to"])),
            "record": table(&json!({
                "rows": rate("Up to this many calls a second every one gets a row.", "50/s"),
                "details": { "enum": ["failed", "all", "none"], "default": "failed" },
                "redact": { "type": "array", "items": { "type": "string" } },
            }), &[]),
        },
    });
    schema
}

/// The names of this board.
struct Words<'w> {
    plans: &'w [&'w str],
    listeners: &'w [&'w str],
    secrets: &'w [String],
}

impl Words<'_> {
    fn listen(&self) -> Value {
        let key =
            json!({ "type": "string", "description": "A reference or a path.", "examples": self.secrets });
        table(
            &json!({
                "bind": address(),
                "url": text("What callers see.", "http://127.0.0.1:8080"),
                "tls": table(&json!({ "cert": text("Certificate chain in PEM.", "cert.pem"), "key": key }), &["cert", "key"]),
                "trust": { "type": "array", "items": { "type": "string" }, "description": "Networks whose `Forwarded` is believed." },
                "guesses": rate("Limit on wrong keys, per address.", "200/s per ip"),
                "head-timeout": duration("From the first byte of a request to the end of its head.", "10s"),
                "idle-timeout": duration("How long an idle connection stays open.", "60s"),
            }),
            &[],
        )
    }

    fn api(&self, api: Option<&Api>) -> Value {
        let mode = json!({ "enum": ["block", "report", "off"] });
        let contract = api.and_then(|api| api.contract.as_deref());
        table(
            &json!({
                "contract": text("Path of the contract, from the board's folder.", "contracts/orders.yaml"),
                "overlay": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }], "description": "OpenAPI Overlays that are laid over the contract, in order." },
                "refs-from": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }], "description": "Hosts that the contract's references may lead to; none by default." },
                "undeclared": { "enum": ["refuse", "pass"], "default": "refuse", "description": "Paths that the contract lacks." },
                "check": { "anyOf": [mode, table(&json!({ "requests": mode, "responses": mode }), &[])] },
                "mock": { "anyOf": [{ "type": "boolean" }, table(&json!({
                    "seed": { "type": "integer", "minimum": 0, "default": 0, "description": "The same seed gives the same answers." },
                    "delay": duration("How long every answer is held back.", "200ms"),
                    "fault": { "type": "string", "pattern": "^(error|drop)(:[0-9]{1,3}%?)?$", "description": "What goes wrong: `error`, `drop:10%`." },
                }), &[])], "description": "Answers come from the contract, no provider is asked." },
                "batch": { "type": "object", "additionalProperties": table(&json!({
                    "by": text("The operation that takes many.", "createOrders"),
                    "most": { "type": "integer", "minimum": 1, "maximum": 1000, "default": 100, "description": "Items in one call." },
                    "items": text("The member of its body that is the list.", "orders"),
                    "results": text("The member of its answer that is the list of results.", "results"),
                }), &["by"]), "description": "Operations that take many of what others take one of." },
                "redact": { "type": "array", "items": { "type": "string" }, "description": "Further names of fields, parameters and members whose values are not kept." },
                "upstream": self.upstream(contract),
                "connection": { "type": "object", "additionalProperties": table(&json!({
                    "credential": credential::credential(self.secrets, contract),
                    "consumers": { "type": "array", "items": { "type": "string" }, "description": "Who calls with this account." },
                }), &[]), "description": "Further accounts at the provider." },
                "offer": { "type": "object", "additionalProperties": self.offer(contract) },
            }),
            &[],
        )
    }

    fn upstream(&self, contract: Option<&Contract>) -> Value {
        let url = json!({ "type": "string", "pattern": "^https?://[^@?]+$" });
        table(
            &json!({
                "urls": { "anyOf": [url, { "type": "array", "items": url, "minItems": 1 }], "description": "Default: the contract's servers." },
                "credential": credential::credential(self.secrets, contract),
                "ca": text("A certificate authority in PEM.", "ca.pem"),
                "connect-timeout": duration("To the established connection.", "2s"),
                "timeout": duration("To the first byte of the answer.", "30s"),
                "total-timeout": duration("To the end of the answer.", "5m"),
                "pace": rate("How fast we may call: a call waits for its turn.", "5/s"),
                "retries": { "type": "integer", "minimum": 0, "maximum": 10, "default": 2 },
            }),
            &[],
        )
    }

    fn offer(&self, contract: Option<&Contract>) -> Value {
        let mut properties = json!({
            "at": { "type": "string", "pattern": "^/", "description": "The address: removed from the path before the rest goes to the provider." },
            "host": text("Narrows the offer to one host name.", "api.acme.example"),
            "plans": { "type": "array", "minItems": 1, "items": { "enum": self.plans } },
            "cors": { "type": "array", "items": { "type": "string", "pattern": "^(\\*|[a-z-]+://[^/]+)$" } },
            "max-body": { "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)$", "default": "1MiB" },
            "upgrade": { "type": "array", "items": { "enum": ["websocket"] } },
        });
        if !self.listeners.is_empty() {
            properties["on"] = json!({ "enum": self.listeners });
        }
        if let Some(contract) = contract {
            for word in ["only", "except"] {
                properties[word] = rule(contract);
            }
            properties["cost"] = json!({
                "type": "object",
                "propertyNames": rule(contract)["items"],
                "additionalProperties": { "type": "integer", "minimum": 1 },
                "description": "What a call takes from limits and quotas; 1 where nothing is said.",
            });
        }
        let mut schema = table(&properties, &["at", "plans"]);
        schema["not"] = json!({ "required": ["only", "except"] });
        schema
    }

    fn consumer(&self) -> Value {
        let digest = json!({ "type": "string", "pattern": "^sha256:[0-9a-fA-F]{64}$" });
        let words = json!({ "type": "string" });
        table(
            &json!({
                "plans": { "type": "array", "items": { "enum": self.plans } },
                "keys": { "type": "array", "items": { "anyOf": [digest, table(&json!({
                    "sha256": { "type": "string", "pattern": "^(sha256:)?[0-9a-fA-F]{64}$" },
                    "only": { "anyOf": [words, { "type": "array", "items": words }], "description": "Operations that it is for, as in an offer's `only`." },
                    "api": { "anyOf": [words, { "type": "array", "items": words }], "description": "APIs that it is for." },
                    "expires": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "The first day (UTC) on which it opens nothing.", "examples": ["2027-01-01"] },
                }), &["sha256"])] } },
                "suspended": { "type": "boolean", "default": false, "description": "None of its keys works." },
                "owner": text("Whom to ask about it.", "orders@globex.example"),
                "notes": text("Anything else.", "pilot until March"),
            }),
            &[],
        )
    }
}

/// Every word that an `only` of this contract can have; prefixes are free.
fn rule(contract: &Contract) -> Value {
    let mut words: Vec<String> = Vec::new();
    let mut add = |word: String| {
        if !words.contains(&word) {
            words.push(word);
        }
    };
    for operation in &contract.operations {
        add(operation.id.to_string());
        operation.tags.iter().for_each(|tag| add(format!("tag:{tag}")));
        add(format!("{} *", operation.method()));
        add(format!("{} {}", operation.method(), operation.template()));
    }
    json!({ "type": "array", "items": { "anyOf": [{ "enum": words }, { "type": "string", "pattern": "^(/|[A-Z]+ \\*$)" }] } })
}

fn plan() -> Value {
    let at_once = json!({
        "type": "string",
        "pattern": "^\\s*[0-9]+\\s+at\\s+once(\\s+per\\s+(ip|key|operation|api))?(\\s+soft)?\\s*$",
        "description": "How many calls may run at the same time.",
        "examples": ["4 at once"],
    });
    let limit =
        json!({ "anyOf": [rate_and("(\\s+soft)?", "How much; more is refused.", "60/min"), at_once] });
    let quota = json!({
        "type": "string",
        "pattern": "^\\s*[0-9]+(/(h|day|week|month|year)|\\s+in\\s+[0-9]+(ms|s|m|h|d))(\\s+per\\s+(ip|key|operation|api))?(\\s+soft)?\\s*$",
        "description": "How much in a calendar period (UTC), or in any stretch of time; exact.",
        "examples": ["10000/month", "500 in 24h"],
    });
    table(
        &json!({
            "auth": { "enum": ["key", "none"], "description": "How callers identify themselves." },
            "limit": { "anyOf": [limit, { "type": "array", "items": limit }] },
            "quota": { "anyOf": [quota, { "type": "array", "items": quota }] },
            "price": {
                "type": "string",
                "pattern": "^[0-9]{1,9}(\\.[0-9]{1,9})?\\s+[A-Z]{3}(\\s*/\\s*(1|1000))?$",
                "description": "What a call costs, or a thousand calls.",
                "examples": ["0.001 EUR", "1.50 EUR/1000"],
            },
            "terms": text("What holders must have accepted: a URL, or a file.", "https://acme.example/terms#2027-01"),
        }),
        &["auth"],
    )
}

fn table(properties: &Value, required: &[&str]) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

fn text(description: &str, example: &str) -> Value {
    json!({ "type": "string", "description": description, "examples": [example] })
}

fn address() -> Value {
    json!({ "type": "string", "pattern": ":[0-9]{1,5}$", "description": "Address and port.", "examples": ["127.0.0.1:8080"] })
}

fn duration(description: &str, default: &str) -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$", "description": description, "examples": [default] })
}

fn rate(description: &str, default: &str) -> Value {
    rate_and("", description, default)
}

/// A rate with something behind it.
fn rate_and(behind: &str, description: &str, default: &str) -> Value {
    json!({
        "type": "string",
        "pattern": format!("^\\s*[0-9]+/(s|min|h|day|month)(\\s+(burst\\s+[0-9]+|per\\s+(ip|key|operation|api)))*{behind}\\s*$"),
        "description": description,
        "examples": [default],
    })
}

fn reference(description: &str) -> Value {
    json!({ "type": "string", "pattern": "^(env|file|systemd|keyring):.+$", "description": description, "examples": ["env:NAME"] })
}

#[cfg(test)]
mod tests {
    use super::editor_schema;
    use crate::{Outside, OutsideError, keys};
    use serde_json::Value;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Every table that a board can have, each key as it likes: what is read is looked at, not what comes of it.
    const BOARD: &str = r#"
        [listen.edge]
        bind = "127.0.0.1:1"
        tls = { cert = "x.pem", key = "env:K" }
        [apis.orders]
        contract = "orders.json"
        check = { requests = "block" }
        mock = { seed = 1 }
        [apis.orders.upstream]
        urls = "http://127.0.0.1:2"
        credential = { oauth2 = { token-url = "http://127.0.0.1:3", client-id = "us", client-secret = "env:K" } }
        [apis.orders.connection.acme]
        credential = { sigv4 = { region = "r", service = "s", key-id = "env:K", secret = "env:K" } }
        [apis.orders.offer.all]
        at = "/orders"
        plans = ["free"]
        [plans.free]
        auth = "key"
        [consumers.globex]
        plans = ["free"]
        keys = [{ sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }]
        [console]
        bind = "127.0.0.1:4"
        [ledger]
        postgres = "env:DATABASE_URL"
        keep = "1d"
        [record]
        details = "all"
        [webhooks.ops]
        url = "http://127.0.0.1:5"
        secret = "env:WEBHOOK_SECRET"
        [alerts.near]
        when = "quota 80%"
        to = "ops"
    "#;

    struct World;

    impl Outside for World {
        fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
            match path.to_str() {
                Some("switchboard.toml") => Ok(BOARD.into()),
                Some("orders.json") => {
                    Ok(br#"{"openapi":"3.1.0","info":{"title":"O","version":"1"},"paths":{}}"#.into())
                }
                _ => Ok(b"-----BEGIN CERTIFICATE-----".into()),
            }
        }

        fn variable(&self, name: &str) -> Option<String> {
            Some(match name {
                "WEBHOOK_SECRET" => format!("whsec_{}", "A".repeat(32)),
                _ => "-----BEGIN PRIVATE KEY-----".to_owned(),
            })
        }

        fn stored(&self, _: &str) -> Result<String, OutsideError> {
            Err(OutsideError("it is not stored".to_owned()))
        }
    }

    /// Where the table of this name is in the schema.
    fn place(name: &str) -> &'static str {
        match name {
            "the board" => "",
            "[listen.edge]" => "/properties/listen/additionalProperties",
            "`tls` of [listen.edge]" => "/properties/listen/additionalProperties/properties/tls",
            "[apis.orders]" => "/properties/apis/properties/orders",
            "`check` of [apis.orders]" => "/properties/apis/properties/orders/properties/check",
            "`mock` of [apis.orders]" => "/properties/apis/properties/orders/properties/mock",
            "[apis.orders.upstream]" => "/properties/apis/properties/orders/properties/upstream",
            "`credential` of `orders`" => {
                "/properties/apis/properties/orders/properties/upstream/properties/credential"
            }
            "`oauth2` of `orders`" => {
                "/properties/apis/properties/orders/properties/upstream/properties/credential/anyOf/8/properties/oauth2"
            }
            "`sigv4` of `orders`" => {
                "/properties/apis/properties/orders/properties/upstream/properties/credential/anyOf/9/properties/sigv4"
            }
            "[apis.orders.connection.acme]" => {
                "/properties/apis/properties/orders/properties/connection/additionalProperties"
            }
            "[apis.orders.offer.all]" => {
                "/properties/apis/properties/orders/properties/offer/additionalProperties"
            }
            "[plans.free]" => "/properties/plans/additionalProperties",
            "[consumers.globex]" => "/properties/consumers/additionalProperties",
            "a key of [consumers.globex]" => {
                "/properties/consumers/additionalProperties/properties/keys/items"
            }
            "[console]" => "/properties/console",
            "[ledger]" => "/properties/ledger",
            "[record]" => "/properties/record",
            "[webhooks.ops]" => "/properties/webhooks/additionalProperties",
            "[alerts.near]" => "/properties/alerts/additionalProperties",
            other => panic!("the table {other} is read, and nobody says where it is in the schema"),
        }
    }

    /// Keys that a schema allows here, in whichever of its forms.
    fn properties(schema: &Value) -> BTreeSet<String> {
        let forms = schema["anyOf"].as_array().into_iter().flatten();
        let own = schema["properties"].as_object().into_iter().flat_map(|own| own.keys().cloned());
        own.chain(forms.flat_map(properties)).collect()
    }

    #[test]
    fn the_schema_knows_every_key_that_is_read_and_no_other() {
        keys::seen::take();
        let folder = Path::new("");
        let board = crate::load(folder, None, &World);
        let read = keys::seen::take();
        assert!(read.len() > 15, "{read:?}");
        // A board of its own for what the other cannot be: it has to load.
        let board = board.unwrap_or_else(|problems| panic!("{problems:?}"));
        let schema = editor_schema(&board);
        let mut seen = BTreeSet::new();
        for (name, known) in read {
            let at = place(&name);
            let here = if at.is_empty() { Some(&schema) } else { schema.pointer(at) };
            let here = here.unwrap_or_else(|| panic!("{name}: nothing at {at}"));
            assert_eq!(properties(here), known.into_iter().collect::<BTreeSet<_>>(), "{name}");
            seen.insert(at);
        }
        assert_eq!(seen.len(), 20, "{seen:?}");
    }
}
