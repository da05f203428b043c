//! OpenAPI: read a document, encode and decode its calls, check its messages.
//!
//! Source: OpenAPI 3.0 and 3.1. `read` and `outline` take a document apart, `lower` makes operations
//! of it; `encode` and `decode` are each other's reverse; `check` says what of a message is wrong.

mod check;
mod decode;
mod encode;
pub(crate) mod lower;
pub(crate) mod media;
pub(crate) mod outline;
mod payload;
pub(crate) mod read;
mod surroundings;
mod text;

pub use check::{check_answer, check_head};
pub use decode::decode;
pub use encode::encode;
pub(crate) use payload::check_body;
