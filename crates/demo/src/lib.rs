//! Providers and callers to play with: what `switchboard demo` shows, and what every test calls.
//!
//! Real sockets on 127.0.0.1, no outside world. Nothing here is on the path of a user's own call.

pub mod board;
pub mod provider;
mod random;
pub mod traffic;

pub use provider::{Provider, Recorded, StartError, Unstarted};
