//! What a picture of the accounts carries over into the next one.

use super::{Accounts, ConsumerName, ConsumerRow, KeyRow, PlanName, PolicyId};
use crate::{KeyDigest, Rate};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

fn picture(before: Option<&Accounts>) -> Accounts {
    let name = ConsumerName::new("globex");
    let row = row(&name);
    let key = KeyRow::new(KeyDigest::of("key"), name);
    let stray = KeyRow::new(KeyDigest::of("stray"), ConsumerName::new("nobody"));
    Accounts::new(vec![row], vec![key, stray], |plan| vec![PolicyId::new(plan, "h")], before)
}

fn row(name: &ConsumerName) -> ConsumerRow {
    ConsumerRow {
        name: name.clone(),
        plans: vec![PlanName::new("free")],
        suspended: false,
        accepted: Vec::new(),
    }
}

#[test]
fn a_meter_outlives_the_picture_it_was_made_for() {
    let policy = PolicyId::new(&PlanName::new("free"), "h");
    let once = Rate::new(NonZeroU32::MIN, Duration::from_secs(60));
    let first = picture(None);
    let take = |accounts: &Accounts| {
        accounts.by_name("globex").unwrap().meter(&policy).unwrap().take(&once, 9, 1).is_ok()
    };
    assert!(take(&first));
    assert!(!take(&picture(Some(&first))), "the limit was not reset");
    assert!(take(&picture(None)));
}

#[test]
fn a_key_without_its_consumer_opens_nothing() {
    assert!(picture(None).by_key(&KeyDigest::of("key")).is_some());
    assert!(picture(None).by_key(&KeyDigest::of("stray")).is_none());
}

#[test]
fn what_has_not_changed_is_not_made_anew_and_what_has_changed_is() {
    let (acme, globex) = (ConsumerName::new("acme"), ConsumerName::new("globex"));
    let key = |text: &str, of: &ConsumerName, word: &str| {
        let mut key = KeyRow::new(KeyDigest::of(text), of.clone());
        key.scope.only.extend((!word.is_empty()).then(|| word.to_owned()));
        key
    };
    let keys = || vec![key("1", &acme, ""), key("2", &globex, "GET *"), key("3", &globex, "GET *")];
    let first = Accounts::new(vec![row(&acme), row(&globex)], keys(), |_| Vec::new(), None);
    assert_eq!(first.scopes().len(), 1, "the same scope is kept once");
    let suspended = ConsumerRow { suspended: true, ..row(&globex) };
    let next = Accounts::new(vec![row(&acme), suspended], keys(), |_| Vec::new(), Some(&first));
    let same = |key: &str, next: &Accounts| {
        let digest = KeyDigest::of(key);
        Arc::ptr_eq(first.by_key(&digest).unwrap(), next.by_key(&digest).unwrap())
    };
    assert!(same("1", &next) && !same("2", &next));
    assert!(next.by_key(&KeyDigest::of("2")).unwrap().consumer.suspended);
    assert!(Arc::ptr_eq(first.scopes(), next.scopes()));
    let other = Accounts::new(
        vec![row(&acme), row(&globex)],
        vec![key("1", &acme, "POST *"), key("2", &globex, "GET *")],
        |plan| vec![PolicyId::new(plan, "h")],
        Some(&first),
    );
    assert!(!same("1", &other));
    assert_eq!(other.scopes().len(), 2);
    let limit = PolicyId::new(&PlanName::new("free"), "h");
    assert!(other.by_name("acme").unwrap().meter(&limit).is_some(), "a limit more has its meter");
}

#[test]
fn a_use_is_told_once_a_minute_also_when_the_picture_changes() {
    let first = picture(None);
    let entry = |accounts: &Accounts| Arc::clone(accounts.by_key(&KeyDigest::of("key")).unwrap());
    assert!(entry(&first).is_first_in(7) && !entry(&first).is_first_in(7));
    assert!(!entry(&picture(Some(&first))).is_first_in(7));
    assert!(entry(&first).is_first_in(8));
}
