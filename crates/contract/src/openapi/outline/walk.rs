//! Finding the operations of a document: paths, their items through references, methods, and an id for each.
//!
//! Source: OpenAPI 2.0 to 3.2, Paths Object, Path Item Object. Ids are unique: one that is taken gets a number.

use super::{lost_warning, warn};
use crate::reference::{self, Lost};
use crate::{OperationId, Pointer, Warning};
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
pub(in crate::openapi) struct Found<'v> {
    pub(in crate::openapi) id: OperationId,
    pub(in crate::openapi) id_declared: bool,
    pub(in crate::openapi) method: Method,
    pub(in crate::openapi) path: &'v str,
    pub(in crate::openapi) item: &'v Map<String, Value>,
    pub(in crate::openapi) item_at: Pointer,
    pub(in crate::openapi) operation: &'v Map<String, Value>,
    pub(in crate::openapi) at: Pointer,
}

/// Every operation under `paths`, in the order of the document.
pub(in crate::openapi) fn walk<'v>(root: &'v Value, warnings: &mut Vec<Warning>) -> Vec<Found<'v>> {
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

#[cfg(test)]
mod tests {
    use super::made_id;
    use http::Method;

    #[test]
    fn an_id_is_made_from_method_and_path() {
        assert_eq!(made_id(&Method::GET, "/"), "get");
        assert_eq!(made_id(&Method::GET, "/orders/{id}/lines"), "get-orders-by-id-lines");
        assert_eq!(made_id(&Method::POST, "/v1/{a}-{b}.csv"), "post-v1-by-a-by-b-csv");
        assert_ne!(made_id(&Method::GET, "/orders/id"), made_id(&Method::GET, "/orders/{id}"));
    }
}
