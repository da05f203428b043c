//! Whom a limit counts for, and over what.

use crate::address_table::network;
use crate::seen::{Caller, Seen};
use crate::under_way::Bound;
use crate::world::{Served, ServedLimit, Shared};
use board::Per;
use exchange::{KeyDigest, PolicyId, QuotaAccount};
use std::sync::Arc;

/// Whom a limit counts for, and over what.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct Subject<'a> {
    policy: &'a PolicyId,
    who: Who<'a>,
    api: Option<&'a str>,
    operation: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, Hash)]
enum Who<'a> {
    Name(&'a str),
    Key(&'a KeyDigest),
    /// Nobody by name: what counts per consumer counts per address.
    Address(u128),
}

impl<'a> Subject<'a> {
    /// A consumer over all that the plan opens.
    pub(crate) fn consumer(policy: &'a PolicyId, name: &'a str) -> Self {
        Self { policy, who: Who::Name(name), api: None, operation: None }
    }

    pub(super) fn of(served: &'a Served, limit: &'a ServedLimit, seen: &'a Seen) -> Self {
        let limit = &limit.limit;
        let consumer = seen.caller.as_ref().and_then(Caller::consumer);
        let who = match (limit.per, &seen.caller, consumer) {
            (Per::Address, ..) | (_, _, None) => Who::Address(network(seen.address)),
            (Per::Key, Some(Caller::Key(_, digest)), _) => Who::Key(digest),
            (_, _, Some(consumer)) => Who::Name(consumer.name.as_str()),
        };
        let api = matches!(limit.per, Per::Operation | Per::Api).then(|| served.api.name.as_str());
        let operation = match (limit.per, seen.bound) {
            (Per::Operation, Bound::One(index)) => served.operation(index).map(|known| known.id.as_str()),
            _ => None,
        };
        Self { policy: &limit.policy, who, api, operation }
    }

    /// Whether addresses are told apart by it: strangers can make any number of them.
    pub(super) const fn is_address(&self) -> bool {
        matches!(self.who, Who::Address(_))
    }

    /// Its number in tables of meters and where rates are shared.
    pub(crate) fn number(&self, shared: &Shared) -> u64 {
        shared.rates.hash().number(self, self.is_address())
    }

    /// Under what a quota is kept for it. Of a key the first half of its digest, of an address its network.
    pub(crate) fn quota_account(&self) -> QuotaAccount {
        let mut subject = match self.who {
            Who::Name(name) => name.to_owned(),
            Who::Key(digest) => digest.to_string().chars().take(7 + 32).collect(),
            Who::Address(network) => format!("ip:{network:032x}"),
        };
        for part in [self.api, self.operation].into_iter().flatten() {
            subject.push('/');
            subject.push_str(part);
        }
        QuotaAccount { policy: Arc::clone(self.policy.text()), subject: subject.into() }
    }
}
