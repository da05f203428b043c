//! Why a gateway does not start.

use exchange::Origin;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// Why a gateway does not start, or cannot take a new board.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// An address cannot be listened on.
    #[error("listener `{listener}` cannot open `{address}` ({at}): {}", words(source))]
    Bind {
        /// Name of the listener.
        listener: Arc<str>,
        /// The address.
        address: SocketAddr,
        /// Where it is written.
        at: Origin,
        /// What the system says.
        source: io::Error,
    },
    /// A new board's listeners cannot be taken over.
    #[error("{0}")]
    Listeners(String),
    /// A certificate or key cannot be used.
    #[error("{0}")]
    Tls(String),
    /// A thread or its runtime cannot be started.
    #[error("a thread cannot be started")]
    Thread(#[source] io::Error),
}

impl GatewayError {
    /// Whether the address is taken by somebody else.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Bind { source, .. } if source.kind() == io::ErrorKind::AddrInUse)
    }
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "it is taken; stop who has it, or choose another port".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a privilege; choose a higher one".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => error.to_string(),
    }
}
