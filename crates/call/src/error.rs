//! Why a call got no answer: what happened, whose fault it is, and whether it may be tried again.

use board::ServerUrl;
use exchange::{Fault, Reason};
use std::time::Duration;

/// A call that got no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub struct CallError {
    /// What happened.
    pub kind: ErrorKind,
    /// In plain words, with the server's name: for operators and the command line, not for callers of a gateway.
    pub detail: String,
    /// The server that was asked.
    pub server: Option<ServerUrl>,
    /// How often it was sent.
    pub attempts: u32,
}

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The name is not known.
    NameUnknown,
    /// The name of a proxy is not known.
    ProxyUnknown,
    /// An HTTP proxy opens no tunnel.
    TunnelRefused,
    /// A SOCKS proxy does not connect.
    SocksRefused,
    /// Nobody listens there, or no way leads there.
    Refused,
    /// The connection could not be made in time.
    ConnectTimeout,
    /// TLS failed: the certificate is not trusted, is for another name, or has expired.
    Untrusted,
    /// TLS failed otherwise.
    TlsBroken,
    /// The connection broke before the answer's head was complete.
    BrokenOff,
    /// The answer is not HTTP.
    Garbage,
    /// No answer in time.
    Silent,
    /// The total time is over.
    TotalTimeout,
    /// The pace would make the call wait longer than it may.
    Busy(Duration),
    /// The caller's own body broke off.
    CallerGone,
    /// A token could not be had.
    Unauthorised,
    /// A credential or setting cannot be put into a request.
    Unusable,
}

impl CallError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self.kind {
            ErrorKind::NameUnknown
            | ErrorKind::ProxyUnknown
            | ErrorKind::TunnelRefused
            | ErrorKind::SocksRefused
            | ErrorKind::Refused
            | ErrorKind::ConnectTimeout => Fault::Network,
            ErrorKind::Untrusted
            | ErrorKind::TlsBroken
            | ErrorKind::BrokenOff
            | ErrorKind::Garbage
            | ErrorKind::Silent
            | ErrorKind::TotalTimeout
            | ErrorKind::Busy(_) => Fault::Provider,
            ErrorKind::CallerGone => Fault::Caller,
            ErrorKind::Unauthorised | ErrorKind::Unusable => Fault::Ours,
        }
    }

    /// Whether nothing reached the provider, so that any request may be sent again.
    pub const fn nothing_was_sent(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::NameUnknown
                | ErrorKind::ProxyUnknown
                | ErrorKind::TunnelRefused
                | ErrorKind::SocksRefused
                | ErrorKind::Refused
                | ErrorKind::ConnectTimeout
                | ErrorKind::Untrusted
                | ErrorKind::TlsBroken
                | ErrorKind::Busy(_)
                | ErrorKind::Unauthorised
                | ErrorKind::Unusable
        )
    }

    /// The refusal's reason, for callers of a gateway.
    pub const fn reason(&self) -> Reason {
        match self.kind {
            ErrorKind::NameUnknown
            | ErrorKind::ProxyUnknown
            | ErrorKind::TunnelRefused
            | ErrorKind::SocksRefused
            | ErrorKind::Refused => Reason::ProviderUnreachable,
            ErrorKind::Untrusted | ErrorKind::TlsBroken => Reason::ProviderUntrusted,
            ErrorKind::BrokenOff | ErrorKind::Garbage => Reason::ProviderBroken,
            ErrorKind::ConnectTimeout | ErrorKind::Silent | ErrorKind::TotalTimeout => Reason::ProviderSilent,
            ErrorKind::Busy(_) => Reason::ProviderBusy,
            ErrorKind::CallerGone => Reason::CallerTooSlow,
            ErrorKind::Unauthorised => Reason::CredentialRefused,
            ErrorKind::Unusable => Reason::Internal,
        }
    }
}
