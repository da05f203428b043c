//! Lowering operations: parameters, bodies, answers.
//!
//! Source: OpenAPI 3.0 and 3.1, Operation Object and what it holds. Every fault costs the smallest
//! object it is in, and a warning. Styles other than the default ones, and parameters with `content`,
//! are passed on unchecked, with a warning.

use super::outline::{self, Found, is_true, lost_warning, summary, tags, warn};
use super::read::{Lowered, Version};
use super::{media, surroundings};
use crate::reference;
use crate::schema::{Shelf, Side};
use crate::{
    Bind, Body, In, Operation, Output, Parameter, PathTemplate, Pointer, Repeat, Shape, StatusRange,
    TemplateError, Warning,
};
use http::{HeaderName, Method};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// Lowers every operation of a document.
pub(crate) fn lower(tree: &Value, version: Version, warnings: &mut Vec<Warning>) -> Lowered {
    let shelf = Shelf::new(tree, version, warnings);
    let mut lowering = Lowering { tree, shelf, warnings };
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
    let schemes = surroundings::schemes(tree, lowering.warnings);
    let servers = surroundings::servers(tree, lowering.warnings);
    // The same place may be read from many operations.
    let mut told = HashSet::new();
    warnings.retain(|warning| told.insert((warning.code, warning.at.clone())));
    Lowered { title: text("/info/title"), version: text("/info/version"), servers, operations, schemes }
}

struct Lowering<'v, 'w> {
    tree: &'v Value,
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
        let (input, input_required) = self.input(found);
        let outputs = self.outputs(found);
        for (holder, at) in [(found.item, &found.item_at), (found.operation, &found.at)] {
            if holder.get("servers").is_some_and(|servers| !servers.is_null()) {
                self.warn(
                    "servers-not-used",
                    "servers of a single path or operation are not used",
                    &at.at("servers"),
                );
            }
        }
        Some(Operation {
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
        })
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

    /// Parameters of the operation, then those of the path item that it does not replace
    /// (OpenAPI 3.1, Operation Object, `parameters`).
    fn parameters(&mut self, found: &Found<'v>, template: &PathTemplate) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut own = self.list(found.operation, &found.at, template);
        let mut shared = self.list(found.item, &found.item_at, template);
        shared.retain(|one| !own.iter().any(|other| same(one, other)));
        parameters.append(&mut own);
        parameters.append(&mut shared);
        for name in template.names() {
            if !parameters.iter().any(|one| one.place == In::Path && one.name == name) {
                let text =
                    format!("the path has `{{{name}}}`, which no parameter declares: it is not checked");
                self.warn("parameter-undeclared", &text, &found.at);
                parameters.push(Parameter {
                    place: In::Path,
                    name: name.to_owned(),
                    required: true,
                    deprecated: false,
                    description: String::new(),
                    shape: Shape::anything(found.at.clone()),
                    explode: false,
                    at: found.at.clone(),
                });
            }
        }
        parameters
    }

