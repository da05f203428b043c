//! Usage and what it costs: the real binary over real ledgers.
#![expect(clippy::unwrap_used, reason = "a test that fails should stop")]

mod harness;

#[path = "usage/export.rs"]
mod export;
