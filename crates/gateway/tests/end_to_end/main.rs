//! The gateway over real sockets, before the demo's providers.

mod fields;
mod harness;
mod limits;
mod open_api;
mod orders;
mod pages;
mod statuses;
