//! An order: what a customer asks for, what it costs, and which way it may go.
//!
//! Money is whole cents. A price belongs to its article, so that an order's total can be computed by anyone.

use crate::random::Random;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Articles begin with one of these; others are unknown.
pub(super) const SHELVES: [&str; 4] = ["TEA", "MUG", "POT", "TIN"];
pub(super) const CURRENCIES: [&str; 3] = ["EUR", "GBP", "USD"];

/// Where an order is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Received,
    Packed,
    InTransit,
    Delivered,
    Cancelled,
}

impl Status {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Received, "received"),
        (Self::Packed, "packed"),
        (Self::InTransit, "in_transit"),
        (Self::Delivered, "delivered"),
        (Self::Cancelled, "cancelled"),
    ];

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, word)| *word == text).map(|(status, _)| *status)
    }

    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("received", |(_, word)| word)
    }

    /// Forwards only; nothing leaves `delivered` or `cancelled`, and what is on the road cannot be cancelled.
    pub(super) fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Received | Self::Packed, Self::Cancelled) => true,
            (_, Self::Cancelled) => self == Self::Cancelled,
            (Self::Cancelled, _) => false,
            _ => self <= next,
        }
    }

    /// What is in it may still change.
    pub(super) fn is_open(self) -> bool {
        self <= Self::Packed
    }
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) sku: String,
    pub(super) quantity: u32,
}

impl Item {
    /// Cents; made from the article's name.
    pub(super) fn unit_price(&self) -> u32 {
        let letters =
            self.sku.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(131).wrapping_add(byte.into()));
        250 + Random::new(letters).below(80) * 25
    }
}

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) customer: String,
    pub(super) currency: String,
    pub(super) items: Vec<Item>,
    pub(super) note: Option<String>,
}

/// An order as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: u32,
    pub(super) status: Status,
    pub(super) draft: Draft,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

impl Order {
    /// Cents. At most 50 lines of 1,000 pieces of 2,250 cents: no overflow.
    pub(super) fn total(&self) -> u64 {
        self.draft.items.iter().map(|item| u64::from(item.quantity) * u64::from(item.unit_price())).sum()
    }

    pub(super) fn to_json(&self) -> Value {
        let items = self.draft.items.iter().map(
            |item| json!({ "sku": item.sku, "quantity": item.quantity, "unitPrice": item.unit_price() }),
        );
        json!({
            "id": self.id,
            "status": self.status.word(),
            "customer": self.draft.customer,
            "currency": self.draft.currency,
            "items": items.collect::<Vec<_>>(),
            "total": self.total(),
            "note": self.draft.note,
            "createdAt": self.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "updatedAt": self.updated.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        })
    }

    /// An order that was there before the first call; the same for the same id, its times counted back from `now`.
    pub(super) fn seeded(id: u32, now: Timestamp) -> Self {
        const CUSTOMERS: [&str; 6] = ["Globex", "Initech", "Umbrella", "Acme Shop", "Hooli", "Vandelay"];
        let mut dice = Random::of(&[u64::from(id)]);
        let mut pick = |words: &[&str]| dice.one_of(words).map_or(String::new(), |word| (*word).to_owned());
        let (customer, currency) = (pick(&CUSTOMERS), pick(&CURRENCIES));
        let items = (0..=dice.below(3)).map(|_| {
            let shelf = dice.one_of(&SHELVES).map_or("TEA", |shelf| *shelf);
            let sku = format!("{shelf}-{:04}", 1000 + dice.below(9000));
            Item { sku, quantity: 1 + dice.below(12) }
        });
        let items = items.collect();
        let status = match (id, dice.below(10)) {
            // The order that every example asks for.
            (4021, _) | (_, 3..5) => Status::InTransit,
            (_, 0) => Status::Received,
            (_, 1..3) => Status::Packed,
            (_, 9) => Status::Cancelled,
            _ => Status::Delivered,
        };
        let note = (dice.below(4) == 0).then(|| "Please ring twice.".to_owned());
        let hours = |count: u32| jiff::SignedDuration::from_hours(i64::from(count));
        let created = now.saturating_sub(hours(24 + dice.below(24 * 60))).unwrap_or(now);
        let updated = created.saturating_add(hours(dice.below(24))).unwrap_or(now);
        Self { id, status, draft: Draft { customer, currency, items, note }, created, updated }
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Status};
    use jiff::Timestamp;

    #[test]
    fn an_order_goes_forwards_and_is_cancelled_only_before_the_road() {
        use Status::{Cancelled, Delivered, InTransit, Packed, Received};
        for (from, to, may) in [
            (Received, Packed, true),
            (Received, Delivered, true),
            (Packed, Received, false),
            (Packed, Cancelled, true),
            (InTransit, Cancelled, false),
            (InTransit, Delivered, true),
            (Delivered, InTransit, false),
            (Cancelled, Received, false),
            (Cancelled, Cancelled, true),
        ] {
            assert_eq!(from.may_become(to), may, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn seeded_orders_are_the_same_each_time_and_of_every_status() {
        let orders: Vec<_> = (4001..4501).map(|id| Order::seeded(id, Timestamp::UNIX_EPOCH)).collect();
        assert_eq!(orders[20].to_json(), Order::seeded(4021, Timestamp::UNIX_EPOCH).to_json());
        assert_eq!(orders[20].status, Status::InTransit);
        for (status, word) in Status::ALL {
            assert!(orders.iter().filter(|order| order.status == status).count() > 10, "{word}");
        }
    }
}
