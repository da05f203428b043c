//! The console: HTML made on the server, from the ledger. Read-only.
//!
//! A listener of its own with a one-time link to sign in; calls as they happen (server-sent events) and one
//! call with every decision. Works without JavaScript; nothing is loaded from elsewhere. Times are an
//! argument (a [`Clock`]), entropy is handed in. Deliberately absent: anything that changes something.

mod asset;
mod connection;
mod copy;
mod door;
mod json_lines;
mod live;
mod page;
mod query;
mod reply;
mod serve;
mod sign_in;
mod words;

pub use serve::{Clock, ConsoleError, ConsoleOptions, Running, serve};
pub use sign_in::{OneTimeLink, SignIn};
