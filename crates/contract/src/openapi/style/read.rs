//! Reading a value out of a text in a style. Reading is not checking: a text that is no number stays a text.

use super::super::text;
use super::{Fault, deep, delimiter};
use crate::schema::{Kind, Shape};
use crate::{Got, Style};
use serde_json::Value as Json;

/// A pair of a query, form or cookie: its name decoded (`None` if that gives no UTF-8), its value not.
pub(in crate::openapi) type Pair<'t> = (Option<String>, &'t str);

/// Reads the values of one parameter.
#[derive(Clone, Copy, Debug)]
pub(in crate::openapi) struct Reader<'p> {
    pub(in crate::openapi) name: &'p str,
    pub(in crate::openapi) shape: &'p Shape,
    pub(in crate::openapi) style: Style,
    pub(in crate::openapi) explode: bool,
    /// Undoes what the place does to a text.
    pub(in crate::openapi) decode: fn(&str) -> Option<String>,
}

type Read<T> = Result<T, Box<Fault>>;

impl Reader<'_> {
    /// The value in the pairs of a query, form or cookie. `others` says which names mean something else:
    /// an object whose schema names no members takes all that are left.
    pub(in crate::openapi) fn pairs(
        &self,
        pairs: &[Pair<'_>],
        others: &dyn Fn(&str) -> bool,
    ) -> Read<Option<Json>> {
        if self.style == Style::DeepObject
            && let Some(value) = deep::read(self, pairs)?
        {
            return Ok(Some(value));
        }
        let kind = self.shape.kind();
        if self.explode && kind == Kind::Object && self.style != Style::DeepObject {
            return self.members(pairs, others);
        }
        let mut own =
            pairs.iter().filter(|(name, _)| name.as_deref() == Some(self.name)).map(|(_, raw)| *raw);
        let Some(first) = own.next() else { return Ok(None) };
        let more = own.clone().count();
        // A list, or something that may be one and is given more than once. Nothing at all is said of
        // what is not described: then several are a list too.
        let may = self.shape.allows(Kind::Array);
        if self.explode && (kind == Kind::Array || (may && more > 0)) {
            let items = self.shape.items();
            let list: Read<Vec<_>> =
                std::iter::once(first).chain(own).map(|raw| self.one(&items, raw)).collect();
            return list.map(|list| Some(Json::Array(list)));
        }
        if more > 0 && !self.shape.is_anything() {
            return Err(twice(more + 1));
        }
        match (kind, self.style) {
            (
                Kind::Array | Kind::Object,
                Style::SpaceDelimited | Style::TabDelimited | Style::PipeDelimited,
            ) => {
                // The delimiter may stand encoded or not: split after decoding.
                let text = self.text(first)?;
                let whole = Self { decode: |text| Some(text.to_owned()), ..*self };
                whole.joined(&text, delimiter(self.style).1, None).map(Some)
            }
            (Kind::Array | Kind::Object, _) => self.joined(first, ',', None).map(Some),
            _ => self.one(self.shape, first).map(Some),
        }
    }

    /// The value in a part of a path.
    pub(in crate::openapi) fn segment(&self, raw: &str) -> Read<Json> {
        match self.style {
            Style::Label => {
                let Some(rest) = raw.strip_prefix('.') else {
                    return Err(Fault::new(
                        "style",
                        "text that begins with `.`",
                        Got::Kind("another beginning"),
                    ));
                };
                if self.explode { self.joined(rest, '.', Some('=')) } else { self.joined(rest, ',', None) }
            }
            Style::Matrix => self.matrix(raw),
            _ => self.line(raw),
        }
    }

    /// The value in a header field (style `simple`).
    pub(in crate::openapi) fn line(&self, raw: &str) -> Read<Json> {
        self.joined(raw, ',', self.explode.then_some('='))
    }

    /// RFC 6570 §3.2.7.
    fn matrix(&self, raw: &str) -> Read<Json> {
        let wrong = || Fault::new("style", "`;name=value` with its own name", Got::Kind("another text"));
        let rest = raw.strip_prefix(';').ok_or_else(wrong)?;
        let mut pairs: Vec<Pair<'_>> = Vec::new();
        for pair in rest.split(';') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push(((self.decode)(name), value));
        }
        if !(self.explode && self.shape.kind() == Kind::Object)
            && pairs.iter().any(|(name, _)| name.as_deref() != Some(self.name))
        {
            return Err(wrong());
        }
        self.pairs(&pairs, &|_| false)?.ok_or_else(wrong)
    }

    /// Items, or names and values, with a delimiter between them; `gap` is between name and value if it is another.
    fn joined(&self, raw: &str, between: char, gap: Option<char>) -> Read<Json> {
        match self.shape.kind() {
            // RFC 6570 §2.3: no text is no list, and here it is known that one was meant.
            Kind::Array if raw.is_empty() => Ok(Json::Array(Vec::new())),
            Kind::Array => {
                let items = self.shape.items();
                let list: Read<Vec<_>> = raw.split(between).map(|item| self.one(&items, item)).collect();
                list.map(Json::Array)
            }
            Kind::Object if raw.is_empty() => Ok(text::object(Vec::new())),
            Kind::Object => {
                let mut pairs = Vec::new();
                let mut parts = raw.split(between);
                while let Some(part) = parts.next() {
                    let (name, value) = match gap {
                        Some(gap) => part.split_once(gap).unwrap_or((part, "")),
                        None => (part, parts.next().unwrap_or_default()),
                    };
                    let name = self.text(name)?;
                    let value = self.one(&self.shape.member_or_any(&name), value)?;
                    if pairs.iter().any(|(known, _)| *known == name) {
                        return Err(twice(2).below(&name));
                    }
                    pairs.push((name, value));
                }
                Ok(text::object(pairs))
            }
            _ => self.one(self.shape, raw),
        }
    }

    /// An exploded object: its members are parameters of their own.
    fn members(&self, pairs: &[Pair<'_>], others: &dyn Fn(&str) -> bool) -> Read<Option<Json>> {
        let declared = self.shape.members();
        let mut names: Vec<&str> = declared.iter().map(|member| member.name.as_str()).collect();
        if declared.is_empty() {
            for name in pairs.iter().filter_map(|(name, _)| name.as_deref()) {
                if !others(name) && !names.contains(&name) && names.len() < MOST {
                    names.push(name);
                }
            }
        }
        let mut read = Vec::new();
        for name in names {
            let shape = self.shape.member_or_any(name);
            let own = pairs.iter().filter(|(own, _)| own.as_deref() == Some(name)).map(|(_, raw)| *raw);
            let own: Vec<&str> = own.collect();
            let value = match own.as_slice() {
                [] => continue,
                [only] if shape.kind() != Kind::Array => self.one(&shape, only)?,
                several if shape.allows(Kind::Array) => {
                    let items = shape.items();
                    let list: Read<Vec<_>> = several.iter().map(|raw| self.one(&items, raw)).collect();
                    Json::Array(list?)
                }
                several => return Err(twice(several.len()).below(name)),
            };
            read.push((name.to_owned(), value));
        }
        Ok((!read.is_empty()).then(|| text::object(read)))
    }

    fn text(&self, raw: &str) -> Read<String> {
        (self.decode)(raw).ok_or_else(Fault::not_utf8)
    }

    fn one(&self, shape: &Shape, raw: &str) -> Read<Json> {
        self.text(raw).map(|text| shape.read_text(&text))
    }
}

/// Most names that an object without named members takes.
const MOST: usize = 1000;

fn twice(count: usize) -> Box<Fault> {
    Fault::new("duplicate-name", "one value", Got::Length(count, "values"))
}
