//! Making a value from schemas: examples first where that is wished, else by what the keywords ask for.
//!
//! Every step is counted, and a schema that refers to itself is followed a few times only.

use super::look::{Look, Parts, count, least, most};
use super::pattern::Pattern;
use super::random::Random;
use super::text;
use serde_json::Value;

/// Most places of a value that are made, over all tries.
const MOST_STEPS: usize = 6_000;
/// Nesting of a value.
const DEEPEST: usize = 40;
/// Longest text and list that a bound is followed to.
const LONGEST_TEXT: usize = 70_000;
pub(super) const MOST_ITEMS: usize = 200;

/// How a value is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    /// Examples and defaults of the document are taken where they fit.
    pub(super) examples: bool,
    /// Only what must be there.
    pub(super) sparse: bool,
    /// At the lower or the upper bound.
    pub(super) bound: Option<Bound>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Low,
    High,
}

/// Makes one value.
#[derive(Debug)]
pub(super) struct Maker<'a, 'l> {
    pub(super) look: &'l Look<'a>,
    pub(super) random: Random,
    pub(super) mode: Mode,
    steps: usize,
    /// References that were followed to the place that is made.
    open: Vec<&'a str>,
}

/// What the document gives for a place; none: it gives choices, and no one fits.
pub(super) struct Given(pub(super) Option<Value>);

/// Members that a chosen alternative pins to a text: its discriminator.
pub(super) type Pins<'a> = Vec<(&'a str, String)>;

impl<'a, 'l> Maker<'a, 'l> {
    pub(super) fn new(look: &'l Look<'a>, random: Random, mode: Mode) -> Self {
        Self { look, random, mode, steps: 0, open: Vec::new() }
    }

