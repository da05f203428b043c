//! BACK: the half of the pipeline that faces the provider.
//!
//! Gateway, command line, tests and flows call alike: whoever has values encodes them
//! ([`operation`]); the gateway hands bytes on ([`pass`]); both end in [`Providers::send`], which
//! adds the credential, waits for the pace, connects or reuses, repeats what may be repeated, and
//! gives the answer with its body still coming. Everything here lives on one thread.

mod answer;
mod body;
mod dial;
mod error;
pub mod operation;
pub mod pass;
mod providers;
mod request;

pub use answer::{Answer, AnswerBody, Sent};
pub use body::{BodyError, OutBody};
pub use dial::Dial;
pub use error::{CallError, ErrorKind};
pub use providers::Providers;
pub use request::Outgoing;
