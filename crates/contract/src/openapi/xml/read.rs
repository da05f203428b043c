//! Reading a value out of XML.

use super::super::payload::{MOST, broken};
use super::tree::{self, Element};
use super::{Node, Said, item_name};
use crate::schema::{Kind, Shape};
use crate::{Body, Got, Pointer, Violation};
use serde_json::{Map, Value as Json};
use std::cell::Cell;

/// So many readings of elements may be tried to find out which alternatives they are.
const MOST_READINGS: usize = 1_000;

/// A value, and whether some of it had to be guessed, so that texts stayed texts: where so many alternatives
/// (`oneOf`, `anyOf`) stand in each other that not all are tried, and in members that no name is declared of.
#[derive(Debug)]
pub(in crate::openapi) struct Value {
    pub(in crate::openapi) json: Json,
    pub(in crate::openapi) guessed: bool,
}

/// Reads a body.
pub(in crate::openapi) fn read(body: &Body, text: &str) -> Result<Value, Vec<Violation>> {
    let root = tree::parse(text).map_err(|fault| {
        vec![broken(body, fault.code, fault.expected, Got::Kind("something else"), Some(fault.byte))]
    })?;
    let left = Cell::new(MOST_READINGS);
    let mut reading = Reading { body, found: Vec::new(), guessed: false, left: &left };
    if Said::of(&body.shape).name.is_some_and(|name| name != root.name) {
        let wrong =
            broken(body, "root", "the root element that the schema names", Got::Kind("another one"), None);
        return Err(vec![wrong]);
    }
    let json = reading.value(&root, &body.shape, &Pointer::root());
    if reading.found.is_empty() { Ok(Value { json, guessed: reading.guessed }) } else { Err(reading.found) }
}

struct Reading<'b> {
    body: &'b Body,
    found: Vec<Violation>,
    guessed: bool,
    /// How many readings may still be tried.
    left: &'b Cell<usize>,
}

impl Reading<'_> {
    /// The value as the first alternative that it keeps to.
    fn as_way(&mut self, element: &Element, shape: &Shape, at: &Pointer) -> Option<Json> {
        for way in shape.ways() {
            let Some(left) = self.left.get().checked_sub(1) else {
                self.guessed = true;
                return None;
            };
            self.left.set(left);
            let mut trial = Reading { body: self.body, found: Vec::new(), guessed: false, left: self.left };
            let value = trial.value(element, way, at);
            if trial.found.is_empty() && (trial.guessed || way.takes(&value)) {
                self.guessed |= trial.guessed;
                return Some(value);
            }
            self.guessed |= trial.guessed;
        }
        None
    }

    fn value(&mut self, element: &Element, shape: &Shape, at: &Pointer) -> Json {
        if element.nil {
            return Json::Null;
        }
        let shape = &*shape.passing();
        if let Some(value) = self.as_way(element, shape, at) {
            return value;
        }
        match shape.kind() {
            Kind::Array => {
                let items = shape.items();
                let name = item_name(&items, &element.name);
                self.unknown(element, &[name], at);
                let value = |(index, child)| self.value(child, &items, &at.index(index));
                Json::Array(element.children.iter().enumerate().map(value).collect())
            }
            Kind::Object => self.object(element, shape, at),
            // Nothing says what it is: what has members is an object.
            Kind::Any
                if shape.allows(Kind::Object)
                    && !(element.children.is_empty() && element.attributes.is_empty()) =>
            {
                self.object(element, shape, at)
            }
            _ => {
                self.unknown(element, &[], at);
                shape.read_text(&element.text)
            }
        }
    }

    /// Elements of other names than these have no place here.
    fn unknown(&mut self, element: &Element, names: &[String], at: &Pointer) {
        if element.children.iter().any(|child| !names.contains(&child.name)) {
            self.wrong(at, "element", "no other element", Got::Kind("one of another name"));
        }
    }

    fn wrong(&mut self, at: &Pointer, code: &'static str, expected: &str, got: Got) {
        if self.found.len() < MOST {
            self.found.push(Violation { at: at.clone(), ..broken(self.body, code, expected, got, None) });
        }
    }

    fn object(&mut self, element: &Element, shape: &Shape, at: &Pointer) -> Json {
        let mut members = Map::new();
        let mut attributes: Vec<&str> = Vec::new();
        let mut elements: Vec<String> = Vec::new();
        for member in shape.members() {
            let said = Said::of(&member.shape);
            let at = at.at(&member.name);
            let name = said.name_or(&member.name);
            let value = match said.node {
                Node::Attribute => {
                    let own = element.attributes.iter().find(|(own, _)| *own == name);
                    attributes.extend(own.map(|(name, _)| name.as_str()));
                    own.map(|(_, text)| member.shape.read_text(text))
                }
                Node::Text | Node::Cdata => Some(member.shape.read_text(&element.text)),
                Node::None if member.shape.kind() == Kind::Array => {
                    let items = member.shape.items();
                    let name = item_name(&items, &member.name);
                    let own = element.children.iter().filter(|child| child.name == name).enumerate();
                    let list: Vec<Json> =
                        own.map(|(index, child)| self.value(child, &items, &at.index(index))).collect();
                    elements.push(name);
                    (!list.is_empty()).then_some(Json::Array(list))
                }
                Node::None | Node::Element => {
                    let own: Vec<&Element> =
                        element.children.iter().filter(|child| child.name == name).collect();
                    elements.push(name);
                    self.several(&own, &member.shape, &at)
                }
            };
            if let Some(value) = value {
                members.insert(member.name.clone(), value);
            }
        }
        // The rest is as it is named; a schema may forbid it, or say more of it than can be told here.
        let any = Shape::anything(Pointer::root());
        let mut rest = false;
        for (name, text) in element.attributes.iter().filter(|(name, _)| !attributes.contains(&name.as_str()))
        {
            rest = true;
            members.entry(name.clone()).or_insert_with(|| Json::String(text.clone()));
        }
        let mut groups: Vec<(&str, Vec<&Element>)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for child in element.children.iter().filter(|child| !elements.contains(&child.name)) {
            let place = *places.entry(child.name.as_str()).or_insert_with(|| {
                groups.push((&child.name, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push(child);
        }
        for (name, own) in groups {
            rest = true;
            let value = self.several(&own, &any, &at.at(name));
            if let (Some(value), None) = (value, members.get(name)) {
                members.insert(name.to_owned(), value);
            }
        }
        self.guessed |= rest && shape.word("additionalProperties").is_some_and(Json::is_object);
        Json::Object(members)
    }

    /// The value of the elements of one name.
    fn several(&mut self, own: &[&Element], shape: &Shape, at: &Pointer) -> Option<Json> {
        match own {
            [] => None,
            [only] => Some(self.value(only, shape, at)),
            _ if shape.kind() != Kind::Array && shape.allows(Kind::Array) => {
                let items = shape.items();
                let value = |(index, child): (usize, &&Element)| self.value(child, &items, &at.index(index));
                Some(Json::Array(own.iter().enumerate().map(value).collect()))
            }
            several => {
                self.wrong(at, "duplicate-name", "one element", Got::Length(several.len(), "elements"));
                None
            }
        }
    }
}