    fn list(
        &mut self,
        holder: &'v Map<String, Value>,
        at: &Pointer,
        template: &PathTemplate,
    ) -> Vec<Parameter> {
        let at = at.at("parameters");
        let list = match holder.get("parameters") {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.warn("not-a-list", "`parameters` is no list: it has none", &at);
                return Vec::new();
            }
        };
        let mut parameters: Vec<Parameter> = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let Some((map, at)) = self.object(value, at.index(index), "the parameter is left out") else {
                continue;
            };
            let Some(parameter) = self.parameter(map, &at, template) else { continue };
            if parameters.iter().any(|other| same(&parameter, other)) {
                self.warn(
                    "duplicate-parameter",
                    "this parameter is declared twice: the first one counts",
                    &at,
                );
                continue;
            }
            parameters.push(parameter);
        }
        parameters
    }

    fn parameter(
        &mut self,
        map: &'v Map<String, Value>,
        at: &Pointer,
        template: &PathTemplate,
    ) -> Option<Parameter> {
        let word = |name: &str| map.get(name).and_then(Value::as_str);
        let (Some(name), Some(place)) = (word("name").filter(|name| !name.is_empty()), word("in")) else {
            self.warn("parameter-without-name", "a parameter needs `name` and `in`: it is left out", at);
            return None;
        };
        let mut name = name.to_owned();
        let place = match place {
            "path" => In::Path,
            "query" => In::Query,
            "header" => In::Header,
            "cookie" => In::Cookie,
            other => {
                let text = format!("a parameter in `{other}` is not known: it is left out");
                self.warn("parameter-place", &text, &at.at("in"));
                return None;
            }
        };
        if place == In::Header {
            // OpenAPI 3.1, Parameter Object, `name`: these are not for parameters to define.
            if ["accept", "content-type", "authorization"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
                return None;
            }
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                self.warn(
                    "parameter-name",
                    "this is no name of a header field: it is left out",
                    &at.at("name"),
                );
                return None;
            }
        }
        if place == In::Path {
            // Published: `{+name}` in the path, `name` or `+name` declared.
            let bare = name.trim_start_matches('+').trim_end_matches('*').to_owned();
            if !template.names().any(|known| known == bare) {
                let text = format!("the path has no `{{{name}}}`: the parameter is left out");
                self.warn("parameter-unused", &text, at);
                return None;
            }
            name = bare;
        }
        let (shape, explode, checked) = self.described(map, at, place, Side::Request);
        Some(Parameter {
            place,
            name,
            required: place == In::Path || (checked && is_true(map.get("required"))),
            deprecated: is_true(map.get("deprecated")),
            description: word("description").unwrap_or_default().trim().to_owned(),
            shape,
            explode,
            at: at.clone(),
        })
    }

    /// Shape, `explode`, and whether the parameter or header field is in a form that is read.
    fn described(
        &mut self,
        map: &'v Map<String, Value>,
        at: &Pointer,
        place: In,
        side: Side,
    ) -> (Shape, bool, bool) {
        let default = match place {
            In::Query | In::Cookie => "form",
            _ => "simple",
        };
        let style = map.get("style").and_then(Value::as_str).unwrap_or(default);
        let explode = match map.get("explode") {
            Some(Value::Bool(explode)) => *explode,
            _ => style == "form",
        };
        if map.contains_key("content") && !map.contains_key("schema") {
            let text = "a parameter with `content` is passed on: its value is not checked";
            self.warn("content-not-enforced", text, &at.at("content"));
            return (Shape::anything(at.clone()), false, false);
        }
        if style != default {
            let text = format!("style `{style}` is not read: the value is passed on unchecked");
            self.warn("style-not-enforced", &text, &at.at("style"));
            return (Shape::anything(at.clone()), false, false);
        }
        let Some(schema) = map.get("schema") else {
            self.warn("parameter-without-schema", "it says no schema: its value is not checked", at);
            return (Shape::anything(at.clone()), explode, true);
        };
        (self.shelf.shape(schema, &at.at("schema"), side, self.warnings), explode, true)
    }

    fn input(&mut self, found: &Found<'v>) -> (Vec<Body>, bool) {
        let Some(value) = found.operation.get("requestBody").filter(|value| !value.is_null()) else {
            return (Vec::new(), false);
        };
        let at = found.at.at("requestBody");
        let Some((map, at)) = self.object(value, at, "bodies of requests are not checked") else {
            return (Vec::new(), false);
        };
        let bodies = self.content(map, &at, Side::Request);
        let required = !bodies.is_empty() && is_true(map.get("required"));
        (bodies, required)
    }

    fn content(&mut self, map: &'v Map<String, Value>, at: &Pointer, side: Side) -> Vec<Body> {
        let at = at.at("content");
        let content = match map.get("content") {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Object(content)) => content,
            Some(_) => {
                self.warn("not-an-object", "`content` is no object: the body is not checked", &at);
                return Vec::new();
            }
        };
        let mut bodies: Vec<Body> = Vec::new();
        for (written, value) in content {
            let at = at.at(written);
            let Some(media) = media::bare(written) else {
                self.warn("media-type", "this is no media type: the body is left out", &at);
                continue;
            };
            if bodies.iter().any(|body| body.media == media) {
                self.warn(
                    "duplicate-media-type",
                    "this media type is declared twice: the first one counts",
                    &at,
                );
                continue;
            }
            let Some((map, at)) = self.object(value, at, "the body is not checked") else { continue };
            let shape = match map.get("schema") {
                Some(schema) => self.shelf.shape(schema, &at.at("schema"), side, self.warnings),
                None => Shape::anything(at.clone()),
            };
            bodies.push(Body { codec: media::codec(&media), media, shape, at });
        }
        bodies
    }

    fn outputs(&mut self, found: &Found<'v>) -> Vec<Output> {
        let at = found.at.at("responses");
        let responses = match found.operation.get("responses") {
            Some(Value::Object(responses)) => responses,
            None | Some(Value::Null) => {
                self.warn("no-responses", "it says no answers: they are not checked", &found.at);
                return Vec::new();
            }
            Some(_) => {
                self.warn("not-an-object", "`responses` is no object: answers are not checked", &at);
                return Vec::new();
            }
        };
        let mut outputs = Vec::new();
        for (word, value) in responses {
            if word.starts_with("x-") {
                continue;
            }
            let at = at.at(word);
            let Some(status) = status(word) else {
                self.warn("status", "this is no status, `4XX` or `default`: it is left out", &at);
                continue;
            };
            // An answer that cannot be read is declared all the same.
            let lost = Output { status, fields: Vec::new(), bodies: Vec::new(), at: at.clone() };
            let Some((map, at)) = self.object(value, at, "this answer is not checked") else {
                outputs.push(lost);
                continue;
            };
            let bodies = self.content(map, &at, Side::Response);
            outputs.push(Output { status, fields: self.fields(map, &at), bodies, at });
        }
        outputs
    }

    fn fields(&mut self, map: &'v Map<String, Value>, at: &Pointer) -> Vec<Parameter> {
        let at = at.at("headers");
        let mut fields = Vec::new();
        for (name, value) in map.get("headers").and_then(Value::as_object).into_iter().flatten() {
            // OpenAPI 3.1, Response Object, `headers`: Content-Type is not for it to define.
            if name.eq_ignore_ascii_case("content-type") {
                continue;
            }
            let Some((map, at)) = self.object(value, at.at(name), "the field is not checked") else {
                continue;
            };
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                self.warn("parameter-name", "this is no name of a header field: it is left out", &at);
                continue;
            }
            let (shape, explode, checked) = self.described(map, &at, In::Header, Side::Response);
            fields.push(Parameter {
                place: In::Header,
                name: name.clone(),
                required: checked && is_true(map.get("required")),
                deprecated: is_true(map.get("deprecated")),
                description: map
                    .get("description")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
                shape,
                explode,
                at,
            });
        }
        fields
    }
}

