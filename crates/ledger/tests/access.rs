//! What keys are narrowed to, terms, requests for plans, and the line in the audit that every change writes.

use crate::harness::{CLI, Home, NOW, on_both};
use exchange::{Accounts, ConsumerName, KeyDigest, KeyId, KeyScope, PlanName};
use ledger::{About, AccessState, Author, NewKey, StoreError};

on_both! {
    every_change_writes_its_line_in_the_audit,
    a_narrow_key_keeps_its_scope_and_its_end_and_so_does_its_successor,
    a_request_gives_nothing_until_it_is_approved_and_is_decided_once,
    a_use_of_a_key_is_kept_to_the_minute_and_is_no_change_of_the_accounts,
    terms_are_accepted_in_one_version,
    a_hundred_thousand_consumers_are_read_and_made_a_picture,
}

fn scope(only: &[&str], apis: &[&str]) -> KeyScope {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    KeyScope { only: words(only), apis: words(apis) }
}

async fn every_change_writes_its_line_in_the_audit(home: &mut Home) {
    let ledger = home.ledger().await;
    let (acme, gold) = (ConsumerName::new("acme"), PlanName::new("gold"));
    let about = About { owner: "ops@acme.example".into(), notes: "pilot".into() };
    let mut seen = 0;
    let mut line = async |what: &str, detail: &str| {
        let audit = ledger.audit(Some("acme"), 100).await.unwrap();
        let new = &audit[..audit.len() - seen];
        seen = audit.len();
        let all: Vec<_> = new.iter().map(|entry| (entry.what.as_str(), entry.detail.as_str())).collect();
        assert!(all.contains(&(what, detail)), "{what} {detail}: {all:?}");
        assert!(new.iter().all(|one| (one.who.as_str(), one.subject.as_str()) == ("cli", "acme")));
        assert!(new.iter().all(|one| one.at_ms == NOW));
    };
    ledger.add_described("acme", std::slice::from_ref(&gold), &about, CLI).await.unwrap();
    line("consumer-added", "gold; owner: ops@acme.example; notes: pilot").await;
    ledger.set_plans(&acme, &[], CLI).await.unwrap();
    line("plans-set", "").await;
    ledger.describe(&acme, &About { notes: "live".into(), ..About::default() }, CLI).await.unwrap();
    line("described", "notes: live").await;
    ledger.suspend(&acme, true, CLI).await.unwrap();
    line("suspended", "").await;
    ledger.suspend(&acme, false, CLI).await.unwrap();
    line("resumed", "").await;
    let wish = NewKey { scope: scope(&["GET *"], &["orders"]), expires_ms: Some(NOW + 86_400_000) };
    let key = ledger.new_narrow_key(&acme, [1; 32], &wish, CLI).await.unwrap();
    let id = KeyId::of(&key.digest());
    line("key-made", &format!("{id}; only GET * of orders; until 2026-11-22 10:00 UTC")).await;
    let (next, _) = ledger.rotate_key(&id, [2; 32], 1_000, None, CLI).await.unwrap();
    line("key-rotated", &id.0).await;
    let next = KeyId::of(&next.digest());
    ledger.revoke_key(&next, CLI).await.unwrap();
    line("key-revoked", &next.0).await;
    ledger.accept_terms(&acme, &gold, "v1", CLI).await.unwrap();
    line("terms-accepted", "gold: v1").await;
    let first = ledger.request_access(&acme, &gold, "for the shop", CLI).await.unwrap().id;
    line("access-requested", &format!("{first}: gold")).await;
    ledger.deny_access(first, "not yet", CLI).await.unwrap();
    line("access-denied", &format!("{first}: gold: not yet")).await;
    let second = ledger.request_access(&acme, &gold, "", CLI).await.unwrap().id;
    line("access-requested", &format!("{second}: gold")).await;
    ledger.approve_access(second, CLI).await.unwrap();
    line("access-approved", &format!("{second}: gold")).await;
    ledger.acted_as(&acme, "GET /orders", CLI).await.unwrap();
    line("acted-as", "GET /orders").await;
    assert_eq!(ledger.audit(Some("globex"), 100).await.unwrap(), []);
    let info = ledger.consumer(&acme).await.unwrap().unwrap();
    assert_eq!((info.about.notes.as_str(), info.about.owner.as_str()), ("live", ""));
}

