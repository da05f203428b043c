//! OpenAPI: read a document, encode and decode its calls, check its messages.
//!
//! Source: OpenAPI 3.0 and 3.1. `read` and `outline` take a document apart, `lower` makes operations
//! of it; `encode` and `decode` are each other's reverse; `check` says what of a message is wrong.

mod check;
mod content;
mod decode;
mod encode;
mod form;
pub(crate) mod lower;
mod media;
mod multipart;
pub(crate) mod outline;
mod payload;
pub(crate) mod read;
mod style;
mod surroundings;
mod text;
mod xml;

pub use check::{check_answer, check_head};
pub use decode::decode;
pub use encode::encode;
pub(crate) use payload::check_body;
