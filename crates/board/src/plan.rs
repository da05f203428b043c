//! `[plans.NAME]`: what an audience gets: how it identifies itself, and how much it may call.

use exchange::{Origin, PlanName, PolicyId, Rate};

/// What an audience gets.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: PlanName,
    /// How its holders identify themselves.
    pub auth: Auth,
    /// Limits, in the order they are looked at.
    pub limits: Vec<Limit>,
    /// Where it is written.
    pub origin: Origin,
}

/// How a caller identifies itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// With a key that we issued.
    Key,
    /// Not at all.
    None,
}

/// A limit of a plan.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What its meters are kept by.
    pub policy: PolicyId,
    /// How much.
    pub rate: Rate,
    /// Per what it counts.
    pub per: Per,
    /// As written: `60/min`.
    pub text: String,
    /// Where it is written.
    pub origin: Origin,
}

/// What a limit counts per. Over all that the plan opens, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    /// A consumer.
    Consumer,
    /// An address of callers.
    Address,
    /// A key.
    Key,
    /// A consumer and an operation.
    Operation,
    /// A consumer and an API.
    Api,
}
