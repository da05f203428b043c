//! Security as a contract declares it: schemes, and which of them an operation asks for.

use crate::{In, Pointer};

/// What an operation asks for: any one of the alternatives, each of which is several requirements at once.
///
/// No alternatives: nothing is declared or `security: []`. An empty alternative: anonymous is allowed too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security(pub Vec<Vec<Requirement>>);

/// One scheme that must be met, with its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Name of the scheme in the contract.
    pub scheme: String,
    /// Scopes that are needed.
    pub scopes: Vec<String>,
}

/// A security scheme of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityScheme {
    /// Its name in the contract.
    pub name: String,
    /// What it is.
    pub kind: SchemeKind,
    /// Where it stands in the document.
    pub at: Pointer,
}

/// Kinds of security scheme. Source: OpenAPI 3.1 Security Scheme Object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemeKind {
    /// A key in a header, the query or a cookie.
    ApiKey {
        /// Where the key goes.
        place: In,
        /// Name of the field, parameter or cookie.
        name: String,
    },
    /// `Authorization: Basic` (RFC 7617).
    Basic,
    /// `Authorization: Bearer` (RFC 6750).
    Bearer,
    /// Another scheme of the Authorization field, lower case.
    Http(String),
    /// OAuth 2: a bearer token.
    OAuth2,
    /// OpenID Connect: a bearer token.
    OpenIdConnect,
    /// A client certificate.
    MutualTls,
}