async fn a_narrow_key_keeps_its_scope_and_its_end_and_so_does_its_successor(home: &mut Home) {
    let ledger = home.ledger().await;
    let acme = ledger.add_consumer("acme", &[], CLI).await.unwrap();
    let wish = NewKey { scope: scope(&["tag:public", "/a/*"], &[]), expires_ms: Some(NOW + 1_000) };
    let key = ledger.new_narrow_key(&acme, [1; 32], &wish, CLI).await.unwrap();
    let (next, _) = ledger.rotate_key(&KeyId::of(&key.digest()), [2; 32], 500, None, CLI).await.unwrap();
    let longer = Some(NOW + 9_000);
    let (last, _) = ledger.rotate_key(&KeyId::of(&next.digest()), [3; 32], 500, longer, CLI).await.unwrap();
    let ledger::Callers { consumers, keys, .. } = ledger.callers(NOW).await.unwrap();
    let accounts = Accounts::new(consumers, keys, |_| Vec::new(), None);
    assert_eq!(accounts.scopes()[..], *std::slice::from_ref(&wish.scope));
    for (key, end) in [(&key, wish.expires_ms), (&next, wish.expires_ms), (&last, longer)] {
        let entry = accounts.by_key(&KeyDigest::of(key.reveal())).unwrap();
        assert_eq!((entry.scope, entry.expires_ms), (Some(0), end));
    }
    // One that has ended is still known, so that its holder is told.
    assert_eq!(ledger.callers(NOW + 5_000).await.unwrap().keys.len(), 1);
    assert_eq!(ledger.list_keys(None).await.unwrap()[0].scope, wish.scope);

    let yesterday = NewKey { expires_ms: Some(NOW - 86_400_000), ..NewKey::default() };
    let error = ledger.new_narrow_key(&acme, [4; 32], &yesterday, CLI).await.unwrap_err();
    assert_eq!(error.to_string(), "a key that ended at 2026-11-20 10:00 UTC would open nothing");
    assert!(error.help().is_some());
    let late = Author { at_ms: NOW + 1_000, ..CLI };
    let ended =
        ledger.new_narrow_key(&acme, [5; 32], &NewKey { expires_ms: Some(NOW + 1_001), ..wish }, CLI).await;
    let ended = KeyId::of(&ended.unwrap().digest());
    let error = ledger.rotate_key(&ended, [6; 32], 0, None, Author { at_ms: NOW + 2_000, ..late }).await;
    assert!(matches!(error, Err(StoreError::KeyEnded { .. })), "{error:?}");
    assert_eq!(ledger.list_keys(None).await.unwrap().len(), 4, "a refused key is not there");
}

async fn a_request_gives_nothing_until_it_is_approved_and_is_decided_once(home: &mut Home) {
    let ledger = home.ledger().await;
    let (free, gold) = (PlanName::new("free"), PlanName::new("gold"));
    let acme = ledger.add_consumer("acme", std::slice::from_ref(&free), CLI).await.unwrap();
    let made = ledger.request_access(&acme, &gold, "for the shop", CLI).await.unwrap();
    assert_eq!((made.state, made.note.as_str()), (AccessState::Pending, "for the shop"));
    let held = async || ledger.consumer(&acme).await.unwrap().unwrap().plans;
    assert_eq!(held().await[..], *std::slice::from_ref(&free), "pending gives nothing");
    let again = ledger.request_access(&acme, &gold, "", CLI).await.unwrap_err();
    assert!(matches!(again, StoreError::AskedAlready { id } if id == made.id), "{again}");
    assert_eq!(ledger.list_access(true).await.unwrap()[..], *std::slice::from_ref(&made));

    let done = ledger.approve_access(made.id, Author { who: "boss", at_ms: NOW + 7 }).await.unwrap();
    assert_eq!(
        (done.state, done.decided_by.as_str(), done.decided_ms),
        (AccessState::Approved, "boss", Some(NOW + 7))
    );
    assert_eq!(held().await, [free.clone(), gold.clone()], "behind what it held");
    assert_eq!(ledger.list_access(true).await.unwrap(), []);
    assert_eq!(ledger.list_access(false).await.unwrap(), [done]);
    for error in [
        ledger.approve_access(made.id, CLI).await.unwrap_err(),
        ledger.deny_access(made.id, "", CLI).await.unwrap_err(),
    ] {
        assert_eq!(error.to_string(), format!("request {} was approved already", made.id));
    }
    let held_already = ledger.request_access(&acme, &gold, "", CLI).await.unwrap_err();
    assert_eq!(held_already.to_string(), "`acme` holds the plan `gold` already");
    let nobody = ledger.request_access(&ConsumerName::new("nobody"), &gold, "", CLI).await.unwrap_err();
    assert!(matches!(nobody, StoreError::UnknownConsumer { .. }), "{nobody}");
    assert_eq!(ledger.approve_access(99, CLI).await.unwrap_err().to_string(), "there is no request 99");

    let silver = PlanName::new("silver");
    let asked = ledger.request_access(&acme, &silver, "", CLI).await.unwrap();
    let denied = ledger.deny_access(asked.id, "not for pilots", CLI).await.unwrap();
    assert_eq!((denied.state, denied.reason.as_str()), (AccessState::Denied, "not for pilots"));
    assert_eq!(held().await, [free, gold], "denied gives nothing");
    ledger.request_access(&acme, &silver, "", CLI).await.unwrap();
}

