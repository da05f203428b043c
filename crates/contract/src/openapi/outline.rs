//! Listing the operations of a document: ids, methods, paths, security. No schema is looked at.
//!
//! Source: OpenAPI 2.0 to 3.2, Paths Object, Path Item Object, Operation Object.

use crate::reference::{self, Lost};
use crate::{OperationId, Outline, Pointer, Requirement, Security, Warning};
use http::Method;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// The methods that a path item may name.
const METHODS: [(&str, Method); 8] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
    ("trace", Method::TRACE),
];

/// An operation as found in the tree.
#[derive(Debug)]
pub(super) struct Found<'v> {
    pub(super) id: OperationId,
    pub(super) id_declared: bool,
    pub(super) method: Method,
    pub(super) path: &'v str,
    pub(super) item: &'v Map<String, Value>,
    pub(super) item_at: Pointer,
    pub(super) operation: &'v Map<String, Value>,
    pub(super) at: Pointer,
}

/// Every operation under `paths`, in the order of the document.
pub(super) fn walk<'v>(root: &'v Value, warnings: &mut Vec<Warning>) -> Vec<Found<'v>> {
    let paths_at = Pointer::root().at("paths");
    let paths = match root.get("paths") {
        Some(Value::Object(paths)) => paths,
        // OpenAPI 3.1: a document may have only webhooks or components.
        None | Some(Value::Null) => return Vec::new(),
        Some(_) => {
            warnings.push(warn("not-an-object", "`paths` is no object: it has no operations", paths_at));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    let mut taken = HashSet::new();
    for (path, item) in paths {
        if path.starts_with("x-") {
            continue;
        }
        let written_at = paths_at.at(path);
        let Some((item, item_at)) = item_of(root, item, &written_at, warnings) else { continue };
        for (method, value, at) in operations_of(item, &item_at, warnings) {
            let (operation, at) = match reference::object(root, value, at.clone()) {
                Ok(found) => found,
                Err(lost) => {
                    warnings.push(lost_warning(&lost, "the operation is left out", at));
                    continue;
                }
            };
            let (id, id_declared) = id_of(operation, &method, path, &at, &mut taken, warnings);
            found.push(Found {
                id,
                id_declared,
                method,
                path,
                item,
                item_at: item_at.clone(),
                operation,
                at,
            });
        }
    }
    found
}

/// The operations that a path item names, with their methods.
fn operations_of<'v>(
    item: &'v Map<String, Value>,
    at: &Pointer,
    warnings: &mut Vec<Warning>,
) -> Vec<(Method, &'v Value, Pointer)> {
    let mut found = Vec::new();
    for (word, value) in item {
        if let Some((_, method)) = METHODS.iter().find(|(known, _)| known == word) {
            // `null` stands for an absent member.
            if !value.is_null() {
                found.push((method.clone(), value, at.at(word)));
            }
        } else if word == "query" {
            // OpenAPI 3.2, Path Item Object, `query`.
            if let Ok(method) = Method::from_bytes(b"QUERY") {
                found.push((method, value, at.at(word)));
            }
        } else if word == "additionalOperations" {
            // OpenAPI 3.2, Path Item Object: methods that have no member of their own, as they are sent.
            let at = at.at(word);
            for (name, value) in value.as_object().into_iter().flatten() {
                match Method::from_bytes(name.as_bytes()) {
                    Ok(method) if !found.iter().any(|(known, ..)| *known == method) => {
                        found.push((method, value, at.at(name)));
                    }
                    Ok(_) => {
                        let told = "this method has an operation already: it is left out";
                        warnings.push(warn("duplicate-method", told, at.at(name)));
                    }
                    Err(_) => {
                        let told = "this is no name of a method: it is left out";
                        warnings.push(warn("method", told, at.at(name)));
                    }
                }
            }
        }
    }
    found
}

/// The path item that stands at `at`; a reference is followed, and members beside it are not looked at.
fn item_of<'v>(
    root: &'v Value,
    item: &'v Value,
    at: &Pointer,
    warnings: &mut Vec<Warning>,
) -> Option<(&'v Map<String, Value>, Pointer)> {
    let lost = match reference::object(root, item, at.clone()) {
        Ok(found) => return Some(found),
        Err(lost) => lost,
    };
    // OpenAPI 3.1, Path Item Object, `$ref`: members may stand beside it.
    if let (Lost::Outside(_) | Lost::Nowhere(_), Some(own)) = (&lost, item.as_object())
        && own.keys().any(|word| {
            word == "query"
                || word == "additionalOperations"
                || METHODS.iter().any(|(known, _)| known == word)
        })
    {
        warnings.push(lost_warning(&lost, "only what stands beside it is read", at.clone()));
        return Some((own, at.clone()));
    }
    warnings.push(lost_warning(&lost, "the operations of this path are left out", at.clone()));
    None
}

