//! `[apis.NAME.offer.NAME]`: an API made available to an audience at an address.

use crate::{ApiName, Plan};
use exchange::{ByteCount, Origin};
use http::HeaderName;
use std::sync::Arc;

/// An API made available to an audience at an address.
#[derive(Clone, Debug)]
pub struct Offer {
    /// `orders.public`: API and offer.
    pub id: Arc<str>,
    /// The API.
    pub api: ApiName,
    /// Index of its listener in the board.
    pub listener: usize,
    /// The host name it is narrowed to, lower case, without port.
    pub host: Option<String>,
    /// The address: a normalised path without a slash at the end; empty for `/`.
    pub at: String,
    /// Who may enter, in the order of preference.
    pub plans: Vec<Arc<Plan>>,
    /// Operations it opens: by index into the contract's operations. Empty without a contract.
    pub opens: Vec<bool>,
    /// `METHOD` and path patterns it opens, where there is no contract; empty: everything.
    pub opens_undeclared: bool,
    /// Which pages may call it.
    pub cors: Cors,
    /// The largest body that is held.
    pub max_body: ByteCount,
    /// Upgrades it lets through.
    pub upgrade: Vec<Upgrade>,
    /// Where a key is looked for, in order; empty: nobody is asked.
    pub key_places: Vec<KeyPlace>,
    /// `only` or `except` as written, for `explain`; empty: everything.
    pub rule: String,
    /// Where it is written.
    pub origin: Origin,
    /// Where `only` or `except` is written, else as `origin`.
    pub rule_origin: Origin,
    /// Where `plans` is written.
    pub plans_origin: Origin,
}

/// Which pages may call (Fetch standard, CORS protocol).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins, exact; empty: none.
    pub origins: Vec<String>,
    /// Any origin (`*`).
    pub any: bool,
}

/// A protocol that a connection may be upgraded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Upgrade {
    /// WebSocket (RFC 6455).
    WebSocket,
}

/// Where a key that we issued is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyPlace {
    /// A header field.
    Header(HeaderName),
    /// `Authorization: Bearer`.
    Bearer,
    /// A query parameter.
    Query(String),
    /// A cookie.
    Cookie(String),
}

impl Cors {
    /// Whether any page may call at all.
    pub fn is_on(&self) -> bool {
        self.any || !self.origins.is_empty()
    }

    /// Whether a page of this origin may call; compared exactly (Fetch standard), `null` never.
    pub fn allows(&self, origin: &str) -> bool {
        origin != "null" && (self.any || self.origins.iter().any(|known| known == origin))
    }
}
