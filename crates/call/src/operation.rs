//! Calling an operation with values: encode, send, decode, check.

use crate::{OutBody, Outgoing};
use contract::{Operation, Payload, Values, Violation};

/// The request that calls `operation` with `values`. A streamed payload is opened by whoever sends it.
///
/// # Errors
/// What of the values does not match the contract.
pub fn outgoing(operation: &Operation, values: &Values) -> Result<Outgoing, Vec<Violation>> {
    let request = contract::encode(operation, values)?;
    let body = match request.payload {
        Payload::Empty | Payload::Later(_) => OutBody::Empty,
        Payload::Bytes(bytes) => OutBody::Held(bytes),
    };
    Ok(Outgoing {
        method: request.method,
        path: request.path,
        query: request.query,
        fields: request.fields,
        body,
        repeat: operation.repeat.clone(),
        upgrade: false,
    })
}
