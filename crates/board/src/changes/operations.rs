//! Which operations an offer opens and closes, what they cost, and which paths fall to another operation.
//!
//! Operations are the same where method, path and what the key fixes are: an id is a name. A path of an operation that
//! was kept back and is gone from the contract may mean another one now, which is open: that opens, too.

use super::offer::Both;
use super::words::list;
use super::{Change, Effect, Side};
use crate::{Api, Offer, trie};
use contract::{Operation, PathTemplate, Segment};
use exchange::Origin;
use http::Method;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// So many operations that are gone are held against those that stay, one by one; of more it is said without looking.
const LOOKED_AT: usize = 1_000;

/// Operations by what tells them apart; of two that nothing does, the first is meant.
struct Known<'c> {
    list: &'c [Arc<Operation>],
    by_key: HashMap<String, usize>,
}

impl<'c> Known<'c> {
    fn of(api: &'c Api) -> Self {
        let list = api.contract.as_ref().map(|contract| contract.operations.as_slice()).unwrap_or_default();
        let mut by_key = HashMap::new();
        for (index, operation) in list.iter().enumerate() {
            by_key.entry(key(operation)).or_insert(index);
        }
        Self { list, by_key }
    }

    /// The index of the operation that means the same calls.
    fn twin(&self, operation: &Operation) -> Option<usize> {
        self.by_key.get(&key(operation)).copied()
    }

    /// Those that can be meant: of two alike the second is out of reach.
    fn meant(&self) -> impl Iterator<Item = (usize, &'c Arc<Operation>)> {
        let first = |(index, operation): &(usize, &Arc<Operation>)| self.twin(operation) == Some(*index);
        self.list.iter().enumerate().filter(first)
    }
}

fn key(operation: &Operation) -> String {
    let mut fixed = operation.fixed.clone();
    fixed.sort();
    format!("{} {fixed:?}", trie::skeletons(operation))
}

fn opens(offer: &Offer, index: usize) -> bool {
    offer.opens.get(index).copied().unwrap_or(false)
}

/// Where an operation of a contract stands.
pub(super) fn stands(api: &Api, operation: &Operation) -> Option<Origin> {
    let contract = api.contract.as_ref()?;
    let stand = contract.stand(&operation.at)?;
    Some(Origin { file: stand.file.as_str().into(), line: stand.line() })
}

pub(super) fn compare(both: &Both<'_>, found: &mut Vec<Change>) {
    let (old, new, id) = (both.old, both.new, &both.new.id);
    if !undeclared(both, found) {
        return;
    }
    let (was, is) = (Known::of(both.old_api), Known::of(both.new_api));
    let mut sorted = Sorted::default();
    for (index, operation) in is.meant() {
        let open = opens(new, index);
        match was.twin(operation) {
            Some(before) => match (opens(old, before), open) {
                (false, true) => sorted.opened.push(operation),
                (true, false) => sorted.closed.push(operation),
                _ => {}
            },
            // Without a contract, and under `undeclared = "pass"`, it was reached as any other path.
            None if old.opens_undeclared => {
                if open {
                    sorted.declared.push(operation);
                } else {
                    sorted.closed.push(operation);
                }
            }
            None if open => sorted.added.push(operation),
            None => {}
        }
    }
    for (index, operation) in was.meant().filter(|(_, operation)| is.twin(operation).is_none()) {
        match (opens(old, index), new.opens_undeclared) {
            (_, true) => sorted.unchecked.push(operation),
            (true, false) => sorted.removed.push(operation),
            (false, false) => sorted.kept_back.push(operation),
        }
    }
    let written = |side, offer: &Offer| (!offer.rule.is_empty()).then(|| (side, offer.rule_origin.clone()));
    let rule = written(Side::New, new).or_else(|| written(Side::Old, old));
    let mut tell =
        |effect, slug, operations: &[&Arc<Operation>], what: String, at: Option<(Side, Origin)>| {
            if !operations.is_empty() {
                let operations = operations.iter().map(|operation| operation.id.to_string()).collect();
                both.push(found, "", Change { operations, at, ..Change::new(effect, slug, what) });
            }
        };
    let names = |operations: &[&Arc<Operation>]| {
        list(&operations.iter().map(|operation| operation.id.to_string()).collect::<Vec<_>>())
    };
    let here = |operations: &[&Arc<Operation>]| {
        let place = stands(both.new_api, operations.first()?)?;
        Some((Side::New, place))
    };
    let there = |operations: &[&Arc<Operation>]| {
        let place = stands(both.old_api, operations.first()?)?;
        Some((Side::Old, place))
    };
    let Sorted { opened, closed, declared, added, unchecked, removed, kept_back } = &sorted;
    let words = format!("`{id}` opens {}", names(opened));
    tell(Effect::Opens, "operation-opened", opened, words, rule.clone().or_else(|| here(opened)));
    let words = format!("`{id}` opens {}, new in the contract", names(added));
    tell(Effect::Opens, "operation-added", added, words, here(added));
    let words = format!("{} of `{id}`: gone from the contract, and passes unchecked", names(unchecked));
    tell(Effect::Opens, "operation-unchecked", unchecked, words, there(unchecked));
    let words = format!("`{id}` does not open {} any more", names(closed));
    tell(Effect::Closes, "operation-closed", closed, words, rule.or_else(|| here(closed)));
    let words = format!("{} of `{id}`: gone from the contract", names(removed));
    tell(Effect::Closes, "operation-removed", removed, words, there(removed));
    let words = format!("{} of `{id}`: declared by the contract now, passed before", names(declared));
    tell(Effect::Other, "operation-declared", declared, words, here(declared));
    fall(both, kept_back, &was, &is, found);
    costs(both, &was, &is, found);
}

