//! The caller's address: the connection's, or what a trusted proxy says.
//!
//! `Forwarded` (RFC 7239 §4) or, where it is absent, `X-Forwarded-For`; read from the right, as far as
//! trusted networks reach. From anybody else both fields are ignored, and never handed on.

use board::TrustedNetwork;
use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// More hops than this are not looked at.
const MOST_HOPS: usize = 32;

/// The caller as seen through trusted proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// It is itself in a trusted network.
    pub(crate) trusted: bool,
    /// Whether it spoke TLS, where a trusted proxy says so.
    pub(crate) https: Option<bool>,
}

/// Finds the rightmost address that is not trusted to forward.
pub(crate) fn find(peer: IpAddr, trust: &[TrustedNetwork], fields: &HeaderMap) -> Client {
    let peer = peer.to_canonical();
    let trusted = |address: IpAddr| trust.iter().any(|network| network.contains(address));
    let mut client = Client { address: peer, trusted: trusted(peer), https: None };
    if !client.trusted {
        return client;
    }
    let hops = if fields.contains_key(FORWARDED) { forwarded(fields) } else { x_forwarded(fields) };
    for hop in hops.into_iter().rev().take(MOST_HOPS) {
        // RFC 7239 §6.3: `unknown` and obfuscated names end what can be followed.
        let Some(address) = hop.address else { break };
        client = Client { address, trusted: trusted(address), https: hop.https.or(client.https) };
        if !client.trusted {
            break;
        }
    }
    client
}

struct Hop {
    address: Option<IpAddr>,
    https: Option<bool>,
}

fn forwarded(fields: &HeaderMap) -> Vec<Hop> {
    texts(fields, &FORWARDED)
        .flat_map(|text| text.split(','))
        .map(|element| {
            let mut hop = Hop { address: None, https: None };
            for pair in element.split(';') {
                let Some((name, value)) = pair.split_once('=') else { continue };
                let value = value.trim().trim_matches('"');
                match name.trim().to_ascii_lowercase().as_str() {
                    "for" => hop.address = node(value),
                    "proto" => hop.https = Some(value.eq_ignore_ascii_case("https")),
                    _ => {}
                }
            }
            hop
        })
        .collect()
}

fn x_forwarded(fields: &HeaderMap) -> Vec<Hop> {
    let proto = texts(fields, &X_FORWARDED_PROTO)
        .flat_map(|text| text.split(','))
        .next_back()
        .map(|proto| proto.trim().eq_ignore_ascii_case("https"));
    texts(fields, &X_FORWARDED_FOR)
        .flat_map(|text| text.split(','))
        .map(|text| Hop { address: node(text.trim()), https: proto })
        .collect()
}

fn texts<'f>(fields: &'f HeaderMap, name: &HeaderName) -> impl DoubleEndedIterator<Item = &'f str> + 'f {
    fields.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// An address, with or without port; IPv6 in brackets (RFC 7239 §6).
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::find;
    use board::TrustedNetwork;
    use http::HeaderMap;

    fn check(peer: &str, fields: &[(&'static str, &str)], expected: &str) {
        let trust = [TrustedNetwork { address: "10.0.0.0".parse().unwrap(), prefix: 8 }];
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, value.parse().unwrap());
        }
        assert_eq!(find(peer.parse().unwrap(), &trust, &map).address.to_string(), expected, "{fields:?}");
    }

    #[test]
    fn only_trusted_networks_may_say_who_calls() {
        check("192.0.2.1", &[("x-forwarded-for", "198.51.100.7")], "192.0.2.1");
        check("10.1.1.1", &[("x-forwarded-for", "198.51.100.7")], "198.51.100.7");
        check("10.1.1.1", &[("x-forwarded-for", "6.6.6.6, 198.51.100.7, 10.2.2.2")], "198.51.100.7");
        check(
            "10.1.1.1",
            &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.7")],
            "198.51.100.7",
        );
        check(
            "10.1.1.1",
            &[("forwarded", "for=6.6.6.6, for=\"[2001:db8::1]:80\";proto=https")],
            "2001:db8::1",
        );
        check("10.1.1.1", &[("forwarded", "for=_hidden, for=10.2.2.2")], "10.2.2.2");
        check("::ffff:10.1.1.1", &[("x-forwarded-for", "198.51.100.7:99")], "198.51.100.7");
    }
}
