//! Single changes of known verdict, put into a real contract: each into an operation of its own.

use serde_json::{Map, Value, json};

/// A kind of change: what it is called, what it does, the rule that must tell it, and the change itself.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The verdict of old to new, and of new to old.
    pub(crate) verdicts: [&'static str; 2],
    pub(crate) rule: &'static str,
    /// Changes an operation whose references were replaced by what they lead to; whether there was a place for it.
    apply: fn(&mut Value) -> bool,
}

/// A change that was made: its kind's index and the operation's id.
pub(crate) struct Made {
    pub(crate) kind: usize,
    pub(crate) operation: String,
}

pub(crate) const KINDS: [Kind; 25] = [
    kind("operation removed", ["breaking", "additive"], "operation-removed", |_| true),
    kind("required query parameter added", ["breaking", "unknown"], "parameter-required", |operation| {
        add_parameter(operation, true)
    }),
    kind("optional query parameter added", ["additive", "unknown"], "parameter-added", |operation| {
        add_parameter(operation, false)
    }),
    kind("parameter made required", ["breaking", "additive"], "parameter-required", |operation| {
        let free =
            |one: &&mut Value| one["in"] == "query" && one.get("required").is_none_or(|had| had == false);
        parameters(operation).find(free).is_some_and(|one| set(one, "required", json!(true)))
    }),
    kind("enum value removed from a parameter", ["breaking", "additive"], "enum", |operation| {
        schemas(operation).any(|one| shorten(one, "enum"))
    }),
    kind("enum value added to a parameter", ["additive", "breaking"], "enum", |operation| {
        schemas(operation).any(|one| lengthen(one, "enum"))
    }),
    kind("parameter's type narrowed", ["breaking", "additive"], "type", |operation| {
        schemas(operation).any(|one| free_text(one) && set(one, "type", json!("integer")))
    }),
    kind("parameter's maximum lowered", ["breaking", "additive"], "maximum", |operation| {
        let whole = |one: &Value| one["type"] == "integer" && one.get("maximum").is_none();
        schemas(operation).any(|one| whole(one) && set(one, "maximum", json!(3)))
    }),
    kind("parameter's pattern added", ["breaking", "additive"], "pattern", |operation| {
        schemas(operation).any(|one| free_text(one) && set(one, "pattern", json!("^[0-9]+$")))
    }),
    kind("member made required in a body", ["breaking", "additive"], "required", |operation| {
        body(operation).is_some_and(require)
    }),
    kind("member's type narrowed in a body", ["breaking", "additive"], "type", |operation| {
        let narrowed = |one: &mut Value| one["type"] == "number" && set(one, "type", json!("integer"));
        let other = |one: &mut Value| free_text(one) && set(one, "enum", json!(["only-this"]));
        body(operation).is_some_and(|body| members(body).any(narrowed) || members(body).any(other))
    }),
    kind("enum value removed in a body", ["breaking", "additive"], "enum", |operation| {
        body(operation).is_some_and(|body| members(body).any(|one| shorten(one, "enum")))
    }),
    kind("maxLength lowered in a body", ["breaking", "additive"], "maxLength", |operation| {
        body(operation)
            .is_some_and(|body| members(body).any(|one| free_text(one) && set(one, "maxLength", json!(2))))
    }),
    kind("minItems raised in a body", ["breaking", "additive"], "minItems", |operation| {
        let list = |one: &Value| one["type"] == "array" && one.get("minItems").is_none();
        body(operation)
            .is_some_and(|body| members(body).any(|one| list(one) && set(one, "minItems", json!(2))))
    }),
    kind("body made required", ["breaking", "additive"], "body-required", |operation| {
        let body = &mut operation["requestBody"];
        body.is_object() && body["required"] != true && set(body, "required", json!(true))
    }),
    kind("body's media type replaced", ["breaking", "breaking"], "body-removed", |operation| {
        let content = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
        content.is_some_and(|content| rename(content, "application/json", "application/vnd.acme.other"))
    }),
    kind(
        "members that are not declared refused",
        ["breaking", "additive"],
        "additionalProperties",
        |operation| {
            let open =
                |one: &&mut Value| one["properties"].is_object() && one.get("additionalProperties").is_none();
            body(operation).filter(open).is_some_and(|body| set(body, "additionalProperties", json!(false)))
        },
    ),
    kind("member no longer required in an answer", ["breaking", "additive"], "required", |operation| {
        answer(operation).is_some_and(|answer| shorten(answer, "required"))
    }),
    kind("optional member added to an answer", ["additive", "unknown"], "member", |operation| {
        let plain =
            |one: &&mut Value| one["properties"].is_object() && one.get("additionalProperties").is_none();
        answer(operation)
            .filter(plain)
            .is_some_and(|one| set(&mut one["properties"], "acme_new", json!({"type": "string"})))
    }),
    kind("enum value added to an answer", ["breaking", "additive"], "enum", |operation| {
        answer(operation).is_some_and(|answer| members(answer).any(|one| lengthen(one, "enum")))
    }),
    kind("member's type changed in an answer", ["breaking", "breaking"], "type", |operation| {
        answer(operation).is_some_and(|answer| {
            members(answer).any(|one| free_text(one) && set(one, "type", json!("boolean")))
        })
    }),
    kind("member may be null in an answer", ["breaking", "additive"], "type", |operation| {
        answer(operation).is_some_and(|answer| {
            members(answer).any(|one| free_text(one) && set(one, "nullable", json!(true)))
        })
    }),
    kind("whole answer may be null", ["breaking", "additive"], "type", |operation| {
        answer(operation)
            .filter(|one| one["type"] == "object" && one.get("nullable").is_none())
            .is_some_and(|one| set(one, "nullable", json!(true)))
    }),
    kind("success no longer given", ["breaking", "unknown"], "status-removed", |operation| {
        let all = operation["responses"].as_object_mut();
        all.is_some_and(|all| all.len() > 1 && all.shift_remove("204").is_some())
    }),
    kind("answer's media type replaced", ["breaking", "breaking"], "media-type-removed", |operation| {
        let content = operation.pointer_mut("/responses/200/content").and_then(Value::as_object_mut);
        content.is_some_and(|all| {
            all.len() == 1 && rename(all, "application/json", "application/vnd.acme.other")
        })
    }),
];

