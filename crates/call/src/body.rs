//! The body of a request on its way to the provider.

use bytes::Bytes;
use http_body::Body;
use std::fmt;
use std::pin::Pin;

/// Why a body broke off.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request: held ones can be sent again, streamed ones cannot.
#[derive(Default)]
pub enum OutBody {
    /// None.
    #[default]
    Empty,
    /// In memory.
    Held(Bytes),
    /// As it comes in.
    Stream(Pin<Box<dyn Body<Data = Bytes, Error = BodyError>>>),
}

impl OutBody {
    /// Whether it can be sent once more from the beginning.
    pub const fn can_repeat(&self) -> bool {
        !matches!(self, Self::Stream(_))
    }
}

impl fmt::Debug for OutBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => out.write_str("Empty"),
            Self::Held(bytes) => write!(out, "Held({} bytes)", bytes.len()),
            Self::Stream(_) => out.write_str("Stream"),
        }
    }
}
