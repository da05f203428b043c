//! Listing the operations of a document: ids, methods, paths, security. No schema is looked at.
//!
//! Source: OpenAPI 2.0 to 3.2, Paths Object, Path Item Object, Operation Object.

mod walk;

use crate::reference::Lost;
use crate::{Outline, Pointer, Requirement, Security, Warning};
use serde_json::{Map, Value};
pub(super) use walk::{Found, walk};

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
    use super::outline;
    use serde_json::json;

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
