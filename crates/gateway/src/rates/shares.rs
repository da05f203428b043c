//! The shares of a process, by the number of their subject: found, asked for, and given back. Their number is bounded.

use super::{PATIENCE, Rates, lock, since};
use crate::share::{Share, is_late};
use exchange::{Rate, RateAsk, RatesAway};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Threads that look for different subjects rarely wait for each other.
const SHARDS: usize = 64;
/// Subjects in one shard.
const MOST: usize = 1_024;

/// Shares by the number of their subject.
pub(super) type Shard = Mutex<HashMap<u64, Arc<Share>>>;

pub(super) fn none() -> Box<[Shard]> {
    (0..SHARDS).map(|_| Mutex::default()).collect()
}

impl Rates {
    /// Comes back when the store has answered all that it was asked, or when that takes too long.
    pub(crate) async fn settle(&self) {
        for share in self.all() {
            let mut rung = std::pin::pin!(share.bell.notified());
            rung.as_mut().enable();
            if share.asked().is_some() && tokio::time::timeout(PATIENCE, rung).await.is_err() {
                return;
            }
        }
    }

    /// Gives back what lapsed and forgets whom nobody came for.
    pub(super) fn sweep(&self, all: bool) {
        let now = self.now();
        for shard in &self.shards {
            let mut lapsed = Vec::new();
            let mut shares = lock(shard);
            let crowded = shares.len() > MOST / 2;
            shares.retain(|_, share| {
                lapsed.extend(share.lapsed(now, all).map(|ask| (Arc::clone(share), ask)));
                Arc::strong_count(share) > 1 || !share.is_idle(now, crowded)
            });
            drop(shares);
            for (share, ask) in lapsed {
                self.send(&share, ask, now);
            }
        }
    }

    pub(super) fn send(&self, share: &Arc<Share>, ask: RateAsk, asked: u64) {
        let (Some(store), epoch) = (&self.store, self.epoch) else { return };
        let (share, away) = (Arc::clone(share), Arc::clone(&self.away));
        store.lease(
            ask,
            Box::new(move |answer| {
                let now = since(epoch);
                let missed = match &answer {
                    Err(RatesAway(words)) => Some(words.clone()),
                    // What it grants so late cannot be spent.
                    Ok(_) => is_late(asked, now).then(|| format!("slow: {} ms", (now - asked) / 1_000_000)),
                };
                if let Some(missed) = missed {
                    away.lose(missed);
                }
                share.deposit(&ask, asked, &answer, now);
            }),
        );
    }

    pub(super) fn all(&self) -> Vec<Arc<Share>> {
        self.shards
            .iter()
            .flat_map(|shard| lock(shard).values().map(Arc::clone).collect::<Vec<_>>())
            .collect()
    }

    pub(super) fn share(&self, subject: u64, rate: &Rate, now: u64) -> Option<Arc<Share>> {
        let mut shard = lock(self.shard(subject));
        if let Some(share) = shard.get(&subject) {
            return Some(Arc::clone(share));
        }
        if shard.len() >= MOST {
            return None;
        }
        let share = Arc::new(Share::new(subject, *rate, now));
        shard.insert(subject, Arc::clone(&share));
        Some(share)
    }

    pub(super) fn shard(&self, subject: u64) -> &Shard {
        &self.shards[usize::try_from(subject >> 32).unwrap_or(0) % SHARDS]
    }
}