async fn a_use_of_a_key_is_kept_to_the_minute_and_is_no_change_of_the_accounts(home: &mut Home) {
    let ledger = home.ledger().await;
    let acme = ledger.add_consumer("acme", &[], CLI).await.unwrap();
    let key = ledger.new_key(&acme, [1; 32], CLI).await.unwrap();
    let other = ledger.new_key(&acme, [2; 32], CLI).await.unwrap();
    let board = home.ledger().await;
    let used = async || -> Vec<Option<u64>> {
        let mut keys = ledger.list_keys(None).await.unwrap();
        keys.sort_by_key(|one| one.digest != key.digest());
        keys.iter().map(|key| key.used_ms).collect()
    };
    assert_eq!(used().await, [None, None]);
    let mut changes = board.watch_accounts();
    if matches!(home, Home::Postgres(_)) {
        // What was said before it listened was not heard: that counts as a change.
        changes.changed().await.unwrap();
    }
    let before = *changes.borrow();
    let minute = NOW / 60_000;
    for at in [minute, minute + 2, minute + 1] {
        board.recorder().key_used(key.digest(), at);
        board.flush().await.unwrap();
    }
    assert_eq!(used().await, [Some((minute + 2) * 60_000), None], "the last one counts");
    board.recorder().key_used(other.digest(), minute);
    board.close().await.unwrap();
    assert_eq!(used().await, [Some((minute + 2) * 60_000), Some(minute * 60_000)], "written at the end, too");
    assert_eq!(*changes.borrow(), before, "who watches the accounts sees nothing of it");
    assert!(home.reader().await.list_keys(None).await.unwrap()[0].used_ms.is_some());
}

async fn terms_are_accepted_in_one_version(home: &mut Home) {
    let ledger = home.ledger().await;
    let gold = PlanName::new("gold");
    let acme = ledger.add_consumer("acme", std::slice::from_ref(&gold), CLI).await.unwrap();
    let in_file = ConsumerName::new("in-a-file");
    let accounts = async || {
        let ledger::Callers { consumers, keys, .. } = ledger.callers(NOW).await.unwrap();
        Accounts::new(consumers, keys, |_| Vec::new(), None)
    };
    let has = |accounts: &Accounts, version| accounts.by_name("acme").unwrap().has_accepted(&gold, version);
    assert!(!has(&accounts().await, "v1"));
    ledger.accept_terms(&acme, &gold, "v1", CLI).await.unwrap();
    ledger.accept_terms(&in_file, &gold, "v1", CLI).await.unwrap();
    assert!(has(&accounts().await, "v1") && !has(&accounts().await, "v2"));
    ledger.accept_terms(&acme, &gold, "v2", Author { who: "boss", at_ms: NOW + 1 }).await.unwrap();
    assert!(!has(&accounts().await, "v1") && has(&accounts().await, "v2"), "the last version counts");
    let all = ledger.terms_accepted().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].who.as_str(), all[0].at_ms, all[1].consumer.clone()), ("boss", NOW + 1, in_file));
}

/// How long it takes is printed and not judged: another process may have the machine.
async fn a_hundred_thousand_consumers_are_read_and_made_a_picture(home: &mut Home) {
    const MANY: usize = 100_000;
    let ledger = home.ledger().await;
    home.fill_accounts(MANY).await;
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let before = resident();
    let began = std::time::Instant::now();
    let ledger::Callers { consumers, keys, .. } = ledger.callers(NOW).await.unwrap();
    let read = began.elapsed();
    assert_eq!((consumers.len(), keys.len()), (MANY, MANY));
    let began = std::time::Instant::now();
    let accounts = Accounts::new(consumers.clone(), keys.clone(), |_| Vec::new(), None);
    let made = began.elapsed();
    let began = std::time::Instant::now();
    let next = Accounts::new(consumers, keys, |_| Vec::new(), Some(&accounts));
    let again = began.elapsed();
    assert_eq!(accounts.len(), MANY);
    let same =
        |name: &str| std::sync::Arc::ptr_eq(accounts.by_name(name).unwrap(), next.by_name(name).unwrap());
    assert!(same("c000007") && same("c099999"), "what has not changed is not made anew");
    let told = format!(
        "{MANY} consumers with keys: read in {read:?}, made in {made:?}, again in {again:?}, {} KiB more resident\n",
        resident().saturating_sub(before)
    );
    std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).unwrap();
}