    /// A value that all these schemas should allow.
    pub(super) fn value(&mut self, schemas: &[&'a Value], depth: usize) -> Option<Value> {
        self.steps += 1;
        if depth > DEEPEST || self.steps > MOST_STEPS {
            return None;
        }
        let parts = self.look.parts(schemas);
        let most = if self.mode.sparse || depth > 4 { 1 } else { 2 };
        let turns = |name: &&str| self.open.iter().filter(|open| *open == name).count();
        if parts.nothing || parts.names.iter().any(|name| turns(name) >= most) {
            return None;
        }
        let height = self.open.len();
        self.open.extend(&parts.names);
        let made = self.alternative(schemas, &parts, depth);
        self.open.truncate(height);
        made
    }

    pub(super) fn by_parts(&mut self, parts: &Parts<'a>, pins: &Pins<'a>, depth: usize) -> Option<Value> {
        if let Some(given) = self.given(parts) {
            return given.0;
        }
        let mut kinds = vec!["object", "array", "string", "integer", "number", "boolean", "null"];
        for types in parts.all.iter().filter_map(|part| Look::types(part)) {
            kinds.retain(|kind| types.contains(kind) || (*kind == "integer" && types.contains(&"number")));
        }
        let said = parts.all.iter().any(|part| Look::types(part).is_some());
        let has =
            |words: &[&str]| words.iter().any(|word| parts.all.iter().any(|part| part.contains_key(*word)));
        if kinds.len() > 1 {
            kinds.retain(|kind| *kind != "null");
        }
        // Every whole number is a number: where both are allowed, numbers are meant.
        if kinds.contains(&"number")
            && !parts.all.iter().any(|part| Look::types(part).is_some_and(|all| all.contains(&"integer")))
        {
            kinds.retain(|kind| *kind != "integer");
        }
        let kind = if said {
            *self.random.of(&kinds)?
        } else if has(&[
            "properties",
            "required",
            "additionalProperties",
            "minProperties",
            "patternProperties",
            "propertyNames",
        ]) || !pins.is_empty()
        {
            "object"
        } else if has(&["items", "prefixItems", "minItems", "contains"]) {
            "array"
        } else if has(&["minimum", "maximum", "multipleOf"]) {
            "number"
        } else {
            "string"
        };
        match kind {
            "object" => self.object(parts, pins, depth),
            "array" => self.array(parts, depth),
            "string" => self.text(parts).map(Value::String),
            "integer" => self.number(parts, true),
            "number" => self.number(parts, false),
            "boolean" => Some(Value::Bool(self.random.chance(50))),
            _ => Some(Value::Null),
        }
    }

    /// What the document itself gives: choices, else examples and defaults where they are wished.
    pub(super) fn given(&mut self, parts: &Parts<'a>) -> Option<Given> {
        let fits = |value: &&Value| self.look.fit_parts(parts, value, 0);
        if let Some(only) = parts.all.iter().find_map(|part| part.get("const")) {
            return Some(Given(Some(only.clone())));
        }
        let choices =
            parts.all.iter().find_map(|part| part.get("enum")?.as_array().filter(|all| !all.is_empty()));
        if let Some(choices) = choices {
            let mut fitting: Vec<&Value> = choices.iter().filter(fits).collect();
            if fitting.len() > 1 {
                fitting.retain(|value| !value.is_null());
            }
            return Some(Given(self.random.of(&fitting).map(|value| (*value).clone())));
        }
        if !self.mode.examples {
            return None;
        }
        let mut examples: Vec<&Value> = Vec::new();
        for part in &parts.all {
            examples.extend(part.get("example"));
            examples.extend(part.get("examples").and_then(Value::as_array).into_iter().flatten());
            examples.extend(part.get("default"));
        }
        examples.retain(|value| !value.is_null() && self.look.fit_parts(parts, value, 0));
        self.random.of(&examples).map(|value| Given(Some((*value).clone())))
    }

    pub(super) fn text(&mut self, parts: &Parts<'a>) -> Option<String> {
        let least = parts.all.iter().map(|part| least(part, "minLength")).max().unwrap_or(0);
        let most = parts.all.iter().map(|part| most(part, "maxLength")).min().unwrap_or(usize::MAX);
        if least > most.min(LONGEST_TEXT) {
            return None;
        }
        let (low, high) = match self.mode.bound {
            Some(Bound::Low) if least > 0 => (least, least),
            Some(Bound::High) if most <= LONGEST_TEXT => (most, most),
            _ => (least, most),
        };
        if let Some(pattern) = parts.all.iter().find_map(|part| part.get("pattern")?.as_str()) {
            let pattern = Pattern::read(pattern)?;
            for _ in 0..6 {
                let text = pattern.text(&mut self.random, low, high)?;
                if self.look.fit_parts(parts, &Value::String(text.clone()), 0) {
                    return Some(text);
                }
            }
            return pattern.text(&mut self.random, low, high);
        }
        let format = parts.all.iter().find_map(|part| part.get("format")?.as_str());
        let encoding = parts.all.iter().find_map(|part| part.get("contentEncoding")?.as_str());
        if matches!(format, Some("byte" | "base64"))
            || encoding.is_some_and(|one| one.eq_ignore_ascii_case("base64"))
        {
            return text::base64(&mut self.random, low, high);
        }
        if let Some(text) = format.and_then(|format| text::of_format(format, &mut self.random)) {
            let length = text.chars().count();
            if (least..=most).contains(&length)
                || ["date", "date-time", "uuid"].contains(&format.unwrap_or_default())
            {
                return Some(text);
            }
        }
        Some(text::free(&mut self.random, low, high))
    }

    fn array(&mut self, parts: &Parts<'a>, depth: usize) -> Option<Value> {
        let first: &[Value] =
            parts.all.iter().find_map(|part| part.get("prefixItems")?.as_array()).map_or(&[], Vec::as_slice);
        let items: Vec<&'a Value> =
            parts.all.iter().filter_map(|part| part.get("items").filter(|items| !items.is_array())).collect();
        let least = parts.all.iter().map(|part| least(part, "minItems")).max().unwrap_or(0);
        let most = parts.all.iter().map(|part| most(part, "maxItems")).min().unwrap_or(usize::MAX);
        let unique = parts.all.iter().any(|part| part.get("uniqueItems") == Some(&Value::Bool(true)));
        let contains: Vec<(&'a Value, usize)> = parts
            .all
            .iter()
            .filter_map(|part| Some((part.get("contains")?, count(part, "minContains").unwrap_or(1))))
            .collect();
        if least > most || least > MOST_ITEMS {
            return None;
        }
        let none = items.iter().any(|items| **items == Value::Bool(false));
        let asked = contains.iter().map(|(_, count)| *count).sum::<usize>().max(least);
        let wish = match self.mode.bound {
            Some(Bound::Low) => asked,
            Some(Bound::High) if most <= MOST_ITEMS && depth < 3 => most,
            _ if self.mode.sparse || depth > 5 => asked,
            _ => asked.max(self.random.between(1, 2)).max(first.len()),
        };
        let wish = if none { wish.min(first.len()) } else { wish }.min(most);
        let mut made: Vec<Value> = Vec::new();
        let mut failures = 0;
        let mut wanted = contains.iter().flat_map(|(schema, count)| std::iter::repeat_n(*schema, *count));
        while made.len() < wish && failures < 12 {
            let mut schemas: Vec<&'a Value> = match first.get(made.len()) {
                Some(own) => vec![own],
                None => items.clone(),
            };
            if made.len() >= first.len() {
                schemas.extend(wanted.next());
            }
            match self.value(&schemas, depth + 1) {
                Some(value) if !(unique && made.contains(&value)) => made.push(value),
                _ => {
                    failures += 1;
                    if made.len() >= least && failures > 4 {
                        break;
                    }
                }
            }
        }
        (made.len() >= least).then_some(Value::Array(made))
    }
}
