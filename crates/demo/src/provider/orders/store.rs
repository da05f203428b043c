//! The orders there are, in memory: 500 at the start, at most 5,000, the oldest of the new ones leaves first.
//!
//! Also remembers what was answered under an `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header), for the last 1,000 keys.

use super::order::{Draft, Order, Status};
use super::wanted::{Change, Note};
use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::RangeInclusive;

const SEEDED: RangeInclusive<u32> = 4001..=4500;
/// New orders begin here, so that none gets the number of a test order.
const NEW: u32 = 6001;
const MOST: usize = 5_000;
const KEYS: usize = 1_000;

/// Why an order cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum No {
    NotFound,
    /// Its status is against it.
    Status(Status),
}

/// What is known of an idempotency key.
pub(super) enum Known {
    Nothing,
    /// Sent before with the same body: the answer of then.
    Answered(Response<Bytes>),
    /// Sent before with another body.
    Otherwise,
}

#[derive(Debug)]
pub(super) struct Store {
    orders: BTreeMap<u32, Order>,
    next: u32,
    keys: HashMap<String, (Bytes, Response<Bytes>)>,
    order_of_keys: VecDeque<String>,
}

impl Store {
    pub(super) fn new(now: Timestamp) -> Self {
        let orders = SEEDED.map(|id| (id, Order::seeded(id, now))).collect();
        Self { orders, next: NEW, keys: HashMap::new(), order_of_keys: VecDeque::new() }
    }

    pub(super) fn get(&self, id: u32) -> Option<&Order> {
        self.orders.get(&id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// Up to `limit` orders after this id, and whether there are more.
    pub(super) fn page(&self, after: u32, status: Option<Status>, limit: usize) -> (Vec<&Order>, bool) {
        let later = self.orders.range(after.saturating_add(1)..).map(|(_, order)| order);
        let mut page: Vec<_> = later
            .filter(|order| status.is_none_or(|status| order.status == status))
            .take(limit + 1)
            .collect();
        let more = page.len() > limit;
        page.truncate(limit);
        (page, more)
    }

    pub(super) fn create(&mut self, draft: Draft, now: Timestamp) -> &Order {
        if self.orders.len() >= MOST {
            // The seeded ones stay: examples ask for them.
            let oldest = self.orders.range(NEW..).next().map(|(id, _)| *id);
            oldest.map(|id| self.orders.remove(&id));
        }
        let id = self.next;
        self.next += 1;
        let order = Order { id, status: Status::Received, draft, created: now, updated: now };
        self.orders.entry(id).or_insert(order)
    }

    /// Another draft in place of the old one, while the order is open.
    pub(super) fn replace(&mut self, id: u32, draft: Draft, now: Timestamp) -> Result<&Order, No> {
        let order = self.orders.get_mut(&id).ok_or(No::NotFound)?;
        if !order.status.is_open() {
            return Err(No::Status(order.status));
        }
        (order.draft, order.updated) = (draft, now);
        Ok(order)
    }

    pub(super) fn change(&mut self, id: u32, change: Change, now: Timestamp) -> Result<&Order, No> {
        let order = self.orders.get_mut(&id).ok_or(No::NotFound)?;
        let status = change.status.unwrap_or(order.status);
        if !order.status.may_become(status) {
            return Err(No::Status(order.status));
        }
        (order.status, order.updated) = (status, now);
        order.draft.customer = change.customer.unwrap_or_else(|| std::mem::take(&mut order.draft.customer));
        match change.note {
            Note::Stays => {}
            Note::Goes => order.draft.note = None,
            Note::Is(text) => order.draft.note = Some(text),
        }
        Ok(order)
    }

    /// Forgets an order, unless it is on the road.
    pub(super) fn delete(&mut self, id: u32) -> Result<(), No> {
        match self.orders.get(&id).map(|order| order.status) {
            None => Err(No::NotFound),
            Some(Status::InTransit) => Err(No::Status(Status::InTransit)),
            Some(_) => {
                self.orders.remove(&id);
                Ok(())
            }
        }
    }

    pub(super) fn known(&self, key: &str, body: &Bytes) -> Known {
        match self.keys.get(key) {
            None => Known::Nothing,
            Some((then, answer)) if then == body => Known::Answered(answer.clone()),
            Some(_) => Known::Otherwise,
        }
    }

    pub(super) fn remember(&mut self, key: String, body: Bytes, answer: Response<Bytes>) {
        if self.order_of_keys.len() >= KEYS
            && let Some(oldest) = self.order_of_keys.pop_front()
        {
            self.keys.remove(&oldest);
        }
        self.order_of_keys.push_back(key.clone());
        self.keys.insert(key, (body, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Store};
    use crate::provider::orders::order::{Draft, Order};
    use jiff::Timestamp;

    #[test]
    fn a_full_store_lets_the_oldest_new_order_go_and_keeps_the_seeded() {
        let mut store = Store::new(Timestamp::UNIX_EPOCH);
        let draft = Draft { customer: "Acme".into(), currency: "EUR".into(), items: Vec::new(), note: None };
        for _ in 0..MOST {
            store.create(draft.clone(), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(store.all().count(), MOST);
        assert!(store.get(4001).is_some() && store.get(6001).is_none());
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let store = Store::new(Timestamp::UNIX_EPOCH);
        let (mut after, mut ids) = (0, Vec::new());
        loop {
            let (page, more) = store.page(after, None, 99);
            ids.extend(page.iter().map(|order| order.id));
            after = page.last().map_or(0, |order: &&Order| order.id);
            if !more {
                break;
            }
        }
        assert_eq!(ids, (4001..=4500).collect::<Vec<_>>());
    }
}
