//! `cost` of an offer: what a call of an operation takes from limits and quotas; one, where nothing is said.
//!
//! `cost = { "POST /orders" = 5, "tag:report" = 20 }`, with the words of `only` and `except`. An operation that
//! several words name costs the most that one of them says.

use crate::keys::{Keys, Text, quoted, wrong_type};
use crate::offer::Around;
use crate::report::Problem;
use crate::scope::Scope;
use crate::tree::Value;
use crate::{Measure, Plan, code, rule};
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
        for limit in plans.iter().flat_map(|plan| &plan.limits) {
            if !limit.soft
                && !matches!(limit.measure, Measure::AtOnce(_))
                && limit.measure.most() < cost.get()
            {
                scope.report.add(
                    Problem::error(
                        &code::COST_OVER_LIMIT,
                        format!("a call that costs {cost} is never let through"),
                    )
                    .at(
                        &value.node.at,
                        format!("`{}` lets {} through in one go", limit.text, limit.measure.most()),
                    )
                    .help(format!(
                        "write a cost of at most {}, or a larger limit (`burst` of a rate)",
                        limit.measure.most()
                    )),
                );
                break;
            }
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
