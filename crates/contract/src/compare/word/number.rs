//! Bounds and steps of numbers, and bounds of counts (JSON Schema 2020-12 Validation §6.2, §6.3).

use super::super::flat::Flat;
use super::super::judge::{Judge, Obstacle, obstacle};
use super::super::kinds;
use super::{at, slug, told};
use crate::decimal::{Decimal, order, same};
use serde_json::Value;
use std::cmp::Ordering;

/// The keyword that lowering puts in the place of `format: int32` and `int64`.
const INTEGER_FORMAT: &str = "switchboard-integer-format";

pub(super) fn check(judge: &Judge, sub: &Flat, sup: &Flat, own: &mut Vec<Obstacle>) {
    for (words, sign) in [(["minimum", "exclusiveMinimum"], 1.0), (["maximum", "exclusiveMaximum"], -1.0)] {
        for word in words {
            for (part, value) in sup.word(word) {
                let enough = words.iter().any(|known| {
                    sub.word(known).any(|(_, have)| {
                        let strict = word == words[1] && *known == words[0];
                        match order(have, value) {
                            Some(Ordering::Equal) => !strict,
                            Some(Ordering::Greater) => sign > 0.0,
                            Some(Ordering::Less) => sign < 0.0,
                            None => false,
                        }
                    })
                });
                if !enough {
                    let have = words.iter().find_map(|word| Some((*word, sub.word(word).next()?.1)));
                    let what = match have {
                        Some((known, have)) if known != word => {
                            let (old, new) = if judge.sub_is_old {
                                (format!("{known} {have}"), format!("{word} {value}"))
                            } else {
                                (format!("{word} {value}"), format!("{known} {have}"))
                            };
                            format!("bound: was {old}, is {new}")
                        }
                        have => told(judge, word, have.map(|(_, have)| have), Some(value)),
                    };
                    let there = have.map_or_else(|| at(sub, word), |(known, _)| at(sub, known));
                    own.push(obstacle(slug(word), &what, there, part.at.at(word)));
                }
            }
        }
    }
    for (part, value) in sup.word("multipleOf") {
        let whole_only = sub.kinds() & kinds::BROKEN == 0;
        let enough = (whole_only && same(value, &Value::from(1)))
            || sub.word("multipleOf").any(|(_, have)| is_multiple(have, value));
        if !enough {
            let have = sub.word("multipleOf").next().map(|(_, have)| have);
            let what = told(judge, "multipleOf", have, Some(value));
            own.push(obstacle("multipleOf", &what, at(sub, "multipleOf"), part.at.at("multipleOf")));
        }
    }
    for (part, value) in sup.word(INTEGER_FORMAT) {
        let enough = sub.word(INTEGER_FORMAT).any(|(_, have)| have == value || value == "int64");
        if !enough && !within(sub, value) {
            let have = sub.word(INTEGER_FORMAT).next().map(|(_, have)| have);
            let what = told(judge, "format", have, Some(value));
            own.push(obstacle("format", &what, super::place(sub), part.at.at("format")));
        }
    }
}

/// Whether the bounds keep every number inside the format.
fn within(sub: &Flat, format: &Value) -> bool {
    let (least, most) =
        if format == "int32" { (i64::from(i32::MIN), i64::from(i32::MAX)) } else { (i64::MIN, i64::MAX) };
    let whole = |words: [&'static str; 2], fits: &dyn Fn(i64) -> bool| {
        words.iter().any(|word| sub.word(word).any(|(_, have)| have.as_i64().is_some_and(fits)))
    };
    whole(["minimum", "exclusiveMinimum"], &|have| have >= least)
        && whole(["maximum", "exclusiveMaximum"], &|have| have <= most)
}

/// Counts: of characters, items, members. The first word is the least, the second the most.
pub(super) fn lengths(
    judge: &Judge,
    sub: &Flat,
    sup: &Flat,
    words: &[&'static str; 2],
    own: &mut Vec<Obstacle>,
) {
    for (word, least) in [(words[0], true), (words[1], false)] {
        for (part, value) in sup.word(word) {
            let Some(wanted) = value.as_u64() else { continue };
            let enough = (least && wanted == 0)
                || sub
                    .word(word)
                    .filter_map(|(_, have)| have.as_u64())
                    .any(|have| if least { have >= wanted } else { have <= wanted })
                || (word == "minProperties" && sub.required().len() as u64 >= wanted);
            if !enough {
                let have = sub.word(word).next().map(|(_, have)| have);
                let what = told(judge, word, have, Some(value));
                own.push(obstacle(slug(word), &what, at(sub, word), part.at.at(word)));
            }
        }
    }
}

/// Whether one step is the other some whole number of times.
fn is_multiple(have: &Value, step: &Value) -> bool {
    let (Value::Number(have), Value::Number(step)) = (have, step) else { return have == step };
    matches!((Decimal::of(have), Decimal::of(step)), (Some(have), Some(step)) if have.is_multiple_of(&step))
}
