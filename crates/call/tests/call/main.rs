//! The provider's side from end to end: real sockets, right providers and broken ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod caller;
mod checking;
mod credentials;
mod failing;
mod pacing;
mod pooling;
mod sending;
mod streaming;
mod trust;
