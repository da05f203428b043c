//! The provider's side from end to end: real sockets, right providers and broken ones.

mod caller;
mod credentials;
mod failing;
mod pooling;
mod sending;
