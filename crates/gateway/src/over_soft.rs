//! Who went over a soft rate, or a soft bound of calls at once: kept until somebody asks, where an alert is to tell it.
//!
//! Soft quotas are not in it: the ledger has what is granted of them. Bounded; who finds no room goes over it again.

use crate::admit::Subject;
use board::{Board, When};
use exchange::PolicyId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// More accounts than this are not kept between two questions.
const MOST: usize = 1_000;

/// Somebody went over a soft limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverSoft {
    /// The limit.
    pub limit: PolicyId,
    /// For whom it counts, as quotas name their subjects.
    pub subject: String,
    /// Calls that went over it.
    pub calls: u64,
}

/// Those who did.
#[derive(Debug, Default)]
pub(crate) struct OverSofts(Mutex<HashMap<(PolicyId, String), u64>>);

impl OverSofts {
    /// Notes that a call of somebody went over it, where the board has an alert for that.
    pub(crate) fn note(&self, board: &Board, limit: &board::Limit, subject: &Subject<'_>) {
        if !board.alerts.iter().any(|alert| alert.when == When::SoftLimit) {
            return;
        }
        let name = subject.quota_account().subject.to_string();
        let key = (limit.policy.clone(), name);
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = noted.len() >= MOST;
        match noted.get_mut(&key) {
            Some(calls) => *calls += 1,
            None if full => {}
            None => drop(noted.insert(key, 1)),
        }
    }

    /// Those noted since the last question.
    pub(crate) fn take(&self) -> Vec<OverSoft> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        taken.into_iter().map(|((limit, subject), calls)| OverSoft { limit, subject, calls }).collect()
    }
}
