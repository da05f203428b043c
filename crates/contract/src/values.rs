//! The values of a call: what goes where, and the request they make.

use bytes::Bytes;
use http::{HeaderMap, Method};
use std::fmt;

/// Where a value stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum In {
    /// A parameter in the path.
    Path,
    /// A parameter in the query.
    Query,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
    /// The body, or a member of it.
    Body,
    /// The status of an answer.
    Status,
}

impl In {
    /// The word for messages and for `errors[].in`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
            Self::Status => "status",
        }
    }
}

impl fmt::Display for In {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// One value, typed as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A JSON value.
    Json(serde_json::Value),
    /// Text that no contract has typed.
    Text(String),
    /// Bytes as they are.
    Bytes(Bytes),
    /// Content that whoever sends the request reads when it is sent.
    Later(Source),
}

/// Content that is streamed when the request is sent: a file the shell opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path or name, as the shell understands it.
    pub name: String,
    /// Media type to announce, if known.
    pub media: Option<String>,
    /// The file's name to announce, if it is another than the last part of `name`.
    pub shown: Option<String>,
}

/// Values by place and name, in the order they were given. A body as a whole has the empty name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(pub Vec<(In, String, Value)>);

impl Values {
    /// The first value at this place with this name.
    pub fn get(&self, place: In, name: &str) -> Option<&Value> {
        self.0.iter().find(|(at, called, _)| *at == place && called == name).map(|(_, _, value)| value)
    }

    /// Adds a value.
    pub fn push(&mut self, place: In, name: impl Into<String>, value: Value) {
        self.0.push((place, name.into(), value));
    }
}

/// A request made from values, relative to the server: no scheme, no authority.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path, percent-encoded, beginning with `/`.
    pub path: String,
    /// Query without `?`, percent-encoded.
    pub query: Option<String>,
    /// Fields, with Content-Type where there is a payload.
    pub fields: HeaderMap,
    /// What follows the head.
    pub payload: Payload,
}

/// The payload of an encoded request.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// No body.
    Empty,
    /// A body in memory.
    Bytes(Bytes),
    /// A body that the shell streams.
    Later(Source),
    /// A body in stretches, some of which the shell streams: a multipart body with files.
    Chunks(Vec<Chunk>),
}

/// A stretch of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// In memory.
    Held(Bytes),
    /// Content that the shell streams.
    Later(Source),
}
