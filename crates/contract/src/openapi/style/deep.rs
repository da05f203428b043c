//! Nested values in names: `filter[size][gte]=3`, `tags[]=a`, `lines[0][sku]=x`.
//!
//! OpenAPI 3.2 defines style `deepObject` for one level of an object only; deeper levels and lists are
//! written as PHP, Rails and qs read them: `[]` for lists of plain values, places for other lists.

use super::super::text;
use super::{Fault, Reader};
use crate::Got;
use crate::schema::{Kind, Shape};
use serde_json::{Map, Value as Json};

/// Deepest nesting of names that is read or written.
const DEEPEST: usize = 32;

/// Most leaves that are read of one parameter.
const MOST: usize = 1000;

/// Names and texts of all leaves; `None` where it is nested too deep.
pub(super) fn leaves(name: &str, value: &Json) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    add(name.to_owned(), value, DEEPEST, &mut found)?;
    Some(found)
}

fn add(name: String, value: &Json, left: usize, found: &mut Vec<(String, String)>) -> Option<()> {
    let left = left.checked_sub(1)?;
    match value {
        Json::Object(members) => {
            for (member, value) in members {
                // A bracket would end the name.
                if member.contains(['[', ']']) || member.is_empty() {
                    return None;
                }
                add(format!("{name}[{member}]"), value, left, found)?;
            }
        }
        Json::Array(items) => {
            let plain = !items.iter().any(|item| item.is_array() || item.is_object());
            for (index, item) in items.iter().enumerate() {
                let name = if plain { format!("{name}[]") } else { format!("{name}[{index}]") };
                add(name, item, left, found)?;
            }
        }
        plain => found.push((name, text::scalar(plain)?)),
    }
    Some(())
}

/// What was read so far: texts at a leaf, or what is below by name.
#[derive(Debug)]
enum Tree {
    Texts(Vec<String>),
    Below(Vec<(String, Tree)>),
}

/// The steps of `[a][b][]` after the parameter's name; `None` if it is no such name.
fn steps(rest: &str) -> Option<Vec<&str>> {
    let mut steps = Vec::new();
    let mut rest = rest;
    while !rest.is_empty() {
        let (step, after) = rest.strip_prefix('[')?.split_once(']')?;
        if step.contains('[') {
            return None;
        }
        steps.push(step);
        rest = after;
    }
    (!steps.is_empty()).then_some(steps)
}

/// Whether a name of the query is one of this parameter's.
pub(in crate::openapi) fn is_deep(own: &str, name: &str) -> bool {
    name.strip_prefix(own).and_then(steps).is_some()
}

/// The value of the pairs whose names begin with the parameter's; `None` if there are none.
pub(super) fn read(reader: &Reader<'_>, pairs: &[super::Pair<'_>]) -> Result<Option<Json>, Box<Fault>> {
    let mut tree = Tree::Below(Vec::new());
    let mut count = 0;
    for (name, raw) in pairs {
        let Some(rest) = name.as_deref().and_then(|name| name.strip_prefix(reader.name)) else { continue };
        let Some(steps) = steps(rest) else { continue };
        count += 1;
        if steps.len() > DEEPEST || count > MOST {
            return Err(Fault::new("depth", "fewer and less deeply nested values", Got::Kind("more")));
        }
        let text = (reader.decode)(raw).ok_or_else(Fault::not_utf8)?;
        put(&mut tree, &steps, text)?;
    }
    if count == 0 {
        return Ok(None);
    }
    value(&tree, reader.shape).map(Some)
}

fn both() -> Box<Fault> {
    Fault::new("duplicate-name", "a value or members, not both", Got::Kind("both"))
}

