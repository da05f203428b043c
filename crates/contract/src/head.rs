//! The head of a request as a contract sees it: borrowed, already normalised.

use http::{HeaderMap, Method};

/// What stands before the body of a request.
///
/// `path` is the operation's path: normalised, still percent-encoded, with the address of the offer
/// already removed, so that it matches the contract's template. `query` has no `?`.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Method, case-sensitive (RFC 9110 §9.1).
    pub method: &'a Method,
    /// Path, normalised and percent-encoded.
    pub path: &'a str,
    /// Query without `?`, as the caller wrote it.
    pub query: Option<&'a str>,
    /// Fields.
    pub fields: &'a HeaderMap,
}
