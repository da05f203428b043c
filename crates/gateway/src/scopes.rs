//! What each scope of a key opens, operation by operation: judged when a world is made, so that a call looks at one bit.
//!
//! A scope takes away and never gives: what the offer keeps closed stays closed.

use crate::under_way::Bound;
use crate::world::Prepared;
use contract::Contract;
use exchange::{Accounts, KeyScope};
use std::collections::HashMap;
use std::sync::Arc;

/// What the scopes of one picture of the accounts open on one board.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    /// Of which they were made.
    of: Arc<[KeyScope]>,
    /// For each scope, for each offer.
    opens: Vec<Box<[Arc<Opened>]>>,
}

/// What a scope opens of an API.
#[derive(Debug, PartialEq, Eq)]
enum Opened {
    Everything,
    Nothing,
    /// A bit for each operation; what no contract declares is not among them.
    Some(Box<[u64]>),
}

impl Scopes {
    /// Judges every scope for every API.
    pub(crate) fn new(accounts: &Accounts, prepared: &Prepared) -> Self {
        let of = Arc::clone(accounts.scopes());
        let opens = of.iter().map(|scope| {
            let mut apis = HashMap::new();
            let offers = prepared.offers.iter().map(|served| {
                let opened = apis.entry(served.api.name.as_str()).or_insert_with(|| {
                    Arc::new(Opened::new(scope, served.api.name.as_str(), served.api.contract.as_deref()))
                });
                Arc::clone(opened)
            });
            offers.collect()
        });
        Self { opens: opens.collect(), of }
    }

    /// Whether they were made of these.
    pub(crate) fn are_of(&self, accounts: &Accounts) -> bool {
        Arc::ptr_eq(&self.of, accounts.scopes())
    }

    /// Whether a scope lets a key call this operation of an offer.
    pub(crate) fn open(&self, scope: usize, offer: usize, bound: Bound) -> bool {
        // What was not judged is closed.
        self.opens.get(scope).and_then(|offers| offers.get(offer)).is_some_and(|opened| opened.opens(bound))
    }

    /// A scope in words.
    pub(crate) fn words(&self, scope: usize) -> String {
        self.of.get(scope).map(ToString::to_string).unwrap_or_default()
    }
}

impl Opened {
    fn new(scope: &KeyScope, api: &str, contract: Option<&Contract>) -> Self {
        if !scope.has_api(api) {
            return Self::Nothing;
        }
        if scope.only.is_empty() {
            return Self::Everything;
        }
        let Some(contract) = contract else { return Self::Nothing };
        let mut bits = vec![0_u64; contract.operations.len().div_ceil(64)];
        for (index, operation) in contract.operations.iter().enumerate() {
            if scope.only.iter().any(|word| board::word_names(word, operation)) {
                bits[index / 64] |= 1 << (index % 64);
            }
        }
        if bits.iter().all(|bits| *bits == 0) { Self::Nothing } else { Self::Some(bits.into()) }
    }

    fn opens(&self, bound: Bound) -> bool {
        match (self, bound) {
            (Self::Everything, _) => true,
            (Self::Some(bits), Bound::One(index)) => {
                bits.get(index / 64).is_some_and(|bits| bits >> (index % 64) & 1 == 1)
            }
            (Self::Nothing, _) | (Self::Some(_), Bound::Unknown) => false,
        }
    }
}
