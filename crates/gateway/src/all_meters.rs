//! Every meter of a process: of consumers, and in the tables of subjects and addresses.

use crate::admit::Subject;
use crate::rates::Meters;
use crate::subject_hash::SubjectHash;
use crate::world::Shared;
use exchange::{Accounts, Meter};
use std::collections::HashMap;
use std::sync::Arc;

/// Every meter of a process.
#[derive(Debug)]
pub(crate) struct AllMeters {
    accounts: Arc<Accounts>,
    shared: Arc<Shared>,
}

impl AllMeters {
    pub(crate) fn new(accounts: &Arc<Accounts>, shared: &Arc<Shared>) -> Self {
        Self { accounts: Arc::clone(accounts), shared: Arc::clone(shared) }
    }

    fn of_consumers(&self) -> impl Iterator<Item = (u64, &Meter)> {
        self.accounts.meters().map(|(name, limit, meter)| {
            (Subject::consumer(limit, name.as_str()).number(&self.shared), &**meter)
        })
    }
}

impl Meters for AllMeters {
    fn each(&self, see: &mut dyn FnMut(u64, &Meter)) {
        let tables = self.shared.subjects.each().chain(self.shared.addresses.each());
        self.of_consumers().chain(tables).for_each(|(subject, meter)| see(subject, meter));
    }

    fn raise(&self, mut arrivals: HashMap<u64, u64>) {
        if arrivals.is_empty() {
            return;
        }
        for (subject, meter) in self.of_consumers() {
            if let Some(arrival) = arrivals.remove(&subject) {
                meter.raise(arrival);
            }
        }
        for (subject, arrival) in arrivals {
            let table =
                if SubjectHash::is_address(subject) { &self.shared.addresses } else { &self.shared.subjects };
            table.meter(subject).raise(arrival);
        }
    }
}
