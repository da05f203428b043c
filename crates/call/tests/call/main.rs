//! The provider's side from end to end: real sockets, right providers and broken ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod authorities;
mod caller;
mod checking;
mod credentials;
mod failing;
mod identity;
mod pacing;
mod pooling;
mod proxied;
mod proxies;
mod sending;
mod streaming;
mod trust;
mod two;
