//! How `switchboard call` behaves as a client: pages, polling, limits, endings and failures, shown by the providers' own logs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

#[path = "behaviour/every_page.rs"]
mod every_page;
#[path = "call/harness.rs"]
mod harness;
#[path = "behaviour/shop.rs"]
mod shop;
#[path = "behaviour/until.rs"]
mod until;
