//! The board: `switchboard.toml` becomes resolved offers, plans and upstreams, a router, and diagnostics.
//!
//! *Raw* is what was typed (spanned, private); *resolved* is what is meant: every name looked up, every
//! contract loaded, every default filled in. Only the resolved board leaves this room. It reads no
//! file and no environment itself: an [`Outside`] is handed in.

mod api;
mod batch;
mod changes;
mod choose;
mod code;
mod console;
mod consumer;
mod cors;
mod cost;
mod credential;
mod diagnostic;
pub mod edit;
mod fingerprint;
mod flags;
mod key_scope;
mod keys;
mod ledger;
mod limit;
mod listen;
mod login;
mod made_of;
mod mock;
mod network;
mod oauth;
mod offer;
mod outside;
mod path;
mod plan;
mod price;
mod quantity;
mod record;
mod render;
mod report;
mod resolve;
mod router;
mod rule;
mod schema;
mod scope;
mod secret;
mod terms;
mod tree;
mod trie;
mod upstream;

pub use api::{Api, ApiName, CheckMode, Checks, Undeclared};
pub use batch::BatchOperation;
pub use changes::{Change, Effect, Side, Whom, changes};
pub use choose::{Chosen, Serves, choose};
pub use code::{CODES, explain};
pub use console::ConsoleSettings;
pub use consumer::{About, BoardConsumers};
pub use cors::Cors;
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use flags::{MockFlags, ProxyFlags, mocked, proxy};
pub use key_scope::{IdleWord, idle_words, word_names};
pub use ledger::{LedgerDatabase, LedgerSettings};
pub use limit::{Limit, Measure, Per};
pub use listen::{Listener, ListenerTls};
pub use mock::{Fault, FaultKind, LONGEST_DELAY, Mock};
pub use network::TrustedNetwork;
pub use oauth::{Grant, OAuth, SigV4, is_safe as is_safe_for_secrets};
pub use offer::{KeyPlace, Offer, Upgrade};
pub use outside::{Known, Outside, OutsideError};
pub use path::{NormalPath, PathError};
pub use plan::{Auth, Plan};
pub use price::{Currency, Price};
pub use record::{DetailsWanted, RecordSettings};
pub use resolve::{Board, ledger_of, load, look};
pub use router::{Found, Router};
pub use schema::editor_schema;
pub use terms::Terms;
pub use upstream::{Credential, CredentialPlace, ServerUrl, Upstream};
