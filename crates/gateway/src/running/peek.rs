//! What a consumer has left of its limits, without taking anything.

use super::{Parts, Running};
use crate::admit::Subject;
use board::{Limit, Measure, Per};
use exchange::{Left, PlanName};
use std::time::Duration;

impl Running {
    /// What a consumer has left of each limit that counts per consumer, with the plan. Quotas are looked up.
    pub async fn peek(&self, consumer: &str) -> Vec<(PlanName, Limit, Left)> {
        self.peek_now(consumer);
        self.settle().await;
        self.peek_now(consumer)
    }

    fn peek_now(&self, consumer: &str) -> Vec<(PlanName, Limit, Left)> {
        let Parts { board, accounts, .. } = self.parts();
        let Some(consumer) = accounts.by_name(consumer) else { return Vec::new() };
        let held = board.plans.iter().filter(|plan| consumer.plans.contains(&plan.name));
        held.flat_map(|plan| plan.limits.iter().map(move |limit| (plan, limit)))
            .filter_map(|(plan, limit)| {
                let left = match limit.measure {
                    Measure::Rate(rate) if limit.per == Per::Consumer => {
                        let subject = Subject::consumer(&limit.policy, consumer.name.as_str());
                        let meter = consumer.meter(&limit.policy)?;
                        self.shared.rates.look(subject.number(&self.shared), meter, &rate)
                    }
                    Measure::AtOnce(most) if limit.per == Per::Consumer => {
                        let subject = Subject::consumer(&limit.policy, consumer.name.as_str());
                        let inside = self.shared.gauges.inside(self.shared.gauges.subject(subject));
                        Left { remaining: most.get().saturating_sub(inside), full_in: Duration::ZERO }
                    }
                    Measure::Quota(quota) if limit.per == Per::Consumer => {
                        let subject = Subject::consumer(&limit.policy, consumer.name.as_str());
                        let standing = self.shared.purses.look(&subject, || subject.quota_account(), quota);
                        Left { remaining: standing.left, full_in: standing.more_in }
                    }
                    Measure::Rate(_) | Measure::AtOnce(_) | Measure::Quota(_) => return None,
                };
                Some((plan.name.clone(), limit.clone(), left))
            })
            .collect()
    }
}