/// The declared id, else one made from method and path; never one that is taken.
fn id_of(
    operation: &Map<String, Value>,
    method: &Method,
    path: &str,
    at: &Pointer,
    taken: &mut HashSet<String>,
    warnings: &mut Vec<Warning>,
) -> (OperationId, bool) {
    let declared = match operation.get("operationId") {
        Some(Value::String(id)) if !id.trim().is_empty() => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        None | Some(Value::Null) => None,
        Some(_) => {
            let at = at.at("operationId");
            warnings.push(warn(
                "operation-id",
                "`operationId` is no name: one is made from method and path",
                at,
            ));
            None
        }
    };
    let is_declared = declared.is_some();
    let wished = declared.unwrap_or_else(|| made_id(method, path));
    if taken.insert(wished.clone()) {
        return (OperationId::new(&wished), is_declared);
    }
    let mut count = 2_usize;
    let mut id = format!("{wished}-{count}");
    while !taken.insert(id.clone()) {
        count += 1;
        id = format!("{wished}-{count}");
    }
    let at = if is_declared { at.at("operationId") } else { at.clone() };
    let text = format!("the operation id `{wished}` is taken: this one is called `{id}`");
    warnings.push(warn("duplicate-operation-id", &text, at));
    (OperationId::new(&id), is_declared)
}

/// A name made from method and path: `GET /orders/{id}/lines` is `get-orders-by-id-lines`.
fn made_id(method: &Method, path: &str) -> String {
    let mut id = method.as_str().to_ascii_lowercase();
    let mut gap = true;
    for letter in path.chars() {
        match letter {
            '{' => {
                id.push_str("-by-");
                gap = false;
            }
            letter if letter.is_alphanumeric() || letter == '_' => {
                if gap {
                    id.push('-');
                }
                id.push(letter);
                gap = false;
            }
            _ => gap = true,
        }
    }
    id
}

/// The operations for a listing.
pub(crate) fn outline(root: &Value, warnings: &mut Vec<Warning>) -> Vec<Outline> {
    let inherited = security_of(root.get("security"), &Pointer::root().at("security"), warnings);
    let lists = |found: Found<'_>, warnings: &mut Vec<Warning>| Outline {
        at: if found.operation.get("operationId").is_some_and(|id| !id.is_null()) {
            found.at.at("operationId")
        } else {
            found.at.clone()
        },
        security: security(found.operation, inherited.as_ref(), &found.at, warnings),
        deprecated: is_true(found.operation.get("deprecated")),
        summary: summary(found.operation),
        tags: tags(found.operation),
        path: found.path.to_owned(),
        id: found.id,
        id_declared: found.id_declared,
        method: found.method,
    };
    let found = walk(root, warnings);
    found.into_iter().map(|found| lists(found, warnings)).collect()
}

/// The security of an operation: its own, else that of the document (OpenAPI 3.1, Operation Object, `security`).
pub(super) fn security(
    operation: &Map<String, Value>,
    inherited: Option<&Security>,
    at: &Pointer,
    warnings: &mut Vec<Warning>,
) -> Security {
    security_of(operation.get("security"), &at.at("security"), warnings)
        .or_else(|| inherited.cloned())
        .unwrap_or_default()
}

/// A list of security requirements; `None` where none is given.
pub(super) fn security_of(
    value: Option<&Value>,
    at: &Pointer,
    warnings: &mut Vec<Warning>,
) -> Option<Security> {
    let alternatives = match value {
        None | Some(Value::Null) => return None,
        Some(Value::Array(alternatives)) => alternatives,
        Some(_) => {
            warnings.push(warn("security", "`security` is no list: it is not looked at", at.clone()));
            return None;
        }
    };
    let mut all = Vec::new();
    for (index, alternative) in alternatives.iter().enumerate() {
        let Value::Object(schemes) = alternative else {
            warnings.push(warn(
                "security",
                "a security requirement is no object: it is left out",
                at.index(index),
            ));
            continue;
        };
        let requirement = |(scheme, scopes): (&String, &Value)| Requirement {
            scheme: scheme.clone(),
            scopes: scopes
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        };
        all.push(schemes.iter().map(requirement).collect());
    }
    Some(Security(all))
}