fn put(tree: &mut Tree, steps: &[&str], text: String) -> Result<(), Box<Fault>> {
    match (steps.split_first(), tree) {
        (None | Some((&"", [])), Tree::Texts(texts)) => texts.push(text),
        (None, Tree::Below(_)) | (Some(_), Tree::Texts(_)) => return Err(both()),
        (Some((step, rest)), Tree::Below(below)) => {
            let found = below.iter().position(|(name, _)| name == step);
            let place = found.unwrap_or_else(|| {
                let leaf = rest.is_empty();
                let tree = if leaf { Tree::Texts(Vec::new()) } else { Tree::Below(Vec::new()) };
                below.push(((*step).to_owned(), tree));
                below.len() - 1
            });
            put(&mut below[place].1, rest, text)?;
        }
    }
    Ok(())
}

/// Alternatives inside alternatives that are looked into.
const MOST_TURNS: usize = 4;

/// The alternative that these names are meant for: the one that declares most of them, else the first that takes
/// a list where they are places, else the first that describes a map. What is not a choice between alternatives stays as it is.
fn meant(shape: &Shape, below: &[(String, Tree)], turns: usize) -> Shape {
    if turns == 0 || !shape.members().is_empty() || shape.kind() == Kind::Array {
        return shape.clone();
    }
    let ways: Vec<Shape> = shape.alternatives().iter().map(|way| meant(way, below, turns - 1)).collect();
    let known = |way: &Shape| below.iter().filter(|(name, _)| way.member(name).is_some()).count();
    let listed = below.iter().all(|(step, _)| step.bytes().all(|letter| letter.is_ascii_digit()));
    // The first of the best.
    let best = ways.iter().rev().max_by_key(|way| known(way)).filter(|way| known(way) > 0);
    let list = || ways.iter().find(|way| listed && way.kind() == Kind::Array);
    let map = || ways.iter().find(|way| !way.rest().is_anything());
    best.or_else(list).or_else(map).unwrap_or(shape).clone()
}

fn value(tree: &Tree, shape: &Shape) -> Result<Json, Box<Fault>> {
    let below = match tree {
        Tree::Texts(texts) => return leaf(texts, shape),
        Tree::Below(below) => below,
    };
    let shape = &*shape.passing();
    let shape = &meant(shape, below, MOST_TURNS);
    // `a[]=x` is a list of its own.
    if let [(step, Tree::Texts(texts))] = below.as_slice()
        && step.is_empty()
    {
        let items = shape.items();
        return Ok(Json::Array(texts.iter().map(|text| items.read_text(text)).collect()));
    }
    let mut places: Vec<(usize, &Tree)> = Vec::new();
    for (step, tree) in below {
        if let Ok(place) = step.parse::<usize>() {
            places.push((place, tree));
        }
    }
    places.sort_by_key(|(place, _)| *place);
    let in_order =
        places.len() == below.len() && places.iter().enumerate().all(|(at, (place, _))| at == *place);
    if shape.kind() == Kind::Array && !in_order {
        return Err(Fault::new("style", "places from 0, each once", Got::Kind("others")));
    }
    // Of what is not described, `a[0]=` is a list, as those who write such names mean it.
    if in_order && shape.allows(Kind::Array) && (shape.kind() == Kind::Array || shape.members().is_empty()) {
        let items = shape.items();
        let read: Result<Vec<_>, _> = places.iter().map(|(_, tree)| value(tree, &items)).collect();
        return read.map(Json::Array);
    }
    let mut members = Map::new();
    let rest = shape.rest();
    for (name, tree) in below {
        let read = value(tree, shape.member(name).unwrap_or(rest));
        members.insert(name.clone(), read.map_err(|fault| fault.below(name))?);
    }
    Ok(Json::Object(members))
}

fn leaf(texts: &[String], shape: &Shape) -> Result<Json, Box<Fault>> {
    match texts {
        [only] if shape.kind() != Kind::Array => Ok(shape.read_text(only)),
        texts if shape.allows(Kind::Array) => {
            let items = shape.items();
            Ok(Json::Array(texts.iter().map(|text| items.read_text(text)).collect()))
        }
        texts => Err(Fault::new("duplicate-name", "one value", Got::Length(texts.len(), "values"))),
    }
}
