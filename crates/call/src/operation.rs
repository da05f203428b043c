//! Calling an operation with values: encode, send, decode, check.

use crate::response;
use crate::{OutBody, Outgoing};
use contract::{Chunk, Operation, Payload, Report, Values, Violation};
use exchange::ByteCount;
use http::{HeaderMap, StatusCode};

/// The request that calls `operation` with `values`.
///
/// A payload with content that is streamed (files) is given to `open`, which makes the body of its stretches:
/// this room opens no files.
///
/// # Errors
/// What of the values does not match the contract.
pub fn outgoing<'o>(
    operation: &'o Operation,
    values: &Values,
    open: impl FnOnce(Vec<Chunk>) -> OutBody,
) -> Result<Outgoing<'o>, Vec<Violation>> {
    let request = contract::encode(operation, values)?;
    let body = match request.payload {
        Payload::Empty => OutBody::Empty,
        Payload::Bytes(bytes) => OutBody::Held(bytes),
        Payload::Later(source) => open(vec![Chunk::Later(source)]),
        Payload::Chunks(chunks) => open(chunks),
    };
    Ok(Outgoing {
        method: request.method,
        path: request.path,
        query: request.query,
        fields: request.fields,
        body,
        repeat: operation.repeat.clone(),
        upgrade: false,
        operation: Some(operation),
    })
}

/// What an answer to `operation` says: its value, where its body can be read, and what breaks the contract.
/// Of a compressed body at most `most` is decoded.
pub fn decode_answer(
    operation: &Operation,
    status: StatusCode,
    fields: &HeaderMap,
    body: &[u8],
    most: ByteCount,
) -> Report {
    response::report(operation, operation.method(), status, fields, body, most)
}
