//! `[console]`: the console's own listener.

use std::net::SocketAddr;

/// Where the console listens; loopback by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// What we open.
    pub bind: SocketAddr,
}
