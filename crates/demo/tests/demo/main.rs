//! The demo from outside: every provider over a real socket, the board in a real folder, the traffic against a provider.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod board;
mod contracts;
mod orders;
mod providers;
mod traffic;
mod weather;
mod wire;
