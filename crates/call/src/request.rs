//! A request as it is handed to the provider's side: relative to the server that will be chosen.

use crate::OutBody;
use contract::{Operation, Repeat};
use http::{HeaderMap, Method};

/// A request on its way out. Fields of the caller's connection are already gone; credentials are not yet there.
#[derive(Debug)]
pub struct Outgoing<'o> {
    /// Method.
    pub method: Method,
    /// Path below the server's base, normalised and percent-encoded, beginning with `/`.
    pub path: String,
    /// Query without `?`.
    pub query: Option<String>,
    /// Fields; `Host` is set when it is sent unless it is here.
    pub fields: HeaderMap,
    /// Body.
    pub body: OutBody,
    /// Whether it may be sent twice.
    pub repeat: Repeat,
    /// Whether an upgrade of the connection is asked for (the `Upgrade` field says to what).
    pub upgrade: bool,
    /// What is called, where that is known: its contract says which credentials go with it.
    pub operation: Option<&'o Operation>,
}

impl Outgoing<'_> {
    /// The same request again, where its body can be sent once more.
    pub fn again(&self) -> Option<Self> {
        Some(Self {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            fields: self.fields.clone(),
            body: self.body.again()?,
            repeat: self.repeat.clone(),
            upgrade: self.upgrade,
            operation: self.operation,
        })
    }
}
