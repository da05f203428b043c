//! Boards as people write them: what loads, what is told, where calls go, and how a file is edited.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads the files of its cases"
)]

mod by_example;
mod cases;
mod changing;
mod completing;
mod corpus;
mod editing;
mod harness;
mod opening;
mod overlay;
mod proxied;
mod routing;
mod strangers;
mod toml_faults;
