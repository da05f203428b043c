//! `[listen.NAME]`: an address that callers reach us at.

use exchange::{Origin, Rate};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// An address that callers reach us at.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name.
    pub name: Arc<str>,
    /// What we open.
    pub bind: SocketAddr,
    /// What callers see, without a slash at the end: for links and problem types. Default: made from `bind`.
    pub url: String,
    /// Certificate and key, where it speaks TLS.
    pub tls: Option<ListenerTls>,
    /// Whose `Forwarded` and `X-Forwarded-For` we believe.
    pub trust: Vec<TrustedNetwork>,
    /// The limit on wrong keys and unknown addresses, per address of the caller.
    pub guesses: Rate,
    /// From a connection's first byte of a request to the end of its head.
    pub head_timeout: Duration,
    /// How long an idle connection stays open.
    pub idle_timeout: Duration,
    /// Where it is written.
    pub origin: Origin,
}

/// A certificate chain and its key, in PEM, read when the board was resolved.
#[derive(Clone, Debug)]
pub struct ListenerTls {
    /// Certificate chain, the server's own first.
    pub certificates: Vec<u8>,
    /// Private key.
    pub key: exchange::Secret,
}

/// A network whose forwarding fields are believed: `10.0.0.0/8`, `::1/128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedNetwork {
    /// Its address, host bits zero.
    pub address: IpAddr,
    /// Bits of the network.
    pub prefix: u8,
}

impl TrustedNetwork {
    /// Whether `address` lies in it; an IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.prefix.into());
                u32::from(own).checked_shr(shift).unwrap_or(0)
                    == u32::from(other).checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.prefix.into());
                u128::from(own).checked_shr(shift).unwrap_or(0)
                    == u128::from(other).checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        }
    }
}
