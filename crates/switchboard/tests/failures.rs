//! What goes wrong around a running board: broken providers, a locked or full disk, kills, floods, hostile bytes.
//!
//! The real binary, real sockets of the loopback, bounds on every count and wait; no measured time is judged.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests: a missing answer has nothing to go on with, and what is skipped is said"
)]

mod harness;

#[path = "failures/access.rs"]
mod access;
#[path = "failures/alerts.rs"]
mod alerts;
#[path = "failures/bills.rs"]
mod bills;
#[path = "failures/broken_board.rs"]
mod broken_board;
#[path = "failures/counters.rs"]
mod counters;
#[path = "failures/database.rs"]
mod database;
#[path = "failures/database_trouble.rs"]
mod database_trouble;
#[path = "failures/disk_full.rs"]
mod disk_full;
#[path = "failures/heads.rs"]
mod heads;
#[path = "failures/inputs.rs"]
mod inputs;
#[path = "failures/keys.rs"]
mod keys;
#[path = "failures/killed.rs"]
mod killed;
#[path = "failures/large.rs"]
mod large;
#[path = "failures/locked.rs"]
mod locked;
#[path = "failures/moved.rs"]
mod moved;
#[path = "failures/planted.rs"]
mod planted;
#[path = "failures/providers.rs"]
mod providers;
#[path = "failures/quotas.rs"]
mod quotas;
#[path = "failures/rates.rs"]
mod rates;
#[path = "failures/receiver.rs"]
mod receiver;
#[path = "failures/refused.rs"]
mod refused;
#[path = "failures/reloads.rs"]
mod reloads;
#[path = "failures/secrets.rs"]
mod secrets;
#[path = "failures/served.rs"]
mod served;
#[path = "failures/slow.rs"]
mod slow;
#[path = "failures/smuggling.rs"]
mod smuggling;
#[path = "failures/socket.rs"]
mod socket;
#[path = "failures/starting.rs"]
mod starting;
#[path = "failures/stopping.rs"]
mod stopping;
#[path = "failures/thresholds.rs"]
mod thresholds;
#[path = "failures/wire.rs"]
mod wire;
