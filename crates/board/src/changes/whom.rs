//! Whom a change concerns: everybody, or who holds which plans.

use super::{Change, Effect, Pair};
use crate::{Auth, Offer};
use exchange::{ConsumerName, ConsumerRow, PlanName};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// Whom a change concerns. Nobody by name: the change says so itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whom {
    /// Whoever calls, also without a key.
    pub anybody: bool,
    /// Who holds one of these plans and shows a key.
    pub plans: Vec<PlanName>,
    /// How many consumers hold one of the plans and are not suspended: in the new board of what opens, in the old one of what closes.
    pub consumers: usize,
}

impl Whom {
    /// Whoever may enter one of these offers.
    pub(super) fn enters<'o>(offers: impl IntoIterator<Item = &'o Offer>) -> Self {
        let mut whom = Self::default();
        for plan in offers.into_iter().flat_map(|offer| &offer.plans) {
            match plan.auth {
                Auth::None => whom.anybody = true,
                Auth::Key if whom.plans.contains(&plan.name) => {}
                Auth::Key => whom.plans.push(plan.name.clone()),
            }
        }
        whom
    }

    pub(super) fn anybody() -> Self {
        Self { anybody: true, ..Self::default() }
    }

    pub(super) fn holders(plan: &PlanName) -> Self {
        Self { plans: vec![plan.clone()], ..Self::default() }
    }

    /// Whether everybody of `other` is among them.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.anybody || !other.anybody && other.plans.iter().all(|plan| self.plans.contains(plan))
    }
}

impl fmt::Display for Whom {
    /// `plan free, 2 consumers`; empty where it concerns nobody who calls.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.anybody {
            out.write_str("anybody")?;
        }
        if self.plans.is_empty() {
            return Ok(());
        }
        if self.anybody {
            out.write_str("; ")?;
        }
        let names: Vec<&str> = self.plans.iter().map(PlanName::as_str).collect();
        write!(out, "plan{} {}, ", if names.len() == 1 { "" } else { "s" }, names.join(", "))?;
        match self.consumers {
            0 => out.write_str("no consumer"),
            1 => out.write_str("1 consumer"),
            many => write!(out, "{many} consumers"),
        }
    }
}

/// Who holds which plan, before and after.
pub(super) struct People<'b> {
    old: Holders<'b>,
    new: Holders<'b>,
    /// Sets of plans that were counted: many changes concern the same.
    known: HashMap<(bool, Vec<PlanName>), usize>,
}

type Holders<'b> = HashMap<&'b PlanName, BTreeSet<&'b ConsumerName>>;

impl<'b> People<'b> {
    pub(super) fn of(pair: &Pair<'b>, others: &'b [ConsumerRow]) -> Self {
        let holders = |rows: &'b [ConsumerRow]| {
            let mut holders = Holders::new();
            for row in rows.iter().chain(others).filter(|row| !row.suspended) {
                for plan in &row.plans {
                    holders.entry(plan).or_default().insert(&row.name);
                }
            }
            holders
        };
        Self {
            old: holders(&pair.old.consumers.consumers),
            new: holders(&pair.new.consumers.consumers),
            known: HashMap::new(),
        }
    }

    /// Counts whom a change concerns.
    pub(super) fn count(&mut self, change: &mut Change) {
        if change.whom.plans.is_empty() {
            return;
        }
        let before = change.effect == Effect::Closes;
        let holders = if before { &self.old } else { &self.new };
        let count = || {
            let all: BTreeSet<_> =
                change.whom.plans.iter().filter_map(|plan| holders.get(plan)).flatten().collect();
            all.len()
        };
        let key = (before, change.whom.plans.clone());
        change.whom.consumers = *self.known.entry(key).or_insert_with(count);
    }
}
