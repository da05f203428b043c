//! Quotas that are kept by one process and forgotten with it: for boards without a ledger.

use super::{Answer, Grant, QuotaAccount, QuotaStore, Wish};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// What was granted, by account and the beginning of the slot.
#[derive(Debug, Default)]
pub struct QuotasInMemory(Mutex<HashMap<QuotaAccount, BTreeMap<u64, u64>>>);

impl QuotasInMemory {
    fn grant(&self, wish: Wish) -> Grant {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = accounts.entry(wish.account).or_default();
        for (start, amount) in wish.back {
            if let Some(granted) = slots.get_mut(&start) {
                *granted = granted.saturating_sub(u64::from(amount));
            }
        }
        let slot = wish.slot;
        *slots.entry(slot.start_ms).or_default() += u64::from(wish.owed);
        slots.retain(|_, granted| *granted > 0);
        let before: u64 = slots.range(slot.since_ms..=slot.last_ms()).map(|(_, granted)| granted).sum();
        let rest = u64::from(wish.quota.amount.get()).saturating_sub(before);
        let amount = wish.want.min(u32::try_from(rest).unwrap_or(u32::MAX));
        if amount > 0 {
            *slots.entry(slot.start_ms).or_default() += u64::from(amount);
        }
        let first = slots.range(slot.since_ms..).next().map_or(slot.start_ms, |(start, _)| *start);
        Grant {
            amount,
            counted: before + u64::from(amount),
            more_at_ms: first + (slot.until_ms - slot.start_ms),
        }
    }
}

impl QuotaStore for QuotasInMemory {
    fn lease(&self, wish: Wish, answer: Answer) {
        let grant = self.grant(wish);
        answer(Ok(grant));
    }
}
