//! The gateway over real sockets, before the demo's providers.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test has nothing to go on with"
)]

mod endings;
mod fields;
mod harness;
mod life;
mod limits;
mod open_api;
mod orders;
mod pages;
mod quotas;
mod rates;
mod rights;
mod statuses;
mod streams;
mod uploads;
