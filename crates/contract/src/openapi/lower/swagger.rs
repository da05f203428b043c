//! Lowering what only OpenAPI 2.0 writes: bodies among the parameters, media types apart from schemas.
//!
//! Source: OpenAPI 2.0, Parameter Object, Response Object, Swagger Object (`host`, `basePath`, `schemes`,
//! `consumes`, `produces`). Pointers stay those of the document; nothing is rewritten to 3.x.

use super::parameter::{Described, of};
use super::{Found, Lowering, is_true};
use crate::openapi::media;
use crate::schema::{Side, beside_name};
use crate::{Body, Codec, In, Part, Pointer, Server, Shape, Style};
use serde_json::{Map, Value, json};

type Declared<'v> = (&'v Map<String, Value>, Pointer);

impl<'v> Lowering<'v, '_> {
    /// Shape and style of a parameter or header field whose schema stands beside its name.
    pub(super) fn swagger_described(
        &mut self,
        map: &'v Map<String, Value>,
        at: &Pointer,
        place: In,
        side: Side,
    ) -> Described {
        let (style, explode) = self.collected(map, at, place);
        let shape = self.shelf.inline(&beside_name(map), at, side);
        Described { shape, style, explode, content: None }
    }

    /// How the items of a list are joined (OpenAPI 2.0, Parameter Object, `collectionFormat`).
    fn collected(&mut self, map: &Map<String, Value>, at: &Pointer, place: In) -> (Style, bool) {
        let joined = match place {
            In::Path | In::Header => Style::Simple,
            _ => Style::Form,
        };
        match map.get("collectionFormat").and_then(Value::as_str) {
            None | Some("csv") => (joined, false),
            Some("ssv") => (Style::SpaceDelimited, false),
            Some("tsv") => (Style::TabDelimited, false),
            Some("pipes") => (Style::PipeDelimited, false),
            Some("multi") if joined == Style::Form => (Style::Form, true),
            Some(word) => {
                let text = format!(
                    "collection format `{word}` is not for a value {}: read as if it were absent",
                    of(place)
                );
                self.warn("style", &text, &at.at("collectionFormat"));
                (joined, false)
            }
        }
    }

    /// The body: the one parameter that is it, else a form of those that are its members.
    pub(super) fn swagger_input(&mut self, found: &Found<'v>) -> (Vec<Body>, bool) {
        let mut declared = self.declared(found.operation, &found.at);
        let shared = self.declared(found.item, &found.item_at);
        let key = |map: &Map<String, Value>| (map.get("in").cloned(), map.get("name").cloned());
        for one in shared {
            // A body replaces a body, whatever they are called.
            let body = |map: &Map<String, Value>| map.get("in").and_then(Value::as_str) == Some("body");
            if !declared.iter().any(|(own, _)| key(own) == key(one.0) || (body(own) && body(one.0))) {
                declared.push(one);
            }
        }
        let is = |map: &Map<String, Value>, place| map.get("in").and_then(Value::as_str) == Some(place);
        let (form, rest): (Vec<Declared<'v>>, Vec<_>) =
            declared.into_iter().partition(|(map, _)| is(map, "formData"));
        let mut bodies = rest.into_iter().filter(|(map, _)| is(map, "body"));
        if let Some((map, at)) = bodies.next() {
            for (_, at) in bodies {
                self.warn("duplicate-parameter", "there is one body: the first one counts", &at);
            }
            if let Some((_, at)) = form.first() {
                self.warn("parameter-place", "there is a body already: it is left out", at);
            }
            return self.swagger_body(found, map, &at);
        }
        if form.is_empty() { (Vec::new(), false) } else { self.swagger_form(found, &form) }
    }

    fn swagger_body(
        &mut self,
        found: &Found<'v>,
        map: &'v Map<String, Value>,
        at: &Pointer,
    ) -> (Vec<Body>, bool) {
        let mut media = self.media_types(found, "consumes");
        if media.is_empty() {
            // Nothing is said: JSON is what a body with a schema is.
            media.push("application/json".to_owned());
        }
        let shape = if let Some(schema) = map.get("schema") {
            self.shelf.shape(schema, &at.at("schema"), Side::Request, self.warnings)
        } else {
            self.warn("parameter-without-schema", "it says no schema: the body is not checked", at);
            Shape::anything(at.clone())
        };
        let body = |media: String| Body {
            codec: media::codec(&media),
            media,
            shape: shape.clone(),
            items: None,
            parts: Vec::new(),
            at: at.clone(),
        };
        (media.into_iter().map(body).collect(), is_true(map.get("required")))
    }

    /// A form: an object whose members refer to where they stand among the parameters.
    fn swagger_form(&mut self, found: &Found<'v>, declared: &[Declared<'v>]) -> (Vec<Body>, bool) {
        let (mut members, mut required, mut parts) = (Map::new(), Vec::new(), Vec::new());
        let mut files = false;
        for (map, at) in declared {
            let Some(name) = map.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
                self.warn("parameter-without-name", "a parameter needs `name` and `in`: it is left out", at);
                continue;
            };
            if members.contains_key(name) {
                let told = "this parameter is declared twice: the first one counts";
                self.warn("duplicate-parameter", told, at);
                continue;
            }
            // RFC 6901 §6: a pointer in a reference is percent-encoded.
            let reference = format!("#{}", at.as_str().replace('%', "%25"));
            members.insert(name.to_owned(), json!({ "$ref": reference }));
            if is_true(map.get("required")) {
                required.push(Value::String(name.to_owned()));
            }
            let kind = map.get("type").and_then(Value::as_str);
            files |= kind == Some("file");
            if kind == Some("array") {
                let (style, explode) = self.collected(map, at, In::Body);
                let style = Some((style, explode, false));
                parts.push(Part { name: name.to_owned(), media: Vec::new(), style, fields: Vec::new() });
            }
        }
        let mut schema = json!({"type": "object", "properties": members});
        let is_required = !required.is_empty();
        if is_required && let Some(schema) = schema.as_object_mut() {
            schema.insert("required".to_owned(), Value::Array(required));
        }
        let at = declared.first().map_or_else(|| found.at.clone(), |(_, at)| at.clone());
        let shape = self.shelf.inline(&schema, &found.at.at("parameters"), Side::Request);
        let mut media = self.media_types(found, "consumes");
        media.retain(|media| matches!(media::codec(media), Codec::Form | Codec::Multipart));
        // OpenAPI 2.0, Parameter Object, `in: formData`: a file needs multipart.
        if files {
            media.retain(|media| media::codec(media) == Codec::Multipart);
        }
        if media.is_empty() {
            let own = if files { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
            media.push(own.to_owned());
        }
        let body = |media: String| Body {
            codec: media::codec(&media),
            media,
            shape: shape.clone(),
            items: None,
            parts: parts.clone(),
            at: at.clone(),
        };
        (media.into_iter().map(body).collect(), is_required)
    }

    /// The bodies of an answer: one schema in each of the media types that the operation produces.
    pub(super) fn swagger_output(
        &mut self,
        found: &Found<'v>,
        map: &'v Map<String, Value>,
        at: &Pointer,
    ) -> Vec<Body> {
        let Some(schema) = map.get("schema").filter(|schema| !schema.is_null()) else { return Vec::new() };
        let mut media = self.media_types(found, "produces");
        if media.is_empty() {
            // Nothing is said: the answer says what it is.
            media.push("*/*".to_owned());
        }
        let at = at.at("schema");
        let is_file = schema.get("type").and_then(Value::as_str) == Some("file");
        let shape = if is_file {
            Shape::anything(at.clone())
        } else {
            self.shelf.shape(schema, &at, Side::Response, self.warnings)
        };
        let body = |media: String| Body {
            // OpenAPI 2.0, Response Object, `schema`: a file is bytes in whatever media type.
            codec: if is_file { Codec::Opaque } else { media::codec(&media) },
            media,
            shape: shape.clone(),
            items: None,
            parts: Vec::new(),
            at: at.clone(),
        };
        media.into_iter().map(body).collect()
    }

    /// `consumes` or `produces` of the operation, else of the document; an empty list clears.
    fn media_types(&mut self, found: &Found<'v>, word: &str) -> Vec<String> {
        let own = found.operation.get(word).filter(|list| !list.is_null());
        let (list, at) = match own {
            Some(list) => (list, found.at.at(word)),
            None => match self.tree.get(word).filter(|list| !list.is_null()) {
                Some(list) => (list, Pointer::root().at(word)),
                None => return Vec::new(),
            },
        };
        // Published: one media type without a list around it.
        let list = match list {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut found: Vec<String> = Vec::new();
        for (index, one) in list.iter().enumerate() {
            match one.as_str().and_then(media::bare) {
                Some(media) if found.contains(&media) => {}
                Some(media) => found.push(media),
                None => {
                    self.warn("media-type", "this is no media type: it is left out", &at.index(index));
                }
            }
        }
        found
    }
}

