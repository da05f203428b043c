//! Making a value from schemas: examples first where that is wished, else by what the keywords ask for.
//!
//! Every step is counted, and a schema that refers to itself is followed a few times only.

use super::look::{Look, Parts, count, least, most};
use super::pattern::Pattern;
use super::random::Random;
use super::text;
use serde_json::{Map, Value, json};

/// Most places of a value that are made, over all tries.
const MOST_STEPS: usize = 6_000;
/// Nesting of a value.
const DEEPEST: usize = 40;
/// Longest text and list that a bound is followed to.
const LONGEST_TEXT: usize = 70_000;
const MOST_ITEMS: usize = 200;
/// Alternatives, and members of theirs, that are told apart.
const MOST_WAYS: usize = 32;

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
struct Given(Option<Value>);

/// Members that a chosen alternative pins to a text: its discriminator.
type Pins<'a> = Vec<(&'a str, String)>;

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

    fn alternative(&mut self, schemas: &[&'a Value], parts: &Parts<'a>, depth: usize) -> Option<Value> {
        let free = ["oneOf", "anyOf", "not", "if"]
            .iter()
            .all(|word| parts.all.iter().all(|one| !one.contains_key(*word)));
        if free {
            return self.by_parts(parts, &Pins::new(), depth);
        }
        let mut last = None;
        for _ in 0..8 {
            let (parts, pins) = self.choose(parts.clone());
            if parts.nothing {
                continue;
            }
            let Some(value) = self.by_parts(&parts, &pins, depth) else { continue };
            if schemas.iter().all(|schema| self.look.fits(schema, &value)) {
                return Some(value);
            }
            last = Some(value);
        }
        // A quick look may err: the check decides.
        last.map(|value| self.apart(schemas, parts, value))
    }

    /// Where several alternatives of `oneOf` fit: a member that only another one knows, and knows otherwise.
    fn apart(&self, schemas: &[&'a Value], parts: &Parts<'a>, value: Value) -> Value {
        let Value::Object(members) = &value else { return value };
        let ways = parts.all.iter().filter_map(|part| part.get("oneOf")?.as_array()).flatten();
        let ways: Vec<Parts<'a>> = ways.take(MOST_WAYS).map(|way| self.look.parts(&[way])).collect();
        let known =
            ways.iter().flat_map(|way| &way.all).filter_map(|part| part.get("properties")?.as_object());
        for (name, _) in known.flatten().filter(|(name, _)| !members.contains_key(*name)).take(MOST_WAYS) {
            for odd in [json!(17), json!("amber"), json!({})] {
                let mut members = members.clone();
                members.insert(name.clone(), odd);
                let odd = Value::Object(members);
                if schemas.iter().all(|schema| self.look.fits(schema, &odd)) {
                    return odd;
                }
            }
        }
        value
    }

    /// Adds one alternative of each choice to the parts, those of chosen ones too.
    fn choose(&mut self, mut parts: Parts<'a>) -> (Parts<'a>, Pins<'a>) {
        let mut pins = Pins::new();
        let mut at = 0;
        while let Some(part) = parts.all.get(at).copied() {
            at += 1;
            for word in ["oneOf", "anyOf"] {
                let Some(Value::Array(ways)) = part.get(word) else { continue };
                let likely: Vec<&Value> = ways.iter().filter(|way| !is_null(way)).collect();
                let Some(way) = self.random.of(&likely).copied().or_else(|| ways.first()) else { continue };
                self.look.add(way, &mut parts);
                if let Some(pin) = discriminator(part, way) {
                    pins.push(pin);
                }
            }
            if let Some(condition) = part.get("if") {
                let then = part.get("then");
                let otherwise = part.get("else");
                if self.random.chance(50) {
                    self.look.add(condition, &mut parts);
                    if let Some(then) = then {
                        self.look.add(then, &mut parts);
                    }
                } else if let Some(otherwise) = otherwise {
                    self.look.add(otherwise, &mut parts);
                }
            }
        }
        (parts, pins)
    }

    fn by_parts(&mut self, parts: &Parts<'a>, pins: &Pins<'a>, depth: usize) -> Option<Value> {
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
    fn given(&mut self, parts: &Parts<'a>) -> Option<Given> {
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

    fn text(&mut self, parts: &Parts<'a>) -> Option<String> {
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

    fn object(&mut self, parts: &Parts<'a>, pins: &Pins<'a>, depth: usize) -> Option<Value> {
        let look = self.look;
        let mut names: Vec<(&'a str, Vec<&'a Value>)> = Vec::new();
        for (name, schema) in
            parts.all.iter().filter_map(|part| part.get("properties")?.as_object()).flatten()
        {
            match names.iter_mut().find(|(known, _)| known == name) {
                Some((_, schemas)) => schemas.push(schema),
                None => names.push((name, vec![schema])),
            }
        }
        let mut required: Vec<&'a str> = Vec::new();
        for name in parts.all.iter().flat_map(|part| look.required(part)) {
            if !required.contains(&name) {
                required.push(name);
            }
        }
        required.extend(
            pins.iter().map(|(name, _)| *name).filter(|name| !required.contains(name)).collect::<Vec<_>>(),
        );
        let least = parts.all.iter().map(|part| least(part, "minProperties")).max().unwrap_or(0);
        let most = parts.all.iter().map(|part| most(part, "maxProperties")).min().unwrap_or(usize::MAX);
        let wish = match (self.mode.sparse, depth) {
            (true, _) => 0,
            (_, 0 | 1) => 100,
            (_, 2) => 70,
            (_, 3) => 35,
            (_, 4) => 15,
            _ => 0,
        };
        let mut members = Map::new();
        let mut open: Vec<(&'a str, bool)> = Vec::new();
        for (name, schemas) in &names {
            let must = required.contains(name);
            let theirs = schemas.iter().any(|schema| look.other_side(schema));
            let unknown = parts.all.iter().any(|part| !knows(look, part, name));
            if must || !theirs && !unknown && self.random.chance(wish) {
                open.push((name, must));
            }
        }
        open.extend(
            required
                .iter()
                .filter(|name| !names.iter().any(|(known, _)| known == *name))
                .map(|name| (*name, true)),
        );
        // Those that must be there first, so that the bound on their number cuts others.
        open.sort_by_key(|(_, must)| !must);
        let mut at = 0;
        while let Some((name, must)) = open.get(at).copied() {
            at += 1;
            if members.contains_key(name) || (!must && members.len() >= most) {
                continue;
            }
            let schemas = self.schemas_of(parts, &names, name);
            if let Some((_, text)) = pins.iter().find(|(pinned, _)| *pinned == name) {
                // Where the alternative says itself what stands there, that counts.
                let pinned = Value::String(text.clone());
                if schemas.iter().all(|schema| self.look.fits(schema, &pinned)) {
                    members.insert(name.to_owned(), pinned);
                    continue;
                }
            }
            match self.value(&schemas, depth + 1) {
                Some(value) => {
                    members.insert(name.to_owned(), value);
                    open.extend(needs(parts, name));
                }
                None if must => return None,
                None => {}
            }
        }
        self.more(parts, &names, (least, most), &mut members, depth)?;
        // In the order of the document.
        let mut ordered = Map::new();
        for (name, _) in &names {
            if let Some(value) = members.remove(*name) {
                ordered.insert((*name).to_owned(), value);
            }
        }
        ordered.extend(members);
        Some(Value::Object(ordered))
    }

    fn schemas_of(
        &self,
        parts: &Parts<'a>,
        names: &[(&'a str, Vec<&'a Value>)],
        name: &str,
    ) -> Vec<&'a Value> {
        if let Some((_, schemas)) = names.iter().find(|(known, _)| *known == name) {
            return schemas.clone();
        }
        let by_pattern: Vec<&'a Value> =
            parts.all.iter().filter_map(|part| self.look.by_pattern(part, name)).collect();
        if !by_pattern.is_empty() {
            return by_pattern;
        }
        parts
            .all
            .iter()
            .filter_map(|part| part.get("additionalProperties").filter(|below| below.is_object()))
            .collect()
    }

    /// Members of names of its own making: as many as must be, and one where the object is a map.
    fn more(
        &mut self,
        parts: &Parts<'a>,
        names: &[(&'a str, Vec<&'a Value>)],
        (least, most): (usize, usize),
        members: &mut Map<String, Value>,
        depth: usize,
    ) -> Option<()> {
        let described = |word: &str| parts.all.iter().find_map(|part| part.get(word)?.as_object());
        let map = described("additionalProperties").is_some() || described("patternProperties").is_some();
        let wish = usize::from(map && members.is_empty() && !self.mode.sparse);
        let wish = least.max(wish.min(most));
        let mut tries = 0;
        while members.len() < wish {
            tries += 1;
            if tries > 3 * wish + 10 || wish > MOST_ITEMS {
                return (members.len() >= least).then_some(());
            }
            // Declared ones that were left out come first.
            let left = names.iter().find(|(name, schemas)| {
                !members.contains_key(*name) && !schemas.iter().any(|schema| self.look.other_side(schema))
            });
            let name = match left {
                Some((name, _)) if tries <= names.len() => (*name).to_owned(),
                _ => self.name(parts)?,
            };
            if members.contains_key(&name) || parts.all.iter().any(|part| !knows(self.look, part, &name)) {
                continue;
            }
            let schemas = self.schemas_of(parts, names, &name);
            if let Some(value) = self.value(&schemas, depth + 1) {
                members.insert(name, value);
            }
        }
        Some(())
    }

    fn name(&mut self, parts: &Parts<'a>) -> Option<String> {
        let ruled: Vec<&'a Value> = parts.all.iter().filter_map(|part| part.get("propertyNames")).collect();
        if !ruled.is_empty() {
            let parts = self.look.parts(&ruled);
            return match self.given(&parts).and_then(|given| given.0) {
                Some(Value::String(name)) => Some(name),
                _ => self.text(&parts),
            };
        }
        let closed =
            |part: &&Map<String, Value>| part.get("additionalProperties") == Some(&Value::Bool(false));
        let pattern =
            parts.all.iter().find_map(|part| part.get("patternProperties")?.as_object()?.keys().next());
        if let Some(pattern) = pattern
            && (parts.all.iter().any(closed) || self.random.chance(60))
        {
            return Pattern::read(pattern)?.text(&mut self.random, 1, 100);
        }
        let word = text::word(&mut self.random);
        Some(if self.random.chance(70) {
            word.to_owned()
        } else {
            format!("{word}{}", self.random.below(100))
        })
    }
}

/// Whether a part lets a member of this name be.
fn knows<'a>(look: &Look<'a>, part: &'a Map<String, Value>, name: &str) -> bool {
    part.get("additionalProperties") != Some(&Value::Bool(false))
        || part.get("properties").and_then(Value::as_object).is_some_and(|all| all.contains_key(name))
        || look.by_pattern(part, name).is_some()
}

/// The names that must be there with this one (JSON Schema 2020-12 Validation §6.5.4).
fn needs<'a>(parts: &Parts<'a>, name: &str) -> Vec<(&'a str, bool)> {
    let asked = parts.all.iter().filter_map(|part| part.get("dependentRequired")?.get(name)?.as_array());
    asked.flatten().filter_map(Value::as_str).map(|name| (name, true)).collect()
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

/// The member that tells this alternative from others, and its text (OpenAPI 3.1 Discriminator Object).
fn discriminator<'a>(part: &'a Map<String, Value>, way: &'a Value) -> Option<(&'a str, String)> {
    let said = part.get("discriminator")?;
    let name = said.get("propertyName")?.as_str()?;
    let reference = way.get("$ref")?.as_str()?;
    let short = reference.rsplit('/').next()?;
    let mapped = said.get("mapping").and_then(Value::as_object).and_then(|mapping| {
        mapping.iter().find(|(_, to)| to.as_str().is_some_and(|to| to == reference || to == short))
    });
    Some((name, mapped.map_or_else(|| short.to_owned(), |(text, _)| text.clone())))
}
