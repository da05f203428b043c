//! Versions of a real contract, from npm, and real changes in one: nothing that breaks is called additive.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that reads files"
)]

mod mutation;
mod published;

use contract::{Change, Contract, Verdict, compare};
use mutation::{KINDS, mutate};
use published::published;

/// What is gone or must be there breaks, whatever else is known.
const ALWAYS_BREAKS: [&str; 5] =
    ["operation-removed", "body-removed", "parameter-required", "body-required", "media-type-removed"];

/// How often each kind of change is made.
const EACH: usize = 3;

fn contract(version: &str, file: &str) -> Option<Contract> {
    let bytes = published(version, file)?;
    Some(Contract::read(&format!("{version}/{file}"), &bytes).expect("a contract"))
}

fn count(changes: &[Change], verdict: Verdict) -> usize {
    changes.iter().filter(|change| change.verdict == verdict).count()
}

fn told(name: &str, changes: &[Change]) {
    eprintln!(
        "{name}: {} breaking, {} unknown, {} additive, {} neutral",
        count(changes, Verdict::Breaking),
        count(changes, Verdict::Unknown),
        count(changes, Verdict::Additive),
        count(changes, Verdict::Neutral)
    );
}

/// What is true of any two versions, compared there and back.
fn neighbours(from: (&str, &str), to: (&str, &str)) {
    let (Some(old), Some(new)) = (contract(from.0, from.1), contract(to.0, to.1)) else { return };
    let there = compare(&old, &new);
    let back = compare(&new, &old);
    told("there", &there);
    told("back", &back);
    assert!(!there.is_empty(), "two versions differ");
    // What is added one way is gone the other way, and never the other way round.
    let about = |changes: &[Change], rule: &str| changes.iter().filter(|change| change.rule == rule).count();
    assert_eq!(about(&there, "operation-added"), about(&back, "operation-removed"));
    assert_eq!(about(&there, "operation-removed"), about(&back, "operation-added"));
    for change in there.iter().chain(&back) {
        assert!(!ALWAYS_BREAKS.contains(&change.rule) || change.verdict == Verdict::Breaking, "{change:?}");
        assert!(change.verdict != Verdict::Additive || change.proof.is_none(), "{change:?}");
        assert!(change.old.is_some() || change.new.is_some(), "{change:?} stands somewhere");
    }
    // Whatever a value was shown to break is not called additive under the same place and word.
    for changes in [&there, &back] {
        for change in changes.iter().filter(|change| change.proof.is_some()) {
            let same = |one: &&Change| one.verdict == Verdict::Additive && one.what == change.what;
            assert!(changes.iter().find(same).is_none(), "{change:?}");
        }
    }
}

#[test]
fn two_versions_of_one_product_are_judged() {
    neighbours(("22.0.0", "ghes-3.19.json"), ("23.0.0", "ghes-3.19.json"));
}

#[test]
fn two_products_of_one_version_are_judged() {
    neighbours(("23.0.0", "ghes-3.18.json"), ("23.0.0", "ghes-3.19.json"));
}

#[test]
fn the_newest_two_versions_are_judged() {
    neighbours(("22.0.0", "api.github.com.json"), ("23.0.0", "api.github.com.json"));
}

#[test]
fn a_contract_does_not_differ_from_itself() {
    let file = "ghes-3.19.json";
    let (Some(one), Some(other)) = (contract("23.0.0", file), contract("23.0.0", file)) else { return };
    assert_eq!(compare(&one, &other), Vec::new());
}

#[test]
fn changes_of_known_verdict_in_a_real_contract_get_it_both_ways() {
    let Some(bytes) = published("23.0.0", "ghes-3.19.json") else { return };
    let mut document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let made = mutate(&mut document, EACH);
    let old = Contract::read("old", &bytes).expect("a contract");
    let new = Contract::read("new", document.to_string().as_bytes()).expect("a contract");
    let directions = [compare(&old, &new), compare(&new, &old)];
    told("there", &directions[0]);
    told("back", &directions[1]);
    let mut wrong = Vec::new();
    for one in &made {
        let kind = &KINDS[one.kind];
        for (changes, wanted) in directions.iter().zip(kind.verdicts) {
            let about = changes.iter().filter(|change| change.operations.contains(&one.operation));
            let worst = about.clone().map(|change| change.verdict).min();
            if worst.map(Verdict::word) != Some(wanted) {
                let all: Vec<_> = about.map(|one| (one.verdict, one.rule, &one.what)).collect();
                wrong.push(format!("{} in {}: {worst:?}, not {wanted}: {all:?}", kind.name, one.operation));
            }
        }
        let rule = directions[0]
            .iter()
            .any(|change| change.operations.contains(&one.operation) && change.rule == kind.rule);
        if !rule && !["member's type narrowed in a body", "whole answer may be null"].contains(&kind.name) {
            wrong.push(format!("{} in {}: not told under `{}`", kind.name, one.operation, kind.rule));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), made.len(), wrong.join("\n"));
    // Nothing else is told than what was done.
    let touched =
        |change: &&Change| change.operations.iter().all(|id| made.iter().all(|one| one.operation != *id));
    let strangers: Vec<_> = directions.iter().flatten().filter(touched).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    assert!(made.len() >= 60, "{} changes", made.len());
    for (index, kind) in KINDS.iter().enumerate() {
        assert!(made.iter().any(|one| one.kind == index), "no place for `{}`", kind.name);
    }
}
