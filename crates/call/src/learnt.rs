//! Secrets that this process came to know while it ran: tokens of issuers, logins, what a command line holds.
//!
//! Whoever writes words asks here before they are written, so that a token that was had a moment ago is hidden like one
//! of the board's. Process-wide, as tokens are; bounded: the oldest are forgotten, long after they ended.

use exchange::{Redactor, Secret};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// More are not kept in mind.
const MOST: usize = 256;

/// Whether there is any: who writes much does not take a lock for nothing.
static ANY: AtomicBool = AtomicBool::new(false);

static LEARNT: Mutex<Option<Learnt>> = Mutex::new(None);

struct Learnt {
    secrets: VecDeque<Secret>,
    redactor: Arc<Redactor>,
}

/// Keeps secrets in mind.
pub fn learn<'s>(secrets: impl IntoIterator<Item = &'s Secret>) {
    let mut held = LEARNT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = held.as_ref().map(|learnt| &learnt.secrets);
    let mut fresh: Vec<&Secret> = Vec::new();
    for secret in secrets {
        let told = known.is_some_and(|known| known.contains(secret)) || fresh.contains(&secret);
        if !told && secret.reveal().len() >= Redactor::SHORTEST {
            fresh.push(secret);
        }
    }
    if fresh.is_empty() {
        return;
    }
    let mut all = held.take().map(|learnt| learnt.secrets).unwrap_or_default();
    all.extend(fresh.into_iter().cloned());
    while all.len() > MOST {
        all.pop_front();
    }
    let mut redactor = Redactor::default();
    for secret in &all {
        redactor.add(secret);
    }
    *held = Some(Learnt { secrets: all, redactor: Arc::new(redactor) });
    ANY.store(true, Ordering::Release);
}

/// What hides them; none: there are none.
pub fn learnt() -> Option<Arc<Redactor>> {
    if !ANY.load(Ordering::Acquire) {
        return None;
    }
    let held = LEARNT.lock().unwrap_or_else(PoisonError::into_inner);
    held.as_ref().map(|learnt| Arc::clone(&learnt.redactor))
}
