//! Applying the actions of overlays to a tree, and keeping where everything comes from.
//!
//! Source: Overlay Specification 1.1, Action Object: objects are merged member by member, lists are
//! appended to, plain values are replaced; what does not fit is an error.

use super::Unlaid;
use super::action::{Action, Does};
use crate::Pointer;
use crate::laid::Laid;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// So many values may all overlays of a contract put into it: a copy of a copy doubles.
const MOST_VALUES: usize = 300_000;
/// So many places may one action select.
const MOST_PLACES: usize = 200_000;
/// Nesting that a contract may come to.
const DEEPEST: usize = 200;

/// A tree while overlays are laid over it.
pub(super) struct Laying<'t> {
    tree: &'t mut Value,
    pub(super) laid: &'t mut Laid,
    /// Values that may still be put in.
    left: usize,
}

/// What is put into places: the value, where each of its parts comes from, and where it is said.
struct Said<'v> {
    value: &'v Value,
    from: Laid,
    word: &'static str,
    at: Pointer,
}

impl<'t> Laying<'t> {
    pub(super) fn new(tree: &'t mut Value, laid: &'t mut Laid) -> Self {
        Self { tree, laid, left: MOST_VALUES }
    }

    /// Applies an action of the overlay with this number; gives what of it has no effect.
    pub(super) fn apply(&mut self, action: &Action<'_>, number: usize) -> Result<Vec<Unlaid>, Unlaid> {
        let mut idle = Vec::new();
        if let Some(word) = action.idle {
            let why = format!("`{word}` beside `remove` has no effect");
            idle.push(Unlaid { why, at: action.at.at(word) });
        }
        let places = self.places(action)?;
        if places.is_empty() {
            let why =
                format!("`{}` selects nothing in the contract: the action has no effect", action.written);
            idle.push(Unlaid { why, at: action.at.at("target") });
            return Ok(idle);
        }
        match &action.does {
            Does::Remove => self.remove(places, action)?,
            Does::Update(value) => {
                let at = action.at.at("update");
                let from = Laid::whole(number, at.clone());
                self.put(&places, &Said { value, from, word: "update", at })?;
            }
            Does::Copy(written, path) => {
                let at = action.at.at("copy");
                let found = path.query_located(self.tree);
                let found: Vec<Pointer> = found
                    .iter()
                    .filter_map(|node| Pointer::parse(&node.location().to_json_pointer()))
                    .take(2)
                    .collect();
                let [source] = found.as_slice() else {
                    let count = if found.is_empty() { "nothing" } else { "more than one place" };
                    let why = format!("`{written}` selects {count}: one place is copied");
                    return Err(Unlaid { why, at });
                };
                let Some(value) = self.tree.pointer(source.as_str()).cloned() else { return Ok(idle) };
                let from = self.laid.part(source);
                self.put(&places, &Said { value: &value, from, word: "copy", at })?;
            }
            Does::Nothing => {
                let why = "it has neither `update` nor `copy` nor `remove`: it has no effect".to_owned();
                idle.push(Unlaid { why, at: action.at.clone() });
            }
        }
        Ok(idle)
    }

    /// The places that an action selects.
    fn places(&self, action: &Action<'_>) -> Result<Vec<Pointer>, Unlaid> {
        let found = action.target.query_located(self.tree);
        let mut places: Vec<Pointer> =
            found.iter().filter_map(|node| Pointer::parse(&node.location().to_json_pointer())).collect();
        if places.len() > MOST_PLACES {
            let why = format!("`{}` selects more than {MOST_PLACES} places", action.written);
            return Err(Unlaid { why, at: action.at.at("target") });
        }
        // RFC 9535 §2.1.2: a place may be selected twice.
        let mut seen = std::collections::HashSet::new();
        places.retain(|place| seen.insert(place.clone()));
        Ok(places)
    }

    fn put(&mut self, places: &[Pointer], said: &Said<'_>) -> Result<(), Unlaid> {
        let values = count(said.value, 0).saturating_mul(places.len());
        let Some(left) = self.left.checked_sub(values) else {
            let why = format!("the overlays would put more than {MOST_VALUES} values into the contract");
            return Err(Unlaid { why, at: said.at.clone() });
        };
        self.left = left;
        for place in places {
            // Putting into one place never takes another away, but it may be plain by now.
            let Some(target) = self.tree.pointer_mut(place.as_str()) else { continue };
            match (&mut *target, said.value) {
                // Overlay 1.1, Action Object: a value that is no list is appended.
                (Value::Array(items), value) if !value.is_array() => {
                    self.laid.lay(&place.index(items.len()), &said.from, &Pointer::root());
                    items.push(value.clone());
                }
                (target, value) => merge(target, place, value, &Pointer::root(), said, self.laid)?,
            }
            // A copy into itself, again and again, would nest without end.
            if place.tokens().count() + depth(said.value) > DEEPEST {
                let why = format!("the contract would be nested more than {DEEPEST} deep");
                return Err(Unlaid { why, at: said.at.clone() });
            }
        }
        Ok(())
    }

