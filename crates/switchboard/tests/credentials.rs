//! Credentials against the real thing: nginx, httpbin, a keyring, issuers; for the client and for the gateway alike.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at what it did not expect, and says what it skipped"
)]

#[path = "credentials/digest.rs"]
mod digest;
#[path = "credentials/elsewhere.rs"]
mod elsewhere;
mod harness;
#[path = "credentials/issuer.rs"]
mod issuer;
#[path = "credentials/keyring.rs"]
mod keyring;
#[path = "credentials/kinds.rs"]
mod kinds;
#[path = "credentials/mutual.rs"]
mod mutual;
#[path = "credentials/tokens.rs"]
mod tokens;
