//! The router: listener, host and normalised path to offer and operation.
//!
//! An offer for the caller's host beats one for any host; then the longest address wins, by whole segments;
//! then the contract's templates are tried. Nothing is allocated on a hit.

use crate::trie::{Hit, Trie};
use crate::{Api, NormalPath, Offer};
use http::{HeaderMap, Method};
use std::sync::Arc;

/// The offers of one listener.
#[derive(Clone, Debug, Default)]
pub struct Router {
    offers: Vec<Arc<Offer>>,
    /// Those with a host first, then longer addresses first.
    places: Vec<Place>,
}

/// An offer and the operations below it.
#[derive(Clone, Debug)]
struct Place {
    /// Position in `offers`.
    offer: usize,
    /// Without a contract there is none. One for all offers of an API.
    trie: Option<Arc<Trie>>,
}

/// What stands at an address.
#[derive(Clone, Debug)]
pub enum Found<'r, 'p> {
    /// An operation of an offer's contract.
    Operation {
        /// The offer.
        offer: &'r Arc<Offer>,
        /// Index into the contract's operations.
        operation: usize,
        /// The path below the offer's address.
        below: &'p str,
    },
    /// The path is in the contract, the method is not.
    OtherMethods {
        /// The offer.
        offer: &'r Arc<Offer>,
        /// Methods the path takes.
        methods: Vec<Method>,
        /// The path below the offer's address.
        below: &'p str,
    },
    /// No contract, or the contract has no such path: the API's `undeclared` decides.
    Undeclared {
        /// The offer.
        offer: &'r Arc<Offer>,
        /// The path below the offer's address.
        below: &'p str,
    },
    /// No offer is here.
    Nothing,
}

impl Router {
    /// The router of the listener with this index.
    pub(crate) fn new<'a>(listener: usize, apis: impl Iterator<Item = &'a Api>) -> Self {
        let mut router = Self::default();
        for api in apis {
            let mut here = api.offers.iter().filter(|offer| offer.listener == listener).peekable();
            if here.peek().is_none() {
                continue;
            }
            let trie = api.contract.as_ref().map(|contract| Arc::new(Trie::new(&contract.operations)));
            for offer in here {
                router.places.push(Place { offer: router.offers.len(), trie: trie.clone() });
                router.offers.push(Arc::clone(offer));
            }
        }
        let offers = &router.offers;
        router.places.sort_by_key(|place| {
            let offer = &offers[place.offer];
            (offer.host.is_none(), std::cmp::Reverse(offer.at.len()))
        });
        router
    }

    /// Finds what stands at `path` for callers who name `host` (lower case, without port).
    ///
    /// A `HEAD` that is not declared is answered by the path's `GET` (RFC 9110 §9.3.2).
    pub fn find<'r, 'p>(&'r self, host: &str, method: &Method, path: &'p NormalPath) -> Found<'r, 'p> {
        self.find_in(host, method, path).0
    }

    /// What stands there, and the operations of the offer it is in.
    fn find_in<'r, 'p>(
        &'r self,
        host: &str,
        method: &Method,
        path: &'p NormalPath,
    ) -> (Found<'r, 'p>, Option<&'r Trie>) {
        let here = self.places.iter().find_map(|place| {
            let offer = self.offers.get(place.offer)?;
            if offer.host.as_deref().is_some_and(|own| own != host) {
                return None;
            }
            Some((place.trie.as_deref(), offer, path.below(&offer.at)?))
        });
        let Some((trie, offer, below)) = here else {
            return (Found::Nothing, None);
        };
        let found = match trie.map(|trie| trie.find(method, below)) {
            Some(Hit::Operation(operation)) => Found::Operation { offer, operation, below },
            Some(Hit::OtherMethods(methods)) => Found::OtherMethods { offer, methods, below },
            Some(Hit::Nothing) | None => Found::Undeclared { offer, below },
        };
        (found, trie)
    }

    /// As [`Router::find`], with what else of a request tells operations apart that share their path: a query
    /// or a field that the contract's key fixes (`/rest?method=photos.list`).
    pub fn find_told<'r, 'p>(
        &'r self,
        host: &str,
        method: &Method,
        path: &'p NormalPath,
        (query, fields): (Option<&str>, &HeaderMap),
    ) -> Found<'r, 'p> {
        let (found, trie) = self.find_in(host, method, path);
        let Found::Operation { offer, operation, below } = found else { return found };
        match trie.and_then(|trie| trie.told_apart(operation, query, fields)) {
            Some(operation) => Found::Operation { offer, operation, below },
            None => Found::Undeclared { offer, below },
        }
    }

    /// All operations that this method and path may mean, by what else a request has: for whoever has to answer before
    /// the request is there. Empty where the path is not declared with this method.
    pub fn find_all(&self, host: &str, method: &Method, path: &NormalPath) -> Vec<usize> {
        match self.find_in(host, method, path) {
            (Found::Operation { operation, .. }, Some(trie)) => trie.alike(operation),
            _ => Vec::new(),
        }
    }

    /// The offers, in file order: for `GET /`.
    pub fn offers(&self) -> &[Arc<Offer>] {
        &self.offers
    }
}
