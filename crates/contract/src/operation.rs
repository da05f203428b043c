//! An operation: one thing an API can do, lowered from its document to what a call needs.

mod names;

use crate::openapi::text::{decoded_form, pairs};
use crate::{In, PathTemplate, Pointer, Security, Server, Shape};
use http::{HeaderMap, HeaderName, Method};
pub use names::Named;
use std::fmt;
use std::sync::Arc;

/// The id of an operation within its API: its operationId, or a stable name made from method and path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(Arc<str>);

impl OperationId {
    /// Takes an id as the document writes it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One thing an API can do.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// Where it stands in the document.
    pub at: Pointer,
    /// How a message names it.
    pub bind: Bind,
    /// One line about it, from the document; may be empty.
    pub summary: String,
    /// Tags, in order.
    pub tags: Vec<String>,
    /// Announced as going away.
    pub deprecated: bool,
    /// Parameters, those of the path item merged in (OpenAPI 3.1 Path Item Object).
    pub parameters: Vec<Parameter>,
    /// Bodies it takes, by media type.
    pub input: Vec<Body>,
    /// Whether a body must be there.
    pub input_required: bool,
    /// Answers it gives, by status.
    pub outputs: Vec<Output>,
    /// Who may call it: an OR of ANDs.
    pub security: Security,
    /// What the document says about it at length; may be empty.
    pub description: String,
    /// Servers of its own or of its path item, which then count instead of the contract's.
    pub servers: Vec<Server>,
    /// Whether it may be sent twice.
    pub repeat: Repeat,
    /// Values that its path's key fixes; they tell it from others with the same path.
    pub fixed: Vec<Fixed>,
    /// How its list comes in pages, where an extension says so; [`paging::declared`](crate::paging::declared) knows all of it.
    pub paging: Option<crate::paging::Paging>,
}

/// A value that stands in the key of a path: `/rest?method=photos.list`, `/#X-Amz-Target=Orders.List`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fixed {
    /// Where it is sent: in the query or a header field.
    pub place: In,
    /// Its name.
    pub name: String,
    /// The value as text; none: it is there, whatever it is.
    pub value: Option<String>,
}

impl Fixed {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.place == In::Header && self.name.eq_ignore_ascii_case(name)
    }

    /// Whether a request has it.
    pub fn is_in(&self, query: Option<&str>, fields: &HeaderMap) -> bool {
        let same = |text: &str| self.value.as_ref().is_none_or(|value| value == text);
        if self.place == In::Header {
            return fields.get_all(&self.name).iter().any(|value| value.to_str().is_ok_and(same));
        }
        pairs(query.unwrap_or_default()).any(|(name, value)| {
            decoded_form(name).is_some_and(|name| name == self.name)
                && decoded_form(value).is_some_and(|value| same(&value))
        })
    }
}

/// How a message names an operation. REST names it by method and path; other protocols by content.
#[derive(Clone, Debug)]
pub enum Bind {
    /// Method and path template.
    Path {
        /// The method.
        method: Method,
        /// The path template.
        template: PathTemplate,
    },
}

impl Operation {
    /// The method of a REST operation.
    pub fn method(&self) -> &Method {
        match &self.bind {
            Bind::Path { method, .. } => method,
        }
    }

    /// The value that the path's key fixes for this name; `None` if it fixes none.
    pub fn fixed_value(&self, place: In, name: &str) -> Option<&str> {
        let fixed = self.fixed.iter().find(|one| one.place == place && one.is_called(name));
        fixed.and_then(|one| one.value.as_deref())
    }

    /// Whether a request with this query and these fields has everything that the path's key fixes.
    pub fn has_fixed(&self, query: Option<&str>, fields: &HeaderMap) -> bool {
        self.fixed.iter().all(|one| one.is_in(query, fields))
    }

    /// The body that is written when nothing says which: the first in JSON, else the first form, else the first.
    pub(crate) fn usual_body(&self) -> Option<&Body> {
        let first = |codec: Codec| self.input.iter().find(|body| body.codec == codec);
        first(Codec::Json).or_else(|| first(Codec::Form)).or_else(|| self.input.first())
    }

    /// The path template of a REST operation.
    pub fn template(&self) -> &PathTemplate {
        match &self.bind {
            Bind::Path { template, .. } => template,
        }
    }
}

