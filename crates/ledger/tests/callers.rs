//! What has changed since the accounts were read.

use crate::harness::{CLI, Home, NOW, on_both};
use exchange::{Changed, ConsumerName, ConsumerRow, KeyDigest, KeyId, KeyRow, PlanName};
use ledger::{About, Author, Callers, Ledger, Mark, NewKey, Since};
use std::collections::BTreeMap;

on_both! {
    whoever_follows_the_changes_knows_what_whoever_reads_everything_knows,
    what_the_audit_does_not_say_is_read_anew,
}

/// Who may call, as one knows who is told of changes.
#[derive(Debug, PartialEq)]
struct Known {
    consumers: BTreeMap<ConsumerName, ConsumerRow>,
    keys: BTreeMap<String, KeyRow>,
}

impl Known {
    fn of(callers: Callers) -> Self {
        let mut known = Self { consumers: BTreeMap::new(), keys: BTreeMap::new() };
        known.add(callers.consumers, callers.keys);
        known
    }

    fn add(&mut self, consumers: Vec<ConsumerRow>, keys: Vec<KeyRow>) {
        self.consumers.extend(consumers.into_iter().map(|row| (row.name.clone(), row)));
        self.keys.extend(keys.into_iter().map(|row| (row.digest.to_string(), row)));
    }
}

/// A change of any kind, by the number of its turn.
async fn change(ledger: &Ledger, turn: u64, by: Author<'_>) {
    let mixed = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let consumers = ledger.list_consumers().await.unwrap();
    let keys = ledger.list_keys(None).await.unwrap();
    let at = |len: usize| usize::try_from(mixed >> 40).unwrap() % len;
    let mut entropy = [0; 32];
    entropy[..8].copy_from_slice(&turn.to_le_bytes());
    match (mixed >> 32) % 8 {
        _ if consumers.is_empty() => drop(ledger.add_consumer("first", &[], by).await.unwrap()),
        0 => drop(ledger.add_consumer(&format!("c{turn}"), &[PlanName::new("free")], by).await.unwrap()),
        1 => {
            let plans = [PlanName::new("gold"), PlanName::new("free")];
            ledger.set_plans(&consumers[at(consumers.len())].name, &plans[at(2)..], by).await.unwrap();
        }
        2 => {
            let one = &consumers[at(consumers.len())];
            ledger.suspend(&one.name, !one.suspended, by).await.unwrap();
        }
        3 => {
            let about = About { owner: "ops".to_owned(), notes: turn.to_string() };
            ledger.describe(&consumers[at(consumers.len())].name, &about, by).await.unwrap();
        }
        4 => {
            let one = &consumers[at(consumers.len())].name;
            ledger.accept_terms(one, &PlanName::new("free"), &turn.to_string(), by).await.unwrap();
        }
        5 if !keys.is_empty() => {
            drop(ledger.revoke_key(&keys[at(keys.len())].id, by).await.unwrap());
        }
        // One that has ended already has no successor.
        6 if !keys.is_empty() => {
            drop(ledger.rotate_key(&keys[at(keys.len())].id, entropy, 25, None, by).await);
        }
        _ => {
            let mut wish = NewKey::default();
            wish.scope.only.extend(turn.is_multiple_of(3).then(|| "GET *".to_owned()));
            let one = &consumers[at(consumers.len())].name;
            ledger.new_narrow_key(one, entropy, &wish, by).await.unwrap();
        }
    }
}

/// The changes that there are, few enough to be told.
async fn told(ledger: &Ledger, mark: Mark, now_ms: u64) -> (Changed, Mark) {
    let since = ledger.callers_since(mark, now_ms).await.unwrap();
    let told = if let Since::Changed(changed, mark) = since { Some((changed, mark)) } else { None };
    told.unwrap()
}

async fn whoever_follows_the_changes_knows_what_whoever_reads_everything_knows(home: &mut Home) {
    let (ledger, board) = (home.ledger().await, home.ledger().await);
    let first = board.callers(NOW).await.unwrap();
    let (mut mark, mut known, mut followed) = (first.mark, Known::of(first), 0);
    for turn in 1..=120 {
        let now = NOW + turn * 10;
        change(&ledger, turn, Author { at_ms: now, ..CLI }).await;
        // Now and then several changes are seen at once.
        if turn % 7 < 2 {
            continue;
        }
        let all = board.callers(now).await.unwrap();
        let Since::Changed(changed, next) = board.callers_since(mark, now).await.unwrap() else {
            // A key that was revoked already was revoked again.
            assert_eq!(known, Known::of(all), "turn {turn}");
            continue;
        };
        known.consumers.retain(|name, _| !changed.names.contains(name));
        known.keys.retain(|_, key| !changed.names.contains(&key.consumer));
        known.add(changed.consumers, changed.keys);
        mark = next;
        assert_eq!(next, all.mark, "turn {turn}");
        assert_eq!(known, Known::of(all), "turn {turn}");
        followed += 1;
    }
    assert!(followed > 60 && known.keys.len() > 5, "{followed} followed, {} keys", known.keys.len());
    // A key that ends by itself is nobody's change.
    let one = known.consumers.keys().next().unwrap().clone();
    let key = ledger.new_key(&one, [1; 32], Author { at_ms: NOW + 2_000, ..CLI }).await.unwrap();
    let id = KeyId::of(&key.digest());
    ledger.rotate_key(&id, [2; 32], 50, None, Author { at_ms: NOW + 2_000, ..CLI }).await.unwrap();
    let opens = |keys: &[KeyRow]| keys.iter().any(|row| row.digest == KeyDigest::of(key.reveal()));
    let (changed, mark) = told(&board, mark, NOW + 2_001).await;
    assert!(opens(&changed.keys));
    let (changed, _) = told(&board, mark, NOW + 2_050).await;
    assert_eq!(changed.names, [one]);
    assert!(!opens(&changed.keys));
}

async fn what_the_audit_does_not_say_is_read_anew(home: &mut Home) {
    let ledger = home.ledger().await;
    let mark = ledger.callers(NOW).await.unwrap().mark;
    assert_eq!(ledger.callers_since(mark, NOW).await.unwrap(), Since::Nothing, "nobody says what it was");
    for number in 0..201 {
        ledger.add_consumer(&format!("c{number}"), &[], CLI).await.unwrap();
    }
    assert_eq!(ledger.callers_since(mark, NOW).await.unwrap(), Since::Much, "too many");
    let mark = ledger.callers(NOW).await.unwrap().mark;
    ledger.add_consumer("one", &[], CLI).await.unwrap();
    let (changed, _) = told(&ledger, mark, NOW).await;
    assert_eq!(changed.names, [ConsumerName::new("one")]);
}
