//! Lists: their items and how many (JSON Schema 2020-12 Core §10.3.1, Validation §6.4).

use super::super::flat::Flat;
use super::super::judge::{Judge, Obstacle, Obstacles, obstacle};
use super::number::lengths;
use super::{at, same_or, told};
use serde_json::Value;

pub(super) fn check(
    judge: &mut Judge,
    sub: &Flat,
    sup: &Flat,
    own: &mut Vec<Obstacle>,
    below: &mut Obstacles,
) {
    lengths(judge, sub, sup, &["minItems", "maxItems"], own);
    let unique = |flat: &Flat| flat.word("uniqueItems").any(|(_, value)| *value == Value::Bool(true));
    let single = sub.word("maxItems").any(|(_, value)| value.as_u64().is_some_and(|most| most < 2));
    if unique(sup) && !unique(sub) && !single {
        let what = told(judge, "uniqueItems", None, Some(&Value::Bool(true)));
        own.push(obstacle("uniqueItems", &what, at(sub, "uniqueItems"), at(sup, "uniqueItems")));
    }
    for word in ["prefixItems", "contains"] {
        same_or(judge, sub, sup, word, own);
    }
    let empty = sub.word("maxItems").any(|(_, value)| value.as_u64() == Some(0));
    if empty {
        return;
    }
    if sup.has("items") {
        if sub.has("prefixItems") && !sup.has("prefixItems") {
            let what = "the first items are described one by one on one side only";
            own.push(obstacle("prefixItems", what, at(sub, "prefixItems"), at(sup, "items")));
        }
        let items = sub.items();
        for part in &sup.parts {
            let Some(wanted) = part.below(&["items"]) else { continue };
            if items.is_empty() && *wanted.lowered != Value::Bool(true) {
                let what = told(judge, "items", None, part.lowered.get("items"));
                let found = judge.deeper(&[], std::slice::from_ref(&wanted));
                if !found.is_empty() {
                    own.push(obstacle("items", &what, super::place(sub), wanted.at.clone()));
                }
                continue;
            }
            if items.iter().any(super::Node::is_never) {
                continue;
            }
            below.extend(judge.deeper(&items, &[wanted]));
        }
    }
}