/// What a contract says of sending an operation again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Changes nothing (RFC 9110 §9.2.1).
    Safe,
    /// Twice is as once (RFC 9110 §9.2.2).
    Idempotent,
    /// Twice is as once if both carry the same key in this field.
    WithKey(HeaderName),
    /// Must not be repeated on one's own account.
    Never,
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of the Parameter Object, true or false there"
)]
pub struct Parameter {
    /// Where it stands.
    pub place: In,
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// Announced as going away.
    pub deprecated: bool,
    /// What the document says about it; may be empty.
    pub description: String,
    /// What its value may be.
    pub shape: Shape,
    /// How its value is written.
    pub style: Style,
    /// Array items and object members each in a pair of their own (OpenAPI 3.1 Parameter Object, `explode`).
    pub explode: bool,
    /// Reserved characters of RFC 3986 §2.2 stand as they are (OpenAPI 3.1 Parameter Object, `allowReserved`).
    pub reserved: bool,
    /// It may be there without a value, whatever its schema says (OpenAPI 3.1 Parameter Object, `allowEmptyValue`).
    pub empty: bool,
    /// The value is a document of its own in this codec, not written in a style (`content`).
    pub content: Option<Codec>,
    /// Where it stands in the document.
    pub at: Pointer,
}

/// How a parameter's value becomes text (OpenAPI 3.1 Parameter Object, *Style Values*; 2.0 `collectionFormat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// `a,b` (RFC 6570 §3.2.2); the default in paths and header fields.
    Simple,
    /// `.a.b` (RFC 6570 §3.2.5).
    Label,
    /// `;name=a;name=b` (RFC 6570 §3.2.7).
    Matrix,
    /// `name=a&name=b` (RFC 6570 §3.2.8); the default in queries and cookies.
    Form,
    /// `name=a b`.
    SpaceDelimited,
    /// `name=a\tb`; only in 2.0 (`tsv`).
    TabDelimited,
    /// `name=a|b`.
    PipeDelimited,
    /// `name[member]=a`.
    DeepObject,
    /// `name=a; other=b` (OpenAPI 3.2 `cookie`): as `form`, without percent-encoding.
    Cookie,
    /// The whole query string is this one value, without its name (OpenAPI 3.2 `in: querystring`); its
    /// `content` says how it is written.
    Whole,
}

/// What is said about a part of a multipart or urlencoded body (OpenAPI 3.1 Encoding Object).
#[derive(Clone, Debug)]
pub struct Part {
    /// Name of the member that the part is for.
    pub name: String,
    /// Media types it may have, as written, lower case; empty: the kind of its value decides.
    pub media: Vec<String>,
    /// How its value is written, where that is said: style, `explode`, `allowReserved`.
    pub style: Option<(Style, bool, bool)>,
    /// Header fields of the part.
    pub fields: Vec<Parameter>,
}

/// A body in one media type.
#[derive(Clone, Debug)]
pub struct Body {
    /// Media type or range as written, lower case, without parameters: `application/json`, `text/*`, `*/*`.
    pub media: String,
    /// How bytes and values are turned into each other.
    pub codec: Codec,
    /// What the value may be.
    pub shape: Shape,
    /// What each item of a stream may be, where the body is one (OpenAPI 3.2 Media Type Object, `itemSchema`).
    pub items: Option<Shape>,
    /// What is said about parts; those that nothing is said about are not here.
    pub parts: Vec<Part>,
    /// Where it stands in the document.
    pub at: Pointer,
}

/// How a body is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// JSON (RFC 8259), also `+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data` and other `multipart/*` (RFC 2046 §5.1, RFC 7578).
    Multipart,
    /// XML, by the `xml` objects of the schema; also `+xml`.
    Xml,
    /// Text in some charset.
    Text,
    /// Bytes.
    Opaque,
}

/// An answer that the contract declares.
#[derive(Clone, Debug)]
pub struct Output {
    /// Which statuses it is for.
    pub status: StatusRange,
    /// Header fields it declares.
    pub fields: Vec<Parameter>,
    /// Bodies by media type; empty: no body is declared.
    pub bodies: Vec<Body>,
    /// Where it stands in the document.
    pub at: Pointer,
}

impl Output {
    /// The answer that a status has: its own, its class's, the default (OpenAPI 3.1 Responses Object).
    pub(crate) fn of(all: &[Self], status: StatusRange) -> Option<&Self> {
        let class = match status {
            StatusRange::Exact(status) => u8::try_from(status / 100).ok().map(StatusRange::Class),
            _ => None,
        };
        let wanted = [Some(status), class, Some(StatusRange::Default)];
        wanted.into_iter().flatten().find_map(|wanted| all.iter().find(|one| one.status == wanted))
    }
}

/// The statuses of an [`Output`]; an exact one beats a class, a class beats the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusRange {
    /// One status.
    Exact(u16),
    /// A class: 4 is `4XX`.
    Class(u8),
    /// Whatever no other one is for.
    Default,
}
