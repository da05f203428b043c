//! BACK: the half of the pipeline that faces the provider.
//!
//! Gateway, command line, tests and flows call alike: whoever has values encodes them
//! ([`operation`]); the gateway hands bytes on ([`pass`]); both end in [`Providers::send`], which
//! adds the credential, waits for the pace, connects or reuses, repeats what may be repeated, and
//! gives the answer with its body still coming. Everything here lives on one thread.

mod allowance;
mod answer;
mod answer_body;
mod attempt;
mod body;
mod budget;
mod connect;
mod credential;
mod deadline;
mod dial;
mod error;
mod learnt;
mod lease;
mod message;
pub mod operation;
mod pace;
pub mod pass;
mod pool;
mod provider;
mod providers;
mod proxy;
mod reach;
pub mod redirect;
mod request;
pub mod response;
mod retry;
mod send;
mod sender;
mod stream;
mod tls;
mod tunnel;

pub use allowance::{Allowance, allowance};
pub use answer::{Answer, Sent};
pub use answer_body::AnswerBody;
pub use body::{BodyError, OutBody};
pub use budget::{Allowances, Budget, Lease, Owner, next_turn, next_turns};
pub use credential::{issuer, token};
pub use dial::{ConnectTo, Dial, Family, HttpVersion, Identity, TlsVersion};
pub use error::{CallError, ErrorKind};
pub use learnt::{learn, learnt};
pub use lease::Leases;
pub use pace::Paces;
pub use providers::Providers;
pub use proxy::{NoProxy, Proxies, Proxy, ProxyKind};
pub use request::Outgoing;
pub use retry::{Patience, retry_after};
