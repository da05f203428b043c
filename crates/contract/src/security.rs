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
    /// OAuth 2: a bearer token, had by one of these flows.
    OAuth2(Vec<Flow>),
    /// OpenID Connect: a bearer token; the address of its discovery document, as written.
    OpenIdConnect(String),
    /// A client certificate.
    MutualTls,
}

/// A way to a token. Source: OpenAPI 3.2 OAuth Flow Object; 2.0 Security Scheme Object, `flow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Which.
    pub kind: FlowKind,
    /// Where a person says yes.
    pub authorization_url: Option<String>,
    /// Where tokens are had.
    pub token_url: Option<String>,
    /// Where tokens are renewed; none: where they are had.
    pub refresh_url: Option<String>,
    /// Where a device asks for its code (RFC 8628 §3.1).
    pub device_url: Option<String>,
    /// Scopes, with what the document says of each.
    pub scopes: Vec<(String, String)>,
}

/// Grants of OAuth 2 (RFC 6749 §1.3, RFC 8628).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowKind {
    /// `implicit`; withdrawn by RFC 9700 §2.1.2, read and never used.
    Implicit,
    /// `password`; withdrawn by RFC 9700 §2.4, read and never used.
    Password,
    /// `clientCredentials`; in 2.0 `application`.
    ClientCredentials,
    /// `authorizationCode`; in 2.0 `accessCode`.
    AuthorizationCode,
    /// `deviceAuthorization` (3.2).
    DeviceAuthorization,
}
