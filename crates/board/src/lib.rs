//! The board: `switchboard.toml` becomes resolved offers, plans and upstreams, a router, and diagnostics.
//!
//! *Raw* is what was typed (spanned, private); *resolved* is what is meant: every name looked up, every
//! contract loaded, every default filled in. Only the resolved board leaves this room. It reads no
//! file and no environment itself: an [`Outside`] is handed in.

mod api;
mod console;
mod consumer;
mod diagnostic;
mod flags;
mod ledger;
mod listen;
mod offer;
mod outside;
mod path;
mod plan;
mod record;
mod resolve;
mod router;
mod upstream;

pub use api::{Api, ApiName, CheckMode, Checks, Undeclared};
pub use console::ConsoleSettings;
pub use consumer::BoardConsumers;
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use flags::ProxyFlags;
pub use ledger::LedgerSettings;
pub use listen::{Listener, ListenerTls, TrustedNetwork};
pub use offer::{Cors, KeyPlace, Offer, Upgrade};
pub use outside::{Outside, OutsideError};
pub use path::{NormalPath, PathError};
pub use plan::{Auth, Limit, Per, Plan};
pub use record::{DetailsWanted, RecordSettings};
pub use resolve::{Board, load, proxy};
pub use router::{Found, Router};
pub use upstream::{Credential, CredentialPlace, ServerUrl, Upstream};
