//! OpenAPI: read a document, encode and decode its calls, check its messages.

pub(crate) mod lower;
mod media;
pub(crate) mod outline;
pub(crate) mod read;

use crate::{Body, Head, Need, Operation, Report, Request, Values, Violation};
use http::{HeaderMap, StatusCode};

/// Reads the values out of a request: parameters by their styles, the body by its media type.
///
/// # Errors
/// What could not be read as the contract declares it.
pub fn decode(operation: &Operation, head: &Head<'_>, body: Option<&[u8]>) -> Result<Values, Vec<Violation>> {
    let _ = (operation, head, body);
    Ok(Values::default())
}

/// Makes the request that carries these values.
///
/// # Errors
/// Missing required values and values that cannot be of their type.
pub fn encode(operation: &Operation, values: &Values) -> Result<Request, Vec<Violation>> {
    let _ = (operation, values);
    Err(Vec::new())
}

/// Checks the head of a request; what remains to be done with the body is the [`Need`].
pub fn check_head(operation: &Operation, head: &Head<'_>) -> (Vec<Violation>, Need) {
    let _ = (operation, head);
    (Vec::new(), Need::Nothing)
}

/// Checks status and fields of an answer; what remains to be done with the body is the [`Need`].
pub fn check_answer(operation: &Operation, status: StatusCode, fields: &HeaderMap) -> (Vec<Violation>, Need) {
    let _ = (operation, status, fields);
    (Vec::new(), Need::Nothing)
}

pub(crate) fn check_body(body: &Body, bytes: &[u8]) -> Report {
    let _ = (body, bytes);
    Report::default()
}
