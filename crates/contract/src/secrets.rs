//! Which members and parameters a contract calls secret: `format: password`, and `writeOnly` beside a name that says so.
//!
//! Names, not places: what is kept of a message may be cut, or be in another form than the schema says. Source: OpenAPI
//! 3.1 Schema Object (`format: password`), Parameter Object, Header Object; JSON Schema Validation §9.4 (`writeOnly`).

use crate::reference::{self, Target};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// At most so many names are taken.
const MOST: usize = 10_000;
/// References and alternatives are followed so far.
const DEEPEST: usize = 8;
/// Members that hold values, not schemas.
const VALUES: [&str; 5] = ["example", "examples", "default", "enum", "const"];
/// What the name of a member says that is only ever written.
const WORDS: [&str; 9] = ["pass", "pwd", "secret", "token", "key", "pin", "otp", "credential", "cvc"];

/// The names, in lower case and in order.
pub(crate) fn names(tree: &Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![tree];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(map) => {
                look(tree, value, map, &mut found);
                waiting.extend(
                    map.iter().filter(|(key, _)| !VALUES.contains(&key.as_str())).map(|(_, value)| value),
                );
            }
            Value::Array(all) => waiting.extend(all),
            _ => {}
        }
    }
    found.into_iter().take(MOST).collect()
}

/// A schema's members, a parameter, or an answer's fields.
fn look(tree: &Value, own: &Value, map: &Map<String, Value>, found: &mut BTreeSet<String>) {
    let members = |key: &str| map.get(key).and_then(Value::as_object).into_iter().flatten();
    for (name, schema) in members("properties") {
        if is_secret(tree, schema, name, 0) {
            found.insert(name.to_lowercase());
            // XML may call it otherwise (XML Object).
            found.extend(schema.pointer("/xml/name").and_then(Value::as_str).map(str::to_lowercase));
        }
    }
    let of_parameter = |own: &Value, name: &str| {
        // In OpenAPI 2.0 the parameter is its own schema; `content` stands in its place where a media type does.
        let within = own.get("content").and_then(Value::as_object).and_then(|all| all.values().next());
        let schema = own.get("schema").or_else(|| within?.get("schema")).unwrap_or(own);
        is_secret(tree, schema, name, 0)
    };
    for (name, field) in members("headers") {
        if of_parameter(field, name) {
            found.insert(name.to_lowercase());
        }
    }
    if let (Some(Value::String(name)), Some(Value::String(_))) = (map.get("name"), map.get("in"))
        && of_parameter(own, name)
    {
        found.insert(name.to_lowercase());
    }
}

fn is_secret(tree: &Value, schema: &Value, name: &str, depth: usize) -> bool {
    let Some(map) = schema.as_object().filter(|_| depth < DEEPEST) else { return false };
    let says = |name: &str| WORDS.iter().any(|word| name.to_lowercase().contains(word));
    if map.get("format").and_then(Value::as_str) == Some("password")
        || map.get("writeOnly") == Some(&Value::Bool(true)) && says(name)
    {
        return true;
    }
    let behind = map.get("$ref").and_then(Value::as_str).and_then(|text| match reference::target(text) {
        Target::Here(pointer) => reference::resolve(tree, &pointer),
        Target::Named(_) | Target::Outside => None,
    });
    let all = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| map.get(key)?.as_array()).flatten();
    behind
        .into_iter()
        .chain(map.get("items"))
        .chain(map.get("schema"))
        .chain(all)
        .any(|one| is_secret(tree, one, name, depth + 1))
}

#[cfg(test)]
mod tests {
    use super::names;
    use serde_json::json;

    #[test]
    fn a_contract_says_what_is_secret_wherever_it_names_something() {
        let tree = json!({
            "components": {
                "schemas": {
                    "Hidden": { "type": "string", "format": "password" },
                    "User": { "properties": {
                        "phrase": { "format": "password" },
                        "Answer": { "$ref": "#/components/schemas/Hidden" },
                        "codes": { "type": "array", "items": { "$ref": "#/components/schemas/Hidden" } },
                        "either": { "anyOf": [{ "type": "null" }, { "format": "password" }] },
                        "named": { "format": "password", "xml": { "name": "Nom" } },
                        "licenseKey": { "writeOnly": true },
                        "comment": { "writeOnly": true },
                        "key": { "readOnly": true },
                        "plain": { "type": "string", "default": { "properties": { "no": { "format": "password" } } } },
                        "loop": { "$ref": "#/components/schemas/User/properties/loop" },
                    } },
                },
                "headers": { "unused": { "schema": { "type": "string" } } },
            },
            "paths": { "/a/{code}": {
                "parameters": [{ "name": "code", "in": "path", "schema": { "format": "password" } }],
                "get": {
                    "parameters": [
                        { "name": "old", "in": "query", "type": "string", "format": "password" },
                        { "name": "whole", "in": "query", "content": { "text/plain": { "schema": { "format": "password" } } } },
                        { "name": "page", "in": "query", "schema": { "type": "integer" } },
                    ],
                    "responses": { "200": { "headers": { "X-Once": { "schema": { "format": "password" } } } } },
                },
            } },
        });
        let expected = [
            "answer",
            "code",
            "codes",
            "either",
            "licensekey",
            "named",
            "nom",
            "old",
            "phrase",
            "whole",
            "x-once",
        ];
        assert_eq!(names(&tree), expected);
    }
}
