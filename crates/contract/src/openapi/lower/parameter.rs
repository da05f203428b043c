//! Lowering parameters and header fields: where a value stands, how it is written, what it may be.
//!
//! Source: OpenAPI 2.0 to 3.2, Parameter Object, Header Object.

use super::{Found, Lowering, description, is_true};
use crate::openapi::media;
use crate::openapi::read::Version;
use crate::schema::{Side, beside_name};
use crate::{Codec, In, Parameter, PathTemplate, Pointer, Shape, Style};
use http::HeaderName;
use serde_json::{Map, Value};

/// How a parameter or header field is written, and what it may be.
pub(super) struct Described {
    pub(super) shape: Shape,
    pub(super) style: Style,
    pub(super) explode: bool,
    pub(super) content: Option<Codec>,
}

impl<'v> Lowering<'v, '_> {
    /// Parameters of the operation, then those of the path item that it does not replace
    /// (OpenAPI 3.1, Operation Object, `parameters`).
    pub(super) fn parameters(&mut self, found: &Found<'v>, template: &PathTemplate) -> Vec<Parameter> {
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
                    style: Style::Simple,
                    explode: false,
                    reserved: false,
                    empty: false,
                    content: None,
                    at: found.at.clone(),
                });
            }
        }
        parameters
    }

    /// The parameter objects of an operation or a path item, through their references.
    pub(super) fn declared(
        &mut self,
        holder: &'v Map<String, Value>,
        at: &Pointer,
    ) -> Vec<(&'v Map<String, Value>, Pointer)> {
        let at = at.at("parameters");
        let list = match holder.get("parameters") {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.warn("not-a-list", "`parameters` is no list: it has none", &at);
                return Vec::new();
            }
        };
        let items = list.iter().enumerate();
        items
            .filter_map(|(index, value)| self.object(value, at.index(index), "the parameter is left out"))
            .collect()
    }

    fn list(
        &mut self,
        holder: &'v Map<String, Value>,
        at: &Pointer,
        template: &PathTemplate,
    ) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        for (map, at) in self.declared(holder, at) {
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
            // OpenAPI 3.2, Parameter Object, `in`: the query as a whole.
            "querystring" if self.version == Version::V3_2 => return self.querystring(map, at, name),
            // They are the body, which is read apart.
            "body" | "formData" if self.version == Version::V2_0 => return None,
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
        let Described { shape, style, explode, content } = self.described(map, at, place, Side::Request);
        Some(Parameter {
            place,
            name,
            required: place == In::Path || is_true(map.get("required")),
            deprecated: is_true(map.get("deprecated")),
            description: description(map),
            shape,
            style,
            explode,
            reserved: is_true(map.get("allowReserved")),
            empty: place == In::Query && is_true(map.get("allowEmptyValue")),
            content,
            at: at.clone(),
        })
    }

    /// The parameter that is the whole query; it has `content` (OpenAPI 3.2, Parameter Object).
    fn querystring(&mut self, map: &'v Map<String, Value>, at: &Pointer, name: String) -> Option<Parameter> {
        let Some(content) = map.get("content").and_then(Value::as_object) else {
            let told = "the query as a whole needs `content`: the parameter is left out";
            self.warn("parameter-without-schema", told, at);
            return None;
        };
        let described = self.content_of(content, at, Style::Whole, Side::Request);
        Some(Parameter {
            place: In::Query,
            name,
            required: is_true(map.get("required")),
            deprecated: is_true(map.get("deprecated")),
            description: description(map),
            shape: described.shape,
            style: Style::Whole,
            explode: false,
            reserved: false,
            empty: false,
            content: described.content,
            at: at.clone(),
        })
    }

    /// Shape and style of a parameter or header field.
    fn described(&mut self, map: &'v Map<String, Value>, at: &Pointer, place: In, side: Side) -> Described {
        let default = match place {
            In::Query | In::Cookie => Style::Form,
            _ => Style::Simple,
        };
        if self.version == Version::V2_0 && !map.contains_key("schema") {
            return self.swagger_described(map, at, place, side);
        }
        if let (None, Some(content)) = (map.get("schema"), map.get("content").and_then(Value::as_object)) {
            return self.content_of(content, at, default, side);
        }
        let style = match map.get("style").and_then(Value::as_str) {
            None => default,
            Some(word) => style(word, place).unwrap_or_else(|| {
                let text =
                    format!("style `{word}` is not for a value {}: read as if it were absent", of(place));
                self.warn("style", &text, &at.at("style"));
                default
            }),
        };
        let explode = match map.get("explode") {
            Some(Value::Bool(explode)) => *explode,
            _ => matches!(style, Style::Form | Style::Cookie | Style::DeepObject),
        };
        let shape = if let Some(schema) = map.get("schema") {
            self.shelf.shape(schema, &at.at("schema"), side, self.warnings)
        } else if map.get("type").is_some_and(Value::is_string) {
            // Published: words of 2.0 in a document of 3.0.
            let told = "its schema stands beside its name, as in OpenAPI 2.0: it is read all the same";
            self.warn("parameter-without-schema", told, at);
            self.shelf.inline(&beside_name(map), at, side)
        } else {
            self.warn("parameter-without-schema", "it says no schema: its value is not checked", at);
            Shape::anything(at.clone())
        };
        Described { shape, style, explode, content: None }
    }

    /// Header fields of an answer or a part.
    pub(super) fn fields(&mut self, map: &'v Map<String, Value>, at: &Pointer, side: Side) -> Vec<Parameter> {
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
            let Described { shape, style, explode, content } = self.described(map, &at, In::Header, side);
            fields.push(Parameter {
                place: In::Header,
                name: name.clone(),
                required: is_true(map.get("required")),
                deprecated: is_true(map.get("deprecated")),
                description: description(map),
                shape,
                style,
                explode,
                reserved: false,
                empty: false,
                content,
                at,
            });
        }
        fields
    }

    /// A parameter whose value is a document of its own: the first media type counts, as there must be one only.
    fn content_of(
        &mut self,
        content: &'v Map<String, Value>,
        at: &Pointer,
        style: Style,
        side: Side,
    ) -> Described {
        let at = at.at("content");
        let first = content.iter().next().and_then(|(name, value)| Some((name, value, media::bare(name)?)));
        let Some((name, value, media)) = first else {
            self.warn("media-type", "it says no media type: its value is not checked", &at);
            return Described { shape: Shape::anything(at), style, explode: false, content: None };
        };
        let at = at.at(name);
        let shape = match value.get("schema") {
            Some(schema) => self.shelf.shape(schema, &at.at("schema"), side, self.warnings),
            None => Shape::anything(at),
        };
        Described { shape, style, explode: false, content: Some(media::codec(&media)) }
    }
}

/// The style a word means, where it is one for this place (OpenAPI 3.2 Parameter Object, *Style Values*).
pub(in crate::openapi) fn style(word: &str, place: In) -> Option<Style> {
    Some(match (word, place) {
        ("simple", In::Path | In::Header) => Style::Simple,
        ("label", In::Path) => Style::Label,
        ("matrix", In::Path) => Style::Matrix,
        ("form", In::Query | In::Cookie) => Style::Form,
        ("spaceDelimited", In::Query) => Style::SpaceDelimited,
        ("pipeDelimited", In::Query) => Style::PipeDelimited,
        ("deepObject", In::Query) => Style::DeepObject,
        ("cookie", In::Cookie) => Style::Cookie,
        _ => return None,
    })
}

pub(super) const fn of(place: In) -> &'static str {
    match place {
        In::Path => "in the path",
        In::Query => "in the query",
        In::Cookie => "in a cookie",
        _ => "in a header field",
    }
}

/// Whether two parameters are one (OpenAPI 3.1, Operation Object: by name and place); field names have no case.
fn same(one: &Parameter, other: &Parameter) -> bool {
    one.place == other.place
        && (one.name == other.name || (one.place == In::Header && one.name.eq_ignore_ascii_case(&other.name)))
}