/// `summary`, else the first line of `description`.
pub(super) fn summary(operation: &Map<String, Value>) -> String {
    let text =
        |word| operation.get(word).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let line = text("summary").or_else(|| text("description")).unwrap_or_default();
    line.lines().next().unwrap_or_default().to_owned()
}

pub(super) fn tags(operation: &Map<String, Value>) -> Vec<String> {
    let tags = operation.get("tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `true`, also where it was written as text.
pub(crate) fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(word)) => word == "true",
        _ => false,
    }
}

pub(crate) fn warn(code: &'static str, text: &str, at: Pointer) -> Warning {
    Warning { code, text: text.to_owned(), at }
}

/// The warning for something that could not be had, with what follows from it.
pub(crate) fn lost_warning(lost: &Lost, then: &str, at: Pointer) -> Warning {
    let (code, text) = match lost {
        Lost::Nowhere(reference) => ("reference-nowhere", format!("`{reference}` leads nowhere: {then}")),
        Lost::Outside(reference) => (
            "reference-outside",
            format!("`{reference}` leads out of this document, which is not followed: {then}"),
        ),
        Lost::NotAnObject => ("not-an-object", format!("an object is expected here: {then}")),
    };
    Warning { code, text, at }
}

#[cfg(test)]
mod tests {
    use super::{made_id, outline};
    use http::Method;
    use serde_json::json;

    #[test]
    fn an_id_is_made_from_method_and_path() {
        assert_eq!(made_id(&Method::GET, "/"), "get");
        assert_eq!(made_id(&Method::GET, "/orders/{id}/lines"), "get-orders-by-id-lines");
        assert_eq!(made_id(&Method::POST, "/v1/{a}-{b}.csv"), "post-v1-by-a-by-b-csv");
        assert_ne!(made_id(&Method::GET, "/orders/id"), made_id(&Method::GET, "/orders/{id}"));
    }

    #[test]
    fn a_taken_id_gets_a_number_and_a_warning() {
        let tree = json!({"paths": {
            "/a": {"get": {"operationId": "x"}, "post": {"operationId": "x"}},
            "/b": {"get": {"operationId": "x-2"}, "parameters": [], "x-get": {}},
        }});
        let mut warnings = Vec::new();
        let ids: Vec<_> = outline(&tree, &mut warnings).iter().map(|one| one.id.to_string()).collect();
        assert_eq!(ids, ["x", "x-2", "x-2-2"]);
        assert_eq!(warnings.len(), 2);
        assert_eq!(warnings[0].at.as_str(), "/paths/~1a/post/operationId");
    }

    #[test]
    fn security_is_an_or_of_ands_and_inherited_only_when_absent() {
        let tree = json!({
            "security": [{"key": []}],
            "paths": {"/a": {
                "get": {},
                "post": {"security": []},
                "put": {"security": [{"key": [], "oauth": ["read"]}, {}]},
                "patch": {"security": null},
            }},
        });
        let found = outline(&tree, &mut Vec::new());
        let words = |index: usize| -> Vec<Vec<&str>> {
            found[index]
                .security
                .0
                .iter()
                .map(|all| all.iter().map(|one| one.scheme.as_str()).collect())
                .collect()
        };
        assert_eq!(words(0), [["key"]]);
        assert_eq!(words(1), Vec::<Vec<&str>>::new());
        assert_eq!(words(2), [vec!["key", "oauth"], vec![]]);
        assert_eq!(words(3), [["key"]]);
    }

    #[test]
    fn a_broken_path_costs_only_itself() {
        let tree = json!({"paths": {
            "/a": {"$ref": "other.yaml#/a"},
            "/b": {"$ref": "#/nowhere"},
            "/c": null,
            "/d": {"get": {"$ref": "#/nowhere"}, "post": 7, "put": {}},
            "/e": {"$ref": "#/components/pathItems/e"},
            "/f": {"$ref": "#/paths/~1f"},
        }, "components": {"pathItems": {"e": {"get": {"operationId": "e"}}}}});
        let mut warnings = Vec::new();
        let found = outline(&tree, &mut warnings);
        let found: Vec<_> = found.iter().map(|one| (one.id.as_str(), one.at.as_str())).collect();
        assert_eq!(found, [("put-d", "/paths/~1d/put"), ("e", "/components/pathItems/e/get/operationId")]);
        let codes: Vec<_> = warnings.iter().map(|one| one.code).collect();
        let expected = [
            "reference-outside",
            "reference-nowhere",
            "not-an-object",
            "reference-nowhere",
            "not-an-object",
            "reference-nowhere",
        ];
        assert_eq!(codes, expected);
    }
}
