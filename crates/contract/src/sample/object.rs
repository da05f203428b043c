//! Objects: members that must be there, declared ones, those of patterns, and names of one's own making.

use super::look::{Look, Parts, least, most};
use super::make::{MOST_ITEMS, Maker, Pins};
use super::pattern::Pattern;
use super::text;
use serde_json::{Map, Value};

impl<'a> Maker<'a, '_> {
    pub(super) fn object(&mut self, parts: &Parts<'a>, pins: &Pins<'a>, depth: usize) -> Option<Value> {
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
        required.retain(|name| {
            let own = names.iter().find(|(known, _)| known == name);
            !own.is_some_and(|(_, schemas)| schemas.iter().any(|schema| look.other_side(schema)))
        });
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