/// Whether two parameters are one (OpenAPI 3.1, Operation Object: by name and place); field names have no case.
fn same(one: &Parameter, other: &Parameter) -> bool {
    one.place == other.place
        && (one.name == other.name || (one.place == In::Header && one.name.eq_ignore_ascii_case(&other.name)))
}

fn status(word: &str) -> Option<StatusRange> {
    if word.eq_ignore_ascii_case("default") {
        return Some(StatusRange::Default);
    }
    let class = word.bytes().next().filter(u8::is_ascii_digit)? - b'0';
    if word.len() != 3 || !(1..=5).contains(&class) {
        return None;
    }
    if word[1..].eq_ignore_ascii_case("xx") {
        return Some(StatusRange::Class(class));
    }
    word.parse().ok().map(StatusRange::Exact)
}

/// Whether the method says that twice is as once (RFC 9110 §9.2), or a declared key makes it so.
fn repeat(method: &Method, parameters: &[Parameter]) -> Repeat {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Repeat::Safe,
        Method::PUT | Method::DELETE => Repeat::Idempotent,
        _ => parameters
            .iter()
            .filter(|one| one.place == In::Header)
            .find(|one| {
                ["idempotency-key", "x-idempotency-key"].iter().any(|key| one.name.eq_ignore_ascii_case(key))
            })
            .and_then(|one| HeaderName::from_bytes(one.name.as_bytes()).ok())
            .map_or(Repeat::Never, Repeat::WithKey),
    }
}
