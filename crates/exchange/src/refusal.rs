//! A refusal: switchboard's own "no", and how it looks on the wire.
//!
//! A provider's 4xx or 5xx is an answer and passes through untouched. Written as problem details,
//! RFC 9457 §3.1, by the gateway; here is what it says.

use contract::Violation;
use http::StatusCode;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why a call was refused. One row here is one row in manual and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The bytes are no HTTP request.
    Malformed,
    /// The path is not one that may be passed on.
    PathRejected,
    /// No offer is at this address.
    NoOffer,
    /// The contract of this API has no such path.
    NoOperation,
    /// The path is there, with other methods.
    MethodNotAllowed,
    /// The body, or the head, is larger than is allowed.
    TooLarge,
    /// The caller took too long to send the request.
    CallerTooSlow,
    /// An `Expect` that we do not know.
    ExpectationUnknown,
    /// The transfer coding is not one that we know.
    CodingUnknown,
    /// No key was sent.
    KeyMissing,
    /// A key was sent that we did not issue, or that was revoked.
    KeyUnknown,
    /// The key was ours and has ended.
    KeyExpired,
    /// Too many wrong keys or unknown addresses from this address.
    TooManyGuesses,
    /// The consumer is suspended.
    Suspended,
    /// The consumer holds none of the plans of this offer.
    PlanMissing,
    /// The consumer has not accepted the terms of its plan, or accepted another version.
    TermsNotAccepted,
    /// The key is narrowed to other operations.
    OutsideScope,
    /// The offer does not open this operation.
    NotOffered,
    /// The upgrade asked for is not on the offer's list.
    UpgradeNotOffered,
    /// A limit is used up.
    OverLimit,
    /// The request does not match the contract.
    RequestBreaksContract,
    /// The media type is not one that the contract takes.
    MediaTypeUnsupported,
    /// The response does not match the contract, and responses are checked under `block`.
    ResponseBreaksContract,
    /// The provider cannot be reached.
    ProviderUnreachable,
    /// The provider's answer is not HTTP, or broke off before its head was complete.
    ProviderBroken,
    /// The provider's certificate is not one that we trust.
    ProviderUntrusted,
    /// The provider refused our credential.
    CredentialRefused,
    /// The provider did not answer in time.
    ProviderSilent,
    /// The pace towards the provider would make the caller wait too long.
    ProviderBusy,
    /// We are full.
    Overloaded,
    /// We are stopping.
    Stopping,
    /// The request has been through here before.
    Loop,
    /// A bug of ours.
    Internal,
}

