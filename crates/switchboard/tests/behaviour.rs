//! How `switchboard call` behaves as a client: pages, polling, limits, endings and failures, shown by the providers' own logs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

#[path = "behaviour/acting.rs"]
mod acting;
#[path = "behaviour/endings.rs"]
mod endings;
#[path = "behaviour/every_page.rs"]
mod every_page;
#[path = "behaviour/failures.rs"]
mod failures;
#[path = "behaviour/files_of_curl.rs"]
mod files_of_curl;
#[path = "call/harness.rs"]
mod harness;
#[path = "behaviour/limits.rs"]
mod limits;
#[path = "behaviour/packs.rs"]
mod packs;
#[path = "behaviour/rows.rs"]
mod rows;
#[path = "harness.rs"]
mod running;
#[path = "behaviour/shop.rs"]
mod shop;
#[path = "behaviour/until.rs"]
mod until;
#[path = "behaviour/validators.rs"]
mod validators;
