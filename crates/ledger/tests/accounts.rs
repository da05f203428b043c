//! Consumers and keys.

use crate::harness::{CLI, Home, NOW, all_rows, on_both};
use exchange::{Accounts, ConsumerName, KeyDigest, KeyId, PlanName};
use ledger::{Author, Ledger, Place, StoreError};
use std::os::unix::fs::PermissionsExt;

on_both! {
    a_key_opens_until_it_is_revoked_and_is_nowhere_in_the_file,
    a_key_that_was_rotated_works_beside_its_successor_until_it_ends,
    a_consumer_is_made_suspended_and_given_plans_and_all_of_it_is_noted,
    what_cannot_be_is_refused_and_changes_nothing,
    a_key_made_by_another_process_is_seen,
}

fn plans(names: &[&str]) -> Vec<PlanName> {
    names.iter().map(|name| PlanName::new(name)).collect()
}

async fn a_key_opens_until_it_is_revoked_and_is_nowhere_in_the_file(home: &mut Home) {
    let ledger = home.ledger().await;
    let globex = ledger.add_consumer("globex", &plans(&["gold", "free"]), CLI).await.unwrap();
    let key = ledger.new_key(&globex, [7; 32], CLI).await.unwrap();
    let id = KeyId::of(&key.digest());

    let ledger::Callers { consumers, keys, .. } = ledger.callers(NOW).await.unwrap();
    let accounts = Accounts::new(consumers, keys, |_| Vec::new(), None);
    let entry = accounts.by_key(&KeyDigest::of(key.reveal())).unwrap();
    assert_eq!(entry.consumer.name, globex);
    assert_eq!(*entry.consumer.plans, *plans(&["gold", "free"]), "in the order given");
    assert_eq!(entry.tail.as_deref(), Some(key.tail()));

    let revoked = ledger.revoke_key(&id, Author { at_ms: NOW + 5, ..CLI }).await.unwrap();
    assert_eq!(revoked.revoked_ms, Some(NOW + 5));
    let again = ledger.revoke_key(&id, Author { at_ms: NOW + 9, ..CLI }).await.unwrap();
    assert_eq!(again.revoked_ms, Some(NOW + 5), "the first time counts");
    assert_eq!(ledger.callers(NOW + 5).await.unwrap().keys, []);
    assert_eq!(ledger.list_keys(Some(&globex)).await.unwrap(), [revoked]);
    assert_eq!(ledger.list_keys(Some(&ConsumerName::new("acme"))).await.unwrap(), []);

    ledger.close().await.unwrap();
    let folder = match home {
        Home::Folder(folder) => folder.path(),
        Home::Postgres(server) => server.folder(),
    };
    let found = |text: &str| {
        let mut grep = std::process::Command::new("grep");
        grep.args(["-r", "-q", "-a", "-F", text]).arg(folder).status().unwrap().code().unwrap()
    };
    assert_eq!(found(&id.0), 0, "what is kept of it is found by its id");
    assert_eq!(found(&key.reveal()[..20]), 1, "the key is not");
}

