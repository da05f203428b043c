//! Objects: their members, those that must be there, and those that nobody declared
//! (JSON Schema 2020-12 Core §10.3.2, Validation §6.5).

use super::super::flat::Flat;
use super::super::judge::{Judge, Obstacle, Obstacles, obstacle, place};
use super::super::node::{Book, Node};
use super::number::lengths;
use super::{at, same, same_or};
use serde_json::Value;
use std::collections::HashSet;

pub(super) fn check(
    judge: &mut Judge,
    sub: &Flat,
    sup: &Flat,
    own: &mut Vec<Obstacle>,
    below: &mut Obstacles,
) {
    required(judge, sub, sup, own);
    lengths(judge, sub, sup, &["minProperties", "maxProperties"], own);
    for word in ["propertyNames", "dependentRequired", "dependentSchemas", "patternProperties"] {
        same_or(judge, sub, sup, word, own);
    }
    for part in &sup.parts {
        if judge.brief && !(own.is_empty() && below.is_empty()) {
            return;
        }
        members(judge, sub, part, own, below);
        others(judge, sub, part, own, below);
    }
    declared(judge, sub, sup, own);
}

fn required(judge: &Judge, sub: &Flat, sup: &Flat, own: &mut Vec<Obstacle>) {
    let have = sub.required();
    for name in sup.required().into_iter().filter(|name| !have.contains(name)) {
        let declared = sub.declared().contains(&name);
        let what = match (judge.sub_is_old, declared) {
            (true, true) => format!("member `{name}` must be there now"),
            (true, false) => format!("member `{name}` is new and must be there"),
            (false, true) => format!("member `{name}` may be missing now"),
            (false, false) => format!("member `{name}`, which was always there, is gone"),
        };
        // The name is part of the place: several of them are several obstacles.
        let find = |flat: &Flat| {
            let holder = flat
                .parts
                .iter()
                .find(|part| part.lowered.pointer("/properties").is_some_and(|all| all.get(name).is_some()));
            holder.map_or_else(|| at(flat, "required"), |part| part.at.at("properties").at(name))
        };
        own.push(obstacle("required", &what, find(sub), find(sup)));
    }
}

/// What one part declares must hold for what the other side may have under these names.
fn members(judge: &mut Judge, sub: &Flat, part: &Node, own: &mut Vec<Obstacle>, below: &mut Obstacles) {
    let names: Vec<String> = part
        .lowered
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    let speaks = !sub.declared().is_empty();
    let patterns = sub.has("patternProperties");
    for name in names {
        let Some(wanted) = part.below(&["properties", &name]) else { continue };
        let have = sub.member(&name);
        if have.iter().any(Node::is_never) {
            continue;
        }
        // A name that an object with declared members does not speak of is not sent.
        if have.is_empty() && speaks && !patterns {
            continue;
        }
        let found = judge.deeper(&have, std::slice::from_ref(&wanted));
        if judge.brief && !found.is_empty() {
            below.extend(found);
            return;
        }
        if have.is_empty() && !found.is_empty() {
            let what =
                format!("member `{name}` could be anything on one side, and is described on the other");
            own.push(obstacle("properties", &what, place(sub), wanted.at.clone()));
        } else {
            below.extend(found);
        }
    }
}

/// What one part says of members that it does not declare must hold for those that the other side has.
fn others(judge: &mut Judge, sub: &Flat, part: &Node, own: &mut Vec<Obstacle>, below: &mut Obstacles) {
    let Some(wanted) = part.below(&["additionalProperties"]) else { return };
    if *wanted.lowered == Value::Bool(true) {
        return;
    }
    let declares = |name: &str| part.lowered.get("properties").is_some_and(|all| all.get(name).is_some());
    let patterns = part.lowered.get("patternProperties").is_some();
    let same_patterns =
        patterns && sub.parts.iter().any(|other| same(judge, other, part, "patternProperties"));
    let names: Vec<String> =
        sub.declared().into_iter().filter(|name| !declares(name)).map(str::to_owned).collect();
    for name in names {
        let have = sub.member(&name);
        if have.iter().any(Node::is_never) {
            continue;
        }
        if wanted.is_never() || patterns {
            let what = if judge.sub_is_old {
                format!("member `{name}` is gone, and members that are not declared are refused")
            } else {
                format!("member `{name}` is new, and members that are not declared were refused")
            };
            let there = have.first().map_or_else(|| place(sub), |node| node.at.clone());
            let mut found = obstacle("additionalProperties", &what, there, wanted.at.clone());
            if patterns {
                found.rule = "patternProperties";
            }
            own.push(found);
        } else {
            below.extend(judge.deeper(&have, std::slice::from_ref(&wanted)));
        }
    }
    let have = sub.others();
    if have.iter().any(Node::is_never) && (!sub.has("patternProperties") || same_patterns) {
        return;
    }
    if have.is_empty() || wanted.is_never() {
        let what = if judge.sub_is_old {
            "members that are not declared were taken, and are refused or limited now"
        } else {
            "members that are not declared may be sent now, and were refused or limited"
        };
        if !have.is_empty() || !judge.deeper(&[], std::slice::from_ref(&wanted)).is_empty() {
            own.push(obstacle("additionalProperties", what, place(sub), wanted.at.clone()));
        }
    } else {
        below.extend(judge.deeper(&have, std::slice::from_ref(&wanted)));
    }
}

/// Members that only one side declares: no value shows that they are gone or new where objects are open.
fn declared(judge: &mut Judge, sub: &Flat, sup: &Flat, own: &mut Vec<Obstacle>) {
    if judge.trying {
        return;
    }
    let (mut have, mut take) = (Vec::new(), Vec::new());
    names(&mut judge.sub, sub, DEEPEST, &mut have);
    names(&mut judge.sup, sup, DEEPEST, &mut take);
    // Gone matters the way that matters; new is told the other way, which only tells what was added.
    let from_sub = judge.forward == judge.sub_is_old;
    let (from, to, to_flat) = if from_sub { (have, take, sup) } else { (take, have, sub) };
    let what = if judge.forward { "is no longer declared" } else { "is new" };
    let known: HashSet<String> = to.into_iter().map(|(name, _)| name).collect();
    let told: Vec<String> =
        own.iter().filter(|one| one.rule == "required").map(|one| one.what.clone()).collect();
    for (name, node) in from {
        let quoted = format!("`{name}`");
        if known.contains(&name) || node.is_never() || told.iter().any(|told| told.contains(&quoted)) {
            continue;
        }
        let (here, there) = (node.at, place(to_flat));
        let (sub, sup) = if from_sub { (here, there) } else { (there, here) };
        own.push(obstacle("member", &format!("member {quoted} {what}"), sub, sup));
    }
}

/// Alternatives inside alternatives that are looked into for names.
const DEEPEST: usize = 4;

/// Every declared name, those of alternatives included.
fn names(book: &mut Book, flat: &Flat, depth: usize, found: &mut Vec<(String, Node)>) {
    for part in &flat.parts {
        let members = part.lowered.get("properties").and_then(Value::as_object);
        for name in members.into_iter().flat_map(|members| members.keys()) {
            if let Some(node) = part.below(&["properties", name])
                && found.iter().all(|(known, _)| known != name)
            {
                found.push((name.clone(), node));
            }
        }
        for word in ["anyOf", "oneOf"] {
            for branch in part.list(word).into_iter().filter(|_| depth > 0) {
                let flat = Flat::new(book, &[branch]);
                names(book, &flat, depth - 1, found);
            }
        }
    }
}