/// Operations by what becomes of them.
#[derive(Default)]
struct Sorted<'c> {
    opened: Vec<&'c Arc<Operation>>,
    added: Vec<&'c Arc<Operation>>,
    closed: Vec<&'c Arc<Operation>>,
    declared: Vec<&'c Arc<Operation>>,
    unchecked: Vec<&'c Arc<Operation>>,
    removed: Vec<&'c Arc<Operation>>,
    /// Gone from the contract, and closed before.
    kept_back: Vec<&'c Arc<Operation>>,
}

/// Paths that no contract declares; gives whether there is more to tell.
fn undeclared(both: &Both<'_>, found: &mut Vec<Change>) -> bool {
    let (old, new, id) = (both.old, both.new, &both.new.id);
    let (had, has) = (both.old_api.contract.is_some(), both.new_api.contract.is_some());
    let (slug, what) = match (old.opens_undeclared, new.opens_undeclared) {
        (false, true) if !has => (
            "contract-removed",
            format!("`{id}` has no contract any more: every path below it passes unchecked"),
        ),
        (false, true) => {
            ("undeclared-passes", format!("`{id}` lets paths through that its contract lacks, unchecked"))
        }
        (true, false) if !had => {
            ("contract-added", format!("`{id}` has a contract: other paths than it declares are refused"))
        }
        (true, false) => ("undeclared-refused", format!("`{id}` refuses paths that its contract lacks")),
        _ => return true,
    };
    let effect = if new.opens_undeclared { Effect::Opens } else { Effect::Closes };
    let key = if had == has { "undeclared" } else { "contract" };
    let at = both.pair.place(&["apis", both.new_api.name.as_str(), key]);
    both.push(found, "", Change::new(effect, slug, what).at(at));
    // Everything below opens: which operations those were, nobody needs to read.
    has
}

/// Paths of operations that were kept back and are gone: which of those that stay, and are open, take them now?
fn fall(both: &Both<'_>, gone: &[&Arc<Operation>], was: &Known<'_>, is: &Known<'_>, found: &mut Vec<Change>) {
    let id = &both.new.id;
    let open: Vec<_> = is
        .meant()
        // What was not open, or not there, is told as opened.
        .filter(|(index, one)| {
            opens(both.new, *index) && was.twin(one).is_some_and(|before| opens(both.old, before))
        })
        .map(|(_, one)| one)
        .collect();
    let doubtful = gone.len() > LOOKED_AT;
    let mut taken: HashMap<&str, Vec<String>> = HashMap::new();
    for one in gone.iter().take(LOOKED_AT) {
        for other in open.iter().filter(|other| may_take(other, one)) {
            taken.entry(other.id.as_str()).or_default().push(one.id.to_string());
        }
    }
    let mut seen = HashSet::new();
    for other in open.iter().filter(|other| seen.insert(other.id.as_str())) {
        let Some(names) = taken.remove(other.id.as_str()) else { continue };
        let what = format!(
            "paths of {}, gone from the contract and closed before, may mean `{}` of `{id}` now, which is open",
            list(&names),
            other.id
        );
        let operations = vec![other.id.to_string()];
        let at = stands(both.new_api, other).map(|place| (Side::New, place));
        let change = Change { operations, at, ..Change::new(Effect::Opens, "path-falls", what) };
        both.push(found, "", change);
    }
    if doubtful {
        let what = format!(
            "{} operations that `{id}` kept back are gone from the contract: their paths may mean others, which are open",
            gone.len()
        );
        both.push(found, "", Change::new(Effect::Opens, "path-falls", what));
    }
}

