//! OpenAPI: read a document, encode and decode its calls, check its messages.
//!
//! Source: OpenAPI 2.0 to 3.2. `read` and `outline` take a document apart, `lower` makes operations
//! of it; `encode` and `decode` are each other's reverse; `check` says what of a message is wrong.

mod check;
mod content;
mod decode;
mod encode;
mod form;
pub(crate) mod lower;
pub(crate) mod media;
mod members;
mod multipart;
pub(crate) mod outline;
mod payload;
pub(crate) mod read;
mod style;
mod surroundings;
pub(crate) mod text;
mod xml;

pub use check::{check_answer, check_head};
pub use decode::decode;
pub use encode::encode;
pub(crate) use multipart::{ShownPart, shown_parts};
pub(crate) use payload::{broken, check_body, written};