    fn remove(&mut self, places: Vec<Pointer>, action: &Action<'_>) -> Result<(), Unlaid> {
        let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for place in places {
            let Some((above, _)) = place.as_str().rsplit_once('/') else {
                let why = "the whole contract cannot be removed".to_owned();
                return Err(Unlaid { why, at: action.at.at("target") });
            };
            let token = place.tokens().last().unwrap_or_default();
            below.entry(above.to_owned()).or_default().push(token);
        }
        // The deepest first: what is above them is still where it was.
        let mut below: Vec<(Pointer, Vec<String>)> =
            below.into_iter().filter_map(|(above, tokens)| Some((Pointer::parse(&above)?, tokens))).collect();
        below.sort_by_key(|(above, _)| std::cmp::Reverse(above.tokens().count()));
        for (above, tokens) in below {
            match self.tree.pointer_mut(above.as_str()) {
                Some(Value::Object(map)) => remove_members(map, &above, &tokens, self.laid),
                Some(Value::Array(items)) => remove_items(items, &above, &tokens, self.laid),
                _ => {}
            }
        }
        Ok(())
    }
}

fn remove_members(map: &mut Map<String, Value>, at: &Pointer, tokens: &[String], laid: &mut Laid) {
    let gone: std::collections::HashSet<&str> = tokens.iter().map(String::as_str).collect();
    map.retain(|name, _| !gone.contains(name.as_str()));
    for token in tokens {
        laid.forget(&at.at(token));
    }
}

/// Takes items away; those behind them move up, and are laid there from where they were.
fn remove_items(items: &mut Vec<Value>, at: &Pointer, tokens: &[String], laid: &mut Laid) {
    let gone: std::collections::HashSet<usize> =
        tokens.iter().filter_map(|token| token.parse().ok()).collect();
    let before = laid.part(at);
    let whole = laid.source(at);
    laid.forget(at);
    if let Some((text, there)) = whole {
        laid.set(at, text, there);
    }
    let (mut old, mut new) = (0, 0);
    items.retain(|_| {
        let stays = !gone.contains(&old);
        if stays {
            laid.lay(&at.index(new), &before, &Pointer::root().index(old));
            new += 1;
        }
        old += 1;
        stays
    });
}

/// Puts a value into what stands at `at`; `rel` is where in what was said the value stands.
fn merge(
    target: &mut Value,
    at: &Pointer,
    value: &Value,
    rel: &Pointer,
    said: &Said<'_>,
    laid: &mut Laid,
) -> Result<(), Unlaid> {
    match (target, value) {
        (Value::Object(target), Value::Object(members)) => {
            for (name, value) in members {
                let (at, rel) = (at.at(name), rel.at(name));
                if let Some(known) = target.get_mut(name) {
                    merge(known, &at, value, &rel, said, laid)?;
                } else {
                    laid.lay(&at, &said.from, &rel);
                    target.insert(name.clone(), value.clone());
                }
            }
        }
        (Value::Array(target), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                laid.lay(&at.index(target.len()), &said.from, &rel.index(index));
                target.push(item.clone());
            }
        }
        (target, value) if kind(target) == kind(value) => {
            laid.lay(at, &said.from, rel);
            *target = value.clone();
        }
        (target, value) => {
            let why = format!(
                "the contract has {} at `{at}`, and `{}` has {}: remove it in an action of its own before",
                kind(target),
                said.word,
                kind(value)
            );
            // What is copied has no text in the overlay.
            let place = if said.word == "update" { said.at.join(rel) } else { said.at.clone() };
            return Err(Unlaid { why, at: place });
        }
    }
    Ok(())
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        _ => "a plain value",
    }
}

fn count(value: &Value, deep: usize) -> usize {
    if deep > DEEPEST {
        return MOST_VALUES + 1;
    }
    1 + match value {
        Value::Object(members) => members.values().map(|below| count(below, deep + 1)).sum(),
        Value::Array(items) => items.iter().map(|below| count(below, deep + 1)).sum(),
        _ => 0,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
