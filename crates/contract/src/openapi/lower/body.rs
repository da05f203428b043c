//! Lowering bodies and answers: media types, their schemas, and what is said about parts.
//!
//! Source: OpenAPI 2.0 to 3.2, Request Body Object, Media Type Object, Encoding Object, Responses Object.

use super::parameter::style;
use super::{Found, Lowering, is_true};
use crate::openapi::media;
use crate::openapi::read::Version;
use crate::schema::Side;
use crate::{Body, Codec, In, Output, Part, Pointer, Shape, StatusRange, Style};
use serde_json::{Map, Value};

impl<'v> Lowering<'v, '_> {
    pub(super) fn input(&mut self, found: &Found<'v>) -> (Vec<Body>, bool) {
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
            let items = map.get("itemSchema").filter(|_| self.version == Version::V3_2);
            let items =
                items.map(|schema| self.shelf.shape(schema, &at.at("itemSchema"), side, self.warnings));
            let codec = media::codec(&media);
            let parts = if matches!(codec, Codec::Multipart | Codec::Form) {
                self.parts(map, &at, side)
            } else {
                Vec::new()
            };
            bodies.push(Body { media, codec, shape, items, parts, at });
        }
        bodies
    }

    fn parts(&mut self, map: &'v Map<String, Value>, at: &Pointer, side: Side) -> Vec<Part> {
        let at = at.at("encoding");
        let mut parts = Vec::new();
        for (name, value) in map.get("encoding").and_then(Value::as_object).into_iter().flatten() {
            let at = at.at(name);
            let Some(said) = value.as_object() else {
                self.warn("not-an-object", "this is no object: nothing is said about the part", &at);
                continue;
            };
            // OpenAPI 3.1, Encoding Object, `contentType`: a list with commas.
            let media = said.get("contentType").and_then(Value::as_str).unwrap_or_default();
            let media = media.split(',').filter_map(media::bare).collect();
            // As for a query parameter, and only where one of the three is said.
            let words = ["style", "explode", "allowReserved"];
            let style = words.iter().any(|word| said.contains_key(*word)).then(|| {
                let style = said.get("style").and_then(Value::as_str).and_then(|word| style(word, In::Query));
                let style = style.unwrap_or(Style::Form);
                let explode = said.get("explode").and_then(Value::as_bool);
                let explode = explode.unwrap_or(matches!(style, Style::Form | Style::DeepObject));
                (style, explode, is_true(said.get("allowReserved")))
            });
            parts.push(Part { name: name.clone(), media, style, fields: self.fields(said, &at, side) });
        }
        parts
    }

    pub(super) fn outputs(&mut self, found: &Found<'v>) -> Vec<Output> {
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
            let bodies = match self.version {
                Version::V2_0 => self.swagger_output(found, map, &at),
                _ => self.content(map, &at, Side::Response),
            };
            outputs.push(Output { status, fields: self.fields(map, &at, Side::Response), bodies, at });
        }
        outputs
    }
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
