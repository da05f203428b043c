//! `[apis.NAME]`: an API, ours or somebody else's.

use crate::{Offer, Upstream};
use contract::Contract;
use exchange::Origin;
use std::fmt;
use std::sync::Arc;

/// The name of an API on this board; has no dot and is no method.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiName(Arc<str>);

impl ApiName {
    /// Takes a checked name.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for ApiName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// An API of the board.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its name.
    pub name: ApiName,
    /// Its contract; without one the API is open.
    pub contract: Option<Arc<Contract>>,
    /// What happens to paths that the contract lacks.
    pub undeclared: Undeclared,
    /// Whether messages are checked.
    pub checks: Checks,
    /// Where it is.
    pub upstream: Arc<Upstream>,
    /// To whom it is offered, in file order.
    pub offers: Vec<Arc<Offer>>,
    /// Where it is written.
    pub origin: Origin,
}

/// What happens to a path that the contract lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undeclared {
    /// It is refused.
    Refuse,
    /// It passes unchecked, and is recorded so.
    Pass,
}

/// What happens when a message breaks its contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckMode {
    /// It is refused.
    Block,
    /// It passes, and the finding joins the record.
    Report,
    /// It is not looked at.
    Off,
}

/// The check modes of both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Of requests.
    pub requests: CheckMode,
    /// Of responses.
    pub responses: CheckMode,
}
