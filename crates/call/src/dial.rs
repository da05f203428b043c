//! How connections are made, where that is not the provider's setting but the caller's wish.

use std::net::SocketAddr;

/// Wishes of whoever calls, about connections.
#[derive(Clone, Debug, Default)]
pub struct Dial {
    /// Accept any certificate (`-k`). Only ever asked for by a person at a terminal.
    pub insecure: bool,
    /// Addresses for host and port, before any name is looked up (`--resolve`).
    pub resolve: Vec<(String, u16, SocketAddr)>,
    /// How many idle connections are kept for each server; 0: none.
    pub idle_per_server: usize,
    /// Keep the request as it was sent, credentials replaced, in [`Sent::head`](crate::Sent::head) (`-v`).
    pub keep_head: bool,
}

impl Dial {
    /// The address that was wished for this host and port.
    pub(crate) fn wished(&self, host: &str, port: u16) -> Option<SocketAddr> {
        self.resolve
            .iter()
            .find(|(name, at, _)| *at == port && name.eq_ignore_ascii_case(host))
            .map(|(_, _, address)| *address)
    }
}