impl Reason {
    /// Every reason, for the manual and for tests.
    pub const ALL: &'static [Self] = &[
        Self::Malformed,
        Self::PathRejected,
        Self::NoOffer,
        Self::NoOperation,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::CallerTooSlow,
        Self::ExpectationUnknown,
        Self::CodingUnknown,
        Self::KeyMissing,
        Self::KeyUnknown,
        Self::KeyExpired,
        Self::TooManyGuesses,
        Self::Suspended,
        Self::PlanMissing,
        Self::TermsNotAccepted,
        Self::OutsideScope,
        Self::NotOffered,
        Self::UpgradeNotOffered,
        Self::OverLimit,
        Self::RequestBreaksContract,
        Self::MediaTypeUnsupported,
        Self::ResponseBreaksContract,
        Self::ProviderUnreachable,
        Self::ProviderBroken,
        Self::ProviderUntrusted,
        Self::CredentialRefused,
        Self::ProviderSilent,
        Self::ProviderBusy,
        Self::Overloaded,
        Self::Stopping,
        Self::Loop,
        Self::Internal,
    ];

    /// Status, slug and title.
    pub const fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed => (S::BAD_REQUEST, "malformed-request", "The request is not valid HTTP"), // RFC 9112 §3
            Self::PathRejected => {
                (S::BAD_REQUEST, "path-rejected", "The path is not one that can be passed on")
            } // RFC 3986 §2.2
            Self::NoOffer => (S::NOT_FOUND, "no-offer", "Nothing is offered at this address"), // RFC 9110 §15.5.5
            Self::NoOperation => (S::NOT_FOUND, "no-operation", "The API has no such path"), // RFC 9110 §15.5.5
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method-not-allowed", "The path does not take this method") // RFC 9110 §15.5.6
            }
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "The request is too large"), // RFC 9110 §15.5.14
            Self::CallerTooSlow => {
                (S::REQUEST_TIMEOUT, "caller-too-slow", "The request took too long to arrive")
            } // RFC 9110 §15.5.9
            Self::ExpectationUnknown => {
                (S::EXPECTATION_FAILED, "expectation-unknown", "The expectation is not known") // RFC 9110 §15.5.18
            }
            Self::CodingUnknown => (S::NOT_IMPLEMENTED, "coding-unknown", "The transfer coding is not known"), // RFC 9112 §6.1
            Self::KeyMissing => (S::UNAUTHORIZED, "key-missing", "A key is needed"), // RFC 9110 §15.5.2
            Self::KeyUnknown => (S::UNAUTHORIZED, "key-unknown", "The key is not known"), // RFC 9110 §15.5.2
            Self::KeyExpired => (S::UNAUTHORIZED, "key-expired", "The key has ended"), // RFC 6750 §3.1
            Self::TooManyGuesses => (S::TOO_MANY_REQUESTS, "too-many-guesses", "Too many wrong attempts"), // RFC 6585 §4
            Self::Suspended => (S::FORBIDDEN, "suspended", "The account is suspended"), // RFC 9110 §15.5.4
            Self::PlanMissing => (S::FORBIDDEN, "plan-missing", "The account has no plan for this API"), // RFC 9110 §15.5.4
            Self::TermsNotAccepted => {
                (S::FORBIDDEN, "terms-not-accepted", "The plan's terms are not accepted") // RFC 9110 §15.5.4
            }
            Self::OutsideScope => (S::FORBIDDEN, "outside-scope", "The key is not for this operation"), // RFC 6750 §3.1
            Self::NotOffered => (S::FORBIDDEN, "not-offered", "This operation is not offered here"), // RFC 9110 §15.5.4
            Self::UpgradeNotOffered => {
                (S::FORBIDDEN, "upgrade-not-offered", "This protocol upgrade is not offered here") // RFC 9110 §7.8
            }
            Self::OverLimit => (S::TOO_MANY_REQUESTS, "over-limit", "Allowance used up"), // RFC 6585 §4
            Self::RequestBreaksContract => {
                (S::BAD_REQUEST, "request-breaks-contract", "The request does not match the contract")
            }
            Self::MediaTypeUnsupported => {
                (S::UNSUPPORTED_MEDIA_TYPE, "media-type-unsupported", "The media type is not supported") // RFC 9110 §15.5.16
            }
            Self::ResponseBreaksContract => (
                S::BAD_GATEWAY,
                "response-breaks-contract",
                "The provider's response does not match the contract",
            ),
            Self::ProviderUnreachable => {
                (S::BAD_GATEWAY, "provider-unreachable", "The provider cannot be reached") // RFC 9110 §15.6.3
            }
            Self::ProviderBroken => (S::BAD_GATEWAY, "provider-broken", "The provider's answer is broken"), // RFC 9110 §15.6.3
            Self::ProviderUntrusted => {
                (S::BAD_GATEWAY, "provider-untrusted", "The provider's certificate is not trusted")
            }
            Self::CredentialRefused => {
                (S::BAD_GATEWAY, "credential-refused", "The provider refused the gateway's credential")
            }
            Self::ProviderSilent => {
                (S::GATEWAY_TIMEOUT, "provider-silent", "The provider did not answer in time")
            } // RFC 9110 §15.6.5
            Self::ProviderBusy => (S::SERVICE_UNAVAILABLE, "provider-busy", "The provider's pace is used up"), // RFC 9110 §15.6.4
            Self::Overloaded => (S::SERVICE_UNAVAILABLE, "overloaded", "The gateway is full"), // RFC 9110 §15.6.4
            Self::Stopping => (S::SERVICE_UNAVAILABLE, "stopping", "The gateway is stopping"), // RFC 9110 §15.6.4
            Self::Loop => (S::LOOP_DETECTED, "loop-detected", "The request has been here before"), // RFC 9110 §7.6.3, RFC 5842 §7.2
            Self::Internal => {
                (S::INTERNAL_SERVER_ERROR, "internal", "Something went wrong inside the gateway")
            } // RFC 9110 §15.6.1
        }
    }

    /// The status on the wire.
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// The stable slug: last part of the problem's `type`, the `reason` in records, the word for `explain`.
    pub const fn slug(self) -> &'static str {
        self.row().1
    }

    /// The title.
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// The reason with this slug.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.slug() == slug)
    }

    /// A refusal for this reason, with words for this call.
    pub fn because(self, detail: impl Into<String>) -> Refusal {
        Refusal {
            reason: self,
            detail: detail.into(),
            violations: Vec::new(),
            retry_after: None,
            fields: Vec::new(),
            origin: None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.slug())
    }
}

/// Which line of which file says so. For the operator: callers never see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, relative to the board where it lies in it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file, self.line)
    }
}

/// Our "no" to one call.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// What exactly, for the caller: nothing internal, nothing secret.
    pub detail: String,
    /// Every point in which the message breaks its contract.
    pub violations: Vec<Violation>,
    /// When it may be tried again.
    pub retry_after: Option<Duration>,
    /// Fields that the answer must carry: `Allow`, `WWW-Authenticate`, `Accept`.
    pub fields: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Which line of which file says so.
    pub origin: Option<Origin>,
}

impl Refusal {
    /// With a time to come back.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// With a field that the answer must carry.
    #[must_use]
    pub fn field(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        self.fields.push((name, value));
        self
    }

    /// With the points in which the message breaks its contract.
    #[must_use]
    pub fn violations(mut self, found: Vec<Violation>) -> Self {
        self.violations = found;
        self
    }

    /// With the line that says so.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;
    use std::collections::HashSet;

    #[test]
    fn every_reason_has_a_slug_of_its_own_and_an_error_status() {
        let slugs: HashSet<_> = Reason::ALL.iter().map(|reason| reason.slug()).collect();
        assert_eq!(slugs.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert!(reason.status().as_u16() >= 400, "{reason}");
            assert_eq!(Reason::from_slug(reason.slug()), Some(*reason));
        }
    }
}
