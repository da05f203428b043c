//! Alternatives: one of each `oneOf`, `anyOf` and `if` is chosen, and kept apart from the others where it must be.
//!
//! Source: JSON Schema 2020-12 Core §10.2; OpenAPI 3.1 Discriminator Object.

use super::look::Parts;
use super::make::{Maker, Pins};
use serde_json::{Map, Value, json};

/// Alternatives, and members of theirs, that are told apart.
const MOST_WAYS: usize = 32;

impl<'a> Maker<'a, '_> {
    pub(super) fn alternative(
        &mut self,
        schemas: &[&'a Value],
        parts: &Parts<'a>,
        depth: usize,
    ) -> Option<Value> {
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
        let odd = || [json!(17), json!("amber"), json!({})];
        let known =
            ways.iter().flat_map(|way| &way.all).filter_map(|part| part.get("properties")?.as_object());
        for (name, _) in known.flatten().filter(|(name, _)| !members.contains_key(*name)).take(MOST_WAYS) {
            for odd in odd() {
                let mut members = members.clone();
                members.insert(name.clone(), odd);
                let odd = Value::Object(members);
                if schemas.iter().all(|schema| self.look.fits(schema, &odd)) {
                    return odd;
                }
            }
        }
        // Three alternatives that all take the same object: all but one must be put off.
        for (kept, _) in ways.iter().enumerate() {
            for odd in odd() {
                let others = ways.iter().enumerate().filter(|(index, _)| *index != kept);
                let names = others
                    .flat_map(|(_, way)| &way.all)
                    .filter_map(|part| part.get("properties")?.as_object());
                let mut members = members.clone();
                for (name, _) in names.flatten().take(MOST_WAYS) {
                    if !is_declared(&ways[kept], name) {
                        members.insert(name.clone(), odd.clone());
                    }
                }
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
}

/// Whether an alternative declares this member.
fn is_declared(way: &Parts<'_>, name: &str) -> bool {
    way.all.iter().filter_map(|part| part.get("properties")?.as_object()).any(|all| all.contains_key(name))
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