/// Where the API is served, by `schemes` of the operation or the document; the safe scheme comes first.
pub(super) fn servers(root: &Map<String, Value>, holder: &Map<String, Value>, at: &Pointer) -> Vec<Server> {
    let word =
        |name: &str| root.get(name).and_then(Value::as_str).map(str::trim).filter(|word| !word.is_empty());
    let base = word("basePath").unwrap_or_default().trim_end_matches('/');
    let slash = if base.is_empty() || base.starts_with('/') { "" } else { "/" };
    let server =
        |url: String, at: Pointer| Server { url, description: String::new(), variables: Vec::new(), at };
    let root_at = Pointer::root();
    let Some(host) = word("host") else {
        // OpenAPI 2.0, Swagger Object, `host`: without one it is where the document is served.
        let relative = !base.is_empty();
        return relative
            .then(|| server(format!("{slash}{base}"), root_at.at("basePath")))
            .into_iter()
            .collect();
    };
    let listed = holder.get("schemes").and_then(Value::as_array);
    let mut schemes: Vec<(&str, Pointer)> = Vec::new();
    for (index, scheme) in listed.into_iter().flatten().enumerate() {
        if let Some(scheme @ ("http" | "https")) = scheme.as_str() {
            schemes.push((scheme, at.at("schemes").index(index)));
        }
    }
    if schemes.is_empty() {
        schemes.push(("https", root_at.at("host")));
    }
    schemes.sort_by_key(|(scheme, _)| *scheme != "https");
    schemes.into_iter().map(|(scheme, at)| server(format!("{scheme}://{host}{slash}{base}"), at)).collect()
}
