//! Lowering operations: what a document says of each, through its references.
//!
//! Source: OpenAPI 2.0 to 3.2, Operation Object and what it holds. Every fault costs the smallest
//! object it is in, and a warning.

mod body;
mod parameter;
mod swagger;

use super::outline::{self, Found, is_true, lost_warning, summary, tags, warn};
use super::read::{Lowered, Version};
use super::text::{decoded_form, scalar};
use super::{members, surroundings};
use crate::reference;
use crate::schema::{Shelf, named};
use crate::{
    Bind, Fixed, In, Operation, Parameter, PathTemplate, Pointer, Repeat, Server, TemplateError, Warning,
};
use http::{HeaderName, Method};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Lowers every operation of a document.
pub(crate) fn lower(tree: &Value, version: Version, warnings: &mut Vec<Warning>) -> Lowered {
    let shelf = Shelf::new(tree, version.of_schemas(), warnings);
    let mut lowering = Lowering { tree, version, shelf, warnings };
    let text = |path: &str| match tree.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let root = Pointer::root();
    let inherited = outline::security_of(tree.get("security"), &root.at("security"), lowering.warnings);
    let found = outline::walk(tree, lowering.warnings);
    let operations = found.iter().filter_map(|found| {
        let security = outline::security(found.operation, inherited.as_ref(), &found.at, lowering.warnings);
        Some(Arc::new(Operation { security, ..lowering.operation(found)? }))
    });
    let operations = operations.collect();
    let schemes = surroundings::schemes(tree, version, lowering.warnings);
    let servers = match tree.as_object() {
        Some(map) if version == Version::V2_0 => swagger::servers(map, map, &root),
        Some(map) => surroundings::servers(map, &root, lowering.warnings),
        None => Vec::new(),
    };
    members::look(tree, version, lowering.warnings);
    let schemas = named(tree).map(|(name, at, _)| (name.to_owned(), at)).collect();
    Warning::once(warnings);
    Lowered {
        title: text("/info/title"),
        version: text("/info/version"),
        servers,
        operations,
        schemes,
        schemas,
    }
}

struct Lowering<'v, 'w> {
    tree: &'v Value,
    version: Version,
    shelf: Shelf<'v>,
    warnings: &'w mut Vec<Warning>,
}

impl<'v> Lowering<'v, '_> {
    fn warn(&mut self, code: &'static str, text: &str, at: &Pointer) {
        self.warnings.push(warn(code, text, at.clone()));
    }

    /// The object at `at` through its references, or a warning.
    fn object(
        &mut self,
        value: &'v Value,
        at: Pointer,
        then: &str,
    ) -> Option<(&'v Map<String, Value>, Pointer)> {
        match reference::object(self.tree, value, at.clone()) {
            Ok(found) => Some(found),
            Err(lost) => {
                self.warnings.push(lost_warning(&lost, then, at));
                None
            }
        }
    }

    fn operation(&mut self, found: &Found<'v>) -> Option<Operation> {
        let template = self.template(found)?;
        let parameters = self.parameters(found, &template);
        let (input, input_required) =
            if self.version == Version::V2_0 { self.swagger_input(found) } else { self.input(found) };
        let outputs = self.outputs(found);
        let servers = self.servers(found);
        let fixed = fixed(&template, &parameters);
        Some(Operation {
            fixed,
            id: found.id.clone(),
            at: found.at.clone(),
            repeat: repeat(&found.method, &parameters),
            bind: Bind::Path { method: found.method.clone(), template },
            summary: summary(found.operation),
            tags: tags(found.operation),
            deprecated: is_true(found.operation.get("deprecated")),
            parameters,
            input,
            input_required,
            outputs,
            security: crate::Security::default(),
            description: description(found.operation),
            servers,
            paging: crate::paging::extension(found.operation, &found.at, self.warnings),
        })
    }

    /// Servers of the operation, else of its path item (OpenAPI 3.1, Operation Object, `servers`).
    fn servers(&mut self, found: &Found<'v>) -> Vec<Server> {
        if self.version == Version::V2_0 {
            let own = found.operation.contains_key("schemes");
            return match self.tree.as_object().filter(|_| own) {
                Some(root) => swagger::servers(root, found.operation, &found.at),
                None => Vec::new(),
            };
        }
        let servers = surroundings::servers(found.operation, &found.at, self.warnings);
        if servers.is_empty() {
            return surroundings::servers(found.item, &found.item_at, self.warnings);
        }
        servers
    }

    fn template(&mut self, found: &Found<'v>) -> Option<PathTemplate> {
        let at = Pointer::root().at("paths").at(found.path);
        let parsed = match PathTemplate::parse(found.path) {
            Err(TemplateError::NoSlash) => {
                self.warn("path-without-slash", "a path begins with `/`: read as if it did", &at);
                PathTemplate::parse(&format!("/{}", found.path))
            }
            parsed => parsed,
        };
        match parsed {
            Ok(template) => Some(template),
            Err(error) => {
                self.warn("path-template", &format!("{error}: its operations are left out"), &at);
                None
            }
        }
    }
}

/// What the path's key fixes: the pairs of its query, and what its fragment says of declared parameters.
///
/// Published: `/rest?method=photos.list` (the query is sent), `/#X-Amz-Target=Orders.List`, `/orders#acl`
/// (the fragment names a parameter whose value makes the operation). Other fragments only tell keys apart.
fn fixed(template: &PathTemplate, parameters: &[Parameter]) -> Vec<Fixed> {
    let text = |text: &str| decoded_form(text).unwrap_or_else(|| text.to_owned());
    let mut found: Vec<Fixed> = template
        .query()
        .map(|(name, value)| Fixed { place: In::Query, name: text(name), value: Some(text(value)) })
        .collect();
    for pair in template.fragment().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value)));
        let Some(parameter) = parameters.iter().find(|one| {
            matches!(one.place, In::Query | In::Header) && one.required && one.name.eq_ignore_ascii_case(name)
        }) else {
            continue;
        };
        let Parameter { place, name, shape, .. } = parameter;
        let value = value.map(str::to_owned).or_else(|| match shape.choices().as_slice() {
            [only] => scalar(only),
            _ => None,
        });
        found.push(Fixed { place: *place, name: name.clone(), value });
    }
    found.sort();
    found.dedup();
    found
}

/// Header fields that carry an idempotency key: the draft's own (draft-ietf-httpapi-idempotency-key-header-07 §2), and what
/// providers called it before.
const IDEMPOTENCY_KEYS: &[&str] =
    &["idempotency-key", "x-idempotency-key", "idempotencykey", "x-idempotent-key", "idempotent-key"];

/// Whether the method says that twice is as once (RFC 9110 §9.2), or a declared key makes it so.
fn repeat(method: &Method, parameters: &[Parameter]) -> Repeat {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Repeat::Safe,
        Method::PUT | Method::DELETE => Repeat::Idempotent,
        _ => parameters
            .iter()
            .filter(|one| one.place == In::Header)
            .find(|one| IDEMPOTENCY_KEYS.iter().any(|key| one.name.eq_ignore_ascii_case(key)))
            .and_then(|one| HeaderName::from_bytes(one.name.as_bytes()).ok())
            .map_or(Repeat::Never, Repeat::WithKey),
    }
}

/// What an object says about itself.
fn description(map: &Map<String, Value>) -> String {
    map.get("description").and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}
