//! The gateway over real sockets, before the demo's providers.

mod harness;
mod open_api;
