//! `cost` of an offer: what a call of an operation takes from limits and quotas; one, where nothing is said.
//!
//! `cost = { "POST /orders" = 5, "tag:report" = 20 }`, with the words of `only` and `except`. An operation that
//! several words name costs the most that one of them says.

use crate::keys::{Keys, Text, quoted, wrong_type};
use crate::offer::Around;
use crate::report::Problem;
use crate::scope::Scope;
use crate::tree::{At, Value};
use crate::{Limit, Measure, Plan, code, rule};
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;

/// What the operations cost, by index into the contract's; empty: each call costs one.
pub(crate) fn resolve(
    keys: &Keys<'_, '_>,
    around: &Around<'_>,
    plans: &[Arc<Plan>],
    scope: &Scope<'_>,
) -> Vec<NonZeroU32> {
    let Some(entry) = keys.entry("cost") else { return Vec::new() };
    let Value::Table(table) = &entry.node.value else {
        keys.wrong("cost", &entry.node, "a table of words and numbers", "{ \"POST *\" = 5 }");
        return Vec::new();
    };
    let Some(sheet) = around.sheet else {
        if !around.contract_written {
            scope.report.add(rule::without_contract("cost", &entry.key, around));
        }
        return Vec::new();
    };
    let operations = &sheet.contract.operations;
    let mut costs = vec![NonZeroU32::MIN; operations.len()];
    for (word, value) in table {
        let number = match value.node.value {
            Value::Integer(number) => u32::try_from(number).ok().and_then(NonZeroU32::new),
            _ => None,
        };
        let Some(cost) = number else {
            let what = format!("the cost of `{word}` in {}", keys.name);
            let example = format!("{} = 5", quoted(word));
            scope.report.add(wrong_type(&what, &value.node, "a whole number from 1", &example));
            continue;
        };
        if let Some(problem) = never(cost, plans, &value.node.at) {
            scope.report.add(problem);
        }
        let text = Text { text: word, at: &value.key };
        let Some(test) = rule::matching(text, sheet, around, scope) else { continue };
        for (known, operation) in costs.iter_mut().zip(operations) {
            if test.names(operation) {
                *known = cost.max(*known);
            }
        }
    }
    costs
}

/// More limits than this are counted only.
const SHOWN: usize = 8;

/// Every limit that could never be paid, at once: whoever mends one by one runs in circles.
fn never(cost: NonZeroU32, plans: &[Arc<Plan>], at: &At) -> Option<Problem> {
    let mut small: Vec<(&Plan, &Limit)> = plans
        .iter()
        .flat_map(|plan| plan.limits.iter().map(move |limit| (&**plan, limit)))
        .filter(|(_, limit)| !limit.soft && !matches!(limit.measure, Measure::AtOnce(_)))
        .filter(|(_, limit)| limit.measure.most() < cost.get())
        .collect();
    small.sort_by_key(|(_, limit)| limit.measure.most());
    let (_, least) = small.first()?;
    let least = least.measure.most();
    let told = small.iter().take(SHOWN).map(|(plan, limit)| {
        format!("`{}` of [plans.{}] lets {} through in one go", limit.text, plan.name, limit.measure.most())
    });
    let mut words = told.collect::<Vec<_>>().join(", ");
    if small.len() > SHOWN {
        let _ = write!(words, ", and {} more let less than {cost} through", small.len() - SHOWN);
    }
    let larger = if small.len() == 1 { "a larger limit" } else { "larger limits" };
    let problem =
        Problem::error(&code::COST_OVER_LIMIT, format!("a call that costs {cost} is never let through"));
    Some(
        problem
            .at(at, words)
            .help(format!("write a cost of at most {least}, or {larger} (`burst` of a rate)")),
    )
}
