//! API contracts: documents become operations and schemas; values become requests and back.
//!
//! This room knows documents and values, never callers. It does no I/O and knows no runtime: bytes
//! come in, values and violations go out. A protocol is one folder (`openapi/`) with the same verbs:
//! *read*, *encode*, *decode*, *check*.

mod check;
mod compare;
mod decimal;
mod document;
mod files;
mod gather;
mod head;
mod index;
mod laid;
mod learn;
mod locate;
mod native;
mod operation;
mod overlay;
pub mod paging;
mod pointer;
mod reader;
mod reference;
mod sample;
mod schema;
mod secrets;
mod security;
mod server;
mod span;
mod template;
mod texts;
mod values;
mod violation;

pub mod openapi;

pub use check::{Check, Need, Report, Stop};
pub use compare::{Change, Spot, Verdict, compare};
pub use document::{Contract, Document, DocumentError, Outline, Syntax, Warning};
pub use files::{Files, Reach};
pub use head::Head;
pub use learn::{Heard, Learnt, Said, learn};
pub use native::Native;
pub use openapi::{check_answer, check_head, decode, encode};
pub use operation::{
    Bind, Body, Codec, Fixed, Named, Operation, OperationId, Output, Parameter, Part, Repeat, StatusRange,
    Style,
};
pub use overlay::Overlay;
pub use pointer::Pointer;
pub use sample::{
    Asked, Examples, NoAnswer, Sampled, Want, sample_answer, sample_request, sample_request_by,
};
pub use schema::{Kind, Member, Shape};
pub use security::{Flow, FlowKind, Requirement, SchemeKind, Security, SecurityScheme};
pub use server::{Server, ServerVariable};
pub use span::{Place, Span, place_of};
pub use template::{PathTemplate, Piece, Segment, TemplateError};
pub use texts::{Recall, Stand};
pub use values::{Chunk, In, Payload, Request, Source, Value, Values};
pub use violation::{Got, Violation};