/// Whether a call that meant `gone` may mean `other` now.
fn may_take(other: &Operation, gone: &Operation) -> bool {
    let (method, wanted) = (other.method(), gone.method());
    // RFC 9110 §9.3.2: a `HEAD` that is not declared is its path's `GET`.
    (method == wanted || wanted == Method::HEAD && method == Method::GET)
        && may_match(other.template(), gone.template())
}

/// Whether some path may match both templates; in doubt it may.
fn may_match(one: &PathTemplate, other: &PathTemplate) -> bool {
    let (one, other) = (one.segments(), other.segments());
    let rests = one.iter().chain(other).any(|segment| segment.rest().is_some());
    (rests || one.len() == other.len())
        && one
            .iter()
            .zip(other)
            .take_while(|(one, other)| one.rest().is_none() && other.rest().is_none())
            .all(|(one, other)| may_be_one(one, other))
}

fn may_be_one(one: &Segment, other: &Segment) -> bool {
    let text = |segment: &Segment| trie::literal(segment);
    match (one.is_literal(), other.is_literal()) {
        (true, true) => text(one) == text(other),
        (true, false) => other.capture(&text(one), &mut Vec::new()).is_some(),
        (false, true) => one.capture(&text(other), &mut Vec::new()).is_some(),
        (false, false) => true,
    }
}

/// What calls take from limits and quotas.
fn costs(both: &Both<'_>, was: &Known<'_>, is: &Known<'_>, found: &mut Vec<Change>) {
    let cost = |offer: &Offer, index: usize| offer.costs.get(index).map_or(1, |cost| cost.get());
    let mut changed: HashMap<(u32, u32), Vec<String>> = HashMap::new();
    for (index, operation) in is.meant().filter(|(index, _)| opens(both.new, *index)) {
        let before = was.twin(operation).map_or(1, |before| cost(both.old, before));
        let after = cost(both.new, index);
        if before != after {
            changed.entry((before, after)).or_default().push(operation.id.to_string());
        }
    }
    let mut changed: Vec<_> = changed.into_iter().collect();
    changed.sort();
    for ((before, after), operations) in changed {
        let (effect, slug) =
            if after < before { (Effect::Opens, "cost-lowered") } else { (Effect::Closes, "cost-raised") };
        let what =
            format!("a call of {} by `{}` costs {after}, was {before}", list(&operations), both.new.id);
        both.push(found, "cost", Change { operations, ..Change::new(effect, slug, what) });
    }
}

/// Operations of an API by their ids, and which offers open them.
pub(super) struct Named<'a> {
    api: &'a Api,
    by_id: HashMap<&'a str, usize>,
}

impl<'a> Named<'a> {
    pub(super) fn of(api: &'a Api) -> Self {
        let list = api.contract.iter().flat_map(|contract| &contract.operations).enumerate();
        Self { api, by_id: list.map(|(index, operation)| (operation.id.as_str(), index)).collect() }
    }

    /// The offers that open one of these operations; of none, all.
    pub(super) fn opening(&self, ids: &[String]) -> Vec<&'a Arc<Offer>> {
        let named: Vec<usize> = ids.iter().filter_map(|id| self.by_id.get(id.as_str()).copied()).collect();
        let opened = |offer: &&Arc<Offer>| ids.is_empty() || named.iter().any(|index| opens(offer, *index));
        self.api.offers.iter().filter(opened).collect()
    }
}