const fn kind(
    name: &'static str,
    verdicts: [&'static str; 2],
    rule: &'static str,
    apply: fn(&mut Value) -> bool,
) -> Kind {
    Kind { name, verdicts, rule, apply }
}

/// Makes each kind of change `each` times, as far as there are places; at most one in an operation.
pub(crate) fn mutate(document: &mut Value, each: usize) -> Vec<Made> {
    let mut made: Vec<Made> = Vec::new();
    let before = document.clone();
    let Some(paths) = document["paths"].as_object_mut() else { return made };
    for path in paths.values_mut() {
        let Some(methods) = path.as_object_mut() else { continue };
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = methods.get_mut(method) else { continue };
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            // The rarest place goes to whom few places suit: the kinds with least changes come first.
            let mut order: Vec<usize> = (1..KINDS.len()).chain([0]).collect();
            let count = |kind: usize| made.iter().filter(|one| one.kind == kind).count();
            order.sort_by_key(|kind| count(*kind));
            for kind in order {
                if count(kind) >= each {
                    continue;
                }
                let mut changed = resolved(operation, &before, 0);
                if (KINDS[kind].apply)(&mut changed) {
                    if KINDS[kind].rule == "operation-removed" {
                        methods.shift_remove(method);
                    } else {
                        *operation = changed;
                    }
                    made.push(Made { kind, operation: id });
                    break;
                }
            }
        }
    }
    made
}

/// The operation with the references that a change must see through replaced by what they lead to.
fn resolved(value: &Value, document: &Value, depth: usize) -> Value {
    match value {
        Value::Object(map) => {
            if let Some(found) = map.get("$ref").and_then(Value::as_str).filter(|_| depth < 7)
                && let Some(there) = found.strip_prefix('#').and_then(|at| document.pointer(at))
            {
                // What is below a schema stays a reference: recursion would have no end.
                return if found.contains("/schemas/") {
                    there.clone()
                } else {
                    resolved(there, document, depth + 1)
                };
            }
            map.iter().map(|(name, one)| (name.clone(), resolved(one, document, depth + 1))).collect()
        }
        Value::Array(all) => all.iter().map(|one| resolved(one, document, depth + 1)).collect(),
        other => other.clone(),
    }
}

fn set(value: &mut Value, name: &str, new: Value) -> bool {
    value.as_object_mut().is_some_and(|map| map.insert(name.to_owned(), new.clone()) != Some(new))
}

fn rename(map: &mut Map<String, Value>, old: &str, new: &str) -> bool {
    map.shift_remove(old).is_some_and(|value| map.insert(new.to_owned(), value).is_none())
}

fn shorten(value: &mut Value, list: &str) -> bool {
    let all = value.get_mut(list).and_then(Value::as_array_mut).filter(|all| all.len() > 1);
    all.is_some_and(|all| all.pop().is_some())
}

fn lengthen(value: &mut Value, list: &str) -> bool {
    let plain = value["type"] == "string" && value.get("nullable").is_none();
    let all = value.get_mut(list).and_then(Value::as_array_mut);
    plain
        && all.is_some_and(|all| {
            all.push(json!("acme-new"));
            true
        })
}

/// A text that says no more of itself.
fn free_text(one: &Value) -> bool {
    let words =
        ["enum", "format", "pattern", "minLength", "maxLength", "nullable", "oneOf", "anyOf", "allOf"];
    one["type"] == "string" && words.iter().all(|word| one.get(word).is_none())
}

fn parameters(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
}

fn add_parameter(operation: &mut Value, required: bool) -> bool {
    let new = json!({"name": "acme_new", "in": "query", "required": required, "schema": {"type": "string"}});
    let all = operation.get_mut("parameters").and_then(Value::as_array_mut);
    all.is_some_and(|all| {
        all.push(new);
        true
    })
}

/// The schemas of what goes into the query.
fn schemas(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    parameters(operation).filter(|one| one["in"] == "query").filter_map(|one| one.get_mut("schema"))
}

fn body(operation: &mut Value) -> Option<&mut Value> {
    operation
        .pointer_mut("/requestBody/content/application~1json/schema")
        .filter(|one| one["properties"].is_object())
}

fn answer(operation: &mut Value) -> Option<&mut Value> {
    operation.pointer_mut("/responses/200/content/application~1json/schema")
}

fn members(schema: &mut Value) -> impl Iterator<Item = &mut Value> {
    schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(|all| all.values_mut())
}

/// One more member that must be there.
fn require(schema: &mut Value) -> bool {
    let had: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
    let names = schema["properties"].as_object().into_iter().flat_map(|all| all.keys());
    let Some(name) = names.map(|name| json!(name)).find(|name| !had.contains(name)) else { return false };
    let all = had.into_iter().chain([name]).collect();
    set(schema, "required", Value::Array(all))
}
