//! Boards as people write them: what loads, what is told, where calls go, and how a file is edited.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod by_example;
mod cases;
mod completing;
mod editing;
mod harness;
mod overlay;
mod proxied;
mod strangers;
