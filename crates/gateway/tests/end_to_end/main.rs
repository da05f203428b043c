//! The gateway over real sockets, before the demo's providers.

mod endings;
mod fields;
mod harness;
mod life;
mod limits;
mod open_api;
mod orders;
mod pages;
mod statuses;
mod streams;