async fn a_key_that_was_rotated_works_beside_its_successor_until_it_ends(home: &mut Home) {
    let ledger = home.ledger().await;
    let globex = ledger.add_consumer("globex", &[], CLI).await.unwrap();
    let old = ledger.new_key(&globex, [7; 32], CLI).await.unwrap();
    let id = KeyId::of(&old.digest());
    let (new, info) = ledger.rotate_key(&id, [8; 32], 1_000, None, CLI).await.unwrap();
    assert_eq!((info.id.clone(), info.revoked_ms), (id.clone(), Some(NOW + 1_000)));
    let known = |keys: Vec<exchange::KeyRow>| keys.into_iter().map(|key| key.digest).collect::<Vec<_>>();
    let both = known(ledger.callers(NOW + 999).await.unwrap().keys);
    assert!(both.contains(&old.digest()) && both.contains(&new.digest()));
    assert_eq!(known(ledger.callers(NOW + 1_000).await.unwrap().keys), [new.digest()]);
    // Rotated again it ends no later; once it has ended it has no successor.
    ledger.rotate_key(&id, [9; 32], 5_000, None, CLI).await.unwrap();
    let later = Author { at_ms: NOW + 1_000, ..CLI };
    let error = ledger.rotate_key(&id, [10; 32], 1, None, later).await.unwrap_err();
    assert!(matches!(error, StoreError::KeyRevoked { .. }), "{error}");
    assert_eq!(ledger.list_keys(None).await.unwrap().len(), 3);

    // Whoever watches is told when a key ends, though nobody writes anything then.
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let now = || u64::try_from(now()).unwrap();
    let other = home.ledger().await;
    let mut changes = other.watch_accounts();
    let by = Author { at_ms: now(), ..CLI };
    ledger.rotate_key(&KeyId::of(&new.digest()), [11; 32], 900, None, by).await.unwrap();
    let gone = async {
        while known(other.callers(now()).await.unwrap().keys).contains(&new.digest()) {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap();
}

async fn a_consumer_is_made_suspended_and_given_plans_and_all_of_it_is_noted(home: &mut Home) {
    let ledger = home.ledger().await;
    let acme = ledger.add_consumer("acme", &plans(&["free"]), CLI).await.unwrap();
    ledger.add_consumer("globex", &[], CLI).await.unwrap();
    ledger.suspend(&acme, true, CLI).await.unwrap();
    ledger.set_plans(&acme, &plans(&["gold"]), CLI).await.unwrap();
    ledger.new_key(&acme, [1; 32], CLI).await.unwrap();

    let info = ledger.consumer(&acme).await.unwrap().unwrap();
    assert!(info.suspended);
    assert_eq!((info.plans, info.keys, info.created_ms), (plans(&["gold"]), 1, NOW));
    assert_eq!(ledger.list_consumers().await.unwrap().len(), 2);
    assert_eq!(ledger.consumer(&ConsumerName::new("initech")).await.unwrap(), None);

    let audit = ledger.audit(None, 10).await.unwrap();
    let what: Vec<_> = audit.iter().map(|entry| (entry.what.as_str(), entry.subject.as_str())).collect();
    assert_eq!(
        what,
        [
            ("key-made", "acme"),
            ("plans-set", "acme"),
            ("suspended", "acme"),
            ("consumer-added", "globex"),
            ("consumer-added", "acme"),
        ]
    );
    assert!(audit.iter().all(|entry| entry.who == "cli" && entry.at_ms == NOW));
}

async fn what_cannot_be_is_refused_and_changes_nothing(home: &mut Home) {
    let ledger = home.ledger().await;
    let acme = ledger.add_consumer("acme", &[], CLI).await.unwrap();
    let nobody = ConsumerName::new("nobody");
    let long = "x".repeat(65);
    for name in ["", "Acme", "a b", "-x", "ümlaut", &long] {
        let error = ledger.add_consumer(name, &[], CLI).await.unwrap_err();
        assert!(matches!(error, StoreError::BadName { .. }), "{name}: {error}");
        assert!(error.help().is_some());
    }
    let taken = ledger.add_consumer("acme", &plans(&["x"]), CLI).await.unwrap_err();
    assert_eq!(taken.to_string(), "there is a consumer `acme` already");
    for error in [
        ledger.new_key(&nobody, [0; 32], CLI).await.unwrap_err(),
        ledger.suspend(&nobody, true, CLI).await.unwrap_err(),
        ledger.set_plans(&nobody, &[], CLI).await.unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "there is no consumer `nobody`");
    }
    let unknown = ledger.revoke_key(&KeyId("k_none".into()), CLI).await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no key `k_none`");
    assert_eq!(ledger.consumer(&acme).await.unwrap().unwrap().plans, []);
    assert_eq!(ledger.audit(None, 10).await.unwrap().len(), 1, "only what was done is noted");
}

async fn a_key_made_by_another_process_is_seen(home: &mut Home) {
    let board = home.ledger().await;
    let mut changes = board.watch_accounts();
    let command = home.ledger().await;
    let acme = command.add_consumer("acme", &[], CLI).await.unwrap();
    command.new_key(&acme, [3; 32], CLI).await.unwrap();
    command.close().await.unwrap();
    // Ends only when the change is seen.
    while board.callers(NOW).await.unwrap().keys.is_empty() || *changes.borrow_and_update() == 0 {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn nothing_of_it_is_for_others_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("new/state");
    let other = Ledger::open(all_rows(Place::from(&inner))).await.unwrap();
    other.add_consumer("acme", &[], CLI).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    for file in std::fs::read_dir(&inner).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    other.close().await.unwrap();
}
