//! Usage and what it costs: the real binary over real ledgers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests: a missing answer has nothing to go on with, and what is skipped is said"
)]

mod harness;

#[path = "usage/export.rs"]
mod export;
#[path = "../../ledger/tests/postgres.rs"]
mod postgres;
